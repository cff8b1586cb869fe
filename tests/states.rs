//! The prompt shows the state of the session, and the commands to leave that state work.

use crate::support::engine::on_every_engine;
use crate::support::terminal::Setup;

#[test]
fn refused_credentials_end_the_session_and_reconnect_opens_another() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let mut terminal = Setup::new(&server).start();
        terminal.wait_for("(CONNECTED) 0]");
        terminal.enter(0, "addauth nosuch secret");
        let screen = terminal.wait_for("(AUTH_FAILED) 1]");
        assert!(screen.contains("KeeperErrorCode = AuthFailed: "), "{screen}");
        terminal.enter(1, "ls /");
        terminal.wait_for("(AUTH_FAILED) 2]");
        terminal.enter(2, "reconnect");
        terminal.wait_for("(CONNECTED) 3]");
        terminal.enter(3, "ls /");
        terminal.wait_until("the znodes again", |screen| screen.contains("3] ls /\n[]\n"));
    });
}

#[test]
fn a_closed_session_shows_that_until_connect() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let mut terminal = Setup::new(&server).start();
        terminal.wait_for("(CONNECTED) 0]");
        terminal.enter(0, "close");
        terminal.wait_for("(CLOSED) 1]");
        terminal.enter(1, "ls /");
        terminal.wait_for("1] ls /\nNot connected\n");
        terminal.enter(2, "connect");
        terminal.wait_for("(CONNECTED) 3]");
        terminal.enter(3, "ls /");
        terminal.wait_for("3] ls /\n[]\n");
    });
}

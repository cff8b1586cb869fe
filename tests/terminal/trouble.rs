//! The session in trouble: each turn in a line, and what was lost.

use zksh::sandbox::Clock;

use crate::support::engine::start_sandbox;
use crate::support::proxy::Cable;
use crate::support::terminal::Setup;

#[test]
fn a_lost_connection_its_return_and_its_end_are_told() {
    let server = start_sandbox(Clock::System);
    let mut cable = Cable::to(&server.address().to_string());
    let mut terminal = Setup::new(&cable.address()).args(["-timeout", "4000"]).start();
    terminal.wait_for("(CONNECTED) 0]");
    terminal.enter(0, "create -e /fish trout");
    terminal.enter(1, "create -e /frog green");
    terminal.enter(2, "delete /frog");
    terminal.enter(3, "get /fish true");
    terminal.enter(4, "ls / true");
    terminal.wait_for_prompt(5);
    terminal.keys("ls /ha");
    cable.cut();
    terminal.wait_until("the loss in a line", |screen| {
        screen.contains("5]\nDisconnected: no server answers; session 0x")
            && screen.ends_with("(CONNECTING) 5] ls /ha")
    });
    cable.mend();
    terminal.wait_until("the return in a line", |screen| {
        screen.contains("\nSyncConnected: a server answers after ")
            && screen.ends_with("(CONNECTED) 5] ls /ha")
    });
    cable.cut();
    let screen = terminal.wait_until("the end, and what went with it", |screen| {
        screen.contains("lost watches: /") && screen.ends_with("(CLOSED) 5] ls /ha")
    });
    assert!(screen.contains(" is over; reconnect opens a new one\n"), "{screen}");
    assert!(screen.contains("\nlost ephemerals: /fish\n"), "{screen}");
    assert!(screen.contains("\nlost watches: / (children), /fish (data)\n"), "{screen}");
    terminal.keys("lf\r");
    terminal.wait_for("hint: reconnect opens a new session");
    cable.mend();
    terminal.enter(6, "reconnect");
    terminal.wait_for("(CONNECTED) 7]");
    terminal.enter(7, "reconnect");
    terminal.wait_for("There is a session already");
}

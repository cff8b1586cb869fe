//! Colours and escape sequences, wanted or not.

use super::{connected, run, server};
use crate::support::terminal::Setup;

/// Returns whether the bytes contain a colour sequence.
fn is_coloured(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.split("\x1b[").skip(1).any(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(0);
        let codes = &rest[..end];
        // Dim is no colour: it distinguishes a hint from typed text.
        rest[end..].starts_with('m') && !matches!(codes, "" | "0" | "2")
    })
}

fn session(setup: Setup, server: &str) -> Vec<u8> {
    let mut terminal = connected(setup);
    terminal.enter(0, "ls / true");
    terminal.wait_for_prompt(1);
    run(server, "create /a");
    terminal.wait_for("NodeChildrenChanged");
    terminal.enter(1, "stat /a");
    terminal.enter(2, "gex /a");
    terminal.wait_for("Command not found: gex");
    terminal.enter(3, "delete /a");
    terminal.wait_for_prompt(4);
    terminal.bytes()
}

#[test]
fn colours_are_for_those_who_want_them() {
    let server = server();
    assert!(is_coloured(&session(Setup::new(&server), &server)));
    assert!(!is_coloured(&session(Setup::new(&server).env("NO_COLOR", "1"), &server)));
    assert!(!is_coloured(&session(Setup::new(&server).args(["--color", "never"]), &server)));
    let both = Setup::new(&server).env("NO_COLOR", "1").args(["--color", "always"]);
    assert!(is_coloured(&session(both, &server)));
}

#[test]
fn a_dumb_terminal_gets_a_prompt_and_plain_lines() {
    let server = server();
    let mut terminal = Setup::new(&server).env("TERM", "dumb").start();
    let prompt = |number: usize| format!("(CONNECTED) {number}]");
    terminal
        .wait_until("a prompt", |screen| screen.ends_with(&prompt(0)) || screen.ends_with(" 0]"));
    terminal.keys("create /a 'deep\r");
    terminal.wait_until("a prompt for the row", |screen| screen.ends_with("\n'>"));
    terminal.keys("end'\r");
    terminal.wait_until("another prompt", |screen| screen.ends_with(&prompt(1)));
    terminal.keys("get -w /a\r");
    terminal.wait_until("another prompt", |screen| screen.ends_with(&prompt(2)));
    // An event is printed below the prompt, and the prompt again below it.
    run(&server, "set /a x");
    let event = format!("{}\nWATCHER::\nWatchedEvent ", prompt(2));
    terminal.wait_until("an event and a prompt", |screen| {
        screen.contains(&event) && screen.ends_with(&prompt(2))
    });
    terminal.keys("get /a\rnosuch\r");
    let screen = terminal.wait_for("Command not found: nosuch");
    assert!(screen.contains("deep\nend\ncZxid = "), "{screen}");
    terminal.keys("\x04");
    terminal.wait();
    assert!(!terminal.bytes().contains(&b'\x1b'));
}

#[test]
fn who_cannot_be_asked_at_a_dumb_terminal_says_it_in_advance() {
    let server = server();
    run(&server, "create /lake deep\ncreate /lake/reed\ncreate /leaf");
    let mut terminal = Setup::new(&server).env("TERM", "dumb").start();
    terminal.keys("deleteall /leaf\rdeleteall /lake\rls /\r");
    let screen = terminal.wait_for("] [lake]");
    // A row may be wrapped at a blank.
    let solid = |text: &str| text.replace([' ', '\n'], "");
    let refused = "Nothing was deleted. Delete /lake and 1 znode below it, 4 bytes?";
    assert!(solid(&screen).contains(&solid(refused)), "{screen}");
    terminal.keys("time setAcl -R /lake world:anyone:cdr\rgetAcl /lake/reed\r");
    let screen = terminal.wait_for("\n: cdrwa");
    assert!(solid(&screen).contains(&solid("Nothing was changed. Replace ")), "{screen}");
    terminal.keys("deleteall --yes /lake\rls /\r");
    terminal.wait_for("] []");
}

#[test]
fn a_switch_is_no_znode_and_a_znode_no_switch() {
    let server = server();
    run(&server, "create /lake\ncreate /lake/hints x");
    let mut terminal = super::shell(&server);
    terminal.enter(0, "set times on");
    terminal.wait_for("0] set times on\ntimes on\n");
    terminal.enter(1, "cd /lake");
    terminal.enter(2, "set hints off");
    terminal.enter(3, "get hints");
    terminal.wait_for("get hints\noff\ncZxid");
    terminal.enter(4, "setting");
    terminal.wait_for("setting\nhints on\njournal on\npager off\nprompt name\ntimes on\nvi off\n");
    // Scripts have no such settings.
    let ran = crate::support::shell::zksh(&server).script("set hints off\n");
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("Path must start with / character"), "{}", ran.stderr);
}

#[test]
fn records_for_programs_name_their_own_line() {
    let server = server();
    let mut terminal = connected(Setup::new(&server).args(["-o", "json"]).size(100, 400));
    terminal.enter(0, "create /a");
    terminal.enter(1, "gex");
    terminal.wait_for("{\"record\":\"error\",\"error\":{\"message\":\"Command not found: gex\"");
    terminal.enter(2, "deleteall /zookeeper --yes --nosuch");
    terminal.wait_for("{\"record\":\"error\",\"error\":{\"message\":\"Unknown option: --nosuch\"");
}

#[test]
fn a_setting_outlasts_the_shell_that_saves_it() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config/zksh/config.toml");
    let mut terminal = connected(Setup::new(&server).home(home.path()));
    terminal.enter(0, "setting vi on --save");
    terminal.wait_for("0] setting vi on --save\nvi on\n");
    terminal.wait_for_prompt(1);
    assert_eq!(std::fs::read_to_string(&config).unwrap(), "vi = true\n");
    drop(terminal);
    // Escape cancels one step; then the first word is another one.
    let mut terminal = connected(Setup::new(&server).home(home.path()));
    terminal.keys("get /lake");
    terminal.wait_for("0] get /lake");
    let column = |terminal: &crate::support::terminal::Terminal| {
        let mut column = 0;
        terminal.wait_until_seen("the cursor", |screen| {
            column = screen.cursor_position().1;
            true
        });
        column
    };
    let end = column(&terminal);
    terminal.keys("\x1b");
    terminal.wait_until_seen("commands of vi", |screen| screen.cursor_position().1 == end - 1);
    terminal.keys("0dwils \x1b");
    terminal.wait_until("an edited line", |screen| screen.ends_with("0] ls /lake"));
}

/// Writes a config file with two ensembles.
fn ensembles(home: &std::path::Path, server: &str) {
    let folder = home.join("config/zksh");
    std::fs::create_dir_all(&folder).unwrap();
    let text = format!(
        "[ensembles]\nprod = \"{server}\"\nspare = \"{server}/spare\"\n[colors]\nprod = \"red\"\n"
    );
    std::fs::write(folder.join("config.toml"), text).unwrap();
}

#[test]
fn the_prompt_names_the_ensemble_in_its_colour() {
    let server = server();
    let home = tempfile::tempdir().unwrap();
    ensembles(home.path(), &server);
    let mut terminal = Setup::bare().args(["--ensemble", "prod"]).home(home.path()).start();
    let is_red = |screen: &vt100::Screen| {
        let (row, _) = screen.cursor_position();
        screen.cell(row, 1).unwrap().fgcolor() == vt100::Color::Idx(1)
    };
    terminal.wait_until_seen("a red prompt", |screen| {
        screen.contents().contains("[zk: prod(CONNECTED) 0]") && is_red(screen)
    });
    terminal.keys("setting prompt full\r");
    terminal.wait_for(&format!("[zk: {server}(CONNECTED) 1]"));
    // The prompt shows a waiting transaction.
    terminal.keys("multi\r");
    terminal.wait_for("(CONNECTED) multi:0 2]");
    terminal.keys("create /a\r");
    terminal.wait_for("(CONNECTED) multi:1 3]");
    terminal.keys("discard\r");
    terminal.wait_for("(CONNECTED) 4]");
    // Three servers, only one of which exists.
    let three = format!("{server},127.0.0.1:1,127.0.0.1:2");
    let host = server.split('/').next().unwrap();
    let servers = three.replace(&server, host);
    let terminal = Setup::new(&servers).start();
    terminal.wait_for(&format!("[zk: {host}+2("));
    // The colour of an ensemble also applies if the user typed its servers.
    let terminal = Setup::new(&server).home(home.path()).start();
    terminal.wait_until_seen("a red prompt", |screen| {
        screen.contents().contains("(CONNECTED) 0]") && is_red(screen)
    });
}

#[test]
fn a_new_shell_says_in_one_line_where_help_is_and_help_fits_the_screen() {
    let server = server();
    let mut terminal = connected(Setup::new(&server).size(24, 80));
    let screen = terminal.screen();
    assert_eq!(screen.lines().count(), 2, "{screen}");
    assert!(
        screen.starts_with("zksh ") && screen.contains(": help lists the commands"),
        "{screen}"
    );
    for (number, topic) in ["help", "help keys"].into_iter().enumerate() {
        terminal.enter(number, topic);
        terminal.wait_for_prompt(number + 1);
        let screen = terminal.screen();
        assert!(screen.contains(&format!("{number}] {topic}\n")), "{screen}");
    }
}

#[test]
fn heaps_of_marks_do_not_reach_the_terminal() {
    let server = server();
    let heap = format!("a{}", "\u{301}".repeat(200));
    crate::support::shell::zksh(&server).args(["create", "/heap", &heap]).succeed();
    let mut terminal = connected(Setup::new(&server).size(100, 2000));
    terminal.enter(0, "get /heap");
    terminal.wait_for_prompt(1);
    let text = String::from_utf8(terminal.bytes()).unwrap();
    assert_eq!(text.matches('\u{301}').count(), 8);
    assert_eq!(text.matches("\\u{301}").count(), 192);
}

#[test]
fn connect_and_reconnect_say_whose_the_new_session_is() {
    let server = server();
    let mut terminal = connected(Setup::new(&server));
    terminal.enter(0, "addauth digest ann:secret");
    terminal.enter(1, "connect");
    terminal.wait_for("digest credentials were not sent again; use addauth");
    terminal.enter(2, "addauth digest ann:secret");
    terminal.enter(3, "close");
    terminal.wait_for("(CLOSED) 4]");
    terminal.keys("reconnect\r");
    terminal.wait_for("digest credentials were sent again");
    terminal.wait_for_prompt(5);
}

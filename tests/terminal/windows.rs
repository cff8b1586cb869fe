//! Windows that change their size, bursts of keys, and keys that are pressed while a command runs.

use super::{LEFT, connected, run, server};
use crate::support::terminal::{Setup, Terminal};
use crate::support::wait_until;

/// Waits until the screen ends with the prompt and `line`, however they are wrapped, and has what was
/// above them once and whole.
#[track_caller]
fn stands(terminal: &Terminal, line: &str) {
    // A row may end in a blank, which nobody sees.
    let joined = |text: &str| text.split_whitespace().collect::<String>();
    let end = joined(&format!("(CONNECTED) 1] {line}"));
    terminal.wait_until(&format!("the rows above, once, and {line}"), |screen| {
        screen.matches("[zk: ").count() == 2
            && screen.matches("\nabove\n").count() == 1
            && joined(screen).ends_with(&end)
    });
}

#[test]
fn a_wrapped_line_outlives_any_size_and_so_does_what_is_above_it() {
    let server = server();
    for (cut, back) in [(false, 0), (true, 0), (true, 70)] {
        let mut setup = Setup::new(&server).size(30, 60);
        if cut {
            setup = setup.env("XTERM_VERSION", "XTerm(390)");
        }
        let mut terminal = connected(setup);
        terminal.enter(0, "echo above");
        terminal.wait_for_prompt(1);
        let mut line = format!("set /a {}", "x".repeat(100));
        terminal.keys(&line);
        stands(&terminal, &line);
        terminal.keys(&format!("{}z", LEFT.repeat(back)));
        line.insert(line.len() - back, 'z');
        stands(&terminal, &line);
        for columns in [40, 60, 45, 80] {
            let before = terminal.bytes().len();
            if cut {
                terminal.resize_without_wrapping(30, columns);
            } else {
                terminal.resize(30, columns);
            }
            // The editor draws when it has seen the new size.
            wait_until("a drawing", || (terminal.bytes().len() > before).then_some(()));
            stands(&terminal, &line);
            terminal.keys("y");
            line.insert(line.len() - back, 'y');
            stands(&terminal, &line);
        }
        terminal.keys("\r");
        terminal.wait_for("Node does not exist: /a");
    }
}

#[test]
fn ten_thousand_characters_are_drawn_in_one_piece() {
    let server = server();
    run(&server, "create /long");
    let mut terminal = connected(Setup::new(&server).size(400, 80));
    let before = terminal.bytes().len();
    let data = "0123456789".repeat(1000);
    terminal.keys(&format!("set /long {data}"));
    let end = format!("(CONNECTED) 0] set /long {data}");
    terminal.wait_until("the line", |screen| screen.replace('\n', "").ends_with(&end));
    // Drawn anew for each character, it would take more than fifty million bytes. On a busy machine
    // they come in many pieces, and each piece is drawn once more.
    let written = terminal.bytes().len() - before;
    assert!(written < 15_000_000, "{written} bytes");
    // The colours come once the characters have ended.
    terminal.wait_until_seen("colours", |screen| {
        let at = screen.rows(0, 80).nth(1).unwrap().find("set /long").unwrap();
        screen.cell(1, u16::try_from(at).unwrap()).unwrap().fgcolor() != vt100::Color::Default
    });
    terminal.keys("\r");
    terminal.wait_for_prompt(1);
    assert!(run(&server, "get /long").starts_with(&format!("{data}\n")));
}

#[test]
fn keys_pressed_while_a_command_runs_are_shown_at_the_next_prompt() {
    let server = server();
    let mut terminal = connected(Setup::new(&server));
    terminal.enter(0, "wait /late exists");
    terminal.wait_for("(Ctrl-C stops)");
    terminal.keys("get /ear");
    terminal.keys("ly\rpw");
    // The line about the progress is drawn many times meanwhile.
    let seconds = |screen: &str| screen.contains("Running for 2 s (Ctrl-C stops)");
    let screen = terminal.wait_until("two seconds", seconds);
    assert!(!screen.contains("early"), "{screen}");
    run(&server, "create /late\ncreate /early bird");
    terminal.wait_until("the keys", |screen| {
        screen.contains("1] get /early\nbird\n") && screen.ends_with(" 2] pw")
    });
    terminal.keys("d\r");
    terminal.wait_for("2] pwd\n/\n");
}

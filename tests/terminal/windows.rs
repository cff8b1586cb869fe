//! Windows that are resized, bursts of keys, and keys that are pressed while a command runs.

use std::time::Duration;

use super::{LEFT, connected, run, server};
use crate::support::terminal::{Setup, Terminal};
use crate::support::wait_until;

/// Waits until the screen ends with the prompt and `line`, however they are wrapped, and shows the
/// text above them exactly once.
#[track_caller]
fn stands(terminal: &Terminal, line: &str) {
    // A full row may end with a blank, which nobody can see.
    let joined = |text: &str| text.split_whitespace().collect::<String>();
    let end = joined(&format!("(CONNECTED) 1] {line}"));
    terminal.wait_until(&format!("the rows above, once, and {line}"), |screen| {
        screen.matches("[zk: ").count() == 2
            && screen.matches("\nabove\n").count() == 1
            && joined(screen).ends_with(&end)
    });
}

/// Waits until the line is shown with its colours, after which the editor draws nothing more.
#[track_caller]
fn is_drawn(terminal: &Terminal, line: &str) {
    stands(terminal, line);
    terminal.wait_until_seen("the line in its colours", |screen| {
        let (_, columns) = screen.size();
        let rows: Vec<String> = screen.rows(0, columns).collect();
        let Some(start) = rows.iter().rposition(|row| row.starts_with("[zk: ")) else {
            return false;
        };
        // The command follows the prompt, wherever that is wrapped.
        let columns = usize::from(columns);
        let rows: Vec<String> = rows[start..].iter().map(|row| format!("{row:columns$}")).collect();
        let text = rows.concat();
        let Some(at) = text.find(" 1] ").map(|at| at + 4) else { return false };
        let (row, column) = (start + at / columns, at % columns);
        let cell = screen.cell(row.try_into().unwrap(), column.try_into().unwrap());
        cell.is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
    });
}

#[test]
fn a_wrapped_line_outlives_any_size_and_so_does_what_is_above_it() {
    let server = server();
    // In the last case the prompt is at the bottom of a small window.
    for (cut, back, rows) in
        [(false, 0, 30), (false, 70, 30), (true, 0, 30), (true, 70, 30), (false, 70, 8)]
    {
        let mut setup = Setup::new(&server).size(rows, 60);
        if cut {
            setup = setup.env("XTERM_VERSION", "XTerm(390)");
        }
        let mut terminal = connected(setup);
        let resize = |terminal: &Terminal, columns| {
            if cut {
                terminal.resize_without_wrapping(rows, columns);
            } else {
                terminal.resize(rows, columns);
            }
        };
        terminal.enter(0, "echo above");
        terminal.wait_for_prompt(1);
        let mut line = format!("echo {}", "x".repeat(100));
        terminal.keys(&line);
        is_drawn(&terminal, &line);
        terminal.keys(&format!("{}z", LEFT.repeat(back)));
        line.insert(line.len() - back, 'z');
        is_drawn(&terminal, &line);
        for columns in [40, 60, 45, 80] {
            terminal.wait_for_rest();
            let before = terminal.bytes().len();
            resize(&terminal, columns);
            // The editor erases what it has drawn, and draws again.
            wait_until("a drawing", || {
                let bytes = terminal.bytes();
                bytes[before..].windows(3).any(|bytes| bytes == b"\x1b[J").then_some(())
            });
            is_drawn(&terminal, &line);
            terminal.keys("y");
            line.insert(line.len() - back, 'y');
            is_drawn(&terminal, &line);
        }
        // The user drags the edge of the window.
        terminal.wait_for_rest();
        let before = terminal.bytes().len();
        if cut {
            resize(&terminal, 70);
        } else {
            terminal.drag(rows, [60, 40, 60, 45, 70]);
        }
        wait_until("a drawing", || {
            let bytes = terminal.bytes();
            bytes[before..].windows(3).any(|bytes| bytes == b"\x1b[J").then_some(())
        });
        is_drawn(&terminal, &line);
        terminal.keys("y");
        line.insert(line.len() - back, 'y');
        is_drawn(&terminal, &line);
        terminal.keys("\r");
        terminal.wait_for_prompt(2);
        let screen = terminal.screen().replace('\n', "");
        assert!(screen.contains(&line[5..]), "{screen}");
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
    // Redrawing for each character would take more than fifty million bytes.
    let written = terminal.bytes().len() - before;
    assert!(written < 3_000_000, "{written} bytes");
    // The colours appear after the last character.
    terminal.wait_until_seen("colours", |screen| {
        let at = screen.rows(0, 80).nth(1).unwrap().find("set /long");
        at.and_then(|at| screen.cell(1, u16::try_from(at).unwrap()))
            .is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
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
    // The progress line is drawn many times meanwhile.
    let seconds = |screen: &str| screen.contains("Running for 2 s (Ctrl-C stops)");
    let screen = terminal.wait_until("two seconds", seconds);
    assert!(!screen.contains("early"), "{screen}");
    run(&server, "create /early bird\ncreate /late");
    terminal.wait_until("the keys", |screen| {
        screen.contains("1] get /early\nbird\n") && screen.ends_with(" 2] pw")
    });
    terminal.keys("d\r");
    terminal.wait_for("2] pwd\n/\n");
}

/// The editor begins again at each new size. A key that comes in between is for the line, and the
/// terminal does not act on it.
#[test]
fn a_key_pressed_as_the_window_changes_is_for_the_line() {
    let mut terminal = Setup::new(&server()).size(24, 80).start();
    terminal.wait_for("(CONNECTED) 0]");
    let shows = |terminal: &Terminal, line: &str| {
        let end = format!("(CONNECTED) 0] {line}");
        terminal.wait_until(line, |screen| screen.trim_end().ends_with(end.trim_end()));
    };
    for round in 0..20 {
        terminal.keys("gone");
        shows(&terminal, "gone");
        terminal.resize(24, [70, 80][round % 2]);
        // Ctrl-U, which the terminal would take for its own.
        terminal.keys("\x15here");
        shows(&terminal, "here");
        terminal.keys("\x15");
        shows(&terminal, "");
    }
}

/// The window changes at any moment around the Enter of a line that was typed at once. No command
/// takes the request that the editor return for Ctrl-C.
#[test]
fn a_change_of_the_window_interrupts_no_command() {
    let mut terminal = connected(Setup::new(&server()));
    for (number, wait) in (0..80).zip((0..1000).step_by(25).cycle()) {
        // The editor draws nothing until a change has settled, which nobody can see. If that takes
        // longer, this round finds less.
        std::thread::sleep(Duration::from_millis(80));
        terminal.keys("stat /\r");
        std::thread::sleep(Duration::from_micros(wait));
        terminal.resize_without_wrapping(24, [90, 80][number % 2]);
        terminal.wait_for_prompt(number + 1);
        let screen = terminal.screen();
        assert!(!screen.contains("Interrupted"), "line {number}: {screen}");
    }
}

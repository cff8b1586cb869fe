//! Tab completion, grey hints after the cursor, and the colours of typed text.

use super::{CTRL_C, CTRL_U, LEFT, RIGHT, TAB, connected, crowd, run, server, shell, typed};
use crate::support::terminal::{Setup, Terminal};

/// Presses Tab after `line`. Returns the text below the line, and the line.
#[track_caller]
fn tab(terminal: &mut Terminal, line: &str, wanted: &str) -> String {
    terminal.keys(CTRL_U);
    terminal.wait_until("an empty line", |screen| screen.ends_with(']'));
    terminal.keys(line);
    terminal.wait_until(line, |screen| typed(screen).starts_with(line.trim_end()));
    terminal.keys(TAB);
    terminal.wait_until(&format!("{line} and Tab give {wanted}"), |screen| screen.contains(wanted))
}

#[test]
fn commands_options_and_values_are_completed() {
    let server = server();
    // Wide enough that no hint needs a second row.
    let mut terminal = connected(Setup::new(&server).size(500, 200));
    tab(&mut terminal, "creat", "0] create ");
    let menu = tab(&mut terminal, "get -", "--watch  ");
    assert!(menu.contains("Leave a watch: one event when the data changes"), "{menu}");
    tab(&mut terminal, "addWatch -m ", "PERSISTENT_RECURSIVE  ");
    tab(&mut terminal, "setting pager o", "on   off");
    let menu = tab(&mut terminal, "create /a b ", "world:anyone:");
    assert!(menu.contains("digest:") && menu.contains("everyone"), "{menu}");
    tab(&mut terminal, "create /a b world:anyone:", "c  create children");
}

#[test]
fn a_command_that_another_one_runs_is_a_command() {
    let server = server();
    run(&server, "create /lake deep\ncreate /lake/-odd");
    let mut terminal = connected(Setup::new(&server).size(500, 200));
    std::fs::write(terminal.home().join("data.json"), "{}").unwrap();
    tab(&mut terminal, "time dele", "deleteall  ");
    let menu = tab(&mut terminal, "repeat 2 get -", "--watch  ");
    assert!(menu.contains("Leave a watch: one event when the data changes"), "{menu}");
    tab(&mut terminal, "time get /la", "0] time get /lake");
    terminal.keys(&format!("{CTRL_U}repeat 2 -i 1 get "));
    terminal.wait_for("0] repeat 2 -i 1 get [-s] [-w]");
    terminal.keys(&format!("{CTRL_U}time get /lake"));
    terminal.wait_for("0] time get /lake  4 bytes, 1 child");
    // Completes a program, and a file of data.
    tab(&mut terminal, "watch /lake -- ch", "chmod");
    tab(&mut terminal, "watch /lake -- cat data", "0] watch /lake -- cat data.json ");
    tab(&mut terminal, "set /lake -i da", "0] set /lake -i data.json ");
    // A name that starts with a dash is not taken for an option.
    terminal.keys(&format!("{CTRL_U}cd lake\r"));
    terminal.wait_for_prompt(1);
    tab(&mut terminal, "get ", "1] get ./-odd");
    terminal.keys("\r");
    terminal.wait_for("1] get ./-odd\nnull\ncZxid");
}

#[test]
fn names_are_completed_behind_patterns() {
    let server = server();
    run(
        &server,
        "create /app\ncreate /app/a\ncreate /app/b\ncreate /app/a/config 1\ncreate /app/b/config 2\n\
         create /app/b/count 3\ncreate /app/a/config/deep 4",
    );
    let mut terminal = connected(Setup::new(&server).size(500, 200));
    tab(&mut terminal, "ls /app/*/con", "0] ls /app/*/config");
    tab(&mut terminal, "get /app/[ab]/c", "config  count");
    tab(&mut terminal, "time get /*/b/cou", "0] time get /*/b/count");
    tab(&mut terminal, "get /app/*/config/d", "0] get /app/*/config/deep");
    terminal.keys("\r");
    terminal.wait_for("get /app/*/config/deep\n4\ncZxid");
    // A write takes the path literally, and a dialect without patterns any command's.
    terminal.keys(&format!("set /app/*/con{TAB}x\r"));
    terminal.wait_for("1] set /app/*/conx\n");
    let mut terminal = connected(Setup::new(&server).args(["--compat", "3.9"]));
    terminal.keys(&format!("get /app/*/con{TAB}x\r"));
    terminal.wait_for("0] get /app/*/conx\n");
}

#[test]
fn znodes_are_completed_with_odd_names_quoted() {
    let server = server();
    run(&server, "create /lake\ncreate '/lake/a b'\ncreate /lake/湖\ncreate '/lake/a b/deep'");
    let mut terminal = shell(&server);
    tab(&mut terminal, "get /la", "0] get /lake");
    tab(&mut terminal, "get /lake/a", "0] get '/lake/a b'");
    tab(&mut terminal, "get '/lake/a b/", "0] get '/lake/a b/deep'");
    tab(&mut terminal, "get /lake/湖", "0] get /lake/湖");
    terminal.keys(&format!("{CTRL_U}cd /lake\r"));
    terminal.wait_for(" /lake 1]");
    terminal.keys(&format!("get 湖{TAB}"));
    terminal.wait_for("1] get 湖");
    terminal.keys(&format!("{CTRL_U}ls ../la{TAB}\r"));
    terminal.wait_for("1] ls ../lake\n[a b, 湖]");
}

#[test]
fn a_crowd_is_cut_and_says_how_many_more_there_are() {
    let server = server();
    run(&server, &crowd(1200));
    let mut terminal = shell(&server);
    terminal.keys(&format!("get /crowd/{TAB}"));
    terminal.wait_until("the list", |screen| {
        screen.contains("… 700 more") && screen.ends_with("0] get /crowd/n")
    });
    terminal.keys(&format!("0007{TAB}"));
    terminal.wait_for("0] get /crowd/n0007");
    // A small screen shows as many entries as fit, without a question.
    terminal.resize(12, 60);
    terminal.keys(&format!("{CTRL_U}get /crowd/"));
    terminal.wait_until("the line", |screen| screen.ends_with("0] get /crowd/"));
    terminal.keys(TAB);
    // Ten rows with four names each.
    terminal.wait_until("a shorter list", |screen| {
        screen.contains("… 1161 more") && screen.ends_with("0] get /crowd/n")
    });
}

#[test]
fn a_list_stands_whole_below_a_line_of_several_rows() {
    let server = server();
    run(&server, "create /lake\ncreate /loch\ncreate /pond");
    for columns in [20, 31, 60] {
        // With rows left below the line, and without any.
        for rows in [100, 8] {
            let mut terminal = Setup::new(&server).size(rows, columns).start();
            // A full row may end with a blank, which nobody can see.
            let joined = |screen: &str| screen.split_whitespace().collect::<String>();
            terminal.wait_until("a prompt", |screen| joined(screen).ends_with("(CONNECTED)0]"));
            terminal.keys("setting hints off\r");
            terminal.wait_until("a prompt", |screen| joined(screen).ends_with("(CONNECTED)1]"));
            terminal.keys("repeat 3 repeat 4 get /");
            terminal.wait_until("the line", |screen| joined(screen).ends_with("4get/"));
            terminal.keys(TAB);
            let list = "\nlake  loch  pond\n";
            terminal.wait_until(&format!("the list in {columns} columns"), |screen| {
                screen.contains(list) && joined(screen).ends_with("(CONNECTED)1]repeat3repeat4get/")
            });
            // Nothing is inserted if no word has been started.
            terminal.keys(&format!("{CTRL_U}get {TAB}"));
            terminal.wait_until("a second list", |screen| {
                (rows == 8 || screen.matches(list).count() == 2)
                    && joined(screen).ends_with("(CONNECTED)1]get")
            });
        }
    }
}

#[test]
fn completion_follows_the_session_and_is_silent_without_one() {
    let server = server();
    run(&server, "create /inner\ncreate /inner/pearl");
    let mut terminal = shell(&server);
    terminal.enter(0, "close");
    terminal.wait_for("(CLOSED) 1]");
    terminal.keys(&format!("get /in{TAB}"));
    terminal.wait_for("1] get /in");
    terminal.keys(&format!("x{CTRL_U}"));
    terminal.enter(1, &format!("connect {server}/inner"));
    terminal.wait_for("/inner(CONNECTED) 2]");
    terminal.keys(&format!("get /p{TAB}"));
    terminal.wait_for("2] get /pearl");
}

#[test]
fn hints_shrink_as_one_types_and_can_be_switched_off() {
    let server = server();
    run(&server, "create /lake deep\ncreate /mine deep world:anyone:r");
    let mut terminal = shell(&server);
    terminal.keys("create ");
    terminal.wait_for("0] create [-s] [-e] [-c] [-t ttl]");
    terminal.keys("-e ");
    terminal.wait_for("0] create -e [-s] [-c] [-t ttl]");
    terminal.keys(&format!("{CTRL_U}get /lake"));
    terminal.wait_for("0] get /lake  4 bytes, version 0");
    terminal.keys(&format!("{CTRL_U}get /mine"));
    terminal.wait_for("0] get /mine  4 bytes, you may not write, version 0");
    // The hint is shown wherever the cursor is.
    terminal.keys(&format!("{CTRL_U}set /lake deeper"));
    terminal.wait_until("no hint", |screen| screen.ends_with("0] set /lake deeper"));
    terminal.keys(&LEFT.repeat(8));
    terminal.wait_for("0] set /lake deeper  4 bytes, version 0");
    terminal.keys("\x05");
    terminal.wait_until("no hint", |screen| screen.ends_with("0] set /lake deeper"));
    // A cancelled line keeps no hint.
    terminal.keys(&LEFT.repeat(8));
    terminal.wait_for("0] set /lake deeper  4 bytes, version 0");
    terminal.keys(CTRL_C);
    terminal.wait_until("the line alone", |screen| {
        screen.contains("0] set /lake deeper\n") && screen.ends_with("0]")
    });
    terminal.keys("get /lake");
    terminal.wait_for("0] get /lake  4 bytes, version 0");
    terminal.keys(CTRL_C);
    terminal.wait_until("the line alone", |screen| {
        screen.contains("0] get /lake\n") && screen.ends_with("0]")
    });
    terminal.keys(&format!("{CTRL_U}set hints off\r"));
    terminal.wait_for("hints off\n");
    terminal.keys("create ");
    terminal.wait_until("no hint", |screen| screen.ends_with("1] create"));
    terminal.keys(&format!("{CTRL_U}setting hints on\r"));
    terminal.wait_for("hints on\n");
    // The hint is the last line with this start; the right arrow accepts it.
    terminal.keys("sett");
    terminal.wait_for("2] setting hints on");
    terminal.keys(&format!("{RIGHT}\r"));
    terminal.wait_for_prompt(3);
}

#[test]
fn hints_are_taken_whole_or_word_by_word() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "create /lake --parents deep");
    terminal.wait_for_prompt(1);
    // End, Ctrl-E, Ctrl-F.
    for key in ["\x1b[F", "\x05", "\x06"] {
        terminal.keys("creat");
        terminal.wait_for("1] create /lake --parents deep");
        terminal.keys(key);
        // Accepted text is no longer a hint.
        terminal.wait_until_seen("the line", |screen| {
            let (row, column) = screen.cursor_position();
            let typed = screen.contents_between(row, 0, row, column);
            typed.ends_with("1] create /lake --parents deep")
        });
        terminal.keys(CTRL_U);
        terminal.wait_until("an empty line", |screen| screen.ends_with(" 1]"));
    }
    terminal.keys("creat");
    terminal.wait_for("1] create /lake --parents deep");
    // Ctrl-Right, Alt-F.
    for (key, typed) in [("\x1b[1;5C", "create"), ("\x1bf", "create /lake")] {
        terminal.keys(key);
        terminal.wait_until_seen("a part of it", |screen| {
            let (row, column) = screen.cursor_position();
            screen.contents_between(row, 0, row, column).ends_with(&format!("1] {typed}"))
        });
    }
}

#[test]
fn an_ephemeral_is_told_with_its_owner() {
    let server = server();
    let mut terminal = shell(&server);
    terminal.enter(0, "create -e /fish trout");
    terminal.enter(1, "pwd");
    terminal.wait_for_prompt(2);
    terminal.keys("get /fish");
    terminal.wait_for("2] get /fish  ephemeral, 5 bytes, owned by this session");
}

#[test]
fn words_show_what_they_are() {
    let server = server();
    let terminal = &mut connected(Setup::new(&server));
    // Text and colour may come in two drawings, so the wait is for both.
    let wait_for_colour = |terminal: &Terminal, text: &str, colour: vt100::Color| {
        terminal.wait_until_seen(&format!("{text} in {colour:?}"), |screen| {
            let (rows, columns) = screen.size();
            (0..rows).zip(screen.rows(0, columns)).any(|(number, row)| {
                let at = row.find(text).filter(|_| row.starts_with("[zk: "));
                at.is_some_and(|at| {
                    let column = u16::try_from(at + 3).unwrap();
                    screen.cell(number, column).unwrap().fgcolor() == colour
                })
            })
        });
    };
    terminal.keys("gex /");
    wait_for_colour(terminal, "0] gex /", vt100::Color::Idx(1));
    terminal.keys(&format!("{CTRL_U}get /"));
    wait_for_colour(terminal, "0] get /", vt100::Color::Idx(2));
}

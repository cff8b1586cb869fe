//! Lessons at a prompt, as a learner uses them.

use zksh::language::Language;
use zksh::lesson::{Line, built_in};

use crate::support::free_port;
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, Terminal};

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";

fn learn(lesson: &str, language: Language) -> Setup {
    let sandbox = ["--sandbox=127.0.0.1:0", "--sandbox-set", "tickTime=500"];
    Setup::bare().args(sandbox).args(["learn", lesson, "--lang", language.code()])
}

/// Waits until a step is shown with its prompt below it.
#[track_caller]
fn wait_for_step(terminal: &Terminal, step: &str) -> String {
    terminal.wait_until(step, |screen| {
        screen.rfind(&format!("\n{step} ")).is_some_and(|at| screen[at..].ends_with("\nA>"))
    })
}

/// Returns a line as it is typed at the prompt of the first session.
fn typed(line: &Line) -> String {
    match line.shown.split_once("> ") {
        Some(("A", typed)) => typed.to_owned(),
        _ => format!("@{} {}", line.session, line.command),
    }
}

#[track_caller]
fn enter(terminal: &mut Terminal, line: &str) {
    terminal.keys(&format!("{line}\r"));
}

fn progress(terminal: &Terminal) -> String {
    std::fs::read_to_string(terminal.home().join("state/zksh/lessons")).unwrap_or_default()
}

#[test]
fn the_first_lesson_can_be_completed_at_a_prompt_in_each_language() {
    std::thread::scope(|scope| {
        for language in Language::ALL {
            scope.spawn(move || {
                let (lesson, texts) = built_in("first-steps").unwrap();
                let mut terminal = learn("first-steps", language).start();
                for (number, step) in (1..).zip(&lesson.steps) {
                    let screen = wait_for_step(&terminal, &format!("{number}/8"));
                    assert!(screen.contains(&texts[&language].get(&step.key).title), "{screen}");
                    step.ways[0].lines.iter().for_each(|line| enter(&mut terminal, &typed(line)));
                }
                // The prompt is the shell's own again, and the lesson has left nothing behind.
                terminal.wait_until("the end", |screen| screen.ends_with(" 15]"));
                assert!(progress(&terminal).contains("first-steps -done-"));
                enter(&mut terminal, "ls /");
                terminal.wait_for("15] ls /\n[zookeeper]");
                enter(&mut terminal, "quit");
                assert_eq!(terminal.wait().0, 0);
            });
        }
    });
}

#[test]
fn a_mistake_is_explained_and_the_commands_of_a_lesson_work() {
    let mut terminal = learn("first-steps", Language::English).start();
    wait_for_step(&terminal, "1/8");
    // A mistake, and an event of another session, which is explained above the prompt.
    enter(&mut terminal, "ls /app");
    terminal.wait_for("Node does not exist: /app\n\n");
    enter(&mut terminal, "next");
    terminal.wait_for("Not yet. This is what is asked");
    enter(&mut terminal, "hint");
    enter(&mut terminal, "hint");
    terminal.wait_for("\nType:\n  A> ls /\n");
    enter(&mut terminal, "skip");
    terminal.wait_for("Done for you:\n  A> ls /\n");
    wait_for_step(&terminal, "2/8");
    enter(&mut terminal, "lang zh");
    terminal.wait_for("lang zh\n\n2/8 创建一个 znode");
    enter(&mut terminal, "lang en");
    enter(&mut terminal, "create /app hello");
    enter(&mut terminal, "get /app");
    wait_for_step(&terminal, "3/8");
    // A learner who deletes the tree can go back.
    enter(&mut terminal, "deleteall /app -y");
    enter(&mut terminal, "create /app/note 'two words'");
    terminal.wait_for("Node does not exist: /app/note");
    enter(&mut terminal, "back");
    terminal.wait_for("The step begins again.");
    enter(&mut terminal, "create /app hello");
    enter(&mut terminal, "get /app");
    terminal.wait_until("3/8 again", |screen| screen.matches("\n3/8 ").count() == 2);
    // An open transaction is discarded before the lesson types lines.
    enter(&mut terminal, "multi");
    terminal.wait_until("multi", |screen| screen.ends_with("A multi:0>"));
    enter(&mut terminal, "skip");
    wait_for_step(&terminal, "4/8");
    terminal.keys("half a line");
    terminal.wait_for("A> half a line");
    terminal.keys(CTRL_C);
    enter(&mut terminal, "session list");
    terminal.wait_until("the sessions", |screen| {
        screen.contains("\n* A ") && screen.contains("\n  B ") && screen.contains("\n  main ")
    });
    enter(&mut terminal, "lesson election");
    terminal.wait_for("A lesson is running already");
    enter(&mut terminal, "stop");
    terminal.wait_for("The lesson is stopped here");
    terminal.wait_until("the prompt of the shell", |screen| {
        screen.lines().last().is_some_and(|line| line.starts_with("[zk: ") && line.ends_with(']'))
    });
    assert_eq!(progress(&terminal), "first-steps ephemeral\n");
    enter(&mut terminal, "lesson");
    terminal.wait_for("4/8  first-steps");
    enter(&mut terminal, "hint");
    terminal.wait_for("No lesson is running");
    // The lesson resumes where it stopped, and ends with the shell.
    enter(&mut terminal, "lesson first-steps --lang en");
    terminal.wait_until("4/8 again", |screen| screen.matches("\n4/8 ").count() == 2);
    terminal.wait_until("its prompt", |screen| screen.ends_with("\nA>"));
    terminal.keys(CTRL_D);
    assert_eq!(terminal.wait().0, 0);
}

#[test]
fn a_crash_is_noticed_and_explained_without_a_line() {
    let mut terminal = learn("first-steps", Language::English).start();
    for step in 1..=6 {
        wait_for_step(&terminal, &format!("{step}/8"));
        enter(&mut terminal, "skip");
    }
    wait_for_step(&terminal, "7/8");
    enter(&mut terminal, "session close A");
    terminal.wait_for("lost ephemerals: /master");
    enter(&mut terminal, "back");
    terminal.wait_until("6/8 again", |screen| screen.matches("\n6/8 ").count() == 2);
    enter(&mut terminal, "@B stat -w /master");
    terminal.wait_until("7/8 again", |screen| screen.matches("\n7/8 ").count() == 2);
    enter(&mut terminal, "session kill A");
    terminal.wait_until("the prompt", |screen| screen.ends_with("A CLOSED>"));
    terminal.keys("ls ");
    // This happens while a line is being typed.
    terminal.wait_for("type:NodeDeleted path:/master");
    terminal.wait_until("8/8 above the line", |screen| {
        screen.rfind("\n8/8 ").is_some_and(|at| screen[at..].contains("\nA> ls "))
    });
}

#[test]
fn a_lesson_fits_on_a_narrow_screen() {
    let mut terminal = learn("first-steps", Language::Chinese).size(400, 40).start();
    wait_for_step(&terminal, "1/8");
    enter(&mut terminal, "ls /");
    let screen = wait_for_step(&terminal, "2/8");
    let (_, lesson) = screen.split_once("1/8").unwrap();
    let wide = lesson.lines().find(|line| zksh::language::columns(line) > 40);
    assert_eq!(wide, None);
    // The lesson wraps its text to the screen, rather than the terminal.
    let text = lesson.split("\n2/8").next().unwrap();
    assert!(text.lines().all(|line| zksh::language::columns(line) <= 40), "{text}");
}

#[test]
fn leaving_a_sandbox_that_others_use_shows_a_warning() {
    let address = format!("127.0.0.1:{}", free_port());
    let sandbox = format!("--sandbox={address}");
    let mut terminal = Setup::bare().args([&sandbox, "learn", "versions", "--lang", "en"]).start();
    wait_for_step(&terminal, "1/5");
    let mut other = zksh(&address).start();
    let mut stdin = other.stdin.take().unwrap();
    std::io::Write::write_all(&mut stdin, b"ls /\n").unwrap();
    let mut answer = [0; 1];
    std::io::Read::read_exact(other.stdout.as_mut().unwrap(), &mut answer).unwrap();
    terminal.keys(CTRL_D);
    terminal.wait_for("1 other session is connected to the sandbox, which ends with this shell");
    terminal.keys(CTRL_D);
    assert_eq!(terminal.wait().0, 0);
    drop(stdin);
    let _ = other.wait();
}

//! The pictures in README.md, which are drawn from real sessions and checked to be up to date.
//!
//! `ZKSH_BLESS=1 cargo test --test all rendering` draws them again.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use zksh::sandbox::Clock;

use crate::support::engine::start_sandbox;
use crate::support::shell::zksh;
use crate::support::terminal::{Setup, Terminal};

const ROWS: u16 = 34;
const COLUMNS: u16 = 112;

/// The number of rows and columns for the lesson.
const LESSON: (u16, u16) = (34, 84);

/// The size of a character in pixels, and the margin.
const WIDTH: f64 = 8.4;
const HEIGHT: f64 = 19.0;
const MARGIN: f64 = 14.0;

/// The eight colours, then the eight bright ones.
const PALETTE: [&str; 16] = [
    "#1d2021", "#f2777a", "#99cc99", "#ffcc66", "#6699cc", "#cc99cc", "#66cccc", "#d3d0c8",
    "#8a8a8a", "#f2777a", "#99cc99", "#ffcc66", "#6699cc", "#e6b3e6", "#66cccc", "#f2f0ec",
];

#[test]
fn the_picture_in_the_readme_is_up_to_date() {
    compare_or_write("docs/session.svg", &session());
}

#[test]
fn the_picture_of_the_first_lesson_is_up_to_date() {
    compare_or_write("docs/lesson.svg", &lesson());
}

/// Compares a picture with the committed one, or writes it.
fn compare_or_write(name: &str, svg: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    if std::env::var_os("ZKSH_BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, svg).unwrap();
    } else {
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            svg == kept,
            "{name} is out of date; see tests/rendering.rs for how to draw it again"
        );
    }
}

/// Plays the middle of the first lesson. Returns the screen on which one session becomes master and
/// the other is refused.
fn lesson() -> String {
    let sandbox = ["--sandbox=127.0.0.1:0", "--sandbox-set", "tickTime=500"];
    let learn = ["learn", "first-steps", "--lang", "en"];
    let mut terminal = Setup::bare().args(sandbox).args(learn).size(LESSON.0, LESSON.1).start();
    let step = |terminal: &mut Terminal, number: usize, line: &str| {
        terminal.wait_until("the step", |screen| {
            let at = screen.rfind(&format!("\n{number}/8 "));
            at.is_some_and(|at| screen[at..].ends_with("\nA>"))
        });
        terminal.keys(line);
        // The name of a session has no colour.
        let command = line.strip_prefix("@B ");
        let prompt = if command.is_some() { "> @B " } else { "> " };
        wait_for_colors(terminal, prompt, command.unwrap_or(line));
        terminal.keys("\r");
    };
    for number in 1..=3 {
        step(&mut terminal, number, "skip");
    }
    step(&mut terminal, 4, "create -e /master A");
    step(&mut terminal, 5, "@B create -e /master B");
    terminal.wait_until("the next step", |screen| screen.contains("\n6/8 "));
    terminal.wait_for_rest();
    let mut svg = String::new();
    terminal.wait_until_seen("the screen", |screen| {
        svg = draw(screen);
        true
    });
    generalize(&svg, "")
}

/// Plays the session and returns its last screen.
fn session() -> String {
    let server = start_sandbox(Clock::System);
    let address = server.address().to_string();
    let other = |line: &str| zksh(&address).args(line.split(' ')).succeed();
    let mut terminal = Setup::new(&address).size(ROWS, COLUMNS).start();
    terminal.wait_for("(CONNECTED) 0]");
    enter_in_color(&mut terminal, 0, "create -e /master \"master1.example.com:2223\"");
    enter_in_color(&mut terminal, 1, "create /app {\"replicas\":3,\"leader\":\"zk1\"}");
    enter_in_color(&mut terminal, 2, "addWatch /app");
    terminal.wait_for_prompt(3);
    // Events that another client causes appear above the line that is being typed.
    terminal.keys("get --pretty /ap");
    terminal.wait_for("3] get --pretty /ap");
    other("create /app/feature on");
    other("delete /app/feature");
    terminal.wait_until("two events", |screen| screen.matches("WATCHER::").count() == 2);
    terminal.keys("p\r");
    terminal.wait_for_prompt(4);
    enter_in_color(&mut terminal, 4, "gte /app");
    terminal.wait_for_prompt(5);
    terminal.keys("addWatch -m \t");
    terminal.wait_for("PERSISTENT_RECURSIVE  ");
    terminal.keys("\x15get /master");
    terminal.wait_for("5] get /master  ephemeral, ");
    let mut svg = String::new();
    terminal.wait_until_seen("the screen", |screen| {
        svg = draw(screen);
        true
    });
    generalize(&svg, &address)
}

/// Types a line and enters it once it is shown in colours, which appear after a pause.
fn enter_in_color(terminal: &mut Terminal, number: usize, line: &str) {
    terminal.wait_for_prompt(number);
    terminal.keys(line);
    wait_for_colors(terminal, "] ", line);
    terminal.keys("\r");
}

/// Waits until a line is shown in colours after a prompt that ends with `prompt`.
fn wait_for_colors(terminal: &Terminal, prompt: &str, line: &str) {
    terminal.wait_until_seen("the line in colours", |screen| {
        let (row, _) = screen.cursor_position();
        let (_, columns) = screen.size();
        let shown = screen.contents_between(row, 0, row, columns);
        let at = shown.find(prompt).map(|at| shown[..at].chars().count() + prompt.len());
        let cell = at.and_then(|at| screen.cell(row, u16::try_from(at).unwrap()));
        shown.ends_with(line) && cell.is_some_and(|cell| cell.fgcolor() != vt100::Color::Default)
    });
}

/// Replaces values that differ between runs by constant ones.
fn generalize(svg: &str, address: &str) -> String {
    let mut text = String::new();
    let svg =
        if address.is_empty() { svg.to_owned() } else { svg.replace(address, "localhost:2181") };
    for line in svg.lines() {
        let mut line = line.to_owned();
        if let Some((head, rest)) = line.split_once("time</tspan><tspan> = ") {
            let tail = rest.split_once('<').map_or("", |(_, tail)| tail);
            line = format!("{head}time</tspan><tspan> = Tue Dec 11 10:06:19 CET 2012<{tail}");
        }
        if let Some((head, rest)) = line.split_once("0x") {
            let digits = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
            let number = match &rest[..digits] {
                "0" => "0",
                session if session.len() > 10 => "13b891d4c9e0005",
                _ => "67",
            };
            line = format!("{head}0x{number}{}", &rest[digits..]);
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

fn draw(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let width = f64::from(columns) * WIDTH + 2.0 * MARGIN;
    let height = f64::from(rows) * HEIGHT + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1d2021\"/>\n\
         <g fill=\"{}\" xml:space=\"preserve\">\n",
        PALETTE[7]
    );
    for row in 0..rows {
        let y = MARGIN + HEIGHT * (f64::from(row) + 0.75);
        let runs = runs(screen, row);
        if runs.is_empty() {
            continue;
        }
        let _ = write!(svg, "<text x=\"{MARGIN}\" y=\"{y:.1}\">");
        for (look, text) in runs {
            let text = text.replace('&', "&amp;").replace('<', "&lt;");
            let _ = write!(svg, "<tspan{look}>{text}</tspan>");
        }
        svg.push_str("</text>\n");
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

/// Returns the runs of a row with the same style, without the blanks at its end.
fn runs(screen: &vt100::Screen, row: u16) -> Vec<(String, String)> {
    let mut runs: Vec<(String, String)> = Vec::new();
    for column in 0..screen.size().1 {
        let cell = screen.cell(row, column).unwrap();
        let look = match (cell.fgcolor(), cell.bold()) {
            (vt100::Color::Idx(index), bold) => {
                let bold = if bold { " font-weight=\"bold\"" } else { "" };
                format!(" fill=\"{}\"{bold}", PALETTE[usize::from(index)])
            }
            _ => String::new(),
        };
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match runs.last_mut() {
            Some((last, run)) if *last == look => run.push_str(text),
            _ => runs.push((look, text.to_owned())),
        }
    }
    while let Some((_, run)) = runs.last_mut() {
        run.truncate(run.trim_end().len());
        if !run.is_empty() {
            break;
        }
        runs.pop();
    }
    runs
}

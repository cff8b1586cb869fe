//! Measures the cost of a process: wall time, processor time, peak memory.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};

/// The first argument that makes a bench program run another program and print its cost.
const MEASURE: &str = "--measure";

/// The cost of a process.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// The wall time from start to end.
    pub wall: Duration,
    /// The processor time in user and kernel mode, of all threads.
    pub processor: Duration,
    /// The peak memory in bytes.
    pub memory: u64,
}

/// Runs and measures another program if this process was started for that. Every bench must call it
/// first.
pub fn run_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|first| first != MEASURE) {
        return;
    }
    let program = arguments.next().expect("a program to measure");
    let begun = Instant::now();
    let status = Command::new(program).args(arguments).status().expect("the program runs");
    let wall = begun.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the system counts");
    let time = usage.user_time() + usage.system_time();
    // The last line of standard error, after the output of the program.
    let mut out = std::io::stderr();
    writeln!(
        out,
        "\n{} {} {} {}",
        wall.as_micros(),
        time.tv_sec() * 1_000_000 + time.tv_usec(),
        // Linux uses units of 1024 bytes.
        usage.max_rss() * 1024,
        status.code().unwrap_or(-1),
    )
    .expect("standard error is open");
    // The bench reads the output of this process, and needs no exit status.
    std::process::exit(0)
}

/// Runs a program with this standard input, and discards its output. Returns its cost.
///
/// # Panics
/// Panics if the program fails.
pub fn run(command: &Command, input: Vec<u8>) -> Cost {
    let own = std::env::current_exe().expect("the bench knows its file");
    let mut child = Command::new(own)
        .arg(MEASURE)
        .arg(command.get_program())
        .args(command.get_args())
        .envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the bench can start itself");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ends");
    // A program may end before it has read all input.
    let _ = writer.join().expect("it only writes");
    let said = String::from_utf8_lossy(&output.stderr);
    let figures: Vec<i64> = said
        .lines()
        .last()
        .unwrap_or_default()
        .split(' ')
        .filter_map(|figure| figure.parse().ok())
        .collect();
    let [wall, processor, memory, 0] = figures[..] else { panic!("{command:?} failed: {said}") };
    Cost {
        wall: Duration::from_micros(wall.unsigned_abs()),
        processor: Duration::from_micros(processor.unsigned_abs()),
        memory: memory.unsigned_abs(),
    }
}

/// Returns the median of each figure.
pub fn median(costs: &[Cost]) -> Cost {
    let middle = |mut figures: Vec<u128>| {
        figures.sort_unstable();
        u64::try_from(figures[figures.len() / 2]).expect("a figure of a bench")
    };
    let of = |figure: fn(&Cost) -> u128| middle(costs.iter().map(figure).collect());
    Cost {
        wall: Duration::from_micros(of(|cost| cost.wall.as_micros())),
        processor: Duration::from_micros(of(|cost| cost.processor.as_micros())),
        memory: of(|cost| cost.memory.into()),
    }
}

/// Returns a row of a table: a name, the figures, and the wall time relative to another cost.
pub fn row(name: &str, cost: Cost, of: Cost) -> String {
    let mib = 1024.0 * 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "it is printed with one digit")]
    let memory = cost.memory as f64 / mib;
    let part = cost.wall.as_secs_f64() / of.wall.as_secs_f64();
    format!(
        "{name:<24}{:>10.1} ms{:>10.1} ms{memory:>9.1} MiB{part:>10.3}",
        cost.wall.as_secs_f64() * 1e3,
        cost.processor.as_secs_f64() * 1e3,
    )
}

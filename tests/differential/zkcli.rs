//! Apache's zkCli as a process that reads lines.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};

use super::{END, MARK, MARKED, Printed};
use crate::support::PATIENCE;
use crate::support::apache::Release;

pub(super) struct ZkCli {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl ZkCli {
    pub(super) fn start(release: &Release, address: &str) -> Self {
        let mut child = Command::new("sh")
            .args(["-c", r#"exec java "$@" 2>&1"#, "zkCli"])
            .args(["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"])
            .arg(classpath(&release.classpath))
            .args(["org.apache.zookeeper.ZooKeeperMain", "-server", address])
            .env("TZ", "Europe/Berlin")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        let mut zkcli = Self { child, stdin, lines };
        zkcli.enter("ls /");
        zkcli
    }

    /// Types a line. Returns the output up to the mark.
    fn enter(&mut self, line: &str) -> Vec<String> {
        write!(self.stdin, "{line}\n{MARK}\n").unwrap();
        let mut printed = Vec::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("zkCli printed nothing more after {line}:\n{}", printed.join("\n"))
            });
            if line == MARKED {
                return printed;
            }
            // For each command of the shell itself, 3.4 also prints the usage of all commands, as
            // it does for an unknown command.
            if !(line.starts_with("ZooKeeper -server host:port") || line.starts_with('\t')) {
                printed.push(line);
            }
        }
    }

    /// Plays a script in a new session.
    pub(super) fn play(&mut self, lines: &[String], server: &str) -> Printed {
        self.enter(&format!("connect {server}"));
        // Requests wait for the connection, and its event precedes their replies.
        self.enter("ls /");
        let mut printed = Printed::default();
        for line in lines {
            printed.take(self.enter(line));
        }
        // zkCli prints events late, but in order, and this is the last one.
        let mut late: Vec<String> = END.iter().flat_map(|line| self.enter(line)).collect();
        while !late.iter().any(|line| line.contains("type:NodeCreated path:/the-end")) {
            late.push(self.lines.recv_timeout(PATIENCE).unwrap());
        }
        printed.take(late);
        printed.steps.truncate(lines.len());
        self.enter("delete /the-end");
        printed
    }
}

impl Drop for ZkCli {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the jars without the line editor, which would echo the typed text, and without the
/// loggers.
fn classpath(server: &str) -> String {
    let Some(folder) = server.strip_suffix("/*") else { return server.to_owned() };
    let jars = std::fs::read_dir(Path::new(folder)).unwrap();
    let jars = jars.map(|jar| jar.unwrap().path().display().to_string());
    let wanted = |jar: &String| !["/jline", "/logback"].iter().any(|name| jar.contains(name));
    jars.filter(wanted).collect::<Vec<_>>().join(":")
}

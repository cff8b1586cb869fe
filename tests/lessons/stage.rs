//! Types the lines of a lesson into shells, one for each of its sessions, and reads what comes of
//! them from `-o json`.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;
use zksh::lesson::{
    Effect, Event, Lesson, Line, Reply, SessionState, Stage, Watch, WatchKind, Znode,
};

use crate::support::PATIENCE;
use crate::support::engine::Engine;
use crate::support::shell::zksh;

/// A running shell with its session.
struct Shell {
    child: Child,
    stdin: Option<ChildStdin>,
    records: Receiver<Value>,
    id: i64,
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.stdin = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shell {
    fn start(server: &str, timeout: Duration) -> Self {
        let timeout = timeout.as_millis().to_string();
        let mut child = zksh(server).args(["-timeout", &timeout, "-o", "json"]).start();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, records) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if serde_json::from_str(&line).is_ok_and(|record| sender.send(record).is_err()) {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        let mut shell = Self { child, stdin, records, id: 0 };
        // Who am I: the owner of an ephemeral of mine.
        shell.type_line("create -e /who-am-i");
        let stat = shell.type_line("stat /who-am-i");
        shell.id = stat[0]["result"]["stat"]["ephemeralOwner"]["number"].as_i64().unwrap();
        shell.type_line("delete /who-am-i");
        shell
    }

    /// Types a line; returns everything that was told until it was done.
    fn type_line(&mut self, line: &str) -> Vec<Value> {
        let stdin = self.stdin.as_mut().unwrap();
        write!(stdin, "{line}\nversion\n").unwrap();
        let mut told = Vec::new();
        loop {
            let record = self.records.recv_timeout(PATIENCE).unwrap_or_else(|_| {
                panic!("the shell said no more after {line}: {told:?}");
            });
            if record["command"] == "version" {
                return told;
            }
            told.push(record);
        }
    }
}

/// The shells of a lesson, and what they have told.
pub(super) struct Shells {
    server: String,
    address: String,
    timeouts: BTreeMap<String, Duration>,
    open: BTreeMap<String, Shell>,
    /// Sessions that have ended: killed ones with their id, until the server has expired them.
    ended: BTreeMap<String, SessionState>,
    hidden: Shell,
    effect: Effect,
    /// Watches that stood when the step began and stand still.
    standing: Vec<Watch>,
}

impl Shells {
    pub(super) fn new(engine: &Engine, lesson: &Lesson) -> Self {
        let server = engine.fresh();
        let mut hidden = Shell::start(&server, Duration::from_secs(30));
        hidden.type_line("addauth digest super:secret");
        let timeouts = lesson.sessions.iter().map(|s| (s.name.clone(), s.timeout)).collect();
        Self {
            server,
            address: engine.address(),
            timeouts,
            open: BTreeMap::new(),
            ended: BTreeMap::new(),
            hidden,
            effect: Effect::default(),
            standing: Vec::new(),
        }
    }

    fn make_sure_of(&mut self, name: &str) {
        if !self.open.contains_key(name) {
            let shell = Shell::start(&self.server, self.timeouts[name]);
            self.open.insert(name.to_owned(), shell);
            self.ended.remove(name);
        }
    }

    fn note(&mut self, session: &str, record: &Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if record["record"] == "event" {
            let event = &record["event"];
            let kind = if event["type"] == "None" { &event["state"] } else { &event["type"] };
            self.effect.events.push(Event {
                session: session.to_owned(),
                kind: text(kind),
                path: event["path"].as_str().map(str::to_owned),
            });
            return;
        }
        let operation = match record["command"].as_str() {
            Some("exists") => "stat",
            Some("ls2") => "ls",
            Some("deleteall") => "delete",
            Some("commit") => "multi",
            Some(command) => command,
            None => return,
        };
        let result = &record["result"];
        let (paths, outcome) = if operation == "multi" {
            let Some(operations) = result["operations"].as_array() else { return };
            let paths = operations.iter().map(|operation| text(&operation["path"])).collect();
            (paths, if result["applied"] == true { "Ok" } else { of_message(result) })
        } else if record["record"] == "error" {
            let Some(number) = record["error"]["number"].as_i64() else { return };
            (vec![text(&record["path"])], of_number(number))
        } else if record["record"] == "result" && result["queued"].is_null() {
            let path = result["path"].as_str().or(record["path"].as_str());
            (path.into_iter().map(str::to_owned).collect(), "Ok")
        } else {
            return;
        };
        self.effect.replies.push(Reply {
            session: session.to_owned(),
            operation: operation.to_owned(),
            paths,
            result: outcome.to_owned(),
        });
    }

    /// Notes the watches that a session holds; returns those that stand.
    fn watches(&mut self, session: &str) -> Vec<Watch> {
        let Some(shell) = self.open.get_mut(session) else { return Vec::new() };
        let told = shell.type_line("watches");
        let mut now = Vec::new();
        for record in told {
            let Some(watches) = record["result"]["watches"].as_array() else {
                self.note(session, &record);
                continue;
            };
            for watch in watches {
                let kind = match watch["kind"].as_str().unwrap() {
                    "data" => WatchKind::Data,
                    "children" => WatchKind::Child,
                    "persistent" => WatchKind::Persistent,
                    _ => WatchKind::Recursive,
                };
                let path = watch["path"].as_str().unwrap().to_owned();
                now.push(Watch { session: session.to_owned(), kind, path });
            }
        }
        self.standing.retain(|watch| watch.session != session || now.contains(watch));
        for watch in &now {
            if !self.standing.contains(watch) && !self.effect.watches.contains(watch) {
                self.effect.watches.push(watch.clone());
            }
        }
        now
    }

    fn tree(&mut self) -> BTreeMap<String, Znode> {
        let mut tree = BTreeMap::new();
        let mut left = vec!["/".to_owned()];
        while let Some(path) = left.pop() {
            let listed = self.hidden.type_line(&format!("ls '{path}'"));
            let Some(children) = listed[0]["result"]["children"].as_array() else { continue };
            for child in children {
                let child = child.as_str().unwrap();
                if path == "/" && child == "zookeeper" {
                    continue;
                }
                left.push(format!("{}/{child}", path.trim_end_matches('/')));
            }
            if path == "/" {
                continue;
            }
            let children = children.len();
            let read = self.hidden.type_line(&format!("get -s '{path}'"));
            let stat = &read[0]["result"]["stat"];
            let number = |value: &Value| i32::try_from(value.as_i64().unwrap()).unwrap();
            if stat.is_null() {
                continue; // deleted meanwhile
            }
            let data = read[0]["result"]["data"]["text"].as_str().unwrap_or_default();
            let znode = Znode {
                data: data.as_bytes().to_vec(),
                owner: stat["ephemeralOwner"]["number"].as_i64().unwrap(),
                version: number(&stat["dataVersion"]),
                acl_version: number(&stat["aclVersion"]),
                children,
            };
            tree.insert(path, znode);
        }
        tree
    }

    /// Returns whether the server knows a session still.
    fn is_known(&self, id: i64) -> bool {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(b"dump").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.contains(&format!("0x{id:x}"))
    }

    /// Ends a session; with or without a goodbye.
    fn end(&mut self, name: &str, goodbye: bool) {
        let Some(mut shell) = self.open.remove(name) else { return };
        let id = shell.id;
        if goodbye {
            shell.stdin = None;
            shell.child.wait().unwrap();
            self.ended.insert(name.to_owned(), SessionState::Closed);
        } else {
            shell.child.kill().unwrap();
            shell.child.wait().unwrap();
            self.ended.insert(name.to_owned(), SessionState::Killed(id));
        }
        // What it told before it ended.
        while let Ok(record) = shell.records.recv_timeout(Duration::from_secs(1)) {
            self.note(name, &record);
        }
    }
}

impl Stage for Shells {
    fn begin(&mut self) {
        for name in self.timeouts.keys().cloned().collect::<Vec<_>>() {
            self.make_sure_of(&name);
        }
        // What the last step has caused is told before this one begins.
        let names: Vec<String> = self.open.keys().cloned().collect();
        let standing = names.iter().flat_map(|name| self.watches(name)).collect();
        self.effect = Effect::default();
        self.standing = standing;
    }

    fn run(&mut self, line: &Line) -> bool {
        if let ["session", what, name] =
            line.words().iter().map(String::as_str).collect::<Vec<_>>()[..]
        {
            self.end(name, what == "close");
            return true;
        }
        self.make_sure_of(&line.session);
        let told = self.open.get_mut(&line.session).unwrap().type_line(&line.command);
        for record in &told {
            self.note(&line.session, record);
        }
        self.watches(&line.session);
        told.iter().all(|record| record["record"] != "error")
    }

    fn effect(&mut self) -> Effect {
        let names: Vec<String> = self.open.keys().cloned().collect();
        let now: Vec<Watch> = names.iter().flat_map(|name| self.watches(name)).collect();
        for (name, state) in self.ended.clone() {
            if let SessionState::Killed(id) = state
                && !self.is_known(id)
            {
                self.ended.insert(name, SessionState::Expired);
            }
        }
        let mut effect = self.effect.clone();
        let standing = now.into_iter().filter(|watch| !self.effect.watches.contains(watch));
        effect.watches.extend(standing);
        effect.sessions = self.ended.clone();
        for (name, shell) in &self.open {
            effect.sessions.insert(name.clone(), SessionState::Alive(shell.id));
        }
        effect.tree = self.tree();
        effect
    }

    fn wait(&mut self, most: Duration, done: &mut dyn FnMut(&Effect) -> bool) -> bool {
        // A machine that is busy with other tests is given more time than a learner.
        let most = most * 4;
        let begun = Instant::now();
        loop {
            if done(&self.effect()) {
                return true;
            }
            if begun.elapsed() > most {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn of_number(number: i64) -> &'static str {
    match number {
        -4 => "ConnectionLoss",
        -101 => "NoNode",
        -102 => "NoAuth",
        -103 => "BadVersion",
        -108 => "NoChildrenForEphemerals",
        -110 => "NodeExists",
        -111 => "NotEmpty",
        -112 => "SessionExpired",
        -114 => "InvalidACL",
        -121 => "NoWatcher",
        _ => "Other",
    }
}

/// The code of a transaction that failed, by zkCli's words for it.
fn of_message(result: &Value) -> &'static str {
    let message = result["message"].as_str().unwrap_or_default();
    let known = [
        ("version No is not valid", "BadVersion"),
        ("Node does not exist", "NoNode"),
        ("Node already exists", "NodeExists"),
        ("Node not empty", "NotEmpty"),
    ];
    known.iter().find(|(words, _)| message.starts_with(words)).map_or("Other", |(_, code)| *code)
}

//! What a script does must not depend on how many of its commands are in flight: random scripts are
//! played pipelined and one by one on the same server; what they print and the trees that they leave
//! are compared. `ZKSH_RANDOM=100000` plays so many; `ZKSH_SEED` begins elsewhere.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::time::Duration;

use zksh::sandbox::{self, Clock, Settings};

use crate::support::apache::{Server, numbers, releases};
use crate::support::shell::{Ran, zksh};

/// Scripts of one process: they share a session, and so its identities.
const BATCH: u64 = 25;

/// Lines of one script.
const LINES: u64 = 14;

/// What a script is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// ACLs that are replaced, and writes that they allow or refuse.
    Acls,
    /// Hard limits for znodes and bytes.
    Quotas,
    /// Identities that are added, and ACLs that name them.
    Identities,
    /// Ephemerals, sequences, versions and transactions.
    Rest,
    /// All of these.
    All,
}

/// Random numbers that a seed repeats (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % most
    }

    fn of<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// Writes one script, whose znodes lie below `@N`.
fn script(seed: u64, class: Class) -> String {
    let mut random = Random(seed.wrapping_mul(0x1000_0001));
    let root = format!("@{seed}");
    let mut lines = format!("create {root} x world:anyone:cdrwa\n");
    let quota = matches!(class, Class::Quotas | Class::All);
    if quota {
        writeln!(lines, "create {root}/q\nsetquota -N 4 {root}/q").unwrap();
        writeln!(lines, "create {root}/b\nsetquota -B 12 {root}/b").unwrap();
    }
    writeln!(lines, "create {root}/p x\ncreate {root}/p/c y").unwrap();
    for _ in 0..LINES {
        let kind = match class {
            Class::Acls => random.of(&["acl", "acl", "write", "write", "write"]),
            Class::Quotas => random.of(&["quota", "quota", "quota", "write"]),
            Class::Identities => random.of(&["auth", "mine", "mine", "write"]),
            Class::Rest => random.of(&["write", "write", "rest", "multi"]),
            Class::All => random.of(&[
                "acl", "acl", "write", "write", "write", "quota", "quota", "auth", "mine", "rest",
                "multi", "read",
            ]),
        };
        let line = match kind {
            "acl" => {
                let acl = random.of(&[
                    "world:anyone:ra",
                    "world:anyone:cdrwa",
                    "world:anyone:r",
                    "world:anyone:ca",
                    "world:anyone:dwa",
                ]);
                format!("setAcl {root}{} {acl}", random.of(&["/p", "/p", "/p/c", "/p/d", ""]))
            }
            "quota" => quota_line(&mut random, &root),
            "auth" => format!("addauth digest {}", random.of(&["ann:one", "bob:two"])),
            "mine" => {
                let name = random.of(&["m", "n"]);
                let line = random.of(&[
                    "create @ x auth::cdrwa",
                    "delete @",
                    "set @ y",
                    "setAcl @ auth::rwa",
                ]);
                line.replace('@', &format!("{root}/{name}"))
            }
            "rest" => {
                let line = random.of(&[
                    "create -s @/p/s- x",
                    "create -e @/e x",
                    "create -e -s @/p/t- x",
                    "delete @/p 0",
                    "set @/p/c z 1",
                    "deleteall @/p",
                    "create --parents @/p/f/g",
                ]);
                line.replace('@', &root)
            }
            "multi" => {
                let line = random.of(&[
                    "multi\ncreate @/p/m x\nset @/p/m y\ncommit",
                    "multi\ncheck @/p/c 0\ndelete @/p/c\ncommit",
                    "multi\ncreate @/p/c x\ncommit",
                    "multi\nset @/p z\ncreate @/p/d w\ndelete @/p/d\ncommit",
                ]);
                line.replace('@', &root)
            }
            "read" => {
                random.of(&["ls @/p", "get @/p", "getAcl @/p", "exists @/p/c"]).replace('@', &root)
            }
            _ => {
                let path = random.of(&["/p", "/p/c", "/p/d", "/p/c/d"]);
                let line =
                    random.of(&["create @ x", "set @ y", "delete @", "create @ z world:anyone:ra"]);
                line.replace('@', &format!("{root}{path}"))
            }
        };
        lines.push_str(&line);
        lines.push('\n');
    }
    if quota {
        // Else every later script had more limits to look at.
        writeln!(lines, "delquota {root}/q\ndelquota {root}/b").unwrap();
    }
    lines
}

fn quota_line(random: &mut Random, root: &str) -> String {
    let line = random.of(&[
        "create @/q/1",
        "create @/q/2",
        "create @/q/3",
        "create -s @/q/n-",
        "delete @/q/1",
        "delete @/q/2",
        "create @/b/1 four",
        "create @/b/2 four",
        "set @/b/1 sixsix",
        "set @/b four",
        "set @/b/2 x",
        "delete @/b/1",
    ]);
    line.replace('@', root)
}

/// Plays scripts below a root of their own; returns what came of them, and the tree.
fn play(server: &str, root: &str, scripts: &str, options: &[&str], barrier: bool) -> (Ran, String) {
    let name = |text: &str| text.replace(root, "@");
    zksh(server).args(["create", root]).succeed();
    let mut shell = zksh(server).args(options).args(["--compat", "3.9"]);
    if !barrier {
        shell = shell.env("ZKSH_TEST_NO_BARRIER", "1");
    }
    let ran = shell.script(scripts.replace('@', &format!("{root}/")));
    let ran = Ran { stdout: name(&ran.stdout), stderr: name(&ran.stderr), status: ran.status };
    // Who may do everything sees everything.
    let all = zksh(server).script(format!("addauth digest super:secret\nls -R {root}\n"));
    let paths = all.stdout.lines().filter(|line| line.starts_with('/'));
    let mut dump = "addauth digest super:secret\n".to_owned();
    for path in paths {
        writeln!(dump, "echo {path}\nget {path}\ngetAcl {path}").unwrap();
    }
    let tree = zksh(server).script(&dump);
    assert_eq!(tree.stderr, "");
    let changing = ["cZxid", "ctime", "mZxid", "mtime", "pZxid"];
    let told = tree.stdout.lines().filter(|line| !changing.iter().any(|key| line.starts_with(key)));
    (ran, name(&told.collect::<Vec<_>>().join("\n")))
}

/// Returns the first script of the seeds that has another effect when it is pipelined.
fn difference(
    server: &str,
    class: Class,
    seeds: std::ops::Range<u64>,
    barrier: bool,
) -> Option<String> {
    let mut first = seeds.start;
    while first < seeds.end {
        let last = (first + BATCH).min(seeds.end);
        let scripts: String = (first..last).map(|seed| script(seed, class)).collect();
        let name = format!("{class:?}-{first}-{}", u8::from(barrier)).to_lowercase();
        let one = play(server, &format!("/one-{name}"), &scripts, &["--window", "1"], true);
        let many = play(server, &format!("/all-{name}"), &scripts, &[], barrier);
        // Nothing is left for the next ones, and no quotas.
        if one != many {
            return Some(told(&one, &many, first));
        }
        first = last;
    }
    None
}

fn told((one, one_tree): &(Ran, String), (many, many_tree): &(Ran, String), seed: u64) -> String {
    let differs = |one: &str, many: &str| {
        let place = one.lines().zip(many.lines()).position(|(one, many)| one != many);
        let place = place.unwrap_or_else(|| one.lines().count().min(many.lines().count()));
        let near = |text: &str| {
            text.lines().skip(place.saturating_sub(4)).take(9).collect::<Vec<_>>().join("\n")
        };
        format!("one by one:\n{}\npipelined:\n{}", near(one), near(many))
    };
    let what = if one.stderr != many.stderr {
        differs(&one.stderr, &many.stderr)
    } else if one.stdout != many.stdout {
        differs(&one.stdout, &many.stdout)
    } else {
        differs(one_tree, many_tree)
    };
    format!("seed {seed}: {what}")
}

/// A server that checks as late as Apache's does, and keeps hard limits.
fn late_sandbox() -> sandbox::Handle {
    let settings = Settings {
        max_connections: 0,
        enforce_quota: true,
        flush_delay: Duration::from_millis(2),
        // digest of super:secret
        super_digest: Some("super:lK75jTNcA+U9vtVEw5vB51mj/w4=".to_owned()),
        ..Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sandbox::start(listener, settings, Clock::System).unwrap()
}

/// Returns how many scripts are played, and the first seed.
fn seeds(few: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let first: u64 = number("ZKSH_SEED").unwrap_or(1);
    first..first + number("ZKSH_RANDOM").unwrap_or(few)
}

#[test]
fn a_pipelined_script_does_what_it_does_line_by_line() {
    let sandbox = late_sandbox();
    let address = sandbox.address().to_string();
    if let Some(difference) = difference(&address, Class::All, seeds(25), true) {
        panic!("on the sandbox: {difference}");
    }
    for release in releases() {
        let server = Server::with_properties(release, &[("zookeeper.enforceQuota", "true")]);
        let modern = numbers(&release.version) >= numbers("3.5");
        // A 3.4 server knows no transactions of this shell's.
        let class = if modern { Class::All } else { Class::Acls };
        if let Some(difference) = difference(&server.address(), class, seeds(25), true) {
            panic!("on {}: {difference}", release.version);
        }
    }
}

#[test]
fn without_the_barrier_every_class_is_seen_to_differ() {
    let sandbox = late_sandbox();
    let address = sandbox.address().to_string();
    for class in [Class::Acls, Class::Quotas, Class::All] {
        let difference = difference(&address, class, 1..101, false);
        assert!(difference.is_some(), "{class:?} makes no difference on the sandbox");
    }
    // What the server keeps for requests in flight needs no barrier; identities come with each
    // request, as they are when it arrives.
    for class in [Class::Rest, Class::Identities] {
        assert_eq!(difference(&address, class, 1..26, false), None, "{class:?}");
    }
}

//! The effect of a script must not depend on how many of its commands are in flight. Random scripts
//! are played pipelined and one command at a time, and the output and the resulting trees are
//! compared. `ZKSH_RANDOM=100000` plays that many scripts on every release that is present.
//! `ZKSH_SEED` sets the first seed, and `ZKSH_ENGINES=sandbox` or `=3.8.0` selects one engine.

use std::fmt::Write as _;
use std::net::TcpListener;
use std::ops::Range;
use std::time::Duration;

use zksh::sandbox::{self, Clock, Settings};

use crate::support::apache::{Release, Server, numbers, releases};
use crate::support::random::Random;
use crate::support::saved::saved;
use crate::support::shell::{Ran, zksh};

/// The number of lines of a script.
const LINES: u64 = 14;

/// The number of scripts of which at least one must differ without the barrier.
const WITHOUT_BARRIER: u64 = 400;

/// The subject of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Changes of ACLs, and writes that they allow or refuse.
    Acls,
    /// Hard limits for znodes and bytes.
    Quotas,
    /// Transactions between changes of ACLs and below hard limits.
    Multis,
    /// New identities, and ACLs that name them.
    Identities,
    /// The state that a server tracks for requests in flight: versions, children, sequences, kinds
    /// of znodes.
    Rest,
    /// All of these.
    All,
}

/// Returns a script, whose znodes are below `@N`.
fn script(seed: u64, class: Class) -> String {
    let mut random = Random(seed.wrapping_mul(0x1000_0001));
    let root = format!("@{seed}");
    let mut lines = format!("create {root} x world:anyone:cdrwa\n");
    // Both take many requests, so scripts of all kinds include them only occasionally.
    let has = |one: bool, every: u64| one || class == Class::All && seed.is_multiple_of(every);
    let quota = has(matches!(class, Class::Quotas | Class::Multis), 3);
    if has(class == Class::Identities, 2) {
        // Use a separate session without identities.
        lines.insert_str(0, "connect\n");
    }
    if quota {
        writeln!(lines, "create {root}/q\nsetquota -N 3 {root}/q").unwrap();
        writeln!(lines, "create {root}/b\nsetquota -B 7 {root}/b").unwrap();
    }
    writeln!(lines, "create {root}/p x\ncreate {root}/p/c y").unwrap();
    for _ in 0..LINES {
        let kind = match class {
            Class::Acls => random.of(&["acl", "acl", "write", "write", "write"]),
            Class::Quotas => random.of(&["quota", "quota", "quota", "write"]),
            Class::Multis => random.of(&["acl", "multi", "multi", "several", "several"]),
            Class::Identities => random.of(&["auth", "mine", "mine", "write"]),
            Class::Rest => random.of(&["write", "write", "rest", "multi"]),
            Class::All => random.of(&[
                "acl", "acl", "write", "write", "write", "quota", "quota", "auth", "mine", "rest",
                "multi", "several", "read",
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
                    "create -c @/p/k x",
                    "create -t 3600000 @/p/l x",
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
            "several" => {
                let line = random.of(&[
                    "multi\ncreate @/q/1\ncreate @/q/2\ncommit",
                    "multi\ncreate @/q/3\ncommit",
                    "multi\ndelete @/q/1\ncreate @/q/4\ncommit",
                    "multi\ncreate @/b/1 four\ncommit",
                    "multi\nset @/b/1 sixsix\ncommit",
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
        // Otherwise every later script would have to check more limits.
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

/// The result of scripts.
#[derive(PartialEq, Eq)]
struct Played {
    ran: Ran,
    /// A line for each remaining znode in the form of `save`, without values that differ between
    /// runs.
    tree: String,
}

/// Plays scripts below a root of their own.
fn play(server: &str, root: &str, scripts: &str, options: &[&str], barrier: bool) -> Played {
    let name = |text: &str| text.replace(root, "@");
    let mut shell = zksh(server).args(options).args(["--compat", "3.9"]);
    if !barrier {
        shell = shell.env("ZKSH_TEST_NO_BARRIER", "1");
    }
    let ran = shell.script(format!("create {root}\n{}", scripts.replace('@', &format!("{root}/"))));
    let ran = Ran { stdout: name(&ran.stdout), stderr: name(&ran.stderr), status: ran.status };
    let tree = saved(server, root);
    assert!(!tree.is_empty(), "{ran:?}");
    Played { ran, tree: name(&tree.join("\n")) }
}

/// The servers for the scripts.
struct Place<'a> {
    /// The server for playing one command at a time.
    one: &'a str,
    /// The server for pipelined playing. It is the same, or differs only in how late it checks
    /// requests, which does not matter to a client that waits for each reply.
    many: &'a str,
}

impl Place<'_> {
    /// Returns the first scripts that have another effect when they are pipelined.
    fn difference(&self, class: Class, seeds: Range<u64>, barrier: bool) -> Option<String> {
        // The number of scripts in one process. In a large run, starting processes would take most
        // of the time.
        let batch = if is_large() { 250 } else { 6 };
        let mut first = seeds.start;
        while first < seeds.end {
            let last = (first + batch).min(seeds.end);
            let scripts: String = (first..last).map(|seed| script(seed, class)).collect();
            let name = format!("{class:?}-{first}-{}", u8::from(barrier)).to_lowercase();
            let one = play(self.one, &format!("/one-{name}"), &scripts, &["--window", "1"], true);
            let many = play(self.many, &format!("/all-{name}"), &scripts, &[], barrier);
            if one != many {
                return Some(describe(&one, &many, first));
            }
            if is_large() {
                // Leave nothing behind for the next scripts.
                for (server, root) in [(self.one, "one"), (self.many, "all")] {
                    let delete = format!("addauth digest super:secret\ndeleteall /{root}-{name}\n");
                    assert_eq!(zksh(server).script(&delete).stderr, "");
                }
                eprintln!("{last} scripts of {class:?} on {}", self.many);
            }
            first = last;
        }
        None
    }

    /// Checks that a class has the same effect with the barrier, and another one without.
    fn check(&self, class: Class, seeds: Range<u64>, name: &str) {
        if let Some(difference) = self.difference(class, seeds, true) {
            panic!("{class:?} on {name}: {difference}");
        }
    }

    fn differs_without_barrier(&self, class: Class, name: &str) {
        let difference = self.difference(class, 1..WITHOUT_BARRIER, false);
        assert!(difference.is_some(), "{class:?} makes no difference on {name}");
    }
}

fn describe(one: &Played, many: &Played, seed: u64) -> String {
    let differs = |one: &str, many: &str| {
        let place = one.lines().zip(many.lines()).position(|(one, many)| one != many);
        let place = place.unwrap_or_else(|| one.lines().count().min(many.lines().count()));
        let near = |text: &str| {
            text.lines().skip(place.saturating_sub(4)).take(9).collect::<Vec<_>>().join("\n")
        };
        format!("one by one:\n{}\npipelined:\n{}", near(one), near(many))
    };
    let what = if one.ran.stderr != many.ran.stderr {
        differs(&one.ran.stderr, &many.ran.stderr)
    } else if one.ran.stdout != many.ran.stdout {
        differs(&one.ran.stdout, &many.ran.stdout)
    } else {
        differs(&one.tree, &many.tree)
    };
    format!("seed {seed} and those after it: {what}")
}

/// Starts a server that enforces hard limits, and checks requests as late as Apache's server or
/// immediately.
fn sandbox(flush_delay: Duration) -> sandbox::Handle {
    let settings = Settings {
        max_connections: 0,
        enforce_quota: true,
        flush_delay,
        // The digest of super:secret.
        super_digest: Some("super:lK75jTNcA+U9vtVEw5vB51mj/w4=".to_owned()),
        ..Settings::default()
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    sandbox::start(listener, settings, Clock::System).unwrap()
}

/// Returns the seeds of the scripts to play.
fn seeds(few: u64) -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let first: u64 = number("ZKSH_SEED").unwrap_or(1);
    first..first + number("ZKSH_RANDOM").unwrap_or(few)
}

/// Returns whether a number of scripts was given.
fn is_large() -> bool {
    std::env::var_os("ZKSH_RANDOM").is_some()
}

/// Returns whether to play on this engine.
fn is_wanted(engine: &str) -> bool {
    std::env::var("ZKSH_ENGINES").map_or(true, |wanted| wanted == engine)
}

/// Returns a release that checks identities late and one that has hard limits, or all releases in a
/// large run.
fn chosen() -> Vec<&'static Release> {
    let all = || releases().iter().filter(|release| is_wanted(&release.version));
    if is_large() {
        return all().collect();
    }
    let kinds = ["3.4", "3.9"].map(numbers);
    let of_kind = |kind: &Vec<u32>| all().find(|one| numbers(&one.version).starts_with(kind));
    kinds.iter().filter_map(of_kind).collect()
}

#[test]
fn on_a_late_sandbox_pipelined_scripts_have_the_same_effect() {
    if !is_wanted("sandbox") {
        return;
    }
    let (at_once, late) = (sandbox(Duration::ZERO), sandbox(Duration::from_millis(1)));
    let (at_once, late) = (at_once.address().to_string(), late.address().to_string());
    let place = Place { one: &at_once, many: &late };
    place.check(Class::All, seeds(12), "the sandbox");
    if is_large() {
        return;
    }
    // A client that waits for each reply does not notice late checks.
    Place { one: &late, many: &at_once }.check(Class::All, 1..3, "the sandbox");
    for class in [Class::Acls, Class::Quotas, Class::Multis] {
        place.differs_without_barrier(class, "the sandbox");
    }
    // Servers track versions, children, sequences and kinds for requests in flight
    // (`PrepRequestProcessor.getRecordForPath`). Since 3.6 a request also carries the identities
    // that its session had when it arrived (`ServerCnxn.getAuthInfo` copies them).
    for class in [Class::Rest, Class::Identities] {
        assert_eq!(place.difference(class, 1..7, false), None, "{class:?}");
    }
}

#[test]
fn on_apache_pipelined_scripts_have_the_same_effect() {
    std::thread::scope(|scope| {
        for release in chosen() {
            scope.spawn(|| on_release(release));
        }
    });
}

fn on_release(release: &Release) {
    let version = numbers(&release.version);
    let has = |since: &str| version >= numbers(since);
    let properties =
        [("zookeeper.enforceQuota", "true"), ("zookeeper.extendedTypesEnabled", "true")];
    let server = Server::with_properties(release, &properties);
    let (address, name) = (server.address(), release.version.as_str());
    let place = Place { one: &address, many: &address };
    // zksh sends no transactions to a 3.4 server, and there are no hard limits before 3.7.
    let (held, differing) = match () {
        () if has("3.7") => (vec![Class::All], vec![Class::Acls, Class::Quotas, Class::Multis]),
        () if has("3.6") => (vec![Class::All], vec![Class::Acls]),
        () if has("3.5") => (vec![Class::All], vec![Class::Acls, Class::Identities]),
        // Before 3.5, a request in flight sees identities that the session gains later.
        () => (vec![Class::Acls, Class::Identities], vec![Class::Acls, Class::Identities]),
    };
    for class in held {
        place.check(class, seeds(6), name);
    }
    for class in differing.into_iter().filter(|_| !is_large()) {
        place.differs_without_barrier(class, name);
    }
}

#[test]
fn hard_limits_of_other_clients_are_respected_in_a_script() {
    let late = sandbox(Duration::from_millis(1));
    let server = late.address().to_string();
    for how in [None, Some("connect"), Some("addauth digest ann:one")] {
        let others = "create /q\nsetquota -N 3 /q\n";
        assert_eq!(zksh(&server).script(others).status, 0);
        let creates: String = (0..20).fold(String::new(), |mut all, number| {
            writeln!(all, "create /q/{number}").unwrap();
            all
        });
        // After these commands the limits are read again.
        let how = how.map(|line| format!("{line}\n")).unwrap_or_default();
        let ran = zksh(&server).script(format!("create /first\n{how}{creates}"));
        assert_eq!(ran.stderr.matches("Quota has exceeded").count(), 18, "{}", ran.stderr);
        assert_eq!(zksh(&server).script("deleteall /q\ndelquota /q\ndelete /first\n").status, 0);
    }
    for command in ["setquota", "create", "set"] {
        let help = zksh(&server).args(["help", command]).succeed();
        assert!(help.contains("hard limit"), "{help}");
    }
}

//! Trees that are changed by a plan: it is applied exactly as shown, or not at all if something has
//! changed.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::engine::{engines, on_every_engine};
use crate::support::random::Random;
use crate::support::shell::{good, run, zksh};

/// Returns a script that creates a random tree at `/t`.
fn tree(random: &mut Random) -> String {
    let mut script = String::from("create /t top\n");
    for _ in 0..random.below(16) {
        let mut path = String::from("/t");
        for _ in 0..=random.below(3) {
            path = path + "/" + random.of(&["a", "b", "a!", "_", "c d"]);
        }
        let acl = random.of(&[
            "world:anyone:cdrwa",
            "ip:127.0.0.1:cdrwa",
            "world:anyone:cdrwa,ip:10.0.0.1:r",
        ]);
        let kind = random.of(&["", "", "", "-c "]);
        let data = random.below(4);
        writeln!(script, "create --parents --if-absent {kind}'{path}' {data} {acl}").unwrap();
    }
    script
}

#[test]
fn a_kept_plan_turns_any_tree_into_any_other() {
    for engine in engines() {
        eprintln!("on {}", engine.name);
        let folder = tempfile::tempdir().unwrap();
        let [wanted, plan] =
            ["wanted", "plan"].map(|name| folder.path().join(name).display().to_string());
        // ZooKeeper 3.4 has no containers.
        let rounds = match engine.name.as_str() {
            "sandbox" => 4,
            _ if engine.version >= vec![3, 5] => 2,
            _ => 0,
        };
        for seed in 0..rounds {
            let mut random = Random(seed);
            let (one, other) = (engine.fresh(), engine.fresh());
            for server in [&one, &other] {
                let ran = zksh(server).script(tree(&mut random));
                assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{}", engine.name);
            }
            good(&other, &["save", "--force", "/t", &wanted]);
            let planned = run(&one, &["plan", "--prune", "-o", &plan, &wanted]);
            let differs = run(&one, &["diff", "-q", "-f", &wanted, "/t"]).status;
            assert_eq!(planned.status, differs, "{}", planned.stderr);
            good(&one, &["apply", &plan]);
            good(&one, &["diff", "-f", &wanted, "/t"]);
            good(&one, &["plan", "--prune", &wanted]);
            // A second application has nothing left to do.
            assert!(good(&one, &["apply", &plan]).starts_with("nothing, "));
        }
    }
}

#[test]
fn a_plan_is_refused_if_a_znode_of_it_has_changed_since() {
    on_every_engine(|engine| {
        let folder = tempfile::tempdir().unwrap();
        let [wanted, plan] =
            ["wanted", "plan"].map(|name| folder.path().join(name).display().to_string());
        let acl = "[{\"scheme\":\"world\",\"id\":\"anyone\",\"perms\":\"cdra\"}]";
        let lines = [
            "{\"path\":\"/app\"}\n{\"path\":\"/app/new\",\"data\":{\"text\":\"n\"}}\n".to_owned(),
            "{\"path\":\"/app/set\",\"data\":{\"text\":\"2\"}}\n".to_owned(),
            format!("{{\"path\":\"/app/acl\",\"acl\":{acl}}}\n"),
        ];
        fs::write(&wanted, lines.concat()).unwrap();
        let made = "create /app\ncreate /app/set 1\ncreate /app/acl\ncreate /app/old\n";
        for (meanwhile, told) in [
            ("create /app/new", "/app/new has changed since the plan was made"),
            ("set /app/set theirs", "/app/set has changed since the plan was made"),
            ("setAcl /app/acl world:anyone:cdrwa", "/app/acl has changed"),
            ("set /app/old theirs", "/app/old has changed"),
            ("delete /app/set\ncreate /app/set 1", "/app/set has changed"),
            ("delete /app/acl", "/app/acl has changed"),
            ("deleteall /app", "/app was deleted since the plan was made"),
            (
                "deleteall /app\ncreate /app\ncreate /app/set 1\ncreate /app/acl\ncreate /app/old",
                "The plan was made for another /app, or it was deleted and created again since",
            ),
        ] {
            let server = engine.fresh();
            zksh(&server).script(made);
            let planned = run(&server, &["plan", "-q", "--prune", "-o", &plan, &wanted]);
            let shown = "+ /app/new\n~ /app/acl (ACL)\n- /app/old\n~ /app/set (data)\n";
            let sorted = |text: &str| {
                let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            assert_eq!((planned.status, sorted(&planned.stdout)), (4, sorted(shown)));
            assert_eq!(zksh(&server).script(meanwhile).status, 0, "{meanwhile}");
            let before = good(&server, &["ls", "-R", "/"]);
            let ran = run(&server, &["apply", &plan]);
            assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{meanwhile}");
            assert!(ran.stderr.contains(told), "{meanwhile}: {}", ran.stderr);
            assert!(ran.stderr.contains("nothing was applied"), "{meanwhile}: {}", ran.stderr);
            assert_eq!(good(&server, &["ls", "-R", "/"]), before);
        }
        // Znodes that are not in the plan may change.
        let server = engine.fresh();
        zksh(&server).script(made);
        run(&server, &["plan", "-o", &plan, &wanted]);
        good(&server, &["create", "/app/old/child"]);
        let dry = good(&server, &["apply", "-n", &plan]);
        assert!(dry.contains("+ /app/new\n") && dry.contains("would be: "), "{dry}");
        assert!(
            good(&server, &["apply", &plan]).starts_with("1 created, 1 changed, 1 with another")
        );
    });
}

#[test]
fn apply_with_a_plan_takes_no_path_and_plan_replaces_no_other_file() {
    let server = engines().swap_remove(0).fresh();
    let folder = tempfile::tempdir().unwrap();
    let [wanted, plan] =
        ["wanted", "plan"].map(|name| folder.path().join(name).display().to_string());
    fs::write(&wanted, "{\"path\":\"/app\"}\n").unwrap();
    assert_eq!(run(&server, &["plan", "-o", &plan, &wanted]).status, 4);
    // `plan -o` replaces an existing plan, but no other file.
    assert_eq!(run(&server, &["plan", "-o", &plan, &wanted]).status, 4);
    let ran = run(&server, &["plan", "-o", &wanted, &wanted]);
    assert_eq!((ran.status, ran.stderr), (1, format!("{wanted} exists and is not a plan\n")));
    let ran = run(&server, &["apply", &plan, "/other"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("is a saved plan: it takes no path, --prune or --persist-ephemerals"),
        "{}",
        ran.stderr
    );
    // `load` refuses a plan.
    let ran = run(&server, &["load", &plan]);
    assert!(ran.status == 1 && ran.stderr.contains("plan"), "{}", ran.stderr);
    let text = fs::read_to_string(&plan).unwrap();
    for (broken, told) in [
        (&text[..text.len() - 20], "EOF"),
        (
            text.split_inclusive('\n').take(2).collect::<String>().as_str(),
            "the end line is missing",
        ),
        (&text.replace("\"/app\",\"data\"", "\"/\",\"data\""), "/ is outside /app"),
    ] {
        fs::write(&plan, broken).unwrap();
        let ran = run(&server, &["apply", &plan]);
        assert_eq!((ran.status, ran.stdout.as_str()), (1, ""), "{told}");
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
        assert!(ran.stderr.contains("nothing was changed"), "{told}: {}", ran.stderr);
    }
    assert_eq!(good(&server, &["ls", "/"]), "[]\n");
    // An empty plan is valid too, with status 0.
    good(&server, &["create", "/app"]);
    fs::remove_file(&plan).unwrap();
    good(&server, &["plan", "-o", &plan, &wanted]);
    assert!(good(&server, &["apply", &plan]).starts_with("nothing, "));
    // If a part of the plan is refused, no plan is written.
    fs::write(&wanted, "{\"path\":\"/app\"}\n{\"path\":\"/app/e\",\"kind\":\"ephemeral\"}\n")
        .unwrap();
    fs::remove_file(&plan).unwrap();
    let ran = run(&server, &["plan", "-o", &plan, &wanted]);
    assert!(ran.status == 1 && ran.stderr.contains("no plan was written"), "{}", ran.stderr);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// Writes a file with a tree of this many znodes.
fn large(file: &Path, znodes: usize) {
    let lines = (0..znodes).map(|number| {
        let acl = "[{\"scheme\":\"world\",\"id\":\"anyone\",\"perms\":\"cdra\"}]";
        let acl = if number % 50 == 0 { format!(",\"acl\":{acl}") } else { String::new() };
        format!("{{\"path\":\"/app/n{number:05}\",\"data\":{{\"text\":\"{number}\"}}{acl}}}\n")
    });
    let text = "{\"path\":\"/app\"}\n".to_owned() + &lines.collect::<String>();
    fs::write(file, text).unwrap();
}

#[test]
fn a_killed_apply_can_be_continued() {
    on_every_engine(|engine| {
        let folder = tempfile::tempdir().unwrap();
        let [wanted, plan] =
            ["wanted", "plan"].map(|name| folder.path().join(name).display().to_string());
        large(Path::new(&wanted), 2000);
        let server = engine.fresh();
        // Some znodes exist already: some of them must be changed, and others deleted.
        let there = (0..750).map(|number| format!("create /app/n{:05} old\n", number * 3));
        let script = "create /app\n".to_owned() + &there.collect::<String>();
        assert_eq!(zksh(&server).script(script).status, 0);
        assert_eq!(run(&server, &["plan", "-q", "--prune", "-o", &plan, &wanted]).status, 4);
        let begun = Instant::now();
        good(&server, &["apply", "--dry-run", &plan]);
        let alone = u64::try_from(begun.elapsed().as_millis()).unwrap();
        let mut random = Random(7);
        for _ in 0..10 {
            let mut child = zksh(&server).args(["apply", &plan]).start();
            std::thread::sleep(Duration::from_millis(alone / 2 + random.below(alone)));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        good(&server, &["apply", &plan]);
        good(&server, &["diff", "-f", &wanted, "/app"]);
    });
}

#[test]
fn refused_steps_are_reported_and_the_rest_is_applied() {
    on_every_engine(|engine| {
        let server = engine.fresh();
        let folder = tempfile::tempdir().unwrap();
        let [wanted, plan] =
            ["wanted", "plan"].map(|name| folder.path().join(name).display().to_string());
        let acl = "[{\"scheme\":\"nosuch\",\"id\":\"x\",\"perms\":\"cdrwa\"}]";
        let lines = [
            "{\"path\":\"/app\"}\n{\"path\":\"/app/a\"}\n".to_owned(),
            format!("{{\"path\":\"/app/refused\",\"acl\":{acl}}}\n"),
            "{\"path\":\"/app/z\"}\n".to_owned(),
        ];
        fs::write(&wanted, lines.concat()).unwrap();
        assert_eq!(zksh(&server).script("create /app\ncreate /app/old\n").status, 0);
        assert_eq!(run(&server, &["plan", "-q", "--prune", "-o", &plan, &wanted]).status, 4);
        // Another client has created a child of the znode to delete. The version of the znode is
        // the same.
        good(&server, &["create", "/app/old/child"]);
        let ran = run(&server, &["apply", &plan]);
        assert_eq!(ran.status, 1, "{}", ran.stdout);
        assert!(ran.stderr.contains("Acl is not valid : /app/refused"), "{}", ran.stderr);
        assert!(ran.stderr.contains("Node not empty: /app/old"), "{}", ran.stderr);
        assert!(ran.stdout.contains("2 created, 0 unchanged, 2 failed"), "{}", ran.stdout);
        let left = good(&server, &["ls", "-R", "/app"]);
        assert_eq!(left, "/app\n/app/a\n/app/old\n/app/z\n/app/old/child\n");
    });
}

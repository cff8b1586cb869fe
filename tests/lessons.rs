//! Plays every built-in lesson to its end in the shell itself: every mistake and every way of each
//! step, on the sandbox and on Apache's server; the demonstration in each language; and at a
//! prompt, like a learner.

mod prompt;

use std::path::Path;

use zksh::language::Language;
use zksh::lesson::{Available, LESSONS, Source, built_in};

use crate::support::engine::engines;
use crate::support::shell::{Ran, Zksh, bare, zksh};

/// Describes a run on a sandbox of its own, with as many servers as the lesson needs.
fn on_sandbox(lesson: &str) -> Zksh {
    let servers = built_in(lesson).unwrap().0.needs.servers.max(1).to_string();
    let sandbox = ["--sandbox=127.0.0.1:0", "--sandbox-set", "tickTime=500", "--sandbox-servers"];
    bare().args(sandbox).arg(&servers)
}

/// Writes a lesson's files to a folder. Returns the file of its structure.
fn write(source: &Source, folder: &Path) -> String {
    for (language, text) in source.texts {
        let name = format!("{}.{}.txt", source.name, language.code());
        std::fs::write(folder.join(name), text).unwrap();
    }
    let file = folder.join(format!("{}.lesson", source.name));
    std::fs::write(&file, source.structure).unwrap();
    file.display().to_string()
}

/// Plays lessons in parallel, because each mostly waits. Returns the errors.
fn all_at_once<T: Sync>(items: &[T], play: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    std::thread::scope(|scope| {
        let play = &play;
        let played: Vec<_> = items.iter().map(|item| scope.spawn(move || play(item))).collect();
        played.into_iter().filter_map(|played| played.join().unwrap()).collect()
    })
}

fn failure(what: &str, ran: &Ran) -> String {
    format!("{what}: status {}\n{}\n{}", ran.status, ran.stdout, ran.stderr)
}

#[test]
fn every_way_and_every_mistake_of_every_lesson_plays_in_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = all_at_once(LESSONS, |source| {
        let file = write(source, folder.path());
        let ran = on_sandbox(source.name).args(["lesson", "check", &file]).run();
        let done = ran.status == 0 && ran.stdout.ends_with(" in en, zh read and played\n");
        (!done).then(|| failure(source.name, &ran))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_lesson_plays_on_a_real_server_below_its_own_znode() {
    // Use only the newest server, because most of the time is spent waiting until sessions expire.
    let Some(apache) = engines().pop().filter(|engine| engine.release.is_some()) else { return };
    let server = apache.private();
    let available = Available { release: Some(apache.version.clone()), servers: 0 };
    let folder = tempfile::tempdir().unwrap();
    let wrong = all_at_once(LESSONS, |source| {
        let file = write(source, folder.path());
        let ran = zksh(&server.address()).args(["lesson", "check", &file, "--anywhere"]).run();
        let ending = match built_in(source.name).unwrap().0.needs.missing(&available) {
            Some(missing) => format!("read; not played, since it needs {missing}\n"),
            None => "read and played\n".to_owned(),
        };
        let done = ran.status == 0 && ran.stdout.ends_with(&ending);
        (!done).then(|| failure(source.name, &ran))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(zksh(&server.address()).args(["ls", "/"]).succeed(), "[zookeeper]\n");
}

#[test]
fn without_a_terminal_every_lesson_shows_itself_in_each_language() {
    let all: Vec<(&Source, Language)> =
        LESSONS.iter().flat_map(|source| Language::ALL.map(|it| (source, it))).collect();
    let wrong = all_at_once(&all, |(source, language)| {
        let (lesson, texts) = built_in(source.name).unwrap();
        let words = ["learn", source.name, "--lang", language.code()];
        let ran = on_sandbox(source.name).args(words).run();
        let titles = lesson.steps.iter().map(|step| &texts[language].get(&step.key).title);
        let steps = lesson.steps.len();
        let has_all = titles.enumerate().all(|(index, title)| {
            ran.stdout.contains(&format!("\n{}/{steps} {title}\n", index + 1))
        });
        (ran.status != 0 || !has_all).then(|| failure(source.name, &ran))
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_locale_sets_the_language_of_lessons_and_glossary_only() {
    let chinese = || bare().env("LC_ALL", "zh_CN.UTF-8").arg("--sandbox=127.0.0.1:0");
    let ran = chinese().script("lesson\nhelp zxid\nlang en\nhelp zxid\nls /none\nlesson none\n");
    let (first, second) = ran.stdout.split_once("zxid").unwrap();
    assert!(first.contains("lesson 名称"), "{first}");
    assert!(second.contains("事务") && second.contains("transaction"), "{second}");
    assert!(ran.stderr.contains("Node does not exist: /none"), "{}", ran.stderr);
    assert!(ran.stderr.contains("There is no lesson none"), "{}", ran.stderr);
}

#[test]
fn missing_requirements_of_a_lesson_are_reported() {
    let sandbox = || bare().arg("--sandbox=127.0.0.1:0");
    let ran = sandbox().args(["lesson", "ensemble"]).run();
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("The lesson ensemble needs servers=3"), "{}", ran.stderr);
    // A lesson uses a real server only if the user asks for that.
    let server = engines()[0].private();
    let ran = zksh(&server.address()).args(["lesson", "versions"]).run();
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("Lessons are played in a sandbox"), "{}", ran.stderr);
    let ran = zksh(&server.address()).args(["learn", "versions"]).run();
    assert!(ran.stderr.contains("learn starts a sandbox, --server names a server"), "{ran:?}");
    assert_eq!(bare().args(["learn", "nothing"]).run().status, 2);
    // With that option, below a chroot, a lesson leaves nothing behind.
    zksh(&server.address()).args(["create", "/mine", "kept"]).succeed();
    let below = format!("{}/mine", server.address());
    let ran = zksh(&below).args(["learn", "versions", "--anywhere"]).run();
    assert_eq!(ran.status, 0, "{ran:?}");
    assert_eq!(zksh(&server.address()).args(["ls", "-R", "/mine"]).succeed(), "/mine\n");
}

#[test]
fn the_errors_of_a_lesson_name_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let source = LESSONS.iter().find(|source| source.name == "versions").unwrap();
    let file = write(source, folder.path());
    let check = |structure: &str| {
        std::fs::write(&file, structure).unwrap();
        on_sandbox("versions").args(["lesson", "check", &file]).run()
    };
    // An error in the files: a program, and a key without a text.
    let bad = source.structure.replacen("try: A> get /count", "try: A> watch / -- id", 1);
    let ran = check(&bad.replacen("say: ", "say: un", 1));
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("versions.lesson:8: A lesson may not type watch"), "{ran:?}");
    // An error in playing: a way that leads elsewhere.
    let bad = source.structure.replacen("and: A> set /count 11", "and: A> set /count 12", 1);
    let ran = check(&bad);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(
        ran.stderr.contains("versions.lesson:8: After A> set /count 12 this way is taken for "),
        "{ran:?}"
    );
    let ran = check("lesson versions 1\nstep");
    assert!(ran.stderr.contains("versions.lesson:2: "), "{ran:?}");
    // A lesson from a file works like a built-in one.
    write(source, folder.path());
    let ran = on_sandbox("versions").args(["lesson", "run", &file]).run();
    assert_eq!(ran.status, 0, "{ran:?}");
}

#[test]
fn commands_control_the_servers_of_the_sandbox() {
    let ran = on_sandbox("ensemble").script(
        "server list\nserver kill 3\nserver pause 2\nserver lag 1 2s\nserver list\nserver start 2\n\
         server start 3\nserver lag 1 0\nserver partition 1 / 2,3\nserver list\nserver heal\n\
         server list\nserver kill 4\nserver partition 1 / 2\nserver lag 1 2h\nserver sleep\n",
    );
    let lists: Vec<&str> = ran.stdout.split_inclusive("replicated store\n").collect();
    assert_eq!(lists.len(), 4, "{}", ran.stdout);
    assert_eq!((lists[0].matches("leader").count(), lists[0].matches("follower").count()), (1, 2));
    assert!(lists[1].contains("killed") && lists[1].contains("paused"), "{}", lists[1]);
    assert!(lists[1].contains("lags 2 s"), "{}", lists[1]);
    assert!(lists[2].contains("side 1") && lists[2].contains("side 2"), "{}", lists[2]);
    assert!(!lists[3].contains("side") && !lists[3].contains("lags"), "{}", lists[3]);
    for wrong in [
        "There is no server 4: they are 1 to 3",
        "Name each server on one side of the partition: 3 is not",
        "Not a time: 2h",
        "server has no action sleep",
    ] {
        assert!(ran.stderr.contains(wrong), "{wrong}: {}", ran.stderr);
    }
}

//! Plays every lesson that comes with the shell to its end: every mistake and every way of each
//! step, on the sandbox and on Apache's server.

mod stage;

use std::time::{Duration, Instant};

use zksh::language::Language;
use zksh::lesson::{
    Available, Engine as Learner, LESSONS, Output, Progress, Request, Stage, built_in, play,
};

use self::stage::Shells;
use crate::support::PATIENCE;
use crate::support::engine::{Engine, engines};

fn play_on(engine: &Engine, name: &str) -> Option<String> {
    let (lesson, _) = built_in(name).unwrap();
    let available = Available { release: Some(engine.version.clone()), servers: 0 };
    if lesson.needs.missing(&available).is_some() {
        return None;
    }
    let mut shells = Shells::new(engine, &lesson);
    let faults = play(&lesson, &mut shells);
    let faults: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
    let told = format!("{name}.lesson on {}:\n{}", engine.name, faults.join("\n"));
    (!faults.is_empty()).then_some(told)
}

#[test]
fn every_lesson_can_be_played() {
    let names: Vec<&str> = LESSONS.iter().map(|source| source.name).collect();
    // One of Apache's releases: most of the time goes by until sessions have expired.
    let newest = engines().pop().filter(|engine| engine.release.is_some());
    for engine in engines().into_iter().take(1).chain(newest) {
        eprintln!("on {}", engine.name);
        // All at once: a lesson waits more than it works.
        let faults: Vec<String> = std::thread::scope(|scope| {
            let engine = &engine;
            let play = |name| scope.spawn(move || play_on(engine, name));
            let played: Vec<_> = names.iter().map(|name| play(*name)).collect();
            played.into_iter().filter_map(|play| play.join().unwrap()).collect()
        });
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

/// Does what a lesson asks for; returns what it has shown, and whether it has ended.
fn perform(learner: &Learner, outputs: Vec<Output>, shells: &mut Shells) -> (String, bool) {
    let mut shown = String::new();
    let mut ended = false;
    for output in outputs {
        match output {
            Output::Show(text) => shown.extend([text.as_str(), "\n"]),
            Output::Type(lines) => lines.iter().for_each(|line| {
                shells.run(line);
            }),
            Output::Await(step, most) => {
                assert!(shells.wait(most, &mut |effect| learner.is_done(step, effect)));
            }
            Output::Begin => shells.begin(),
            Output::Keep => {}
            Output::End => ended = true,
        }
    }
    (shown, ended)
}

/// Learns a lesson as a person does: types what is asked, goes back once, and comes to the end.
fn learn(engine: &Engine, name: &str, language: Language) {
    let (lesson, texts) = built_in(name).unwrap();
    let steps = lesson.steps.clone();
    let mut shells = Shells::new(engine, &lesson);
    let mut learner = Learner::new(lesson, texts, language);
    let outputs = learner.start(&Progress::default());
    perform(&learner, outputs, &mut shells);
    let mut has_gone_back = false;
    let mut all = String::new();
    loop {
        let step = learner.step().unwrap().clone();
        if step.key == steps[2].key && !has_gone_back {
            has_gone_back = true;
            let outputs = learner.request(Request::Back);
            perform(&learner, outputs, &mut shells);
            assert_eq!(learner.step().unwrap().key, steps[1].key, "{name}");
            continue;
        }
        for line in &step.ways[0].lines {
            shells.run(line);
        }
        let begun = Instant::now();
        let (shown, ended) = loop {
            let outputs = learner.observe(shells.effect());
            if !outputs.is_empty() {
                break perform(&learner, outputs, &mut shells);
            }
            assert!(begun.elapsed() < PATIENCE, "{name}: {} does not end", step.key);
            std::thread::sleep(Duration::from_millis(50));
        };
        all.push_str(&shown);
        if ended {
            break;
        }
    }
    let last = format!("{0}/{0} ", steps.len());
    assert!(all.contains(&last), "{all}");
}

#[test]
fn every_lesson_is_learned_to_its_end_in_every_language() {
    let sandbox = &engines()[0];
    let alone = Available { release: Some(sandbox.version.clone()), servers: 0 };
    std::thread::scope(|scope| {
        for source in LESSONS {
            let (lesson, _) = built_in(source.name).unwrap();
            if lesson.needs.missing(&alone).is_none() {
                for language in Language::ALL {
                    scope.spawn(move || learn(sandbox, source.name, language));
                }
            }
        }
    });
}

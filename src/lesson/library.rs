//! The built-in lessons.

use std::collections::BTreeMap;

use super::check::check;
use super::model::Lesson;
use super::needs::Available;
use super::progress::Progress;
use super::texts::Texts;
use crate::language::{Language, columns};

/// The files of a lesson.
#[derive(Debug, Clone, Copy)]
pub struct Source {
    /// The name.
    pub name: &'static str,
    /// The structure.
    pub structure: &'static str,
    /// The texts by language.
    pub texts: [(Language, &'static str); 2],
}

/// All built-in lessons, in the recommended order.
pub const LESSONS: &[Source] = &[
    Source {
        name: "first-steps",
        structure: include_str!("texts/first-steps.lesson"),
        texts: [
            (Language::English, include_str!("texts/first-steps.en.txt")),
            (Language::Chinese, include_str!("texts/first-steps.zh.txt")),
        ],
    },
    Source {
        name: "znodes",
        structure: include_str!("texts/znodes.lesson"),
        texts: [
            (Language::English, include_str!("texts/znodes.en.txt")),
            (Language::Chinese, include_str!("texts/znodes.zh.txt")),
        ],
    },
    Source {
        name: "ephemerals",
        structure: include_str!("texts/ephemerals.lesson"),
        texts: [
            (Language::English, include_str!("texts/ephemerals.en.txt")),
            (Language::Chinese, include_str!("texts/ephemerals.zh.txt")),
        ],
    },
    Source {
        name: "election",
        structure: include_str!("texts/election.lesson"),
        texts: [
            (Language::English, include_str!("texts/election.en.txt")),
            (Language::Chinese, include_str!("texts/election.zh.txt")),
        ],
    },
    Source {
        name: "workers",
        structure: include_str!("texts/workers.lesson"),
        texts: [
            (Language::English, include_str!("texts/workers.en.txt")),
            (Language::Chinese, include_str!("texts/workers.zh.txt")),
        ],
    },
    Source {
        name: "watches",
        structure: include_str!("texts/watches.lesson"),
        texts: [
            (Language::English, include_str!("texts/watches.en.txt")),
            (Language::Chinese, include_str!("texts/watches.zh.txt")),
        ],
    },
    Source {
        name: "locks",
        structure: include_str!("texts/locks.lesson"),
        texts: [
            (Language::English, include_str!("texts/locks.en.txt")),
            (Language::Chinese, include_str!("texts/locks.zh.txt")),
        ],
    },
    Source {
        name: "versions",
        structure: include_str!("texts/versions.lesson"),
        texts: [
            (Language::English, include_str!("texts/versions.en.txt")),
            (Language::Chinese, include_str!("texts/versions.zh.txt")),
        ],
    },
    Source {
        name: "transactions",
        structure: include_str!("texts/transactions.lesson"),
        texts: [
            (Language::English, include_str!("texts/transactions.en.txt")),
            (Language::Chinese, include_str!("texts/transactions.zh.txt")),
        ],
    },
    Source {
        name: "acls",
        structure: include_str!("texts/acls.lesson"),
        texts: [
            (Language::English, include_str!("texts/acls.en.txt")),
            (Language::Chinese, include_str!("texts/acls.zh.txt")),
        ],
    },
    Source {
        name: "groups",
        structure: include_str!("texts/groups.lesson"),
        texts: [
            (Language::English, include_str!("texts/groups.en.txt")),
            (Language::Chinese, include_str!("texts/groups.zh.txt")),
        ],
    },
    Source {
        name: "configuration",
        structure: include_str!("texts/configuration.lesson"),
        texts: [
            (Language::English, include_str!("texts/configuration.en.txt")),
            (Language::Chinese, include_str!("texts/configuration.zh.txt")),
        ],
    },
    Source {
        name: "ensemble",
        structure: include_str!("texts/ensemble.lesson"),
        texts: [
            (Language::English, include_str!("texts/ensemble.en.txt")),
            (Language::Chinese, include_str!("texts/ensemble.zh.txt")),
        ],
    },
];

/// Returns a built-in lesson.
pub fn built_in(name: &str) -> Option<(Lesson, BTreeMap<Language, Texts>)> {
    let source = LESSONS.iter().find(|source| source.name == name)?;
    // A test parses all of them.
    check(source.structure, &source.texts).ok()
}

/// Returns the list of all lessons: the topic of each, the learner's progress, and missing
/// requirements.
pub fn menu(progress: &Progress, available: &Available, language: Language) -> String {
    let lines = LESSONS.iter().filter_map(|source| {
        let (lesson, texts) = built_in(source.name)?;
        let title = &texts.get(&language)?.get("lesson").title;
        let steps = lesson.steps.len();
        let at = progress.step(source.name);
        let at = at.and_then(|key| lesson.steps.iter().position(|step| step.key == key));
        let mark = match at {
            _ if progress.is_finished(source.name) => "✓".to_owned(),
            Some(at) => format!("{}/{steps}", at + 1),
            None => String::new(),
        };
        let lacks = lesson.needs.missing(available).map(|needs| match language {
            Language::English => format!(" (needs {needs})"),
            Language::Chinese => format!("（需要 {needs}）"),
        });
        let room = " ".repeat(5_usize.saturating_sub(columns(&mark)));
        Some(format!("{mark}{room}{:<15}{title}{}", source.name, lacks.unwrap_or_default()))
    });
    let mut lines: Vec<String> = lines.collect();
    lines.push(match language {
        Language::English => "lesson NAME begins one, or takes it up again.".to_owned(),
        Language::Chinese => "lesson 名称 开始或继续一课。".to_owned(),
    });
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_lesson_can_be_read_in_every_language() {
        for source in LESSONS {
            let (lesson, texts) = check(source.structure, &source.texts).unwrap_or_else(|faults| {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                panic!("{}\n{}", source.name, faults.join("\n"))
            });
            assert_eq!(lesson.name, source.name);
            assert_eq!(texts.len(), Language::ALL.len());
        }
    }

    #[test]
    fn most_steps_have_two_ways_and_every_one_two_mistakes() {
        for source in LESSONS {
            let (lesson, _) = built_in(source.name).unwrap();
            for step in &lesson.steps {
                assert!(step.ways.len() >= 2, "{}: {}", source.name, step.key);
                assert!(step.mistakes.len() >= 2, "{}: {}", source.name, step.key);
            }
        }
    }

    #[test]
    fn the_menu_shows_progress_and_missing_requirements() {
        let mut progress = Progress::default();
        progress.finish("first-steps");
        progress.reach("election", "watch");
        let available = Available { release: Some(vec![3, 5]), servers: 0 };
        for language in Language::ALL {
            let menu = menu(&progress, &available, language);
            let line = |name: &str| menu.lines().find(|line| line.contains(name)).unwrap();
            assert!(line("first-steps").starts_with('✓'));
            assert!(line("election").starts_with("5/8 "));
            assert!(line("watches").contains("release=3.6"));
            assert!(line("ensemble").contains("servers=3"));
            assert!(menu.lines().all(|line| columns(line) <= 76), "{menu}");
            assert_eq!(menu.lines().count(), LESSONS.len() + 1);
        }
    }

    #[test]
    fn chinese_texts_use_one_term_for_each_concept() {
        let glossary = include_str!("../glossary/texts/glossary.zh.txt");
        let lessons = LESSONS.iter().flat_map(|source| source.texts);
        let chinese = lessons.filter(|(language, _)| *language == Language::Chinese);
        let texts: Vec<&str> = chinese.map(|(_, text)| text).chain([glossary]).collect();
        // The terms of the Chinese editions of the books, and other terms in use for the same.
        for (term, others) in [
            ("临时节点", &["短暂节点", "瞬时节点", "瞬态节点", "暂时节点"][..]),
            ("顺序节点", &["有序节点", "序列节点"]),
            ("持久节点", &["永久节点"]),
            ("监视点", &["监视器", "观察点", "监听器", "监听点"]),
            ("会话", &["session 会", "对话"]),
            ("仲裁", &["法定人数", "多数派"]),
            ("群首", &["领导者", "领袖", "领导节点"]),
            ("追随者", &["跟随者", "从属者"]),
            ("观察者", &["旁观者"]),
            ("版本号", &["版本编号"]),
            ("羊群效应", &["惊群"]),
            ("节点", &["结点"]),
        ] {
            assert!(texts.iter().any(|text| text.contains(term)), "{term}");
            for other in others {
                assert!(!texts.iter().any(|text| text.contains(other)), "{other}: {term}");
            }
        }
    }
}

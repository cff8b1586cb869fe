//! The texts that a learner sees, wrapped to the width of the screen and escaped.

use super::effect::Effect;
use super::model::{Lesson, Step};
use super::texts::Texts;
use crate::language::{Language, wrap};
use crate::output::escape::{self, Newlines};

/// The maximum width of lines in columns. Wider lines are hard to read.
const WIDEST: usize = 76;

/// The fixed words of lessons.
pub(super) struct Words {
    pub(super) keys: &'static str,
    pub(super) zkcli: &'static str,
    pub(super) typed: &'static str,
    pub(super) first: &'static str,
    pub(super) not_yet: &'static str,
    pub(super) skipped: &'static str,
    pub(super) again: &'static str,
    pub(super) stopped: &'static str,
    pub(super) stopped_file: &'static str,
}

pub(super) fn words(language: Language) -> Words {
    match language {
        Language::English => Words {
            keys: "next · hint · back · skip · stop · explain WORD · lang zh",
            zkcli: "What zkCli shows:",
            typed: "Type:",
            first: "This is the first step; it begins again.",
            not_yet: "Not yet. This is what is asked; hint helps, skip does it for you.",
            skipped: "Done for you:",
            again: "The step begins again.",
            stopped: "The lesson is stopped here; `lesson NAME` takes it up again:",
            stopped_file: "The lesson is stopped here; `lesson run` with its file takes it up again:",
        },
        Language::Chinese => Words {
            keys: "next · hint · back · skip · stop · explain 术语 · lang en",
            zkcli: "zkCli 中的样子：",
            typed: "输入：",
            first: "这已经是第一步，从头再来。",
            not_yet: "还没有完成。下面是这一步的要求；hint 给出提示，skip 替你完成。",
            skipped: "已替你完成：",
            again: "这一步从头再来。",
            stopped: "课程停在这里，随时可以用 lesson 名称 继续：",
            stopped_file: "课程停在这里，随时可以用 lesson run 文件 继续：",
        },
    }
}

/// Formats texts for a screen of `columns` columns.
pub(super) struct Writer<'a> {
    pub(super) language: Language,
    pub(super) columns: usize,
    pub(super) texts: &'a Texts,
    pub(super) effect: &'a Effect,
}

impl Writer<'_> {
    /// Returns the start of a lesson: its title, its introduction, and the keys.
    pub(super) fn head(&self, lesson: &Lesson) -> String {
        let block = self.texts.get("lesson");
        let sessions = lesson.sessions.iter().map(|session| session.name.as_str());
        let sessions: Vec<&str> = sessions.collect();
        let mut lines = self.wrapped(&block.title);
        lines.extend(self.wrapped(&block.text));
        lines.push(String::new());
        lines.extend(self.wrapped(words(self.language).keys));
        if sessions.len() > 1 {
            let word = match self.language {
                Language::English => "Sessions: ",
                Language::Chinese => "会话：",
            };
            lines.extend(self.wrapped(&format!("{word}{}", sessions.join(", "))));
        }
        lines.join("\n")
    }

    /// Returns a step: its title with its number, the explanation, and the task.
    pub(super) fn step(&self, lesson: &Lesson, step: &Step) -> String {
        let block = self.texts.get(&step.key);
        let number = lesson.steps.iter().position(|other| other.key == step.key);
        let number = number.map_or(0, |index| index + 1);
        let mut lines = self.wrapped(&format!("{number}/{} {}", lesson.steps.len(), block.title));
        lines.extend(self.wrapped(&block.text));
        if !step.zkcli.is_empty() {
            lines.push(String::new());
            lines.extend(self.wrapped(words(self.language).zkcli));
            let shown: Vec<String> = step.zkcli.iter().map(|line| format!("  {line}")).collect();
            lines.extend(self.wrapped(&shown.join("\n")));
        }
        lines.push(String::new());
        lines.extend(self.marked("» ", &self.texts.get(&format!("{}.ask", step.key)).text));
        lines.join("\n")
    }

    /// Returns a text of a step.
    pub(super) fn part(&self, step: &Step, part: &str) -> String {
        self.wrapped(&self.texts.get(&format!("{}.{part}", step.key)).text).join("\n")
    }

    /// Returns lines with a mark before the first and blanks before the others.
    fn marked(&self, mark: &str, text: &str) -> Vec<String> {
        let room = self.columns.min(WIDEST).saturating_sub(2);
        let lines = wrap(&self.filled(text), room);
        let with = |(index, line): (usize, String)| match (index, line.is_empty()) {
            (0, _) => format!("{mark}{line}"),
            (_, true) => line,
            _ => format!("  {line}"),
        };
        lines.into_iter().enumerate().map(with).collect()
    }

    pub(super) fn wrapped(&self, text: &str) -> Vec<String> {
        wrap(&self.filled(text), self.columns.min(WIDEST))
    }

    /// Inserts session ids, and escapes control characters.
    fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("{id ") {
            let Some((name, after)) = behind.split_once('}') else { break };
            let id = self.effect.sessions.get(name).and_then(super::SessionState::id);
            filled.push_str(before);
            filled.push_str(&id.map_or_else(|| "0x…".to_owned(), |id| format!("0x{id:x}")));
            rest = after;
        }
        filled.push_str(rest);
        escape::to_terminal(filled.as_bytes(), Newlines::Keep).into_owned()
    }
}

//! The lesson to play: a built-in one, or one from files.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::language::Language;
use crate::lesson::{self, LESSONS, Lesson, MOST_BYTES, Texts};
use crate::state_folder::open_regular;

/// The extension of the file with a lesson's structure.
const ENDING: &str = "lesson";

/// A lesson with its texts.
#[derive(Debug, Clone)]
pub struct Course {
    /// The structure.
    pub lesson: Lesson,
    /// The texts by language.
    pub texts: BTreeMap<Language, Texts>,
    /// Whether the learner's progress is saved under its name.
    pub is_kept: bool,
}

impl Course {
    /// Returns a built-in lesson.
    ///
    /// # Errors
    /// Returns an error if there is no lesson of this name.
    pub fn built_in(name: &str) -> Result<Self> {
        let Some((lesson, texts)) = lesson::built_in(name) else {
            let error = Error::usage(format!("There is no lesson {name}"));
            let near = LESSONS
                .iter()
                .map(|source| (strsim::damerau_levenshtein(name, source.name), source.name))
                .filter(|(distance, _)| *distance <= 2)
                .min();
            return Err(match near {
                Some((_, near)) => error.with_hint(format!("did you mean {near}?")),
                None => error.with_hint("lesson lists them; lesson run FILE plays one of a file"),
            });
        };
        Ok(Self { lesson, texts, is_kept: true })
    }

    /// Reads a lesson from its files: `NAME.lesson`, and `NAME.en.txt` and `NAME.zh.txt` beside it.
    ///
    /// # Errors
    /// Returns an error if a file cannot be read, and otherwise the invalid lines.
    pub fn of_file(file: &Path) -> Result<Self> {
        let name = file.display().to_string();
        if file.extension().is_none_or(|ending| ending != ENDING) {
            return Err(Error::usage(format!("Not a lesson: {name} does not end with .{ENDING}")));
        }
        let structure = read(file)?;
        let mut texts = Vec::new();
        for language in Language::ALL {
            let beside = beside(file, language);
            if beside.exists() {
                texts.push((language, read(&beside)?));
            }
        }
        let lent: Vec<(Language, &str)> =
            texts.iter().map(|(language, text)| (*language, text.as_str())).collect();
        let (lesson, texts) = lesson::check(&structure, &lent).map_err(|problems| {
            let causes = problems.iter().map(|problem| {
                let of = problem.language.map_or(file.to_owned(), |it| beside(file, it));
                Error::new(Kind::Refused, format!("{}:{}", of.display(), problem.fault))
            });
            Error::new(Kind::Refused, format!("The lesson has faults: {name}"))
                .with_causes(causes.collect())
        })?;
        let is_kept = LESSONS.iter().all(|source| source.name != lesson.name);
        Ok(Self { lesson, texts, is_kept })
    }
}

/// Returns the path of the texts in a language.
fn beside(file: &Path, language: Language) -> PathBuf {
    file.with_extension(format!("{}.txt", language.code()))
}

/// Reads a file of a lesson. Reads at most one byte more than the maximum size.
fn read(file: &Path) -> Result<String> {
    let cannot = |why: &dyn std::fmt::Display| {
        Error::new(Kind::Refused, format!("Cannot read {}: {why}", file.display()))
    };
    let opened = open_regular(OpenOptions::new().read(true), file).map_err(|why| cannot(&why))?;
    let mut bytes = Vec::new();
    opened.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|why| cannot(&why))?;
    if bytes.len() > MOST_BYTES {
        return Err(cannot(&format!("a file of a lesson has {} KiB at most", MOST_BYTES / 1024)));
    }
    String::from_utf8(bytes).map_err(|_| cannot(&"it is not text"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn wrong(file: &Path) -> String {
        let error = Course::of_file(file).unwrap_err();
        let causes: Vec<String> = error.causes().iter().map(ToString::to_string).collect();
        format!("{error}\n{}", causes.join("\n"))
    }

    #[test]
    fn a_lesson_is_read_from_files_in_one_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("versions.lesson");
        let source = LESSONS.iter().find(|source| source.name == "versions").unwrap();
        std::fs::write(&file, source.structure).unwrap();
        assert!(wrong(&file).contains("versions.lesson:1: There are no texts"), "{}", wrong(&file));
        for (language, text) in source.texts {
            std::fs::write(beside(&file, language), text).unwrap();
        }
        let course = Course::of_file(&file).unwrap();
        assert_eq!(course.texts.len(), 2);
        assert!(!course.is_kept, "a built-in lesson has this name");
        std::fs::write(beside(&file, Language::Chinese), "[nothing]\n").unwrap();
        assert!(wrong(&file).contains("versions.zh.txt:1: "), "{}", wrong(&file));
    }

    #[test]
    fn only_small_files_of_text_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.lesson");
        assert!(wrong(&file).contains("No such file"), "{}", wrong(&file));
        std::fs::write(&file, vec![b'#'; MOST_BYTES + 1]).unwrap();
        assert!(wrong(&file).contains("has 256 KiB at most"), "{}", wrong(&file));
        std::fs::write(&file, b"\xff").unwrap();
        assert!(wrong(&file).contains("it is not text"), "{}", wrong(&file));
        std::fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        assert!(wrong(&file).contains("it is not a regular file"), "{}", wrong(&file));
        assert!(wrong(&folder.path().join("x.txt")).contains("does not end with .lesson"));
    }

    #[test]
    fn a_name_that_is_nearly_right_is_suggested() {
        let hint = |name: &str| Course::built_in(name).unwrap_err().hint().unwrap().to_owned();
        assert_eq!(hint("electon"), "did you mean election?");
        assert!(hint("astronomy").starts_with("lesson lists them"));
    }
}

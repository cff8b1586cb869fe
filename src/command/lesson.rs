//! `lesson`, and the requests of a learner to a running lesson.

use std::path::PathBuf;

use super::Command;
use crate::dispatch::{Context, Effects, Spec, Task, counted};
use crate::error::{Error, Kind, Result};
use crate::language::Language;
use crate::learn::{self, Course};
use crate::lesson::{Request, menu};
use crate::output::{Message, NoOutput, Report, Text};

/// List the lessons, or begin one
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
pub struct Lesson {
    /// Name of a lesson, run for one in a file, or check to test a file
    #[arg(value_name = "lesson")]
    name: Option<String>,
    /// File of the lesson, NAME.lesson; its texts are beside it
    #[arg(value_name = "file", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// Play on any server, below a znode that is deleted at the end
    #[arg(long)]
    anywhere: bool,
    /// Language, en or zh; the locale's by default
    #[arg(long, value_enum, value_name = "language", hide_possible_values = true)]
    lang: Option<Language>,
}

const USAGE: &str =
    "lesson [name] [--anywhere] [--lang en|zh] | lesson run file | lesson check file";

const EXAMPLE: &str = "\
A lesson explains, asks you to do something, and looks at the effect: any way to that effect is right.
It has its own sessions, usually A and B. next, hint, back, skip, stop and lang control it; all other
commands work as usual. Lessons are played in a sandbox (`zksh learn` starts one), or with --anywhere on
any server. Without a prompt, the lesson is printed, and types itself what it asks for.

lesson check plays every way and every mistake of a lesson in a file.

Example:
> lesson astronomy
! There is no lesson astronomy";

impl Spec for Lesson {
    const NAME: &'static str = "lesson";
    const TASK: Task = Task::Learn;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[
        ("learn", "lesson"),
        ("lessons", "lesson"),
        ("tutorial", "lesson"),
        ("teach", "lesson"),
        ("course", "lesson"),
    ];
    type Report = Box<dyn Report>;

    fn effects(&self) -> Effects {
        Effects { session: self.name.is_some(), is_long: true, ..Effects::SHELL }
    }

    async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        if let Some(language) = self.lang {
            cx.learning.set_language(language);
        }
        let Some(name) = &self.name else {
            let available = learn::available(cx).await;
            let menu = menu(&learn::progress(), &available, cx.learning.language());
            return Ok(Box::new(Message(menu)));
        };
        match (name.as_str(), &self.file) {
            ("check", Some(file)) => self.check(cx, Course::of_file(file)?).await,
            ("run", Some(file)) => self.play(cx, Course::of_file(file)?).await,
            ("run" | "check", None) => Err(Error::usage("Missing: file").with_usage(USAGE)),
            (_, Some(file)) => {
                let message = format!("Unexpected argument: {}", file.display());
                Err(Error::usage(message).with_usage(USAGE))
            }
            (name, None) => self.play(cx, Course::built_in(name)?).await,
        }
    }
}

impl Lesson {
    async fn play(&self, cx: &Context, course: Course) -> Result<Box<dyn Report>> {
        if cx.learning.has_prompt() {
            let text = learn::begin::<Command>(cx, course, self.anywhere).await?;
            return Ok(Box::new(Said { text }));
        }
        learn::demonstrate::<Command>(cx, course, self.anywhere).await?;
        Ok(Box::new(NoOutput {}))
    }

    async fn check(&self, cx: &Context, course: Course) -> Result<Box<dyn Report>> {
        let file = self.file.as_deref().unwrap_or(std::path::Path::new(""));
        cx.session.established().await?;
        let name = course.lesson.name.clone();
        let steps = counted(course.lesson.steps.len() as u64, "step", "steps");
        let languages: Vec<&str> = course.texts.keys().map(|language| language.code()).collect();
        let languages = languages.join(", ");
        if let Some(missing) = course.lesson.needs.missing(&learn::available(cx).await) {
            return Ok(Box::new(Message(format!(
                "{name}: {steps} in {languages} read; not played, since it needs {missing}"
            ))));
        }
        let faults = learn::check::<Command>(cx, course, self.anywhere).await?;
        if faults.is_empty() {
            let done = format!("{name}: {steps} in {languages} read and played");
            return Ok(Box::new(Message(done)));
        }
        let cause = |fault| Error::new(Kind::Refused, format!("{}:{fault}", file.display()));
        Err(Error::new(Kind::Refused, format!("The lesson {name} does not work as it says"))
            .with_causes(faults.iter().map(cause).collect()))
    }
}

/// The text of a lesson, with empty lines around it.
#[derive(Debug, serde::Serialize)]
pub struct Said {
    text: String,
}

impl Report for Said {
    fn text(&self, out: &mut Text<'_>) {
        out.line(format_args!("\n{}\n", self.text));
    }
}

/// Declares the commands that a learner can use during a lesson, each for one request.
macro_rules! requests {
    ($($name:literal $command:ident $request:expr, $about:literal, $example:literal;)+) => {
        $(
            #[doc = $about]
            #[derive(Debug, clap::Args)]
            #[command(override_usage = $name, after_long_help = $example)]
            pub struct $command {}

            impl Spec for $command {
                const NAME: &'static str = $name;
                const TASK: Task = Task::Learn;
                type Report = Said;

                fn effects(&self) -> Effects {
                    Effects::SHELL
                }

                async fn run(&self, cx: &Context) -> Result<Said> {
                    cx.learning.ask($request).await.map(|text| Said { text })
                }
            }
        )+
    };
}

requests! {
    "next" Next Request::Next, "Say again what the lesson asks for",
        "The lesson goes on by itself once a step is done.\n\nExample:\n> next\n! No lesson is running";
    "hint" Hint Request::Hint, "Get a hint for the lesson, then the line to type",
        "Example:\n> hint\n! No lesson is running";
    "back" Back Request::Back, "Undo this step of the lesson and the one before",
        "Example:\n> back\n! No lesson is running";
    "skip" Skip Request::Skip, "Have the lesson do its step",
        "Example:\n> skip\n! No lesson is running";
    "stop" Stop Request::Stop, "Leave the lesson; it goes on from there the next time",
        "The sessions of the lesson end, and what it has created is deleted.\n\n\
         Example:\n> stop\n! No lesson is running";
}

/// Choose the language of lessons and glossary
#[derive(Debug, clap::Args)]
#[command(override_usage = "lang en|zh", after_long_help = LANG_EXAMPLE)]
pub struct Lang {
    /// en or zh
    #[arg(value_enum, value_name = "language", hide_possible_values = true)]
    language: Language,
}

const LANG_EXAMPLE: &str = "\
The choice lasts until the shell ends, and affects only lessons and the glossary.

Example:
> lang zh
> lang en";

impl Spec for Lang {
    const NAME: &'static str = "lang";
    const TASK: Task = Task::Learn;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[("language", "lang")];
    type Report = Box<dyn Report>;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Box<dyn Report>> {
        cx.learning.set_language(self.language);
        if !cx.learning.is_on() {
            return Ok(Box::new(NoOutput {}));
        }
        let text = cx.learning.ask(Request::Language(self.language)).await?;
        Ok(Box::new(Said { text }))
    }
}

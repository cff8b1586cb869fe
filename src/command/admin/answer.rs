//! The answers of `admin`, and what is wrong with them.

use crate::error::{Error, Kind};
use crate::output::style::Style;
use crate::output::{Report, Text, json, pretty};
use crate::session::{AdminReply, ServerReply};
use crate::zk::ZnodePath;

/// A reply, and what is wrong with it.
pub(super) type Judged = (Reply, Option<Failure>);

/// Judges the reply to a four-letter word.
pub(super) fn to_word(word: &str, reply: ServerReply) -> Judged {
    let ServerReply { bytes, is_encrypted, cut } = reply;
    let refusal = format!("{word} is not executed because it is not in the white");
    let failure = if bytes.is_empty() {
        Some(Failure {
            why: format!("closes the connection without a reply to {word}"),
            kind: Kind::Lost,
            advice: "the server may not know this word".to_owned(),
        })
    } else if bytes.starts_with(refusal.as_bytes()) {
        let command = LONG_NAMES.iter().find(|(short, _)| *short == word);
        let command = command.map_or(word, |(_, long)| long);
        Some(Failure {
            why: format!("does not answer {word}: 4lw.commands.whitelist of its zoo.cfg lacks it"),
            kind: Kind::Refused,
            advice: format!("admin --http {command} asks the AdminServer, which has no whitelist"),
        })
    } else {
        cut.map(cut_failure)
    };
    let body = if bytes.is_empty() { Body::Nothing } else { Body::Text(bytes) };
    (Reply { body, is_encrypted }, failure)
}

/// The AdminServer's names for the words that users ask for most. It knows the words, too.
const LONG_NAMES: &[(&str, &str)] = &[
    ("mntr", "monitor"),
    ("conf", "configuration"),
    ("cons", "connections"),
    ("envi", "environment"),
    ("stat", "stats"),
    ("isro", "is_read_only"),
];

fn cut_failure(why: String) -> Failure {
    Failure { why, kind: Kind::Lost, advice: "what was read is printed".to_owned() }
}

/// Parses the list of commands, which is in HTML: `<a href="/commands/dump">dump</a>`.
pub(super) fn to_list(reply: AdminReply) -> Judged {
    let text = String::from_utf8_lossy(&reply.reply.bytes);
    let links = text.split("<a ").skip(1);
    let names = links.filter_map(|link| Some(link.split_once('>')?.1.split_once("</a>")?.0));
    let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
    let (mut answer, failure) = to_command(reply);
    if !names.is_empty() {
        answer.body = Body::Names(names);
    }
    (answer, failure)
}

/// Judges the AdminServer's reply to a command.
pub(super) fn to_command(AdminReply { status, reply }: AdminReply) -> Judged {
    let ServerReply { bytes, is_encrypted, cut } = reply;
    let parsed = serde_json::from_slice::<serde_json::Value>(&bytes).ok();
    let said = parsed.as_ref().and_then(|value| value["error"].as_str()).map(str::to_owned);
    let advice = "admin --http lists the commands".to_owned();
    let failure = match said {
        _ if cut.is_some() => cut.map(cut_failure),
        Some(said) => Some(Failure { why: format!("says: {said}"), kind: Kind::Refused, advice }),
        None if !(200..300).contains(&status) => {
            let why = format!("answers with status {status}");
            Some(Failure { why, kind: Kind::Refused, advice })
        }
        None if bytes.is_empty() => {
            let why = "answers with an empty page".to_owned();
            Some(Failure { why, kind: Kind::Lost, advice })
        }
        None => None,
    };
    let body = match parsed {
        _ if bytes.is_empty() => Body::Nothing,
        Some(_) => Body::Json(bytes),
        None => Body::Text(bytes),
    };
    (Reply { body, is_encrypted }, failure)
}

/// The answers of the servers.
#[derive(Debug, serde::Serialize)]
pub struct Answers {
    pub(super) answers: Vec<Answer>,
    /// Whether each answer has a heading.
    #[serde(skip)]
    pub(super) headed: bool,
}

/// The answer of a server.
#[derive(Debug, serde::Serialize)]
pub(super) struct Answer {
    pub(super) server: String,
    /// The word or command; empty for the list of commands.
    pub(super) asked: String,
    #[serde(flatten)]
    pub(super) reply: Option<Reply>,
    #[serde(flatten)]
    pub(super) failure: Option<Failure>,
}

#[derive(Debug, serde::Serialize)]
pub(super) struct Reply {
    #[serde(rename = "reply")]
    body: Body,
    #[serde(rename = "encrypted")]
    is_encrypted: bool,
}

/// What is wrong.
#[derive(Debug, serde::Serialize)]
pub(super) struct Failure {
    #[serde(rename = "failure")]
    pub(super) why: String,
    #[serde(skip)]
    pub(super) kind: Kind,
    pub(super) advice: String,
}

/// The contents of a reply.
#[derive(Debug)]
pub(super) enum Body {
    Nothing,
    Text(Vec<u8>),
    /// Valid JSON.
    Json(Vec<u8>),
    Names(Vec<String>),
}

impl serde::Serialize for Body {
    fn serialize<S: serde::Serializer>(&self, out: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Self::Nothing => out.serialize_none(),
            Self::Text(bytes) => json::bytes(bytes, out),
            Self::Json(bytes) => match serde_json::from_slice::<serde_json::Value>(bytes) {
                Ok(value) => Json { json: value }.serialize(out),
                Err(_) => json::bytes(bytes, out),
            },
            Self::Names(commands) => Names { commands }.serialize(out),
        }
    }
}

#[derive(serde::Serialize)]
struct Json {
    json: serde_json::Value,
}

#[derive(serde::Serialize)]
struct Names<'n> {
    commands: &'n [String],
}

impl Report for Answers {
    fn text(&self, out: &mut Text<'_>) {
        for Answer { server, reply, failure, .. } in &self.answers {
            if self.headed {
                out.look(Style::Key, |out| {
                    out.foreign(server);
                    out.own(":");
                });
                out.line("");
            }
            match reply.as_ref().map(|reply| &reply.body) {
                Some(Body::Text(bytes)) => {
                    out.data(bytes);
                    if !bytes.ends_with(b"\n") {
                        out.line("");
                    }
                }
                Some(Body::Json(bytes)) => pretty::show(&ZnodePath::root(), bytes, out),
                Some(Body::Names(names)) => {
                    for name in names {
                        out.foreign(name);
                        out.line("");
                    }
                }
                Some(Body::Nothing) | None => {}
            }
            // A single failure is the error of the command.
            if let Some(Failure { why, .. }) = failure.as_ref().filter(|_| self.headed) {
                out.look(Style::Wrong, |out| {
                    out.foreign(server);
                    out.own(' ');
                    out.foreign(why);
                });
                out.line("");
            }
        }
    }

    fn raw(&self) -> Option<Vec<u8>> {
        match self.answers.as_slice() {
            [
                Answer {
                    reply: Some(Reply { body: Body::Text(bytes) | Body::Json(bytes), .. }),
                    ..
                },
            ] => Some(bytes.clone()),
            _ => None,
        }
    }

    fn failure(&self) -> Option<Error> {
        self.error()
    }
}

impl Answers {
    /// Returns the error of all answers that are not as asked.
    pub(super) fn error(&self) -> Option<Error> {
        let failed = |answer: &'_ Answer| answer.failure.is_some();
        let failed: Vec<&Answer> = self.answers.iter().filter(|answer| failed(answer)).collect();
        let failure = failed.first()?.failure.as_ref()?;
        let message = if self.headed {
            let names: Vec<&str> = failed.iter().map(|answer| answer.server.as_str()).collect();
            format!("Not answered as asked: {}", names.join(", "))
        } else {
            let why = |answer: &&Answer| {
                let why = answer.failure.as_ref().map(|failure| failure.why.as_str());
                format!("{} {}", answer.server, why.unwrap_or_default())
            };
            failed.iter().map(why).collect::<Vec<_>>().join("; ")
        };
        Some(Error::new(failure.kind, message).with_hint(failure.advice.clone()))
    }
}

impl Answer {
    pub(super) fn has_body(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !matches!(reply.body, Body::Nothing))
    }
}

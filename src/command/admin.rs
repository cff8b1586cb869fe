//! `admin`: asks servers with four-letter words, or their AdminServer by HTTP.

mod words;

use futures_util::stream::{self, StreamExt as _};

use self::words::check;
pub(crate) use self::words::known;
use crate::dispatch::{Connects, Context, Effects, Spec, Task};
use crate::error::{Error, Kind, Result};
use crate::output::style::Style;
use crate::output::{Report, Text, json, pretty};
use crate::session::{AdminReply, CheckFailure, ServerReply, Session};
use crate::zk::{Host, ZnodePath};

/// The maximum number of servers that are asked at the same time.
const MAX_AT_ONCE: usize = 16;

/// The path of the AdminServer's commands (`admin.commandURL`).
const COMMANDS: &str = "/commands";

/// Ask servers by four-letter words, or their AdminServer
#[derive(Debug, clap::Args)]
#[command(override_usage = USAGE, after_long_help = EXAMPLE)]
pub struct Admin {
    /// Ask every server, each under a heading
    #[arg(short, long)]
    all: bool,
    /// Ask the AdminServer, on port 8080 or this one
    #[arg(
        long,
        value_name = "port",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "8080",
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    http: Option<u16>,
    /// Send it even if it may change the server
    #[arg(short, long)]
    yes: bool,
    /// Word of four letters, srvr by default; with --http a command, or their list
    #[arg(value_name = "word")]
    word: Option<String>,
}

const USAGE: &str = "admin [--all] [-y] [word] | admin --http[=port] [--all] [-y] [command]";

const EXAMPLE: &str = "\
The word goes to the server of the session; without a session, to the first of the list that answers.
It needs no session, and goes over the same TLS. A server answers the words that its
4lw.commands.whitelist names, by default only srvr. Words that change the server need -y: crst, srst,
kill, and all that zksh does not know.

--http asks the AdminServer on the same host: admin --http monitor. Nothing secret is sent to it. If
the session has TLS, it is asked over TLS with the same certificates, and a server that is not trusted
is asked nothing. If its port speaks no TLS, as is the default of Apache's, it is asked without, and
zksh says so.

Example:
> admin ruok
imok
> admin crst
! crst resets the statistics of all connections, and admin only reads";

impl Spec for Admin {
    const NAME: &'static str = "admin";
    const TASK: Task = Task::Ensemble;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] = &[
        ("srvr", "admin"),
        ("mntr", "admin mntr"),
        ("ruok", "admin ruok"),
        ("cons", "admin cons"),
        ("dump", "admin dump"),
        ("4lw", "admin"),
        ("monitor", "admin --http monitor"),
        ("metrics", "admin --http monitor"),
    ];
    const CONNECTS: Connects = Connects::ByItself;
    type Report = Answers;

    fn effects(&self) -> Effects {
        Effects::NONE.long(true)
    }

    async fn run(&self, cx: &Context) -> Result<Answers> {
        let asked = match (&self.word, self.http) {
            (Some(word), _) => word.as_str(),
            (None, Some(_)) => "",
            (None, None) => "srvr",
        };
        if !asked.is_empty() || self.http.is_none() || self.word.is_some() {
            check(asked, self.http.is_some(), self.yes)?;
        }
        let session = &*cx.session;
        let listed = session.servers().ok_or_else(|| {
            Error::usage("There are no servers yet").with_hint("connect host:port opens a session")
        })?;
        session.can_secure(&listed)?;
        let hosts = match self.all {
            true => listed.hosts().to_vec(),
            false => session.servers_to_ask().await,
        };
        let hosts = self.ports(hosts);
        let ask = |host: Host| self.ask(session, host, asked);
        let mut answers = Vec::new();
        if self.all {
            answers = stream::iter(hosts).map(ask).buffered(MAX_AT_ONCE).collect().await;
        } else {
            for host in hosts {
                let answer = ask(host).await;
                let has_answered = answer.reply.is_some();
                answers.push(answer);
                if has_answered {
                    answers.drain(..answers.len() - 1);
                    break;
                }
            }
        }
        let answers = Answers { answers, headed: self.all };
        match answers.error() {
            Some(error) if !self.all => {
                if answers.answers.iter().any(Answer::has_body) {
                    cx.show(&answers)?;
                }
                Err(error)
            }
            _ => Ok(answers),
        }
    }
}

impl Admin {
    /// Returns the hosts with the port to ask. Servers of one host share its AdminServer's port.
    fn ports(&self, hosts: Vec<Host>) -> Vec<Host> {
        let Some(port) = self.http else { return hosts };
        let mut found: Vec<Host> = Vec::new();
        for Host { name, .. } in hosts {
            let host = Host { name, port };
            if !found.contains(&host) {
                found.push(host);
            }
        }
        found
    }

    async fn ask(&self, session: &Session, host: Host, asked: &str) -> Answer {
        let (server, asked) = (host.to_string(), asked.to_owned());
        let replied = if self.http.is_none() {
            let replied = session.ask_word(&host, &asked).await;
            replied.map(|reply| word_answer(&asked, reply))
        } else if asked.is_empty() {
            let replied = session.ask_admin_server(&host, COMMANDS).await;
            replied.map(list_answer)
        } else {
            let path = format!("{COMMANDS}/{asked}");
            session.ask_admin_server(&host, &path).await.map(command_answer)
        };
        let (reply, failure) = match replied {
            Ok((reply, failure)) => (Some(reply), failure),
            Err(CheckFailure { why, advice }) => {
                (None, Some(Failure { why, kind: Kind::Lost, advice: advice.to_owned() }))
            }
        };
        Answer { server, asked, reply, failure }
    }
}

/// A reply, and what is wrong with it.
type Judged = (Reply, Option<Failure>);

fn word_answer(word: &str, reply: ServerReply) -> Judged {
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
    let body = match bytes.is_empty() {
        true => Body::Nothing,
        false => Body::Text(bytes),
    };
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
fn list_answer(reply: AdminReply) -> Judged {
    let text = String::from_utf8_lossy(&reply.reply.bytes);
    let links = text.split("<a ").skip(1);
    let names = links.filter_map(|link| Some(link.split_once('>')?.1.split_once("</a>")?.0));
    let names: Vec<String> = names.map(|name| name.trim().to_owned()).collect();
    let (mut answer, failure) = command_answer(reply);
    if !names.is_empty() {
        answer.body = Body::Names(names);
    }
    (answer, failure)
}

fn command_answer(AdminReply { status, reply }: AdminReply) -> Judged {
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
    answers: Vec<Answer>,
    #[serde(skip)]
    headed: bool,
}

#[derive(Debug, serde::Serialize)]
struct Answer {
    server: String,
    /// The word or command; empty for the list of commands.
    asked: String,
    #[serde(flatten)]
    reply: Option<Reply>,
    #[serde(flatten)]
    failure: Option<Failure>,
}

#[derive(Debug, serde::Serialize)]
struct Reply {
    #[serde(rename = "reply")]
    body: Body,
    #[serde(rename = "encrypted")]
    is_encrypted: bool,
}

/// What is wrong.
#[derive(Debug, serde::Serialize)]
struct Failure {
    #[serde(rename = "failure")]
    why: String,
    #[serde(skip)]
    kind: Kind,
    advice: String,
}

/// The contents of a reply.
#[derive(Debug)]
enum Body {
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
    fn error(&self) -> Option<Error> {
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
    fn has_body(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !matches!(reply.body, Body::Nothing))
    }
}

//! `admin`: asks servers with four-letter words, or their AdminServer by HTTP.

mod answer;
mod words;

use futures_util::stream::{self, StreamExt as _};

use self::answer::{Answer, Answers, Failure};
use self::words::check;
pub(crate) use self::words::known;
use crate::dispatch::{Connects, Context, Effects, Spec, Task};
use crate::error::{Error, Kind, Result};
use crate::session::{CheckFailure, Session};
use crate::zk::Host;

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
        let hosts = if self.all { listed.hosts().to_vec() } else { session.servers_to_ask().await };
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
            replied.map(|reply| answer::to_word(&asked, reply))
        } else if asked.is_empty() {
            let replied = session.ask_admin_server(&host, COMMANDS).await;
            replied.map(answer::to_list)
        } else {
            let path = format!("{COMMANDS}/{asked}");
            session.ask_admin_server(&host, &path).await.map(answer::to_command)
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

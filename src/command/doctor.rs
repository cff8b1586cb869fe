//! `doctor`: checks each step of a connection to each server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::dispatch::{Connects, Context, Effects, Spec, Task};
use crate::error::{Error, Kind, Result};
use crate::output::escape::{self, Newlines};
use crate::output::json::{Hex, Time};
use crate::output::style::Style;
use crate::output::{Report, Text, minute};
use crate::session::{CertificateStatus, CheckFailure, CheckFinding, CheckStep, Checked};
use crate::zk::Servers;

/// Check the way to each server, step by step
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "doctor [host:port[,host:port...]]",
    after_long_help = EXAMPLE
)]
pub struct Doctor {
    /// Servers to check; those of the session by default
    #[arg(value_name = "host:port")]
    servers: Option<Servers>,
}

const EXAMPLE: &str = "\
doctor connects to each server as a session does: it resolves the name, connects by TCP, and by TLS if
that is asked for, opens a session of its own, authenticates by SASL if a user is given, and asks for the
release. At the first step that fails it stops for this server, and says why and what to do next. It shows
no password.

`zksh doctor` opens no other session. Its exit status is 0 if no server fails, and else 3.

Example:
> doctor
127.0.0.1:<number>
  resolves     127.0.0.1 (<decimal> ms)
  connects     127.0.0.1:<number> (<decimal> ms)
  session      <session>, timeout 30000 ms (<decimal> ms)
  server       …";

impl Spec for Doctor {
    const NAME: &'static str = "doctor";
    const TASK: Task = Task::Session;
    const SEARCH_TERMS: &'static [(&'static str, &'static str)] =
        &[("ping", "doctor"), ("diagnose", "doctor")];
    const CONNECTS: Connects = Connects::ByItself;
    type Report = Diagnosis;

    fn effects(&self) -> Effects {
        Effects::NONE.long(true)
    }

    async fn run(&self, cx: &Context) -> Result<Diagnosis> {
        let session = &*cx.session;
        let servers = match &self.servers {
            Some(servers) => servers.clone(),
            None => session.servers().ok_or_else(|| {
                Error::usage("There are no servers yet")
                    .with_hint("name servers with doctor host:port")
            })?,
        };
        session.can_secure(&servers)?;
        let now = SystemTime::now();
        let own = session.own_certificate()?.map(|own| Certificate::new(own, now));
        let examined = session.examine(&servers).await;
        let servers = examined.into_iter().map(|(server, steps)| {
            let well = steps.iter().all(|checked| checked.result.is_ok());
            let steps = steps.into_iter().map(|checked| StepReport::new(checked, now)).collect();
            ServerReport { server, well, steps }
        });
        Ok(Diagnosis { certificate: own, servers: servers.collect() })
    }
}

/// The results for each server.
#[derive(Debug, serde::Serialize)]
pub struct Diagnosis {
    /// The certificate of this client.
    certificate: Option<Certificate>,
    servers: Vec<ServerReport>,
}

#[derive(Debug, serde::Serialize)]
struct ServerReport {
    server: String,
    well: bool,
    steps: Vec<StepReport>,
}

/// The contents of a certificate, which are not verified.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    subject: String,
    issuer: String,
    not_after: Time,
    /// Negative if it has expired.
    days_left: i64,
}

impl Certificate {
    fn new(status: CertificateStatus, now: SystemTime) -> Self {
        let CertificateStatus { subject, issuer, not_after } = status;
        let (end, now) = (seconds(not_after), seconds(now));
        let days_left = (end - now).div_euclid(24 * 60 * 60);
        Self { subject, issuer, not_after: Time(end.saturating_mul(1000)), days_left }
    }

    fn until(&self) -> String {
        let left = match self.days_left {
            0 => "less than a day left".to_owned(),
            1 => "1 day left".to_owned(),
            days if days < 0 => "it has expired".to_owned(),
            days => format!("{days} days left"),
        };
        format!("{}, {left}", minute(self.not_after.0))
    }
}

fn seconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[derive(Debug, serde::Serialize)]
struct StepReport {
    step: &'static str,
    /// In milliseconds.
    time: f64,
    #[serde(flatten)]
    found: Found,
}

#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
enum Found {
    Resolved {
        addresses: Vec<String>,
    },
    Connected {
        address: String,
    },
    Secured {
        version: String,
        cipher: String,
        certificate: Option<Certificate>,
    },
    #[serde(rename_all = "camelCase")]
    Opened {
        session: Hex,
        timeout: u64,
        read_only: bool,
    },
    Authenticated {
        user: String,
    },
    Status {
        release: Option<String>,
        role: Option<String>,
    },
    Failed {
        failure: String,
        advice: &'static str,
    },
}

impl StepReport {
    fn new(checked: Checked, now: SystemTime) -> Self {
        let step = match checked.step {
            CheckStep::Resolve => "resolve",
            CheckStep::Connect => "connect",
            CheckStep::Secure => "tls",
            CheckStep::Open => "session",
            CheckStep::Authenticate => "sasl",
            CheckStep::Ask => "status",
        };
        let found = match checked.result {
            Ok(finding) => Found::new(finding, now),
            Err(CheckFailure { why, advice }) => Found::Failed { failure: why, advice },
        };
        Self { step, time: milliseconds(checked.time), found }
    }

    /// Returns the word at the start of the line for this step.
    fn word(&self) -> &'static str {
        match self.step {
            "resolve" => "resolves",
            "connect" => "connects",
            "tls" => "TLS",
            "sasl" => "SASL",
            "status" => "server",
            step => step,
        }
    }

    fn text(&self, out: &mut Text<'_>) {
        let words = match &self.found {
            Found::Resolved { addresses } => addresses.join(", "),
            Found::Connected { address } => address.clone(),
            Found::Secured { version, cipher, .. } => format!("{version}, {cipher}"),
            Found::Opened { session, timeout, read_only } => {
                let only = if *read_only { ", for reads only" } else { "" };
                format!("{:#x}, timeout {timeout} ms{only}", session.0)
            }
            Found::Authenticated { user } => format!("authenticated as {user}"),
            Found::Status { release, role } => {
                let release = release.as_ref().map(|release| format!("release {release}"));
                let words: Vec<String> = release.into_iter().chain(role.clone()).collect();
                if words.is_empty() {
                    "it does not say which release it is (srvr)".to_owned()
                } else {
                    words.join(", ")
                }
            }
            Found::Failed { failure, .. } => failure.clone(),
        };
        let failed = matches!(self.found, Found::Failed { .. });
        let time = self.time;
        row(out, self.word(), &words, failed, Some(time));
        match &self.found {
            Found::Secured { certificate: Some(certificate), .. } => {
                row(out, "certificate", &certificate.subject, false, None);
                row(out, "issued by", &certificate.issuer, false, None);
                row(out, "valid until", &certificate.until(), certificate.days_left < 0, None);
            }
            Found::Failed { advice, .. } => row(out, "next", advice, false, None),
            _ => {}
        }
    }
}

/// Writes one line. Its text may come from a server. Even in a pipe it is written as one line
/// without control characters, so that a certificate cannot imitate a step.
fn row(out: &mut Text<'_>, name: &str, words: &str, failed: bool, time: Option<f64>) {
    let words = escape::to_terminal(words.as_bytes(), Newlines::Escape);
    out.own(format_args!("  {name:<13}"));
    if failed {
        out.look(Style::Wrong, |out| out.own(words));
    } else {
        out.own(words);
    }
    match time {
        Some(time) => out.line(format_args!(" ({time:.1} ms)")),
        None => out.line(""),
    }
}

impl Found {
    fn new(finding: CheckFinding, now: SystemTime) -> Self {
        match finding {
            CheckFinding::Addresses(addresses) => {
                let mut names: Vec<String> =
                    addresses.iter().map(|address| address.ip().to_string()).collect();
                names.dedup();
                Self::Resolved { addresses: names }
            }
            CheckFinding::Connected(address) => Self::Connected { address: address.to_string() },
            CheckFinding::Secured { version, cipher, certificate } => Self::Secured {
                version,
                cipher,
                certificate: certificate.map(|status| Certificate::new(status, now)),
            },
            CheckFinding::Opened { session, timeout, read_only } => Self::Opened {
                session: Hex(session),
                timeout: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
                read_only,
            },
            CheckFinding::Authenticated(user) => Self::Authenticated { user },
            CheckFinding::Status(status) => {
                Self::Status { release: status.release, role: status.role }
            }
        }
    }
}

/// Returns milliseconds with three decimal places.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

impl Report for Diagnosis {
    fn text(&self, out: &mut Text<'_>) {
        if let Some(own) = &self.certificate {
            out.line("this client");
            row(out, "certificate", &own.subject, false, None);
            row(out, "issued by", &own.issuer, false, None);
            row(out, "valid until", &own.until(), own.days_left < 0, None);
        }
        for server in &self.servers {
            out.foreign(&server.server);
            out.line("");
            server.steps.iter().for_each(|step| step.text(out));
        }
    }

    fn failure(&self) -> Option<Error> {
        let failed = self.servers.iter().filter(|server| !server.well);
        let names: Vec<&str> = failed.map(|server| server.server.as_str()).collect();
        (!names.is_empty()).then(|| Error::new(Kind::Lost, format!("Failed: {}", names.join(", "))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::View;

    fn text(steps: Vec<Checked>, terminal: bool) -> String {
        let now = UNIX_EPOCH + Duration::from_hours(24);
        let steps = steps.into_iter().map(|checked| StepReport::new(checked, now)).collect();
        let servers = vec![ServerReport { server: "zk1:2281".to_owned(), well: true, steps }];
        let diagnosis = Diagnosis { certificate: None, servers };
        String::from_utf8(View::plain(terminal).render(&diagnosis)).expect("text")
    }

    fn step(step: CheckStep, result: Result<CheckFinding, CheckFailure>) -> Checked {
        Checked { step, time: Duration::from_micros(1_234), result }
    }

    #[test]
    fn a_failed_step_shows_the_reason_and_advice() {
        let failure = CheckFailure { why: "refuses connections".to_owned(), advice: "do this" };
        let said = text(vec![step(CheckStep::Connect, Err(failure))], false);
        assert_eq!(
            said,
            "zk1:2281\n  connects     refuses connections (1.2 ms)\n  next         do this\n"
        );
    }

    #[test]
    fn certificate_texts_stay_on_one_line() {
        let certificate = CertificateStatus {
            subject: "CN=a\n  SASL         authenticated\x1b[2J".to_owned(),
            issuer: "CN=b".to_owned(),
            not_after: UNIX_EPOCH + Duration::from_hours(72),
        };
        let secured = CheckFinding::Secured {
            version: "TLSv1.3".to_owned(),
            cipher: "C".to_owned(),
            certificate: Some(certificate),
        };
        for terminal in [false, true] {
            let said = text(vec![step(CheckStep::Secure, Ok(secured.clone()))], terminal);
            assert_eq!(said.lines().count(), 5, "{said}");
            assert!(!said.contains('\x1b') && said.contains("2 days left"), "{said}");
        }
    }
}

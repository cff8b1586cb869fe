//! `wait`: wait until a znode meets a condition.

use std::str::FromStr;
use std::time::Instant;

use super::sleep::Seconds;
use crate::dispatch::{Context, Effects, Sends, Spec, Task};
use crate::error::{Error, Kind, Result};
use crate::output::{Report, Text};
use crate::session::{Aspect, Snapshot};
use crate::zk::{TypedPath, ZnodeData, ZnodePath};

/// Wait until a znode meets a condition
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "wait path exists|absent|value=...|version>N|children>=N [--timeout seconds]",
    after_long_help = EXAMPLE
)]
pub struct Wait {
    /// Fail after this many seconds
    #[arg(short, long, value_name = "seconds")]
    timeout: Option<Seconds>,
    /// Znode to look at; it need not exist
    #[arg(value_name = "path")]
    path: TypedPath,
    /// exists, absent, value=DATA, or version or children and =, >, >=, <, <= NUMBER
    #[arg(value_name = "condition")]
    condition: Condition,
}

const EXAMPLE: &str = "\
wait uses a watch and does not poll. If the connection is lost, it waits for the next one. On a command
line, quote > and <: zksh wait /lake 'version>3'.

Example:
> create /lake deep
Created /lake
> wait /lake exists
> wait /lake value=deep
> wait /lake children>=1 --timeout 3
! Timed out after 3 s: /lake has 0 children";

impl Wait {
    /// Waits until the condition holds. Stores the last observed state of the znode in `last`.
    async fn until(
        &self,
        cx: &Context,
        path: &ZnodePath,
        last: &mut Option<Snapshot>,
    ) -> Result<()> {
        loop {
            match cx.session.watch_znode(path, self.condition.aspect()).await {
                Ok((seen, change)) => {
                    let holds = self.condition.holds(&seen);
                    *last = Some(seen);
                    if holds {
                        return Ok(());
                    }
                    // The watch survives a lost connection, because the session checks for changes
                    // afterwards.
                    change.await?;
                }
                // The request was only a read, so repeat it with the next server.
                Err(error) if error.kind() == Kind::Lost && !cx.session.state().is_over() => {
                    cx.session.reconnected().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Spec for Wait {
    const NAME: &'static str = "wait";
    const TASK: Task = Task::Watch;
    type Report = Waited;

    fn effects(&self) -> Effects {
        Effects::READS.long(true)
    }

    fn sends(&self) -> Sends {
        Sends::many(&["exists", "getData", "getChildren2"])
    }

    async fn run(&self, cx: &Context) -> Result<Waited> {
        let path = cx.path(&self.path)?;
        let begun = Instant::now();
        let mut last = None;
        let done = self.until(cx, &path, &mut last);
        let Some(Seconds(timeout)) = self.timeout else {
            done.await?;
            return Ok(Waited { seconds: begun.elapsed().as_secs_f64() });
        };
        match tokio::time::timeout(timeout, done).await {
            Ok(done) => done.map(|()| Waited { seconds: begun.elapsed().as_secs_f64() }),
            Err(_) => Err(Error::new(
                Kind::Refused,
                format!(
                    "Timed out after {} s: {}",
                    timeout.as_secs_f64(),
                    self.condition.describe(&path, last.as_ref())
                ),
            )),
        }
    }
}

/// A condition on a znode.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Condition {
    Exists,
    Absent,
    Value(String),
    Version(Comparison, i32),
    Children(Comparison, i32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    Greater,
    AtLeast,
    Less,
    AtMost,
}

/// The comparison operators, longer ones first.
const COMPARISONS: &[(&str, Comparison)] = &[
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    (">", Comparison::Greater),
    ("<", Comparison::Less),
    ("=", Comparison::Equal),
];

impl FromStr for Condition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(value) = text.strip_prefix("value=") {
            return Ok(Self::Value(value.to_owned()));
        }
        let number = |name: &str| {
            let rest = text.strip_prefix(name)?;
            COMPARISONS.iter().find_map(|(sign, comparison)| {
                Some((*comparison, rest.strip_prefix(sign)?.parse().ok()?))
            })
        };
        match text {
            "exists" => Ok(Self::Exists),
            "absent" => Ok(Self::Absent),
            _ => number("version")
                .map(|(comparison, number)| Self::Version(comparison, number))
                .or_else(|| number("children").map(|(comparison, n)| Self::Children(comparison, n)))
                .ok_or_else(|| {
                    Error::usage(format!("Not a condition: {text}")).with_hint(
                        "exists, absent, value=DATA, version>N, children>=N; also =, <, <=",
                    )
                }),
        }
    }
}

impl Comparison {
    fn holds(self, left: i32, right: i32) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
            Self::Less => left < right,
            Self::AtMost => left <= right,
        }
    }
}

impl Condition {
    fn aspect(&self) -> Aspect {
        match self {
            Self::Exists | Self::Absent | Self::Version(..) => Aspect::Stat,
            Self::Value(_) => Aspect::Data,
            Self::Children(..) => Aspect::Children,
        }
    }

    fn holds(&self, seen: &Snapshot) -> bool {
        match (self, &seen.stat) {
            (Self::Absent, stat) => stat.is_none(),
            (_, None) => false,
            (Self::Exists, Some(_)) => true,
            (Self::Value(value), Some(_)) => {
                seen.data.as_ref() == Some(&ZnodeData::from(value.as_bytes()))
            }
            (Self::Version(comparison, number), Some(stat)) => {
                comparison.holds(stat.version, *number)
            }
            (Self::Children(comparison, number), Some(stat)) => {
                comparison.holds(stat.num_children, *number)
            }
        }
    }

    /// Describes the last observed state of the znode.
    fn describe(&self, path: &ZnodePath, last: Option<&Snapshot>) -> String {
        let Some(seen) = last else { return format!("no server answered about {path}") };
        match (self, &seen.stat) {
            (_, None) => format!("{path} does not exist"),
            (Self::Version(..), Some(stat)) => format!("{path} has version {}", stat.version),
            (Self::Children(..), Some(stat)) => {
                let children = if stat.num_children == 1 { "child" } else { "children" };
                format!("{path} has {} {children}", stat.num_children)
            }
            (Self::Value(_), Some(_)) if seen.data.as_ref().is_some_and(ZnodeData::is_null) => {
                format!("{path} has no data (null)")
            }
            (Self::Value(_), Some(_)) => format!("{path} has a different value"),
            _ => format!("{path} exists"),
        }
    }
}

/// How long the wait took.
#[derive(Debug, serde::Serialize)]
pub struct Waited {
    seconds: f64,
}

impl Report for Waited {
    fn text(&self, _: &mut Text<'_>) {}
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::zk::Stat;

    #[test]
    fn conditions_hold_or_not() {
        let stat = Stat { version: 3, num_children: 0, ..Stat::default() };
        let there = Snapshot { stat: Some(stat), data: Some(b"deep".into()) };
        let gone = Snapshot { stat: None, data: None };
        for (condition, of_there, of_gone) in [
            ("exists", true, false),
            ("absent", false, true),
            ("value=deep", true, false),
            ("value=", false, false),
            ("value=null", false, false),
            ("version>2", true, false),
            ("version>3", false, false),
            ("version>=3", true, false),
            ("version=3", true, false),
            ("version<=3", true, false),
            ("version<3", false, false),
            ("children=0", true, false),
            ("children>=1", false, false),
        ] {
            let parsed: Condition = condition.parse().unwrap();
            assert_eq!((parsed.holds(&there), parsed.holds(&gone)), (of_there, of_gone));
        }
        let data = |data| Snapshot { stat: Some(Stat::default()), data: Some(data) };
        let empty: Condition = "value=".parse().unwrap();
        assert!(empty.holds(&data(ZnodeData::from(b""))) && !empty.holds(&data(ZnodeData::null())));
        let message = empty.describe(&ZnodePath::root(), Some(&data(ZnodeData::null())));
        assert_eq!(message, "/ has no data (null)");
        for wrong in ["", "exist", "version", "version>", "version>x", "children", "value"] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
    }
}

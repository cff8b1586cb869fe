//! Describes what a command would send, without sending it.

use super::laws;
use crate::output::Text;
use crate::output::style::Style;

/// The requests that a command would send.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "they are independent facts")]
pub struct Plan {
    /// The name of the command.
    pub command: String,
    /// The session that would send them, if it is not the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The znode that the command is about.
    pub path: Option<String>,
    /// The operations, in order.
    pub operations: Vec<&'static str>,
    /// Whether the operations are sent for many znodes, or repeatedly.
    pub many: bool,
    /// Whether the command writes.
    pub writes: bool,
    /// Whether the command sets or removes watches.
    pub leaves_watch: bool,
    /// Whether the command is queued in the open transaction until `commit`.
    pub is_queued: bool,
}

impl Plan {
    fn lines(&self) -> Vec<String> {
        if self.operations.is_empty() {
            return vec![format!("{} sends nothing: the shell does it by itself.", self.command)];
        }
        let whose = self.session.as_ref().map(|name| format!(" as {name}")).unwrap_or_default();
        let path = self.path.as_ref().map(|path| format!(" {path}")).unwrap_or_default();
        let each = if self.many { " for many znodes" } else { "" };
        let mut lines: Vec<String> = Vec::new();
        for (index, operation) in self.operations.iter().enumerate() {
            let would = if index == 0 { "Would send" } else { "Then" };
            lines.push(format!(
                "{would}{whose} {operation}{path}{each}: {}.",
                laws::purpose(operation)
            ));
        }
        if self.is_queued {
            lines.push("A transaction is open: it would wait for commit.".to_owned());
        } else if self.writes {
            lines.push("A write: it takes a zxid, whether it is granted or refused.".to_owned());
        } else {
            lines.push("A read: it changes nothing, and takes no zxid.".to_owned());
        }
        if self.leaves_watch {
            lines.push("It sets or removes a watch.".to_owned());
        }
        lines
    }
}

/// The answer of `explain`.
#[derive(Debug, serde::Serialize)]
#[serde(untagged)]
pub enum Report {
    /// No output.
    Silence {},
    /// A page of the glossary.
    Page {
        /// Its text.
        text: String,
    },
    /// The requests that a command would send.
    Plan(Plan),
}

impl crate::output::Report for Report {
    fn text(&self, out: &mut Text<'_>) {
        match self {
            Self::Silence {} => {}
            Self::Page { text } => out.line(text),
            Self::Plan(plan) => {
                for line in plan.lines() {
                    out.look(Style::Quiet, |out| out.foreign(&line));
                    out.line("");
                }
            }
        }
    }
}

//! `getAcl`: print the ACL of a znode.

use crate::dispatch::{Context, Effects, Globs, Sends, Spec, Task};
use crate::error::Result;
use crate::output::{Report, Text};
use crate::zk::{Acl, Stat, TypedPath};

/// Print who may do what with a znode
#[derive(Debug, clap::Args)]
#[command(override_usage = "getAcl [-s] path", after_long_help = EXAMPLE)]
pub struct GetAcl {
    /// Print the stat as well
    #[arg(short, long)]
    stat: bool,
    /// Znode to look at
    #[arg(value_name = "path")]
    path: TypedPath,
}

const EXAMPLE: &str = "\
Example:
> create /lake deep world:anyone:cdrwa,ip:10.0.0.7:r
Created /lake
> getAcl /lake
'world,'anyone
: cdrwa
'ip,'10.0.0.7
: r";

impl Spec for GetAcl {
    const NAME: &'static str = "getAcl";
    const TASK: Task = Task::Protect;
    const GLOBS: Globs = Globs::WithHeadings;
    type Report = AclReport;

    fn effects(&self) -> Effects {
        Effects::READS
    }

    fn sends(&self) -> Sends {
        Sends::each(&["getACL"])
    }

    async fn run(&self, cx: &Context) -> Result<AclReport> {
        let path = cx.path(&self.path)?;
        let (acl, stat) = cx.session.get_acl(&path).await?;
        Ok(AclReport { acl, stat: self.stat.then_some(stat) })
    }
}

/// An access control list, and the stat if requested.
#[derive(Debug, serde::Serialize)]
pub struct AclReport {
    acl: Acl,
    stat: Option<Stat>,
}

impl Report for AclReport {
    fn text(&self, out: &mut Text<'_>) {
        for (scheme, id, letters) in self.acl.parts() {
            out.foreign(&record(scheme, id));
            out.line("");
            out.line(format_args!(": {letters}"));
        }
        if let Some(stat) = &self.stat {
            stat.text(out);
        }
    }
}

/// Returns an id in zkCli's form: a record of two strings (`Id.toString`, `ToStringOutputArchive`).
fn record(scheme: &str, id: &str) -> String {
    let mut text = String::new();
    for (index, word) in [scheme, id].into_iter().enumerate() {
        text.push_str(if index == 0 { "'" } else { ",'" });
        for c in word.chars() {
            match c {
                '\0' => text.push_str("%00"),
                '\n' => text.push_str("%0A"),
                '\r' => text.push_str("%0D"),
                ',' => text.push_str("%2C"),
                '}' => text.push_str("%7D"),
                '%' => text.push_str("%25"),
                c => text.push(c),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_form_of_zkcli() {
        assert_eq!(record("world", "anyone"), "'world,'anyone");
        assert_eq!(record("auth", ""), "'auth,'");
        assert_eq!(record("x509", "CN=ann,O=100%"), "'x509,'CN=ann%2CO=100%25");
    }
}

//! `digest`: print the id for a user and a password in an ACL.

use crate::dispatch::{Context, Effects, Secret, Spec, Task};
use crate::error::{Error, Result};
use crate::output::{Report, Text, escape};
use crate::terminal::password;
use crate::zk::{Acl, digest};

/// A password that the user is asked for.
const ASK: &str = "?";

/// Print the id for ACLs of a user and a password
#[derive(Debug, clap::Args)]
#[command(override_usage = "digest user[:password]", after_long_help = EXAMPLE)]
pub struct Digest {
    /// User and password; without a password, or with ?, zksh asks for it
    #[arg(value_name = "user[:password]")]
    who: Secret,
}

const EXAMPLE: &str = "\
In an ACL, digest:ann:? asks for the password, and sends only its digest.

Example:
> digest ann:secret
digest:ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=";

impl Spec for Digest {
    const NAME: &'static str = "digest";
    const TASK: Task = Task::Protect;
    type Report = Id;

    fn effects(&self) -> Effects {
        Effects::SHELL
    }

    async fn run(&self, cx: &Context) -> Result<Id> {
        let who = self.who.0.to_str().ok_or_else(|| Error::usage("The words are not UTF-8"))?;
        let (user, password) = match who.split_once(':') {
            Some((user, ASK)) => (user, None),
            Some((user, password)) => (user, Some(password.to_owned())),
            None => (who, None),
        };
        if user.is_empty() {
            return Err(Error::usage("The user is empty").with_usage("digest user[:password]"));
        }
        let password = match password {
            Some(password) => password,
            None => ask(cx, user).await?,
        };
        Ok(Id { scheme: "digest", id: digest(user, &password) })
    }
}

/// Asks for the password of a user.
async fn ask(cx: &Context, user: &str) -> Result<String> {
    let _held = cx.hold();
    let user = escape::to_terminal(user.as_bytes(), escape::Newlines::Escape);
    password::ask(&format!("Password of {user}: ")).await
}

/// Returns `user:password` if the password of `user:?` was asked for.
pub(super) async fn credentials(cx: &Context, typed: &[u8]) -> Result<Option<String>> {
    let text = std::str::from_utf8(typed).unwrap_or_default();
    match text.split_once(':') {
        Some((user, ASK)) => Ok(Some(format!("{user}:{}", ask(cx, user).await?))),
        _ => Ok(None),
    }
}

impl Context {
    /// Returns an access control list after asking for its missing passwords.
    pub(super) async fn acl(&self, typed: &Acl) -> Result<Acl> {
        let mut acl = typed.clone();
        for user in typed.unanswered() {
            let password = ask(self, user).await?;
            acl.answer(user, &password);
        }
        Ok(acl)
    }
}

/// An id with its scheme.
#[derive(Debug, serde::Serialize)]
pub struct Id {
    scheme: &'static str,
    id: String,
}

impl Report for Id {
    fn text(&self, out: &mut Text<'_>) {
        out.foreign(&format!("{}:{}", self.scheme, self.id));
        out.line("");
    }
}

//! `addauth`: add an identity to the session.

use std::os::unix::ffi::OsStrExt;

use super::digest;
use crate::dispatch::{Context, Effects, Secret, Sends, Spec, Task};
use crate::error::{Code, Error, Result};
use crate::output::NoOutput;

/// Add an identity to this session and to later ones
#[derive(Debug, clap::Args)]
#[command(override_usage = "addauth scheme auth", after_long_help = EXAMPLE)]
pub struct AddAuth {
    /// Scheme, such as digest
    #[arg(value_name = "scheme")]
    scheme: String,
    /// Credentials of the scheme: for digest user:password, or user:? to be asked
    #[arg(value_name = "auth", allow_hyphen_values = true)]
    auth: Option<Secret>,
}

const EXAMPLE: &str = "\
Example:
> addauth digest ann:secret
> create /lake deep auth::cdrwa
Created /lake
> getAcl /lake
'digest,'ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=
: cdrwa";

impl Spec for AddAuth {
    const NAME: &'static str = "addauth";
    const TASK: Task = Task::Protect;
    type Report = NoOutput;

    fn effects(&self) -> Effects {
        Effects { auth: true, ..Effects::NONE }
    }

    fn sends(&self) -> Sends {
        Sends::each(&["auth"])
    }

    async fn run(&self, cx: &Context) -> Result<NoOutput> {
        if self.scheme.contains(':') {
            // The scheme is missing, and its place holds a password, which must not be printed.
            return Err(
                Error::usage("Missing: scheme, such as digest").with_usage("addauth scheme auth")
            );
        }
        let auth = self.auth.as_ref().map_or(&b""[..], |auth| auth.0.as_bytes());
        if self.scheme == "digest" && !auth.contains(&b':') {
            return Err(
                Error::usage("digest needs user:password").with_usage("addauth scheme auth")
            );
        }
        let asked =
            if self.scheme == "digest" { digest::credentials(cx, auth).await? } else { None };
        let auth = asked.as_ref().map_or(auth, String::as_bytes);
        cx.session.add_auth(&self.scheme, auth).await.map_err(|error| match error.code_of() {
            Some(Code::AuthFailed) => error.with_hint("connect opens a new session"),
            _ => error,
        })?;
        Ok(NoOutput {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let command =
            AddAuth { scheme: "digest".to_owned(), auth: Some(Secret("ann:secret".into())) };
        assert_eq!(format!("{command:?}"), r#"AddAuth { scheme: "digest", auth: Some(****) }"#);
    }
}

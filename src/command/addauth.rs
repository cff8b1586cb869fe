//! `addauth`: add an identity to the session.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::{Shell, digest};
use crate::error::{Code, Error, Result};
use crate::output::Silence;

/// Add an identity to this session and to later ones
#[derive(clap::Args)]
#[command(override_usage = "addauth scheme auth", after_long_help = EXAMPLE)]
pub struct AddAuth {
    /// Scheme, such as digest
    #[arg(value_name = "scheme")]
    scheme: String,
    /// What the scheme wants to see: for digest user:password, or user:? to be asked
    #[arg(value_name = "auth", allow_hyphen_values = true)]
    auth: Option<OsString>,
}

const EXAMPLE: &str = "\
Example:
> addauth digest ann:secret
> create /lake deep auth::cdrwa
Created /lake
> getAcl /lake
'digest,'ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM=
: cdrwa";

impl AddAuth {
    pub(super) async fn run(&self, shell: &Shell) -> Result<Silence> {
        let auth = self.auth.as_deref().map_or(&b""[..], OsStrExt::as_bytes);
        if self.scheme == "digest" && !auth.contains(&b':') {
            return Err(
                Error::usage("digest needs user:password").with_usage("addauth scheme auth")
            );
        }
        let asked =
            if self.scheme == "digest" { digest::credentials(shell, auth).await? } else { None };
        let auth = asked.as_ref().map_or(auth, String::as_bytes);
        shell.session.add_auth(&self.scheme, auth).await.map_err(|error| {
            match error.code_of() {
                Some(Code::AuthFailed) => error.with_hint("connect opens a new session"),
                _ => error,
            }
        })?;
        Ok(Silence {})
    }
}

impl fmt::Debug for AddAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AddAuth").field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let command = AddAuth { scheme: "digest".to_owned(), auth: Some("ann:secret".into()) };
        assert_eq!(format!("{command:?}"), r#"AddAuth { scheme: "digest", .. }"#);
    }
}

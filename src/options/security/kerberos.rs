//! The options of Java's `Krb5LoginModule`: whose ticket to use, and where it comes from.

use std::path::PathBuf;

use super::jaas::LoginModule;
use crate::zk::{Kerberos, Tickets};

/// Options without effect here: zksh never asks for a Kerberos password, and only servers need a
/// stored key.
const IGNORED: &[&str] = &["debug", "doNotPrompt", "refreshKrb5Config", "storeKey"];

/// Returns whom the module logs in, or why it is not supported. The rules are those of
/// `com.sun.security.auth.module.Krb5LoginModule`.
pub(super) fn of_module(module: &LoginModule) -> Result<Kerberos, String> {
    for (name, value) in module.options() {
        match (name, value) {
            ("useTicketCache" | "ticketCache" | "useKeyTab" | "keyTab" | "principal", _) => {}
            ("isInitiator", value) if value.eq_ignore_ascii_case("true") => {}
            (name, _) if IGNORED.contains(&name) => {}
            (name, _) => return Err(format!("zksh does not support {name}")),
        }
        if value.contains("${") {
            return Err(format!("{name}: zksh does not replace the properties of Java in {value}"));
        }
    }
    let flag = |name: &str| match module.get(name) {
        None => Ok(false),
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        Some(value) => Err(format!("{name}: {value} is neither true nor false")),
    };
    let file = |name: &str, given: &str| {
        let path = module.get(name).map(|path| PathBuf::from(path.trim_start_matches("FILE:")));
        match path {
            Some(_) if !flag(given)? => Err(format!("{name} needs {given}=true")),
            path => Ok(path),
        }
    };
    let (cache, keytab) = (file("ticketCache", "useTicketCache")?, file("keyTab", "useKeyTab")?);
    let tickets = match (flag("useTicketCache")?, flag("useKeyTab")?) {
        (true, false) => Tickets { cache, keytab: None, only_keytab: false },
        (true, true) => Tickets { cache, keytab, only_keytab: false },
        (false, true) => Tickets { cache: None, keytab, only_keytab: true },
        (false, false) => {
            return Err(
                "useTicketCache or useKeyTab is needed: zksh asks for no Kerberos password"
                    .to_owned(),
            );
        }
    };
    Ok(Kerberos { principal: module.get("principal").map(str::to_owned), tickets })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::jaas::section;
    use super::*;

    fn parsed(options: &str) -> Result<Kerberos, String> {
        let class = "com.sun.security.auth.module.Krb5LoginModule";
        let text = format!("Client {{ {class} required {options}; }};");
        of_module(&section(&text, "Client").unwrap().unwrap())
    }

    #[test]
    fn the_cache_and_the_keytab_are_found() {
        let ann = Some("ann@ZK.TEST".to_owned());
        let tickets = |cache: Option<&str>, keytab: Option<&str>, only_keytab| Tickets {
            cache: cache.map(PathBuf::from),
            keytab: keytab.map(PathBuf::from),
            only_keytab,
        };
        for (options, principal, wanted) in [
            ("useTicketCache=true", None, tickets(None, None, false)),
            (
                "useTicketCache=\"TRUE\" ticketCache=\"FILE:/tmp/cc\" doNotPrompt=true",
                None,
                tickets(Some("/tmp/cc"), None, false),
            ),
            (
                "useKeyTab=true storeKey=true keyTab=\"/k\" useTicketCache=false \
                 principal=\"ann@ZK.TEST\" debug=false isInitiator=true",
                ann.clone(),
                tickets(None, Some("/k"), true),
            ),
            ("useKeyTab=true", None, tickets(None, None, true)),
            (
                "useTicketCache=true useKeyTab=true keyTab=\"/k\"",
                None,
                tickets(None, Some("/k"), false),
            ),
        ] {
            assert_eq!(parsed(options), Ok(Kerberos { principal, tickets: wanted }), "{options}");
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (options, wanted) in [
            ("", "useTicketCache or useKeyTab is needed: zksh asks for no Kerberos password"),
            ("keyTab=\"/k\"", "keyTab needs useKeyTab=true"),
            ("useKeyTab=true ticketCache=\"/c\"", "ticketCache needs useTicketCache=true"),
            ("useTicketCache=maybe", "useTicketCache: maybe is neither true nor false"),
            ("useTicketCache=true renewTGT=true", "zksh does not support renewTGT"),
            ("useTicketCache=true useFirstPass=true", "zksh does not support useFirstPass"),
            ("useTicketCache=true isInitiator=false", "zksh does not support isInitiator"),
            (
                "useKeyTab=true keyTab=\"${user.home}/k\"",
                "keyTab: zksh does not replace the properties of Java in ${user.home}/k",
            ),
        ] {
            assert_eq!(parsed(options), Err(wanted.to_owned()), "{options}");
        }
    }
}

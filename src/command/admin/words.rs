//! What servers can be asked: four-letter words and the commands of the AdminServer, and which of
//! them change the server.

use crate::error::{Error, Kind, Result};

/// The four-letter words that only read, each with what the reply tells.
const WORDS: &[(&str, &str)] = &[
    ("srvr", "release, mode, latency, connections, znodes"),
    ("stat", "the same, and each connection"),
    ("mntr", "measurements, one in each line"),
    ("ruok", "imok from a server that runs"),
    ("isro", "rw, or ro where reads only are served"),
    ("conf", "the configuration"),
    ("cons", "each connection with its session and traffic"),
    ("dump", "sessions and ephemerals; the leader tells all"),
    ("envi", "the environment of the process"),
    ("dirs", "the size of snapshots and logs"),
    ("wchs", "how many watches there are"),
    ("wchc", "watches by session; costly where there are many"),
    ("wchp", "watches by path; costly where there are many"),
    ("gtmk", "the trace mask"),
    ("hash", "digests of the tree"),
];

/// The commands of the AdminServer that only read, under their long names, which the reply to no
/// command lists.
const COMMANDS: &[(&str, &str)] = &[
    ("configuration", "the configuration"),
    ("connections", "each connection with its session and traffic"),
    ("dirs", "the size of snapshots and logs"),
    ("dump", "sessions and ephemerals; the leader tells all"),
    ("environment", "the environment of the process"),
    ("get_trace_mask", "the trace mask"),
    ("hash", "digests of the tree"),
    ("initial_configuration", "the text of the configuration file"),
    ("is_read_only", "whether reads only are served"),
    ("last_snapshot", "the newest snapshot"),
    ("leader", "whether it leads, and who does"),
    ("monitor", "measurements"),
    ("observers", "each observer"),
    ("ruok", "whether it runs"),
    ("server_stats", "release, mode, latency, connections"),
    ("stats", "the same, and each connection"),
    ("system_properties", "the properties of the JVM"),
    ("voting_view", "the voters of the ensemble"),
    ("watch_summary", "how many watches there are"),
    ("watches", "watches by session; costly where there are many"),
    ("watches_by_path", "watches by path; costly where there are many"),
    ("zabstate", "the state of the quorum protocol"),
];

/// Short names of the AdminServer's commands that only read, beside the four-letter words.
const SHORT: &[&str] = &["config", "env", "icfg", "lead", "lsnp", "obsr", "sysp"];

/// What is known to change a server, by both names, and what it does.
const CHANGES: &[(&str, &str)] = &[
    ("crst", "resets the statistics of all connections"),
    ("connection_stat_reset", "resets the statistics of all connections"),
    ("srst", "resets the statistics of the server"),
    ("stat_reset", "resets the statistics of the server"),
    ("stmk", "sets the trace mask"),
    ("set_trace_mask", "sets the trace mask"),
    ("kill", "stops the server"),
    ("orst", "resets the statistics of the observers"),
    ("observer_connection_stat_reset", "resets the statistics of the observers"),
    ("shed", "closes connections"),
    ("shed_connections", "closes connections"),
    ("snap", "takes a snapshot"),
    ("snapshot", "takes a snapshot"),
    ("rest", "replaces the data of the server"),
    ("restore", "replaces the data of the server"),
    ("csnp", "takes a snapshot"),
    ("rqld", "makes the server ask to be the leader"),
    ("ydld", "makes the leader resign"),
    ("rclc", "recalculates the digest of the tree"),
];

/// Returns the known words or commands that only read, each with its meaning.
pub(crate) fn known(http: bool) -> &'static [(&'static str, &'static str)] {
    if http { COMMANDS } else { WORDS }
}

/// Returns an error if a word or command has a form that servers do not know, or if it may change
/// the server without `consent`.
pub(super) fn check(asked: &str, http: bool, consent: bool) -> Result<()> {
    let is_known = |names: &[(&str, &str)]| names.iter().any(|(name, _)| *name == asked);
    let well_formed = if http {
        asked.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !asked.is_empty()
    } else {
        asked.len() == 4 && asked.chars().all(|c| c.is_ascii_alphabetic())
    };
    if !well_formed {
        return Err(match http {
            true => Error::usage(format!("The AdminServer has no command {asked}"))
                .with_hint("admin --http lists its commands"),
            false if is_known(COMMANDS) => {
                Error::usage(format!("{asked} is a command of the AdminServer"))
                    .with_hint(format!("admin --http {asked}"))
            }
            false => Error::usage(format!("Not a word of four letters: {asked}"))
                .with_hint("help admin names some; admin --http lists those of the AdminServer"),
        });
    }
    if asked == "stmk" && !http {
        return Err(Error::usage("stmk sets the trace mask, and zksh sends no mask"));
    }
    let reads = is_known(WORDS) || (http && (is_known(COMMANDS) || SHORT.contains(&asked)));
    if reads || consent {
        return Ok(());
    }
    let change = CHANGES.iter().find(|(name, _)| *name == asked);
    let why = match change {
        Some((_, what)) => format!("{asked} {what}, and admin only reads"),
        None => format!("zksh does not know {asked}, which may change the server"),
    };
    Err(Error::new(Kind::Refused, why).with_hint("help admin explains how such a word is sent"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_only_reads_is_sent() {
        for (word, _) in WORDS {
            assert_eq!(check(word, false, false).map_err(|error| error.to_string()), Ok(()));
            // The AdminServer knows nearly all words, too.
            assert!(check(word, true, false).is_ok());
        }
        for (command, _) in COMMANDS {
            assert!(check(command, true, false).is_ok(), "{command}");
        }
    }

    #[test]
    fn what_changes_the_server_needs_consent() {
        for (name, _) in CHANGES {
            let http = name.len() != 4;
            let error = check(name, http, false).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{name} ")), "{error}");
            assert_eq!(check(name, http, true).is_ok(), http || *name != "stmk");
        }
        let unknown = check("abcd", false, false).unwrap_err();
        assert_eq!(unknown.to_string(), "zksh does not know abcd, which may change the server");
        assert!(check("abcd", false, true).is_ok());
    }

    #[test]
    fn nothing_else_leaves() {
        for word in ["", "srv", "monitor", "srvr\n", "sr r", "srv\u{e9}", "1234"] {
            assert!(check(word, false, true).is_err(), "{word}");
        }
        for command in ["", "a/b", "..", "a b", "a?b=c", "a\r\nHost: x", "\u{e9}"] {
            assert!(check(command, true, true).is_err(), "{command}");
        }
    }
}

//! Reads the config file: named ensembles and default values of options.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::mechanism::Mechanism;
use super::{Color, NamedEnsemble};
use crate::dialect::Dialect;
use crate::error::{Error, Kind, Result};
use crate::output::style::{PromptColor, PromptStyle};
use crate::zk::{PasswordCommand, Secret, Servers, ZnodePath};

/// The maximum size of the config file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The maximum number of characters of a wrong line that an error shows.
const MAX_SHOWN_CHARS: usize = 60;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    server: Option<FromText<Servers>>,
    ensemble: Option<String>,
    pub(super) timeout: Option<u32>,
    pub(super) compat: Option<Dialect>,
    pub(super) color: Option<Color>,
    pub(super) max_request: Option<usize>,
    pub(super) hints: Option<bool>,
    pub(super) pager: Option<bool>,
    pub(super) times: Option<bool>,
    pub(super) vi: Option<bool>,
    pub(super) journal: Option<bool>,
    pub(super) prompt: Option<PromptStyle>,
    /// Prompt colours by ensemble name.
    #[serde(default)]
    colors: BTreeMap<String, PromptColor>,
    #[serde(default)]
    protect: Vec<FromText<ZnodePath>>,
    #[serde(default)]
    ensembles: BTreeMap<String, Ensemble>,
}

/// A named ensemble. Its table gives either only the servers, or also how to secure connections.
#[derive(Debug, Clone)]
struct Ensemble {
    servers: Servers,
    secured: Secured,
}

/// How to secure connections to an ensemble, as written in the config file.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Secured {
    servers: Option<FromText<Servers>>,
    #[serde(default)]
    pub(super) tls: bool,
    pub(super) cacert: Option<PathBuf>,
    pub(super) cert: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) key_password_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "command")]
    pub(super) key_password_command: Option<PasswordCommand>,
    pub(super) verify_hostname: Option<bool>,
    pub(super) sasl: Option<Mechanism>,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "command")]
    pub(super) password_command: Option<PasswordCommand>,
    #[serde(default, deserialize_with = "secret")]
    pub(super) password: Option<Secret>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Ok(Some(Secret::new(String::deserialize(deserializer)?)))
}

/// Reads a command, which is either a line for `sh` or a list of a program and its arguments.
fn command<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<PasswordCommand>, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum LineOrWords {
        Line(String),
        Words(Vec<String>),
    }
    let wrong = "a command is a line for sh, or a list of a program and its arguments";
    let read = LineOrWords::deserialize(deserializer);
    let command = match read.map_err(|_| serde::de::Error::custom(wrong))? {
        LineOrWords::Line(line) => PasswordCommand::of_line(line),
        LineOrWords::Words(words) => PasswordCommand::of_words(words),
    };
    command.map(Some).ok_or_else(|| serde::de::Error::custom(wrong))
}

impl Secured {
    /// Returns whether no setting about security is present.
    pub(super) fn is_silent(&self) -> bool {
        !self.tls && self.cacert.is_none() && self.cert.is_none() && self.sasl.is_none()
    }
}

impl<'de> Deserialize<'de> for Ensemble {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;
        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Ensemble;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("servers, or a table with servers")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Ensemble, E> {
                let servers = text.parse().map_err(E::custom)?;
                Ok(Ensemble { servers, secured: Secured::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Ensemble, A::Error> {
                use serde::de::Error as _;
                let mut secured = Secured::deserialize(MapAccessDeserializer::new(map))?;
                let servers =
                    secured.servers.take().ok_or_else(|| A::Error::missing_field("servers"))?;
                let is_kerberos = secured.sasl == Some(Mechanism::Kerberos);
                if secured.user.is_some() != secured.sasl.is_some() && !is_kerberos {
                    return Err(A::Error::custom("sasl and user belong together"));
                }
                if secured.key_password_file.is_some() && secured.key_password_command.is_some() {
                    return Err(A::Error::custom(
                        "key_password_file and key_password_command: one of them is enough",
                    ));
                }
                let Secured { password, password_file, password_command, .. } = &secured;
                let passwords =
                    [password.is_some(), password_file.is_some(), password_command.is_some()];
                match passwords.into_iter().filter(|given| *given).count() {
                    0 => {}
                    1 if secured.user.is_some() && !is_kerberos => {}
                    1 => return Err(A::Error::custom("a password belongs to a user")),
                    _ => {
                        return Err(A::Error::custom(
                            "password, password_file and password_command: one of them is enough",
                        ));
                    }
                }
                Ok(Ensemble { servers: servers.0, secured })
            }
        }
        deserializer.deserialize_any(TextOrTable)
    }
}

/// A value that is parsed from text.
#[derive(Debug, Clone)]
struct FromText<T>(T);

impl<'de, T: FromStr<Err = Error>> Deserialize<'de> for FromText<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

impl Config {
    /// Reads the file `given`, which must exist, or else the default file, which may be missing.
    pub(super) fn read(given: Option<&Path>) -> Result<Self> {
        let Some(file) = given.map(Path::to_path_buf).or_else(usual) else {
            return Ok(Self::default());
        };
        let (text, mode) = match read_text(&file) {
            Ok(read) => read,
            Err(error) if given.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Error::new(
                    Kind::Refused,
                    format!("Cannot read {}: {error}", file.display()),
                ));
            }
        };
        let config =
            Self::parse(&text).map_err(|why| Error::usage(format!("{}{why}", file.display())))?;
        config.check_mode(&file, mode)?;
        Ok(config)
    }

    /// Refuses a file that contains a password and is readable by others, or that contains a
    /// command and is writable by others.
    fn check_mode(&self, file: &Path, mode: u32) -> Result<()> {
        let shown = file.display();
        let has = |what: fn(&Secured) -> bool| {
            self.ensembles.values().any(|ensemble| what(&ensemble.secured))
        };
        if mode & 0o077 != 0 && has(|secured| secured.password.is_some()) {
            let why =
                format!("{shown} holds a password, and others may read it: chmod 600 {shown}");
            return Err(Error::new(Kind::Refused, why));
        }
        let runs = |secured: &Secured| {
            secured.password_command.is_some() || secured.key_password_command.is_some()
        };
        if mode & 0o022 != 0 && has(runs) {
            let why =
                format!("{shown} names a command, and others may change it: chmod go-w {shown}");
            return Err(Error::new(Kind::Refused, why));
        }
        Ok(())
    }

    /// Parses the text of the file. An error begins with the line number.
    fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| {
            let line = 1 + error.span().map_or(0, |span| text[..span.start].matches('\n').count());
            let written = text.lines().nth(line - 1).unwrap_or_default().trim();
            // The line may contain a password. It may also be the continuation of an unclosed
            // value.
            let is_secret = text.lines().take(line).any(may_hold_secret);
            let written: String = match written.split_once('=') {
                Some((key, _)) if is_secret => format!("{key}= …"),
                None if is_secret => "…".to_owned(),
                _ => written.chars().take(MAX_SHOWN_CHARS).collect(),
            };
            let why = error.message().lines().next().unwrap_or_default();
            let why = why.replace("u32", "a whole number").replace("usize", "a whole number");
            format!(":{line}: {written}: {why}")
        })?;
        match &config.ensemble {
            Some(_) if config.server.is_some() => {
                Err(": server and ensemble both name the servers".to_owned())
            }
            Some(name) if !config.ensembles.contains_key(name) => {
                Err(format!(": ensemble = \"{name}\", but [ensembles] has no {name}"))
            }
            _ => match config.colors.keys().find(|name| !config.ensembles.contains_key(*name)) {
                Some(name) => {
                    Err(format!(": [colors] names {name}, but [ensembles] has no {name}"))
                }
                None => Ok(config),
            },
        }
    }

    /// Returns the default servers and how to secure connections to them, if the file gives any.
    pub(super) fn servers(&self) -> Option<(Servers, Secured)> {
        if let Some(FromText(servers)) = &self.server {
            return Some((servers.clone(), Secured::default()));
        }
        let named = self.ensemble.as_ref().and_then(|name| self.ensembles.get(name));
        named.map(|named| (named.servers.clone(), named.secured.clone()))
    }

    /// Returns the name of the default ensemble, if it has one.
    pub(super) fn default_ensemble(&self) -> Option<&str> {
        self.ensemble.as_deref()
    }

    /// Returns all ensembles. `chosen` is the name by which the user selected one of them.
    pub(super) fn ensembles(&self, chosen: Option<&str>) -> Vec<NamedEnsemble> {
        let ensemble = |(name, named): (&String, &Ensemble)| NamedEnsemble {
            name: name.clone(),
            servers: named.servers.clone(),
            color: self.colors.get(name).copied(),
            is_chosen: chosen == Some(name),
            secured: named.secured.clone(),
        };
        self.ensembles.iter().map(ensemble).collect()
    }

    /// Returns the znodes that must not be deleted together with their descendants.
    pub(super) fn protected(&self) -> Vec<ZnodePath> {
        self.protect.iter().map(|FromText(path)| path.clone()).collect()
    }

    /// Returns the servers of the ensemble with this name, and how to secure connections to them.
    pub(super) fn ensemble(&self, name: &str) -> Result<(Servers, Secured)> {
        match self.ensembles.get(name) {
            Some(named) => Ok((named.servers.clone(), named.secured.clone())),
            None => Err(Error::usage(format!("No ensemble has the name {name}"))
                .with_hint("the table [ensembles] of the config file has their names")),
        }
    }
}

/// Returns whether a line may set a password or a password command, even if the key is misspelt.
fn may_hold_secret(line: &str) -> bool {
    line.split('=').next().is_some_and(|key| key.contains("pas") && !key.contains("_file"))
}

/// Reads a file and returns its text and mode. Reads at most `MAX_BYTES`, because a device such as
/// `/dev/zero` never ends.
fn read_text(file: &Path) -> io::Result<(String, u32)> {
    let mut text = String::new();
    let file = File::open(file)?;
    let mode = file.metadata()?.permissions().mode();
    file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it is larger than {MAX_BYTES} bytes")));
    }
    Ok((text, mode))
}

/// Returns the default path of the config file (XDG base directories).
pub(super) fn usual() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(base.join("zksh/config.toml"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_error_names_the_line() {
        for (text, why) in [
            ("x", ":1: x: key with no value, expected `=`"),
            (
                "\ntimeout = \"x\"",
                ":2: timeout = \"x\": invalid type: string \"x\", expected a whole number",
            ),
            ("protect = [\"x\"]", ":1: protect = [\"x\"]: Path must start with / character"),
            (
                "[ensembles]\nprod = \"h:0\"",
                ":2: prod = \"h:0\": Not a server: h:0: a port is a number from 1 to 65535",
            ),
            ("server = \"h\"\nensemble = \"prod\"", ": server and ensemble both name the servers"),
            (
                "[ensembles.prod]\nservers = \"h\"\npassword = \"a-secret\"x",
                ":3: password = …: unexpected key or value, expected newline, `#`",
            ),
            (
                "[ensembles.prod]\nservers = \"h\"\nsasl = \"digest-md5\"\nuser = \"ann\"\n\
                 password_command = []",
                ":5: password_command = …: a command is a line for sh, or a list of a program and its arguments",
            ),
            (
                "[ensembles.prod]\nservers = \"h\"\npassword = \"x\"",
                ":1: [ensembles.prod]: a password belongs to a user",
            ),
            ("ensemble = \"prod\"", ": ensemble = \"prod\", but [ensembles] has no prod"),
            ("[colors]\nprod = \"red\"", ": [colors] names prod, but [ensembles] has no prod"),
        ] {
            assert_eq!(Config::parse(text).unwrap_err(), why);
        }
        let unknown = Config::parse("\n\nnosuch = 1").unwrap_err();
        assert!(unknown.starts_with(":3: nosuch = 1: unknown field `nosuch`"), "{unknown}");
    }
}

//! The config file: ensembles by name, and the options that one does not want to type each time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Color;
use crate::dialect::Dialect;
use crate::error::{Error, Kind, Result};
use crate::servers::Servers;

#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    pub(super) server: Option<String>,
    pub(super) ensemble: Option<String>,
    pub(super) timeout: Option<u32>,
    pub(super) compat: Option<Dialect>,
    pub(super) color: Option<Color>,
    pub(super) max_request: Option<usize>,
    pub(super) hints: Option<bool>,
    pub(super) pager: Option<bool>,
    pub(super) times: Option<bool>,
    #[serde(default)]
    pub(super) protect: Vec<String>,
    #[serde(default)]
    ensembles: BTreeMap<String, String>,
}

impl Config {
    /// Reads the file given, which must exist, or the usual one, which need not.
    pub(super) fn read(given: Option<&Path>) -> Result<Self> {
        let Some(file) = given.map(Path::to_path_buf).or_else(usual) else {
            return Ok(Self::default());
        };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
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
        toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
            let why = error.message().lines().next().unwrap_or_default();
            Error::usage(format!("{}:{line}: {why}", file.display()))
        })
    }

    /// Returns the servers that have this name.
    pub(super) fn ensemble(&self, name: &str) -> Result<Servers> {
        match self.ensembles.get(name) {
            Some(servers) => servers.parse(),
            None => Err(Error::usage(format!("No ensemble is called {name}"))
                .with_hint("the config file names them in its table [ensembles]")),
        }
    }
}

/// Returns the config file's usual place (XDG base directories).
fn usual() -> Option<PathBuf> {
    let absolute =
        |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(base.join("zksh/config.toml"))
}

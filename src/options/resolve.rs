//! Combines the arguments with the config file and the environment.

use std::time::Duration;

use super::config::{self, Config, Secured};
use super::{Arguments, DEFAULT_MAX_REQUEST, Input, Options, Preferences, Ready};
use crate::error::Result;

/// Returns the options. What is typed has precedence over the config file.
pub(super) fn resolve(typed: Arguments, config: &Config) -> Result<Options> {
    let chosen = match &typed.server {
        Some(_) => None,
        None => typed.ensemble.as_deref().or(config.default_ensemble()),
    };
    let ensembles = config.ensembles(chosen);
    let named = match (typed.server, typed.ensemble) {
        (Some(servers), _) => Some((servers, Secured::default())),
        (None, Some(name)) => Some(config.ensemble(&name)?),
        (None, None) => config.servers(),
    };
    let tls = named.as_ref().is_some_and(|(servers, _)| servers.tls());
    let (named, secured) = named.unzip();
    let flags = std::env::var("CLIENT_JVMFLAGS").ok();
    let secured = secured.unwrap_or_default();
    let (security, remark) = match typed.sandbox.address {
        // The sandbox decides itself which protocol it uses.
        Some(_) => (Ready::Known(Box::default()), None),
        None => typed.security.resolve(tls, &secured, flags.as_deref())?,
    };
    let input = match (typed.file, typed.command) {
        (Some(file), _) => Input::File(file),
        (None, command) if command.is_empty() => Input::Standard,
        (None, command) => Input::Command(command),
    };
    let timeout = typed.timeout.or(config.timeout);
    Ok(Options {
        servers: named,
        timeout: timeout.map(|timeout| Duration::from_millis(timeout.into())),
        read_only: typed.read_only,
        wait_for_connection: typed.wait_for_connection,
        dialect: typed.compat.or(config.compat).unwrap_or_default(),
        format: typed.output.unwrap_or_default(),
        color: typed.color.or(config.color).unwrap_or_default(),
        max_request: typed.max_request.or(config.max_request).unwrap_or(DEFAULT_MAX_REQUEST),
        protected: config.protected(),
        preferences: Preferences {
            hints: config.hints.unwrap_or(true),
            pager: config.pager.unwrap_or(false),
            times: config.times.unwrap_or(false),
            vi: config.vi.unwrap_or(false),
            journal: config.journal.unwrap_or(true),
            prompt: config.prompt.unwrap_or_default(),
        },
        ensembles,
        config_file: typed.config.or_else(config::usual),
        input,
        script: typed.script,
        sandbox: typed.sandbox,
        learn: None,
        security,
        remarks: remark.into_iter().collect(),
    })
}

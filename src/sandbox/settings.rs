//! Settings of a sandbox, with Apache's defaults.

use std::path::PathBuf;
use std::time::Duration;

use super::sasl::Users;

/// The names that [`Settings::set`] knows.
const NAMES: &str = "tickTime, minSessionTimeout, maxSessionTimeout, maxClientCnxns, \
                     jute.maxbuffer, nio.sessionlessCnxnTimeout, ZK_SERVER_HEAP, znode.container.checkIntervalMs, flushDelay, maxBatchSize, syncLimit, readonlymode.enabled, enforceQuota, ssl.clientAuth, ssl.enabledProtocols, \
                     client.portUnification, sessionRequireClientSASLAuth and \
                     DigestAuthenticationProvider.superDigest";

/// The settings of a sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent settings of Apache's server")]
pub struct Settings {
    /// The unit of session timeouts (`tickTime`).
    pub tick: Duration,
    /// The shortest session timeout (`minSessionTimeout`); two ticks if `None`.
    pub min_session_timeout: Option<Duration>,
    /// The longest session timeout (`maxSessionTimeout`); twenty ticks if `None`.
    pub max_session_timeout: Option<Duration>,
    /// Maximum number of connections per client address (`maxClientCnxns`); 0 for no limit.
    pub max_connections: usize,
    /// Maximum size of a request, in bytes (`jute.maxbuffer`).
    pub max_request: usize,
    /// Maximum time that a connection may stay without a session (`nio.sessionlessCnxnTimeout`),
    /// and may take to read the last output.
    pub patience: Duration,
    /// Maximum bytes for znodes, watches and sessions; beyond it the sandbox refuses new ones.
    /// Apache's server has a heap of 1000 MB (`ZK_SERVER_HEAP`), and exits when it is full.
    pub memory: usize,
    /// Interval between checks of containers and TTL znodes (`znode.container.checkIntervalMs`).
    pub container_check: Duration,
    /// How long writes are collected before they are applied (`flushDelay`). Meanwhile requests are
    /// checked against the old state, so they do not see a `setAcl` or a change of quota usage yet.
    /// A slow disk has the same effect on Apache's server.
    pub flush_delay: Duration,
    /// Maximum number of requests that wait for a flush (`maxBatchSize`).
    pub max_batch: usize,
    /// Number of ticks after which servers of an ensemble give up a server that they cannot reach
    /// (`syncLimit`).
    pub sync_limit: u32,
    /// Whether a server without a leader serves read-only clients (`readonlymode.enabled`).
    pub read_only: bool,
    /// Whether hard quotas refuse writes (`enforceQuota`, which is off in Apache's default).
    pub enforce_quota: bool,
    /// The digest id of the superuser (`DigestAuthenticationProvider.superDigest`).
    pub super_digest: Option<String>,
    /// The folder with the certificates of TLS. Missing ones are created. Without a folder,
    /// connections are plain.
    pub tls: Option<PathBuf>,
    /// Whether clients show a certificate (`ssl.clientAuth`).
    pub client_auth: ClientAuth,
    /// Whether TLS 1.2 is spoken (`ssl.enabledProtocols`).
    pub tls12: bool,
    /// Whether TLS 1.3 is spoken (`ssl.enabledProtocols`).
    pub tls13: bool,
    /// Whether a TLS port takes plain connections too (`client.portUnification`).
    pub port_unification: bool,
    /// The users of SASL DIGEST-MD5; without any the sandbox has no SASL.
    pub users: Users,
    /// Whether sessions must authenticate by SASL (`sessionRequireClientSASLAuth`).
    pub require_sasl: bool,
}

/// Whether clients show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// They are not asked for one.
    None,
    /// They may.
    Want,
    /// They must, as is Apache's default.
    #[default]
    Need,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // The value in `zoo_sample.cfg`.
            tick: Duration::from_secs(2),
            min_session_timeout: None,
            max_session_timeout: None,
            max_connections: 60,
            max_request: 0xf_ffff,
            patience: Duration::from_secs(10),
            memory: 1000 << 20,
            container_check: Duration::from_mins(1),
            flush_delay: Duration::ZERO,
            max_batch: 1000,
            sync_limit: 5,
            read_only: false,
            enforce_quota: true,
            super_digest: None,
            tls: None,
            client_auth: ClientAuth::Need,
            tls12: true,
            tls13: true,
            port_unification: false,
            users: Users::default(),
            require_sasl: false,
        }
    }
}

impl Settings {
    /// Sets the option with this name in Apache's `zoo.cfg` or system properties. Times are in
    /// milliseconds, the heap is in megabytes.
    ///
    /// # Errors
    /// Describes what is wrong with the name or the value.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = || value.parse::<u32>().map_err(|_| format!("{name} is a number, 0 or more"));
        let time = || number().map(|number| Duration::from_millis(number.into()));
        let switch = || value.parse().map_err(|_| format!("{name} is true or false"));
        let size = || number().map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        match name {
            "tickTime" => self.tick = time()?,
            "minSessionTimeout" => self.min_session_timeout = Some(time()?),
            "maxSessionTimeout" => self.max_session_timeout = Some(time()?),
            "maxClientCnxns" => self.max_connections = size()?,
            "jute.maxbuffer" => self.max_request = size()?,
            "nio.sessionlessCnxnTimeout" => self.patience = time()?,
            "ZK_SERVER_HEAP" => self.memory = size()?.saturating_mul(1 << 20),
            "znode.container.checkIntervalMs" => self.container_check = time()?,
            "flushDelay" => self.flush_delay = time()?,
            "maxBatchSize" => self.max_batch = size()?,
            "syncLimit" => self.sync_limit = number()?,
            "readonlymode.enabled" => self.read_only = switch()?,
            "enforceQuota" => self.enforce_quota = switch()?,
            "DigestAuthenticationProvider.superDigest" => {
                self.super_digest = Some(value.to_owned());
            }
            "ssl.clientAuth" => {
                self.client_auth = match value.to_ascii_lowercase().as_str() {
                    "none" => ClientAuth::None,
                    "want" => ClientAuth::Want,
                    "need" => ClientAuth::Need,
                    _ => return Err(format!("{name} is none, want or need")),
                }
            }
            "ssl.enabledProtocols" => {
                let has = |version| value.split(',').any(|word| word.trim() == version);
                (self.tls12, self.tls13) = (has("TLSv1.2"), has("TLSv1.3"));
                if !self.tls12 && !self.tls13 {
                    return Err(format!("{name} is TLSv1.2, TLSv1.3, or both with a comma"));
                }
            }
            "client.portUnification" => self.port_unification = switch()?,
            "sessionRequireClientSASLAuth" => self.require_sasl = switch()?,
            _ => return Err(format!("there are {NAMES}")),
        }
        Ok(())
    }

    /// Returns the tick in milliseconds, at least 1.
    pub(crate) fn tick_milliseconds(&self) -> u64 {
        milliseconds(self.tick).max(1)
    }

    /// Returns the minimum and maximum session timeout, in milliseconds.
    pub(crate) fn session_timeouts(&self) -> (u64, u64) {
        let tick = self.tick_milliseconds();
        let shortest = self.min_session_timeout.map_or(2 * tick, milliseconds);
        let longest = self.max_session_timeout.map_or(20 * tick, milliseconds);
        // Clients store a timeout in 31 bits.
        let longest = longest.min(i32::MAX.unsigned_abs().into());
        (shortest.min(longest), longest)
    }
}

/// Converts a duration to milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_told_can_be_set() {
        let mut settings = Settings::default();
        for name in NAMES.replace(" and ", ", ").split(", ") {
            let value = match name {
                "enforceQuota" => "false",
                "readonlymode.enabled"
                | "client.portUnification"
                | "sessionRequireClientSASLAuth" => "true",
                "ssl.clientAuth" => "want",
                "ssl.enabledProtocols" => "TLSv1.2",
                _ => "7",
            };
            let before = settings.clone();
            assert_eq!(settings.set(name, value), Ok(()));
            assert_ne!(settings, before, "{name}");
        }
        assert!(settings.set("tickTime", "soon").is_err());
        assert!(settings.set("dataDir", "/tmp").is_err());
    }

    #[test]
    fn session_timeouts_follow_the_tick_unless_set() {
        assert_eq!(Settings::default().session_timeouts(), (4_000, 40_000));
        let settings = Settings {
            min_session_timeout: Some(Duration::from_secs(90)),
            max_session_timeout: Some(Duration::from_secs(1)),
            ..Settings::default()
        };
        assert_eq!(settings.session_timeouts(), (1_000, 1_000));
    }
}

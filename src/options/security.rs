//! The options for secured ensembles, including the files that users of zkCli already have.

mod jaas;
mod kerberos;
mod properties;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use self::properties::Properties;
use super::config::Secured;
use super::mechanism::Mechanism;
use crate::error::{Error, Kind, Result};
use crate::zk::{Kerberos, KeyFile, PasswordCommand, SaslUser, Secret, Security, Tickets, Tls};

/// The maximum size of a properties file, a JAAS file or a password file, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// How connections are secured.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct SecurityOptions {
    /// Encrypt connections, as tls://host:port does; --cacert and --cert imply it
    #[arg(long)]
    pub tls: bool,
    /// Certificates to trust: of authorities, or a server's own (PEM, PKCS12 or JKS)
    #[arg(long, value_name = "file")]
    pub cacert: Option<PathBuf>,
    /// Certificate to show to a server that wants one (PEM, PKCS12 or JKS)
    #[arg(long, value_name = "file")]
    pub cert: Option<PathBuf>,
    /// Key of the certificate, if it is in another file
    #[arg(long, value_name = "file", requires = "cert")]
    pub key: Option<PathBuf>,
    /// File with the password of the key and of the stores
    #[arg(long, value_name = "file")]
    pub key_password_file: Option<PathBuf>,
    /// Accept a certificate for another host; its issuer and its validity are still checked
    #[arg(long)]
    pub insecure_hostname: bool,
    /// Authenticate each connection by SASL
    #[arg(long, value_name = "mechanism")]
    pub sasl: Option<Mechanism>,
    /// User to authenticate as by SASL
    #[arg(long, value_name = "name", requires = "sasl", required_if_eq("sasl", "digest-md5"))]
    pub user: Option<String>,
    /// File with the user's password; without it, zksh asks for the password
    #[arg(long, value_name = "file", requires = "sasl")]
    pub password_file: Option<PathBuf>,
    /// Properties file of zkCli, with zookeeper.client.secure, zookeeper.ssl.* and zookeeper.sasl.*
    #[arg(long = "client-configuration", value_name = "file")]
    pub client_configuration: Option<PathBuf>,
}

/// The security settings, or how to get the password that is still missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// Everything is known.
    Known(Box<Security>),
    /// Ask the user for the password of this user name.
    Ask(Box<Security>, String),
    /// Run this command, which prints the password of this user name.
    Run(Box<Security>, String, PasswordCommand),
    /// Run this command, which prints the password of the key and of the stores, and then do what
    /// is still to be done.
    Unlock(Box<Ready>, PasswordCommand),
}

impl Ready {
    /// Returns what is known of the security settings.
    pub fn known(&self) -> &Security {
        match self {
            Self::Known(security) | Self::Ask(security, _) | Self::Run(security, ..) => security,
            Self::Unlock(ready, _) => ready.known(),
        }
    }
}

impl SecurityOptions {
    /// Combines the sources of security settings. Options have precedence over the config file's
    /// table, and the table over zkCli's own files. `tls` tells whether the servers were written
    /// with `tls://`.
    pub(super) fn resolve(
        &self,
        tls: bool,
        table: &Secured,
        flags: Option<&str>,
    ) -> Result<(Ready, Option<String>)> {
        let (ready, remark) = self.with_keys(tls, table, flags)?;
        Ok(match &table.key_password_command {
            Some(command) if self.key_password_file.is_none() && ready.known().tls.is_some() => {
                (Ready::Unlock(Box::new(ready), command.clone()), remark)
            }
            _ => (ready, remark),
        })
    }

    /// Like [`SecurityOptions::resolve`], without the password of the key that a command prints.
    fn with_keys(
        &self,
        tls: bool,
        table: &Secured,
        flags: Option<&str>,
    ) -> Result<(Ready, Option<String>)> {
        let mut remark = None;
        let from_java = match (&self.client_configuration, flags) {
            (Some(file), _) => {
                let properties = Properties::parse(&read(file)?);
                of_java(&properties, &file.display().to_string())?
            }
            (None, Some(flags)) if self.is_silent() && table.is_silent() && !tls => {
                let found = of_java(&Properties::of_flags(flags), "CLIENT_JVMFLAGS")?;
                if found != Security::default() {
                    remark = Some("CLIENT_JVMFLAGS says how connections are secured".to_owned());
                }
                found
            }
            _ => Security::default(),
        };
        let tls = self.tls(tls, table, from_java.tls.clone())?;
        let user = self.user.as_ref().or(table.user.as_ref());
        if self.sasl.or(table.sasl) == Some(Mechanism::Kerberos) {
            if !cfg!(feature = "kerberos") {
                return Err(Error::usage("This zksh was built without Kerberos")
                    .with_hint("cargo install with --features kerberos builds it in"));
            }
            let kerberos = Some(Kerberos { principal: user.cloned(), tickets: Tickets::default() });
            return Ok((Ready::Known(Box::new(Security { tls, sasl: None, kerberos })), remark));
        }
        let Some(user) = user else {
            let known = Security { tls, ..from_java };
            return Ok((Ready::Known(Box::new(known)), remark));
        };
        let without = |tls| Box::new(Security { tls, ..Security::default() });
        let known = |tls, password| {
            let sasl = Some(SaslUser { user: user.clone(), password });
            Ready::Known(Box::new(Security { tls, sasl, kerberos: None }))
        };
        // The password in the table belongs to the user in the table.
        let table = if self.user.is_none() { table } else { &Secured::default() };
        let ready = if let Some(file) = self.password_file.as_ref().or(table.password_file.as_ref())
        {
            known(tls, password(file)?)
        } else if let Some(password) = &table.password {
            known(tls, password.clone())
        } else if let Some(command) = &table.password_command {
            Ready::Run(without(tls), user.clone(), command.clone())
        } else {
            Ready::Ask(without(tls), user.clone())
        };
        Ok((ready, remark))
    }

    fn is_silent(&self) -> bool {
        !self.tls && self.cacert.is_none() && self.cert.is_none() && self.sasl.is_none()
    }

    /// Returns the name of the first of these options that is given, if any is.
    pub(super) fn first(&self) -> Option<&'static str> {
        let given = [
            (self.tls, "--tls"),
            (self.cacert.is_some(), "--cacert"),
            (self.cert.is_some(), "--cert"),
            (self.key_password_file.is_some(), "--key-password-file"),
            (self.insecure_hostname, "--insecure-hostname"),
            (self.sasl.is_some(), "--sasl"),
            (self.client_configuration.is_some(), "-client-configuration"),
        ];
        given.into_iter().find_map(|(is_given, name)| is_given.then_some(name))
    }

    fn tls(&self, wanted: bool, table: &Secured, java: Option<Tls>) -> Result<Option<Tls>> {
        let cacert = self.cacert.as_ref().or(table.cacert.as_ref());
        let cert = self.cert.as_ref().or(table.cert.as_ref());
        let key = if self.cert.is_some() {
            self.key.as_ref()
        } else {
            self.key.as_ref().or(table.key.as_ref())
        };
        let wanted = wanted || self.tls || table.tls || cacert.is_some() || cert.is_some();
        if !wanted && java.is_none() {
            return Ok(None);
        }
        let file = self.key_password_file.as_ref().or(table.key_password_file.as_ref());
        let opener = file.map(|file| password(file)).transpose()?;
        let with = |path: &PathBuf| KeyFile { path: path.clone(), password: opener.clone() };
        let (trust, more) = match (cacert, java) {
            (Some(cacert), java) => (with(cacert), java),
            (None, Some(java)) => (java.trust.clone(), Some(java)),
            (None, None) => {
                return Err(Error::usage("TLS needs --cacert: the certificates to trust")
                    .with_hint("public web authorities do not sign ZooKeeper certificates"));
            }
        };
        let verify_hostname = !self.insecure_hostname && table.verify_hostname.unwrap_or(true);
        Ok(Some(Tls {
            trust,
            certificate: cert.map(with).or(more.as_ref().and_then(|java| java.certificate.clone())),
            key: key.map(with),
            verify_hostname: verify_hostname
                && more.as_ref().is_none_or(|java| java.verify_hostname),
            tls12: more.as_ref().is_none_or(|java| java.tls12),
            tls13: more.as_ref().is_none_or(|java| java.tls13),
        }))
    }
}

/// Reads the properties of a Java client. `from` names their source in errors. A key is refused by
/// its name if it would change how the connection is secured and zksh does not support it.
fn of_java(properties: &Properties, from: &str) -> Result<Security> {
    let wrong = |key: &str, why: &str| Error::usage(format!("{from}: {key}: {why}"));
    for key in properties.keys() {
        match key.strip_prefix("zookeeper.") {
            Some(known) if KNOWN.contains(&known) || IGNORED.contains(&known) => {}
            None if key == JAAS || !key.starts_with("java.security.") => {}
            _ => return Err(wrong(key, "zksh does not support it")),
        }
    }
    let get =
        |key: &str| properties.get(&format!("zookeeper.{key}")).filter(|value| !value.is_empty());
    let flag = |key: &str, default| match get(key) {
        None => Ok(default),
        Some(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Some(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        Some(value) => {
            Err(wrong(&format!("zookeeper.{key}"), &format!("{value} is neither true nor false")))
        }
    };
    let store = |which: &str| -> Result<Option<KeyFile>> {
        let Some(path) = get(&format!("ssl.{which}.location")) else { return Ok(None) };
        let file = get(&format!("ssl.{which}.passwordPath")).map(|file| password(Path::new(file)));
        let plain = get(&format!("ssl.{which}.password")).map(|text| Secret::new(text.to_owned()));
        // As in Java, a password file has precedence over a password.
        let opener = file.transpose()?.or(plain);
        Ok(Some(KeyFile { path: path.into(), password: opener }))
    };
    let mut security = Security::default();
    if flag("client.secure", false)? {
        let (tls12, tls13) = versions(get("ssl.enabledProtocols").or(get("ssl.protocol")))
            .map_err(|why| wrong("zookeeper.ssl.enabledProtocols", &why))?;
        security.tls = Some(Tls {
            trust: store("trustStore")?.ok_or_else(|| {
                wrong("zookeeper.ssl.trustStore.location", "TLS needs the certificates to trust")
            })?,
            certificate: store("keyStore")?,
            key: None,
            verify_hostname: flag("ssl.hostnameVerification", true)?,
            tls12,
            tls13,
        });
    }
    if flag("sasl.client", true)?
        && let Some(file) = properties.get(JAAS)
    {
        let section = get("sasl.clientconfig").unwrap_or("Client");
        match of_jaas(Path::new(file), section)? {
            Some(Login::User(user)) => security.sasl = Some(user),
            Some(Login::Kerberos(kerberos)) => security.kerberos = Some(kerberos),
            None => {}
        }
    }
    Ok(security)
}

/// The property that names the JAAS file.
const JAAS: &str = "java.security.auth.login.config";

/// The supported properties, without the prefix `zookeeper.`.
const KNOWN: &[&str] = &[
    "client.secure",
    "ssl.keyStore.location",
    "ssl.keyStore.password",
    "ssl.keyStore.passwordPath",
    "ssl.trustStore.location",
    "ssl.trustStore.password",
    "ssl.trustStore.passwordPath",
    "ssl.hostnameVerification",
    "ssl.protocol",
    "ssl.enabledProtocols",
    "sasl.client",
    "sasl.clientconfig",
];

/// Properties that have no effect here. zksh detects the type of a store from its first bytes, and
/// it has only one type of socket.
const IGNORED: &[&str] = &[
    "clientCnxnSocket",
    "ssl.keyStore.type",
    "ssl.trustStore.type",
    "ssl.clientHostnameVerification",
    "fips-mode",
];

fn versions(text: Option<&str>) -> Result<(bool, bool), String> {
    let (mut tls12, mut tls13) = (text.is_none(), text.is_none());
    for version in text.into_iter().flat_map(|text| text.split(',')).map(str::trim) {
        match version {
            "TLSv1.2" => tls12 = true,
            "TLSv1.3" => tls13 = true,
            "TLS" => (tls12, tls13) = (true, true),
            other => return Err(format!("{other} is neither TLSv1.2 nor TLSv1.3")),
        }
    }
    Ok((tls12, tls13))
}

/// How a JAAS file logs in.
enum Login {
    User(SaslUser),
    Kerberos(Kerberos),
}

fn of_jaas(file: &Path, section: &str) -> Result<Option<Login>> {
    let module = jaas::section(&read(file)?, section)
        .map_err(|error| Error::usage(format!("{}{error}", file.display())))?;
    let Some(module) = module else { return Ok(None) };
    let name = module.name();
    let wrong = |why: String| Error::usage(format!("{}: {section}: {why}", file.display()));
    match name {
        "DigestLoginModule" => match (module.get("username"), module.get("password")) {
            (Some(user), Some(password)) => Ok(Some(Login::User(SaslUser {
                user: user.to_owned(),
                password: Secret::new(password.to_owned()),
            }))),
            _ => Err(wrong("username and password are needed".to_owned())),
        },
        "Krb5LoginModule" if cfg!(feature = "kerberos") => kerberos::of_module(&module)
            .map(|kerberos| Some(Login::Kerberos(kerberos)))
            .map_err(|why| wrong(format!("{name}: {why}"))),
        "Krb5LoginModule" => Err(wrong(format!(
            "this zksh was built without Kerberos; one built with --features kerberos reads {name}"
        ))),
        _ => Err(wrong(format!("zksh does not support {name}"))),
    }
}

fn read(file: &Path) -> Result<String> {
    let mut text = String::new();
    let read = File::open(file).and_then(|open| open.take(MAX_BYTES + 1).read_to_string(&mut text));
    let read = read.and_then(|_| match text.len() as u64 {
        length if length > MAX_BYTES => {
            Err(io::Error::other(format!("it is larger than {MAX_BYTES} bytes")))
        }
        _ => Ok(()),
    });
    read.map_err(|error| {
        Error::new(Kind::Refused, format!("Cannot read {}: {error}", file.display()))
    })?;
    Ok(text)
}

/// Reads a password from the first line of a file.
fn password(file: &Path) -> Result<Secret> {
    let text = read(file)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return Err(Error::usage(format!("{} holds no password", file.display())));
    }
    Ok(Secret::new(line.to_owned()))
}

//! The certificates of a CA, a server and a client, which are created if they are missing.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

/// The certificate of the CA.
pub(super) const CA: &str = "ca.pem";
/// The server's certificate.
pub(super) const SERVER: &str = "server.pem";
/// The server's key.
pub(super) const SERVER_KEY: &str = "server.key";

/// How long certificates are valid: the longest time that all clients accept.
const VALID: Duration = Duration::from_hours(24 * 825);

/// How long they have been valid: clocks differ.
const BEFORE: Duration = Duration::from_hours(24);

/// Makes the files, unless those are there that a server needs.
pub(super) fn ensure(folder: &Path) -> io::Result<()> {
    let needed = [CA, SERVER, SERVER_KEY];
    let found: Vec<&str> = needed.into_iter().filter(|name| folder.join(name).exists()).collect();
    if found.len() == needed.len() {
        return Ok(());
    }
    if let Some(name) = found.first() {
        let missing = needed.iter().find(|name| !found.contains(name)).unwrap_or(&"");
        return Err(io::Error::other(format!(
            "{} holds {name} and no {missing}; an empty folder gets all of them",
            folder.display()
        )));
    }
    fs::create_dir_all(folder)?;
    make(folder)
}

fn make(folder: &Path) -> io::Result<()> {
    let mut params = params("zksh sandbox CA", &[])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().map_err(wrong)?;
    let certificate = params.self_signed(&key).map_err(wrong)?;
    write(folder, CA, &certificate.pem(), 0o644)?;
    write(folder, "ca.key", &key.serialize_pem(), 0o600)?;
    let issuer = Issuer::new(params, key);
    let hosts = ["localhost", "127.0.0.1", "::1"];
    leaf(folder, &issuer, "server", "localhost", &hosts, ExtendedKeyUsagePurpose::ServerAuth)?;
    leaf(folder, &issuer, "client", "ann", &[], ExtendedKeyUsagePurpose::ClientAuth)
}

fn leaf(
    folder: &Path,
    issuer: &Issuer<'_, KeyPair>,
    name: &str,
    common_name: &str,
    hosts: &[&str],
    usage: ExtendedKeyUsagePurpose,
) -> io::Result<()> {
    let mut params = params(common_name, hosts)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    let key = KeyPair::generate().map_err(wrong)?;
    let certificate = params.signed_by(&key, issuer).map_err(wrong)?;
    write(folder, &format!("{name}.pem"), &certificate.pem(), 0o644)?;
    write(folder, &format!("{name}.key"), &key.serialize_pem(), 0o600)
}

fn params(common_name: &str, hosts: &[&str]) -> io::Result<CertificateParams> {
    let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
    let mut params = CertificateParams::new(hosts).map_err(wrong)?;
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::OrganizationName, "zksh");
    params.distinguished_name.push(DnType::CommonName, common_name);
    let now = SystemTime::now();
    params.not_before = (now - BEFORE).into();
    params.not_after = (now + VALID).into();
    Ok(params)
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> io::Result<()> {
    let file = folder.join(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(mode);
    options.open(file)?.write_all(text.as_bytes())
}

fn wrong(error: rcgen::Error) -> io::Error {
    io::Error::other(error)
}

//! Kerberos with an Apache server and an MIT KDC on this machine. Skipped if the KDC, `kinit`, Java
//! or a release is missing.

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::fails;
use crate::support::apache::{Server, newest};
use crate::support::shell::{Zksh, bare};
use crate::support::{free_port, wait_until};

/// A realm with the service zookeeper/localhost and the user ann, whose password is annpw.
struct Realm {
    folder: tempfile::TempDir,
    kdc: Child,
    port: u16,
}

impl Drop for Realm {
    fn drop(&mut self) {
        let _ = self.kdc.kill();
        let _ = self.kdc.wait();
    }
}

impl Realm {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (at, port) = (folder.path(), free_port());
        let shown = at.display();
        let write = |name: &str, text: String| fs::write(at.join(name), text).unwrap();
        write(
            "krb5.conf",
            format!(
                "[libdefaults]\n default_realm = ZK.TEST\n dns_lookup_kdc = false\n \
                 dns_lookup_realm = false\n rdns = false\n dns_canonicalize_hostname = false\n \
                 udp_preference_limit = 1\n default_ccache_name = FILE:{shown}/tickets\n\
                 [realms]\n ZK.TEST = {{\n  kdc = 127.0.0.1:{port}\n }}\n\
                 [domain_realm]\n localhost = ZK.TEST\n"
            ),
        );
        write(
            "kdc.conf",
            format!(
                "[kdcdefaults]\n kdc_listen = 127.0.0.1:{port}\n kdc_tcp_listen = 127.0.0.1:{port}\n\
                 [realms]\n ZK.TEST = {{\n  database_name = {shown}/principal\n  \
                 key_stash_file = {shown}/stash\n  max_life = 10h\n }}\n\
                 [logging]\n kdc = FILE:{shown}/kdc.log\n"
            ),
        );
        if !tool(at, "kdb5_util -r ZK.TEST create -s -P master", "") {
            eprintln!("there is no KDC: Kerberos is left out");
            return None;
        }
        for query in [
            "addprinc -randkey zookeeper/localhost",
            "addprinc -pw annpw ann",
            &format!("ktadd -k {shown}/service.keytab zookeeper/localhost"),
            &format!("ktadd -norandkey -k {shown}/ann.keytab ann"),
        ] {
            let mut command = command(at, "kadmin.local");
            let status =
                command.args(["-r", "ZK.TEST", "-q", query]).stdout(Stdio::null()).status();
            assert!(status.unwrap().success(), "{query}");
        }
        let kdc = command(at, "krb5kdc").args(["-n", "-r", "ZK.TEST"]).spawn().unwrap();
        let realm = Self { folder, kdc, port };
        wait_until("the KDC", || TcpStream::connect(("127.0.0.1", realm.port)).ok());
        Some(realm)
    }

    fn at(&self) -> &Path {
        self.folder.path()
    }

    /// Prepares a shell that uses the realm.
    fn shell(&self, server: &str) -> Zksh {
        bare()
            .env("KRB5_CONFIG", self.at().join("krb5.conf"))
            .args(["-server", server, "--sasl", "kerberos"])
    }
}

/// Prepares a Kerberos program. Those of a KDC are often not in `PATH`.
fn command(folder: &Path, program: &str) -> Command {
    let known = ["/usr/sbin", "/usr/bin"].map(|place| Path::new(place).join(program));
    let program = known.into_iter().find(|path| path.exists()).unwrap_or(program.into());
    let mut command = Command::new(program);
    command
        .env("KRB5_CONFIG", folder.join("krb5.conf"))
        .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Runs a Kerberos program with this input. Returns false if it is missing or fails.
fn tool(folder: &Path, words: &str, input: &str) -> bool {
    let mut words = words.split(' ');
    let mut command = command(folder, words.next().unwrap());
    let Ok(mut child) = command.args(words).stdin(Stdio::piped()).spawn() else { return false };
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait().is_ok_and(|status| status.success())
}

#[test]
fn a_ticket_authenticates_to_an_apache_server() {
    let Some(release) = newest() else { return };
    let Some(mut realm) = Realm::start() else { return };
    let shown = realm.at().display().to_string();
    let jaas = format!(
        "Server {{ com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true \
         keyTab=\"{shown}/service.keytab\" storeKey=true useTicketCache=false \
         principal=\"zookeeper/localhost@ZK.TEST\"; }};"
    );
    fs::write(realm.at().join("jaas.conf"), jaas).unwrap();
    let server = Server::configured(
        release,
        "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n",
        vec![
            ("java.security.auth.login.config", format!("{shown}/jaas.conf")),
            ("java.security.krb5.conf", format!("{shown}/krb5.conf")),
        ],
    );
    let address = format!("localhost:{}", server.port());
    // Without a ticket.
    fails(realm.shell(&address), 3, "Kerberos: No Kerberos credentials available");
    // With a keytab.
    let keytab = realm.shell(&address).env("KRB5_CLIENT_KTNAME", format!("{shown}/ann.keytab"));
    let said = keytab.args(["--user", "ann@ZK.TEST", "whoami"]).succeed();
    assert!(said.contains("sasl: ann"), "{said}");
    // With the ticket cache of kinit.
    fs::remove_file(realm.at().join("tickets")).unwrap();
    assert!(tool(realm.at(), "kinit ann", "annpw\n"));
    let said = realm.shell(&address).arg("whoami").succeed();
    assert!(said.contains("sasl: ann"), "{said}");
    let ran = realm.shell(&address).arg("doctor").run();
    assert!(ran.status == 0 && ran.stdout.contains("authenticated as"), "{}", ran.stdout);
    // The JAAS file of a user of zkCli names a cache of its own, or a keytab.
    let cache = format!("{shown}/other-tickets");
    assert!(tool(realm.at(), &format!("kinit -c {cache} ann"), "annpw\n"));
    fs::remove_file(realm.at().join("tickets")).unwrap();
    for options in [
        format!("useTicketCache=true ticketCache=\"{cache}\" doNotPrompt=true"),
        format!(
            "useKeyTab=true keyTab=\"{shown}/ann.keytab\" principal=\"ann@ZK.TEST\" storeKey=true"
        ),
    ] {
        let module = "com.sun.security.auth.module.Krb5LoginModule required";
        fs::write(realm.at().join("client.conf"), format!("Client {{ {module} {options}; }};"))
            .unwrap();
        let flags = format!("-Djava.security.auth.login.config={shown}/client.conf");
        let ran = bare()
            .env("KRB5_CONFIG", realm.at().join("krb5.conf"))
            .env("CLIENT_JVMFLAGS", &flags)
            .args(["-server", &address, "whoami"])
            .run();
        assert!(ran.status == 0 && ran.stdout.contains("sasl: ann"), "{options}: {ran:?}");
        assert!(!fs::exists(realm.at().join("tickets")).unwrap(), "{options}");
    }
    assert!(tool(realm.at(), "kinit ann", "annpw\n"));
    // A service that the realm does not know, and a server without Kerberos.
    let unknown = "Kerberos: Server zookeeper/127.0.0.1@ZK.TEST not found in Kerberos database";
    fails(realm.shell(&server.address()), 3, unknown);
    let plain = Server::start(release);
    let plain = format!("localhost:{}", plain.port());
    fails(realm.shell(&plain), 3, "the server has no SASL: it ignores credentials");
    // The KDC has stopped, and there is no ticket yet.
    realm.kdc.kill().unwrap();
    realm.kdc.wait().unwrap();
    fs::remove_file(realm.at().join("tickets")).unwrap();
    let keytab = realm.shell(&address).env("KRB5_CLIENT_KTNAME", format!("{shown}/ann.keytab"));
    fails(keytab.args(["-timeout", "3000"]), 3, "Kerberos: Cannot contact any KDC");
}

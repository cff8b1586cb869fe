//! Which servers the shell trusts, to which it sends its certificate, and the messages of failures.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use zksh::sandbox::ClientAuth;

use super::{Secured, fails, works};
use crate::support::certificates::{Authority, expired, params, self_signed};
use crate::support::engine::start_sandbox;
use crate::support::shell::bare;
use crate::support::terminal::{Setup, Terminal};
use crate::support::wait_until;

const HOSTS: &[&str] = &["localhost", "127.0.0.1"];

#[test]
fn a_certificate_is_sent_to_servers_that_request_one() {
    let secured = Secured::start();
    let said = secured.ann().arg("whoami").succeed();
    assert_eq!(said, "Auth scheme: User\nip: 127.0.0.1\nx509: CN=ann\n");
    let wanted = "the server wants a client certificate, and none was given";
    fails(secured.anonymous(), 3, wanted);
    let older = Secured::with(|settings| settings.tls13 = false);
    works(older.ann());
    fails(older.anonymous(), 3, wanted);
    let newer = Secured::with(|settings| settings.tls12 = false);
    works(newer.ann());
    for asked in [ClientAuth::Want, ClientAuth::None] {
        let secured = Secured::with(|settings| settings.client_auth = asked);
        works(secured.ann());
        works(secured.anonymous());
    }
}

#[test]
fn a_refused_client_certificate_is_reported() {
    for tls13 in [true, false] {
        let secured = Secured::with(|settings| settings.tls13 = tls13);
        let shell = |name| secured.showing(&format!("{name}.pem"), &format!("{name}.key"));
        Authority::new("other-CA")
            .issue(&params("stranger", &[]))
            .write(secured.folder.path(), "stranger");
        fails(shell("stranger"), 3, "the server does not accept our certificate");
        secured.authority.issue(&expired(params("late", &[]))).write(secured.folder.path(), "late");
        fails(shell("late"), 3, "the server says that our certificate has expired");
    }
}

#[test]
fn exactly_those_servers_are_trusted_that_java_trusts() {
    let secured = Secured::with(|settings| settings.client_auth = ClientAuth::None);
    let issue = |params| secured.server_has(&secured.authority.issue(&params));
    for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.1", "2130706433"] {
        let server = format!("tls://{}", secured.at(host));
        works(bare().args(["-server", &server, "--cacert", &secured.file("ca.pem")]));
    }
    // Host names.
    issue(params("localhost", &["zk1.example.org"]));
    let other = "the server's certificate is for zk1.example.org, not for localhost";
    fails(secured.anonymous(), 3, other);
    works(secured.anonymous().arg("--insecure-hostname"));
    issue(params("localhost", &[]));
    works(secured.anonymous());
    issue(params("zk1", &[]));
    fails(secured.anonymous(), 3, "is for zk1, not for localhost");
    works(secured.anonymous().arg("--insecure-hostname"));
    // Validity.
    issue(expired(params("localhost", HOSTS)));
    fails(secured.anonymous(), 3, "the certificate of CN=localhost expired on 20");
    fails(secured.anonymous().arg("--insecure-hostname"), 3, "expired on");
    // Issuers.
    let other = Authority::new("other-CA");
    secured.server_has(&other.issue(&params("localhost", HOSTS)));
    let wanted = "the certificate of CN=localhost is issued by CN=other-CA, which ";
    let ran = fails(secured.anonymous(), 3, wanted);
    assert!(ran.stderr.contains("ca.pem does not trust; it trusts CN=test-CA"), "{}", ran.stderr);
    // A server's own certificate is in the trust file, as keytool and openssl create it.
    for is_ca in [false, true] {
        let own = self_signed(params("localhost", HOSTS), is_ca);
        secured.server_has(&own);
        fails(secured.anonymous(), 3, "is issued by CN=localhost, which");
        secured.write("own.pem", &own.pem);
        works(secured.trusting("own.pem"));
    }
}

#[test]
fn a_mix_of_plain_and_tls_is_reported_at_once() {
    let secured = Secured::start();
    let plain = || bare().args(["-server", &secured.at("localhost")]);
    fails(plain(), 3, "the port speaks TLS, and TLS was not asked for");
    let sandbox = start_sandbox(zksh::sandbox::Clock::System);
    let tls = format!("tls://{}", sandbox.address());
    let asked = bare().args(["-server", &tls, "--cacert", &secured.file("ca.pem")]);
    fails(asked, 3, "the port speaks ZooKeeper without TLS, and TLS was asked for");
    let both = Secured::with(|settings| settings.port_unification = true);
    works(both.ann());
    works(bare().args(["-server", &both.at("localhost")]));
}

/// Answers each connection with these bytes, except ZooKeeper's probe of a plain port.
fn answering(bytes: &'static [u8], closes: bool) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
            if closes {
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            } else {
                kept.push(stream);
            }
        }
    });
    address
}

#[test]
fn servers_without_a_common_version_or_cipher_are_reported() {
    let secured = Secured::start();
    let shell = |address: std::net::SocketAddr| {
        let server = format!("tls://{address}");
        bare().args(["-server", &server, "--cacert", &secured.file("ca.pem")])
    };
    // The alerts handshake_failure and protocol_version.
    let ciphers = answering(b"\x15\x03\x03\0\x02\x02\x28", true);
    fails(shell(ciphers), 3, "the server knows none of the ciphers of this client");
    let version = answering(b"\x15\x03\x01\0\x02\x02\x46", true);
    fails(shell(version), 3, "the server knows neither TLS 1.2 nor TLS 1.3");
    // A port of another protocol, one that sends nothing after the hello, and one that closes
    // during the hello.
    let http = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", true);
    fails(shell(http), 3, "the port does not speak TLS");
    let silent = answering(b"", false);
    fails(shell(silent).args(["-timeout", "1000"]), 3, "does not answer");
    let closing = answering(b"", true);
    let wanted = "the server closed the connection in the TLS handshake";
    fails(shell(closing).args(["-timeout", "2000"]), 3, wanted);
}

#[test]
fn nothing_else_is_sent_before_the_handshake_is_done() {
    // This server reads everything and answers nothing, so it sees all that is sent before a
    // handshake.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard = Arc::new(Mutex::new(Vec::<Vec<u8>>::new()));
    let noted = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, noted) = (stream.unwrap(), Arc::clone(&noted));
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let _ = stream.read_to_end(&mut bytes);
                noted.lock().unwrap().push(bytes);
            });
        }
    });
    let secured = Secured::start();
    let server = format!("tls://{address}");
    let shell = bare()
        .args(["-server", &server, "--cacert", &secured.file("ca.pem"), "-timeout", "1000"])
        .args(["--cert", &secured.file("client.pem"), "--key", &secured.file("client.key")]);
    let shell = secured.sasl(shell, "ann-the-user", "a-secret");
    let ran = shell.script("addauth digest ann:another-secret\ncreate /secret-path secret-data\n");
    assert_ne!(ran.status, 0);
    wait_until("a connection that has ended", || (!heard.lock().unwrap().is_empty()).then_some(()));
    for bytes in heard.lock().unwrap().iter() {
        // A single record, which is a hello.
        assert_eq!(bytes[..3], [0x16, 3, 1], "{bytes:?}");
        assert_eq!(bytes[5], 1, "a ClientHello");
        let length = usize::from(bytes[3]) << 8 | usize::from(bytes[4]);
        assert_eq!(bytes.len(), 5 + length);
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("secret") && !text.contains("ann-the-user"), "{text}");
    }
}

/// Starts a shell whose session has the ephemeral `/boat`.
fn with_boat(secured: &Secured, words: &[&str]) -> Terminal {
    let setup = Setup::new(&format!("tls://{}", secured.at("localhost")));
    let setup = words.iter().fold(setup, |setup, word| setup.args([*word]));
    let mut terminal = setup.args(["--cacert", &secured.file("ca.pem")]).start();
    terminal.enter(0, "create -e /boat");
    terminal.wait_for("Created /boat");
    terminal
}

#[test]
fn a_changed_certificate_is_used_from_the_next_connection() {
    let secured = Secured::with(|settings| settings.client_auth = ClientAuth::None);
    let mut terminal = with_boat(&secured, &[]);
    // Both sides change to another authority, and the session continues.
    let next = Authority::new("next-CA");
    fs::write(secured.file("ca.pem"), &next.pem).unwrap();
    secured.server_has(&next.issue(&params("localhost", HOSTS)));
    secured.handle().drop_connections();
    terminal.enter(1, "ls /");
    terminal.wait_for("[boat, zookeeper]");
}

#[test]
fn a_session_survives_a_wrong_certificate_that_is_replaced_in_time() {
    let secured = Secured::with(|settings| settings.client_auth = ClientAuth::None);
    let mut terminal = with_boat(&secured, &[]);
    let sessions = secured.handle().sessions();
    let stranger = Authority::new("other-CA");
    secured.server_has(&stranger.issue(&params("localhost", HOSTS)));
    secured.handle().drop_connections();
    terminal.wait_for("is issued by CN=other-CA");
    terminal.wait_for("(CONNECTING) 1]");
    // A request waits meanwhile.
    terminal.keys("ls /\r");
    secured.server_has(&secured.authority.issue(&params("localhost", HOSTS)));
    terminal.wait_for("[boat, zookeeper]");
    assert_eq!(secured.handle().sessions(), sessions);
    let screen = terminal.screen();
    assert_eq!(screen.matches("is issued by").count(), 1, "{screen}");
}

#[test]
fn a_wrong_certificate_ends_a_session_that_has_expired() {
    let secured = Secured::with(|settings| settings.client_auth = ClientAuth::None);
    let terminal = with_boat(&secured, &["-timeout", "1500"]);
    let stranger = Authority::new("other-CA");
    secured.server_has(&stranger.issue(&params("localhost", HOSTS)));
    secured.handle().drop_connections();
    terminal.wait_for("is issued by CN=other-CA");
    terminal.wait_for("(CLOSED)");
}

#[test]
fn an_ensemble_with_tls_survives_the_loss_of_its_leader() {
    let mut secured = Secured::prepared(|settings| settings.users = super::users(&[("ann", "pw")]));
    secured.serve(3);
    let control = secured.control();
    let leader = || {
        wait_until("a leader", || {
            let servers = control.servers();
            let mut servers = servers.iter();
            let leads = |mode| mode == zksh::sandbox::ServerMode::Leader;
            servers.position(|server| leads(server.mode)).map(|at| at + 1)
        })
    };
    leader();
    let mut script = secured.sasl(secured.ann(), "ann", "pw").start();
    let mut stdin = script.stdin.take().unwrap();
    writeln!(stdin, "create /lake\ncreate -e /boat").unwrap();
    for round in 0..3 {
        for number in 0..100 {
            writeln!(stdin, "create /lake/{round}-{number}").unwrap();
        }
        stdin.flush().unwrap();
        wait_until("some of them are there", || {
            let found = secured.ann().args(["ls", "/lake"]).run().stdout;
            found.contains(&format!("{round}-")).then_some(())
        });
        let number = leader();
        control.kill(number).unwrap();
        leader();
        control.start(number).unwrap();
    }
    writeln!(stdin, "whoami\ngetAllChildrenNumber /\nget -s /boat").unwrap();
    drop(stdin);
    let output = crate::support::shell::ran(&script.wait_with_output().unwrap());
    // A write whose reply was lost is reported as uncertain. All other znodes exist.
    let listed = secured.ann().args(["ls", "/lake"]).succeed();
    for round in 0..3 {
        for number in 0..100 {
            let name = format!("{round}-{number}");
            let path = format!("/lake/{name}");
            let created = output.stdout.lines().any(|line| line == format!("Created {path}"));
            let there = listed.split([',', '[', ']', ' ', '\n']).any(|known| known == name);
            let told = output.stderr.contains(&path);
            assert!(created == there || told, "{path}: {created} {there}\n{}", output.stderr);
        }
    }
    assert!(output.stdout.contains("sasl: ann\n"), "{}", output.stdout);
    assert!(!output.stderr.contains("xpired"), "{}", output.stderr);
}

//! `admin`: four-letter words over the session's TLS, and the AdminServer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use super::Secured;
use super::apache_words::{Certificates, tls_settings, with_tls};
use crate::json::records;
use crate::support::apache::{Server, newest, with_admin_server};
use crate::support::certificates::{Authority, params};
use crate::support::shell::{Ran, Zksh, bare, run, zksh};
use crate::support::terminal::Setup;
use crate::support::{free_port, wait_until};

#[test]
fn words_go_over_the_tls_of_the_session() {
    let mut secured = Secured::start();
    assert_eq!(secured.ann().args(["admin", "ruok"]).succeed(), "imok\n");
    assert!(secured.ann().arg("admin").succeed().starts_with("Zookeeper version: "));
    assert!(secured.handle().sessions().is_empty(), "no session was opened");
    let ran = secured.ann().args(["-o", "json", "admin", "isro"]).succeed();
    let answer = &records(&ran)[0]["result"]["answers"][0];
    assert_eq!((&answer["encrypted"], &answer["reply"]["text"]), (&true.into(), &"rw".into()));
    let ran = secured.anonymous().args(["admin", "ruok"]).run();
    let wanted = "the server wants a client certificate, and none was given";
    assert!(ran.stderr.contains(wanted), "{ran:?}");
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
    // In a session, among other commands.
    let script = "create -e /boat\nadmin dump\nadmin wchs\n";
    let ran = secured.ann().script(script);
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.contains("/boat\n"), "{}", ran.stdout);

    secured.serve(3);
    let said = secured.ann().args(["admin", "--all", "ruok"]).succeed();
    let addresses = secured.control().addresses();
    let headed = |port| format!("localhost:{port}:\nimok\n");
    let all: Vec<String> = addresses.iter().map(|address| headed(address.port())).collect();
    assert_eq!(said, all.concat());
    secured.control().kill(2).unwrap();
    let ran = secured.ann().args(["admin", "--all", "ruok"]).run();
    let port = addresses[1].port();
    let down = format!("localhost:{port}:\nlocalhost:{port} refuses connections\n");
    assert!(ran.stdout.contains(&down), "{ran:?}");
    assert_eq!((ran.status, ran.stdout.matches("imok").count()), (3, 2));
    // Without a session the first that answers counts.
    secured.control().kill(1).unwrap();
    assert_eq!(secured.ann().args(["admin", "ruok"]).succeed(), "imok\n");
}

/// Answers each connection with these bytes, forever if they are to be repeated.
fn answering(bytes: &'static [u8], end: End) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(bytes);
                match end {
                    End::Closes => {
                        let _ = stream.shutdown(std::net::Shutdown::Write);
                    }
                    End::Stays => {}
                    End::Repeats(bytes) => while stream.write_all(bytes).is_ok() {},
                }
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            });
        }
    });
    address
}

#[derive(Clone, Copy)]
enum End {
    Closes,
    Stays,
    Repeats(&'static [u8]),
}

/// Enough that 16 MiB are beyond all replies, and that the time of a patient shell is not used up.
const PATIENT: &str = "9000";

#[test]
fn replies_are_bounded_and_what_is_missing_is_said() {
    let cases = [
        (&b""[..], End::Closes, "closes the connection without a reply to srvr", ""),
        (b"", End::Stays, "does not answer", ""),
        (b"half", End::Stays, "has not ended its reply within 700ms", "half\n"),
        (b"\x1b[2Jx", End::Closes, "", "\x1b[2Jx\n"),
        (
            b"srvr is not executed because it is not in the whitelist.",
            End::Closes,
            "does not answer srvr: 4lw.commands.whitelist of its zoo.cfg lacks it",
            "srvr is not executed because it is not in the whitelist.\n",
        ),
    ];
    std::thread::scope(|scope| {
        for (bytes, end, why, printed) in cases {
            scope.spawn(move || {
                let server = answering(bytes, end).to_string();
                let ran = zksh(&server).args(["-timeout", "700", "admin"]).run();
                assert_eq!(ran.stdout, printed);
                assert_eq!(
                    (ran.stderr.contains(why), ran.stderr.is_empty()),
                    (true, why.is_empty())
                );
            });
        }
        scope.spawn(|| {
            let server = answering(b"", End::Repeats(&[b'x'; 8192])).to_string();
            let ran = zksh(&server).args(["-timeout", PATIENT, "admin"]).run();
            assert_eq!((ran.status, ran.stdout.len()), (3, (16 << 20) + 1));
            assert!(ran.stderr.contains("replies with more than 16777216 bytes"), "{}", ran.stderr);
        });
    });
}

/// Asks a fake AdminServer for `monitor`.
fn asked(bytes: &'static [u8], end: End, timeout: &str) -> Ran {
    let port = answering(bytes, end).port();
    let http = format!("--http={port}");
    zksh("127.0.0.1:1").args(["-timeout", timeout, "admin", &http, "monitor"]).run()
}

#[test]
fn a_false_admin_server_is_one_clear_line() {
    let cases = [
        (&b""[..], End::Closes, "closes the connection without an answer", ""),
        (b"", End::Stays, "does not answer within 700ms", ""),
        (b"\x00\xff garbage\r\n\r\n", End::Closes, "does not answer in HTTP", ""),
        (b"HTTP/1.1 200 OK\r\n\r\n", End::Closes, "answers with an empty page", ""),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"a\":",
            End::Closes,
            "broke off its reply",
            "{\"a\":\n",
        ),
        (
            b"HTTP/1.1 200 OK\r\n\r\n{\"a\":",
            End::Stays,
            "has not ended its reply within",
            "{\"a\":\n",
        ),
        (
            b"HTTP/1.1 500 No\r\n\r\n<p>\x1b[2J",
            End::Closes,
            "answers with status 500",
            "<p>\x1b[2J\n",
        ),
        (
            b"HTTP/1.1 302 No\r\nlocation: http://elsewhere/\r\n\r\n",
            End::Closes,
            "answers with status 302, which leads elsewhere",
            "",
        ),
        (
            b"HTTP/1.1 302 No\r\nlocation: https://elsewhere/\r\n\r\n",
            End::Closes,
            "wants TLS (admin.forceHttps), and the session has none",
            "",
        ),
        (
            b"HTTP/1.1 200 OK\r\n\r\n{\"error\":\"no \x41\",\"b\":[1.50]}",
            End::Closes,
            "says: no A",
            "{\n  \"error\": \"no A\",\n  \"b\": [\n    1.50\n  ]\n}\n",
        ),
    ];
    std::thread::scope(|scope| {
        for (bytes, end, why, printed) in cases {
            scope.spawn(move || {
                let ran = asked(bytes, end, "700");
                assert!(ran.stderr.contains(why), "wanted {why}: {}", ran.stderr);
                assert_eq!((ran.stdout.as_str(), ran.stderr.lines().count()), (printed, 1));
            });
        }
        scope.spawn(|| {
            let ran = asked(b"HTTP/1.1 200 OK\r\n\r\n", End::Repeats(&[b'x'; 8192]), PATIENT);
            assert_eq!((ran.status, ran.stdout.len()), (3, (16 << 20) + 1));
            assert!(ran.stderr.contains("replies with more than 16777216 bytes"), "{}", ran.stderr);
            let ran = asked(b"HTTP/1.1 200 OK\r\n", End::Repeats(b"a: b\r\n"), PATIENT);
            assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
            assert!(ran.stderr.contains("does not answer in HTTP"), "{}", ran.stderr);
        });
    });
}

#[test]
fn ctrl_c_ends_the_wait_for_an_answer() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let sandbox = crate::support::engine::start_sandbox(zksh::sandbox::Clock::System);
    let mut terminal = Setup::new(&sandbox.address().to_string()).start();
    terminal.wait_for("(CONNECTED) 0]");
    let port = silent.local_addr().unwrap().port();
    terminal.enter(0, &format!("admin --http={port} monitor"));
    let connection = silent.accept().unwrap();
    terminal.keys("\x03");
    terminal.wait_for("Interrupted");
    drop(connection);
    terminal.enter(1, "admin ruok");
    terminal.wait_for("imok");
    terminal.keys("admin mn\t\t");
    terminal.wait_for("admin mntr");
}

/// Returns settings that start the AdminServer, and its port.
fn admin_settings() -> (String, u16) {
    let port = free_port();
    let settings = format!("admin.enableServer=true\nadmin.serverPort={port}\n");
    (settings, port)
}

/// Waits until an AdminServer answers, which starts after the server, and returns the answer.
fn started(shell: impl Fn() -> Zksh) -> Ran {
    wait_until("the AdminServer answers", || {
        let ran = shell().run();
        let said = format!("{}{}", ran.stdout, ran.stderr);
        (!said.contains("refuses connections")).then_some(ran)
    })
}

#[test]
fn apaches_words_and_admin_server_answer() {
    let Some(release) = newest().and_then(with_admin_server) else { return };
    let (settings, port) = admin_settings();
    let server =
        Server::with_settings(&release, &format!("{settings}4lw.commands.whitelist=srvr\n"));
    let address = server.address();
    let http = format!("--http={port}");
    let listed = started(|| zksh(&address).args(["admin", &http]));
    assert_eq!((listed.status, listed.stderr.as_str()), (0, ""), "{}", listed.stdout);
    assert!(listed.stdout.starts_with("configuration\n") || listed.stdout.contains("\nmonitor\n"));
    let said = zksh(&address).args(["admin", &http, "monitor"]).succeed();
    assert!(said.contains("\n  \"znode_count\": "), "{said}");
    // It knows the words, too.
    let said = zksh(&address).args(["admin", &http, "ruok"]).succeed();
    assert!(said.contains("\"command\": \"ruok\""), "{said}");
    let ran = zksh(&address).args(["-o", "json", "admin", &http, "server_stats"]).succeed();
    let answer = &records(&ran)[0]["result"]["answers"][0];
    assert_eq!(answer["encrypted"], false);
    let version = answer["reply"]["json"]["version"].as_str().unwrap();
    assert!(version.starts_with(&release.version), "{answer}");
    let ran = run(&address, &["admin", &http, "-y", "nosuch"]);
    assert_eq!(ran.status, 1, "{ran:?}");
    assert!(ran.stderr.contains("Unknown command: nosuch"), "{ran:?}");

    let ran = run(&address, &["admin", "mntr"]);
    let wanted = "does not answer mntr: 4lw.commands.whitelist of its zoo.cfg lacks it";
    assert!(ran.stderr.contains(wanted), "{ran:?}");
    assert_eq!(ran.status, 1);
    // Unknown to it: it takes the word for the length of a request.
    let ran = run(&address, &["admin", "-y", "abcd"]);
    assert!(ran.stderr.contains("without a reply to abcd"), "{ran:?}");
}

#[test]
fn apaches_words_and_admin_server_answer_over_tls() {
    for release in with_tls().filter_map(with_admin_server) {
        let made = Certificates::make();
        let folder = made.folder.path().display();
        let (settings, port) = admin_settings();
        let tls = tls_settings(made.folder.path());
        let stores = format!(
            "ssl.quorum.keyStore.location={folder}/server-both.pem\n\
             ssl.quorum.trustStore.location={folder}/ca.pem\n"
        );
        let settings = format!("{tls}{settings}{stores}admin.portUnification=true\n");
        let server = Server::with_settings(&release, &settings);
        let address = format!("localhost:{}", server.port());
        let shell = || made.shell(&address, "ca.pem", Some("client"));
        for word in ["srvr", "mntr", "conf", "cons"] {
            let ran = shell().args(["admin", word]).run();
            assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{word}: {}", ran.stdout);
        }
        let http = format!("--http={port}");
        let said = started(|| shell().args(["-o", "json", "admin", &http, "monitor"]));
        assert_eq!((said.status, said.stderr.as_str()), (0, ""), "{}", said.stdout);
        let answer = &records(&said.stdout)[0]["result"]["answers"][0];
        assert_eq!(answer["encrypted"], true);
        assert!(answer["reply"]["json"]["znode_count"].is_number(), "{answer}");
        // A server that is not trusted is asked nothing, neither by TLS nor without it.
        let stranger = || made.shell(&address, "other.pem", Some("client"));
        let ran = stranger().args(["admin", &http, "monitor"]).run();
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
        assert!(ran.stderr.contains("is issued by CN=test-CA, which "), "{}", ran.stderr);
        // A plain session asks it plainly.
        let plain = || bare().args(["-server", &address]);
        let said = plain().args(["-o", "json", "admin", &http, "ruok"]).succeed();
        assert_eq!(records(&said)[0]["result"]["answers"][0]["encrypted"], false);
    }
}

#[test]
fn an_admin_server_that_requires_tls_says_so() {
    let Some(release) = with_tls().last().and_then(with_admin_server) else { return };
    let made = Certificates::make();
    let folder = made.folder.path().display();
    let (settings, port) = admin_settings();
    let server = Server::with_settings(
        &release,
        &format!(
            "{settings}ssl.quorum.keyStore.location={folder}/server-both.pem\n\
             ssl.quorum.trustStore.location={folder}/ca.pem\nadmin.forceHttps=true\n"
        ),
    );
    let address = format!("localhost:{}", server.port());
    let http = format!("--http={port}");
    let ran = started(|| bare().args(["-server", &address, "admin", &http, "ruok"]));
    assert!(
        ran.stderr.contains("wants TLS (admin.forceHttps), and the session has none"),
        "{ran:?}"
    );
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""));
    let said =
        made.shell(&address, "ca.pem", Some("client")).args(["admin", &http, "ruok"]).succeed();
    assert!(said.contains("\"ruok\""), "{said}");
}

#[test]
fn a_plain_admin_server_of_a_secured_ensemble_is_asked_with_a_remark() {
    let secured = Secured::start();
    let page = b"HTTP/1.1 400 Illegal character\r\n\r\n";
    let good = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"a\":1}";
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (seen, requests) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut bytes = vec![0; 4096];
            let length = stream.read(&mut bytes).unwrap();
            bytes.truncate(length);
            let _ = stream.write_all(if bytes.starts_with(b"GET ") { good } else { page });
            let _ = seen.send(bytes);
        }
    });
    let file = secured.write("password", "annpw\n");
    let words = ["--sasl", "digest-md5", "--user", "ann", "--password-file", &file];
    let http = format!("--http={port}");
    let ran = secured.ann().args(words).args(["admin", &http, "monitor"]).run();
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "{\n  \"a\": 1\n}\n"), "{}", ran.stderr);
    let wanted = "speaks no TLS: its reply was not encrypted, and nothing proves who sent it\n";
    assert!(ran.stderr.ends_with(wanted), "{}", ran.stderr);
    // First the hello of TLS, then the request. Neither has a secret.
    let requests: Vec<Vec<u8>> = (0..2).map(|_| requests.recv().unwrap()).collect();
    assert_eq!(requests[0][0], 0x16);
    let request = String::from_utf8(requests[1].clone()).unwrap();
    let lines: Vec<&str> = request.trim_end().lines().collect();
    let host = format!("host: localhost:{port}");
    let whole =
        ["GET /commands/monitor HTTP/1.1", &host, "accept: application/json", "connection: close"];
    assert_eq!(lines, whole);
    // A server with TLS that is not trusted is asked nothing.
    let other = Secured::start();
    let port = other.control().addresses()[0].port();
    let stranger = Authority::new("other-CA");
    other.server_has(&stranger.issue(&params("localhost", &["localhost"])));
    let ran = secured.ann().args(["admin", &format!("--http={port}")]).run();
    assert!(ran.stderr.contains("is issued by CN=other-CA, which "), "{}", ran.stderr);
}

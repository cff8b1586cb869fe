//! ClickHouse Keeper, which speaks the protocol but is not Apache's server. Here it is a fake in
//! front of a sandbox. Like its public source, it breaks the connection at an unknown operation,
//! resumes no session, and does not answer a close. No command may send it an unknown operation.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use zksh::sandbox::Clock;

use crate::support::engine::start_sandbox;
use crate::support::shell::{Ran, zksh};

/// The operations of clients that releases of 2023 know.
const OF_2023: &[i32] = &[-11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 16, 22, 100];

/// The operations that releases of early 2022 know, without `reconfig` and `multiRead`.
const OF_2022: &[i32] = &[-11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 100];

/// A fake of ClickHouse Keeper.
struct Keeper {
    address: String,
    /// The unknown operations at which it has broken the connection.
    broken: Arc<Mutex<Vec<i32>>>,
    _sandbox: zksh::sandbox::Handle,
}

impl Keeper {
    fn start(version: &'static str, known: &'static [i32]) -> Self {
        let sandbox = start_sandbox(Clock::System);
        let behind = sandbox.address();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let broken = Arc::<Mutex<Vec<i32>>>::default();
        let kept = Arc::clone(&broken);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let (far, broken) = (TcpStream::connect(behind).unwrap(), Arc::clone(&kept));
                std::thread::spawn(move || serve(near, far, version, known, &broken));
            }
        });
        Self { address, broken, _sandbox: sandbox }
    }

    fn run(&self, words: &[&str]) -> Ran {
        zksh(&self.address).args(words).run()
    }

    /// Fails if it has received an unknown operation.
    #[track_caller]
    fn check(&self, words: &str) {
        assert_eq!(*self.broken.lock().unwrap(), [0; 0], "{words}");
    }
}

/// Serves one connection until either end closes.
fn serve(
    mut near: TcpStream,
    mut far: TcpStream,
    version: &str,
    known: &[i32],
    broken: &Mutex<Vec<i32>>,
) -> Option<()> {
    let mut first = [0; 4];
    near.read_exact(&mut first).ok()?;
    if &first == b"srvr" {
        let answer =
            format!("ClickHouse Keeper version: v{version}\nZxid: 0x5\nMode: standalone\n");
        return near.write_all(answer.as_bytes()).ok();
    }
    let (mut answers, mut back) = (far.try_clone().ok()?, near.try_clone().ok()?);
    let closing = Arc::new(Mutex::new(None));
    let closes = Arc::clone(&closing);
    std::thread::spawn(move || {
        let _ = answer(&mut answers, &mut back, &closes);
        let _ = answers.shutdown(Shutdown::Both);
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut opened = false;
    let mut length = first;
    loop {
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        near.read_exact(&mut frame).ok()?;
        if opened {
            let operation = i32::from_be_bytes(frame[4..8].try_into().ok()?);
            if !known.contains(&operation) {
                broken.lock().unwrap().push(operation);
                // Requests in flight are lost with the connection.
                let _ = far.shutdown(Shutdown::Both);
                return near.shutdown(Shutdown::Both).ok();
            }
            if operation == -11 {
                *closing.lock().unwrap() = Some(frame[..4].to_vec());
            }
        } else {
            // It opens a new session even if the client wants to resume one.
            frame[16..24].fill(0);
            opened = true;
        }
        far.write_all(&[&length[..], &frame].concat()).ok()?;
        near.read_exact(&mut length).ok()?;
    }
}

/// Forwards answers except the one to the close of the session.
fn answer(
    from: &mut TcpStream,
    to: &mut TcpStream,
    closing: &Mutex<Option<Vec<u8>>>,
) -> std::io::Result<()> {
    loop {
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        from.read_exact(&mut frame)?;
        if closing.lock().unwrap().as_ref().is_some_and(|xid| frame.starts_with(xid)) {
            return Ok(());
        }
        to.write_all(&[&length[..], &frame].concat())?;
    }
}

#[test]
fn operations_that_clickhouse_keeper_lacks_are_refused_and_not_sent() {
    let keeper = Keeper::start("23.8.2.7-stable-f73c8f3", OF_2023);
    for (words, name) in [
        (&["create", "-c", "/pond"][..], "containers"),
        (&["create", "-t", "60000", "/pond"], "TTL znodes"),
        (&["whoami"], "whoami"),
        (&["getEphemerals"], "getEphemerals"),
        (&["getAllChildrenNumber", "/"], "getAllChildrenNumber"),
        (&["watch", "-R", "-n", "1", "/"], "watch -R"),
    ] {
        let ran = keeper.run(words);
        let wanted = format!("this server (ClickHouse Keeper 23.8) has no {name}");
        assert!(ran.status == 1 && ran.stderr.contains(&wanted), "{words:?}: {ran:?}");
        keeper.check(&words.join(" "));
    }
    let ran = zksh(&keeper.address).script("create /lake\naddWatch /lake\nremovewatches /lake\n");
    for name in ["addWatch", "removewatches"] {
        let wanted = format!("this server (ClickHouse Keeper 23.8) has no {name}");
        assert!(ran.stderr.contains(&wanted), "{ran:?}");
    }
    keeper.check("addWatch");
}

#[test]
fn operations_that_clickhouse_keeper_has_work() {
    for (version, known) in [("23.8.2.7-stable", OF_2023), ("22.8.1.1-lts", OF_2022)] {
        let keeper = Keeper::start(version, known);
        // There are enough reads to combine them, if the server supports that.
        let each = |command: &str, data: &str| {
            let lines = (0..300).map(|number| format!("{command} /lake/{number}{data}"));
            lines.collect::<Vec<_>>().join("\n")
        };
        let (create, get) = (each("create", " x"), each("get", ""));
        let script = format!(
            "create /lake deep\n{create}\n{get}\nls -R /lake\ncount /lake\ndu /lake\ntree /lake\n\
             find /lake -name 7\ngrep x /lake\nstat -w /lake\nset /lake shallow\n\
             setAcl /lake world:anyone:cdrwa\ngetAcl /lake\nsync /lake\ncreate -e -s /fish-\n\
             addauth digest ann:secret\ncp -r /lake /pond\ndiff /lake /pond\n\
             multi\ncreate /sea\nset /lake x\ncommit\n\
             deleteall --yes /pond\n"
        );
        let ran = zksh(&keeper.address).script(script);
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{version}");
        assert!(ran.stdout.contains("type:NodeDataChanged path:/lake"), "{version}");
        keeper.check(version);
        // `watch` uses the kinds of watches that the server has.
        let mut watch = zksh(&keeper.address).args(["watch", "-n", "1", "/lake"]).start();
        let changed = || keeper.run(&["set", "/lake", "x"]).status == 0;
        crate::support::wait_until("the event", || {
            (changed() && watch.try_wait().unwrap().is_some()).then_some(())
        });
        assert!(watch.wait().unwrap().success());
        for words in [
            &["deleteall", "--yes", "/lake"][..],
            &["ls", "/"],
            &["ls", "-R", "/"],
            &["wait", "/sea", "exists"],
        ] {
            let ran = keeper.run(words);
            assert_eq!((ran.status, ran.stderr.as_str()), (0, ""), "{version}: {words:?}");
            keeper.check(&words.join(" "));
        }
    }
}

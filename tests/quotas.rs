//! Quotas that the server enforces.

use crate::support::apache::Server;
use crate::support::engine::engines;
use crate::support::shell::zksh;

#[test]
fn an_exceeded_hard_quota_is_reported() {
    for engine in engines().iter().filter(|engine| engine.version >= vec![3, 7]) {
        let Some(release) = &engine.release else { continue };
        eprintln!("on {}", engine.name);
        let server = Server::with_settings(release, "enforceQuota=true");
        // A server counts completed writes, not those in progress. `sync` waits until they are
        // complete.
        let ran = zksh(&server.address()).script(
            "create /lake\nsetquota -N 2 /lake\nsetquota -B 6 /lake\ncreate /lake/reed deep\n\
             sync /\ncreate /lake/duck\nset /lake/reed deeper!\nlistquota /lake\n",
        );
        assert_eq!(
            ran.stderr,
            "stdin:6: Quota has exceeded : /lake/duck\n    create /lake/duck\n\
             stdin:7: Quota has exceeded : /lake/reed\n    set /lake/reed deeper!\n"
        );
        assert!(
            ran.stdout.ends_with(
                "Output quota for /lake count=-1,bytes=-1=;byteHardLimit=6;countHardLimit=2\n\
                 Output stat for /lake count=2,bytes=4\n"
            ),
            "{}",
            ran.stdout
        );
    }
}

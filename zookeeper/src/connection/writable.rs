//! The search for a server that takes writes, while the one that serves takes none.

use std::sync::Arc;
use std::time::Duration;

use crate::dial::BoxFuture;
use crate::options::Host;
use crate::shared::Shared;
use crate::word;

/// The first and the longest pause between two looks for a server that takes writes.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_mins(1);

/// How long a server may take to say whether it takes writes.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// Asks the servers in turn whether one takes writes, ever more rarely.
pub(super) fn look_for_writable(shared: Arc<Shared>) -> BoxFuture<'static, Host> {
    Box::pin(async move {
        let mut pause = FIRST_LOOK;
        loop {
            for host in &shared.options.hosts {
                tokio::time::sleep(pause).await;
                let answer = word::ask(&*shared.options.dial, host, "isro", LOOK_TIME).await;
                if answer.is_ok_and(|answer| answer.trim_end() == "rw") {
                    return host.clone();
                }
                pause = (pause * 2).min(LAST_LOOK);
            }
        }
    })
}

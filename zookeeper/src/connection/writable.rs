//! Searches for a server that accepts writes, while the connected one is read-only.

use std::sync::Arc;
use std::time::Duration;

use crate::dial::BoxFuture;
use crate::host::Host;
use crate::shared::Shared;
use crate::word;

/// The first and the longest pause between two queries.
const FIRST_LOOK: Duration = Duration::from_millis(100);
const LAST_LOOK: Duration = Duration::from_mins(1);

/// How long a server may take to answer `isro`.
const LOOK_TIME: Duration = Duration::from_secs(1);

/// Asks the servers in turn whether one accepts writes, with growing pauses.
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

//! The sandbox that ends with this shell.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Context, counted};
use crate::error::{Error, Kind, Result};
use crate::sandbox::Control;

/// The sandbox that was started with the shell. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct OwnSandbox {
    /// The control over it.
    pub control: Control,
    /// Whether the user was told, on leaving, that other sessions use it.
    has_warned: Arc<AtomicBool>,
}

impl OwnSandbox {
    /// Wraps a running sandbox.
    pub fn new(control: Control) -> Self {
        Self { control, has_warned: Arc::default() }
    }

    /// Returns the number of servers that can be stopped and started: 0 for a single server.
    pub fn servers(&self) -> usize {
        match self.control.addresses().len() {
            1 => 0,
            count => count,
        }
    }

    /// Returns whether the current session is with it, and not with another server.
    pub fn serves(&self, cx: &Context) -> bool {
        let address = cx.session.facts().and_then(|facts| facts.address);
        address.is_some_and(|address| {
            self.control.addresses().iter().any(|own| own.port() == address.port())
                && address.ip().is_loopback()
        })
    }

    /// Says once that others are connected to it, where some are.
    pub(super) fn may_be_left(&self, cx: &Context) -> Result<()> {
        let mut own: Vec<i64> =
            cx.session.list().iter().filter_map(|named| named.session.id()).collect();
        own.extend(cx.learning.reader());
        let connections = self.control.connections();
        let others = connections.iter().filter_map(|connection| connection.session);
        let others = others.filter(|session| !own.contains(session)).count();
        if others == 0 || self.has_warned.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let others = counted(others as u64, "other session is", "other sessions are");
        let what = format!("{others} connected to the sandbox, which ends with this shell");
        Err(Error::new(Kind::Refused, what).with_hint("leave again to end it"))
    }
}

//! The resource limits and the memory of processes.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Returns how many files this process may open, after raising the limit to what these tests need.
pub(super) fn files() -> u64 {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = soft.max(hard.min(8_000));
    setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).map_or(soft, |()| wanted)
}

/// Returns the resident memory of a process in bytes.
pub(super) fn resident(process: u32) -> usize {
    let file = format!("/proc/{process}/status");
    let status = std::fs::read_to_string(file).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.map_or(0, |kilobytes: usize| kilobytes << 10)
}

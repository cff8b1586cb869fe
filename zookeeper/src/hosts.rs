//! Decides which host to try next, and when.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::Instant;

use crate::host::Host;

/// Maximum number of connection attempts per second, whatever the servers do.
pub(crate) const MOST_PER_SECOND: usize = 10;

/// The first pause between two passes over the hosts.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// The longest pause, short enough that a server which comes up is found before its user wonders.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The hosts, in the order in which they are tried.
#[derive(Debug)]
pub(crate) struct Hosts {
    list: Vec<Host>,
    next: usize,
    /// Number of hosts tried since a server was found, or since the last pass ended.
    tried: usize,
    pause: Duration,
    random: Random,
    /// The start times of the last connection attempts.
    begun: VecDeque<Instant>,
}

impl Hosts {
    pub(crate) fn new(mut list: Vec<Host>, seed: Option<u64>) -> Self {
        let mut random = Random::new(seed);
        for last in (1..list.len()).rev() {
            list.swap(last, random.below(last + 1));
        }
        Self { list, next: 0, tried: 0, pause: FIRST_PAUSE, random, begun: VecDeque::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns the next host, and how long to wait before trying it. The pause grows after each
    /// pass over all hosts. Returns `None` if there are no hosts.
    pub(crate) fn next(&mut self) -> Option<(Host, Duration)> {
        let host = self.list.get(self.next)?.clone();
        self.next = (self.next + 1) % self.list.len();
        let mut pause = Duration::ZERO;
        if self.tried >= self.list.len() {
            self.tried = 0;
            // A random time between half the pause and all of it, so that many clients do not
            // return together.
            pause = self.pause / 2 + self.pause.mul_f64(self.random.part()) / 2;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
        self.tried += 1;
        Some((host, pause))
    }

    /// Returns whether every host has been tried in this pass.
    pub(crate) fn pass_is_over(&self) -> bool {
        self.tried >= self.list.len()
    }

    /// Makes this host the next one to try.
    pub(crate) fn prefer(&mut self, host: &Host) {
        if let Some(index) = self.list.iter().position(|each| each == host) {
            self.next = index;
        }
    }

    /// Records that a server works, so that the next search starts without a pause.
    pub(crate) fn serves(&mut self) {
        self.tried = 0;
        self.pause = FIRST_PAUSE;
    }

    /// Returns when the next connection attempt may start, and reserves it.
    pub(crate) fn begin(&mut self, now: Instant) -> Instant {
        let at = match self.begun.front() {
            Some(oldest) if self.begun.len() >= MOST_PER_SECOND => {
                now.max(*oldest + Duration::from_secs(1))
            }
            _ => now,
        };
        if self.begun.len() >= MOST_PER_SECOND {
            self.begun.pop_front();
        }
        self.begun.push_back(at);
        at
    }
}

/// Random numbers that need not be secret (xorshift64*).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn new(seed: Option<u64>) -> Self {
        Self(seed.unwrap_or_else(|| RandomState::new().hash_one(0)).max(1))
    }

    fn number(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn below(&mut self, end: usize) -> usize {
        self.number() as usize % end
    }

    /// Returns a random number between 0 and 1.
    fn part(&mut self) -> f64 {
        f64::from(self.number()) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(count: usize) -> Hosts {
        let host = |number| Host { name: format!("h{number}"), port: 2181 };
        Hosts::new((0..count).map(host).collect(), Some(7))
    }

    #[test]
    fn each_host_is_tried_before_any_twice() {
        let mut hosts = hosts(5);
        for pass in 0..4 {
            let mut names: Vec<String> = (0..5)
                .map(|index| {
                    let (host, pause) = hosts.next().unwrap();
                    assert_eq!(pause.is_zero(), pass == 0 || index > 0);
                    host.name
                })
                .collect();
            assert!(hosts.pass_is_over());
            names.sort();
            assert_eq!(names, ["h0", "h1", "h2", "h3", "h4"]);
        }
        assert!(Hosts::new(Vec::new(), None).next().is_none());
    }

    #[test]
    fn pauses_grow_and_are_short_again_once_a_server_serves() {
        let mut hosts = hosts(1);
        let mut pause = || hosts.next().unwrap().1;
        assert!(pause().is_zero());
        let pauses: Vec<Duration> = (0..20).map(|_| pause()).collect();
        assert!(pauses[0] <= FIRST_PAUSE && pauses[19] >= LONGEST_PAUSE / 2);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE));
        hosts.serves();
        assert!(hosts.next().unwrap().1.is_zero());
        assert!(hosts.next().unwrap().1 <= FIRST_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_connections_than_stated() {
        let mut hosts = hosts(3);
        let mut begun: Vec<Instant> = Vec::new();
        for _ in 0..100 {
            let at = hosts.begin(Instant::now());
            tokio::time::sleep_until(at).await;
            begun.push(at);
        }
        for window in begun.windows(MOST_PER_SECOND + 1) {
            assert!(window[MOST_PER_SECOND] - window[0] >= Duration::from_secs(1));
        }
    }
}

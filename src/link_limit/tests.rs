//! Simulated links and servers.

use super::*;

/// A server that processes one request after the other, behind a link.
struct Link {
    begun: Instant,
    now: Instant,
    round_trip: Duration,
    /// How long the server takes for a request.
    service: Duration,
    /// The maximum additional, random time of a reply.
    jitter: Duration,
    random: u64,
    /// When the server is free.
    free: Instant,
    /// When replies arrive, and their round trips.
    replies: VecDeque<(Instant, Duration)>,
    /// The maximum number of requests that waited in the server since it was last asked.
    queue: usize,
    limit: LinkLimit,
}

const MICROSECOND: Duration = Duration::from_micros(1);

impl Link {
    fn new(round_trip: Duration, service: Duration) -> Self {
        let now = Instant::now();
        let mut limit = LinkLimit::new(128, 4096);
        limit.record_round_trip(now, Some(round_trip + service));
        Self {
            begun: now,
            now,
            round_trip,
            service,
            jitter: Duration::ZERO,
            random: 1,
            free: now,
            replies: VecDeque::new(),
            queue: 0,
            limit,
        }
    }

    fn send(&mut self) {
        let arrival = self.now + self.round_trip / 2;
        let start = arrival.max(self.free);
        let waits = (start - arrival).as_nanos() / self.service.as_nanos();
        self.queue = self.queue.max(usize::try_from(waits).expect("a small number"));
        self.free = start + self.service;
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let late = self.jitter * u32::try_from(self.random >> 48).expect("16 bits") / 65_536;
        let reply = self.free + self.round_trip / 2 + late;
        // The link preserves the order.
        let reply = self.replies.back().map_or(reply, |(last, _)| reply.max(*last));
        self.replies.push_back((reply, reply - self.now));
        self.limit.record_sent(self.now, 1);
    }

    fn receive(&mut self) {
        let (at, took) = self.replies.pop_front().expect("something is in flight");
        self.now = at;
        self.limit.record_answered(at, Some(took));
    }

    /// Sends as much as the limit allows, for the given time. Returns how many were answered.
    fn run(&mut self, time: Duration) -> usize {
        let end = self.now + time;
        let mut answered = 0;
        self.queue = 0;
        loop {
            while self.limit.room() > 0 {
                self.send();
            }
            if self.replies.front().is_none_or(|(at, _)| *at > end) {
                self.now = end;
                return answered;
            }
            self.receive();
            answered += 1;
        }
    }
}

fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}

#[test]
fn a_near_server_gets_the_least_amount() {
    // 128 requests take 8 ms there.
    let mut link = Link::new(milliseconds(1) / 10, MICROSECOND * 65);
    for _ in 0..330 {
        link.run(milliseconds(100));
        // Two are on the way.
        assert!(link.limit.size() <= 128 + 4, "{}", link.limit.size());
        assert!(link.queue <= 130, "{} wait", link.queue);
    }
    assert!(link.limit.size() >= 128);
}

#[test]
fn a_server_at_some_distance_is_never_idle() {
    // 66 are on the way. If only 128 were in flight, and replies were taken 64 at a time, half of
    // the time nothing would wait in the server.
    let mut link = Link::new(milliseconds(2), MICROSECOND * 30);
    link.run(milliseconds(100));
    assert!((180..=200).contains(&link.limit.size()), "{}", link.limit.size());
    link.run(milliseconds(1000));
    assert!((100..=130).contains(&link.queue), "{} wait", link.queue);
}

#[test]
fn a_far_server_is_kept_busy_within_a_second() {
    for (round_trip, service) in [(60, 200), (100, 100)] {
        let mut link = Link::new(milliseconds(round_trip), MICROSECOND * service);
        link.run(milliseconds(1000));
        let most = 1_000_000 / usize::try_from(service).expect("a small number");
        let answered = link.run(milliseconds(1000));
        assert!(answered * 100 >= most * 95, "{round_trip} ms: {answered} of {most}");
        link.run(milliseconds(1000));
        let mut calm = 0;
        // Usually at most 512 requests wait in the server. While the round trip is measured, as many
        // wait as were first guessed, or half of those that the link holds.
        for _ in 0..35 {
            link.run(milliseconds(1000));
            let product =
                usize::try_from(round_trip * 1000 / u64::from(service)).expect("a small number");
            let (queue, most) = (link.queue, (product / 2).max(1024) + 128);
            assert!(queue <= most, "{round_trip} ms: {queue} of {most} wait");
            calm += usize::from(queue <= 512 + 128);
        }
        assert!(calm >= 31, "{round_trip} ms: {calm} of 35 seconds");
    }
}

#[test]
fn the_first_replies_tell_the_speed_of_the_server() {
    for (service, most) in [(30, 6400), (50, 5000), (100, 3000)] {
        let mut link = Link::new(milliseconds(100), MICROSECOND * service);
        // The first guess is 1024, and the replies to it arrive in the second round trip. The limit
        // may double in the third, and the fourth has what the link holds.
        let answered = link.run(milliseconds(400));
        assert!(answered * 10 >= most * 9, "{service} µs: {answered} of {most}");
        assert!(link.queue <= 1024 + 512, "{service} µs: {} wait", link.queue);
    }
}

#[test]
fn a_request_that_left_before_the_others_does_not_hide_the_speed_of_the_server() {
    let mut link = Link::new(milliseconds(100), MICROSECOND * 30);
    // It left beside the handshake.
    link.send();
    link.now += milliseconds(99);
    let answered = link.run(milliseconds(400));
    assert!(answered * 10 >= 6400 * 9, "{answered} of 6400");
}

#[test]
fn replies_that_were_read_together_tell_no_speed() {
    let mut link = Link::new(milliseconds(100), MICROSECOND * 500);
    link.run(milliseconds(99));
    assert_eq!(link.limit.size(), 1024);
    // A pause in front of us gathers the replies to the first 300 requests.
    let at = link.now + milliseconds(151);
    for (reply, _) in link.replies.iter_mut().take(300) {
        *reply = at;
    }
    for _ in 0..300 {
        link.receive();
    }
    assert!(link.limit.size() <= 1024 + 300, "{}", link.limit.size());
    link.run(milliseconds(2000));
    link.run(milliseconds(1000));
    assert!(link.queue <= 200, "{} wait", link.queue);
}

#[test]
fn frequent_longer_round_trips_do_not_lower_the_throughput() {
    let mut link = Link::new(milliseconds(100), MICROSECOND * 50);
    link.jitter = milliseconds(25);
    link.run(milliseconds(1500));
    for _ in 0..8 {
        let answered = link.run(milliseconds(1000));
        assert!(answered >= 18_000, "{answered}");
    }
}

#[test]
fn large_requests_measure_the_round_trip_too() {
    let (begun, round_trip) = (Instant::now(), milliseconds(100));
    let mut limit = LinkLimit::new(1152, 65_536);
    let (mut sent, mut now) = (VecDeque::new(), begun);
    for _ in 0..35_000 {
        while sent.is_empty() || limit.room() >= 264 {
            limit.record_sent(now, 264);
            // The server takes a millisecond.
            let after = sent.back().map_or(now, |last: &Instant| *last);
            sent.push_back((now + round_trip).max(after + milliseconds(1)));
        }
        now = now.max(sent.pop_front().expect("one was sent"));
        limit.record_answered(now, Some(round_trip));
    }
    let took = now - begun;
    assert!((milliseconds(35_000)..milliseconds(38_000)).contains(&took), "{took:?}");
}

#[test]
fn the_limit_is_bounded() {
    let mut link = Link::new(milliseconds(500), MICROSECOND * 10);
    link.run(milliseconds(10_000));
    assert_eq!(link.limit.size(), 4096);
    let mut link = Link::new(milliseconds(100), MICROSECOND * 65);
    link.limit = LinkLimit::fixed(7);
    link.run(milliseconds(1000));
    assert_eq!((link.limit.size(), link.limit.room()), (7, 0));
}

#[test]
fn a_changed_route_is_measured_again() {
    let mut link = Link::new(milliseconds(50), MICROSECOND * 200);
    link.run(milliseconds(2000));
    let near = link.limit.size();
    assert!((300..500).contains(&near), "{near}");
    link.round_trip = milliseconds(200);
    link.run(milliseconds(35_000));
    let far = link.limit.size();
    assert!((1000..1700).contains(&far), "{far}");
    link.round_trip = milliseconds(1) / 10;
    link.run(milliseconds(40_000));
    assert!((128..=132).contains(&link.limit.size()), "{}", link.limit.size());
    assert!(link.begun < link.now);
}

#[test]
fn the_limit_follows_the_speed_of_the_server() {
    let mut link = Link::new(milliseconds(100), MICROSECOND * 50);
    link.run(milliseconds(2000));
    link.service = MICROSECOND * 500;
    link.run(milliseconds(15_000));
    link.run(milliseconds(1000));
    assert!(link.queue <= 200, "{} wait", link.queue);
    link.service = MICROSECOND * 50;
    link.run(milliseconds(4000));
    let answered = link.run(milliseconds(1000));
    assert!(answered >= 18_000, "{answered}");
}

#[test]
fn occasional_bursts_do_not_change_the_limit() {
    let mut link = Link::new(milliseconds(100), MICROSECOND * 50);
    link.run(milliseconds(2000));
    let size = link.limit.size();
    for _ in 0..20 {
        while !link.replies.is_empty() {
            link.receive();
        }
        link.now += milliseconds(200);
        for _ in 0..10 {
            link.send();
        }
    }
    assert!(link.limit.size() * 2 > size, "{} of {size}", link.limit.size());
}

#[test]
fn the_first_reply_replaces_a_slow_handshake() {
    let mut link = Link::new(milliseconds(1), MICROSECOND * 65);
    link.limit = LinkLimit::new(128, 4096);
    link.limit.record_round_trip(link.now, Some(milliseconds(200)));
    assert_eq!(link.limit.size(), 1024);
    link.run(milliseconds(1000));
    // 16 are on the way.
    assert!((128..=128 + 16).contains(&link.limit.size()), "{}", link.limit.size());
}

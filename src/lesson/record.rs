//! What is noted while a step is under way: replies, events and watches. It never grows beyond a bound.

use super::effect::{Effect, Event, Reply, Watch};

/// Most replies, events and watches that are kept, of each. Of more, the older half is forgotten: who
/// has done so much in one step is not about to finish it.
const MOST: usize = 2048;

/// The replies, events and watches of all sessions of a lesson since a step began.
#[derive(Debug, Default)]
pub struct Record {
    replies: Vec<Reply>,
    events: Vec<Event>,
    /// Left since the step began.
    left: Vec<Watch>,
    /// Left before, and not gone since.
    standing: Vec<Watch>,
}

impl Record {
    /// Forgets all: a step begins, and these watches stand already.
    pub fn begin(&mut self, standing: Vec<Watch>) {
        *self = Self { standing, ..Self::default() };
    }

    /// Notes a reply.
    pub fn reply(&mut self, reply: Reply) {
        push(&mut self.replies, reply);
    }

    /// Notes an event.
    pub fn event(&mut self, event: Event) {
        push(&mut self.events, event);
    }

    /// Notes which watches a session holds now.
    pub fn watches(&mut self, session: &str, now: Vec<Watch>) {
        self.standing.retain(|watch| watch.session != session || now.contains(watch));
        for watch in now {
            if !self.standing.contains(&watch) && !self.left.contains(&watch) {
                push(&mut self.left, watch);
            }
        }
    }

    /// Returns what is noted as an effect, in which sessions, tree and servers are still to be filled in.
    pub fn effect(&self) -> Effect {
        let watches = self.left.iter().chain(&self.standing).cloned().collect();
        Effect {
            replies: self.replies.clone(),
            events: self.events.clone(),
            watches,
            ..Effect::default()
        }
    }
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() == MOST {
        list.drain(..MOST / 2);
    }
    list.push(item);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::WatchKind;

    fn watch(path: &str) -> Watch {
        Watch { session: "A".to_owned(), kind: WatchKind::Data, path: path.to_owned() }
    }

    fn paths(record: &Record) -> Vec<String> {
        record.effect().watches.into_iter().map(|watch| watch.path).collect()
    }

    #[test]
    fn a_watch_that_was_left_counts_though_it_has_fired_and_one_from_before_while_it_stands() {
        let mut record = Record::default();
        record.begin(vec![watch("/old")]);
        record.watches("A", vec![watch("/old"), watch("/new")]);
        record.watches("B", Vec::new());
        assert_eq!(paths(&record), ["/new", "/old"]);
        record.watches("A", Vec::new());
        assert_eq!(paths(&record), ["/new"]);
        record.watches("A", vec![watch("/old")]);
        assert_eq!(paths(&record), ["/new", "/old"]);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut record = Record::default();
        for number in 0..10 * MOST {
            let path = Some(format!("/{number}"));
            record.event(Event { session: "A".to_owned(), kind: "NodeCreated".to_owned(), path });
        }
        let events = record.effect().events;
        assert!(events.len() <= MOST);
        let last = format!("/{}", 10 * MOST - 1);
        assert_eq!(events.last().and_then(|event| event.path.clone()), Some(last));
    }
}

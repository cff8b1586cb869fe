//! Records replies, events and watches during a step, within a limit.

use super::effect::{Effect, Event, Reply, Watch};

/// The maximum number of replies, of events and of watches. If it is exceeded, the older half is
/// discarded. No learner needs as many to complete a step.
const MOST: usize = 2048;

/// The replies, events and watches of all sessions of a lesson since a step began.
#[derive(Debug, Default)]
pub struct Record {
    replies: Vec<Reply>,
    events: Vec<Event>,
    /// The watches that were set since the step began.
    left: Vec<Watch>,
    /// The watches that were set before and still exist.
    standing: Vec<Watch>,
}

impl Record {
    /// Discards everything when a step begins. The watches in `standing` already exist.
    pub fn begin(&mut self, standing: Vec<Watch>) {
        *self = Self { standing, ..Self::default() };
    }

    /// Records a reply.
    pub fn reply(&mut self, reply: Reply) {
        push(&mut self.replies, reply);
    }

    /// Records an event.
    pub fn event(&mut self, event: Event) {
        push(&mut self.events, event);
    }

    /// Records the watches that a session holds now.
    pub fn watches(&mut self, session: &str, now: Vec<Watch>) {
        self.standing.retain(|watch| watch.session != session || now.contains(watch));
        for watch in now {
            if !self.standing.contains(&watch) && !self.left.contains(&watch) {
                push(&mut self.left, watch);
            }
        }
    }

    /// Returns an effect with the recorded items. The caller must add the sessions, the tree and
    /// the servers.
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
    fn a_new_watch_counts_even_after_it_fired_and_an_old_one_while_it_exists() {
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
    fn its_size_is_bounded() {
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

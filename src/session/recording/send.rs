//! Reads what writes replace, sends the writes with the versions that were read, and records the
//! results.

use std::sync::Arc;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};

use super::item::{Draft, Images, Item, Needs, draft};
use super::{Before, Recording, Turn, Written, too_much};
use crate::error::{Code, Error, Kind, Result};
use crate::session::{MultiResult, OpResult, Operation, Session};
use crate::zk::ZnodePath;

/// The maximum number of attempts while other clients write the same znodes. After them the write
/// is sent without a version, as the user typed it, and cannot be undone.
const MAX_TRIES: usize = 16;

/// The maximum number of znodes that are read at the same time. Each can have as much data as a
/// server accepts.
const READS_AT_ONCE: usize = 32;

/// The maximum number of attempts to read the data and the ACL of a znode in the same state.
const MAX_READS: usize = 3;

impl Session {
    /// Sends one write and records it.
    pub(in crate::session) async fn send_recorded(
        &self,
        recording: Recording,
        item: Item,
    ) -> Result<OpResult> {
        let unanswered = || Error::new(Kind::Bug, "The server's reply has no result");
        match self.record(recording, vec![item], false).await? {
            Ok(results) => results.into_iter().next().ok_or_else(unanswered),
            Err((_, error)) => Err(error),
        }
    }

    /// Applies a transaction and records it.
    pub(in crate::session) async fn transact_recorded(
        &self,
        recording: Recording,
        operations: &[Operation],
    ) -> Result<MultiResult> {
        let items = operations.iter().cloned().map(Item::Of).collect();
        self.record(recording, items, true).await
    }

    async fn record(
        &self,
        recording: Recording,
        items: Vec<Item>,
        is_transaction: bool,
    ) -> Result<MultiResult> {
        let mut turn = recording.turn();
        let count = items.len();
        if recording.wants(self, count)
            && let Some(images) = self.images(&recording, &items).await?
        {
            let has_waited = turn.wait().await;
            let mut images = Some(images);
            // Read again after the previous writes have been sent, because a znode that was missing
            // may exist now.
            if has_waited
                && draft(&items, images.as_ref().unwrap_or(&Images::new())).unknown.is_some()
            {
                images = self.images(&recording, &items).await?;
            }
            for _ in 0..MAX_TRIES {
                let Some(read) = images.take() else { break };
                let draft = draft(&items, &read);
                let sent = self.attempt(&recording, &mut turn, draft, is_transaction).await;
                match &sent {
                    Ok(Err((index, error)))
                        if error.code_of() == Some(Code::BadVersion)
                            && items.get(*index).is_some_and(|item| item.version().is_none()) =>
                    {
                        images = self.images(&recording, &items).await?;
                    }
                    _ => return sent,
                }
            }
            recording.lose(|| "others wrote the same znodes again and again".to_owned());
        }
        turn.wait().await;
        let sent = turn.send(self.send_items(&items, is_transaction)).await;
        if sent.as_ref().map_or_else(Error::is_uncertain, |(result, _)| result.is_ok()) {
            recording.count(count);
        }
        Ok(sent?.0)
    }

    /// Sends writes once, with the versions that were read.
    async fn attempt(
        &self,
        recording: &Recording,
        turn: &mut Turn,
        draft: Draft,
        is_transaction: bool,
    ) -> Result<MultiResult> {
        let Draft { items, written, unknown } = draft;
        let is_change: Vec<bool> = items.iter().map(Item::changes).collect();
        let is_known = unknown.is_none();
        let written: Vec<Written> = if is_known { written } else { Vec::new() };
        let count = written.len();
        let place = recording.open(written);
        let sent = turn.send(self.send_items(&items, is_transaction)).await;
        match &sent {
            Ok((Ok(results), zxid)) => {
                recording.count(items.len());
                if let Some(error) = unknown {
                    recording.lose(|| format!("what it replaced could not be read: {error}"));
                } else {
                    let results = results.iter().zip(&is_change);
                    let results = results.filter(|(_, is_change)| **is_change);
                    recording.applied(place, results.map(|(result, _)| result), *zxid);
                }
            }
            // The write may have been applied. `undo` finds out.
            Err(error) if error.is_uncertain() => {
                if let Some(unread) = unknown {
                    recording.count(items.len());
                    recording.lose(|| format!("what it replaced could not be read: {unread}"));
                }
            }
            _ => recording.refused(place, count),
        }
        Ok(sent?.0)
    }

    /// Sends writes without changing them. Also returns the zxid in the reply.
    async fn send_items(&self, items: &[Item], is_transaction: bool) -> Result<(MultiResult, i64)> {
        if is_transaction {
            let operations: Vec<Operation> = items
                .iter()
                .filter_map(|item| match item {
                    Item::Of(operation) => Some(operation.clone()),
                    Item::SetAcl { .. } => None,
                })
                .collect();
            return self.send_transaction(&operations).await;
        }
        let sent = match items.first() {
            Some(Item::Of(operation)) => self.send_operation(operation).await,
            Some(Item::SetAcl { path, acl, version }) => {
                let stat = self.send_acl(path, acl, *version).await;
                stat.map(|stat| (OpResult::Set(stat), 0))
            }
            None => return Ok((Ok(Vec::new()), 0)),
        };
        match sent {
            Ok((result, zxid)) => Ok((Ok(vec![result]), zxid)),
            Err(error) if error.kind() == Kind::Refused => Ok((Err((0, error)), 0)),
            Err(error) => Err(error),
        }
    }

    async fn send_operation(&self, operation: &Operation) -> Result<(OpResult, i64)> {
        match operation {
            Operation::Create { prefix, data, mode, acl } => {
                let (prefix, data) = (Arc::clone(prefix), data.clone());
                let (path, zxid) = self.send_create(prefix, data, *mode, acl).await?;
                Ok((OpResult::Created(path), zxid))
            }
            Operation::Set { path, data, version } => {
                let stat = self.send_data(path, data.clone(), *version).await?;
                Ok((OpResult::Set(stat), 0))
            }
            Operation::Delete { path, version } => {
                self.send_delete(path, *version).await?;
                Ok((OpResult::Deleted, 0))
            }
            Operation::Check { .. } => Ok((OpResult::Checked, 0)),
        }
    }

    /// Reads what writes will replace. Returns none if it is too much to keep, which is recorded.
    ///
    /// # Errors
    /// If the connection is lost, in which case the write would fail too.
    async fn images(&self, recording: &Recording, items: &[Item]) -> Result<Option<Images>> {
        let mut wanted: Vec<(ZnodePath, Needs)> = Vec::new();
        for (path, needs) in items.iter().filter_map(Item::needs) {
            // Few transactions contain a path twice, and bulk writers never do, so a short search
            // is enough.
            match wanted.iter_mut().rev().take(8).find(|(known, _)| known == path) {
                Some((_, known)) => {
                    known.data |= needs.data;
                    known.acl |= needs.acl;
                }
                None => wanted.push((path.clone(), needs)),
            }
        }
        let mut images = Images::with_capacity(wanted.len());
        let mut bytes = 0;
        let reads = wanted.into_iter().map(|(path, needs)| async move {
            let image = self.image(&path, needs).await;
            (path, image)
        });
        let mut reads = stream::iter(reads).buffered(READS_AT_ONCE);
        while let Some((path, image)) = reads.next().await {
            match &image {
                Err(error) if error.kind() != Kind::Refused => return Err(error.clone()),
                Err(_) => {}
                Ok(image) => bytes += image.bytes(),
            }
            if !recording.fits(bytes) {
                recording.lose(too_much);
                return Ok(None);
            }
            images.insert(path.as_str().to_owned(), image);
        }
        Ok(Some(images))
    }

    /// Reads the data and the ACL of a znode in one round trip.
    async fn image(&self, path: &ZnodePath, needs: Needs) -> Result<Before> {
        let mut image = None;
        for _ in 0..MAX_READS {
            let data = async {
                if needs.data { self.get_data(path, false).await.map(Some) } else { Ok(None) }
            };
            let acl =
                async { if needs.acl { self.get_acl(path).await.map(Some) } else { Ok(None) } };
            let (data, acl) = join(data, acl).await;
            let (data, acl) = (data?, acl?);
            let of_acl = acl.as_ref().map(|(_, stat)| *stat);
            let mut stat = data.as_ref().map(|(_, stat)| *stat).or(of_acl).unwrap_or_default();
            let is_one = of_acl.is_none_or(|of| of.czxid == stat.czxid);
            if let Some(of_acl) = of_acl {
                stat.aversion = of_acl.aversion;
            }
            let (data, acl) = (data.map(|(data, _)| data), acl.map(|(acl, _)| acl));
            let read = Before { data, acl, stat };
            if is_one {
                return Ok(read);
            }
            image = Some(read);
        }
        image.ok_or_else(|| Error::code(Code::NoNode, path.as_str()))
    }
}

impl Item {
    /// Returns whether the write changes something.
    fn changes(&self) -> bool {
        !matches!(self, Self::Of(Operation::Check { .. }))
    }
}

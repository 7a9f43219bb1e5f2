//! Judges the members of a batch one after the other, each against the log as it will be once the earlier ones stand. No I/O:
//! `look` says what the log holds, and `write` writes what stands.
//!
//! The rules and their order are those of `PostgreSQL`'s `append_batch`. A member that is refused changes nothing here, and so
//! leaves nothing behind in the database either.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use application::ports::{
    log::{Commit, CommitError, Committed, EventBody, NewObservation, Receipt, ReceiptKey},
    vault::{Place, SecretChange, SecretRow},
};
use domain::{
    Timestamp,
    ids::{EventId, TenantId},
    log::{Position, Recorded, StreamId},
};

use crate::sql::{Outcome, event_hash, occupied};

/// Of the log, what a batch asks about. What a map leaves out is not there: unknown, empty, free.
pub(super) struct Log<'a> {
    /// Where the log ends.
    pub(super) head: Position,
    /// The time of what is appended now.
    pub(super) now: Timestamp,
    /// Events that stand.
    pub(super) known: HashMap<EventId, Committed>,
    /// The last sequence of each stream.
    pub(super) versions: HashMap<&'a StreamId, u64>,
    /// How many events of a type a trail holds.
    pub(super) held: HashMap<(&'a StreamId, &'a str), u64>,
    /// What is sealed at a place.
    pub(super) sealed: HashMap<&'a Place, Vec<u8>>,
    /// The receipts that were left.
    pub(super) receipts: HashMap<&'a ReceiptKey, Receipt>,
    /// What the members that stand have changed.
    pub(super) changes: Changes<'a>,
}

/// What is to be written: of each vault row only how it is in the end. The deletes come before the puts.
#[derive(Default)]
pub(super) struct Changes<'a> {
    pub(super) events: Vec<Recorded>,
    pub(super) deletes: HashSet<&'a Place>,
    pub(super) puts: HashMap<&'a Place, &'a SecretRow>,
    pub(super) receipts: Vec<&'a Receipt>,
}

impl<'a> Log<'a> {
    /// An empty log, at a time.
    pub(super) fn at(now: Timestamp) -> Self {
        Self {
            head: Position(0),
            now,
            known: HashMap::new(),
            versions: HashMap::new(),
            held: HashMap::new(),
            sealed: HashMap::new(),
            receipts: HashMap::new(),
            changes: Changes::default(),
        }
    }

    /// What becomes of the next member.
    pub(super) fn judge(&mut self, commit: &'a Commit) -> Outcome {
        if self.was_written_before(commit) {
            return Ok(self.place_of(commit));
        }
        if let Some(receipt) = &commit.receipt
            && let Some(stored) = self.receipts.get(&receipt.key)
        {
            if stored == receipt {
                return Ok(self.place_of(commit)); // nothing but its receipt told that it was written before
            }
            return Err(CommitError::Answered(Box::new(stored.clone())));
        }
        self.refuse_stale(commit)?;
        self.refuse_occupied(commit)?;
        self.take(commit);
        Ok(self.place_of(commit))
    }

    fn was_written_before(&self, commit: &Commit) -> bool {
        let mut events = commit.appends.iter();
        !commit.appends.is_empty() && events.all(|event| self.known.contains_key(&event.event_id))
    }

    /// Where the last of its events stands; the head if none does.
    fn place_of(&self, commit: &Commit) -> Committed {
        let events = commit.appends.iter().map(|event| event.event_id);
        let observations = commit.observations.iter().map(|seen| seen.event_id);
        let places = events.chain(observations).filter_map(|id| self.known.get(&id));
        let head = Committed {
            position: self.head,
            recorded_at: self.now,
        };
        places.max_by_key(|place| place.position).copied().unwrap_or(head)
    }

    fn version(&self, stream: &StreamId) -> u64 {
        self.versions.get(stream).copied().unwrap_or(0)
    }

    /// Refuses what was decided on a stream that has moved on.
    fn refuse_stale(&self, commit: &Commit) -> Result<(), CommitError> {
        let mut expects = commit.expects.iter();
        let stale = expects.find(|expected| self.version(&expected.stream) != expected.version);
        stale.map_or(Ok(()), |expected| Err(CommitError::Conflict(expected.stream.clone())))
    }

    /// Refuses to put a row where another one stands, and to delete another one than was decided on. The very same one stands there
    /// when this commit's answer was lost.
    fn refuse_occupied(&self, commit: &Commit) -> Result<(), CommitError> {
        for change in &commit.secrets {
            if let SecretChange::Put(row) | SecretChange::DeleteAsRead(row) = change
                && self.sealed.get(&row.place).is_some_and(|sealed| *sealed != row.sealed)
            {
                return Err(occupied(&row.place));
            }
        }
        Ok(())
    }

    /// From here on the commit stands.
    fn take(&mut self, commit: &'a Commit) {
        for event in &commit.appends {
            let ids = (event.event_id, event.tenant_id);
            self.append(ids, &event.stream, event.sequence, &event.body);
        }
        for seen in &commit.observations {
            self.observe(seen);
        }
        for change in &commit.secrets {
            match change {
                SecretChange::Put(row) => self.put(row),
                SecretChange::Delete(_) | SecretChange::DeleteAsRead(_) => self.delete(change.place()),
            }
        }
        if let Some(receipt) = &commit.receipt {
            self.receipts.insert(&receipt.key, receipt.clone());
            self.changes.receipts.push(receipt);
        }
    }

    /// Skips an observation alone: one that is known, and one that its trail has no room for.
    fn observe(&mut self, seen: &'a NewObservation) {
        let held = self.held.get(&(&seen.stream, seen.body.event_type.as_str()));
        let held = held.copied().unwrap_or(0);
        let is_full = seen.at_most.is_some_and(|at_most| held >= u64::from(at_most));
        if !is_full && !self.known.contains_key(&seen.event_id) {
            let sequence = self.version(&seen.stream) + 1;
            self.append((seen.event_id, seen.tenant_id), &seen.stream, sequence, &seen.body);
        }
    }

    fn append(
        &mut self,
        (event_id, tenant_id): (EventId, TenantId),
        stream: &'a StreamId,
        sequence: u64,
        body: &'a EventBody,
    ) {
        self.head = Position(self.head.0 + 1);
        let mut event = Recorded {
            position: self.head,
            event_id,
            tenant_id,
            aggregate_type: stream.aggregate_type.to_owned(),
            aggregate_id: stream.aggregate_id.clone(),
            sequence,
            event_type: body.event_type.clone(),
            event_version: body.event_version.clone(),
            recorded_at: self.now,
            payload: body.payload.clone(),
            metadata: body.metadata.clone(),
            personal: body.personal.clone(),
            hash: [0; 32],
        };
        event.hash = event_hash(&event);
        let place = Committed {
            position: self.head,
            recorded_at: self.now,
        };
        self.known.insert(event_id, place);
        self.versions.insert(stream, sequence);
        *self.held.entry((stream, &body.event_type)).or_default() += 1;
        self.changes.events.push(event);
    }

    fn put(&mut self, row: &'a SecretRow) {
        if !self.sealed.contains_key(&row.place) {
            self.sealed.insert(&row.place, row.sealed.clone());
            self.changes.puts.insert(&row.place, row);
        }
    }

    fn delete(&mut self, place: &'a Place) {
        self.sealed.remove(place);
        self.changes.puts.remove(place);
        self.changes.deletes.insert(place);
    }
}

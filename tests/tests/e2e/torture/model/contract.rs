//! What the log promises, in memory and one commit at a time: the specification that both databases are compared with.
//!
//! Everything is named by a number; [`super::system`] gives it a real name.

use std::collections::BTreeMap;

/// A stream of an aggregate, or a trail of observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Stream {
    Aggregate(u8),
    Trail(u8),
}

/// What an event says. Of one kind of observation a trail holds three at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Connected,
    Opened,
    Revealed,
}

impl Kind {
    pub(super) fn at_most(self) -> Option<u32> {
        (self == Self::Opened).then_some(3)
    }
}

/// A commit.
#[derive(Clone, Debug, Default)]
pub(super) struct Commit {
    /// The versions that it was decided on.
    pub(super) expects: Vec<(Stream, u64)>,
    pub(super) appends: Vec<Event>,
    /// Their sequences do not count: they are given when they are written.
    pub(super) observations: Vec<Event>,
    /// Places, and what is put there; nothing: the row is deleted.
    pub(super) secrets: Vec<(u8, Option<u8>)>,
    /// A key and an answer.
    pub(super) receipt: Option<(u8, u8)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: u32,
    pub(super) stream: Stream,
    pub(super) sequence: u64,
    pub(super) kind: Kind,
}

/// What a commit is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It stands, and this is the last of its events; where none was written, its place is the head.
    Stands(Option<Event>),
    /// Its key was used for another answer.
    Answered(u8),
    /// A stream has moved on.
    Conflict(Stream),
    /// Something else stands at a place.
    Occupied(u8),
    /// It cannot be.
    Broken,
}

/// The log, the vault and the receipts. The first event has position 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) events: Vec<Event>,
    pub(super) vault: BTreeMap<u8, u8>,
    pub(super) receipts: BTreeMap<u8, u8>,
}

impl Log {
    /// Makes a commit: all of it or nothing. Of these rules the first that applies decides.
    pub(super) fn commit(&mut self, commit: &Commit) -> Outcome {
        let known = commit
            .appends
            .iter()
            .filter(|event| self.position(event.id).is_some())
            .count();
        // 1. It was made before: all of its events are known. Nothing of it is done again.
        if known > 0 && known == commit.appends.len() {
            return self.stands(commit);
        }
        // 2. Its key was used: by itself, or for another answer.
        if let Some((key, answer)) = commit.receipt
            && let Some(stored) = self.receipts.get(&key)
        {
            return if *stored == answer {
                self.stands(commit)
            } else {
                Outcome::Answered(*stored)
            };
        }
        // 3. A stream is not at the version that it was decided on, be it only read or appended to.
        if let Some((stream, _)) = commit
            .expects
            .iter()
            .find(|(stream, version)| self.version(*stream) != *version)
        {
            return Outcome::Conflict(*stream);
        }
        // 4. Something else stands where it puts a row.
        if let Some((place, _)) = commit
            .secrets
            .iter()
            .find(|(place, sealed)| self.is_occupied(*place, *sealed))
        {
            return Outcome::Occupied(*place);
        }
        // 5. Only some of its events are known: no commit was ever made like that, and nobody knows what is meant.
        if known > 0 {
            return Outcome::Broken;
        }
        // 6. It is made. An observation that is known, or that its trail has no room for, is left out alone.
        self.events.extend(&commit.appends);
        for seen in &commit.observations {
            if self.position(seen.id).is_none() && self.has_room(seen) {
                let sequence = self.version(seen.stream) + 1;
                self.events.push(Event { sequence, ..*seen });
            }
        }
        for (place, sealed) in &commit.secrets {
            match sealed {
                Some(sealed) => self.vault.insert(*place, *sealed),
                None => self.vault.remove(place),
            };
        }
        self.receipts.extend(commit.receipt);
        self.stands(commit)
    }

    fn stands(&self, commit: &Commit) -> Outcome {
        let events = commit.appends.iter().chain(&commit.observations);
        let last = events.filter_map(|event| self.position(event.id)).max();
        Outcome::Stands(last.map(|position| self.events[position - 1]))
    }

    pub(super) fn head(&self) -> usize {
        self.events.len()
    }

    pub(super) fn position(&self, id: u32) -> Option<usize> {
        self.events
            .iter()
            .position(|event| event.id == id)
            .map(|before| before + 1)
    }

    pub(super) fn version(&self, stream: Stream) -> u64 {
        self.of(stream).last().map_or(0, |event| event.sequence)
    }

    pub(super) fn of(&self, stream: Stream) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(move |event| event.stream == stream)
    }

    fn is_occupied(&self, place: u8, sealed: Option<u8>) -> bool {
        sealed.is_some() && self.vault.get(&place).is_some_and(|stored| Some(*stored) != sealed)
    }

    fn has_room(&self, seen: &Event) -> bool {
        let held = self.of(seen.stream).filter(|event| event.kind == seen.kind).count();
        seen.kind.at_most().is_none_or(|most| held < most as usize)
    }
}

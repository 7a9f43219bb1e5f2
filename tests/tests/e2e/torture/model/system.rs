//! A real log under real names, compared with the contract after each step.

use std::collections::HashMap;

use adapters::sql::{Stores, event_hash};
use anyhow::{Context, bail, ensure};
use application::ports::{
    StoreError,
    log::{self, CommitError, Committed, EventBody, Expected, NewEvent, NewObservation, Receipt, ReceiptKey},
    vault::{SecretChange, SecretRow},
};
use domain::{
    Timestamp,
    ids::{EventId, TenantId},
    log::{Position, Recorded, StreamId},
};
use futures_util::future::join_all;
use grantlink_tests::conformance::{Database, body, id, row, stream, tenant, trail};
use tokio::sync::watch;

use super::{
    contract::{Commit, Event, Kind, Log, Outcome, Stream},
    transitions::{NAMES, Transition},
};

/// One sequence's part of a database that other sequences used before: its names are new, and its log begins at the head.
pub(super) struct System {
    pub(super) stores: Stores,
    database: Database,
    model: Log,
    start: u64,
    tenant: TenantId,
    ids: HashMap<u32, EventId>,
    streams: HashMap<Stream, StreamId>,
    places: HashMap<u8, SecretRow>,
    /// The answers of the commits that stand, and the event that each is about.
    answers: Vec<(Committed, Event)>,
    committed: watch::Receiver<Position>,
    followed: usize,
}

impl System {
    pub(super) async fn new(database: &Database, stores: Stores) -> anyhow::Result<Self> {
        let mut committed = stores.log.committed();
        committed.borrow_and_update(); // earlier sequences are none of its business
        Ok(Self {
            database: database.clone(),
            model: Log::default(),
            start: stores.log.head().await?.0,
            tenant: tenant(),
            ids: HashMap::new(),
            streams: HashMap::new(),
            places: HashMap::new(),
            answers: Vec::new(),
            committed,
            followed: 0,
            stores,
        })
    }

    /// Does it, here and in the contract.
    pub(super) async fn step(&mut self, transition: &Transition) -> anyhow::Result<()> {
        match transition {
            Transition::Commit(_) | Transition::Crowd(_) => self.commit(transition.commits()).await,
            Transition::Page { after, limit } => {
                let page = self.stores.log.page(self.at(*after), *limit).await?;
                let stands = self.model.events.iter().skip(*after).take(*limit as usize);
                self.same(&page, stands.copied().collect())
            }
            Transition::Load(stream) => {
                let name = self.name(*stream);
                let loaded = self.stores.log.load(&name, 0).await?;
                self.same(&loaded, self.model.of(*stream).copied().collect())
            }
            Transition::Follow => self.follow().await,
            Transition::Reopen => {
                self.stores.close().await;
                self.stores = self.database.open().await?;
                self.committed = self.stores.log.committed();
                self.followed = self.model.head();
                self.announced()
            }
        }
    }

    async fn commit(&mut self, commits: &[Commit]) -> anyhow::Result<()> {
        let real: Vec<log::Commit> = commits.iter().map(|commit| self.real(commit)).collect();
        let log = self.stores.log.clone();
        let outcomes = join_all(real.into_iter().map(|commit| log.commit(commit))).await;
        let mut expected = Vec::new();
        for commit in commits {
            expected.push((self.model.commit(commit), self.model.head()));
        }
        for ((expected, head), outcome) in expected.into_iter().zip(outcomes) {
            self.compare(expected, head, &outcome)?;
        }
        Ok(())
    }

    /// `head` is where the log ended when it was this commit's turn; what came with it may stand behind that by now.
    fn compare(
        &mut self,
        expected: Outcome,
        head: usize,
        outcome: &Result<Committed, CommitError>,
    ) -> anyhow::Result<()> {
        let same = match (expected, outcome) {
            (Outcome::Stands(Some(last)), Ok(committed)) => {
                self.answers.push((*committed, last));
                self.model.position(last.id).map(|position| self.at(position)) == Some(committed.position)
            }
            (Outcome::Stands(None), Ok(committed)) => {
                (self.at(head)..=self.at(self.model.head())).contains(&committed.position)
            }
            (Outcome::Answered(answer), Err(CommitError::Answered(receipt))) => receipt.answer == [answer],
            (Outcome::Conflict(stream), Err(CommitError::Conflict(moved))) => self.name(stream) == *moved,
            (Outcome::Occupied(place), Err(CommitError::Conflict(moved))) => {
                let record = self.place(place, 0).place.record;
                (record.kind(), record.owner()) == (moved.aggregate_type, moved.aggregate_id.clone())
            }
            (Outcome::Broken, Err(CommitError::Store(StoreError::Broken(_)))) => true,
            _ => false,
        };
        ensure!(
            same,
            "the contract says {expected:?} with the log at {head}, the database {outcome:?}"
        );
        Ok(())
    }

    /// A subscriber is woken by what was committed since it looked, and by nothing else.
    async fn follow(&mut self) -> anyhow::Result<()> {
        let head = self.model.head();
        ensure!(
            self.committed.has_changed()? == (head > self.followed),
            "woken for nothing, or not woken"
        );
        self.announced()?;
        let page = self.stores.log.page(self.at(self.followed), 1_000).await?;
        self.same(&page, self.model.events[self.followed..].to_vec())?;
        self.followed = head;
        Ok(())
    }

    fn announced(&mut self) -> anyhow::Result<()> {
        let announced = *self.committed.borrow_and_update();
        ensure!(
            announced == self.at(self.model.head()),
            "{announced:?} was announced as the head"
        );
        Ok(())
    }

    /// Compares all that there is.
    pub(super) async fn finish(&mut self) -> anyhow::Result<()> {
        let log = self.stores.log.page(self.at(0), 10_000).await?;
        self.same(&log, self.model.events.clone())?;
        ensure!(log.is_sorted_by_key(|event| event.recorded_at), "time goes backwards");
        ensure!(
            log.iter().all(|event| event.hash == event_hash(event)),
            "a hash is another event's"
        );
        for (committed, event) in &self.answers {
            let stands = log.iter().find(|stands| stands.event_id == self.ids[&event.id]);
            let time = stands.context("an answered event is missing")?.recorded_at;
            ensure!(
                time == committed.recorded_at,
                "{event:?} was answered with another time than it has"
            );
        }
        for (place, row) in self.places.clone() {
            let stored = self.stores.vault.get(&row.place).await?.map(|row| row.sealed);
            let stands = self.model.vault.get(&place).map(|sealed| vec![*sealed]);
            ensure!(stored == stands, "place {place} holds {stored:?}");
        }
        for key in 0..NAMES {
            let stored = self.stores.log.receipt(&self.receipt(key, 0).key).await?;
            let stands = self.model.receipts.get(&key).map(|answer| self.receipt(key, *answer));
            ensure!(stored == stands, "key {key} holds {stored:?}");
        }
        Ok(())
    }

    fn same(&self, real: &[Recorded], model: Vec<Event>) -> anyhow::Result<()> {
        ensure!(
            real.len() == model.len(),
            "{} events instead of {}",
            real.len(),
            model.len()
        );
        for (real, event) in real.iter().zip(model) {
            let position = self.model.position(event.id).map(|position| self.at(position));
            let name = self.streams.get(&event.stream).context("a stream that nobody named")?;
            let same = position == Some(real.position)
                && self.ids.get(&event.id) == Some(&real.event_id)
                && (name.aggregate_type, &name.aggregate_id) == (real.aggregate_type.as_str(), &real.aggregate_id)
                && event.sequence == real.sequence
                && content(event).payload == real.payload
                && content(event).event_type == real.event_type;
            if !same {
                bail!("{real:?} stands for {event:?}");
            }
        }
        Ok(())
    }

    fn at(&self, position: usize) -> Position {
        Position(self.start + position as u64)
    }

    fn id(&mut self, event: Event) -> EventId {
        *self.ids.entry(event.id).or_insert_with(|| EventId(id()))
    }

    fn name(&mut self, name: Stream) -> StreamId {
        let new = || match name {
            Stream::Aggregate(_) => stream(),
            Stream::Trail(_) => trail(),
        };
        self.streams.entry(name).or_insert_with(new).clone()
    }

    fn place(&mut self, place: u8, sealed: u8) -> SecretRow {
        let known = self.places.entry(place).or_insert_with(|| row(self.tenant, &[]));
        SecretRow {
            sealed: vec![sealed],
            ..known.clone()
        }
    }

    fn receipt(&self, key: u8, answer: u8) -> Receipt {
        Receipt {
            key: ReceiptKey {
                tenant: self.tenant,
                route: "POST /v1/links".to_owned(),
                key: key.to_string(),
            },
            body_hash: [answer; 32],
            answer: vec![answer],
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn real(&mut self, commit: &Commit) -> log::Commit {
        let tenant_id = self.tenant;
        let expects = commit.expects.iter().map(|(stream, version)| Expected {
            stream: self.name(*stream),
            version: *version,
        });
        let expects = expects.collect();
        let appends = commit.appends.iter().map(|event| NewEvent {
            event_id: self.id(*event),
            tenant_id,
            stream: self.name(event.stream),
            sequence: event.sequence,
            body: content(*event),
        });
        let appends = appends.collect();
        let observations = commit.observations.iter().map(|seen| NewObservation {
            event_id: self.id(*seen),
            tenant_id,
            stream: self.name(seen.stream),
            body: content(*seen),
            at_most: seen.kind.at_most(),
        });
        let observations = observations.collect();
        let secrets = commit.secrets.iter().map(|(place, sealed)| match sealed {
            Some(sealed) => SecretChange::Put(self.place(*place, *sealed)),
            None => SecretChange::Delete(self.place(*place, 0).place),
        });
        let secrets = secrets.collect();
        let receipt = commit.receipt.map(|(key, answer)| self.receipt(key, answer));
        log::Commit {
            tenant: tenant_id,
            expects,
            appends,
            observations,
            secrets,
            receipt,
        }
    }
}

fn content(event: Event) -> EventBody {
    let name = match event.kind {
        Kind::Connected => "Connected",
        Kind::Opened => "Opened",
        Kind::Revealed => "Revealed",
    };
    body(name, &format!(r#"{{"{name}":{{"number":{}}}}}"#, event.id))
}

//! One look at the log, under its lock: all that a batch needs to be judged, however many members it has.

use application::ports::{
    StoreError,
    log::{Commit, Committed, ReceiptKey},
    vault::{Place, SecretChange},
};
use domain::{
    Timestamp,
    ids::EventId,
    log::{Position, StreamId},
};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::SqliteConnection;

use super::judge::Log;
use crate::sql::{RECEIPT, Row, Value, bound, broken, place_values, receipt, receipt_values, store_error};

/// Begins the transaction and looks. The questions are JSON arrays; each answer is one of what was found, led by the question's
/// number: so one statement serves every batch, and one row is all that comes back.
const LOOK: &str = include_str!("look.sql");
const SEALED: &str = "SELECT sealed FROM vault WHERE tenant_id = $1 AND kind = $2 AND owner = $3";

/// What a batch asks.
#[derive(Default)]
struct Questions<'a> {
    events: Vec<EventId>,
    streams: Vec<&'a StreamId>,
    capped: Vec<(&'a StreamId, &'a str)>,
    places: Vec<&'a Place>,
    receipts: Vec<&'a ReceiptKey>,
}

/// Begins a transaction, and says what the log holds of what the batch asks about.
pub(super) async fn look<'a>(
    work: &mut SqliteConnection,
    batch: &'a [Commit],
    clock: Timestamp,
) -> Result<Log<'a>, StoreError> {
    let asked = Questions::of(batch);
    let row = bound(LOOK, asked.values()?).fetch_one(&mut *work).await;
    let mut answer = Row::of_sqlite(&row.map_err(store_error)?)?;

    let mut log = Log::at(clock);
    log.head = Position(answer.count()?);
    // Time never goes backwards in the log, whatever the clock does.
    log.now = answer.time()?.max(clock);
    for (number, position, recorded_at) in found::<(usize, u64, i64)>(&mut answer)? {
        let place = Committed {
            position: Position(position),
            recorded_at: Timestamp::from_timestamp_micros(recorded_at).ok_or_else(unasked)?,
        };
        log.known.insert(*nth(&asked.events, number)?, place);
    }
    for (number, version) in found::<(usize, u64)>(&mut answer)? {
        log.versions.insert(nth(&asked.streams, number)?, version);
    }
    for (number, held) in found::<(usize, u64)>(&mut answer)? {
        log.held.insert(*nth(&asked.capped, number)?, held);
    }
    let (places, receipts) = (found::<usize>(&mut answer)?, found::<usize>(&mut answer)?);
    for number in places {
        let place = nth(&asked.places, number)?;
        let mut row = one(work, SEALED, place_values(place)).await?;
        log.sealed.insert(place, row.bytes()?);
    }
    for number in receipts {
        let key = nth(&asked.receipts, number)?;
        let row = one(work, RECEIPT, receipt_values(key)).await?;
        log.receipts.insert(key, receipt(key, row)?);
    }
    Ok(log)
}

impl<'a> Questions<'a> {
    fn of(batch: &'a [Commit]) -> Self {
        let mut asked = Self::default();
        for commit in batch {
            asked.events.extend(commit.appends.iter().map(|event| event.event_id));
            asked
                .streams
                .extend(commit.expects.iter().map(|expected| &expected.stream));
            for seen in &commit.observations {
                asked.events.push(seen.event_id);
                asked.streams.push(&seen.stream);
                if seen.at_most.is_some() {
                    asked.capped.push((&seen.stream, &seen.body.event_type));
                }
            }
            for change in &commit.secrets {
                if let SecretChange::Put(row) | SecretChange::DeleteAsRead(row) = change {
                    asked.places.push(&row.place);
                }
            }
            asked.receipts.extend(commit.receipt.iter().map(|receipt| &receipt.key));
        }
        asked
    }

    /// The parameters of [`LOOK`].
    fn values(&self) -> Result<Vec<Value>, StoreError> {
        let streams = self.streams.iter();
        let streams = streams.map(|stream| (stream.aggregate_type, &stream.aggregate_id));
        let capped = self.capped.iter();
        let capped = capped.map(|(stream, event_type)| (stream.aggregate_type, &stream.aggregate_id, event_type));
        let receipts = self.receipts.iter();
        let receipts = receipts.map(|key| (key.tenant.to_string(), &key.route, &key.key));
        Ok(vec![
            list(self.events.iter().map(|event| event.0.simple().to_string()))?,
            list(streams)?,
            list(capped)?,
            places(self.places.iter().copied())?,
            list(receipts)?,
        ])
    }
}

/// The names of places as one parameter.
pub(super) fn places<'a>(places: impl Iterator<Item = &'a Place>) -> Result<Value, StoreError> {
    list(places.map(|place| (place.tenant.to_string(), place.record.kind(), place.record.owner())))
}

fn list(items: impl Iterator<Item = impl Serialize>) -> Result<Value, StoreError> {
    let items: Vec<_> = items.collect();
    let json = serde_json::to_string(&items).map_err(|_| broken("a list of names is no JSON"))?;
    Ok(json.into())
}

fn found<T: DeserializeOwned>(answer: &mut Row) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(&answer.text()?).map_err(|_| unasked())
}

fn nth<T>(asked: &[T], number: usize) -> Result<&T, StoreError> {
    asked.get(number).ok_or_else(unasked)
}

fn unasked() -> StoreError {
    broken("the look at the log answered what was not asked")
}

async fn one(work: &mut SqliteConnection, sql: &'static str, values: Vec<Value>) -> Result<Row, StoreError> {
    let row = bound(sql, values).fetch_one(work).await.map_err(store_error)?;
    Row::of_sqlite(&row)
}

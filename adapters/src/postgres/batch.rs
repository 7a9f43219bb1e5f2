//! The arguments of one call of `append_batch` (`migrations/postgres/0012_vault_rows_as_read.sql`).

use application::ports::{
    log::{Commit, EventBody},
    vault::{Place, SecretChange, SecretRow},
};
use domain::{
    Timestamp,
    ids::{EventId, TenantId},
    log::StreamId,
};
use sqlx::{PgConnection, postgres::PgRow};
use uuid::Uuid;

use super::mates::dependent;
use crate::sql::signed;

const APPEND_BATCH: &str = "SELECT head, log_time, verdicts, details, sequences, positions, times FROM append_batch($1,
    $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34)";

/// A batch as parallel arrays; members are numbered from 1.
#[derive(Default)]
pub(super) struct Batch<'a> {
    members: i32,
    events: Events<'a>,
    expects: Expects<'a>,
    secrets: Secrets<'a>,
    receipts: Receipts<'a>,
    late: Vec<i32>,
}

#[derive(Default)]
struct Events<'a> {
    member: Vec<i32>,
    id: Vec<Uuid>,
    tenant: Vec<Uuid>,
    stream_type: Vec<&'a str>,
    stream: Vec<&'a str>,
    sequence: Vec<Option<i64>>,
    at_most: Vec<Option<i32>>,
    event_type: Vec<&'a str>,
    version: Vec<&'a str>,
    payload: Vec<&'a str>,
    metadata: Vec<&'a str>,
    subject: Vec<Option<String>>,
    personal: Vec<Option<&'a [u8]>>,
    personal_hash: Vec<Option<&'a [u8]>>,
}

#[derive(Default)]
struct Expects<'a> {
    member: Vec<i32>,
    stream_type: Vec<&'a str>,
    stream: Vec<&'a str>,
    version: Vec<i64>,
    streams: Vec<&'a StreamId>,
}

#[derive(Default)]
struct Secrets<'a> {
    member: Vec<i32>,
    tenant: Vec<String>,
    kind: Vec<&'a str>,
    owner: Vec<String>,
    sealed: Vec<Option<&'a [u8]>>,
    account_key: Vec<Option<&'a [u8]>>,
    created_at: Vec<Option<i64>>,
    places: Vec<&'a Place>,
}

#[derive(Default)]
struct Receipts<'a> {
    member: Vec<i32>,
    tenant: Vec<String>,
    route: Vec<&'a str>,
    key: Vec<&'a str>,
    body_hash: Vec<&'a [u8]>,
    answer: Vec<&'a [u8]>,
    created_at: Vec<i64>,
}

impl<'a> Batch<'a> {
    pub(super) fn of(commits: &'a [Commit]) -> Self {
        let mut batch = Self::default();
        for commit in commits {
            batch.members += 1;
            batch.add(commit);
        }
        let late = dependent(commits).into_iter();
        batch.late = late.filter_map(|member| i32::try_from(member + 1).ok()).collect();
        batch
    }

    fn add(&mut self, commit: &'a Commit) {
        let member = self.members;
        for event in &commit.appends {
            self.events
                .add(member, event.event_id, event.tenant_id, &event.stream, &event.body);
            self.events.sequence.push(Some(signed(event.sequence)));
            self.events.at_most.push(None);
        }
        for seen in &commit.observations {
            self.events
                .add(member, seen.event_id, seen.tenant_id, &seen.stream, &seen.body);
            self.events.sequence.push(None);
            let at_most = seen.at_most.map(|most| i32::try_from(most).unwrap_or(i32::MAX));
            self.events.at_most.push(at_most);
        }
        for expected in &commit.expects {
            self.expects.member.push(member);
            self.expects.stream_type.push(expected.stream.aggregate_type);
            self.expects.stream.push(&expected.stream.aggregate_id);
            self.expects.version.push(signed(expected.version));
            self.expects.streams.push(&expected.stream);
        }
        for change in &commit.secrets {
            self.secrets.add(member, change);
        }
        if let Some(receipt) = &commit.receipt {
            self.receipts.member.push(member);
            self.receipts.tenant.push(receipt.key.tenant.to_string());
            self.receipts.route.push(&receipt.key.route);
            self.receipts.key.push(&receipt.key.key);
            self.receipts.body_hash.push(&receipt.body_hash);
            self.receipts.answer.push(&receipt.answer);
            self.receipts.created_at.push(receipt.created_at.timestamp_micros());
        }
    }

    /// Makes the call. All of its answer is read before it counts: the row comes before the server has committed.
    pub(super) async fn send(&self, connection: &mut PgConnection) -> Result<Option<PgRow>, sqlx::Error> {
        let Self {
            members,
            events,
            expects,
            secrets,
            receipts,
            late,
        } = self;
        sqlx::query(APPEND_BATCH)
            .bind(members)
            .bind(&events.member)
            .bind(&events.id)
            .bind(&events.tenant)
            .bind(&events.stream_type)
            .bind(&events.stream)
            .bind(&events.sequence)
            .bind(any(&events.at_most))
            .bind(&events.event_type)
            .bind(&events.version)
            .bind(&events.payload)
            .bind(&events.metadata)
            .bind(any(&events.subject))
            .bind(any(&events.personal))
            .bind(any(&events.personal_hash))
            .bind(&expects.member)
            .bind(&expects.stream_type)
            .bind(&expects.stream)
            .bind(&expects.version)
            .bind(filled(&secrets.member))
            .bind(filled(&secrets.tenant))
            .bind(filled(&secrets.kind))
            .bind(filled(&secrets.owner))
            .bind(filled(&secrets.sealed))
            .bind(filled(&secrets.account_key))
            .bind(filled(&secrets.created_at))
            .bind(filled(&receipts.member))
            .bind(filled(&receipts.tenant))
            .bind(filled(&receipts.route))
            .bind(filled(&receipts.key))
            .bind(filled(&receipts.body_hash))
            .bind(filled(&receipts.answer))
            .bind(filled(&receipts.created_at))
            .bind(filled(late))
            .fetch_all(connection)
            .await
            .map(|mut rows| rows.pop())
    }

    /// How many members there are.
    pub(super) fn members(&self) -> usize {
        usize::try_from(self.members).unwrap_or_default()
    }

    /// Which member each event belongs to, counted from 0, in the order in which they are written.
    pub(super) fn events(&self) -> impl Iterator<Item = usize> {
        self.events
            .member
            .iter()
            .map(|member| usize::try_from(member - 1).unwrap_or_default())
    }

    /// The stream of an expected version, counted from 1.
    pub(super) fn stream(&self, number: i32) -> Option<&'a StreamId> {
        nth(&self.expects.streams, number)
    }

    /// The place of a change of a vault row, counted from 1.
    pub(super) fn place(&self, number: i32) -> Option<&'a Place> {
        nth(&self.secrets.places, number)
    }
}

/// An array, or none where it would be empty: `append_batch` pays for each array that it is given, even for that.
fn filled<T>(array: &[T]) -> Option<&[T]> {
    (!array.is_empty()).then_some(array)
}

/// An array, or none where all of it is missing.
fn any<T>(array: &[Option<T>]) -> Option<&[Option<T>]> {
    array.iter().any(Option::is_some).then_some(array)
}

fn nth<T: Copy>(all: &[T], number: i32) -> Option<T> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    all.get(index).copied()
}

impl<'a> Events<'a> {
    fn add(&mut self, member: i32, id: EventId, tenant: TenantId, stream: &'a StreamId, body: &'a EventBody) {
        self.member.push(member);
        self.id.push(id.0);
        self.tenant.push(tenant.0);
        self.stream_type.push(stream.aggregate_type);
        self.stream.push(&stream.aggregate_id);
        self.event_type.push(&body.event_type);
        self.version.push(&body.event_version);
        self.payload.push(&body.payload);
        self.metadata.push(&body.metadata);
        let personal = body.personal.as_ref();
        self.subject.push(personal.map(|personal| personal.subject.to_string()));
        self.personal.push(personal.map(|personal| personal.sealed.as_slice()));
        self.personal_hash
            .push(personal.map(|personal| personal.hash.as_slice()));
    }
}

impl<'a> Secrets<'a> {
    fn add(&mut self, member: i32, change: &'a SecretChange) {
        match change {
            SecretChange::Put(row) => self.push(member, &row.place, Some(row), Some(row.created_at)),
            SecretChange::Delete(place) => self.push(member, place, None, None),
            SecretChange::DeleteAsRead(row) => {
                self.push(member, &row.place, Some(row), None); // a row without a time is only compared
                self.push(member, &row.place, None, None);
            }
        }
    }

    fn push(&mut self, member: i32, place: &'a Place, row: Option<&'a SecretRow>, created_at: Option<Timestamp>) {
        self.member.push(member);
        self.tenant.push(place.tenant.to_string());
        self.kind.push(place.record.kind());
        self.owner.push(place.record.owner());
        self.sealed.push(row.map(|row| row.sealed.as_slice()));
        let account_key = row.and_then(|row| row.account_key.as_ref());
        self.account_key.push(account_key.map(<[u8; 32]>::as_slice));
        self.created_at.push(created_at.map(|at| at.timestamp_micros()));
        self.places.push(place);
    }
}

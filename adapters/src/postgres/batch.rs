//! The arguments and the answer of one call of `append_batch` (`migrations/postgres/0003_append_batch.sql`).

use application::ports::{
    StoreError,
    log::{Commit, CommitError, Committed, EventBody},
    vault::{Place, SecretChange},
};
use domain::{
    Timestamp,
    ids::{EventId, TenantId},
    log::{Position, StreamId},
};
use sqlx::{PgConnection, Row as _, postgres::PgRow};

use crate::sql::{broken, occupied, signed, store_error};

const APPEND_BATCH: &str = "SELECT verdict, detail, last_position, log_time FROM append_batch($1,
    $2, $3::uuid[], $4::uuid[], $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";

/// A batch as parallel arrays; members are numbered from 1.
#[derive(Default)]
pub(super) struct Batch<'a> {
    members: i32,
    events: Events<'a>,
    expects: Expects<'a>,
    secrets: Secrets<'a>,
    receipts: Receipts<'a>,
}

#[derive(Default)]
struct Events<'a> {
    member: Vec<i32>,
    id: Vec<String>,
    tenant: Vec<String>,
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

    /// Makes the call. All of its answer is read before it counts: the rows come before the server has committed.
    pub(super) async fn send(&self, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        let Self {
            members,
            events,
            expects,
            secrets,
            receipts,
        } = self;
        sqlx::query(APPEND_BATCH)
            .bind(members)
            .bind(&events.member)
            .bind(&events.id)
            .bind(&events.tenant)
            .bind(&events.stream_type)
            .bind(&events.stream)
            .bind(&events.sequence)
            .bind(&events.at_most)
            .bind(&events.event_type)
            .bind(&events.version)
            .bind(&events.payload)
            .bind(&events.metadata)
            .bind(&events.subject)
            .bind(&events.personal)
            .bind(&events.personal_hash)
            .bind(&expects.member)
            .bind(&expects.stream_type)
            .bind(&expects.stream)
            .bind(&expects.version)
            .bind(&secrets.member)
            .bind(&secrets.tenant)
            .bind(&secrets.kind)
            .bind(&secrets.owner)
            .bind(&secrets.sealed)
            .bind(&secrets.account_key)
            .bind(&secrets.created_at)
            .bind(&receipts.member)
            .bind(&receipts.tenant)
            .bind(&receipts.route)
            .bind(&receipts.key)
            .bind(&receipts.body_hash)
            .bind(&receipts.answer)
            .bind(&receipts.created_at)
            .fetch_all(connection)
            .await
    }

    /// What the call said about one member.
    pub(super) fn verdict(&self, row: &PgRow) -> Result<Verdict, StoreError> {
        let verdict: Option<&str> = row.try_get("verdict").map_err(store_error)?;
        let detail: Option<i32> = row.try_get("detail").map_err(store_error)?;
        let number = detail.and_then(|number| usize::try_from(number - 1).ok());
        let unknown = || broken("append_batch gave a verdict that is not known");
        match verdict {
            None | Some("known") => stands(row).map(Verdict::Stands),
            Some("answered") => Ok(Verdict::Answered),
            Some("conflict") => {
                let stream = number.and_then(|number| self.expects.streams.get(number));
                let stream = stream.copied().cloned().ok_or_else(unknown)?;
                Ok(Verdict::Refused(CommitError::Conflict(stream)))
            }
            Some("occupied") => {
                let place = number.and_then(|number| self.secrets.places.get(number));
                Ok(Verdict::Refused(occupied(place.ok_or_else(unknown)?)))
            }
            Some(_) => Err(unknown()),
        }
    }
}

/// What `append_batch` says about a member.
pub(super) enum Verdict {
    Stands(Committed),
    /// Its receipt's key was used by another call, whose receipt is to be read.
    Answered,
    Refused(CommitError),
}

fn stands(row: &PgRow) -> Result<Committed, StoreError> {
    let position: i64 = row.try_get("last_position").map_err(store_error)?;
    let recorded_at: i64 = row.try_get("log_time").map_err(store_error)?;
    let position = u64::try_from(position).ok().map(Position);
    let (Some(position), Some(recorded_at)) = (position, Timestamp::from_timestamp_micros(recorded_at)) else {
        return Err(broken("append_batch gave a place that cannot be"));
    };
    Ok(Committed { position, recorded_at })
}

impl<'a> Events<'a> {
    fn add(&mut self, member: i32, id: EventId, tenant: TenantId, stream: &'a StreamId, body: &'a EventBody) {
        self.member.push(member);
        self.id.push(id.to_string());
        self.tenant.push(tenant.to_string());
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
        let (place, row) = match change {
            SecretChange::Put(row) => (&row.place, Some(row)),
            SecretChange::Delete(place) => (place, None),
        };
        self.member.push(member);
        self.tenant.push(place.tenant.to_string());
        self.kind.push(place.record.kind());
        self.owner.push(place.record.owner());
        self.sealed.push(row.map(|row| row.sealed.as_slice()));
        let account_key = row.and_then(|row| row.account_key.as_ref());
        self.account_key.push(account_key.map(<[u8; 32]>::as_slice));
        self.created_at.push(row.map(|row| row.created_at.timestamp_micros()));
        self.places.push(place);
    }
}

//! The log as we read it ourselves.

use std::collections::BTreeMap;

use anyhow::Context;
use cqrs_es::Aggregate;
use domain::{
    Timestamp,
    log::{LoggedEvent, Position, Recorded},
};

/// The whole log in its order. Both databases understand it.
pub(crate) const READ: &str = "SELECT position, aggregate_type, aggregate_id, sequence, event_type, \
    event_version, CAST(payload AS text), CAST(metadata AS text) FROM events ORDER BY position";

/// A row of it.
pub(crate) type Row = (i64, String, String, i64, String, String, String, String);

/// Per stream, by its id: what became of it, and its version.
pub(crate) type States<A> = BTreeMap<String, (A, usize)>;

pub(crate) fn recorded(rows: Vec<Row>) -> anyhow::Result<Vec<Recorded>> {
    rows.into_iter().map(one).collect()
}

/// What decoding does not look at is left empty.
fn one(row: Row) -> anyhow::Result<Recorded> {
    let (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata) = row;
    let nobody = "00000000-0000-0000-0000-000000000000";
    Ok(Recorded {
        position: Position(position.try_into()?),
        event_id: nobody.parse()?,
        tenant_id: nobody.parse()?,
        aggregate_type,
        aggregate_id,
        sequence: sequence.try_into()?,
        event_type,
        event_version,
        recorded_at: Timestamp::UNIX_EPOCH,
        payload,
        metadata,
        personal: None,
        hash: [0; 32],
    })
}

/// The streams of one kind, folded by our own decoder.
pub(crate) fn fold<A>(log: &[Recorded]) -> anyhow::Result<States<A>>
where
    A: Aggregate,
    A::Event: LoggedEvent,
{
    let mut states = States::<A>::new();
    for event in log.iter().filter(|event| event.aggregate_type == A::TYPE) {
        let (state, version) = states.entry(event.aggregate_id.clone()).or_default();
        state.apply(event.decode()?);
        *version = event.sequence.try_into().context("a sequence beyond this machine")?;
    }
    Ok(states)
}

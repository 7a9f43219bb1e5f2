//! Jobs on their way to and from their table.

use application::ports::{
    StoreError,
    jobs::{Job, NewJob, ParkedEvent, Unread},
};
use domain::log::{Metadata, Position};
use serde_json::json;

use crate::sql::{Row, Value, broken};

/// Jobs as the one parameter of the statements that write them.
pub(super) fn list(jobs: &[NewJob]) -> Result<Value, StoreError> {
    let rows = jobs.iter().map(|job| {
        let payload = serde_json::to_string(&job.payload).map_err(|_| broken("a job's ids are no JSON"))?;
        Ok(json!({
            "id": job.id,
            "kind": job.kind,
            "tenant": job.tenant,
            "cause": job.cause,
            "payload": payload,
            "run_at": job.run_at.timestamp_micros(),
        }))
    });
    let rows = rows.collect::<Result<Vec<_>, StoreError>>()?;
    let rows = serde_json::to_string(&rows).map_err(|_| broken("a list of jobs is no JSON"))?;
    Ok(rows.into())
}

pub(super) fn job(mut row: Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.parsed()?,
        kind: row.text()?,
        tenant: optional_id(&mut row)?,
        cause: optional_id(&mut row)?,
        payload: payload(&row.text()?)?,
        created_at: row.time()?,
        run_at: row.time()?,
        attempt: u32::try_from(row.count()?).map_err(|_| broken("a job was begun too often"))?,
        state: row.parsed()?,
        progress: row.optional_text()?,
        reason: row.optional_text()?,
        result: row.optional_text()?,
        ended_at: row.optional_time()?,
    })
}

pub(super) fn parked(mut row: Row) -> Result<ParkedEvent, StoreError> {
    Ok(ParkedEvent {
        policy: row.text()?,
        event: Unread {
            position: Position(row.count()?),
            reason: row.text()?,
        },
        parked_at: row.time()?,
    })
}

fn optional_id<T: std::str::FromStr>(row: &mut Row) -> Result<Option<T>, StoreError> {
    let text = row.optional_text()?;
    let id = text.map(|text| text.parse().map_err(|_| broken("a job names what is no id")));
    id.transpose()
}

fn payload(text: &str) -> Result<Metadata, StoreError> {
    serde_json::from_str(text).map_err(|_| broken("a job's ids cannot be read"))
}

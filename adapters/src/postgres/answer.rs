//! The answer of one call of `append_batch`: what became of each member.

use application::ports::{
    StoreError,
    log::{CommitError, Committed},
};
use domain::{Timestamp, log::Position};
use sqlx::{Row as _, postgres::PgRow};

use super::batch::Batch;
use crate::sql::{broken, occupied, store_error};

/// The row, as the function's head describes it. What nobody needed is missing.
pub(super) struct Answer {
    head: i64,
    log_time: i64,
    verdicts: ByNumber<String>,
    details: ByNumber<i32>,
    sequences: ByNumber<i64>,
    positions: ByNumber<i64>,
    times: ByNumber<i64>,
}

type ByNumber<T> = Option<Vec<Option<T>>>;

/// What `append_batch` says about a member.
pub(super) enum Verdict {
    Stands(Committed),
    /// Its receipt's key was used by another call, whose receipt is to be read.
    Answered,
    /// It depends on what became of an earlier one.
    Late,
    Refused(CommitError),
}

impl Answer {
    pub(super) fn of(row: &PgRow) -> Result<Self, StoreError> {
        let read = || -> Result<Self, sqlx::Error> {
            Ok(Self {
                head: row.try_get("head")?,
                log_time: row.try_get("log_time")?,
                verdicts: row.try_get("verdicts")?,
                details: row.try_get("details")?,
                sequences: row.try_get("sequences")?,
                positions: row.try_get("positions")?,
                times: row.try_get("times")?,
            })
        };
        read().map_err(store_error)
    }

    /// What became of each member of the batch, in order.
    pub(super) fn verdicts(&self, batch: &Batch<'_>) -> Result<Vec<Verdict>, StoreError> {
        let written = self.written(batch);
        (0..batch.members())
            .map(|member| self.verdict(batch, member, &written))
            .collect()
    }

    fn verdict(&self, batch: &Batch<'_>, member: usize, written: &Written) -> Result<Verdict, StoreError> {
        let detail = at(self.details.as_ref(), member).copied().unwrap_or_default();
        let unknown = || broken("append_batch gave a verdict that is not known");
        match at(self.verdicts.as_ref(), member).map(String::as_str) {
            None | Some("known") => self.place(member, written),
            Some("answered") => Ok(Verdict::Answered),
            Some("late") => Ok(Verdict::Late),
            Some("conflict") => {
                let stream = batch.stream(detail).ok_or_else(unknown)?;
                Ok(Verdict::Refused(CommitError::Conflict(stream.clone())))
            }
            Some("occupied") => Ok(Verdict::Refused(occupied(batch.place(detail).ok_or_else(unknown)?))),
            Some(_) => Err(unknown()),
        }
    }

    /// Where a member's last event stands, be it new or known, and its time; the head where it has none.
    fn place(&self, member: usize, written: &Written) -> Result<Verdict, StoreError> {
        let before = at(self.positions.as_ref(), member).zip(at(self.times.as_ref(), member));
        match (written.last.get(member).copied().flatten(), before) {
            (Some(new), _) => stands(new, self.log_time),
            (None, Some((position, time))) => stands(*position, *time),
            (None, None) => stands(written.head, self.log_time),
        }
    }

    /// Counts the positions: what is written stands behind the old head in the order in which it was sent.
    fn written(&self, batch: &Batch<'_>) -> Written {
        let mut written = Written {
            head: self.head,
            last: vec![None; batch.members()],
        };
        for (event, member) in batch.events().enumerate() {
            let refused = at(self.verdicts.as_ref(), member).is_some();
            let left_out = self.sequences.is_some() && at(self.sequences.as_ref(), event).is_none();
            if !refused && !left_out {
                written.head += 1;
                written.last[member] = Some(written.head);
            }
        }
        written
    }
}

/// The head afterwards, and the position of each member's last event.
struct Written {
    head: i64,
    last: Vec<Option<i64>>,
}

fn at<T>(all: Option<&Vec<Option<T>>>, index: usize) -> Option<&T> {
    all?.get(index)?.as_ref()
}

fn stands(position: i64, recorded_at: i64) -> Result<Verdict, StoreError> {
    let position = u64::try_from(position).ok().map(Position);
    let (Some(position), Some(recorded_at)) = (position, Timestamp::from_timestamp_micros(recorded_at)) else {
        return Err(broken("append_batch gave a place that cannot be"));
    };
    Ok(Verdict::Stands(Committed { position, recorded_at }))
}

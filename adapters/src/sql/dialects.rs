//! Where the two databases want to hear it differently.

use std::time::Duration;

use super::{Pool, Value};

/// One statement in both dialects.
pub(super) struct Dialects {
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

impl Dialects {
    pub(super) fn of(&self, pool: &Pool) -> &'static str {
        match pool {
            Pool::Postgres(_) => self.postgres,
            Pool::Sqlite(_) => self.sqlite,
        }
    }
}

/// The database's clock, in microseconds.
macro_rules! clock {
    (postgres) => {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    };
    (sqlite) => {
        "CAST(unixepoch('subsec') * 1000000 AS integer)"
    };
}

pub(super) use clock;

/// A span in that clock's unit.
pub(super) fn micros(span: Duration) -> Value {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX).into()
}

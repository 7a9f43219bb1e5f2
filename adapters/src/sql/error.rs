use application::ports::StoreError;
use sqlx::{error::DatabaseError, migrate::MigrateError, sqlite::SqliteError};

use crate::mutants::mutant;

pub(crate) fn broken(what: &str) -> StoreError {
    StoreError::Broken(what.to_owned())
}

pub(crate) fn unavailable(what: &str) -> StoreError {
    StoreError::Unavailable(what.to_owned())
}

/// What went wrong, without a database's own words: those can quote the values of a row.
pub(crate) fn store_error(error: sqlx::Error) -> StoreError {
    match error {
        sqlx::Error::Database(error) => of_database(error.as_ref()),
        sqlx::Error::Io(error) => unavailable(&format!("i/o error: {}", error.kind())),
        sqlx::Error::Tls(_) => unavailable("the encrypted connection failed"),
        sqlx::Error::PoolTimedOut => unavailable("no connection became free in time"),
        sqlx::Error::PoolClosed => unavailable("it is closed"),
        sqlx::Error::WorkerCrashed => unavailable("the connection's thread ended"),
        sqlx::Error::Protocol(_) => unavailable("the connection is out of step"),
        _ => broken("a statement or its answer does not fit the schema"),
    }
}

pub(crate) fn migration_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => store_error(error),
        // The other variants name versions of migrations alone.
        other => StoreError::Broken(other.to_string()),
    }
}

fn of_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    let passing = match error.try_downcast_ref::<SqliteError>() {
        Some(_) => passes_in_sqlite(&code),
        None => passes_in_postgres(&code),
    };
    let passing = passing && !(mutant!("mutant-full-disk-is-a-bug") && matches!(&*code, "13" | "53100"));
    let constraint = error.constraint().map(|name| format!(", constraint {name}"));
    let what = format!("code {code}{}", constraint.unwrap_or_default());
    if passing {
        StoreError::Unavailable(what)
    } else {
        StoreError::Broken(what)
    }
}

/// Busy, locked, i/o error, full: the low byte of an extended code.
fn passes_in_sqlite(code: &str) -> bool {
    code.parse::<u32>()
        .is_ok_and(|code| matches!(code & 0xff, 5 | 6 | 10 | 13))
}

/// Classes: connection, rollback forced by others, resources, operator's intervention, system error.
/// Codes: a lock not available in time, a server that became read-only.
fn passes_in_postgres(code: &str) -> bool {
    let class = code.get(..2).unwrap_or_default();
    matches!(class, "08" | "40" | "53" | "57" | "58") || matches!(code, "55P03" | "25006")
}

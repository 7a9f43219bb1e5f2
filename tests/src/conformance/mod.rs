//! One suite for the stores of both databases: a database of its own for each story, and short words for what is committed.

mod commits;
mod database;
mod polls;
mod proxy;

pub use commits::{Draft, Stream, body, id, opening, row, stream, tenant, trail};
pub use database::{Database, Kind, run};
pub use polls::{Boxed, dropped_after, poll_once};
pub use proxy::Proxy;

/// Makes a test of each story, on both databases.
#[macro_export]
macro_rules! on_both_databases {
    ($($story:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() -> anyhow::Result<()> {
                $crate::conformance::run($crate::conformance::Kind::Sqlite, super::$story).await
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() -> anyhow::Result<()> {
                $crate::conformance::run($crate::conformance::Kind::Postgres, super::$story).await
            })+
        }
    };
}

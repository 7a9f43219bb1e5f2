//! Views on both databases: kept exactly once, rebuilt beside the live rows, read within one tenant.
//!
//! The `PostgreSQL` variants need `GRANTLINK_TEST_POSTGRES`, the URL of a server on which databases may be made.

#[cfg(test)]
mod mending;
#[cfg(test)]
mod queries;
#[cfg(test)]
mod rebuild;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod runner;
#[cfg(test)]
mod starting;
#[cfg(test)]
#[path = "../../../projections/src/stories.rs"]
#[expect(dead_code, reason = "stories that only the folds' own tests tell")]
mod stories;
#[cfg(test)]
mod support;
#[cfg(test)]
mod together;

/// Runs every test on both databases.
macro_rules! on_both_databases {
    ($($(#[$doc:meta])* $test:ident),+ $(,)?) => {
        mod sqlite {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                super::$test(&crate::support::TestDb::sqlite().await).await;
            })+
        }
        mod postgres {
            $($(#[$doc])* #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let db = crate::support::TestDb::postgres().await;
                super::$test(&db).await;
                db.drop_database().await;
            })+
        }
    };
}
pub(crate) use on_both_databases;

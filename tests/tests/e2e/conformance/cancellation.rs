//! A caller that goes away loses nothing and poisons nothing.

use adapters::{postgres, sqlite};
use domain::log::Position;
use grantlink_tests::conformance::{Database, Draft, Kind, dropped_after, id, row, stream, tenant};
use sqlx::Executor;

grantlink_tests::on_both_databases!(
    a_commit_whose_caller_left_stands_all_the_same,
    callers_that_leave_anywhere_in_a_write_take_no_later_write_along,
    a_pool_gives_out_no_open_transaction,
);

async fn a_commit_whose_caller_left_stands_all_the_same(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let mut committed = stores.log.committed();
    for _ in 0..50 {
        let left = dropped_after(1, stores.log.commit(Draft::default().appends(&stream(), 0).commit())).await;
        assert!(left.is_none());
    }
    committed.wait_for(|head| *head == Position(50)).await?;
    assert_eq!(
        stores
            .log
            .commit(Draft::default().appends(&stream(), 0).commit())
            .await?
            .position,
        Position(51)
    );
    assert_eq!(stores.log.page(Position(0), 100).await?.len(), 51);
    Ok(())
}

/// At every point where a write can wait, somebody leaves; what is acknowledged afterwards must be there for everybody.
async fn callers_that_leave_anywhere_in_a_write_take_no_later_write_along(database: Database) -> anyhow::Result<()> {
    let (stores, witness) = (database.open().await?, database.open().await?);
    for polls in 1..=12 {
        for _ in 0..10 {
            dropped_after(polls, stores.vault.put(row(tenant(), b"left"))).await;
            let kept = row(tenant(), b"kept");
            stores.vault.put(kept.clone()).await?;
            assert!(
                witness.vault.get(&kept.place).await?.is_some(),
                "lost after {polls} polls"
            );
        }
    }
    Ok(())
}

/// The trap itself: `begin` is cancelled, and the next one writes without a transaction of its own.
/// Mutant: without the hook that rolls back, `PostgreSQL` loses acknowledged rows here. (`SQLite`'s driver undoes such a `begin`
/// itself; there the hook guards against the next version.)
async fn a_pool_gives_out_no_open_transaction(database: Database) -> anyhow::Result<()> {
    let stores = database.open().await?;
    let insert = "INSERT INTO images (hash, media_type, bytes) VALUES ($1, 'image/png', '')";
    for polls in 1..=8 {
        for _ in 0..10 {
            let hash = id().to_string();
            match database.kind() {
                Kind::Sqlite => {
                    let pool = sqlite::open_pool(&database.path()?, 1).await?;
                    dropped_after(polls, pool.begin()).await;
                    sqlx::query("INSERT INTO images (hash, media_type, bytes) VALUES ($1, 'image/png', x'')")
                        .bind(&hash)
                        .execute(&pool)
                        .await?;
                }
                Kind::Postgres => {
                    let options = postgres::Options {
                        connections: 1,
                        ..database.options()?
                    };
                    let pool = postgres::open_pool(&options).await?;
                    dropped_after(polls, pool.begin()).await;
                    pool.execute(sqlx::query(insert).bind(&hash)).await?;
                }
            }
            assert!(stores.images.get(&hash).await?.is_some(), "lost after {polls} polls");
        }
    }
    Ok(())
}

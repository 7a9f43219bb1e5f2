//! Who does which work on the views. A lease ends by itself when its holder gives no sign of life.

use std::time::Duration;

use application::ports::{StoreError, clock::Entropy};
use projections::view::Cell;

use super::{
    ViewDb,
    statements::{LEAVE, LET_GO},
};
use crate::entropy::OsEntropy;

/// A name that no other node has.
pub(super) fn new_name() -> String {
    let mut random = [0; 16];
    OsEntropy.fill(&mut random);
    format!("{:032x}", u128::from_be_bytes(random))
}

pub(super) async fn hold(views: &ViewDb, work: &str, time: Duration) -> Result<bool, StoreError> {
    let milliseconds = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let values = [
        Cell::text(&work),
        Cell::text(&views.node),
        Cell::Integer(Some(milliseconds)),
    ];
    Ok(write(views, views.hold, &values).await? == 1)
}

pub(super) async fn let_go(views: &ViewDb, work: &str) -> Result<(), StoreError> {
    write(views, LET_GO, &[Cell::text(&work), Cell::text(&views.node)]).await?;
    Ok(())
}

pub(super) async fn leave(views: &ViewDb) -> Result<(), StoreError> {
    write(views, LEAVE, &[Cell::text(&views.node)]).await?;
    Ok(())
}

async fn write(views: &ViewDb, sql: &'static str, values: &[Cell]) -> Result<u64, StoreError> {
    let mut tx = views.db.write().await?;
    let touched = tx.execute(sql, values).await?;
    tx.commit().await?;
    Ok(touched)
}

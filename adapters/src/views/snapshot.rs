//! A view at one moment, row by row.

use application::ports::StoreError;
use async_trait::async_trait;
use projections::{
    View,
    store::{Checkpoint, Parked, Side, Snapshot},
    view::{Cell, Kind},
};

use super::{
    ViewDb,
    db::Tx,
    statements::{CHECKPOINT_OF, PARKED_OF},
    store::{CHECKPOINT, PARKED, checkpoint, name, parked_rows},
};

struct Moment {
    tx: Tx,
    name: Cell,
    checkpoint: Checkpoint,
    kinds: Vec<Kind>,
    next: [&'static str; 2],
}

pub(super) async fn take(views: &ViewDb, view: &View) -> Result<Box<dyn Snapshot>, StoreError> {
    let mut tx = views.db.snapshot().await?;
    let checkpoint = checkpoint(view, tx.fetch(CHECKPOINT_OF, &[name(view)], CHECKPOINT).await?)?;
    let sql = views.sql(view)?;
    Ok(Box::new(Moment {
        tx,
        name: name(view),
        checkpoint,
        kinds: sql.kinds.clone(),
        next: [sql.a.next, sql.b.next],
    }))
}

#[async_trait]
impl Snapshot for Moment {
    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint
    }

    async fn rows(&mut self, side: Side, after: &str, limit: usize) -> Result<Vec<Vec<Cell>>, StoreError> {
        let [a, b] = self.next;
        let sql = match side {
            Side::A => a,
            Side::B => b,
        };
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [Cell::text(&after), Cell::Integer(Some(limit))];
        self.tx.fetch(sql, &values, &self.kinds).await
    }

    async fn parked(&mut self, side: Side) -> Result<Vec<Parked>, StoreError> {
        let values = [self.name.clone(), Cell::text(&side)];
        parked_rows(self.tx.fetch(PARKED_OF, &values, PARKED).await?)
    }
}

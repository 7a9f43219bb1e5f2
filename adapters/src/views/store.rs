//! Writing views: rows and checkpoint change together, and only if nobody else was first.

use std::time::Duration;

use application::ports::StoreError;
use async_trait::async_trait;
use domain::log::Position;
use projections::{
    View,
    store::{Advance, Build, Changes, Checkpoint, Fill, Parked, Side, Snapshot, Switched, ViewStore, Written},
    view::{BadCell, Cell, Cells, Kind},
};

use super::{
    ViewDb, ViewSql, bulk,
    db::Tx,
    leases, snapshot,
    statements::{BEGIN_BUILD, CHECKPOINT_OF, CLEAR_PARKED, MANY, OWN_BUILD, PARK, PARKED_COUNTS, PARKED_OF, SWITCH},
};

#[async_trait]
impl ViewStore for ViewDb {
    async fn checkpoint(&self, view: &View) -> Result<Checkpoint, StoreError> {
        checkpoint(view, self.db.fetch(CHECKPOINT_OF, &[name(view)], CHECKPOINT).await?)
    }

    async fn load(&self, view: &View, side: Side, keys: &[String]) -> Result<Vec<Vec<Cell>>, StoreError> {
        let sql = self.sql(view)?;
        self.db.fetch_under(sql.side(side).load, keys, &sql.kinds).await
    }

    async fn parked(&self, view: &View, side: Side) -> Result<Vec<Parked>, StoreError> {
        let values = [name(view), Cell::text(&side)];
        parked_rows(self.db.fetch(PARKED_OF, &values, PARKED).await?)
    }

    async fn snapshot(&self, view: &View) -> Result<Box<dyn Snapshot>, StoreError> {
        snapshot::take(self, view).await
    }

    async fn hold(&self, work: &str, time: Duration) -> Result<bool, StoreError> {
        leases::hold(self, work, time).await
    }

    async fn let_go(&self, work: &str) -> Result<(), StoreError> {
        leases::let_go(self, work).await
    }

    async fn leave(&self) -> Result<(), StoreError> {
        leases::leave(self).await
    }

    async fn advance(&self, steps: &[Advance]) -> Result<Written, StoreError> {
        let mut tx = self.db.write().await?;
        if !stand(self, &mut tx, steps).await? {
            tx.roll_back().await?;
            return Ok(Written::Lost);
        }
        for Advance { view, from, changes } in steps {
            let sql = self.sql(view)?;
            put(&mut tx, sql, from.side, &changes.rows).await?;
            park(&mut tx, view, from.side, &changes.parked).await?;
        }
        tx.commit().await?;
        Ok(Written::Done)
    }

    async fn unpark(&self, view: &View, from: Checkpoint, changes: &Changes) -> Result<Written, StoreError> {
        let sql = self.sql(view)?;
        let mut tx = self.db.write().await?;
        let step = Advance {
            view: *view,
            from,
            changes: changes.clone(),
        };
        if changes.to != from.position || !stand(self, &mut tx, &[step]).await? {
            tx.roll_back().await?;
            return Ok(Written::Lost);
        }
        tx.execute(CLEAR_PARKED, &[name(view), Cell::text(&from.side)]).await?;
        put(&mut tx, sql, from.side, &changes.rows).await?;
        park(&mut tx, view, from.side, &changes.parked).await?;
        tx.commit().await?;
        Ok(Written::Done)
    }

    async fn begin_build(&self, view: &View) -> Result<Build, StoreError> {
        let sql = self.sql(view)?;
        let mut tx = self.db.write().await?;
        let number = tx.fetch(BEGIN_BUILD, &[name(view)], &[Kind::Integer]).await?;
        let number = number.into_iter().next().unwrap_or_default();
        let number = Cells::new(number).integer().map_err(broken)?;
        let side = idle_side(&mut tx, view).await?;
        tx.execute(CLEAR_PARKED, &[name(view), Cell::text(&side)]).await?;
        bulk::prepare(&mut tx, sql.side(side)).await?;
        tx.commit().await?;
        let build = Build { number, side };
        let _ = bulk::empty(self, view, build).await?; // whether another build took over, this one's first write says
        self.db.vacuum(sql.side(side).vacuum).await?;
        Ok(build)
    }

    async fn fill(&self, view: &View, build: Build, rows: Vec<Vec<Cell>>, fill: Fill) -> Result<Written, StoreError> {
        bulk::fill(self, view, build, rows, fill).await
    }

    async fn complete(&self, view: &View, build: Build) -> Result<Written, StoreError> {
        bulk::complete(self, view, build).await
    }

    async fn switch(&self, view: &View, build: Build, changes: &Changes) -> Result<Switched, StoreError> {
        let sql = self.sql(view)?;
        let mut tx = self.db.write().await?;
        if !owns(&mut tx, view, build).await? {
            tx.roll_back().await?;
            return Ok(Switched::Superseded);
        }
        let values = [name(view), Cell::text(&build.side), position(changes.to)];
        if tx.execute(SWITCH, &values).await? == 0 {
            tx.roll_back().await?;
            return Ok(Switched::Behind);
        }
        put(&mut tx, sql, build.side, &changes.rows).await?;
        park(&mut tx, view, build.side, &changes.parked).await?;
        tx.commit().await?;
        Ok(Switched::Done)
    }

    async fn clear_idle(&self, view: &View, build: Build) -> Result<Written, StoreError> {
        if bulk::empty(self, view, build).await? == Written::Lost {
            return Ok(Written::Lost);
        }
        let mut tx = self.db.write().await?;
        if !owns(&mut tx, view, build).await? {
            tx.roll_back().await?;
            return Ok(Written::Lost);
        }
        let side = idle_side(&mut tx, view).await?;
        tx.execute(CLEAR_PARKED, &[name(view), Cell::text(&side)]).await?;
        bulk::index(&mut tx, self.sql(view)?.side(side)).await?;
        tx.commit().await?;
        Ok(Written::Done)
    }
}

/// The columns of [`CHECKPOINT_OF`].
pub(super) const CHECKPOINT: &[Kind] = &[Kind::Integer, Kind::Text];

/// The columns of [`PARKED_COUNTS`].
const COUNTS: &[Kind] = &[Kind::Text, Kind::Text, Kind::Integer];

/// The columns of [`PARKED_OF`].
pub(super) const PARKED: &[Kind] = &[Kind::Text, Kind::Integer, Kind::Text];

/// The answer of [`PARKED_OF`].
pub(super) fn parked_rows(rows: Vec<Vec<Cell>>) -> Result<Vec<Parked>, StoreError> {
    rows.into_iter().map(|cells| parked(cells).map_err(broken)).collect()
}

/// The answer of [`CHECKPOINT_OF`].
pub(super) fn checkpoint(view: &View, rows: Vec<Vec<Cell>>) -> Result<Checkpoint, StoreError> {
    let missing = || StoreError::Broken(format!("the view {} has no checkpoint", view.id()));
    let mut cells = Cells::new(rows.into_iter().next().ok_or_else(missing)?);
    Ok(Checkpoint {
        position: Position(cells.integer().map_err(broken)?.cast_unsigned()),
        side: cells.parse().map_err(broken)?,
    })
}

fn parked(cells: Vec<Cell>) -> Result<Parked, BadCell> {
    let mut cells = Cells::new(cells);
    Ok(Parked {
        key: cells.parse()?,
        position: Position(cells.integer()?.cast_unsigned()),
        reason: cells.parse()?,
    })
}

/// Moves the checkpoints, if nobody else did and no key was freed since the rows were loaded. Others wait until this transaction
/// ends, so what is counted in the second statement stands.
async fn stand(views: &ViewDb, tx: &mut Tx, steps: &[Advance]) -> Result<bool, StoreError> {
    let values = |Advance { view, from, changes }: &Advance| {
        [
            name(view),
            position(from.position),
            Cell::text(&from.side),
            position(changes.to),
        ]
    };
    let values: Vec<_> = steps.iter().flat_map(values).collect();
    let sql = steps.len().checked_sub(1).and_then(|index| views.advance.get(index));
    let sql = sql.ok_or_else(|| StoreError::Broken(format!("no step of {} views", steps.len())))?;
    if tx.execute(sql, &values).await? != steps.len() as u64 {
        return Ok(false);
    }
    let counts = tx.fetch(PARKED_COUNTS, &[], COUNTS).await?;
    Ok(steps.iter().all(|step| {
        let (view, side) = (name(&step.view), Cell::text(&step.from.side));
        let of_it = counts.iter().find(|count| count[..2] == [view.clone(), side.clone()]);
        let parked = of_it.map_or(Cell::Integer(Some(0)), |count| count[2].clone());
        parked == Cell::Integer(i64::try_from(step.changes.parked_before).ok())
    }))
}

/// Whether a build still owns the idle side; the next one waits until this transaction ends.
pub(super) async fn owns(tx: &mut Tx, view: &View, build: Build) -> Result<bool, StoreError> {
    let values = [name(view), Cell::Integer(Some(build.number))];
    Ok(tx.execute(OWN_BUILD, &values).await? == 1)
}

pub(super) async fn put(tx: &mut Tx, sql: &ViewSql, side: Side, rows: &[Vec<Cell>]) -> Result<(), StoreError> {
    let side = sql.side(side);
    if tx.takes_lists() {
        return match rows {
            [] => Ok(()),
            rows => tx.execute_lists(side.put_lists, rows, &sql.kinds).await,
        };
    }
    let (chunks, rest) = rows.as_chunks::<MANY>();
    for rows in chunks {
        tx.execute(side.put_many, &rows.concat()).await?;
    }
    for row in rest {
        tx.execute(side.put_one, row).await?;
    }
    Ok(())
}

async fn park(tx: &mut Tx, view: &View, side: Side, parked: &[Parked]) -> Result<(), StoreError> {
    for Parked {
        key,
        position: at,
        reason,
    } in parked
    {
        let values = [
            name(view),
            Cell::text(&side),
            Cell::text(key),
            position(*at),
            Cell::text(reason),
        ];
        tx.execute(PARK, &values).await?;
    }
    Ok(())
}

/// The side that nobody reads. It stays that one while the transaction's build owns it.
pub(super) async fn idle_side(tx: &mut Tx, view: &View) -> Result<Side, StoreError> {
    let live = checkpoint(view, tx.fetch(CHECKPOINT_OF, &[name(view)], CHECKPOINT).await?)?;
    Ok(live.side.other())
}

/// What a view's checkpoint is kept under.
pub(super) fn name(view: &View) -> Cell {
    Cell::Text(Some(view.id()))
}

fn position(position: Position) -> Cell {
    Cell::Integer(Some(position.0.cast_signed()))
}

pub(super) fn broken(error: BadCell) -> StoreError {
    StoreError::Broken(error.to_string())
}

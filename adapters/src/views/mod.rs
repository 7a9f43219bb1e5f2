//! Views in a database: one store for `SQLite` and `PostgreSQL`, made from the views' columns.
//!
//! Every table stands twice, on side `a` and side `b`: one is read and kept up to date while the other is built anew.

mod bulk;
mod db;
mod due;
mod erase;
mod leases;
mod lists;
mod read;
mod reports;
mod snapshot;
mod statements;
mod store;

use std::{collections::HashMap, path::Path};

use application::ports::StoreError;
use projections::{VIEWS, View, store::Side, view::Kind};

use crate::postgres;
use db::Db;
use read::ReadSql;
use statements::{Dialect, SideSql, advance, leak, tables};

/// Keeps and reads views.
pub struct ViewDb {
    db: Db,
    views: HashMap<&'static str, ViewSql>,
    /// Moves the checkpoints of one view, of two, and so on.
    advance: Vec<&'static str>,
    /// Takes or keeps a lease.
    hold: &'static str,
    /// What this node calls itself: made anew each time, so that a node is never taken for the one before it.
    node: String,
    a: ReadSql,
    b: ReadSql,
    erase: Vec<&'static str>,
}

/// The statements that keep one view.
struct ViewSql {
    kinds: Vec<Kind>,
    a: SideSql,
    b: SideSql,
}

impl ViewSql {
    fn new(dialect: Dialect, view: &View) -> Self {
        Self {
            kinds: view.columns.iter().map(|column| column.kind).collect(),
            a: SideSql::new(dialect, view, Side::A),
            b: SideSql::new(dialect, view, Side::B),
        }
    }

    fn side(&self, side: Side) -> &SideSql {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }
}

impl ViewDb {
    /// Opens a file of views, or makes it. It can be deleted while no process has it open: it is folded from the log again.
    ///
    /// # Errors
    /// When the file cannot be opened or written.
    pub async fn sqlite(file: &Path) -> Result<Self, StoreError> {
        Self::open(Db::sqlite(file).await?, Dialect::Sqlite).await
    }

    /// Keeps views in a PostgreSQL database.
    ///
    /// # Errors
    /// When it does not answer, or tables cannot be made.
    pub async fn postgres(options: &postgres::Options) -> Result<Self, StoreError> {
        let db = Db::postgres(options.connect_options()?, options.connections).await?;
        Self::open(db, Dialect::Postgres).await
    }

    async fn open(db: Db, dialect: Dialect) -> Result<Self, StoreError> {
        db.make_tables(&tables(dialect, VIEWS)).await?;
        Ok(Self {
            db,
            views: VIEWS
                .iter()
                .map(|view| (view.name, ViewSql::new(dialect, view)))
                .collect(),
            advance: (1..=VIEWS.len()).map(|views| leak(advance(views))).collect(),
            hold: dialect.hold(),
            node: leases::new_name(),
            a: ReadSql::new(Side::A),
            b: ReadSql::new(Side::B),
            erase: erase::statements(),
        })
    }

    fn sql(&self, view: &View) -> Result<&ViewSql, StoreError> {
        let unknown = || StoreError::Broken(format!("there is no view {}", view.name));
        self.views.get(view.name).ok_or_else(unknown)
    }

    fn read_sql(&self, side: Side) -> &ReadSql {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }
}

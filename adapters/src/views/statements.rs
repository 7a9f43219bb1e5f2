//! The statements of the views. They are put together once, when the store opens, from the views' column constants and nothing
//! else, and then live as long as the program.

use std::fmt::Write;

use projections::{
    View,
    store::Side,
    view::{Column, Kind},
};

/// How many rows one statement writes on `SQLite`; what is left over goes one by one.
pub(super) const MANY: usize = 50;

/// How many rows one statement deletes on `SQLite`.
const CLEARED: usize = 1_000;

pub(super) const CHECKPOINT_OF: &str = "SELECT position, side FROM view_checkpoint WHERE view = $1";
pub(super) const SWITCH: &str =
    "UPDATE view_checkpoint SET side = $2, position = $3 WHERE view = $1 AND side <> $2 AND position <= $3";
pub(super) const PARKED_OF: &str =
    "SELECT key, position, reason FROM view_parked WHERE view = $1 AND side = $2 ORDER BY position, key";
pub(super) const PARK: &str = "INSERT INTO view_parked (view, side, key, position, reason) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
pub(super) const CLEAR_PARKED: &str = "DELETE FROM view_parked WHERE view = $1 AND side = $2";
pub(super) const BEGIN_BUILD: &str = "INSERT INTO view_build (view, number) VALUES ($1, 1) \
     ON CONFLICT (view) DO UPDATE SET number = view_build.number + 1 RETURNING number";
/// Touches one row only for the build that owns the idle side, and keeps the next one waiting until the transaction ends.
pub(super) const OWN_BUILD: &str = "UPDATE view_build SET number = number WHERE view = $1 AND number = $2";

/// Nearly always there is none.
pub(super) const PARKED_COUNTS: &str = "SELECT view, side, count(*) FROM view_parked GROUP BY view, side";
/// What stands still on the side that is read.
pub(super) const STALE_KEYS: &str = "SELECT parked.key, parked.reason FROM view_parked AS parked \
     JOIN view_checkpoint AS live ON live.view = parked.view AND live.side = parked.side WHERE parked.view = $1";
pub(super) const LET_GO: &str = "DELETE FROM view_lease WHERE work = $1 AND holder = $2";
pub(super) const LEAVE: &str = "DELETE FROM view_lease WHERE holder = $1";

/// The two ways in which the databases' types differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// Texts are compared byte by byte, as `SQLite` does by itself: keys are ranges, and must not follow a language's order.
    fn text(self) -> &'static str {
        match self {
            Self::Sqlite => "TEXT",
            Self::Postgres => "TEXT COLLATE \"C\"",
        }
    }

    /// Takes or keeps a lease, by the database's own clock: those of nodes may differ.
    pub(super) fn hold(self) -> &'static str {
        let now = match self {
            Self::Sqlite => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Self::Postgres => "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
        };
        leak(format!(
            "INSERT INTO view_lease (work, holder, until) VALUES ($1, $2, {now} + $3)
             ON CONFLICT (work) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE view_lease.holder = excluded.holder OR view_lease.until <= {now}"
        ))
    }

    /// Rows under keys: one list of texts, in whichever form the driver hands lists over.
    fn load(self, view: &View, table: &str) -> String {
        let key = view.columns.first().map_or("", |column| column.name);
        let keys = match self {
            Self::Sqlite => "IN (SELECT value FROM json_each($1))",
            Self::Postgres => "= ANY($1)",
        };
        format!("SELECT {} FROM {table} WHERE {key} {keys}", names(view))
    }

    /// Deletes rows until there are none. `SQLite` zeroes what it deletes, and nobody else writes meanwhile: a few at a time.
    fn clear(self, table: &str) -> String {
        match self {
            Self::Sqlite => format!("DELETE FROM {table} WHERE rowid IN (SELECT rowid FROM {table} LIMIT {CLEARED})"),
            Self::Postgres => format!("DELETE FROM {table}"),
        }
    }

    fn column_type(self, column: &Column) -> &'static str {
        match (column.kind, self) {
            (Kind::Text | Kind::Personal, _) => self.text(),
            (Kind::Integer, Self::Sqlite) => "INTEGER",
            (Kind::Integer, Self::Postgres) => "BIGINT",
        }
    }
}

/// A statement that a store runs when it opens.
pub(super) struct Making {
    /// The table or index that it makes, if it makes one.
    pub(super) name: Option<String>,
    /// It may run again: it does nothing then.
    pub(super) sql: &'static str,
}

impl Making {
    fn table(name: &str, columns: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            sql: leak(format!("CREATE TABLE IF NOT EXISTS {name} ({columns})")),
        }
    }

    fn index(name: String, table: &str, columns: &str) -> Self {
        Self {
            sql: leak(format!("CREATE INDEX IF NOT EXISTS {name} ON {table} ({columns})")),
            name: Some(name),
        }
    }

    /// A new view starts at the first event.
    fn checkpoint(view: &View) -> Self {
        let id = view.id();
        let sql = format!(
            "INSERT INTO view_checkpoint (view, position, side) VALUES ('{id}', 0, 'a') ON CONFLICT DO NOTHING"
        );
        Self {
            name: None,
            sql: leak(sql),
        }
    }
}

/// What makes the tables that all views share, and those of each view.
pub(super) fn tables(dialect: Dialect, views: &[View]) -> Vec<Making> {
    let text = dialect.text();
    let shared = [
        Making::table(
            "view_checkpoint",
            &format!("view {text} PRIMARY KEY, position BIGINT NOT NULL, side {text} NOT NULL"),
        ),
        Making::table(
            "view_parked",
            &format!(
                "view {text} NOT NULL, side {text} NOT NULL, key {text} NOT NULL, \
                 position BIGINT NOT NULL, reason {text} NOT NULL, PRIMARY KEY (view, side, key)"
            ),
        ),
        Making::table(
            "view_build",
            &format!("view {text} PRIMARY KEY, number BIGINT NOT NULL"),
        ),
        Making::table(
            "view_lease",
            &format!("work {text} PRIMARY KEY, holder {text} NOT NULL, until BIGINT NOT NULL"),
        ),
    ];
    let of_views = views.iter().flat_map(|view| {
        let sides = [Side::A, Side::B];
        let tables = sides.into_iter().flat_map(move |side| table(dialect, view, side));
        tables.chain([Making::checkpoint(view)])
    });
    shared.into_iter().chain(of_views).collect()
}

fn table(dialect: Dialect, view: &View, side: Side) -> Vec<Making> {
    let name = table_name(view, side);
    let mut columns = String::new();
    for (index, column) in view.columns.iter().enumerate() {
        let key = if index == 0 { " PRIMARY KEY" } else { "" };
        let separator = if index == 0 { "" } else { ", " };
        let kind = dialect.column_type(column);
        let _ = write!(columns, "{separator}{} {kind}{key}", column.name);
    }
    let table = Making::table(&name, &columns);
    [table].into_iter().chain(indexes(view, side)).collect()
}

fn indexes(view: &View, side: Side) -> impl Iterator<Item = Making> {
    let table = table_name(view, side);
    view.indexes
        .iter()
        .enumerate()
        .map(move |(number, index)| Making::index(format!("{table}_{number}"), &table, &index.join(", ")))
}

/// A side's statements.
#[derive(Clone, Debug)]
pub(super) struct SideSql {
    /// Writes one row.
    pub(super) put_one: &'static str,
    /// Writes [`MANY`] rows.
    pub(super) put_many: &'static str,
    /// Writes any number of rows, given as a list for each column, on `PostgreSQL`.
    pub(super) put_lists: &'static str,
    /// Loads the rows under a list of keys.
    pub(super) load: &'static str,
    /// Deletes rows; when it deletes none, there are none.
    pub(super) clear: &'static str,
    /// The next rows behind a key.
    pub(super) next: &'static str,
    /// Takes rows in bulk, on `PostgreSQL`.
    pub(super) copy: &'static str,
    /// Makes the further indexes.
    pub(super) index: Vec<&'static str>,
    /// Drops them.
    pub(super) unindex: Vec<&'static str>,
    /// Gives the room of deleted rows back, on `PostgreSQL`.
    pub(super) vacuum: &'static str,
}

impl SideSql {
    pub(super) fn new(dialect: Dialect, view: &View, side: Side) -> Self {
        let table = table_name(view, side);
        Self {
            put_one: leak(put(view, &table, &rows(view, 1))),
            put_many: leak(put(view, &table, &rows(view, MANY))),
            put_lists: leak(put(view, &table, &lists(view))),
            load: leak(dialect.load(view, &table)),
            clear: leak(dialect.clear(&table)),
            next: leak(next(view, &table)),
            copy: leak(format!("COPY {table} ({}) FROM STDIN", names(view))),
            index: indexes(view, side).map(|index| index.sql).collect(),
            unindex: (0..view.indexes.len())
                .map(|number| leak(format!("DROP INDEX IF EXISTS {table}_{number}")))
                .collect(),
            vacuum: leak(format!("VACUUM {table}")),
        }
    }
}

fn put(view: &View, table: &str, rows: &str) -> String {
    let key = view.columns.first().map_or("", |column| column.name);
    let new = |column: &Column| format!("{0} = excluded.{0}", column.name);
    let changes: Vec<_> = view.columns.iter().skip(1).map(new).collect();
    format!(
        "INSERT INTO {table} ({}) {rows} ON CONFLICT ({key}) DO UPDATE SET {}",
        names(view),
        changes.join(", ")
    )
}

/// So many rows, one value after the other.
fn rows(view: &View, count: usize) -> String {
    let width = view.columns.len();
    let row = |row: usize| format!("({})", placeholders(row * width + 1, width));
    let rows: Vec<_> = (0..count).map(row).collect();
    format!("VALUES {}", rows.join(", "))
}

/// A list for each column.
fn lists(view: &View) -> String {
    let list = |(index, column): (usize, &Column)| match column.kind {
        Kind::Text | Kind::Personal => format!("${}::text[]", index + 1),
        Kind::Integer => format!("${}::bigint[]", index + 1),
    };
    let lists: Vec<_> = view.columns.iter().enumerate().map(list).collect();
    format!("SELECT * FROM unnest({})", lists.join(", "))
}

/// Moves the checkpoints of so many views, each from where it must stand.
pub(super) fn advance(views: usize) -> String {
    let step = |view: usize| {
        let first = view * 4 + 1;
        format!(
            "(CAST(${} AS TEXT), CAST(${} AS BIGINT), CAST(${} AS TEXT), CAST(${} AS BIGINT))",
            first,
            first + 1,
            first + 2,
            first + 3
        )
    };
    let steps: Vec<_> = (0..views).map(step).collect();
    format!(
        "WITH step (view, stood, side, reaches) AS (VALUES {})
        UPDATE view_checkpoint SET position = step.reaches FROM step
        WHERE view_checkpoint.view = step.view AND view_checkpoint.position = step.stood
          AND view_checkpoint.side = step.side",
        steps.join(", ")
    )
}

fn next(view: &View, table: &str) -> String {
    let key = view.columns.first().map_or("", |column| column.name);
    let names = names(view);
    format!("SELECT {names} FROM {table} WHERE {key} > $1 ORDER BY {key} LIMIT $2")
}

/// The view's columns, as a statement names them.
pub(super) fn names(view: &View) -> String {
    let names: Vec<_> = view.columns.iter().map(|column| column.name).collect();
    names.join(", ")
}

pub(super) fn table_name(view: &View, side: Side) -> String {
    format!("{}_{side}", view.id())
}

fn placeholders(first: usize, count: usize) -> String {
    let placeholders: Vec<_> = (first..first + count).map(|number| format!("${number}")).collect();
    placeholders.join(", ")
}

/// The driver takes constants alone; these are made of constants, once.
pub(super) fn leak(statement: String) -> &'static str {
    Box::leak(statement.into_boxed_str())
}

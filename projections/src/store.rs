//! What the runner and the rebuild need from a database: rows and checkpoint that change together.

use application::ports::StoreError;
use async_trait::async_trait;
use domain::log::Position;

use crate::view::{Cell, View};

/// Where a view's rows live: while one side is read, the other is built anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Side {
    /// The one that a new view starts on.
    A,
    /// The other.
    B,
}

impl Side {
    /// The side that is built while this one is read.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// How far a view has come, and on which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Every event up to here is in the rows (or its keys are parked).
    pub position: Position,
    /// The side that is read.
    pub side: Side,
}

/// Rows that change together with the checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The position that the view reaches with them.
    pub to: Position,
    /// New and changed rows.
    pub rows: Vec<Vec<Cell>>,
    /// Keys that were parked on the way.
    pub parked: Vec<Parked>,
}

/// A key whose row stands still, because an event could not be folded into it; its later events wait behind that one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The row's key.
    pub key: String,
    /// The first event that is not in the row.
    pub position: Position,
    /// Why, without data.
    pub reason: String,
}

/// One run of a rebuild; a later run takes the idle side away from an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Build {
    /// Counts the runs of a view.
    pub number: i64,
    /// The side that it fills.
    pub side: Side,
}

/// How a conditional write ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Written {
    /// It stands.
    Done,
    /// Somebody else was first, nothing was written: look again.
    Lost,
}

/// How a switch to a rebuilt side ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Switched {
    /// The rebuilt side is read from now on.
    Done,
    /// The live side is further by now: catch up and try again. Nothing was written.
    Behind,
    /// Another rebuild took over. Nothing was written.
    Superseded,
}

/// Keeps views' rows, their checkpoints and what is parked.
#[async_trait]
pub trait ViewStore: Send + Sync {
    /// How far a view has come.
    async fn checkpoint(&self, view: &View) -> Result<Checkpoint, StoreError>;

    /// The rows under these keys, as far as they exist.
    async fn load(&self, view: &View, side: Side, keys: &[String]) -> Result<Vec<Vec<Cell>>, StoreError>;

    /// What is parked on a side.
    async fn parked(&self, view: &View, side: Side) -> Result<Vec<Parked>, StoreError>;

    /// Writes rows, parked keys and checkpoint in one transaction, if the checkpoint still is `from`.
    async fn advance(&self, view: &View, from: Checkpoint, changes: &Changes) -> Result<Written, StoreError>;

    /// Takes the idle side for a rebuild and empties it.
    async fn begin_build(&self, view: &View) -> Result<Build, StoreError>;

    /// Puts rows on the idle side, if the build still owns it.
    async fn fill(&self, view: &View, build: Build, rows: &[Vec<Cell>]) -> Result<Written, StoreError>;

    /// Writes the rest of the rows and makes the built side the live one, in one transaction that holds the live checkpoint;
    /// only if the live side is not beyond `changes.to`.
    async fn switch(&self, view: &View, build: Build, changes: &Changes) -> Result<Switched, StoreError>;

    /// Empties the side that is idle after a switch, so that no old row outlives its time.
    async fn clear_idle(&self, view: &View, build: Build) -> Result<Written, StoreError>;
}

//! What the runner and the rebuild need from a database: rows and checkpoint that change together.

use std::time::Duration;

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
    /// How many keys of the view were parked when the rows were loaded: freed meanwhile, they would miss these events.
    pub parked_before: usize,
}

/// One view's step: from where its rows were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advance {
    /// Which view.
    pub view: View,
    /// Where it must still stand.
    pub from: Checkpoint,
    /// What the step writes.
    pub changes: Changes,
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

/// Rows whose keys the idle side holds none of yet, or perhaps holds already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// All are new: they can be written in bulk.
    New,
    /// Some may take another row's place.
    Mixed,
}

/// A view at one moment, whatever is written meanwhile.
#[async_trait]
pub trait Snapshot: Send {
    /// How far the view was.
    fn checkpoint(&self) -> Checkpoint;

    /// The next rows of a side behind a key, in the order of their keys; fewer than `limit` only at the end.
    async fn rows(&mut self, side: Side, after: &str, limit: usize) -> Result<Vec<Vec<Cell>>, StoreError>;

    /// What was parked on a side.
    async fn parked(&mut self, side: Side) -> Result<Vec<Parked>, StoreError>;
}

/// Keeps views' rows, their checkpoints and what is parked. Each open store is a node of its own.
#[async_trait]
pub trait ViewStore: Send + Sync {
    /// How far a view has come.
    async fn checkpoint(&self, view: &View) -> Result<Checkpoint, StoreError>;

    /// The rows under these keys, as far as they exist.
    async fn load(&self, view: &View, side: Side, keys: &[String]) -> Result<Vec<Vec<Cell>>, StoreError>;

    /// What is parked on a side.
    async fn parked(&self, view: &View, side: Side) -> Result<Vec<Parked>, StoreError>;

    /// The view at this moment.
    async fn snapshot(&self, view: &View) -> Result<Box<dyn Snapshot>, StoreError>;

    /// Makes this node the only one that does a work, or keeps it that, for so long from now; false while another node is.
    /// A node that dies loses it when the time is over. It keeps nobody from writing: [`Self::advance`] and the builds do.
    async fn hold(&self, work: &str, time: Duration) -> Result<bool, StoreError>;

    /// Leaves a work to others, if this node holds it.
    async fn let_go(&self, work: &str) -> Result<(), StoreError>;

    /// Leaves all works to others.
    async fn leave(&self) -> Result<(), StoreError>;

    /// Writes rows, parked keys and checkpoints of some views in one transaction, each view at most once; only if every checkpoint
    /// still is where its rows were read and nothing was freed.
    async fn advance(&self, steps: &[Advance]) -> Result<Written, StoreError>;

    /// Writes the rows of parked keys that were replayed up to the checkpoint `from`, which does not move; what `changes` parks
    /// takes the place of all that was parked. Only if checkpoint and number of parked keys are still the same.
    async fn unpark(&self, view: &View, from: Checkpoint, changes: &Changes) -> Result<Written, StoreError>;

    /// Takes the idle side for a rebuild and empties it.
    async fn begin_build(&self, view: &View) -> Result<Build, StoreError>;

    /// Puts rows on the idle side, if the build still owns it.
    async fn fill(&self, view: &View, build: Build, rows: Vec<Vec<Cell>>, fill: Fill) -> Result<Written, StoreError>;

    /// Makes the idle side as fast to read as the live one; until then it may lack what would slow its filling down.
    async fn complete(&self, view: &View, build: Build) -> Result<Written, StoreError>;

    /// Writes the rest of the rows and makes the built side the live one, in one transaction that holds the live checkpoint;
    /// only if the live side is not beyond `changes.to`.
    async fn switch(&self, view: &View, build: Build, changes: &Changes) -> Result<Switched, StoreError>;

    /// Empties the side that is idle, after a switch or instead of one, so that no row outlives its time.
    async fn clear_idle(&self, view: &View, build: Build) -> Result<Written, StoreError>;
}

//! Looking at whole views: how many rows, what checksum, and in what two sides differ. Row by row, so that a view of any size
//! fits; personal data is left out, because it may be gone on one side and not yet on the other.

use std::{cmp::Ordering, fmt::Write};

use application::ports::StoreError;
use sha2::{Digest, Sha256};

use crate::{
    View,
    fold::key_of,
    store::{Checkpoint, Parked, Side, Snapshot, ViewStore},
    view::{Cell, Kind},
};

/// How many rows are read at once.
const PAGE: usize = 1_000;
/// So many differences are named; the others are counted.
const NAMED: usize = 100;

/// What the rows of a side come to: equal sums are equal rows, whichever database keeps them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many rows there are.
    pub rows: u64,
    /// SHA-256 over them in the order of their keys, without personal columns, in hexadecimal.
    pub checksum: String,
}

/// A view at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// How far it was, and on which side.
    pub checkpoint: Checkpoint,
    /// Its rows.
    pub sum: Sum,
    /// What stood still.
    pub parked: Vec<Parked>,
}

/// Two sides at one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Where both stood.
    pub checkpoint: Checkpoint,
    /// The side that is read.
    pub live: Sum,
    /// The side that was folded anew.
    pub built: Sum,
    /// The first differences.
    pub named: Vec<Difference>,
    /// How many there are in all.
    pub differing: u64,
}

/// A row that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its key.
    pub key: String,
    /// In what it differs.
    pub in_what: Differs,
}

/// In what a row differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Differs {
    /// The live side lacks it.
    Missing,
    /// The live side has it, and should not.
    Surplus,
    /// In these columns.
    Columns(Vec<&'static str>),
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.in_what {
            Differs::Missing => write!(f, "{}: the row is missing", self.key),
            Differs::Surplus => write!(f, "{}: the row should not be there", self.key),
            Differs::Columns(columns) => write!(f, "{}: differs in {}", self.key, columns.join(", ")),
        }
    }
}

/// Looks at a view as it is now.
///
/// # Errors
/// When the store fails.
pub async fn survey(store: &dyn ViewStore, view: &View) -> Result<Survey, StoreError> {
    let mut snapshot = store.snapshot(view).await?;
    let checkpoint = snapshot.checkpoint();
    let parked = snapshot.parked(checkpoint.side).await?;
    let mut rows = Rows::of(snapshot, checkpoint.side);
    let mut summing = Summing::default();
    while let Some(row) = rows.next().await? {
        summing.add(view, &row);
    }
    Ok(Survey {
        checkpoint,
        sum: summing.sum(),
        parked,
    })
}

/// Compares the live side of one snapshot with a side of another one.
pub(crate) async fn compare(
    view: &View,
    live: Box<dyn Snapshot>,
    built: (Box<dyn Snapshot>, Side),
) -> Result<Comparison, StoreError> {
    let checkpoint = live.checkpoint();
    let (mut live, mut built) = (Rows::of(live, checkpoint.side), Rows::of(built.0, built.1));
    let (mut sum_of_live, mut sum_of_built) = (Summing::default(), Summing::default());
    let (mut theirs, mut ours) = (live.next().await?, built.next().await?);
    let (mut named, mut differing) = (Vec::new(), 0);
    loop {
        let order = match (&theirs, &ours) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(theirs), Some(ours)) => key_of(theirs).cmp(&key_of(ours)),
        };
        let of_live = if order.is_le() { theirs.take() } else { None };
        let of_built = if order.is_ge() { ours.take() } else { None };
        if let Some(difference) = difference(view, of_live.as_deref(), of_built.as_deref()) {
            differing += 1;
            if named.len() < NAMED {
                named.push(difference);
            }
        }
        if let Some(row) = of_live {
            sum_of_live.add(view, &row);
            theirs = live.next().await?;
        }
        if let Some(row) = of_built {
            sum_of_built.add(view, &row);
            ours = built.next().await?;
        }
    }
    Ok(Comparison {
        checkpoint,
        live: sum_of_live.sum(),
        built: sum_of_built.sum(),
        named,
        differing,
    })
}

/// In what the two rows under a key differ.
fn difference(view: &View, live: Option<&[Cell]>, built: Option<&[Cell]>) -> Option<Difference> {
    let key = key_of(live.or(built)?);
    let in_what = match (live, built) {
        (Some(live), Some(built)) => {
            let columns = differing_columns(view, live, built);
            (!columns.is_empty()).then_some(Differs::Columns(columns))?
        }
        (Some(_), None) => Differs::Surplus,
        (None, _) => Differs::Missing,
    };
    Some(Difference { key, in_what })
}

fn differing_columns(view: &View, live: &[Cell], built: &[Cell]) -> Vec<&'static str> {
    let columns = view.columns.iter().zip(live.iter().zip(built));
    let differing = columns.filter(|(column, (live, built))| column.kind != Kind::Personal && live != built);
    differing.map(|(column, _)| column.name).collect()
}

/// The rows of a side, one after the other.
struct Rows {
    snapshot: Box<dyn Snapshot>,
    side: Side,
    page: std::vec::IntoIter<Vec<Cell>>,
    last: String,
    ended: bool,
}

impl Rows {
    fn of(snapshot: Box<dyn Snapshot>, side: Side) -> Self {
        Self {
            snapshot,
            side,
            page: Vec::new().into_iter(),
            last: String::new(),
            ended: false,
        }
    }

    async fn next(&mut self) -> Result<Option<Vec<Cell>>, StoreError> {
        if self.page.len() == 0 && !self.ended {
            let page = self.snapshot.rows(self.side, &self.last, PAGE).await?;
            self.ended = page.len() < PAGE;
            if let Some(last) = page.last() {
                self.last = key_of(last);
            }
            self.page = page.into_iter();
        }
        Ok(self.page.next())
    }
}

#[derive(Default)]
struct Summing {
    rows: u64,
    hash: Sha256,
}

impl Summing {
    /// Every cell with its kind and length, so that no two different rows give the same bytes.
    fn add(&mut self, view: &View, row: &[Cell]) {
        self.rows += 1;
        for (column, cell) in view.columns.iter().zip(row) {
            if column.kind == Kind::Personal {
                continue;
            }
            match cell {
                Cell::Text(None) | Cell::Integer(None) => self.hash.update([0]),
                Cell::Integer(Some(number)) => {
                    self.hash.update([1]);
                    self.hash.update(number.to_be_bytes());
                }
                Cell::Text(Some(text)) => {
                    self.hash.update([2]);
                    self.hash.update((text.len() as u64).to_be_bytes());
                    self.hash.update(text.as_bytes());
                }
            }
        }
    }

    fn sum(self) -> Sum {
        let mut checksum = String::with_capacity(64);
        for byte in self.hash.finalize() {
            let _ = write!(checksum, "{byte:02x}"); // a text takes whatever is written
        }
        Sum {
            rows: self.rows,
            checksum,
        }
    }
}

//! The shape of a view: its columns, and rows as cells. Both databases are filled from it.

use domain::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

/// A view's table: a new shape is the next version, built beside the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// The version of its shape and of the fold that fills it.
    pub version: u32,
    /// Its columns; the first one is the key.
    pub columns: &'static [Column],
    /// The columns of each further index.
    pub indexes: &'static [&'static [&'static str]],
}

impl View {
    /// Its name with its version: what its checkpoint is kept under.
    pub fn id(&self) -> String {
        format!("{}_v{}", self.name, self.version)
    }
}

/// A column of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text, an id or a JSON document.
    Text,
    /// A number, a moment in microseconds, or 0 and 1.
    Integer,
    /// Text about a person: may be missing at any time, and nothing is filtered, sorted or decided by it.
    Personal,
}

impl Column {
    /// A column of texts, ids or documents.
    pub const fn text(name: &'static str) -> Self {
        Self { name, kind: Kind::Text }
    }

    /// A column of numbers or moments.
    pub const fn integer(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Integer,
        }
    }

    /// A column of personal data.
    pub const fn personal(name: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Personal,
        }
    }
}

/// One value of a row; a missing one still knows its type, because `PostgreSQL` asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// A text.
    Text(Option<String>),
    /// A number.
    Integer(Option<i64>),
}

impl Cell {
    /// Something with a text form.
    pub fn text(value: &impl ToString) -> Self {
        Self::Text(Some(value.to_string()))
    }

    /// Something with a text form that may be missing.
    pub fn text_or_null(value: Option<&impl ToString>) -> Self {
        Self::Text(value.map(ToString::to_string))
    }

    /// A moment, in microseconds.
    pub fn time(at: Timestamp) -> Self {
        Self::Integer(Some(at.timestamp_micros()))
    }

    /// A moment that may be missing.
    pub fn time_or_null(at: Option<Timestamp>) -> Self {
        Self::Integer(at.map(|at| at.timestamp_micros()))
    }

    /// A JSON document. Our documents always become JSON; were one not to, its row would be found unreadable, not empty.
    pub fn document(document: &impl Serialize) -> Self {
        Self::Text(serde_json::to_string(document).ok())
    }
}

/// A row that can be kept in a view's table.
pub trait ViewRow: Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// The row as cells, in the order of the view's columns.
    fn cells(&self) -> Vec<Cell>;

    /// The row from its cells.
    ///
    /// # Errors
    /// When a cell does not hold what its column says.
    fn from_cells(cells: &mut Cells) -> Result<Self, BadCell>;
}

/// A stored cell that does not hold what its column says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cell {0} of a view row does not hold what its column says")]
pub struct BadCell(usize);

/// A stored row on its way back into a struct: read cell by cell.
#[derive(Debug)]
pub struct Cells {
    cells: std::vec::IntoIter<Cell>,
    taken: usize,
}

impl Cells {
    /// The cells of one row.
    pub fn new(cells: Vec<Cell>) -> Self {
        Self {
            cells: cells.into_iter(),
            taken: 0,
        }
    }

    /// The next cell, as something that is parsed from text.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn parse<T: std::str::FromStr>(&mut self) -> Result<T, BadCell> {
        self.parse_or_null()?.ok_or(self.bad())
    }

    /// The next cell, as something that a text turns into.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn convert<T: TryFrom<String>>(&mut self) -> Result<T, BadCell> {
        let text = self.text_or_null()?.ok_or(self.bad())?;
        T::try_from(text).map_err(|_| self.bad())
    }

    /// The next cell, which may be missing, as something that is parsed from text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn parse_or_null<T: std::str::FromStr>(&mut self) -> Result<Option<T>, BadCell> {
        let text = self.text_or_null()?;
        text.map(|text| text.parse().map_err(|_| self.bad())).transpose()
    }

    /// The next cell, which may be missing, as text.
    ///
    /// # Errors
    /// When it is something else.
    pub fn text_or_null(&mut self) -> Result<Option<String>, BadCell> {
        match self.next()? {
            Cell::Text(text) => Ok(text),
            Cell::Integer(_) => Err(self.bad()),
        }
    }

    /// The next cell, as a number.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn integer(&mut self) -> Result<i64, BadCell> {
        self.integer_or_null()?.ok_or(self.bad())
    }

    /// The next cell, which may be missing, as a number.
    ///
    /// # Errors
    /// When it is something else.
    pub fn integer_or_null(&mut self) -> Result<Option<i64>, BadCell> {
        match self.next()? {
            Cell::Integer(number) => Ok(number),
            Cell::Text(_) => Err(self.bad()),
        }
    }

    /// The next cell, as a moment.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn time(&mut self) -> Result<Timestamp, BadCell> {
        self.time_or_null()?.ok_or(self.bad())
    }

    /// The next cell, which may be missing, as a moment.
    ///
    /// # Errors
    /// When it is something else.
    pub fn time_or_null(&mut self) -> Result<Option<Timestamp>, BadCell> {
        let micros = self.integer_or_null()?;
        micros
            .map(|micros| Timestamp::from_timestamp_micros(micros).ok_or(self.bad()))
            .transpose()
    }

    /// The next cell, as a JSON document.
    ///
    /// # Errors
    /// When it is missing or another document.
    pub fn document<T: DeserializeOwned>(&mut self) -> Result<T, BadCell> {
        let text = self.text_or_null()?.ok_or(self.bad())?;
        serde_json::from_str(&text).map_err(|_| self.bad())
    }

    fn next(&mut self) -> Result<Cell, BadCell> {
        self.taken += 1;
        self.cells.next().ok_or(self.bad())
    }

    fn bad(&self) -> BadCell {
        BadCell(self.taken)
    }
}

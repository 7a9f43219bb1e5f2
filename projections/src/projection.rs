//! What a projection is: which rows an event touches, and how it changes them.

use std::collections::BTreeMap;

use domain::{
    event::Event,
    log::{Metadata, Recorded},
};

use crate::view::{View, ViewRow};

/// A pure fold from events to the rows of one view.
///
/// Personal data only ever reaches the row's personal columns: no key, no other column and no decision depends on it, so that
/// a fold over a log with erased people gives the same rows but for those columns.
pub trait Projection: Clone + Send + Sync + 'static {
    /// The view that it fills.
    const VIEW: View;

    /// An index only adds rows under keys of their own, from what stands outside the events: for it nothing is loaded, opened
    /// or kept in memory, and it goes on past events that only a newer node can read.
    const INDEX: bool = false;

    /// A row of the view.
    type Row: ViewRow;

    /// The keys of the rows that an event touches; none when it is no concern of this view. Its content is not open yet.
    fn keys(&self, seen: &Seen<'_>) -> Keys;

    /// Changes the rows under the event's keys.
    ///
    /// # Errors
    /// When the event does not fit to what is there: its keys are parked then.
    fn fold(&self, seen: &Seen<'_>, rows: &mut Rows<Self::Row>) -> Result<(), FoldError>;
}

/// An event as a projection sees it.
#[derive(Clone, Debug)]
pub struct Seen<'a> {
    /// How the log keeps it.
    pub recorded: &'a Recorded,
    /// The ids around it.
    pub metadata: &'a Metadata,
    /// What it says, with personal data where its subject lives. None while keys are asked for, and always for an index.
    pub event: Option<&'a Event>,
}

impl Seen<'_> {
    /// An id around the event.
    pub fn about(&self, key: &str) -> Option<&str> {
        self.metadata.get(key).map(String::as_str)
    }

    /// An id around the event, parsed; none where there is none, or a text that is no such id.
    pub fn id<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.about(key)?.parse().ok()
    }
}

/// The keys of the rows that one event touches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys(Vec<String>);

impl Keys {
    /// No row.
    pub fn none() -> Self {
        Self::default()
    }

    /// One row.
    pub fn one(key: &impl ToString) -> Self {
        Self(vec![key.to_string()])
    }

    /// Several rows, each once.
    pub fn many(keys: impl IntoIterator<Item = String>) -> Self {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        Self(keys)
    }

    /// Whether the event touches no row.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Why an event cannot be folded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// It changes a row that nothing made.
    #[error("there is no row {0} to change")]
    NoRow(String),
    /// The fold reached for a row that it did not name as a key of the event.
    #[error("row {0} is no key of this event")]
    NotAKey(String),
    /// A text that should be an id is none.
    #[error("{0} is no id")]
    NoId(&'static str),
    /// The fold has a bug.
    #[error("the fold panicked")]
    Panicked,
}

/// The rows under one event's keys, as far as they exist.
#[derive(Debug)]
pub struct Rows<R> {
    rows: BTreeMap<String, Option<R>>,
}

impl<R> Rows<R> {
    pub(crate) fn new(rows: BTreeMap<String, Option<R>>) -> Self {
        Self { rows }
    }

    pub(crate) fn into_changed(self) -> impl Iterator<Item = (String, R)> {
        self.rows.into_iter().filter_map(|(key, row)| Some((key, row?)))
    }

    /// The row under a key, if it exists.
    pub fn get(&self, key: &str) -> Option<&R> {
        self.rows.get(key)?.as_ref()
    }

    /// Puts a row under a key.
    ///
    /// # Errors
    /// When it is no key of the event.
    pub fn insert(&mut self, key: &impl ToString, row: R) -> Result<(), FoldError> {
        let key = key.to_string();
        match self.rows.get_mut(&key) {
            Some(place) => {
                *place = Some(row);
                Ok(())
            }
            None => Err(FoldError::NotAKey(key)),
        }
    }

    /// Changes the row under a key.
    ///
    /// # Errors
    /// When there is none.
    pub fn update(&mut self, key: &impl ToString, change: impl FnOnce(&mut R)) -> Result<(), FoldError> {
        let key = key.to_string();
        let Some(place) = self.rows.get_mut(&key) else {
            return Err(FoldError::NotAKey(key));
        };
        change(place.as_mut().ok_or(FoldError::NoRow(key))?);
        Ok(())
    }
}

/// The id that a text should be.
pub(crate) fn id<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, FoldError> {
    text.parse().map_err(|_| FoldError::NoId(what))
}

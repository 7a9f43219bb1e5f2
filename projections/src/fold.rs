//! Folding pages of the log into rows in memory: the one way, for the live side and for a rebuild.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    panic::{AssertUnwindSafe, catch_unwind},
};

use application::ports::StoreError;
use domain::log::Position;

use crate::{
    Projection,
    page::{Obstacle, Page},
    projection::{FoldError, Keys, Rows, Seen},
    store::{Changes, Parked},
    view::{Cell, Cells, ViewRow},
};

/// Why a key was parked whose own event is well.
pub(crate) const BEHIND_ANOTHER: &str = "an event before it is parked";
/// Why a key was parked whose row is damaged.
pub(crate) const ROW_UNREADABLE: &str = "its row cannot be read";

/// How far a page could be folded.
#[derive(Debug)]
pub(crate) enum PageEnd {
    /// To its end.
    Folded,
    /// To the event before one that only a newer node can read.
    Unknown { before: Position, reason: String },
}

/// Rows in memory, what changed in them, and which keys are parked.
pub(crate) struct Table<R> {
    rows: HashMap<String, R>,
    changed: BTreeSet<String>,
    parked: HashSet<String>,
    damaged: HashSet<String>,
    newly_parked: Vec<Parked>,
}

impl<R: ViewRow> Table<R> {
    /// Rows as a store keeps them. One that cannot be read stands in nobody's way but its own: what touches it is parked.
    pub(crate) fn load(stored: Vec<Vec<Cell>>, parked: HashSet<String>) -> Self {
        let mut table = Self {
            rows: HashMap::with_capacity(stored.len()),
            parked,
            ..Self::default()
        };
        table.take_in(stored);
        table
    }

    /// More rows from the store; those that are here already stay as they are.
    pub(crate) fn take_in(&mut self, stored: Vec<Vec<Cell>>) {
        for cells in stored {
            let key = key_of(&cells);
            match R::from_cells(&mut Cells::new(cells)) {
                Ok(row) => drop(self.rows.entry(key).or_insert(row)),
                Err(_) => drop(self.damaged.insert(key)),
            }
        }
    }

    /// Folds a page that is open, event by event.
    ///
    /// # Errors
    /// When an event could not be opened, but perhaps can be later. What was folded before it must not be written.
    pub(crate) fn fold_page<P: Projection<Row = R>>(
        &mut self,
        projection: &P,
        page: &Page<'_>,
        keys: &[Keys],
    ) -> Result<PageEnd, StoreError> {
        let touching = page.looks().zip(keys).filter(|(_, keys)| !keys.is_empty());
        for (look, keys) in touching {
            let position = look.position();
            if keys.iter().any(|key| self.parked.contains(key)) {
                self.park(keys, position, BEHIND_ANOTHER);
                continue;
            }
            if keys.iter().any(|key| self.damaged.contains(key)) {
                self.park(keys, position, ROW_UNREADABLE);
                continue;
            }
            match look.obstacle::<P>() {
                None => self.fold(projection, &look.seen::<P>(), keys),
                Some(Obstacle::Parks(reason)) => self.park(keys, position, &reason),
                Some(Obstacle::Unknown(reason)) => {
                    let before = Position(position.0.saturating_sub(1));
                    return Ok(PageEnd::Unknown { before, reason });
                }
                Some(Obstacle::Fails(error)) => return Err(error),
            }
        }
        Ok(PageEnd::Folded)
    }

    /// Folds one event, or parks its keys and leaves their rows as they were.
    pub(crate) fn fold<P: Projection<Row = R>>(&mut self, projection: &P, seen: &Seen<'_>, keys: &Keys) {
        match self.changed_by(projection, seen, keys) {
            Ok(changed) => {
                for (key, row) in changed {
                    if self.rows.get(&key) != Some(&row) {
                        self.changed.insert(key.clone());
                        self.rows.insert(key, row);
                    }
                }
            }
            Err(error) => self.park(keys, seen.recorded.position, &error.to_string()),
        }
    }

    /// The fold works on copies of the event's rows, so that one that fails half-way changes nothing.
    fn changed_by<P: Projection<Row = R>>(
        &self,
        projection: &P,
        seen: &Seen<'_>,
        keys: &Keys,
    ) -> Result<impl Iterator<Item = (String, R)> + use<P, R>, FoldError> {
        let copies: BTreeMap<_, _> = keys
            .iter()
            .map(|key| (key.to_owned(), self.rows.get(key).cloned()))
            .collect();
        let mut rows = Rows::new(copies);
        // A bug in a fold must stop its rows, not the view.
        let folded = catch_unwind(AssertUnwindSafe(|| projection.fold(seen, &mut rows)));
        folded.unwrap_or(Err(FoldError::Panicked))?;
        Ok(rows.into_changed())
    }

    fn park(&mut self, keys: &Keys, position: Position, reason: &str) {
        for key in keys.iter() {
            if self.parked.insert(key.to_owned()) {
                tracing::error!(
                    key,
                    position = position.0,
                    reason,
                    "parked a view row and what follows for it"
                );
                self.newly_parked.push(Parked {
                    key: key.to_owned(),
                    position,
                    reason: reason.to_owned(),
                });
            }
        }
    }

    /// How many rows changed since they were last taken.
    pub(crate) fn changed(&self) -> usize {
        self.changed.len()
    }

    /// The changed rows; they count as changed until [`Self::written`].
    pub(crate) fn changed_rows(&self) -> Vec<Vec<Cell>> {
        let rows = self.changed.iter().filter_map(|key| self.rows.get(key));
        rows.map(ViewRow::cells).collect()
    }

    /// All rows.
    pub(crate) fn into_rows(self) -> impl Iterator<Item = R> {
        self.rows.into_values()
    }

    /// Everything that a transaction must write to reach a position.
    pub(crate) fn changes(&self, to: Position) -> Changes {
        Changes {
            to,
            rows: self.changed_rows(),
            parked: self.newly_parked().to_vec(),
            parked_before: 0,
        }
    }

    /// Keys that were parked by the events folded here.
    pub(crate) fn newly_parked(&self) -> &[Parked] {
        &self.newly_parked
    }

    /// The changed rows with their keys.
    pub(crate) fn changed_by_key(&self) -> impl Iterator<Item = (&str, Vec<Cell>)> {
        let changed = self.changed.iter();
        changed.filter_map(|key| Some((key.as_str(), self.rows.get(key)?.cells())))
    }

    /// How many rows are in memory.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the row under a key is in memory.
    pub(crate) fn holds(&self, key: &str) -> bool {
        self.rows.contains_key(key)
    }

    /// Forgets all rows, once the changed ones are stored; only what is parked is still known.
    pub(crate) fn forget_rows(&mut self) {
        self.changed.clear();
        self.rows.clear();
    }

    #[cfg(test)]
    pub(crate) fn row(&self, key: &str) -> Option<&R> {
        self.rows.get(key)
    }
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            changed: BTreeSet::new(),
            parked: HashSet::new(),
            damaged: HashSet::new(),
            newly_parked: Vec::new(),
        }
    }
}

/// A row's key: its first cell.
pub(crate) fn key_of(cells: &[Cell]) -> String {
    match cells.first() {
        Some(Cell::Text(Some(key))) => key.clone(),
        _ => String::new(),
    }
}

/// The rows that a story leads to, personal data included.
#[cfg(test)]
pub(crate) fn folded<P: Projection>(projection: &P, story: &crate::stories::Story) -> Table<P::Row> {
    let mut table = Table::default();
    for (recorded, event) in story.opened() {
        let page = Page::of([recorded]);
        let keys = page.keys(projection, Position(0));
        for (look, keys) in page.looks().zip(&keys) {
            let seen = Seen {
                event: Some(event),
                ..look.seen::<P>()
            };
            table.fold(projection, &seen, keys);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        audit_entry::AuditEntryView,
        integration::IntegrationView,
        link::LinkView,
        stories::{Story, StoryReader, World, integration, link},
    };

    async fn page<P: Projection>(projection: &P, story: &Story) -> (Table<P::Row>, PageEnd) {
        let mut page = Page::of(story.recorded());
        let keys = page.keys(projection, Position(0));
        page.open_for::<P>(&StoryReader, &keys).await;
        let mut table = Table::default();
        let end = table.fold_page(projection, &page, &keys);
        (table, end.unwrap())
    }

    fn parked(table: &Table<impl ViewRow>) -> Vec<(&str, u64)> {
        let parked = table.newly_parked().iter();
        parked.map(|parked| (parked.key.as_str(), parked.position.0)).collect()
    }

    /// The event that cannot be read is not skipped: its link stands still from there on, and no other does.
    #[tokio::test]
    async fn a_damaged_event_parks_its_row_and_what_follows_for_it() {
        let other = World::numbered(2);
        let story = Story::new()
            .issued()
            .started()
            .damaged()
            .declined()
            .about(other)
            .issued();
        let (table, _) = page(&LinkView, &story).await;
        assert_eq!(parked(&table), [(link().to_string().as_str(), 3)]);
        let stands = table.row(&link().to_string()).unwrap();
        assert_eq!(stands.status, crate::link::LinkStatus::Pending);
        assert!(table.row(&other.link.to_string()).is_some());
    }

    /// A link that cannot be read would have changed its integration: the metadata says which.
    #[tokio::test]
    async fn a_damaged_issue_parks_the_integration_that_its_metadata_names() {
        let story = Story::new().issue_only().damaged();
        let (table, _) = page(&IntegrationView, &story).await;
        assert_eq!(parked(&table), [(integration().to_string().as_str(), 1)]);
    }

    #[tokio::test]
    async fn a_fold_stops_before_an_event_of_a_newer_node() {
        let story = Story::new().issued().started().by_a_newer_node().declined();
        let (table, end) = page(&LinkView, &story).await;
        let PageEnd::Unknown { before, reason } = end else {
            panic!("folded what it cannot know");
        };
        assert_eq!(before, Position(2));
        assert!(reason.contains("version 2"), "{reason}");
        assert_eq!(parked(&table), []);
    }

    /// An index needs nothing of what an event says, so it outlives damage and newer nodes.
    #[tokio::test]
    async fn an_index_goes_on_past_events_that_it_cannot_read() {
        let story = Story::new().started().by_a_newer_node().started().damaged();
        let (table, end) = page(&AuditEntryView, &story).await;
        assert!(matches!(end, PageEnd::Folded));
        assert_eq!(parked(&table), []);
        assert_eq!(
            table.changed(),
            8,
            "two events under link, integration, customer and location"
        );
    }
}

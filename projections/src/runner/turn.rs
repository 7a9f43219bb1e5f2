//! One page of the log for some views: read, opened and, where nothing is in the way, written once.

use std::slice;

use application::ports::StoreError;
use futures_util::future::join_all;

use super::{Shared, seat::Seat};
use crate::{
    page::Page,
    projection::Keys,
    store::{Advance, ViewStore, Written},
};

/// Not more events than a commit or two has: nobody is in a hurry but perhaps whoever waits for them.
const FEW: usize = 8;

/// How far a page reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// There was nothing to fold.
    Head,
    /// The log had no more than this, and commits come in numbers.
    NearHead,
    /// There may be more at once.
    Page,
}

/// What a turn came to for one view.
pub(super) enum End {
    /// All that was read is in its rows.
    Done,
    /// Somebody else was first.
    Lost,
    /// Something failed; nothing was written.
    Failed(StoreError),
    /// The next event is a newer node's.
    StoodDown(String),
}

/// A view's step, and why it is its last one here.
type Step = (Advance, Option<String>);

/// Reads the page behind the hindmost and folds it for each view from where that one stands.
///
/// # Errors
/// When the log cannot be read.
pub(super) async fn turn(shared: &Shared, seats: &mut [Seat]) -> Result<(Reach, Vec<End>), StoreError> {
    let sources = &shared.sources;
    let from = seats.iter().map(Seat::position).min().unwrap_or_default();
    let events = sources.log.page(from, shared.pace.page).await?;
    let reach = match events.len() {
        0 => return Ok((Reach::Head, seats.iter().map(|_| End::Done).collect())),
        some if some > FEW && some < shared.pace.page as usize => Reach::NearHead,
        _ => Reach::Page,
    };
    let mut page = Page::new(events);
    let keys: Vec<_> = seats
        .iter()
        .map(|seat| seat.view.touched(&page, seat.position()))
        .collect();
    let opening = seats.iter().zip(&keys).filter(|(seat, _)| seat.view.opens());
    let wanted: Vec<&[Keys]> = opening.map(|(_, keys)| keys.as_slice()).collect();
    page.open(sources.reader.as_ref(), &wanted).await;
    let folding = seats.iter().zip(&keys);
    let folded = join_all(folding.map(|(seat, keys)| seat.folds(&page, keys, sources.store.as_ref()))).await;
    Ok((reach, finish(shared, seats, folded).await))
}

/// Writes what was folded, and says how the turn ended for each view.
async fn finish(shared: &Shared, seats: &mut [Seat], folded: Vec<Result<Option<Step>, StoreError>>) -> Vec<End> {
    let moves = |step: &Step| step.0.changes.to > step.0.from.position;
    let steps = folded.iter().flatten().flatten().filter(|step| moves(step));
    let steps: Vec<_> = steps.map(|(advance, _)| advance.clone()).collect();
    let mut written = write(shared.sources.store.as_ref(), &steps).await.into_iter();
    let mut ends = Vec::with_capacity(seats.len());
    for (seat, folded) in seats.iter_mut().zip(folded) {
        let end = match folded {
            Err(error) => End::Failed(error),
            Ok(None) => End::Lost,
            Ok(Some(step)) if !moves(&step) => end_of(step.1),
            Ok(Some((advance, unknown))) => match written.next() {
                Some(Ok(Written::Done)) => {
                    seat.reached(shared, &advance.changes);
                    end_of(unknown)
                }
                Some(Ok(Written::Lost)) | None => End::Lost,
                Some(Err(error)) => End::Failed(error),
            },
        };
        ends.push(end);
    }
    ends
}

fn end_of(unknown: Option<String>) -> End {
    unknown.map_or(End::Done, End::StoodDown)
}

/// Writes all steps in one transaction; where that fails one by one, so that no view is kept up by another.
async fn write(store: &dyn ViewStore, steps: &[Advance]) -> Vec<Result<Written, StoreError>> {
    if steps.is_empty() {
        return Vec::new();
    }
    let together = store.advance(steps).await;
    match together {
        Ok(Written::Done) => return steps.iter().map(|_| Ok(Written::Done)).collect(),
        together if steps.len() == 1 => return vec![together],
        Ok(Written::Lost) | Err(_) => {}
    }
    let mut each = Vec::with_capacity(steps.len());
    for step in steps {
        each.push(store.advance(slice::from_ref(step)).await);
    }
    each
}

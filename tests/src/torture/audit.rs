//! What must be true of a log and the journal of those who filled it, whatever happened in between.

use std::collections::{HashMap, HashSet};

use adapters::sql::Stores;
use anyhow::ensure;
use domain::log::{Position, Recorded};
use uuid::Uuid;

use super::{Entry, Order, Outcome};

const PAGE: u32 = 1_000;

/// Compares the log with what clients were told, and answers how many events there are.
///
/// No acknowledged event is lost or doubled, each commit stands as a whole where the answer says, nothing of a refused one
/// stands, nothing stands that nobody asked for, positions and every stream's versions have no gap.
///
/// # Errors
/// With what is wrong.
pub async fn audit(stores: &Stores, journal: &[Entry]) -> anyhow::Result<usize> {
    let log = whole_log(stores).await?;
    let places = places(&log)?;
    streams_have_no_gaps(&log)?;
    acknowledged_events_stand(journal, &places)?;
    let asked_for: HashSet<Uuid> = journal.iter().flat_map(|entry| entry.order.events()).collect();
    let strangers = places.keys().filter(|event| !asked_for.contains(event)).count();
    ensure!(strangers == 0, "{strangers} events stand that nobody asked for");
    for entry in journal {
        what_goes_with_it(stores, &entry.order, matches!(entry.outcome, Outcome::Committed(_))).await?;
    }
    Ok(log.len())
}

async fn whole_log(stores: &Stores) -> anyhow::Result<Vec<Recorded>> {
    let mut log = Vec::new();
    loop {
        let after = log.last().map_or(Position(0), |event: &Recorded| event.position);
        let page = stores.log.page(after, PAGE).await?;
        let ended = page.len() < PAGE as usize;
        log.extend(page);
        if ended {
            return Ok(log);
        }
    }
}

/// Where each event stands: positions count from 1, and no event stands twice.
fn places(log: &[Recorded]) -> anyhow::Result<HashMap<Uuid, u64>> {
    let mut places = HashMap::new();
    for (event, position) in log.iter().zip(1..) {
        let stands = event.position.0;
        ensure!(stands == position, "position {stands} stands where {position} must");
        let earlier = places.insert(event.event_id.0, position);
        ensure!(
            earlier.is_none(),
            "event {} stands at {earlier:?} and {position}",
            event.event_id
        );
    }
    let in_time = log.is_sorted_by_key(|event| event.recorded_at);
    ensure!(in_time, "the log's time goes backwards");
    Ok(places)
}

fn streams_have_no_gaps(log: &[Recorded]) -> anyhow::Result<()> {
    let mut versions = HashMap::new();
    for event in log {
        let version = versions
            .entry((&event.aggregate_type, &event.aggregate_id))
            .or_insert(0);
        *version += 1;
        let (stream, sequence) = (&event.aggregate_id, event.sequence);
        ensure!(
            sequence == *version,
            "stream {stream} has {sequence} where {version} must be"
        );
    }
    Ok(())
}

fn acknowledged_events_stand(journal: &[Entry], places: &HashMap<Uuid, u64>) -> anyhow::Result<()> {
    let (mut lost, mut misplaced) = (Vec::new(), Vec::new());
    for Entry { order, outcome } in journal {
        let stand: Vec<_> = order.events().map(|event| places.get(&event).copied()).collect();
        let Outcome::Committed(position) = outcome else {
            let nothing = stand.iter().all(Option::is_none);
            ensure!(nothing, "order {} was answered {outcome:?}, and stands", order.number);
            continue;
        };
        let first = (position + 1).saturating_sub(stand.len() as u64);
        if stand.contains(&None) {
            lost.push(order.number);
        } else if !stand.is_empty() && !stand.into_iter().flatten().eq(first..=*position) {
            misplaced.push(order.number);
        }
    }
    ensure!(lost.is_empty(), "{} acknowledged orders are lost: {lost:?}", lost.len());
    ensure!(
        misplaced.is_empty(),
        "not where their answers say, or in pieces: {misplaced:?}"
    );
    Ok(())
}

/// The vault row and the receipt of an order stand with its events, or not at all.
async fn what_goes_with_it(stores: &Stores, order: &Order, stands: bool) -> anyhow::Result<()> {
    if let Some(row) = order.row() {
        let found = stores.vault.get(&row.place).await?.map(|found| found.sealed);
        let right = found == stands.then_some(row.sealed);
        ensure!(right, "the vault row of order {} is not what it must be", order.number);
    }
    if let Some(receipt) = order.receipt() {
        let found = stores.log.receipt(&receipt.key).await?;
        let right = found == stands.then_some(receipt);
        ensure!(right, "the receipt of order {} is not what it must be", order.number);
    }
    Ok(())
}

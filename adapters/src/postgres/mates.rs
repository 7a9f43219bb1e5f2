//! Which members of a batch depend on what becomes of an earlier one.
//!
//! `append_batch` judges all of them against the log as it was before the batch. A refusal stands even so, for a stream that has moved
//! on never moves back: that keeps a stream that many fight over from holding everybody up. What would be accepted has to wait.

use std::collections::HashSet;

use application::ports::{
    log::{Commit, ReceiptKey},
    vault::Place,
};
use domain::{ids::EventId, log::StreamId};

/// The members that touch something which an earlier one writes, counted from 0.
pub(super) fn dependent(commits: &[Commit]) -> Vec<usize> {
    let mut written = HashSet::new();
    let members = commits.iter().enumerate();
    members
        .filter(|(_, commit)| !is_independent(commit, &mut written))
        .map(|(member, _)| member)
        .collect()
}

/// Something in the store that a commit touches.
#[derive(PartialEq, Eq, Hash)]
enum Touch<'a> {
    Stream(&'a StreamId),
    Event(EventId),
    Place(&'a Place),
    Receipt(&'a ReceiptKey),
}

fn is_independent<'a>(commit: &'a Commit, written: &mut HashSet<Touch<'a>>) -> bool {
    let mut reads = commit.expects.iter().map(|expected| Touch::Stream(&expected.stream));
    let writes: Vec<_> = writes(commit).collect();
    let independent = !reads.any(|read| written.contains(&read)) && !writes.iter().any(|write| written.contains(write));
    written.extend(writes);
    independent
}

fn writes(commit: &Commit) -> impl Iterator<Item = Touch<'_>> {
    let events = commit
        .appends
        .iter()
        .flat_map(|event| [Touch::Stream(&event.stream), Touch::Event(event.event_id)]);
    let observations = commit
        .observations
        .iter()
        .flat_map(|seen| [Touch::Stream(&seen.stream), Touch::Event(seen.event_id)]);
    let places = commit.secrets.iter().map(|change| Touch::Place(change.place()));
    let receipts = commit.receipt.iter().map(|receipt| Touch::Receipt(&receipt.key));
    events.chain(observations).chain(places).chain(receipts)
}

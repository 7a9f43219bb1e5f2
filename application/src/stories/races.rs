//! Somebody was faster.

use chrono::TimeDelta;
use domain::{
    connect_link::{ConnectLinkError, LinkEnd},
    customer::CustomerError,
    ids::{EventId, MemberId},
};

use super::{
    ConnectSources, app, context, customer_stream, expires_at, id, names, source, stored, with_customer, with_link,
};
use crate::{CommandError, Decision, UseCase, ports::log::Commit, work::Work};

fn event_ids(commit: &Commit) -> Vec<EventId> {
    commit.appends.iter().map(|event| event.event_id).collect()
}

/// The answer is of the fresh state, and an event keeps its id: a commit whose answer got lost is found again by it.
///
/// Mutant: with `first_event_id` made anew in each round, this fails.
#[tokio::test]
async fn a_conflict_is_decided_again_from_fresh_state_with_the_same_event_ids() {
    let store = with_customer(9).await;
    store
        .0
        .lock()
        .await
        .rivals
        .push_back(stored(&customer_stream(), &source(10)));
    let done = app(&store)
        .run(&context(1), ConnectSources(vec![20, 21]))
        .await
        .unwrap();
    assert_eq!((done.answer, done.position.0), (3, 5));

    let asked = &store.0.lock().await.asked;
    let versions: Vec<u64> = asked.iter().map(|commit| commit.expects[0].version).collect();
    assert_eq!(versions, [2, 3]);
    assert_eq!(event_ids(&asked[0]), event_ids(&asked[1]));
    assert_ne!(event_ids(&asked[0])[0], event_ids(&asked[0])[1]);
    let sequences: Vec<u64> = asked[1].appends.iter().map(|event| event.sequence).collect();
    assert_eq!(sequences, [4, 5]);
}

/// A19: two browsers at once cannot exceed the allowance: the slower one is refused for what the faster one did.
///
/// Mutant: when a commit does not expect the version that was loaded, this fails.
#[tokio::test]
async fn the_last_free_source_goes_to_one_of_two() {
    let store = with_customer(1).await;
    store
        .0
        .lock()
        .await
        .rivals
        .push_back(stored(&customer_stream(), &source(10)));
    let refused = app(&store).run(&context(1), ConnectSources(vec![20])).await;
    let reached = CustomerError::AllowanceReached { allowance: 1 };
    assert!(matches!(refused, Err(CommandError::Customer(error)) if error == reached));
    assert_eq!(names(&store).await, ["Created", "PlanChanged", "SourceConnected"]);
}

/// Mutant: with one retry less or one more, this fails.
#[tokio::test]
async fn ten_conflicts_are_borne_and_the_eleventh_is_one_too_many() {
    for (rivals, stands) in [(10_u8, true), (11, false)] {
        let store = with_customer(99).await;
        for number in 0..rivals {
            let rival = stored(&customer_stream(), &source(100 + u128::from(number)));
            store.0.lock().await.rivals.push_back(rival);
        }
        let answer = app(&store).run(&context(1), ConnectSources(vec![20])).await;
        assert_eq!(answer.is_ok(), stands, "{rivals} rivals");
        assert!(stands || matches!(answer, Err(CommandError::Contended)));
        assert_eq!(store.0.lock().await.asked.len(), 11);
    }
}

#[tokio::test]
async fn what_changes_nothing_is_not_committed() {
    let store = with_customer(9).await;
    let done = app(&store).run(&context(1), ConnectSources(vec![])).await.unwrap();
    assert_eq!((done.answer, done.position.0), (0, 2));
    assert!(store.0.lock().await.asked.is_empty());
}

/// A36, A37, A41: the command came too late. That is on record, and then it is refused; once more, and nothing is added.
///
/// Mutant: when a refused decision is not committed, this fails.
#[tokio::test]
async fn what_was_found_on_the_way_to_a_refusal_is_recorded() {
    let (store, link) = with_link().await;
    let late = crate::Context {
        now: expires_at() + TimeDelta::seconds(1),
        ..context(1)
    };
    for _ in 0..2 {
        let revoke = crate::links::RevokeLink {
            link,
            by: MemberId(id(4)),
        };
        let refused = app(&store).run(&late, revoke).await;
        let expired = ConnectLinkError::Ended(LinkEnd::Expired);
        assert!(matches!(refused, Err(CommandError::ConnectLink(error)) if error == expired));
        assert_eq!(names(&store).await, ["Issued", "Expired"]);
    }
}

/// Breaks off with words that were put together.
struct Defective(&'static str);

impl UseCase for Defective {
    type Answer = ();

    async fn decide(&self, _: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        panic!("{} does not open", self.0)
    }
}

/// OA-9: the cause of an error is logged, so it must not repeat what a panic said.
///
/// Mutant: when the error quotes how the task ended, this fails.
#[tokio::test]
async fn a_command_that_panics_is_an_error_that_repeats_nothing() {
    let refused = app(&with_customer(1).await)
        .run(&context(1), Defective("canary-access-token"))
        .await;
    let error = refused.map(|_| ()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    let cause = std::error::Error::source(&error)
        .map(ToString::to_string)
        .unwrap_or_default();
    assert!(!cause.contains("canary"), "{cause}");
}

//! The same call twice.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::ids::MemberId;
use tokio::sync::Notify;

use super::{ConnectSources, app, context, expires_at, fake::Store, id, names, now, with_customer, with_link};
use crate::{App, CommandError, Context, Decision, Done, Idempotency, UseCase, work::Work};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "answers are rendered by reference")]
fn render(sources: &usize) -> Vec<u8> {
    format!("{sources} sources").into_bytes()
}

fn key(key: &str, body: u8) -> Idempotency {
    Idempotency {
        route: "/sources".to_owned(),
        key: key.to_owned(),
        body_hash: [body; 32],
    }
}

async fn connect(
    store: &Arc<Store>,
    agency: u128,
    key: Option<Idempotency>,
    source: u128,
) -> Result<Done<Vec<u8>>, CommandError> {
    let command = ConnectSources(vec![source]);
    app(store).run_once(&context(agency), key, command, render).await
}

/// Mutant: when a commit carries no receipt, the second call answers "2 sources".
#[tokio::test]
async fn the_same_key_gets_the_same_answer_and_nothing_happens_twice() {
    let store = with_customer(9).await;
    let first = connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    let again = connect(&store, 1, Some(key("a", 1)), 21).await.unwrap();
    assert_eq!(first.answer, b"1 sources");
    assert_eq!(again.answer, first.answer);
    assert_eq!(names(&store).await, ["Created", "PlanChanged", "SourceConnected"]);
}

/// Two calls at the same moment: both found no receipt, and the log itself says who was first.
///
/// Mutant: when `Answered` is taken for a failure, this fails.
#[tokio::test]
async fn the_slower_of_two_equal_calls_gets_the_faster_ones_answer() {
    let store = with_customer(9).await;
    connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    let receipts = std::mem::take(&mut store.0.lock().await.receipts);
    store.0.lock().await.hidden = receipts;
    let slower = connect(&store, 1, Some(key("a", 1)), 21).await.unwrap();
    assert_eq!(slower.answer, b"1 sources");
    assert_eq!(names(&store).await.len(), 3);
}

/// Mutant: when the hash of the body is not compared, the answer to another question comes back.
#[tokio::test]
async fn a_key_that_was_used_for_another_body_is_refused() {
    let store = with_customer(9).await;
    connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    let refused = connect(&store, 1, Some(key("a", 2)), 21).await;
    assert!(matches!(refused, Err(CommandError::KeyReused)));
    assert_eq!(names(&store).await.len(), 3);
}

/// An answer that changed nothing is kept too; another key, or none, decides anew.
#[tokio::test]
async fn only_the_same_key_repeats_an_answer() {
    let store = with_customer(9).await;
    connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    let no_news = connect(&store, 1, Some(key("b", 1)), 20).await.unwrap();
    assert_eq!(no_news.answer, b"1 sources");
    connect(&store, 1, None, 21).await.unwrap();
    let repeated = connect(&store, 1, Some(key("b", 1)), 20).await.unwrap();
    assert_eq!(repeated.answer, b"1 sources");
}

/// B55: a key is its tenant's own. Mutant: without the tenant in the receipt's key, the stranger reads the first answer.
#[tokio::test]
async fn a_stranger_with_the_same_key_does_not_read_the_answer() {
    let store = with_customer(9).await;
    connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    let stranger = connect(&store, 2, Some(key("a", 1)), 20).await;
    assert!(matches!(stranger, Err(CommandError::Customer(_))));
}

/// A command that takes as long as the story wants.
struct Slow {
    began: Arc<Notify>,
    may_end: Arc<Notify>,
}

impl UseCase for Slow {
    type Answer = usize;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<usize>, CommandError> {
        self.began.notify_one();
        self.may_end.notified().await;
        ConnectSources(vec![20]).decide(work).await
    }
}

async fn connect_at(node: &Arc<App>, key: Option<Idempotency>) -> Result<Done<Vec<u8>>, CommandError> {
    node.run_once(&context(1), key, ConnectSources(vec![21]), render).await
}

/// API-2: whoever repeats a call while this node is at it is asked to come back, and then gets its answer. Other keys do not
/// wait; another node may be at it too, and then the log decides.
///
/// Mutant: when nobody takes a turn, the equal call is made as well, and this fails.
#[tokio::test]
async fn while_a_call_is_under_way_its_equals_are_told_to_come_back() {
    let store = with_customer(9).await;
    let (here, there) = (app(&store), app(&store));
    let (began, may_end) = (Arc::<Notify>::default(), Arc::<Notify>::default());
    let slow = Slow {
        began: Arc::clone(&began),
        may_end: Arc::clone(&may_end),
    };
    let first = tokio::spawn({
        let here = Arc::clone(&here);
        async move { here.run_once(&context(1), Some(key("a", 1)), slow, render).await }
    });
    began.notified().await;
    for body in [1, 2] {
        let equal = connect_at(&here, Some(key("a", body))).await;
        assert!(matches!(equal, Err(CommandError::KeyInFlight)));
    }
    assert_eq!(connect_at(&here, Some(key("b", 1))).await.unwrap().answer, b"1 sources");
    assert_eq!(
        connect_at(&there, Some(key("a", 1))).await.unwrap().answer,
        b"1 sources"
    );

    may_end.notify_one();
    let first = first.await.unwrap().unwrap();
    assert_eq!(first.answer, b"1 sources", "the other node's: it was faster");
    assert_eq!(connect_at(&here, Some(key("a", 1))).await.unwrap().answer, b"1 sources");
    assert_eq!(names(&store).await, ["Created", "PlanChanged", "SourceConnected"]);
}

/// The plan's last source is the call's own: made by its equal on another node, between the look for a receipt and the decision.
///
/// Mutant: without a second look for a receipt, the call is refused for what it did itself.
#[tokio::test]
async fn a_call_is_not_refused_for_what_its_equal_did() {
    let store = with_customer(1).await;
    connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    let receipts = std::mem::take(&mut store.0.lock().await.receipts);
    store.0.lock().await.hidden = receipts;
    let slower = connect(&store, 1, Some(key("a", 1)), 21).await.unwrap();
    assert_eq!(slower.answer, b"1 sources");
}

/// A refusal is no answer, not even one that something is recorded with: here, that the link's time had come.
///
/// Mutant: when such a refusal leaves a receipt, the second call is answered by it.
#[tokio::test]
async fn a_refusal_is_kept_under_no_key() {
    let (store, link) = with_link().await;
    let late = Context {
        now: expires_at(),
        ..context(1)
    };
    for _ in 0..2 {
        let by = MemberId(id(4));
        let revoke = crate::links::RevokeLink { link, by };
        let refused = app(&store)
            .run_once(&late, Some(key("a", 1)), revoke, |()| vec![])
            .await;
        assert!(matches!(refused, Err(CommandError::ConnectLink(_))));
    }
    assert_eq!(names(&store).await, ["Issued", "Expired"]);
    assert!(store.0.lock().await.receipts.is_empty());
}

/// The same for what failed.
#[tokio::test]
async fn what_failed_or_was_refused_may_be_tried_again_with_the_same_key() {
    let store = with_customer(0).await;
    let refused = connect(&store, 1, Some(key("a", 1)), 20).await;
    assert!(matches!(refused, Err(CommandError::Customer(_))));
    store.0.lock().await.is_away = true;
    let plan = crate::customers::ChangePlan {
        customer: super::CUSTOMER,
        source_allowance: Some(1),
    };
    let node = app(&store);
    let failed = node.run_once(&context(1), Some(key("b", 1)), plan, |()| vec![]).await;
    assert!(matches!(failed, Err(CommandError::Store(_))));
    assert!(store.0.lock().await.receipts.is_empty());

    store.0.lock().await.is_away = false;
    let plan = crate::customers::ChangePlan {
        customer: super::CUSTOMER,
        source_allowance: Some(1),
    };
    node.run_once(&context(1), Some(key("b", 1)), plan, |()| vec![])
        .await
        .unwrap();
    let done = connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    assert_eq!(done.answer, b"1 sources");
}

/// Mutants: when an old receipt is taken for an answer, and when it is not deleted before the call is made, this fails.
#[tokio::test]
async fn after_seventy_two_hours_a_key_is_as_good_as_new() {
    let store = with_customer(9).await;
    connect(&store, 1, Some(key("a", 1)), 20).await.unwrap();
    let later = |by: TimeDelta| Context {
        now: now() + by,
        ..context(1)
    };
    let (almost, over) = (TimeDelta::hours(72) - TimeDelta::microseconds(1), TimeDelta::hours(72));
    for (by, body, answer) in [
        (almost, 1, "1 sources"),
        (over, 2, "2 sources"),
        (over + almost, 2, "2 sources"),
    ] {
        let command = ConnectSources(vec![21]);
        let done = app(&store)
            .run_once(&later(by), Some(key("a", body)), command, render)
            .await;
        assert_eq!(done.unwrap().answer, answer.as_bytes(), "{by}");
    }
    let reused = app(&store)
        .run_once(&later(over), Some(key("a", 1)), ConnectSources(vec![]), render)
        .await;
    assert!(matches!(reused, Err(CommandError::KeyReused)));
}

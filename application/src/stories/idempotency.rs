//! The same call twice.

use std::sync::Arc;

use super::{ConnectSources, app, context, fake::Store, names, with_customer};
use crate::{CommandError, Done, Idempotency};

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

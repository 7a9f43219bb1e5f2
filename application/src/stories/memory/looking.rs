//! What this node remembers is shown only as long as a look at the log, no older than the request, says that it has not moved.

use std::{sync::Arc, task::Poll};

use domain::{customer::Customer, ids::CustomerId, log::StreamId};
use tokio::sync::Semaphore;

use super::{loads, plan};
use crate::stories::{
    ConnectSources, app, context, customer_stream, fake::Store, id, seen, source, stored, with_customer,
};

async fn looks(store: &Store) -> usize {
    std::mem::take(&mut store.0.lock().await.looks)
}

/// Whoever waits while the log is looked at shares the next look.
///
/// Mutant: when each look is made for one caller, there are ten.
#[tokio::test]
async fn all_who_wait_share_one_look() {
    let store = with_customer(9).await;
    let node = app(&store);
    seen::<Customer>(&node, &customer_stream()).await;
    looks(&store).await;
    let gate = Arc::new(Semaphore::new(0));
    store.0.lock().await.gate = Some(Arc::clone(&gate));
    let mut askers: Vec<_> = (0..10).map(|_| Box::pin(node.look())).collect();
    for asker in &mut askers {
        assert!(poll_once(asker).await.is_pending());
    }
    gate.add_permits(10);
    for asker in askers {
        asker.await.unwrap();
    }
    assert_eq!(
        looks(&store).await,
        2,
        "that of the first, and the one that the nine share"
    );
}

/// A37. A look that began before a request came may have missed what happened in between: the request is answered by the next one.
///
/// Mutant: when a look also serves those who asked while it ran, the change is not seen and this fails.
#[tokio::test]
async fn a_look_serves_nobody_who_came_after_it_began() {
    let store = with_customer(9).await;
    let node = app(&store);
    assert_eq!(seen::<Customer>(&node, &customer_stream()).await.1, 2);
    let gate = Arc::new(Semaphore::new(0));
    store.0.lock().await.gate = Some(Arc::clone(&gate));
    let mut early = Box::pin(node.look());
    assert!(
        poll_once(&mut early).await.is_pending(),
        "it has seen the log and is on its way back"
    );
    store.0.lock().await.append(stored(&customer_stream(), &source(30)));
    let stream = customer_stream();
    let mut late = Box::pin(seen::<Customer>(&node, &stream));
    assert!(poll_once(&mut late).await.is_pending());
    gate.add_permits(2);
    early.await.unwrap();
    assert_eq!(late.await.1, 3);
}

/// A node that slept through more than it can look through at once trusts nothing that it remembers.
///
/// Mutant: when the floor is not moved, the old state is shown and this fails.
#[tokio::test]
async fn a_node_that_is_far_behind_forgets_what_it_remembers() {
    let store = with_customer(9).await;
    let (here, there) = (app(&store), app(&store));
    here.run(&context(1), ConnectSources(vec![20])).await.unwrap();
    assert_eq!(
        seen::<Customer>(&here, &customer_stream()).await.0.source_allowance(),
        Some(9)
    );
    there.run(&context(1), plan(5)).await.unwrap();
    let other = StreamId::of::<Customer>(CustomerId(id(77)));
    for number in 0..6_000 {
        store.0.lock().await.append(stored(&other, &source(number)));
    }
    loads(&store).await;
    assert_eq!(
        seen::<Customer>(&here, &customer_stream()).await.0.source_allowance(),
        Some(5)
    );
    assert_eq!(loads(&store).await, [1], "what is behind the remembered version");
    seen::<Customer>(&here, &customer_stream()).await;
    assert!(
        loads(&store).await.is_empty(),
        "and from then on it is remembered again"
    );
}

/// Polls once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context))).await
}

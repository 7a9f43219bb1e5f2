//! ES-11: what a node remembers of aggregates is only a cache: however old it is, nothing is decided wrongly, and without it
//! nothing is decided differently.

mod histories;
mod looking;

use std::sync::Arc;

use domain::{
    agency::{Agency, AgencyEvent, ApiKeyScope, Role},
    connect_link::{ConnectLink, ConnectLinkCommand, ConnectLinkError, ConnectLinkEvent, LinkEnd},
    customer::{Customer, CustomerCommand, CustomerError, CustomerEvent},
    ids::{AgencyId, AttemptId, LinkId, MemberId, Mode, RequestId},
    log::StreamId,
};
use secrecy::ExposeSecret;

use super::{
    CUSTOMER, ConnectSources, app, context, customer_stream, fake::Store, id, names, seen, source, stored,
    with_customer, with_link,
};
use crate::{
    CommandError, Decision, UseCase,
    agencies::{ApiKeyText, Denied, RevokeApiKey},
    customers::ChangePlan,
    ports::StoreError,
    work::Work,
};

fn plan(source_allowance: u32) -> ChangePlan {
    ChangePlan {
        customer: CUSTOMER,
        source_allowance: Some(source_allowance),
    }
}

async fn loads(store: &Store) -> Vec<usize> {
    std::mem::take(&mut store.0.lock().await.loaded)
}

/// A command that stands is remembered as it stands, so the next one asks the log for nothing; what another node added is all
/// that is loaded after a conflict.
///
/// Mutant: when a committed state is not kept, or the whole stream is loaded again, this fails.
#[tokio::test]
async fn a_stream_that_is_busy_is_not_folded_for_every_command() {
    let store = with_customer(9).await;
    let (here, there) = (app(&store), app(&store));
    here.run(&context(1), ConnectSources(vec![20])).await.unwrap();
    assert_eq!(loads(&store).await, [2], "the whole stream, once");
    here.run(&context(1), ConnectSources(vec![21, 22])).await.unwrap();
    assert!(loads(&store).await.is_empty());

    let known = seen::<Customer>(&here, &customer_stream()).await;
    assert_eq!((known.0.sources(), known.1), (3, 5));
    assert!(loads(&store).await.is_empty(), "nothing has moved it since");
    there.run(&context(1), ConnectSources(vec![23])).await.unwrap();
    assert_eq!(loads(&store).await, [5]);
    assert_eq!(seen::<Customer>(&here, &customer_stream()).await.1, 6);
    assert_eq!(loads(&store).await, [1]);
}

/// A new link or customer has an id that was just drawn: nobody asks the log what stands there.
///
/// Mutants: when `begin` loads, and when a conflict is decided again without a look at the log, this fails.
#[tokio::test]
async fn nothing_is_loaded_for_what_is_new() {
    struct Begin;
    impl UseCase for Begin {
        type Answer = ();
        async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
            let mut customer = work.begin::<Customer>(CUSTOMER).await?;
            let create = CustomerCommand::Create {
                agency: work.context().agency,
                personal: None,
                source_allowance: None,
            };
            work.execute(&mut customer, create).await?;
            Ok(Decision::Done(()))
        }
    }
    let store = Arc::new(Store::default());
    app(&store).run(&context(1), Begin).await.unwrap();
    assert!(loads(&store).await.is_empty());
    // Something stands there after all: the commit finds out, and then it is decided on what it is.
    let refused = app(&store).run(&context(1), Begin).await;
    assert!(matches!(
        refused,
        Err(CommandError::Customer(CustomerError::AlreadyCreated))
    ));
    assert_eq!(names(&store).await, ["Created"]);
}

/// Another node let the customer connect more. What this node remembers would refuse.
///
/// Mutant: without the second decision on the log before a refusal is answered, this fails.
#[tokio::test]
async fn a_refusal_is_never_decided_on_what_is_remembered() {
    let store = with_customer(1).await;
    let (here, there) = (app(&store), app(&store));
    here.run(&context(1), ConnectSources(vec![20])).await.unwrap();
    there.run(&context(1), plan(2)).await.unwrap();
    let done = here.run(&context(1), ConnectSources(vec![21])).await.unwrap();
    assert_eq!(done.answer, 2);
    assert_eq!(
        names(&store).await[2..],
        ["SourceConnected", "PlanChanged", "SourceConnected"]
    );

    // And one that is still right is given for what the log holds, not for what was remembered.
    there.run(&context(1), plan(1)).await.unwrap();
    let refused = here.run(&context(1), ConnectSources(vec![22])).await;
    let reached = CustomerError::AllowanceReached { allowance: 1 };
    assert!(matches!(refused, Err(CommandError::Customer(error)) if error == reached));
}

/// "It is so already" is an answer too. Another node has changed it meanwhile.
///
/// Mutant: without the second decision on the log before a no-op is answered, the plan stays at 5.
#[tokio::test]
async fn that_nothing_is_to_do_is_never_decided_on_what_is_remembered() {
    let store = with_customer(3).await;
    let (here, there) = (app(&store), app(&store));
    here.run(&context(1), plan(3)).await.unwrap();
    assert_eq!(names(&store).await.len(), 2, "it was three already");
    there.run(&context(1), plan(5)).await.unwrap();
    here.run(&context(1), plan(3)).await.unwrap();
    assert_eq!(
        seen::<Customer>(&there, &customer_stream()).await.0.source_allowance(),
        Some(3)
    );
    let position = here.run(&context(1), plan(3)).await.unwrap().position;
    assert_eq!(position.0, 4, "nothing new");
}

/// Begins an attempt.
struct Start(LinkId);

impl UseCase for Start {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let now = work.context().now;
        let mut link = work.load::<ConnectLink>(self.0).await?;
        let attempt = AttemptId(id(5));
        work.execute(&mut link, ConnectLinkCommand::Start { attempt, now })
            .await?;
        Ok(Decision::Done(()))
    }
}

/// A37, A40: a link that ended on another node is refused here, and for what happened to it; its page knows at once.
///
/// Mutants: when a commit does not expect what was remembered, the link is started after its end; when `replay` answers from
/// memory, a page shows a live link.
#[tokio::test]
async fn a_link_that_ended_on_another_node_is_over_here() {
    for end in [LinkEnd::Declined, LinkEnd::Revoked] {
        let (store, link) = with_link().await;
        let here = app(&store);
        here.run(&context(1), Start(link)).await.unwrap();
        let event = match end {
            LinkEnd::Declined => ConnectLinkEvent::Declined {},
            _ => ConnectLinkEvent::Revoked {
                by: domain::connect_link::RevokedBy::Member(MemberId(id(4))),
                reason: domain::connect_link::RevokeReason::Manual,
            },
        };
        let stream = StreamId::of::<ConnectLink>(link);
        store.0.lock().await.append(stored(&stream, &event));
        let refused = here.run(&context(1), Start(link)).await;
        let ended = ConnectLinkError::Ended(end);
        assert!(matches!(refused, Err(CommandError::ConnectLink(error)) if error == ended));
        assert_eq!(
            seen::<ConnectLink>(&here, &stream).await.0.recorded_end(),
            Some(end),
            "decided"
        );

        let (store, link) = with_link().await;
        let (here, stream) = (app(&store), StreamId::of::<ConnectLink>(link));
        assert_eq!(seen::<ConnectLink>(&here, &stream).await.0.recorded_end(), None);
        store.0.lock().await.append(stored(&stream, &event));
        assert_eq!(
            seen::<ConnectLink>(&here, &stream).await.0.recorded_end(),
            Some(end),
            "shown"
        );
    }
}

/// A key that was taken back, on another node or at the command line, opens nothing from that moment on.
///
/// Mutant: when `replay` answers from memory without asking the log what has moved, the revoked key still opens.
#[tokio::test]
async fn a_key_that_another_node_took_back_is_refused_at_once() {
    let (store, agency, member) = (Arc::new(Store::default()), AgencyId(id(1)), MemberId(id(4)));
    let key = ApiKeyText::new(Mode::Live, agency, 1, [9; 32]);
    let stream = StreamId::of::<Agency>(agency);
    for event in [
        AgencyEvent::Created {
            name: "Northwind".to_owned(),
        },
        AgencyEvent::MemberAdded {
            member,
            role: Role::Owner,
            personal: None,
        },
        AgencyEvent::ApiKeyIssued {
            number: 1,
            secret_hash: key.secret_hash(),
            mode: Mode::Live,
            member,
            scopes: ApiKeyScope::all().collect(),
        },
    ] {
        store.0.lock().await.append(stored(&stream, &event));
    }
    let (here, there, text) = (app(&store), app(&store), key.reveal());
    let call = || here.authenticate(text.expose_secret(), RequestId(id(9)));
    call().await.unwrap();
    call().await.unwrap();
    assert_eq!(
        loads(&store).await,
        [3],
        "the second call asks only whether anything moved"
    );
    there
        .run(&context(1), RevokeApiKey { agency, number: 1 })
        .await
        .unwrap();
    assert!(matches!(call().await, Err(Denied::Unauthenticated)));
}

/// What a commit did not confirm did not happen, whatever was decided.
///
/// Mutant: when the moved-on state is kept before the commit stands, this fails.
#[tokio::test]
async fn a_state_that_was_not_committed_is_never_remembered() {
    let store = with_customer(9).await;
    let here = app(&store);
    here.run(&context(1), ConnectSources(vec![20])).await.unwrap();
    store.0.lock().await.is_away = true;
    let failed = here.run(&context(1), ConnectSources(vec![21])).await;
    assert!(matches!(failed, Err(CommandError::Store(StoreError::Unavailable(_)))));
    store.0.lock().await.is_away = false;
    assert_eq!(seen::<Customer>(&here, &customer_stream()).await.0.sources(), 1);

    // Somebody faster takes the place of what this node would have written.
    store
        .0
        .lock()
        .await
        .rivals
        .push_back(stored(&customer_stream(), &source(30)));
    here.run(&context(1), ConnectSources(vec![21])).await.unwrap();
    let (customer, version) = seen::<Customer>(&here, &customer_stream()).await;
    assert_eq!((customer.sources(), version), (3, 5));
}

/// A log that lost its end, as after an old backup was put back: the node finds out at its next commit.
///
/// Mutant: when a conflict does not forget what was believed, this ends as contended.
#[tokio::test]
async fn a_node_that_remembers_more_than_the_log_holds_comes_back_to_the_log() {
    let store = with_customer(9).await;
    let here = app(&store);
    here.run(&context(1), ConnectSources(vec![20, 21])).await.unwrap();
    store.0.lock().await.rows.truncate(3);
    let done = here.run(&context(1), ConnectSources(vec![22])).await.unwrap();
    assert_eq!(done.answer, 2, "20 and 22");
}

/// What only a newer program can read is no damage: the command may succeed later, or on a newer node. Others go on.
///
/// ES-10. Mutant: when an unknown version is taken for a broken store, this fails.
#[tokio::test]
async fn a_stream_that_a_newer_node_wrote_to_is_unavailable_here_and_others_are_not() {
    let store = with_customer(9).await;
    let here = app(&store);
    here.run(&context(1), ConnectSources(vec![20])).await.unwrap();
    let mut newer = stored(&customer_stream(), &source(21));
    newer.body.event_version = "2".to_owned();
    store.0.lock().await.append(newer);
    for _ in 0..2 {
        let refused = here.run(&context(1), ConnectSources(vec![22])).await;
        assert!(matches!(refused, Err(CommandError::Store(StoreError::Unavailable(_)))));
    }
    assert_eq!(names(&store).await.len(), 4);

    let other = StreamId::of::<Customer>(domain::ids::CustomerId(id(77)));
    let agency = AgencyId(id(1));
    let created = CustomerEvent::Created { agency, personal: None };
    store.0.lock().await.append(stored(&other, &created));
    assert_eq!(seen::<Customer>(&here, &other).await.1, 1);
}

//! The integration: what works keeps working until something better took its place.

use crate::{
    grant::LossReason,
    ids::LinkId,
    integration::{
        Capability, CapabilityState, Connection, Integration, IntegrationCommand, IntegrationError, IntegrationEvent,
        RequestOutcome, Slot, SyncReason, Via,
    },
    stories::fixtures::{customer, facts, folded, given, google, grant, link, listing, location},
};

fn slot() -> Slot {
    Slot {
        customer: customer(),
        location: location(1),
        provider: google(),
    }
}

fn connection(account: u8, generation: u32) -> Connection {
    Connection {
        grant: grant(account),
        generation,
        listing: listing(account),
    }
}

fn request(link: LinkId) -> IntegrationCommand {
    let slot = slot();
    IntegrationCommand::RequestLink { link, slot }
}

fn connect(link: LinkId, connection: Connection, replaces_account: bool) -> IntegrationCommand {
    IntegrationCommand::Connect {
        link: Some(link),
        via: Via::Link,
        connection,
        replaces_account,
        personal: facts(),
    }
}

fn requested(link: LinkId, superseding: Option<LinkId>) -> IntegrationEvent {
    IntegrationEvent::LinkRequested {
        link,
        slot: slot(),
        superseding,
    }
}

fn closed(link: LinkId, outcome: RequestOutcome) -> IntegrationEvent {
    IntegrationEvent::LinkClosed { link, outcome }
}

fn connected() -> IntegrationEvent {
    IntegrationEvent::Connected {
        connection: connection(1, 1),
        via: Via::Link,
        personal: facts(),
    }
}

fn reconnected(connection: Connection) -> IntegrationEvent {
    let personal = facts();
    IntegrationEvent::Reconnected {
        connection,
        via: Via::Link,
        personal,
    }
}

const SYNC: IntegrationEvent = IntegrationEvent::SyncRequested {
    reason: SyncReason::Connected,
};

/// Connected through link 1.
fn working() -> Vec<IntegrationEvent> {
    vec![
        requested(link(1), None),
        closed(link(1), RequestOutcome::Completed),
        connected(),
        SYNC,
    ]
}

fn working_and(last: IntegrationEvent) -> Vec<IntegrationEvent> {
    [working(), vec![last]].concat()
}

const EVERY_OUTCOME: [RequestOutcome; 4] = [
    RequestOutcome::Completed,
    RequestOutcome::Declined,
    RequestOutcome::Revoked,
    RequestOutcome::Expired,
];

#[test]
fn a_link_is_requested_and_awaited() {
    given::<Integration>(&[])
        .when(request(link(1)))
        .then_expect_events(vec![requested(link(1), None)]);
    let waiting = folded::<Integration>(&[requested(link(1), None)]);
    assert_eq!((waiting.pending(), waiting.connection()), (Some(link(1)), None));
}

/// A46, A56, B38: the fresh link says whose place it took, and only the fresh one is awaited.
#[test]
fn a_fresh_link_supersedes_the_one_that_is_on_its_way() {
    given::<Integration>(&[requested(link(1), None)])
        .when(request(link(2)))
        .then_expect_events(vec![requested(link(2), Some(link(1)))]);
    let waiting = folded::<Integration>(&[requested(link(1), None), requested(link(2), Some(link(1)))]);
    assert_eq!(waiting.pending(), Some(link(2)));
}

#[test]
fn requesting_the_same_link_again_is_no_news() {
    given::<Integration>(&[requested(link(1), None)])
        .when(request(link(1)))
        .then_expect_events(vec![]);
}

/// B44, B47: after an end of the old link, the next one takes nobody's place.
#[test]
fn after_an_end_a_new_link_supersedes_nothing() {
    for outcome in EVERY_OUTCOME {
        given::<Integration>(&[requested(link(1), None), closed(link(1), outcome)])
            .when(request(link(2)))
            .then_expect_events(vec![requested(link(2), None)]);
    }
}

/// B41, B42, B46: a link that is on its way, and one that came to nothing, never touch what works.
///
/// Mutant: when `LinkRequested` or `LinkClosed` clears the connection, this fails.
#[test]
fn a_pending_or_failed_request_never_touches_the_connection() {
    let mut history = working_and(requested(link(2), None));
    assert_eq!(folded::<Integration>(&history).connection(), Some(&connection(1, 1)));
    for outcome in [
        RequestOutcome::Declined,
        RequestOutcome::Revoked,
        RequestOutcome::Expired,
    ] {
        history.push(closed(link(2), outcome));
        let after = folded::<Integration>(&history);
        assert_eq!((after.pending(), after.connection()), (None, Some(&connection(1, 1))));
        history.push(requested(link(2), None));
    }
}

/// B42: how the awaited link ended is on record.
#[test]
fn the_end_of_the_awaited_link_closes_the_request() {
    for outcome in EVERY_OUTCOME {
        given::<Integration>(&[requested(link(1), None)])
            .when(IntegrationCommand::CloseLink { link: link(1), outcome })
            .then_expect_events(vec![closed(link(1), outcome)]);
        let after = folded::<Integration>(&[requested(link(1), None), closed(link(1), outcome)]);
        assert_eq!(after.pending(), None);
    }
}

/// A46. Mutant: when `CloseLink` does not ask which link is awaited, this fails.
#[test]
fn the_end_of_any_other_link_is_no_news() {
    let fresh = requested(link(2), Some(link(1)));
    for history in [
        vec![],
        working(),
        vec![requested(link(1), None), fresh],
        vec![requested(link(2), None)],
    ] {
        for outcome in EVERY_OUTCOME {
            given::<Integration>(&history)
                .when(IntegrationCommand::CloseLink { link: link(1), outcome })
                .then_expect_events(vec![]);
        }
    }
}

#[test]
fn connecting_closes_the_request_and_asks_for_the_first_synchronisation() {
    given::<Integration>(&[requested(link(1), None)])
        .when(connect(link(1), connection(1, 1), false))
        .then_expect_events(vec![closed(link(1), RequestOutcome::Completed), connected(), SYNC]);
    let works = folded::<Integration>(&working());
    assert_eq!((works.pending(), works.connection()), (None, Some(&connection(1, 1))));
}

/// A38, A46. Mutant: without the check of the awaited link, this fails.
#[test]
fn only_the_awaited_link_can_connect() {
    let superseded = vec![requested(link(1), None), requested(link(2), Some(link(1)))];
    let taken_back = vec![requested(link(1), None), closed(link(1), RequestOutcome::Revoked)];
    for history in [vec![], superseded, taken_back, working()] {
        for replaces_account in [false, true] {
            given::<Integration>(&history)
                .when(connect(link(1), connection(1, 2), replaces_account))
                .then_expect_error(IntegrationError::NotPending);
        }
    }
}

/// B45, B46: the same account renews: a new generation, perhaps another listing, the same integration.
#[test]
fn the_same_account_reconnects() {
    let renewed = Connection {
        listing: listing(9),
        ..connection(1, 2)
    };
    given::<Integration>(&working_and(requested(link(2), None)))
        .when(connect(link(2), renewed.clone(), false))
        .then_expect_events(vec![
            closed(link(2), RequestOutcome::Completed),
            reconnected(renewed.clone()),
            SYNC,
        ]);
    let history = [
        working_and(requested(link(2), None)),
        vec![
            closed(link(2), RequestOutcome::Completed),
            reconnected(renewed.clone()),
            SYNC,
        ],
    ];
    let after = folded::<Integration>(&history.concat());
    assert_eq!((after.pending(), after.connection()), (None, Some(&renewed)));
}

/// A16: the wrong account connects nothing; the old connection goes on, and the link is still awaited.
///
/// Mutant: without the guard on `would_replace`, this fails.
#[test]
fn another_account_is_refused_and_nothing_changes() {
    let history = working_and(requested(link(2), None));
    given::<Integration>(&history)
        .when(connect(link(2), connection(2, 1), false))
        .then_expect_error(IntegrationError::AnotherAccount);
    let before = folded::<Integration>(&history);
    assert_eq!(
        (before.pending(), before.connection()),
        (Some(link(2)), Some(&connection(1, 1)))
    );
}

#[test]
fn another_account_takes_over_where_the_issuer_asked_for_it() {
    let other = connection(2, 1);
    given::<Integration>(&working_and(requested(link(2), None)))
        .when(connect(link(2), other.clone(), true))
        .then_expect_events(vec![
            closed(link(2), RequestOutcome::Completed),
            reconnected(other),
            SYNC,
        ]);
}

#[test]
fn only_another_account_would_replace_anything() {
    let (new, works) = (folded::<Integration>(&[]), folded::<Integration>(&working()));
    assert!(!new.would_replace(grant(1)), "there is nothing to replace");
    assert!(!works.would_replace(grant(1)));
    assert!(works.would_replace(grant(2)));
}

/// Nothing of the old life is carried over but its number: after its end a connection of any account is the first one.
#[test]
fn a_deleted_integration_begins_anew() {
    let deleted = working_and(IntegrationEvent::Deleted {});
    given::<Integration>(&working())
        .when(IntegrationCommand::Delete)
        .then_expect_events(vec![IntegrationEvent::Deleted {}]);
    given::<Integration>(&deleted)
        .when(IntegrationCommand::Delete)
        .then_expect_events(vec![]);
    let integration: Integration = folded(&deleted);
    assert_eq!((integration.pending(), integration.connection()), (None, None));
    assert_eq!((integration.slot(), integration.life()), (None, 1));
    assert!(!integration.would_replace(grant(2)));
    let again: Integration = folded(&[deleted, vec![requested(link(2), None)]].concat());
    assert_eq!((again.slot(), again.life()), (Some(&slot()), 2));
}

fn directly(connection: Connection) -> IntegrationCommand {
    IntegrationCommand::Connect {
        link: None,
        via: Via::Member,
        connection,
        replaces_account: false,
        personal: facts(),
    }
}

/// B46: a member puts new credentials in the old ones' place, and a link that is on its way stays so.
#[test]
fn a_member_replaces_credentials_without_a_link() {
    let renewed = IntegrationEvent::Reconnected {
        connection: connection(1, 2),
        via: Via::Member,
        personal: facts(),
    };
    let history = working_and(requested(link(2), None));
    given::<Integration>(&history)
        .when(directly(connection(1, 2)))
        .then_expect_events(vec![renewed.clone(), SYNC]);
    let after = folded::<Integration>(&[history, vec![renewed]].concat());
    assert_eq!(after.pending(), Some(link(2)));
    given::<Integration>(&working())
        .when(directly(connection(2, 1)))
        .then_expect_error(IntegrationError::AnotherAccount);
    given::<Integration>(&[])
        .when(directly(connection(1, 1)))
        .then_expect_error(IntegrationError::NotFound);
}

const NEEDS_RECONNECT: IntegrationEvent = IntegrationEvent::NeedsReconnect {
    reason: LossReason::ExpiredOrRevoked,
};

fn break_it(account: u8) -> IntegrationCommand {
    IntegrationCommand::Break {
        grant: grant(account),
        reason: LossReason::ExpiredOrRevoked,
    }
}

/// Mutant: when it is not asked on which account it stands, late news of an account that was left breaks what works.
#[test]
fn it_breaks_once_and_only_with_the_account_that_it_stands_on() {
    given::<Integration>(&working())
        .when(break_it(1))
        .then_expect_events(vec![NEEDS_RECONNECT]);
    given::<Integration>(&working_and(NEEDS_RECONNECT))
        .when(break_it(1))
        .then_expect_events(vec![]);
    given::<Integration>(&working())
        .when(break_it(2))
        .then_expect_events(vec![]);
    given::<Integration>(&[]).when(break_it(1)).then_expect_events(vec![]);
    let broken = folded::<Integration>(&working_and(NEEDS_RECONNECT));
    assert_eq!(broken.needs_reconnect(), Some(LossReason::ExpiredOrRevoked));
    assert_eq!(broken.connection(), Some(&connection(1, 1)));
}

#[test]
fn it_recovers_when_its_account_works_again_and_catches_up() {
    let recover = || IntegrationCommand::Recover { grant: grant(1) };
    let recovered = vec![
        IntegrationEvent::Recovered {},
        IntegrationEvent::SyncRequested {
            reason: SyncReason::Recovered,
        },
    ];
    given::<Integration>(&working())
        .when(recover())
        .then_expect_events(vec![]);
    given::<Integration>(&working_and(NEEDS_RECONNECT))
        .when(recover())
        .then_expect_events(recovered.clone());
    let well = folded::<Integration>(&[working_and(NEEDS_RECONNECT), recovered].concat());
    assert_eq!(well.needs_reconnect(), None);
    let renewed = folded::<Integration>(&[working_and(NEEDS_RECONNECT), vec![reconnected(connection(1, 2))]].concat());
    assert_eq!(renewed.needs_reconnect(), None);
}

fn changed(state: CapabilityState) -> IntegrationEvent {
    let capability = Capability::Metrics;
    IntegrationEvent::CapabilityChanged { capability, state }
}

fn observe(state: CapabilityState) -> IntegrationCommand {
    let capability = Capability::Metrics;
    IntegrationCommand::ObserveCapability { capability, state }
}

/// A60: an answer like the last one is no event, however often the provider is asked.
#[test]
fn a_capability_changes_only_when_the_provider_answers_differently() {
    use CapabilityState::{Ok, PermissionDenied, Unknown};
    given::<Integration>(&working())
        .when(observe(PermissionDenied))
        .then_expect_events(vec![changed(PermissionDenied)]);
    given::<Integration>(&working())
        .when(observe(Unknown))
        .then_expect_events(vec![]);
    let denied = working_and(changed(PermissionDenied));
    given::<Integration>(&denied)
        .when(observe(PermissionDenied))
        .then_expect_events(vec![]);
    given::<Integration>(&denied)
        .when(observe(Ok))
        .then_expect_events(vec![changed(Ok)]);
    given::<Integration>(&[]).when(observe(Ok)).then_expect_events(vec![]);
}

/// What was said of one listing says nothing of another; new credentials for the same one change nothing about it.
#[test]
fn what_the_provider_said_holds_for_the_same_listing_alone() {
    let state = |last: Connection| {
        let history = [working_and(changed(CapabilityState::Ok)), vec![reconnected(last)]].concat();
        folded::<Integration>(&history).capability(Capability::Metrics)
    };
    let other = Connection {
        listing: listing(9),
        ..connection(1, 2)
    };
    assert_eq!(state(connection(1, 2)), CapabilityState::Ok);
    assert_eq!(state(other), CapabilityState::Unknown);
}

/// Nothing of the pick is remembered, so that any account may connect next; the link on its way and the place stay.
#[test]
fn a_disconnected_integration_stands_on_nothing_and_keeps_its_place() {
    given::<Integration>(&[])
        .when(IntegrationCommand::Disconnect)
        .then_expect_events(vec![]);
    let history = working_and(requested(link(2), None));
    given::<Integration>(&history)
        .when(IntegrationCommand::Disconnect)
        .then_expect_events(vec![IntegrationEvent::Disconnected {}]);
    let after = folded::<Integration>(&[history, vec![IntegrationEvent::Disconnected {}]].concat());
    assert_eq!((after.connection(), after.pending()), (None, Some(link(2))));
    assert_eq!((after.slot(), after.life()), (Some(&slot()), 1));
    assert!(
        after.is_disconnected() && !folded::<Integration>(&working_and(requested(link(2), None))).is_disconnected()
    );
    assert!(!after.would_replace(grant(2)));
}

//! Attempts come and go. Only the one that the provider authorised, and that did not fail since, can use the link up.

use super::{authorize, authorized, complete, completed, every_command, expired, fail, failed, issued, start, started};
use crate::{
    connect_link::{AttemptFailure, ConnectLink, ConnectLinkError, LinkEnd},
    stories::fixtures::{attempt, folded, given, noon},
};

const EVERY_FAILURE: [AttemptFailure; 8] = [
    AttemptFailure::Denied,
    AttemptFailure::MissingScopes,
    AttemptFailure::ProviderRefused,
    AttemptFailure::ProviderUnavailable,
    AttemptFailure::OtherAccount,
    AttemptFailure::AccountSwitched,
    AttemptFailure::Interrupted,
    AttemptFailure::Abandoned,
];

/// A41: each step is on record.
#[test]
fn every_step_of_an_attempt_is_on_record() {
    given::<ConnectLink>(&[issued()])
        .when(start(attempt(1), noon()))
        .then_expect_events(vec![started(1)]);
    given::<ConnectLink>(&[issued(), started(1)])
        .when(authorize(attempt(1), noon()))
        .then_expect_events(vec![authorized(1)]);
    for reason in EVERY_FAILURE {
        given::<ConnectLink>(&[issued(), started(1), authorized(1)])
            .when(fail(attempt(1), reason, noon()))
            .then_expect_events(vec![failed(1, reason)]);
    }
    given::<ConnectLink>(&[issued(), started(1), authorized(1)])
        .when(complete(attempt(1), noon()))
        .then_expect_events(vec![completed(1)]);
}

/// A57, A16. Mutant: when `AttemptFailed` sets an end, this fails.
#[test]
fn attempts_may_fail_any_number_of_times_and_the_link_still_connects() {
    let mut history = vec![issued()];
    for round in 1..=50 {
        let reason = EVERY_FAILURE[usize::from(round) % EVERY_FAILURE.len()];
        history.extend([started(round), authorized(round), failed(round, reason)]);
        assert_eq!(folded::<ConnectLink>(&history).end_at(noon()), None, "round {round}");
    }
    history.extend([started(51), authorized(51)]);
    given::<ConnectLink>(&history)
        .when(complete(attempt(51), noon()))
        .then_expect_events(vec![completed(51)]);
}

#[test]
fn completing_needs_an_attempt_that_the_provider_authorized() {
    for history in [vec![issued()], vec![issued(), started(1)]] {
        given::<ConnectLink>(&history)
            .when(complete(attempt(1), noon()))
            .then_expect_error(ConnectLinkError::NotAuthorized);
    }
}

/// Mutant: when completing asks only whether any attempt was authorised, this fails.
#[test]
fn another_attempts_authorisation_is_not_enough() {
    given::<ConnectLink>(&[issued(), started(1), authorized(1), started(2)])
        .when(complete(attempt(2), noon()))
        .then_expect_error(ConnectLinkError::NotAuthorized);
}

/// A16. Mutant: when `AttemptFailed` leaves the attempt among the authorised, this fails.
#[test]
fn a_failed_attempt_is_no_longer_authorised() {
    for reason in EVERY_FAILURE {
        given::<ConnectLink>(&[issued(), started(1), authorized(1), failed(1, reason)])
            .when(complete(attempt(1), noon()))
            .then_expect_error(ConnectLinkError::NotAuthorized);
    }
}

#[test]
fn a_failure_takes_nothing_from_another_attempt() {
    let switched = failed(1, AttemptFailure::AccountSwitched);
    given::<ConnectLink>(&[issued(), authorized(1), authorized(2), switched])
        .when(complete(attempt(2), noon()))
        .then_expect_events(vec![completed(2)]);
}

/// A38, B48: two browsers may be signed in at once; one of them connects.
#[test]
fn the_first_of_two_attempts_wins_and_the_second_is_told_so() {
    let history = [issued(), authorized(1), authorized(2), completed(1)];
    given::<ConnectLink>(&history)
        .when(complete(attempt(2), noon()))
        .then_expect_error(ConnectLinkError::Ended(LinkEnd::Completed));
    assert_eq!(folded::<ConnectLink>(&history).completed_by(), Some(attempt(1)));
}

#[test]
fn nobody_has_completed_a_link_that_ended_otherwise() {
    for history in [
        vec![],
        vec![issued(), authorized(1)],
        vec![issued(), authorized(1), expired()],
    ] {
        assert_eq!(folded::<ConnectLink>(&history).completed_by(), None);
    }
}

#[test]
fn a_live_link_lets_every_step_pass() {
    for command in every_command(noon()) {
        let answer = given::<ConnectLink>(&[issued(), started(1), authorized(1)])
            .when(command.clone())
            .inspect_result();
        assert_eq!(answer.map(|events| events.len()), Ok(1), "{command:?}");
    }
}

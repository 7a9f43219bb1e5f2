//! A link comes into the world, once, for one place and one provider.

use chrono::TimeDelta;

use super::{authorized, completed, decline, every_command, expired, issue, issued, revoked, started};
use crate::{
    connect_link::{ConnectLink, ConnectLinkError, ConnectLinkEvent, LinkToken},
    stories::fixtures::{folded, given, noon, terms, token},
};

/// A41: issuing is on record. The log learns the token's hash, never the token.
#[test]
fn a_link_is_issued_with_its_terms_and_the_hash_of_its_token() {
    given::<ConnectLink>(&[])
        .when(issue(terms().expires_at, noon()))
        .then_expect_events(vec![issued()]);
    let stored = serde_json::to_string(&issued()).unwrap();
    assert!(!stored.contains(token(1).reveal()));
}

#[test]
fn a_link_lives_five_minutes_at_least_and_ninety_days_at_most() {
    let (shortest, longest) = (TimeDelta::minutes(5), TimeDelta::days(90));
    let jot = TimeDelta::microseconds(1);
    for life in [shortest, shortest + jot, TimeDelta::days(7), longest - jot, longest] {
        let answer = given::<ConnectLink>(&[])
            .when(issue(noon() + life, noon()))
            .inspect_result();
        assert!(answer.is_ok(), "{life}");
    }
    for life in [
        -longest,
        TimeDelta::zero(),
        shortest - jot,
        longest + jot,
        TimeDelta::days(36_500),
    ] {
        given::<ConnectLink>(&[])
            .when(issue(noon() + life, noon()))
            .then_expect_error(ConnectLinkError::LifeOutOfBounds);
    }
}

#[test]
fn a_link_is_issued_once_also_when_it_is_over() {
    for history in [
        vec![issued()],
        vec![issued(), started(1)],
        vec![issued(), revoked()],
        vec![issued(), expired()],
    ] {
        given::<ConnectLink>(&history)
            .when(issue(terms().expires_at, noon()))
            .then_expect_error(ConnectLinkError::AlreadyIssued);
    }
}

#[test]
fn nothing_can_be_done_with_a_link_that_nobody_issued() {
    for command in every_command(noon()) {
        given::<ConnectLink>(&[])
            .when(command)
            .then_expect_error(ConnectLinkError::NotIssued);
    }
}

/// B53. Mutant: when `matches` asks only whether the link was issued, this fails.
#[test]
fn a_link_is_found_by_its_own_token_and_by_no_other() {
    let link = folded::<ConnectLink>(&[issued()]);
    assert!(link.matches(&token(1)));
    let mut near = [1; 24];
    near[23] = 2; // the same minute, all bits but two
    for stranger in [
        token(2),
        LinkToken::issue(noon(), near),
        LinkToken::issue(noon(), [0; 24]),
    ] {
        assert!(!link.matches(&stranger));
    }
    assert!(!folded::<ConnectLink>(&[]).matches(&token(1)), "nobody issued it");
}

#[test]
fn an_ended_link_is_still_known_by_its_token() {
    assert!(folded::<ConnectLink>(&[issued(), revoked()]).matches(&token(1)));
}

/// A34, A35: location and provider stand in the terms, no other command has a place for them, and nothing changes the terms.
#[test]
fn what_a_link_is_good_for_never_changes() {
    assert_eq!(folded::<ConnectLink>(&[]).terms(), None);
    let mut history = vec![issued(), started(1), authorized(1), completed(1)];
    while !history.is_empty() {
        assert_eq!(folded::<ConnectLink>(&history).terms(), Some(&terms()), "{history:?}");
        history.pop();
    }
}

#[test]
fn the_customer_can_say_no_at_once() {
    given::<ConnectLink>(&[issued()])
        .when(decline(noon()))
        .then_expect_events(vec![ConnectLinkEvent::Declined {}]);
}

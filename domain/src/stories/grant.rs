//! The grant: generations of credentials, and which integration stands on which.

use std::collections::BTreeSet;

use crate::{
    grant::{Grant, GrantCommand, GrantEvent},
    stories::fixtures::{folded, given, google, integration, provider_app},
};

fn scopes() -> BTreeSet<String> {
    BTreeSet::from(["business.manage".to_owned()])
}

fn grant_to(number: u8) -> GrantCommand {
    GrantCommand::Grant {
        integration: integration(number),
        provider: google(),
        app: provider_app(),
        scopes: scopes(),
    }
}

fn granted(generation: u32, number: u8) -> GrantEvent {
    GrantEvent::Granted {
        generation,
        integration: integration(number),
        provider: google(),
        app: provider_app(),
        scopes: scopes(),
    }
}

fn release(number: u8) -> GrantCommand {
    let integration = integration(number);
    GrantCommand::Release { integration }
}

fn released(number: u8) -> GrantEvent {
    let integration = integration(number);
    GrantEvent::Released { integration }
}

/// The generations, of the first five, that any integration stands on.
fn in_use(events: &[GrantEvent]) -> Vec<u32> {
    let grant = folded::<Grant>(events);
    (0..=5).filter(|generation| grant.is_in_use(*generation)).collect()
}

#[test]
fn generations_count_up_from_one() {
    assert_eq!(folded::<Grant>(&[]).latest(), 0);
    given::<Grant>(&[])
        .when(grant_to(1))
        .then_expect_events(vec![granted(1, 1)]);
    given::<Grant>(&[granted(1, 1), granted(2, 2)])
        .when(grant_to(1))
        .then_expect_events(vec![granted(3, 1)]);
    assert_eq!(folded::<Grant>(&[granted(1, 1), granted(2, 2)]).latest(), 2);
}

/// A number names one set of credentials for ever, also after everybody left it.
#[test]
fn a_generation_is_never_used_again() {
    given::<Grant>(&[granted(1, 1), released(1)])
        .when(grant_to(1))
        .then_expect_events(vec![granted(2, 1)]);
}

/// The old generation's credentials may go as soon as nobody stands on it.
#[test]
fn an_integration_moves_on_to_its_new_generation() {
    assert!(in_use(&[]).is_empty());
    assert_eq!(in_use(&[granted(1, 1)]), [1]);
    assert_eq!(in_use(&[granted(1, 1), granted(2, 1)]), [2]);
}

/// Mutant: when a new generation drops every older one, this fails.
#[test]
fn a_generation_lives_as_long_as_another_integration_stands_on_it() {
    assert_eq!(in_use(&[granted(1, 1), granted(2, 2)]), [1, 2]);
    assert_eq!(in_use(&[granted(1, 1), granted(2, 2), granted(3, 1)]), [2, 3]);
}

#[test]
fn a_released_integration_stands_on_nothing_and_leaves_the_others_alone() {
    let history = [granted(1, 1), granted(2, 2)];
    given::<Grant>(&history)
        .when(release(1))
        .then_expect_events(vec![released(1)]);
    assert_eq!(in_use(&[&history[..], &[released(1)]].concat()), [2]);
}

#[test]
fn releasing_who_does_not_stand_here_is_no_news() {
    for history in [vec![], vec![granted(1, 2)], vec![granted(1, 1), released(1)]] {
        given::<Grant>(&history).when(release(1)).then_expect_events(vec![]);
    }
}

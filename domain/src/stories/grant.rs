//! The grant: generations of credentials, and which integration stands on which.

use std::collections::BTreeSet;

use crate::{
    grant::{Grant, GrantCommand, GrantEvent, LossReason, RefreshFailure, Standing},
    stories::fixtures::{folded, given, google, integration, provider_app},
};

fn scopes(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// What every sign-in in these stories grants, unless it says otherwise.
const USUAL: [&str; 1] = ["business.manage"];

fn grant_to(number: u8) -> GrantCommand {
    grant_with(number, &USUAL)
}

fn grant_with(number: u8, granted: &[&str]) -> GrantCommand {
    GrantCommand::Grant {
        integration: integration(number),
        provider: google(),
        app: provider_app(),
        scopes: scopes(granted),
    }
}

/// An integration's new generation, which takes nobody else's over.
fn granted(generation: u32, number: u8) -> GrantEvent {
    granted_with(generation, number, &USUAL, &[])
}

fn granted_with(generation: u32, number: u8, granted: &[&str], takes_over: &[u32]) -> GrantEvent {
    GrantEvent::Granted {
        generation,
        integration: integration(number),
        provider: google(),
        app: provider_app(),
        scopes: scopes(granted),
        takes_over: takes_over.iter().copied().collect(),
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
    given::<Grant>(&[granted(1, 1), released(1), granted(2, 2), released(2)])
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

/// VA-8: everybody of one account moves on to its newest sign-in, so that only one has to live at the provider.
///
/// Mutant: when a new generation takes nothing over, this fails.
#[test]
fn a_new_sign_in_serves_everybody_who_was_granted_no_more() {
    let history = [granted(1, 1), granted(2, 2)];
    given::<Grant>(&history)
        .when(grant_to(3))
        .then_expect_events(vec![granted_with(3, 3, &USUAL, &[1, 2])]);
    let after = [&history[..], &[granted_with(3, 3, &USUAL, &[1, 2])]].concat();
    assert_eq!(in_use(&after), [3]);
    let grant = folded::<Grant>(&after);
    let serving = [1, 2, 3, 4].map(|number| grant.serving(integration(number)));
    assert_eq!(serving, [Some(3), Some(3), Some(3), None]);
}

/// Whoever was granted less than before must not take anything from the others.
///
/// Mutant: without the comparison of scopes this fails.
#[test]
fn a_sign_in_that_was_granted_less_leaves_the_others_where_they_are() {
    let wide = granted_with(1, 1, &["business.manage", "drive"], &[]);
    given::<Grant>(std::slice::from_ref(&wide))
        .when(grant_to(2))
        .then_expect_events(vec![granted(2, 2)]);
    let after = [wide, granted(2, 2)];
    assert_eq!(in_use(&after), [1, 2]);
    given::<Grant>(&after)
        .when(grant_with(3, &["drive", "business.manage", "email"]))
        .then_expect_events(vec![granted_with(
            3,
            3,
            &["drive", "business.manage", "email"],
            &[1, 2],
        )]);
}

fn fail(reason: RefreshFailure) -> GrantCommand {
    let generation = 1;
    GrantCommand::FailRefresh { generation, reason }
}

fn failed(reason: RefreshFailure) -> GrantEvent {
    let generation = 1;
    GrantEvent::RefreshFailed { generation, reason }
}

fn lost(generation: u32) -> GrantEvent {
    let reason = LossReason::ExpiredOrRevoked;
    GrantEvent::Lost { generation, reason }
}

/// An outage of a day is two events, not one for every try.
#[test]
fn only_the_first_failure_of_its_kind_and_the_first_success_after_it_are_news() {
    use RefreshFailure::{AppRefused, RateLimited, Unavailable};
    let recover = || GrantCommand::RecoverRefresh { generation: 1 };
    let recovered = GrantEvent::RefreshRecovered { generation: 1 };
    let well = [granted(1, 1)];
    given::<Grant>(&well).when(recover()).then_expect_events(vec![]);
    given::<Grant>(&well)
        .when(fail(Unavailable))
        .then_expect_events(vec![failed(Unavailable)]);
    let failing = [granted(1, 1), failed(Unavailable)];
    given::<Grant>(&failing)
        .when(fail(Unavailable))
        .then_expect_events(vec![]);
    // An overloaded provider says now this, now that.
    given::<Grant>(&failing)
        .when(fail(RateLimited))
        .then_expect_events(vec![]);
    given::<Grant>(&failing)
        .when(fail(AppRefused))
        .then_expect_events(vec![failed(AppRefused)]);
    given::<Grant>(&failing)
        .when(recover())
        .then_expect_events(vec![recovered]);
}

/// Mutant: when a failure overwrites a loss, a dead account would be asked for ever, and this fails.
#[test]
fn what_is_lost_stays_lost_until_a_new_sign_in() {
    let history = [granted(1, 1), lost(1)];
    let lose = GrantCommand::Lose {
        generation: 1,
        reason: LossReason::AdminPolicy,
    };
    given::<Grant>(&history).when(lose).then_expect_events(vec![]);
    let (late, recover) = (
        fail(RefreshFailure::Unavailable),
        GrantCommand::RecoverRefresh { generation: 1 },
    );
    given::<Grant>(&history).when(late).then_expect_events(vec![]);
    given::<Grant>(&history).when(recover).then_expect_events(vec![]);
    given::<Grant>(&history)
        .when(grant_to(2))
        .then_expect_events(vec![granted_with(2, 2, &USUAL, &[1])]);
    let healed = folded::<Grant>(&[granted(1, 1), lost(1), granted_with(2, 2, &USUAL, &[1])]);
    let generation = healed.generation(2).expect("it is in use");
    assert_eq!(generation.standing(), Standing::Well);
    assert_eq!(generation.integrations().count(), 2);
}

/// A refresh that comes back late tells nothing about a generation that everybody left.
#[test]
fn nobody_is_told_about_a_generation_that_nothing_stands_on() {
    for command in [
        fail(RefreshFailure::Unavailable),
        GrantCommand::Lose {
            generation: 1,
            reason: LossReason::Unused,
        },
    ] {
        given::<Grant>(&[granted(1, 1), released(1)])
            .when(command)
            .then_expect_events(vec![]);
    }
}

#[test]
fn only_a_grant_that_nothing_stands_on_is_revoked() {
    let note = || GrantCommand::NoteRevoked;
    given::<Grant>(&[]).when(note()).then_expect_events(vec![]);
    given::<Grant>(&[granted(1, 1)]).when(note()).then_expect_events(vec![]);
    given::<Grant>(&[granted(1, 1), released(1)])
        .when(note())
        .then_expect_events(vec![GrantEvent::Revoked {}]);
}

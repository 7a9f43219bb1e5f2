//! A link ends once, in one of four ways, and stays ended.

use chrono::TimeDelta;

use super::{
    authorized, completed, decline, every_command, expired, expires_at, issued, revoke, revoked, start, started,
};
use crate::{
    connect_link::{
        ConnectLink, ConnectLinkCommand, ConnectLinkError, ConnectLinkEvent, LinkEnd, RevokeReason, RevokedBy,
    },
    stories::fixtures::{attempt, folded, given, member, microsecond, noon},
};

const DECLINED: ConnectLinkEvent = ConnectLinkEvent::Declined {};

/// Signed in and about to pick.
fn signed_in() -> Vec<ConnectLinkEvent> {
    vec![issued(), started(1), authorized(1)]
}

fn signed_in_and(last: ConnectLinkEvent) -> Vec<ConnectLinkEvent> {
    [signed_in(), vec![last]].concat()
}

fn endings() -> [(ConnectLinkEvent, LinkEnd); 4] {
    [
        (completed(1), LinkEnd::Completed),
        (DECLINED, LinkEnd::Declined),
        (revoked(), LinkEnd::Revoked),
        (expired(), LinkEnd::Expired),
    ]
}

/// A38, A40, B21, B38, B48: an ended link refuses whatever is asked of it, by the very next command.
///
/// Mutant: when `Completed` sets no end, or `while_live` asks the clock alone, this fails.
#[test]
fn an_ended_link_refuses_every_command() {
    for (last, end) in endings() {
        for command in every_command(noon()) {
            if matches!(command, ConnectLinkCommand::Revoke { .. }) && end == LinkEnd::Revoked {
                continue; // told below: revoking twice is no error
            }
            given::<ConnectLink>(&signed_in_and(last.clone()))
                .when(command)
                .then_expect_error(ConnectLinkError::Ended(end));
        }
    }
}

/// A36, A37: the clock at use decides, to the microsecond. What came too late is no error of the command: the end is recorded,
/// and the caller reads the refusal from the link.
///
/// Mutant: with `now > expires_at` instead of `>=`, this fails.
#[test]
fn a_link_lives_until_its_very_last_moment_and_is_recorded_as_expired_from_then_on() {
    for command in every_command(expires_at() - microsecond()) {
        let answer = given::<ConnectLink>(&signed_in()).when(command).inspect_result();
        let events = answer.unwrap();
        assert!(!events.contains(&expired()), "{events:?}");
    }
    for late in [TimeDelta::zero(), microsecond(), TimeDelta::days(3650)] {
        for command in every_command(expires_at() + late) {
            given::<ConnectLink>(&signed_in())
                .when(command)
                .then_expect_events(vec![expired()]);
        }
    }
}

#[test]
fn an_expired_link_stays_expired_when_a_clock_goes_back() {
    given::<ConnectLink>(&[issued(), expired()])
        .when(start(attempt(1), noon()))
        .then_expect_error(ConnectLinkError::Ended(LinkEnd::Expired));
}

/// A37: whoever sweeps may be early, late or second: nothing is refused, and nothing ends twice.
///
/// Mutant: when `expire` does not look at the end, every ended link expires once more.
#[test]
fn sweeping_ends_what_has_lapsed_and_nothing_else() {
    let sweep = |now| ConnectLinkCommand::Expire { now };
    let none = given::<ConnectLink>(&signed_in()).when(sweep(expires_at() - microsecond()));
    none.then_expect_events(vec![]);
    let lapsed = given::<ConnectLink>(&signed_in()).when(sweep(expires_at()));
    lapsed.then_expect_events(vec![expired()]);
    for (last, _) in endings() {
        let ended = given::<ConnectLink>(&signed_in_and(last)).when(sweep(expires_at()));
        ended.then_expect_events(vec![]);
    }
    let never = given::<ConnectLink>(&[]).when(sweep(expires_at()));
    never.then_expect_error(ConnectLinkError::NotIssued);
}

/// A39, A41: by whom and why is on record.
#[test]
fn a_live_link_can_be_revoked_at_any_step() {
    for reason in [
        RevokeReason::Manual,
        RevokeReason::Superseded,
        RevokeReason::AlreadyConnected,
    ] {
        let by = RevokedBy::Member(member(2));
        for history in [vec![issued()], vec![issued(), started(1)], signed_in()] {
            let now = noon();
            given::<ConnectLink>(&history)
                .when(ConnectLinkCommand::Revoke {
                    by: by.clone(),
                    reason,
                    now,
                })
                .then_expect_events(vec![ConnectLinkEvent::Revoked { by: by.clone(), reason }]);
        }
    }
}

/// Whoever opens it is told that nothing is left to do, and that only.
#[test]
fn a_link_is_needless_only_when_what_it_was_to_mend_worked_again() {
    for reason in [RevokeReason::Manual, RevokeReason::Superseded, RevokeReason::Deleted] {
        let by = RevokedBy::System;
        let link = folded::<ConnectLink>(&[issued(), ConnectLinkEvent::Revoked { by, reason }]);
        assert!(!link.is_needless(), "{reason}");
    }
    let (by, reason) = (RevokedBy::System, RevokeReason::AlreadyConnected);
    let link = folded::<ConnectLink>(&[issued(), ConnectLinkEvent::Revoked { by, reason }]);
    assert!(link.is_needless());
    assert_eq!(link.recorded_end(), Some(LinkEnd::Revoked));
}

#[test]
fn revoking_twice_is_no_error_and_the_first_time_stands() {
    for now in [noon(), expires_at(), expires_at() + microsecond()] {
        given::<ConnectLink>(&[issued(), revoked()])
            .when(revoke(now))
            .then_expect_events(vec![]);
    }
}

/// A39: what was connected is not undone by revoking its link, and the caller is told why.
#[test]
fn a_link_that_ended_otherwise_cannot_be_revoked() {
    for (last, end) in [
        (completed(1), LinkEnd::Completed),
        (DECLINED, LinkEnd::Declined),
        (expired(), LinkEnd::Expired),
    ] {
        given::<ConnectLink>(&signed_in_and(last))
            .when(revoke(noon()))
            .then_expect_error(ConnectLinkError::Ended(end));
    }
}

/// B21: declining ends it, at any step, and has no reason to give.
#[test]
fn a_declined_link_is_over() {
    for history in [vec![issued()], signed_in()] {
        given::<ConnectLink>(&history)
            .when(decline(noon()))
            .then_expect_events(vec![DECLINED]);
    }
    assert_eq!(
        folded::<ConnectLink>(&[issued(), DECLINED]).recorded_end(),
        Some(LinkEnd::Declined)
    );
}

/// A37, A40: what a page shows needs no command: the clock and the events say it.
#[test]
fn how_a_link_ended_is_read_from_its_events_first_and_from_the_clock_second() {
    let live = folded::<ConnectLink>(&signed_in());
    assert_eq!(live.end_at(expires_at() - microsecond()), None);
    assert_eq!(live.end_at(expires_at()), Some(LinkEnd::Expired));
    assert_eq!(live.recorded_end(), None, "reading records nothing");
    for (last, end) in endings() {
        let ended = folded::<ConnectLink>(&signed_in_and(last));
        for now in [noon(), expires_at() + microsecond()] {
            assert_eq!(ended.end_at(now), Some(end));
        }
        assert_eq!(ended.recorded_end(), Some(end));
    }
    let nothing = folded::<ConnectLink>(&[]);
    assert_eq!(nothing.end_at(expires_at()), None, "nobody issued it");
}

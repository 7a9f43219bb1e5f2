//! The connect link.

mod attempts;
mod endings;
mod issuing;
mod properties;

use super::fixtures::{attempt, facts, grant, listing, member, terms, token};
use crate::{
    Timestamp,
    connect_link::{AttemptFailure, ConnectLinkCommand, ConnectLinkEvent, RevokeReason, RevokedBy},
    ids::AttemptId,
};

fn expires_at() -> Timestamp {
    terms().expires_at
}

fn issue(expires_at: Timestamp, now: Timestamp) -> ConnectLinkCommand {
    let terms = crate::connect_link::LinkTerms { expires_at, ..terms() };
    ConnectLinkCommand::Issue {
        token: token(1),
        terms,
        personal: facts(),
        now,
    }
}

fn issued() -> ConnectLinkEvent {
    ConnectLinkEvent::Issued {
        token_hash: token(1).hash(),
        terms: terms(),
        personal: facts(),
    }
}

fn started(number: u8) -> ConnectLinkEvent {
    let attempt = attempt(number);
    ConnectLinkEvent::Started { attempt }
}

fn authorized(number: u8) -> ConnectLinkEvent {
    let attempt = attempt(number);
    ConnectLinkEvent::Authorized { attempt }
}

fn failed(number: u8, reason: AttemptFailure) -> ConnectLinkEvent {
    let attempt = attempt(number);
    ConnectLinkEvent::AttemptFailed { attempt, reason }
}

fn completed(number: u8) -> ConnectLinkEvent {
    ConnectLinkEvent::Completed {
        attempt: attempt(number),
        grant: grant(1),
        generation: 1,
        listing: listing(1),
    }
}

fn revoked() -> ConnectLinkEvent {
    ConnectLinkEvent::Revoked {
        by: RevokedBy::Member(member(1)),
        reason: RevokeReason::Manual,
    }
}

fn expired() -> ConnectLinkEvent {
    ConnectLinkEvent::Expired {
        expires_at: expires_at(),
    }
}

fn start(attempt: AttemptId, now: Timestamp) -> ConnectLinkCommand {
    ConnectLinkCommand::Start { attempt, now }
}

fn authorize(attempt: AttemptId, now: Timestamp) -> ConnectLinkCommand {
    ConnectLinkCommand::Authorize { attempt, now }
}

fn fail(attempt: AttemptId, reason: AttemptFailure, now: Timestamp) -> ConnectLinkCommand {
    ConnectLinkCommand::FailAttempt { attempt, reason, now }
}

fn complete(attempt: AttemptId, now: Timestamp) -> ConnectLinkCommand {
    ConnectLinkCommand::Complete {
        attempt,
        grant: grant(1),
        generation: 1,
        listing: listing(1),
        now,
    }
}

fn decline(now: Timestamp) -> ConnectLinkCommand {
    ConnectLinkCommand::Decline { now }
}

fn revoke(now: Timestamp) -> ConnectLinkCommand {
    ConnectLinkCommand::Revoke {
        by: RevokedBy::Member(member(1)),
        reason: RevokeReason::Manual,
        now,
    }
}

/// Every command but issuing, as the first attempt gives it.
fn every_command(now: Timestamp) -> [ConnectLinkCommand; 6] {
    [
        start(attempt(1), now),
        authorize(attempt(1), now),
        fail(attempt(1), AttemptFailure::Denied, now),
        complete(attempt(1), now),
        decline(now),
        revoke(now),
    ]
}

//! The words inside events: one value stands in the golden file of its event, all of them stand here. None is ever renamed.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    agency::{ApiKeyScope, Role},
    connect_link::{AttemptFailure, RevokeReason, RevokedBy},
    ids::Mode,
    integration::{RequestOutcome, SyncReason},
    personal::Detail,
    trail::{CallbackRejection, Visitor},
};

const SCOPES: [&str; 13] = [
    "customers:read",
    "customers:write",
    "customers:erase",
    "links:read",
    "links:write",
    "integrations:read",
    "audit:read",
    "events:read",
    "personal:read",
    "reports:read",
    "jobs:read",
    "jobs:retry",
    "mail:manage",
];

/// A scope that is added without standing here would be free to be renamed.
#[test]
fn every_scope_stands_here() {
    assert_eq!(ApiKeyScope::all().count(), SCOPES.len());
}

/// Reads each word as a `T`, and writes it back.
fn holds<T: DeserializeOwned + Serialize>(words: &[&str]) {
    for word in words {
        let word = serde_json::Value::from(*word);
        let read: T = serde_json::from_value(word.clone()).unwrap_or_else(|error| panic!("{word}: {error}"));
        assert_eq!(serde_json::to_value(&read).unwrap(), word);
    }
}

/// Mutant: with one of these variants renamed, this fails.
#[test]
fn words_that_stand_in_somebodys_log_are_never_renamed() {
    holds::<Role>(&["owner", "sales_agent"]);
    holds::<Mode>(&["live", "test"]);
    holds::<ApiKeyScope>(&SCOPES);
    holds::<AttemptFailure>(&[
        "denied",
        "missing_scopes",
        "provider_refused",
        "provider_unavailable",
        "other_account",
        "account_switched",
        "interrupted",
        "abandoned",
    ]);
    holds::<RevokeReason>(&["manual", "superseded", "customer_erased"]);
    holds::<RevokedBy>(&["operator", "system"]);
    holds::<RequestOutcome>(&["completed", "declined", "revoked", "expired"]);
    holds::<SyncReason>(&["connected"]);
    holds::<Visitor>(&["person", "likely_automated"]);
    holds::<CallbackRejection>(&["other_browser", "other_host", "mix_up", "too_late", "link_ended"]);
    holds::<Detail>(&[
        "name",
        "email",
        "address",
        "connection_name",
        "account_email",
        "account_name",
        "listing_title",
        "listing_address",
        "language",
        "mail_answer",
    ]);
}

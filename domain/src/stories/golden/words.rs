//! The words inside events: one value stands in the golden file of its event, all of them stand here. None is ever renamed.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    agency::{AgencyEvent, ApiKeyScope, Role},
    connect_link::{AttemptFailure, RevokeReason, RevokedBy},
    grant::{GrantEvent, LossReason, RefreshFailure},
    ids::Mode,
    integration::{Capability, CapabilityState, IntegrationEvent, RequestOutcome, SyncReason, Via},
    personal::Detail,
    trail::{CallbackRejection, LetterKind, Visitor},
};

const SCOPES: [&str; 18] = [
    "customers:read",
    "customers:write",
    "customers:erase",
    "links:read",
    "links:write",
    "integrations:read",
    "integrations:write",
    "integrations:check",
    "audit:read",
    "events:read",
    "personal:read",
    "reports:read",
    "jobs:read",
    "jobs:retry",
    "mail:manage",
    "providers:manage",
    "credentials:read",
    "credentials:write",
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
    holds::<RevokeReason>(&[
        "manual",
        "superseded",
        "customer_erased",
        "deleted",
        "already_connected",
    ]);
    holds::<RevokedBy>(&["operator", "system"]);
    holds::<RequestOutcome>(&["completed", "declined", "revoked", "expired"]);
    holds::<SyncReason>(&["connected", "recovered"]);
    holds::<Via>(&["link", "member"]);
    holds::<Capability>(&["reviews_read", "reviews_reply", "metrics", "access"]);
    holds::<CapabilityState>(&[
        "unknown",
        "ok",
        "permission_denied",
        "removed_by_provider",
        "unverified",
    ]);
    holds::<RefreshFailure>(&["unavailable", "rate_limited", "app_refused", "app_not_approved"]);
    holds::<LossReason>(&[
        "expired_or_revoked",
        "revoked_by_owner",
        "testing_ended",
        "unused",
        "session_control",
        "admin_policy",
        "scopes_withdrawn",
        "not_renewable",
    ]);
    holds::<LetterKind>(&["link", "reminder", "receipt", "requester_receipt", "reconnect"]);
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

/// Fields that came to an event later: the golden files stand for the time before them, these lines for what is written since.
#[test]
fn fields_that_came_later_are_written_where_they_say_something() {
    let connected = r#"{"Connected":{"grant":"01930000-0000-7000-8000-000600000001","generation":2,"listing":{"id":"locations/1"},"via":"member"}}"#;
    let granted = r#"{"Granted":{"generation":2,"integration":"01930000-0000-7000-8000-000600000001","provider":"google","app":{"owner":"installation","client_id":"c"},"scopes":[],"takes_over":[1]}}"#;
    let habits = r#"{"MailHabitsChanged":{"receipt":true,"requester_receipt":true,"reconnect_customer":true}}"#;
    reads_back::<AgencyEvent>(habits);
    reads_back::<IntegrationEvent>(connected);
    reads_back::<GrantEvent>(granted);
}

fn reads_back<T: DeserializeOwned + Serialize>(stored: &str) {
    let read: T = serde_json::from_str(stored).unwrap_or_else(|error| panic!("{stored}: {error}"));
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
}

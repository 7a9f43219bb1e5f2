//! What a test has decided about one account: how its tokens fail, what it may not do, which of its listings are gone.

use serde::{Deserialize, Serialize};

/// The state of one persona's account; by default nothing is unusual.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountState {
    /// What the token endpoint says to whoever acts for this account.
    pub token_error: Option<TokenError>,
    /// What the APIs say of the project's quota.
    pub quota: Option<Quota>,
    /// What the account may not do at any listing.
    pub denied: Vec<Capability>,
    /// Listings, by the digits of their id, that do not exist any more.
    pub removed: Vec<String>,
    /// Listings that the account has lost its access to.
    pub lost: Vec<String>,
}

/// Why the token endpoint gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenError {
    /// The person took the access back.
    Revoked,
    /// The project is in "Testing", and seven days are over.
    TestingExpired,
    /// Nobody used the token for six months.
    Idle,
    /// There is no such account any more.
    AccountDeleted,
    /// The session has to be renewed, which Workspace wants from time to time.
    InvalidRapt,
    /// An administrator forbids it.
    AdminPolicyEnforced,
    /// The application's id or secret is wrong.
    InvalidClient,
    /// Too many requests.
    RateLimited,
    /// Google is not well.
    Outage,
}

/// What is wrong with the project's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quota {
    /// It is used up for this minute.
    Exceeded,
    /// There is none: the project was never approved.
    NotApproved,
}

/// Something that an account may do at a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Capability {
    /// Read reviews.
    Reviews,
    /// Answer them.
    Replies,
    /// Read how often the listing is found.
    Metrics,
}

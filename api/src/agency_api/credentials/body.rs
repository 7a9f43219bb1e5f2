//! Credentials as JSON.

use std::collections::BTreeSet;

use application::{credentials::Fresh, ports::refreshes::CountedReads};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

/// A connection's credentials.
#[derive(Serialize, ToSchema)]
pub(in crate::agency_api) struct Credentials {
    /// The access token: keep it in memory, and read it again when it ends.
    access_token: String,
    /// How it is sent: `Authorization: Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// When it ends; `null` where the provider does not say.
    expires_at: Option<DateTime<Utc>>,
    /// What the account's owner granted.
    scopes: BTreeSet<String>,
    /// Which sign-in of the account it comes from: another number means that somebody signed in anew.
    generation: u32,
}

impl Credentials {
    pub(super) fn of(fresh: &Fresh) -> Self {
        Self {
            access_token: fresh.serving.credential.access_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_at: fresh.expires_at,
            scopes: fresh.serving.credential.scopes.clone(),
            generation: fresh.serving.generation,
        }
    }
}

/// Who read a connection's credentials.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Reads {
    /// By day, reader and purpose.
    pub(super) data: Vec<Read>,
    /// Where the next page begins; `null` on the last one.
    pub(super) next_cursor: Option<String>,
}

/// How often somebody read them on one day, for one purpose.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Read {
    /// The day, by UTC.
    #[schema(example = "2026-11-22")]
    day: String,
    /// Who: an API key by its number, in the name of a member.
    #[schema(example = "api_key:1/018f0000-0000-7000-8000-000000000001")]
    reader: String,
    /// What for, as the reader said.
    #[schema(example = "review-sync")]
    purpose: String,
    /// How often.
    reads: u64,
    /// The first time.
    first_at: DateTime<Utc>,
    /// The last time.
    last_at: DateTime<Utc>,
}

impl From<CountedReads> for Read {
    fn from(reads: CountedReads) -> Self {
        Self {
            day: reads.day,
            reader: reads.reader,
            purpose: reads.purpose,
            reads: reads.reads,
            first_at: reads.first_at,
            last_at: reads.last_at,
        }
    }
}

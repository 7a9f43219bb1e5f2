//! Attempts: runs through the sign-in flow. Rows, not events: they hold hashes of what a browser carries, and live a day.

use async_trait::async_trait;
use domain::{
    Timestamp,
    connect_link::AttemptFailure,
    host::HostName,
    ids::{AgencyId, AttemptId, LinkId, TenantId},
    provider::{ProviderApp, ProviderId},
};

use super::StoreError;

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The customer pressed "accept" and may be at the provider.
    Started,
    /// The provider's answer is on its way from the callback host, under a one-time hand-off.
    Returned,
    /// The hand-off was claimed: the one token request is under way, or was interrupted.
    Claimed,
    /// Signed in; the customer picks a listing.
    Authorized,
    /// The connection was made.
    Completed,
    /// It led nowhere.
    Failed(AttemptFailure),
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Started => f.write_str("started"),
            Self::Returned => f.write_str("returned"),
            Self::Claimed => f.write_str("claimed"),
            Self::Authorized => f.write_str("authorized"),
            Self::Completed => f.write_str("completed"),
            Self::Failed(reason) => write!(f, "failed:{reason}"),
        }
    }
}

/// A text that names no stage.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no stage of an attempt")]
pub struct UnknownStage;

impl std::str::FromStr for Stage {
    type Err = UnknownStage;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "started" => Ok(Self::Started),
            "returned" => Ok(Self::Returned),
            "claimed" => Ok(Self::Claimed),
            "authorized" => Ok(Self::Authorized),
            "completed" => Ok(Self::Completed),
            _ => {
                let reason = text.strip_prefix("failed:").ok_or(UnknownStage)?;
                reason.parse().map(Self::Failed).map_err(|_| UnknownStage)
            }
        }
    }
}

/// One run through the sign-in flow in one browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its id.
    pub id: AttemptId,
    /// The link that it runs on.
    pub link: LinkId,
    /// Whose link that is.
    pub tenant: TenantId,
    /// The agency whose link that is.
    pub agency: AgencyId,
    /// The host it was started on, and must come back to.
    pub host: HostName,
    /// SHA-256 of the browser's cookie.
    pub browser_hash: [u8; 32],
    /// SHA-256 of the `state` parameter.
    pub state_hash: [u8; 32],
    /// The nonce that an id token must carry.
    pub nonce: String,
    /// The provider, as the catalogue names it.
    pub provider: ProviderId,
    /// The provider app that was used.
    pub app: ProviderApp,
    /// The issuer that may answer.
    pub issuer: String,
    /// The redirect URI that was sent, to the letter.
    pub redirect_uri: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// Where it stands.
    pub stage: Stage,
}

/// The attempts' rows. Every step is one conditional update: whoever comes second changes nothing and is told so.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Notes a new attempt with the sealed PKCE verifier.
    async fn start(&self, attempt: &Attempt, sealed_verifier: &[u8]) -> Result<(), StoreError>;

    /// The attempt of that id.
    async fn get(&self, id: AttemptId) -> Result<Option<Attempt>, StoreError>;

    /// The sealed PKCE verifier of an attempt that nothing claimed or destroyed yet.
    async fn sealed_verifier(&self, id: AttemptId) -> Result<Option<Vec<u8>>, StoreError>;

    /// The attempt whose `state` has that hash.
    async fn of_state(&self, state_hash: &[u8; 32]) -> Result<Option<Attempt>, StoreError>;

    /// The attempt of the hand-off of that hash, whatever came of it, if the hand-off was made after `not_before`.
    async fn of_hand_off(&self, hand_off_hash: &[u8; 32], not_before: Timestamp)
    -> Result<Option<Attempt>, StoreError>;

    /// The newest attempt of that browser on the link.
    async fn latest(&self, link: LinkId, browser_hash: &[u8; 32]) -> Result<Option<Attempt>, StoreError>;

    /// Every attempt on the link, in any browser.
    async fn of_link(&self, link: LinkId) -> Result<Vec<Attempt>, StoreError>;

    /// Deletes every attempt on the link.
    async fn delete_of_link(&self, link: LinkId) -> Result<(), StoreError>;

    /// Started → Returned: keeps the provider's sealed answer under a hand-off's hash, and spends the `state`. False when it was spent before.
    async fn hand_off(
        &self,
        id: AttemptId,
        hand_off_hash: &[u8; 32],
        sealed_answer: &[u8],
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Returned → Claimed: takes the sealed answer and the sealed verifier out of the row. None when somebody was first.
    async fn claim(&self, id: AttemptId) -> Result<Option<Claim>, StoreError>;

    /// Destroys a sealed answer and verifier that must not be used, whatever the stage, so that nothing can claim them.
    async fn destroy_answer(&self, id: AttemptId) -> Result<(), StoreError>;

    /// The oldest attempts that were started at that time or before, and neither led to a connection nor nowhere.
    async fn unfinished(&self, started_until: Timestamp, at_most: u32) -> Result<Vec<Attempt>, StoreError>;

    /// Attempts that led nowhere and still have what a provider gave them.
    async fn failed_with_credential(&self, at_most: u32) -> Result<Vec<Attempt>, StoreError>;

    /// Whether a sign-in goes on through an app, or left something that is to be taken back through it.
    async fn need(&self, provider: &ProviderId, app: &ProviderApp) -> Result<bool, StoreError>;

    /// Deletes so many of the finished attempts that were started at that time or before, and answers how many it deleted.
    async fn forget_some(&self, started_until: Timestamp, at_most: u32) -> Result<u32, StoreError>;

    /// Moves from one stage to the next. False when it was not at `from`.
    async fn advance(&self, id: AttemptId, from: Stage, to: Stage) -> Result<bool, StoreError>;
}

/// What a claimed hand-off gives out, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The provider's sealed answer.
    pub sealed_answer: Vec<u8>,
    /// The sealed PKCE verifier.
    pub sealed_verifier: Vec<u8>,
}

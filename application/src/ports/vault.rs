//! Vault rows: what is sealed, where it belongs, and how it changes.

use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::{AttemptId, GrantId, LinkId, TenantId},
    personal::Subject,
    provider::ProviderId,
};

use super::StoreError;

/// Where a sealed record belongs. It is bound into the seal: a record that was moved does not open.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it is and to what it belongs.
    pub record: Record,
}

/// What a sealed record is, and its owner.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Record {
    /// A link's token, to show it again; deleted when the link ends.
    LinkToken(LinkId),
    /// What a provider gave to an attempt that is not completed yet.
    PendingCredential(AttemptId),
    /// One generation of a grant's credentials.
    Credential(GrantId, u32),
    /// A generation that nothing stands on any more, until it was taken back at the provider.
    Replaced(GrantId, u32),
    /// The PKCE verifier of an attempt.
    Verifier(AttemptId),
    /// A code or an error on its way from the callback host to the agency's host.
    HandOff(AttemptId),
    /// The key that a subject's personal data is sealed under.
    SubjectKey(Subject),
    /// The key that client networks are hashed under in a month (`2026-11`); discarded afterwards.
    NetworkKey(String),
    /// The stored answer of an idempotent call: route and key.
    Receipt(String, String),
    /// An agency's mail account of that number: host, login, sender.
    MailAccount(u32),
    /// The secret of an agency's own app at a provider, under that number.
    ProviderApp(ProviderId, u32),
}

impl Record {
    /// The kind's name, as vault rows and seals carry it. Never renamed.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LinkToken(_) => "link_token",
            Self::PendingCredential(_) => "pending_credential",
            Self::Credential(..) => "credential",
            Self::Replaced(..) => "replaced",
            Self::Verifier(_) => "verifier",
            Self::HandOff(_) => "hand_off",
            Self::SubjectKey(_) => "subject_key",
            Self::NetworkKey(_) => "network_key",
            Self::Receipt(..) => "receipt",
            Self::MailAccount(_) => "mail_account",
            Self::ProviderApp(..) => "provider_app",
        }
    }

    /// The owner's name, as vault rows and seals carry it.
    pub fn owner(&self) -> String {
        match self {
            Self::LinkToken(id) => id.to_string(),
            Self::PendingCredential(id) | Self::Verifier(id) | Self::HandOff(id) => id.to_string(),
            Self::Credential(grant, generation) | Self::Replaced(grant, generation) => format!("{grant}/{generation}"),
            Self::SubjectKey(subject) => subject.to_string(),
            Self::NetworkKey(month) => month.clone(),
            Self::Receipt(route, key) => format!("{route}\n{key}"),
            Self::MailAccount(number) => number.to_string(),
            Self::ProviderApp(provider, number) => format!("{provider}/{number}"),
        }
    }
}

/// A row of the vault.
#[derive(Clone, Debug)]
pub struct SecretRow {
    /// Where it belongs.
    pub place: Place,
    /// The sealed record.
    pub sealed: Vec<u8>,
    /// For credentials: the keyed hash of the provider account behind them. Rows of one account share it, in all tenants.
    pub account_key: Option<[u8; 32]>,
    /// When it was put there.
    pub created_at: Timestamp,
}

/// A change of the vault within a commit.
#[derive(Clone, Debug)]
pub enum SecretChange {
    /// Adds a row; a row that stands there already is a conflict.
    Put(SecretRow),
    /// Deletes a row, if it is there.
    Delete(Place),
    /// Deletes a row that was decided on, if it is there; one that is sealed anew since is a conflict.
    DeleteAsRead(SecretRow),
}

impl SecretChange {
    /// Which row it changes.
    pub fn place(&self) -> &Place {
        match self {
            Self::Put(row) | Self::DeleteAsRead(row) => &row.place,
            Self::Delete(place) => place,
        }
    }
}

/// The vault's rows. Those that belong to a commit change with it ([`super::log::Commit::secrets`]).
#[async_trait]
pub trait Vault: Send + Sync {
    /// The row at a place.
    async fn get(&self, place: &Place) -> Result<Option<SecretRow>, StoreError>;

    /// Adds a row outside any commit, or replaces it: for what belongs to an attempt, which is no event.
    async fn put(&self, row: SecretRow) -> Result<(), StoreError>;

    /// Adds a row outside any commit; one that is there stays.
    async fn put_if_absent(&self, row: SecretRow) -> Result<(), StoreError>;

    /// Deletes a row outside any commit, if it is there.
    async fn delete(&self, place: &Place) -> Result<(), StoreError>;

    /// Deletes all rows of a kind in a tenant but the one at this place (network keys of past months).
    async fn delete_others(&self, kept: &Place) -> Result<(), StoreError>;

    /// Deletes what providers gave to attempts that are no more: their rows went when a customer was erased, and this came late.
    /// Answers how many there were.
    async fn delete_of_no_attempt(&self) -> Result<u64, StoreError>;

    /// The generations of a grant that were set aside, to be taken back at the provider.
    async fn replaced(&self, tenant: TenantId, grant: GrantId) -> Result<Vec<SecretRow>, StoreError>;

    /// The agencies' own apps whose secrets are kept: of every tenant, each with its number.
    async fn provider_apps(&self) -> Result<Vec<(TenantId, ProviderId, u32)>, StoreError>;

    /// The grants of a tenant of which credentials are kept, also those that were set aside.
    async fn grants(&self, tenant: TenantId) -> Result<Vec<GrantId>, StoreError>;

    /// How many rows, in any tenant, stand on the same provider account.
    async fn rows_of_account(&self, account_key: &[u8; 32]) -> Result<u64, StoreError>;
}

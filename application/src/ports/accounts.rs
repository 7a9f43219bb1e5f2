//! Whose turn it is to decide about a provider account: whether its access is taken back, or stood on.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::StoreError;

/// The keyed hash of a provider account and the app that it trusts: the same for all tenants.
pub type AccountKey = [u8; 32];

/// The turns at accounts, for all nodes of an installation. One that is not ended ends by itself, by the database's clock: nodes
/// whose clocks differ agree on whose it is.
#[async_trait]
pub trait AccountTurns: Send + Sync {
    /// Takes the turn at an account for so long, if nobody has it. `holder` is drawn for this turn alone.
    async fn take(&self, account: &AccountKey, holder: Uuid, at_most: Duration) -> Result<bool, StoreError>;

    /// Ends a turn. Whether it still was the holder's: else somebody may have decided meanwhile.
    async fn end(&self, account: &AccountKey, holder: Uuid) -> Result<bool, StoreError>;
}

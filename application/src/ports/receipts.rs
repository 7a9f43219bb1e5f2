//! The end of stored answers. They begin in commits: see `log`.

use async_trait::async_trait;
use domain::{Timestamp, ids::TenantId};

use super::{
    StoreError,
    log::{Receipt, ReceiptKey},
};

/// Deletes receipts whose time is over.
#[async_trait]
pub trait Receipts: Send + Sync {
    /// Deletes the receipt under a key, if it was given at that time or before. One that somebody gave anew meanwhile stays.
    async fn forget(&self, key: &ReceiptKey, given_until: Timestamp) -> Result<(), StoreError>;

    /// A tenant's next receipts behind a key, in the order of their routes and keys; behind none: the first ones.
    async fn page(
        &self,
        tenant: TenantId,
        after: Option<&ReceiptKey>,
        at_most: u32,
    ) -> Result<Vec<Receipt>, StoreError>;

    /// Deletes so many of the receipts that were given at that time or before, and answers how many it found.
    async fn forget_some(&self, given_until: Timestamp, at_most: u32) -> Result<u32, StoreError>;
}

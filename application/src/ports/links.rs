//! Which links are due.

use async_trait::async_trait;
use domain::{Timestamp, ids::LinkId};

use super::StoreError;

/// Looks up open links, of all tenants. May be a moment behind: what is found is decided on the log.
#[async_trait]
pub trait OpenLinks: Send + Sync {
    /// The next links behind one (by the end of their time, then by id) that nobody ended and whose time has come.
    async fn lapsed(
        &self,
        now: Timestamp,
        after: Option<(Timestamp, LinkId)>,
        at_most: u32,
    ) -> Result<Vec<(Timestamp, LinkId)>, StoreError>;
}

//! The end of a node's service, in an order that loses no request: it says that it is not ready, then it takes nothing new, then it
//! stops.

use tokio_util::sync::CancellationToken;

/// How far the end is. Clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    announced: CancellationToken,
    closed: CancellationToken,
}

impl Drain {
    /// From now on the node is not ready, answers tell their connections to close, and streams end.
    pub fn announce(&self) {
        self.announced.cancel();
    }

    /// From now on no connection is accepted, and those that are open end with the request that is under way.
    pub fn close(&self) {
        self.announced.cancel();
        self.closed.cancel();
    }

    /// Whether the end was announced.
    pub fn is_announced(&self) -> bool {
        self.announced.is_cancelled()
    }

    /// Waits for the announcement: what streams without an end ends with it.
    pub fn announced(&self) -> &CancellationToken {
        &self.announced
    }

    /// Waits until nothing new is taken.
    pub fn closed(&self) -> &CancellationToken {
        &self.closed
    }
}

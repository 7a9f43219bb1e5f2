use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;

/// How the server is watched, and how it stops.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OperationsConfig {
    /// Where `/healthz`, `/readyz` and `/metrics` answer. Whoever reaches it may read them.
    pub listen: SocketAddr,
    /// How far a view may be behind before the node says that it is not ready.
    pub ready_lag_seconds: u64,
    /// How much must be free on the disk of the data, in megabytes, before the node says that it is not ready.
    pub ready_free_mb: u64,
    /// How long the node still takes requests after it was told to stop, so that a balancer can notice.
    pub drain_seconds: u64,
}

impl Default for OperationsConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8081)),
            ready_lag_seconds: 60,
            ready_free_mb: 256,
            drain_seconds: 5,
        }
    }
}

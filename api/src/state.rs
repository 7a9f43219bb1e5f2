//! What handlers share.

use std::sync::Arc;

use application::{App, jobs::Duties};
use projections::{checkpoints::Checkpoints, read::Views};

use crate::{
    feeds::Feeds,
    limits::Limits,
    opened::Opened,
    operations::{Drain, Measures},
    proxies::TrustedProxies,
};

/// The server's surroundings.
#[derive(Clone)]
pub struct Server {
    /// The use cases.
    pub app: Arc<App>,
    /// The read models.
    pub views: Arc<dyn Views>,
    /// How far they are.
    pub checkpoints: Checkpoints,
    /// What happens by itself, to wait for.
    pub duties: Duties,
    /// The open streams of the feed.
    pub feeds: Arc<Feeds>,
    /// How often pages may be used on this node.
    pub limits: Arc<Limits>,
    /// Which openings this node has noted.
    pub opened: Arc<Opened>,
    /// Who may say where a request came from.
    pub proxies: Arc<TrustedProxies>,
    /// What this node counts.
    pub measures: Measures,
    /// Whether it is stopping: what streams without an end ends then.
    pub drain: Drain,
}

//! Which openings this node has noted already: spares the log a question for every page. Forgetting one costs nothing, because
//! the log keeps the same opening once.

use std::collections::HashSet;

use domain::{Timestamp, ids::LinkId, trail::Visitor};
use tokio::sync::Mutex;

const MOST: usize = 100_000;

/// The openings of the current hour.
#[derive(Default)]
pub struct Opened(Mutex<(i64, HashSet<(LinkId, Visitor)>)>);

impl Opened {
    /// Whether this is the first opening of its kind in this hour, as far as this node knows.
    pub async fn is_first(&self, link: LinkId, visitor: Visitor, now: Timestamp) -> bool {
        let hour = now.timestamp() / 3_600;
        let mut noted = self.0.lock().await;
        if noted.0 != hour || noted.1.len() >= MOST {
            *noted = (hour, HashSet::new());
        }
        noted.1.insert((link, visitor))
    }
}

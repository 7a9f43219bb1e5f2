//! Requests that got no place are counted, and told together: a line for each would be work for the node when it has too much.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::operations::{Measures, Room};

const EVERY: Duration = Duration::from_secs(1);

/// Says once a second how many there were, where there were any.
pub(super) async fn tell(measures: Measures, stop: CancellationToken) {
    let mut told = [Room::Public, Room::Api].map(|room| (room, 0));
    loop {
        let goes_on = stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some();
        for (room, before) in &mut told {
            let refused = measures.shed_so_far(*room);
            if refused > *before {
                let (room, refused) = (<&str>::from(*room), refused - *before);
                tracing::warn!(room, refused, "refused requests for want of a place");
                *before += refused;
            }
        }
        if !goes_on {
            return;
        }
    }
}

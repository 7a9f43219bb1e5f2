//! The open streams of the feed on this node: how many a tenant has, and when all of them end.

use std::{collections::HashMap, sync::Arc};

use domain::ids::TenantId;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// So many streams a tenant may hold open.
pub const MOST_OF_A_TENANT: usize = 5;
/// So many streams this node holds open for all tenants together.
const MOST: usize = 200;

/// The streams of this node.
pub struct Feeds {
    all: Arc<Semaphore>,
    of: Mutex<HashMap<TenantId, Arc<Semaphore>>>,
    stop: CancellationToken,
}

/// A stream's place among them, free again when it is dropped.
#[derive(Debug)]
pub struct Seat {
    _of_tenant: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
    stop: CancellationToken,
}

impl Default for Feeds {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(MOST)),
            of: Mutex::default(),
            stop: CancellationToken::new(),
        }
    }
}

impl Feeds {
    /// A place for one stream more; none when the tenant, or this node, has as many as it may.
    pub async fn seat(&self, tenant: TenantId) -> Option<Seat> {
        let mut of = self.of.lock().await;
        of.retain(|_, places| places.available_permits() < MOST_OF_A_TENANT); // who holds none is forgotten
        let places = of
            .entry(tenant)
            .or_insert_with(|| Arc::new(Semaphore::new(MOST_OF_A_TENANT)));
        Some(Seat {
            _of_tenant: Arc::clone(places).try_acquire_owned().ok()?,
            _of_all: Arc::clone(&self.all).try_acquire_owned().ok()?,
            stop: self.stop.clone(),
        })
    }

    /// Ends every stream, now and from now on: a server that stops cannot wait for what never ends.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}

impl Seat {
    /// Whether the server stops.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Returns when the server stops.
    pub async fn stopped(&self) {
        self.stop.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{AgencyId, Mode};
    use uuid::Uuid;

    use super::*;

    /// Mutant: with one count for all tenants the second tenant finds no place and this fails.
    #[tokio::test]
    async fn a_tenant_has_so_many_streams_and_takes_none_from_another() {
        let feeds = Feeds::default();
        let tenant = |number| TenantId::of(AgencyId(Uuid::from_u128(number)), Mode::Live);
        let mut seats = Vec::new();
        for _ in 0..MOST_OF_A_TENANT {
            seats.push(feeds.seat(tenant(1)).await.unwrap());
        }
        assert!(feeds.seat(tenant(1)).await.is_none());
        assert!(feeds.seat(tenant(2)).await.is_some());
        seats.pop();
        assert!(feeds.seat(tenant(1)).await.is_some());
    }
}

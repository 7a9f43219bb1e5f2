//! A client that owns a few streams, and so knows what must become of whatever it asks for.

use anyhow::bail;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use uuid::Uuid;

use super::{
    Order, Outcome,
    order::{Append, Seen},
};

const STREAMS: usize = 4;
/// Room for the orders of one client.
const ORDERS: u64 = 10_000_000;

/// Decides by chance what to ask for next.
pub struct Client {
    chance: StdRng,
    next_order: u64,
    tenant: Uuid,
    trail: Uuid,
    streams: Vec<(Uuid, u64)>,
}

impl Client {
    /// The client of a number in a crowd. The trail belongs to all of them.
    pub fn new(seed: u64, number: u64) -> Self {
        let trail = some_id(&mut StdRng::seed_from_u64(seed));
        let mut chance = StdRng::seed_from_u64(seed.wrapping_add(number + 1));
        Self {
            next_order: number * ORDERS,
            tenant: some_id(&mut chance),
            trail,
            streams: (0..STREAMS).map(|_| (some_id(&mut chance), 0)).collect(),
            chance,
        }
    }

    /// The next order, and whether it can stand.
    pub fn order(&mut self) -> (Order, bool) {
        self.next_order += 1;
        let mut order = Order::new(self.next_order, self.tenant);
        let mut stale = false;
        match self.chance.random_range(0..20) {
            0 | 1 => {
                stale = true;
                order.appends = self.appends(1);
                order.appends[0].version += 1; // as if somebody had taken an event away
            }
            2 => order.receipt = Some(some_id(&mut self.chance)),
            3 => order.observations.push(self.observation()),
            4..10 => {
                let streams = self.chance.random_range(2..=3);
                order.appends = self.appends(streams);
            }
            _ => order.appends = self.appends(1),
        }
        if !stale {
            self.decorate(&mut order);
        }
        (order, !stale)
    }

    /// An order of one event with a receipt.
    pub fn plain_order(&mut self) -> Order {
        self.next_order += 1;
        let mut order = Order::new(self.next_order, self.tenant);
        order.appends = self.appends(1);
        order.appends[0].events.truncate(1);
        order.receipt = Some(some_id(&mut self.chance));
        order
    }

    /// Learns what became of an order.
    ///
    /// # Errors
    /// When that is not what had to become of it.
    pub fn learn(&mut self, order: &Order, can_stand: bool, outcome: &Outcome) -> anyhow::Result<()> {
        match outcome {
            Outcome::Committed(_) if can_stand => {
                for append in &order.appends {
                    let known = self.streams.iter_mut().find(|(stream, _)| *stream == append.stream);
                    if let Some((_, version)) = known {
                        *version += append.events.len() as u64;
                    }
                }
                Ok(())
            }
            Outcome::Conflict if !can_stand => Ok(()),
            other => bail!("order {} (can stand: {can_stand}) was answered {other:?}", order.number),
        }
    }

    fn decorate(&mut self, order: &mut Order) {
        if self.chance.random_ratio(1, 4) {
            order.receipt = Some(some_id(&mut self.chance));
        }
        if self.chance.random_ratio(1, 4) {
            order.secret = Some(some_id(&mut self.chance));
        }
        if self.chance.random_ratio(1, 5) {
            order.observations.push(self.observation());
        }
    }

    fn observation(&mut self) -> Seen {
        Seen {
            trail: self.trail,
            event: some_id(&mut self.chance),
        }
    }

    /// One or two events for each of so many streams.
    fn appends(&mut self, streams: usize) -> Vec<Append> {
        let first = self.chance.random_range(0..STREAMS);
        let chosen = (first..first + streams).map(|index| self.streams[index % STREAMS]);
        let chosen: Vec<_> = chosen.collect();
        let mut append = |(stream, version)| Append {
            stream,
            version,
            events: (0..self.chance.random_range(1..=2))
                .map(|_| some_id(&mut self.chance))
                .collect(),
        };
        chosen.into_iter().map(&mut append).collect()
    }
}

fn some_id(chance: &mut impl Rng) -> Uuid {
    Uuid::from_u64_pair(chance.random(), chance.random())
}

//! The figures about access to customers' accounts.

use application::ports::refreshes::RefreshFigures;
use domain::grant::{LossReason, RefreshFailure};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};
use strum::IntoEnumIterator;

use super::labels::{OfState, Renewed, Why};

/// What is to be renewed, what stands in the way, and how it went.
#[derive(Default)]
pub(super) struct RenewalFigures {
    credentials: Family<OfState, Gauge>,
    failing: Family<Why, Gauge>,
    lost: Family<Why, Gauge>,
    ended: Family<Renewed, Counter>,
}

impl RenewalFigures {
    pub(super) fn register(&self, registry: &mut Registry) {
        let due = "Access to accounts that should be renewed";
        registry.register("credentials", due, self.credentials.clone());
        let failing = "Access to accounts that cannot be renewed";
        registry.register("credentials_failing", failing, self.failing.clone());
        let lost = "Access to accounts that is worth nothing any more";
        registry.register("credentials_lost", lost, self.lost.clone());
        registry.register("refreshes", "How renewals of this node ended", self.ended.clone());
    }

    /// Takes in what the database says. A reason that is none any more stands at nought: a figure that went away would look like
    /// one that nobody took.
    pub(super) fn found(&self, refreshes: &RefreshFigures) {
        for (state, count) in [("due", refreshes.due), ("overdue", refreshes.overdue)] {
            set(&self.credentials, &OfState { state }, count);
        }
        for reason in RefreshFailure::iter() {
            let labels = Why {
                reason: reason.to_string(),
            };
            set(&self.failing, &labels, counted(&refreshes.failing, &reason));
        }
        for reason in LossReason::iter() {
            let labels = Why {
                reason: reason.to_string(),
            };
            set(&self.lost, &labels, counted(&refreshes.lost, &reason));
        }
    }

    /// Takes in how often renewals ended how since the node started.
    pub(super) fn ended(&self, totals: &[((String, &'static str), u64)]) {
        for ((provider, outcome), total) in totals {
            let provider = provider.clone();
            let counter = self.ended.get_or_create_owned(&Renewed { provider, outcome });
            counter.inc_by(total.saturating_sub(counter.get()));
        }
    }
}

fn counted<T: PartialEq>(counts: &[(T, u64)], wanted: &T) -> u64 {
    let found = counts.iter().find(|(reason, _)| reason == wanted);
    found.map_or(0, |(_, count)| *count)
}

fn set<L>(family: &Family<L, Gauge>, labels: &L, count: u64)
where
    L: Clone + Eq + std::hash::Hash,
{
    family
        .get_or_create(labels)
        .set(i64::try_from(count).unwrap_or(i64::MAX));
}

use std::time::Duration;

use anyhow::ensure;
use application::credentials::RefreshPace;
use serde::Deserialize;

/// How long renewals of credentials may take.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RefreshConfig {
    /// A provider's answer is waited for so long at most, whatever the provider's own `timeout_seconds` is.
    pub answer_seconds: u64,
    /// What a node that died had in hand is another's after so long.
    pub lease_seconds: u64,
    /// So long a reader waits for a renewal.
    pub patience_seconds: u64,
}

impl Default for RefreshConfig {
    fn default() -> Self {
        let pace = RefreshPace::default();
        Self {
            answer_seconds: pace.deadline.as_secs(),
            lease_seconds: pace.lease.as_secs(),
            patience_seconds: pace.patience.as_secs(),
        }
    }
}

impl RefreshConfig {
    /// What renewals keep to.
    pub fn pace(&self) -> RefreshPace {
        RefreshPace {
            deadline: Duration::from_secs(self.answer_seconds),
            lease: Duration::from_secs(self.lease_seconds),
            patience: Duration::from_secs(self.patience_seconds),
            ..RefreshPace::default()
        }
    }

    pub(super) fn validate(&self) -> anyhow::Result<()> {
        ensure!(
            (1..=120).contains(&self.answer_seconds),
            "set refresh.answer_seconds to 1 to 120"
        );
        ensure!(
            (self.answer_seconds + 2..=600).contains(&self.lease_seconds),
            "set refresh.lease_seconds to 600 at most, and to two seconds more than refresh.answer_seconds at least: two nodes would ask at once"
        );
        ensure!(
            (1..=60).contains(&self.patience_seconds),
            "set refresh.patience_seconds to 1 to 60"
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// VA-4: while an answer is waited for, the credential is in nobody else's hands.
    #[test]
    fn a_lease_outlives_every_wait_for_an_answer() {
        assert!(RefreshConfig::default().validate().is_ok());
        for (answer_seconds, lease_seconds, patience_seconds) in [
            (0, 90, 20),
            (121, 200, 20),
            (60, 61, 20),
            (60, 601, 20),
            (60, 90, 0),
            (60, 90, 61),
        ] {
            let config = RefreshConfig {
                answer_seconds,
                lease_seconds,
                patience_seconds,
            };
            assert!(config.validate().is_err(), "{config:?}");
        }
    }
}

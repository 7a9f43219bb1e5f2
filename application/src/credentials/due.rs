//! Credentials whose time has come are renewed before anybody has to wait for it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::grant::RefreshFailure;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::renew::{Need, Renewal};
use crate::{
    app::App,
    jobs::{Care, Handler, Outcome, Run, SHARE},
    ports::{
        StoreError,
        refreshes::{CredentialKey, Ending, Share, Taking},
    },
    work::after,
};

/// The kind of the job.
const KIND: &str = "renew_credentials";
/// How often it is looked.
const EVERY: TimeDelta = TimeDelta::seconds(15);
/// So many are looked up at once.
const PAGE: u32 = 200;
/// What cannot be asked for comes again after so long.
const PUT_OFF: TimeDelta = TimeDelta::minutes(10);
/// So many of a share are asked for at once: providers count how many calls come in.
const AT_ONCE: usize = 16;
/// After so long the rest is another turn's, perhaps another node's.
const LONGEST: Duration = Duration::from_mins(1);
/// So many shares are looked after on a node at once. Less than there are, so that another node gets some.
const SHARES_AT_ONCE: usize = 2;

/// Renews what is due, in shares that all nodes have a part in: each is in one node's hands, as the lease of its job says.
pub struct RenewDue;

impl RenewDue {
    /// In so many jobs.
    pub const SHARES: u32 = 4;
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// As good as new.
    pub renewed: usize,
    /// To be tried again.
    pub failed: usize,
    /// Worth nothing any more.
    pub lost: usize,
    /// There was more than time for it.
    pub is_more: bool,
}

impl App {
    /// Renews what is due of a share, until nothing is, or it took too long.
    ///
    /// # Errors
    /// When it cannot be looked up what is due.
    pub async fn renew_due(self: &Arc<Self>, share: Share) -> Result<Looked, StoreError> {
        let (begun, mut done) = (Instant::now(), Looked::default());
        loop {
            if begun.elapsed() >= LONGEST {
                done.is_more = true;
                return Ok(done);
            }
            let page = self.refreshes.due(self.clock.now(), PAGE, share).await?;
            let (found, mut moved) = (page.len(), 0);
            let mut renewals = stream::iter(page)
                .map(|key| async move { (key, self.renew(key, Need::Due).await) })
                .buffer_unordered(AT_ONCE);
            while let Some((key, renewal)) = renewals.next().await {
                match renewal {
                    Ok(Renewal::Renewed | Renewal::Gone) => done.renewed += 1,
                    Ok(Renewal::Failed { .. }) => done.failed += 1,
                    Ok(Renewal::Lost(_)) => done.lost += 1,
                    Ok(Renewal::Busy) => continue,
                    Err(error) => {
                        tracing::warn!(grant = %key.grant, %error, "credentials could not be looked after");
                        self.put_off(&key).await?;
                        continue;
                    }
                }
                moved += 1;
            }
            drop(renewals);
            if found < PAGE as usize || moved == 0 {
                return Ok(done);
            }
        }
    }

    /// What cannot even be asked for, because its row cannot be opened, comes later: it keeps nobody else waiting.
    async fn put_off(&self, key: &CredentialKey) -> Result<(), StoreError> {
        let now = self.clock.now();
        let taking = self.refreshes.take(key, self.refreshing.pace.lease, now).await?;
        let Taking::Held(hold) = taking else {
            return Ok(());
        };
        let ending = Ending::Failed {
            problem: RefreshFailure::Unavailable,
            due_at: after(now, PUT_OFF),
            not_before: now,
            is_unanswered: false,
            at: now,
        };
        self.refreshes.end(key, &hold, ending).await.map(|_| ())
    }
}

#[async_trait]
impl Handler for RenewDue {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn care(&self) -> Care {
        Care {
            at_once: SHARES_AT_ONCE,
            ..Care::recurring(Duration::from_mins(10))
        }
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let now = run.app.clock.now();
        let share = Share {
            number: run.job.id_of(SHARE).unwrap_or_default(),
            of: Self::SHARES,
        };
        match run.app.renew_due(share).await {
            Ok(looked) => Outcome::Again {
                result: format!(
                    "{} renewed, {} failed, {} lost",
                    looked.renewed, looked.failed, looked.lost
                ),
                at: if looked.is_more { now } else { after(now, EVERY) },
            },
            Err(error) => error.into(),
        }
    }
}

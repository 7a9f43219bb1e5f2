//! Credentials whose time has come are renewed before anybody has to wait for it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::renew::{Need, Renewal};
use crate::{
    app::App,
    jobs::{Care, Handler, Outcome, Run},
    ports::StoreError,
    work::after,
};

/// The kind of the job.
const KIND: &str = "renew_credentials";
/// How often it is looked.
const EVERY: TimeDelta = TimeDelta::seconds(15);
/// So many are looked up at once.
const PAGE: u32 = 200;
/// So many are asked for at once: providers count how many calls come in.
const AT_ONCE: usize = 8;
/// After so long the rest is left to the next time.
const LONGEST: Duration = Duration::from_mins(5);

/// Renews what is due. One node at a time does it; which one, the job's lease says.
pub struct RenewDue;

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// As good as new.
    pub renewed: usize,
    /// To be tried again.
    pub failed: usize,
    /// Worth nothing any more.
    pub lost: usize,
}

impl App {
    /// Renews what is due, until nothing is, or it took too long.
    ///
    /// # Errors
    /// When it cannot be looked up what is due.
    pub async fn renew_due(self: &Arc<Self>) -> Result<Looked, StoreError> {
        let (begun, mut done) = (Instant::now(), Looked::default());
        while begun.elapsed() < LONGEST {
            let page = self.refreshes.due(self.clock.now(), PAGE).await?;
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
                        continue;
                    }
                }
                moved += 1;
            }
            drop(renewals);
            if found < PAGE as usize || moved == 0 {
                break;
            }
        }
        Ok(done)
    }
}

#[async_trait]
impl Handler for RenewDue {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn care(&self) -> Care {
        Care::recurring(Duration::from_mins(10))
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let at = after(run.app.clock.now(), EVERY);
        match run.app.renew_due().await {
            Ok(Looked { renewed, failed, lost }) => Outcome::Again {
                result: format!("{renewed} renewed, {failed} failed, {lost} lost"),
                at,
            },
            Err(error) => error.into(),
        }
    }
}

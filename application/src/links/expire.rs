//! A link whose time has come gets its last event, also when nobody ever touches it again. Pages and API go by the clock; the
//! event ends what hangs on the link: the integration stops waiting, and the token's sealed copy goes.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::{
    connect_link::{ConnectLink, ConnectLinkCommand, LinkEnd},
    ids::LinkId,
    log::StreamId,
};
use futures_util::{StreamExt, stream};

use super::LinkInHand;
use crate::{
    app::App,
    error::CommandError,
    jobs::{Care, Handler, Outcome, Run},
    metadata::Actor,
    ports::{StoreError, links::OpenLinks},
    run::{Decision, UseCase},
    work::{Work, after},
};

/// The kind of the job that sweeps.
const SWEEP: &str = "expire_links";
/// How often.
const EVERY: TimeDelta = TimeDelta::minutes(1);
/// So many links are looked up at once.
const PAGE: u32 = 500;
/// So many of them are committed at once: they share the log's batches.
const AT_ONCE: usize = 16;

/// Records that a link's time has come. Answers whether that was to be done.
struct ExpireLink(LinkId);

impl UseCase for ExpireLink {
    type Answer = bool;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<bool>, CommandError> {
        let mut hand = LinkInHand::load(work, self.0).await?;
        let was_live = hand.link.recorded_end().is_none();
        let now = work.context().now;
        hand.execute(work, ConnectLinkCommand::Expire { now }).await?;
        Ok(Decision::Done(
            was_live && hand.link.recorded_end() == Some(LinkEnd::Expired),
        ))
    }
}

impl App {
    /// Records that a link's time has come, if it has, and nothing else has ended it. Answers whether that was to be done:
    /// however many nodes ask at once, one of them hears yes.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn expire_link(self: &Arc<Self>, id: LinkId) -> Result<bool, CommandError> {
        let stream = StreamId::of::<ConnectLink>(id);
        let Some(found) = self.replay::<ConnectLink>(&stream).await? else {
            return Ok(false);
        };
        let Some(terms) = found.state.terms() else {
            return Ok(false);
        };
        let context = self.context_of(found.owner, terms.agency, Actor::System);
        Ok(self.run(&context, ExpireLink(id)).await?.answer)
    }
}

/// Sweeps links whose time has come.
pub struct SweepLinks(pub Arc<dyn OpenLinks>);

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Links that got their last event.
    pub expired: usize,
    /// Links that could not get it; they are found again.
    pub failed: usize,
}

impl SweepLinks {
    /// Once through everything whose time has come. Two nodes may do it at once.
    ///
    /// # Errors
    /// When the links cannot be looked up.
    pub async fn sweep(&self, app: &Arc<App>) -> Result<Swept, StoreError> {
        let (now, mut swept, mut last) = (app.clock.now(), Swept::default(), None);
        loop {
            let page = self.0.lapsed(now, last, PAGE).await?;
            last = page.last().copied();
            let is_full = page.len() == PAGE as usize;
            let mut ends = stream::iter(page)
                .map(|(_, link)| async move { (link, app.expire_link(link).await) })
                .buffer_unordered(AT_ONCE);
            while let Some((link, end)) = ends.next().await {
                match end {
                    Ok(expired) => swept.expired += usize::from(expired),
                    Err(error) => {
                        tracing::warn!(%link, %error, "that a link expired could not be recorded");
                        swept.failed += 1;
                    }
                }
            }
            drop(ends);
            if !is_full {
                return Ok(swept);
            }
        }
    }
}

#[async_trait]
impl Handler for SweepLinks {
    fn kind(&self) -> &'static str {
        SWEEP
    }

    fn care(&self) -> Care {
        Care::recurring(Duration::from_mins(10))
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let at = after(run.app.clock.now(), EVERY);
        match self.sweep(run.app).await {
            Ok(Swept { expired, failed }) => Outcome::Again {
                result: format!("{expired} expired, {failed} failed"),
                at,
            },
            Err(error) => error.into(),
        }
    }
}

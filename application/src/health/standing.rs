//! From an account to its connections: when a grant's credentials are lost, each integration that stands on them needs a new
//! sign-in; when a new sign-in takes their place, each one of them works again.
//!
//! Both are one question, asked of the log when it is answered: how does the generation stand that serves this integration now?
//! Whoever was faster wins, in whichever order the jobs are done, and a job that is done twice finds nothing to do.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use cqrs_es::Aggregate;
use domain::{
    event::Event,
    grant::{Grant, GrantEvent, Standing},
    ids::{GrantId, IntegrationId, TenantId},
    integration::{Integration, IntegrationCommand, Slot},
    log::{Recorded, StreamId},
};
use futures_util::{StreamExt, stream};

use super::renewing::{ASK, PATIENCE};
use crate::{
    app::App,
    error::CommandError,
    jobs::{Care, Handler, Outcome, Policy, Run, Wanted},
    links::withdraw_needless,
    metadata::{self, Actor},
    run::{Decision, UseCase},
    work::{Work, after},
};

/// The kind of its jobs.
const KIND: &str = "stand_as_the_grant";
/// The grant that a job is about.
pub(super) const GRANT: &str = "grant";
/// The generation that a job is about.
pub(super) const GENERATION: &str = "generation";
/// So many integrations of a grant are brought in line at once: they share the log's batches.
const AT_ONCE: usize = 8;

/// Credentials that were lost, or that took others' place, become a job about all who stand on them.
pub struct FollowGrants;

impl Policy for FollowGrants {
    fn name(&self) -> &'static str {
        "grants"
    }

    fn follows(&self, aggregate_type: &str, event_type: &str) -> bool {
        aggregate_type == Grant::TYPE && matches!(event_type, "Granted" | "Lost")
    }

    fn jobs(&self, event: &Event, recorded: &Recorded) -> Vec<Wanted> {
        let (generation, is_lost) = match event {
            Event::Grant(GrantEvent::Lost { generation, .. }) => (*generation, true),
            // Where nobody else stood on it before, whoever signed in is told by the commit itself.
            Event::Grant(GrantEvent::Granted {
                generation, takes_over, ..
            }) if !takes_over.is_empty() => (*generation, false),
            _ => return vec![],
        };
        let about = |kind| {
            let wanted = Wanted::new(kind).about(GRANT, &recorded.aggregate_id);
            wanted.about(GENERATION, generation)
        };
        let asking = about(ASK).at(after(recorded.recorded_at, PATIENCE));
        std::iter::once(about(KIND)).chain(is_lost.then_some(asking)).collect()
    }
}

/// Brings every integration of a generation in line with its grant.
pub struct StandAsTheGrant;

#[async_trait]
impl Handler for StandAsTheGrant {
    fn kind(&self) -> &'static str {
        KIND
    }

    /// An agency's account may hold thousands of listings.
    fn care(&self) -> Care {
        Care {
            deadline: Duration::from_mins(10),
            ..Care::default()
        }
    }

    async fn run(&self, run: &Run<'_>) -> Outcome {
        let ids = (run.job.tenant, run.job.id_of(GRANT), run.job.id_of(GENERATION));
        let (Some(tenant), Some(grant), Some(generation)) = ids else {
            return Outcome::Dead("the job does not say what it is about".to_owned());
        };
        match run.app.stand_as_grant(tenant, grant, generation).await {
            Ok(changed) => Outcome::Done(format!("{changed} connections stand differently now")),
            Err(error) => error.into(),
        }
    }
}

impl App {
    /// Brings every integration that stands on a generation in line with its grant, one commit each. Answers how many that
    /// changed.
    ///
    /// # Errors
    /// When a store fails; what was not reached is found by the next time.
    pub async fn stand_as_grant(
        self: &Arc<Self>,
        tenant: TenantId,
        grant: GrantId,
        generation: u32,
    ) -> Result<usize, CommandError> {
        let integrations = self.standing_on(tenant, grant, generation).await?;
        let each = |integration| async move { self.stand(tenant, grant, integration).await };
        let mut ends = stream::iter(integrations).map(each).buffer_unordered(AT_ONCE);
        let mut changed = 0;
        while let Some(end) = ends.next().await {
            changed += usize::from(end?);
        }
        Ok(changed)
    }

    /// Who stands on a generation now. Nobody, once a newer one took its place: that one's job is about them.
    pub(super) async fn standing_on(
        &self,
        tenant: TenantId,
        grant: GrantId,
        generation: u32,
    ) -> Result<Vec<IntegrationId>, CommandError> {
        let found = self.replay::<Grant>(&StreamId::of::<Grant>(grant)).await?;
        let found = found.filter(|found| found.owner == tenant);
        let generation = found.as_ref().and_then(|found| found.state.generation(generation));
        Ok(generation.map_or_else(Vec::new, |generation| generation.integrations().collect()))
    }

    async fn stand(
        self: &Arc<Self>,
        tenant: TenantId,
        grant: GrantId,
        integration: IntegrationId,
    ) -> Result<bool, CommandError> {
        let Some((slot, agency)) = self.place_of(tenant, integration).await? else {
            return Ok(false);
        };
        let context = self.context_of(tenant, agency, Actor::System);
        let command = Stand {
            grant,
            integration,
            slot,
        };
        Ok(self.run(&context, command).await?.answer)
    }
}

/// Brings one integration in line with its grant. Answers whether that changed anything.
struct Stand {
    grant: GrantId,
    integration: IntegrationId,
    slot: Slot,
}

impl UseCase for Stand {
    type Answer = bool;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<bool>, CommandError> {
        // In this unit of work, so that the commit fails when a sign-in was faster.
        let grant = work.load::<Grant>(self.grant).await?;
        let mut integration = work.load::<Integration>(self.integration).await?;
        let serving = grant.serving(self.integration);
        let Some(generation) = serving.and_then(|number| grant.generation(number)) else {
            return Ok(Decision::Done(false)); // it stands on another account by now, or on none
        };
        let before = integration.needs_reconnect();
        let grant = self.grant;
        let command = match generation.standing() {
            Standing::Lost(reason) => IntegrationCommand::Break { grant, reason },
            Standing::Well | Standing::Failing(_) => IntegrationCommand::Recover { grant },
        };
        if before.is_some() && matches!(command, IntegrationCommand::Recover { .. }) {
            integration = withdraw_needless(work, integration).await?;
        }
        note_place(work, self.integration, &self.slot);
        work.execute(&mut integration, command).await?;
        Ok(Decision::Done(integration.needs_reconnect() != before))
    }
}

/// Notes what a commit about an integration is about.
pub(super) fn note_place(work: &mut Work<'_>, integration: IntegrationId, slot: &Slot) {
    work.note(metadata::INTEGRATION, integration);
    work.note(metadata::LOCATION, slot.location);
    work.note(metadata::CUSTOMER, slot.customer);
}

//! What the log hears of how an account's credentials fare.

use std::sync::Arc;

use domain::{
    grant::{Grant, GrantCommand, LossReason, Standing},
    ids::IntegrationId,
    integration::Slot,
    log::StreamId,
};

use crate::{
    app::App,
    error::CommandError,
    metadata::{self, Actor},
    ports::refreshes::CredentialKey,
    run::{Decision, UseCase},
    work::Work,
};

/// Notes how a generation stands, if that is news.
struct NoteStanding {
    key: CredentialKey,
    /// What it is noted about, where it is one connection alone.
    about: Option<(IntegrationId, Slot)>,
    command: GrantCommand,
}

impl UseCase for NoteStanding {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        if let Some((integration, slot)) = &self.about {
            work.note(metadata::INTEGRATION, integration);
            work.note(metadata::LOCATION, slot.location);
            work.note(metadata::CUSTOMER, slot.customer);
        }
        let mut grant = work.load::<Grant>(self.key.grant).await?;
        work.execute(&mut grant, self.command.clone()).await?;
        Ok(Decision::Done(()))
    }
}

/// How a generation stands, and for whom.
pub(super) struct Stood {
    pub(super) standing: Standing,
    pub(super) given_to: domain::grant::GivenTo,
    pub(super) integrations: Vec<IntegrationId>,
}

impl App {
    /// How a generation stands; none when nothing stands on it.
    pub(super) async fn stood(&self, key: &CredentialKey) -> Result<Option<Stood>, CommandError> {
        let found = self.replay::<Grant>(&StreamId::of::<Grant>(key.grant)).await?;
        let found = found.filter(|found| found.owner == key.tenant);
        Ok(found.and_then(|found| {
            let generation = found.state.generation(key.generation)?;
            Some(Stood {
                standing: generation.standing(),
                given_to: found.state.given_to()?.clone(),
                integrations: generation.integrations().collect(),
            })
        }))
    }

    /// Tells the log what became of a generation. The integrations hear of it from there.
    pub(super) async fn note_standing(
        self: &Arc<Self>,
        key: &CredentialKey,
        stood: &Stood,
        command: GrantCommand,
    ) -> Result<(), CommandError> {
        let mut about = None;
        for integration in &stood.integrations {
            if let Some(place) = self.place_of(key.tenant, *integration).await? {
                about = Some((*integration, place));
                break;
            }
        }
        let Some((integration, (slot, agency))) = about else {
            return Ok(()); // whoever stood on it is over
        };
        let context = self.context_of(key.tenant, agency, Actor::System);
        let is_alone = stood.integrations.len() == 1;
        let note = NoteStanding {
            key: *key,
            about: is_alone.then_some((integration, slot)),
            command,
        };
        self.run(&context, note).await.map(|_| ())
    }

    /// Why an answer that is the same for many causes was given: credentials of an app that is registered for testing only end
    /// after seven days. That is said only where others of the app ended at that age too, and none of them ever lived longer.
    pub(super) async fn why_lost(
        &self,
        reason: LossReason,
        age: chrono::TimeDelta,
        app: &str,
    ) -> Result<LossReason, CommandError> {
        let (from, to) = (TESTING_FROM, TESTING_TO);
        let age = age.to_std().unwrap_or_default();
        if reason != LossReason::ExpiredOrRevoked || !(from..=to).contains(&age) {
            return Ok(reason);
        }
        let known = self.refreshes.lifetimes(app, from, to).await?;
        Ok(if known.lost_within > 0 && known.renewed_beyond == 0 {
            LossReason::TestingEnded
        } else {
            reason
        })
    }
}

/// Seven days, give or take half of one.
const TESTING_FROM: std::time::Duration = std::time::Duration::from_hours(156);
const TESTING_TO: std::time::Duration = std::time::Duration::from_hours(180);

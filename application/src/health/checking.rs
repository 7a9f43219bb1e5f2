//! A connection is checked: the provider is asked for everything that it is good for. What changed is an event; that the same was
//! said again is a row. A connection that needs a new sign-in is not checked: the provider would say nothing new.

use std::sync::Arc;

use domain::{
    grant::Grant,
    ids::{IntegrationId, TenantId},
    integration::{Integration, IntegrationCommand, Slot},
    log::{Position, StreamId},
};

use super::standing::note_place;
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    integrations::Serving,
    metadata::Actor,
    ports::{health::LastAnswer, provider::Probed},
    run::{Decision, UseCase},
    work::Work,
};

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The provider was asked.
    Asked {
        /// What it answered.
        answers: Vec<Probed>,
        /// How much of that was news.
        changed: usize,
        /// How far a reader must be to see it.
        position: Position,
    },
    /// It was not asked: only a new sign-in helps.
    NeedsReconnect,
    /// There is nothing to ask about.
    NotConnected,
}

impl App {
    /// Whether a tenant has such an integration, and it is not over.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn has_integration(&self, tenant: TenantId, integration: IntegrationId) -> Result<bool, CommandError> {
        Ok(self.place_of(tenant, integration).await?.is_some())
    }

    /// Checks a connection of a tenant, in the name of the server.
    ///
    /// # Errors
    /// When a store fails, or the provider is not configured any more.
    pub async fn check_connection(
        self: &Arc<Self>,
        tenant: TenantId,
        integration: IntegrationId,
    ) -> Result<Checked, CommandError> {
        let Some((_, agency)) = self.place_of(tenant, integration).await? else {
            return Ok(Checked::NotConnected);
        };
        let context = self.context_of(tenant, agency, Actor::System);
        self.check_connection_for(&context, integration).await
    }

    /// The same for whoever asked.
    ///
    /// # Errors
    /// As [`App::check_connection`].
    pub async fn check_connection_for(
        self: &Arc<Self>,
        context: &Context,
        integration: IntegrationId,
    ) -> Result<Checked, CommandError> {
        let Some((slot, _)) = self.place_of(context.tenant, integration).await? else {
            return Ok(Checked::NotConnected);
        };
        let stream = StreamId::of::<Integration>(integration);
        let found = self.replay::<Integration>(&stream).await?;
        if found.is_some_and(|found| found.state.needs_reconnect().is_some()) {
            return Ok(Checked::NeedsReconnect);
        }
        let serving = match self.fresh_credential(context.tenant, integration).await {
            Ok(fresh) => fresh.serving,
            Err(CommandError::NotConnected) => return Ok(Checked::NotConnected),
            Err(CommandError::NeedsReconnect(_)) => return Ok(Checked::NeedsReconnect),
            Err(error) => return Err(error),
        };
        let given_to = &serving.given_to;
        let connector = self.connector_for(&given_to.provider, &given_to.app).await?;
        let answers = connector.probe(&serving.credential, &serving.listing).await;
        let note = NoteAnswers {
            integration,
            slot,
            serving,
            answers: answers.clone(),
        };
        let done = self.run(context, note).await?;
        let Some(noted) = done.answer else {
            return Ok(Checked::NotConnected);
        };
        self.keep_answers(context.tenant, integration, noted.life, &answers)
            .await?;
        Ok(Checked::Asked {
            answers,
            changed: noted.changed,
            position: done.position,
        })
    }

    /// Only what says something counts as an answer.
    async fn keep_answers(
        &self,
        tenant: TenantId,
        integration: IntegrationId,
        life: u32,
        answers: &[Probed],
    ) -> Result<(), CommandError> {
        let at = self.clock.now();
        let says_something = answers.iter().filter(|probed| probed.answer.state().is_some());
        let last: Vec<LastAnswer> = says_something
            .map(|probed| LastAnswer {
                integration,
                life,
                capability: probed.capability,
                answer: probed.answer,
                at,
            })
            .collect();
        match last.as_slice() {
            [] => Ok(()),
            last => Ok(self.answers.keep(tenant, last).await?),
        }
    }
}

/// Notes what a provider answered about the connection that it was asked about.
struct NoteAnswers {
    integration: IntegrationId,
    slot: Slot,
    serving: Serving,
    answers: Vec<Probed>,
}

/// What was noted.
struct Noted {
    life: u32,
    changed: usize,
}

impl UseCase for NoteAnswers {
    /// None where the connection is another one by now: what was answered says nothing about it.
    type Answer = Option<Noted>;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Self::Answer>, CommandError> {
        let grant = work.load::<Grant>(self.serving.grant).await?;
        let mut integration = work.load::<Integration>(self.integration).await?;
        note_place(work, self.integration, &self.slot);
        let connection = integration.connection();
        let is_the_same = connection.is_some_and(|connection| {
            connection.grant == self.serving.grant && connection.listing == self.serving.listing
        });
        let served_by = grant.serving(self.integration);
        if !is_the_same || served_by != Some(self.serving.generation) || integration.needs_reconnect().is_some() {
            return Ok(Decision::Done(None));
        }
        let mut changed = 0;
        for probed in &self.answers {
            let Some(state) = probed.answer.state() else { continue };
            let capability = probed.capability;
            changed += usize::from(integration.capability(capability) != state);
            let command = IntegrationCommand::ObserveCapability { capability, state };
            work.execute(&mut integration, command).await?;
        }
        let life = integration.life();
        Ok(Decision::Done(Some(Noted { life, changed })))
    }
}

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
    credentials::{Need, Renewal},
    error::CommandError,
    integrations::Serving,
    metadata::Actor,
    ports::{
        health::LastAnswer,
        provider::{Answer, Connector, Probed, ProviderError},
    },
    run::{Decision, UseCase},
    work::Work,
};

/// So often it is asked again, when somebody signs in anew while the provider is asked.
const MOST_LOOKS: u32 = 3;

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

    /// The same for whoever asked. What was answered about credentials that were replaced meanwhile says nothing: it is asked again.
    ///
    /// # Errors
    /// As [`App::check_connection`]; [`CommandError::Contended`] when others were faster too often.
    pub async fn check_connection_for(
        self: &Arc<Self>,
        context: &Context,
        integration: IntegrationId,
    ) -> Result<Checked, CommandError> {
        for _ in 0..MOST_LOOKS {
            if let Some(checked) = self.check_once(context, integration).await? {
                return Ok(checked);
            }
        }
        Err(CommandError::Contended)
    }

    /// None where the connection is another one since.
    async fn check_once(
        self: &Arc<Self>,
        context: &Context,
        integration: IntegrationId,
    ) -> Result<Option<Checked>, CommandError> {
        let Some((slot, _)) = self.place_of(context.tenant, integration).await? else {
            return Ok(Some(Checked::NotConnected));
        };
        let stream = StreamId::of::<Integration>(integration);
        let found = self.replay::<Integration>(&stream).await?;
        if found.is_some_and(|found| found.state.needs_reconnect().is_some()) {
            return Ok(Some(Checked::NeedsReconnect));
        }
        let asked = match self.probed(context.tenant, integration).await {
            Err(CommandError::NotConnected) => return Ok(Some(Checked::NotConnected)),
            Err(CommandError::NeedsReconnect(_)) => return Ok(Some(Checked::NeedsReconnect)),
            asked => asked?,
        };
        let (serving, answers) = asked;
        let note = NoteAnswers {
            integration,
            slot,
            serving,
            answers: answers.clone(),
        };
        let done = self.run(context, note).await?;
        let Some(noted) = done.answer else {
            return Ok(None);
        };
        self.keep_answers(context.tenant, integration, noted.life, &answers)
            .await?;
        Ok(Some(Checked::Asked {
            answers,
            changed: noted.changed,
            position: done.position,
        }))
    }

    /// What the provider answers about a connection. A token that it refuses is renewed, and it is asked once more: so an access
    /// that was taken back is known at once, and not only when the token would have ended.
    async fn probed(
        self: &Arc<Self>,
        tenant: TenantId,
        integration: IntegrationId,
    ) -> Result<(Serving, Vec<Probed>), CommandError> {
        let mut is_first = true;
        loop {
            let serving = self.fresh_credential(tenant, integration).await?.serving;
            let (given_to, credential) = (&serving.given_to, &serving.credential);
            let connector = self.connector_for(&given_to.provider, &given_to.app).await?;
            let answers = connector.probe(credential, &serving.listing).await;
            let is_refused = answers.iter().any(|probed| probed.answer == Answer::TokenRefused);
            if !is_refused || !is_first || !self.renew_refused(&*connector, &serving).await? {
                return Ok((serving, answers));
            }
            is_first = false;
        }
    }

    /// Whether there are others in place of credentials that one interface refused, or none any more.
    async fn renew_refused(
        self: &Arc<Self>,
        connector: &dyn Connector,
        serving: &Serving,
    ) -> Result<bool, CommandError> {
        let credential = &serving.credential;
        // Nothing to renew it with: it is lost only if the provider says so in two places.
        let is_dead = || async {
            let whose = connector.identify(&credential.access_token).await;
            matches!(whose, Err(ProviderError::Refused(_)))
        };
        if credential.refresh_token.is_none() && !is_dead().await {
            return Ok(false);
        }
        let need = Need::Refused(credential.access_token.clone());
        Ok(match self.renew(serving.key(), need).await? {
            Renewal::Renewed | Renewal::Lost(_) | Renewal::Gone => true,
            Renewal::Busy | Renewal::Failed { .. } => false,
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

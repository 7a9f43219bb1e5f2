//! Credentials are given to whoever may read them, and it is written down before they are.

use std::sync::Arc;

use domain::{
    ids::IntegrationId,
    integration::Slot,
    trail::{IntegrationObservation, integration_trail},
};

use super::fresh::Fresh;
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    metadata,
    ports::refreshes::CredentialRead,
    run::{Decision, UseCase},
    work::Work,
};

/// What somebody reads credentials for: a short plain word, shown to auditors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purpose(String);

/// Why a text is no purpose.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 100 letters, digits, spaces or . _ - / :")]
pub struct InvalidPurpose;

impl Purpose {
    /// # Errors
    /// When it is empty, too long, or holds anything that could be more than a plain word.
    pub fn parse(text: &str) -> Result<Self, InvalidPurpose> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" ._-/:".contains(&byte);
        match text.len() {
            1..=100 if text.bytes().all(is_plain) && !text.trim().is_empty() => Ok(Self(text.to_owned())),
            _ => Err(InvalidPurpose),
        }
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A read that is asked for.
#[derive(Clone, Debug)]
pub struct ReadCredential {
    /// The connection.
    pub integration: IntegrationId,
    /// What for.
    pub purpose: Purpose,
}

/// Notes that somebody read credentials: once for each reader and day. A trail is appended to at any version, so a reader never
/// stands in the way of a command.
struct NoteRead {
    asked: ReadCredential,
    slot: Slot,
}

impl UseCase for NoteRead {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let context = work.context();
        let integration = self.asked.integration;
        work.note(metadata::INTEGRATION, integration);
        work.note(metadata::LOCATION, self.slot.location);
        work.note(metadata::CUSTOMER, self.slot.customer);
        let name = format!("credential-read/{}/{}", context.actor, context.now.format("%F"));
        let purpose = self.asked.purpose.as_str().to_owned();
        let read = IntegrationObservation::CredentialRead { purpose };
        work.observe(integration_trail(integration), Some(&name), None, read)
            .await?;
        Ok(Decision::Done(()))
    }
}

impl App {
    /// Gives a connection's credentials out, once it is written down who reads them and what for.
    ///
    /// # Errors
    /// As [`App::fresh_credential`]; [`CommandError::IntegrationNotFound`] for another tenant's.
    pub async fn read_credential(
        self: &Arc<Self>,
        context: &Context,
        asked: ReadCredential,
    ) -> Result<Fresh, CommandError> {
        let slot = self.slot_in(context.tenant, asked.integration).await?;
        let fresh = self.fresh_credential(context.tenant, asked.integration).await?;
        let (integration, purpose) = (asked.integration, asked.purpose.as_str().to_owned());
        let first = (integration, context.actor.to_string(), context.now.date_naive());
        if !self.refreshing.is_noted(&first).await {
            self.run(context, NoteRead { asked, slot }).await?;
            self.refreshing.noted(first).await;
        }
        let read = CredentialRead {
            key: fresh.serving.key(),
            integration,
            reader: context.actor.to_string(),
            purpose,
            at: context.now,
        };
        self.refreshes.count_read(&read).await?;
        Ok(fresh)
    }
}

//! A member puts other credentials in the place of a connection's, without a sign-in on our pages. They are tried out at the
//! provider before anything is kept; what does not work is neither kept nor told to anybody.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    grant::{Grant, GrantCommand},
    ids::{GrantId, IntegrationId},
    integration::{Connection, Integration, IntegrationCommand, Slot, Via},
    provider::ProviderApp,
};
use secrecy::SecretString;

use super::trial::{Trial, refused};
use crate::{
    app::App,
    context::Context,
    error::CommandError,
    integrations::{TO_ASK, names_of},
    links::withdraw_needless,
    metadata,
    ports::{
        cipher::HashPurpose,
        provider::{Credential, Listing, Revokes},
        vault::Record,
    },
    run::{Decision, Done, UseCase},
    work::Work,
};

/// What a member brings.
pub struct NewCredential {
    /// The access token.
    pub access_token: SecretString,
    /// The refresh token, where there is one.
    pub refresh_token: Option<SecretString>,
    /// The listing; none: the one that is connected.
    pub listing: Option<String>,
    /// Whether another account may take the connected one's place.
    pub replaces_account: bool,
}

/// What stands from now on.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// The generation.
    pub generation: u32,
    /// When its access token ends, where the provider says.
    pub expires_at: Option<i64>,
    /// What was granted.
    pub scopes: BTreeSet<String>,
    /// The listing.
    pub listing: String,
}

/// What was tried out, and works.
struct Replace {
    integration: IntegrationId,
    slot: Slot,
    app: ProviderApp,
    grant: GrantId,
    account_key: [u8; 32],
    credential: Credential,
    revokes: Revokes,
    listing: Listing,
    replaces_account: bool,
}

impl UseCase for Replace {
    type Answer = u32;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<Self::Answer>, CommandError> {
        let integration = work.load::<Integration>(self.integration).await?;
        let old = integration.connection().cloned().ok_or(CommandError::NotConnected)?;
        let mut integration = withdraw_needless(work, integration).await?;
        work.note(metadata::INTEGRATION, self.integration);
        work.note(metadata::LOCATION, self.slot.location);
        work.note(metadata::CUSTOMER, self.slot.customer);
        let mut grant = work.load::<Grant>(self.grant).await?;
        let before: Vec<u32> = grant.generations().collect();
        let given = GrantCommand::Grant {
            integration: self.integration,
            provider: self.slot.provider.clone(),
            app: self.app.clone(),
            scopes: self.credential.scopes.clone(),
        };
        work.execute(&mut grant, given).await?;
        let generation = grant.latest();
        work.execute(&mut integration, self.connect(generation)).await?;
        let over = before.into_iter().filter(|generation| !grant.is_in_use(*generation));
        let json = work
            .take_over(self.grant, over, self.credential.clone(), self.revokes)
            .await?;
        let record = Record::Credential(self.grant, generation);
        work.put_secret(record, &json, Some(self.account_key));
        if old.grant != self.grant {
            let mut before = work.load::<Grant>(old.grant).await?;
            work.release(old.grant, &mut before, self.integration).await?;
        }
        Ok(Decision::Done(generation))
    }
}

impl Replace {
    fn connect(&self, generation: u32) -> IntegrationCommand {
        IntegrationCommand::Connect {
            link: None,
            via: Via::Member,
            connection: Connection {
                grant: self.grant,
                generation,
                listing: self.listing.reference.clone(),
            },
            replaces_account: self.replaces_account,
            personal: names_of(self.slot.customer, &self.credential.account, &self.listing),
        }
    }
}

impl App {
    /// Puts other credentials in the place of a connection's, once the provider took them.
    ///
    /// # Errors
    /// [`CommandError::CredentialsRefused`] when the provider will not have them, they are another app's or too little was granted,
    /// [`CommandError::ScopesUnknown`] when nobody says what was granted,
    /// [`CommandError::ListingNotPickable`] when the account does not manage the listing, `AnotherAccount` where no replacement
    /// was asked for, [`CommandError::Provider`] when it cannot be asked.
    pub async fn replace_credential(
        self: &Arc<Self>,
        context: &Context,
        integration: IntegrationId,
        new: &NewCredential,
    ) -> Result<Done<Replaced>, CommandError> {
        let slot = self.slot_in(context.tenant, integration).await?;
        let found = self
            .replay::<Integration>(&domain::log::StreamId::of::<Integration>(integration))
            .await?;
        let connected = found.and_then(|found| found.state.connection().cloned());
        let connected = connected.ok_or(CommandError::NotConnected)?;
        let connector = self.connector_of_agency(context.agency, &slot.provider).await?;
        let trial = Trial {
            app: self,
            tenant: context.tenant,
            integration,
            provider: &slot.provider,
            connector: &*connector,
            connected: &connected,
            new,
        };
        let (credential, listing) = trial.passed().await?;
        let app = connector.app().clone();
        let subject = credential.account.subject.clone();
        let command = Replace {
            integration,
            grant: self.grant_of(context.tenant, &app, &subject),
            account_key: {
                let parts = [app.client_id.as_bytes(), subject.as_bytes()];
                self.cipher.keyed_hash(HashPurpose::Account, &parts)
            },
            slot,
            app,
            credential: credential.clone(),
            revokes: connector.revokes(),
            listing: listing.clone(),
            replaces_account: new.replaces_account,
        };
        // Nobody takes the account's access back meanwhile: this would be cut off too. Whoever did just before cut it off already.
        let turn = self.turn_at(&command.account_key, TO_ASK).await?;
        let done = match connector.identify(&credential.access_token).await {
            Ok(_) => self.run(context, command).await,
            Err(error) => Err(refused(error)),
        };
        let is_in_time = self.end_turn(&turn).await?;
        let done = done?;
        if !is_in_time {
            return Err(CommandError::Contended); // it may have been taken back since: it has to be brought again
        }
        Ok(Done {
            answer: Replaced {
                generation: done.answer,
                expires_at: credential.expires_at,
                scopes: credential.scopes,
                listing: listing.reference.id,
            },
            position: done.position,
        })
    }
}

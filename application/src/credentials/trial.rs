//! Credentials that a member brings are tried out at the provider before anything is kept.

use std::collections::BTreeSet;

use domain::{
    grant::RefreshFailure,
    ids::{IntegrationId, TenantId},
    integration::{Connection, IntegrationError},
    provider::ProviderId,
};

use super::NewCredential;
use crate::{
    app::App,
    error::CommandError,
    ports::provider::{Account, Connector, Credential, Listing, ProviderError, RefreshError},
};

/// New credentials, and the connection that they are for.
pub(super) struct Trial<'a> {
    pub(super) app: &'a App,
    pub(super) tenant: TenantId,
    pub(super) integration: IntegrationId,
    pub(super) provider: &'a ProviderId,
    pub(super) connector: &'a dyn Connector,
    pub(super) connected: &'a Connection,
    pub(super) new: &'a NewCredential,
}

impl Trial<'_> {
    /// What the provider made of them, and the listing that they are good for.
    pub(super) async fn passed(&self) -> Result<(Credential, Listing), CommandError> {
        let brought = brought(self.new);
        if brought.refresh_token.is_some() {
            self.refuse_before_use(brought.clone()).await?;
        }
        let credential = tried(self.connector, brought).await?;
        let listing = self.listing_of(&credential).await?;
        Ok((credential, listing))
    }

    /// What the access token tells is looked at before the refresh token is used: many providers take each of them once, and whoever
    /// brought it could use it nowhere else any more. An access token that is refused tells nothing: what comes for the other one will.
    async fn refuse_before_use(&self, mut brought: Credential) -> Result<(), CommandError> {
        brought.account = match self.connector.identify(&brought.access_token).await {
            Ok(account) => account,
            Err(ProviderError::Refused(_)) => return Ok(()),
            Err(error) => return Err(refused(error)),
        };
        let app = self.connector.app();
        let grant = self.app.grant_of(self.tenant, app, &brought.account.subject);
        if grant != self.connected.grant && !self.new.replaces_account {
            return Err(IntegrationError::AnotherAccount.into());
        }
        match self.listing_of(&brought).await {
            Ok(_) | Err(CommandError::CredentialsRefused) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The listing, as the provider says.
    async fn listing_of(&self, credential: &Credential) -> Result<Listing, CommandError> {
        // An account that is connected as such is its own listing, and another account another one.
        let stays = (!self.connector.connects_account()).then_some(&self.connected.listing.id);
        let wanted = self.new.listing.as_ref().or(stays);
        let listings = self.app.listings_at(self.connector, self.tenant, credential).await;
        let mut listings = listings.map_err(refused)?.into_iter();
        let found = listings.find(|listing| wanted.is_none_or(|wanted| listing.reference.id == *wanted));
        let found = found.filter(|listing| listing.unpickable.is_none());
        let found = found.ok_or(CommandError::ListingNotPickable)?;
        let in_use = &self.app.listings_in_use;
        let taken = in_use.by_others(self.tenant, self.provider, self.integration).await?;
        if taken.contains(&found.reference.id) {
            return Err(CommandError::ListingInUse);
        }
        Ok(found)
    }
}

/// As it came: nobody has said yet whose it is and what it is good for.
fn brought(new: &NewCredential) -> Credential {
    Credential {
        access_token: new.access_token.clone(),
        refresh_token: new.refresh_token.clone(),
        expires_at: None,
        scopes: BTreeSet::new(),
        account: Account {
            subject: String::new(),
            email: None,
            name: None,
        },
    }
}

/// What the provider makes of new credentials: with a refresh token it must give another access token for it, it must say whose they
/// are, and what was granted with them.
async fn tried(connector: &dyn Connector, brought: Credential) -> Result<Credential, CommandError> {
    let mut credential = match &brought.refresh_token {
        Some(_) => connector.refresh(&brought).await.map_err(of_refresh)?,
        None => brought,
    };
    credential.account = connector.identify(&credential.access_token).await.map_err(refused)?;
    // A token that came by its refresh token is our app's. One that was only brought may be anybody's: the provider is asked.
    if credential.refresh_token.is_none() || credential.scopes.is_empty() {
        let said = connector.granted(&credential.access_token).await.map_err(refused)?;
        credential.expires_at = said.expires_at.or(credential.expires_at);
        match said.scopes {
            Some(scopes) => credential.scopes = scopes,
            None if credential.scopes.is_empty() && !connector.required_scopes().is_empty() => {
                return Err(CommandError::ScopesUnknown);
            }
            None => {}
        }
    }
    if !connector.required_scopes().is_subset(&credential.scopes) {
        return Err(CommandError::CredentialsRefused);
    }
    Ok(credential)
}

fn of_refresh(error: RefreshError) -> CommandError {
    match error {
        RefreshError::Lost(_) => CommandError::CredentialsRefused,
        RefreshError::BrokenOff => CommandError::Provider(ProviderError::Unavailable(error.to_string())),
        RefreshError::Failed { reason, .. } => CommandError::Provider(match reason {
            RefreshFailure::AppRefused | RefreshFailure::AppNotApproved => {
                ProviderError::Misconfigured(reason.to_string())
            }
            RefreshFailure::Unavailable | RefreshFailure::RateLimited => ProviderError::Unavailable(reason.to_string()),
        }),
    }
}

/// What a provider that refused says of credentials.
pub(super) fn refused(error: ProviderError) -> CommandError {
    match error {
        ProviderError::Refused(_) => CommandError::CredentialsRefused,
        other => CommandError::Provider(other),
    }
}

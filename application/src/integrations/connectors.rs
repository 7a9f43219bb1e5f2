//! Which app at a provider is used: the installation's, or the agency's own.

use std::sync::Arc;

use domain::{
    agency::Agency,
    ids::{AgencyId, Mode, TenantId},
    log::StreamId,
    provider::{ProviderApp, ProviderId},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    app::App,
    error::CommandError,
    ports::{
        StoreError,
        provider::{Connector, OwnApp},
        vault::{Place, Record},
    },
};

impl App {
    /// The connector that an agency's new sign-ins at a provider go through.
    ///
    /// # Errors
    /// [`CommandError::ProviderUnknown`] when it is not configured; when a store fails.
    pub(crate) async fn connector_of_agency(
        &self,
        agency: AgencyId,
        provider: &ProviderId,
    ) -> Result<Arc<dyn Connector>, CommandError> {
        let found = self.replay::<Agency>(&StreamId::of::<Agency>(agency)).await?;
        let client_id = found.and_then(|found| found.state.apps().of(provider).map(str::to_owned));
        let Some(client_id) = client_id else {
            let connector = self.catalogue.connector(provider);
            return connector.ok_or(CommandError::ProviderUnknown);
        };
        let owner = agency.to_string();
        self.connector_for(provider, &ProviderApp { owner, client_id }).await
    }

    /// The connector with the app that something was granted to, also where new sign-ins go through another one by now.
    ///
    /// # Errors
    /// [`CommandError::ProviderUnknown`] when the provider is not configured any more, or not with that app; when a store fails.
    pub async fn connector_for(
        &self,
        provider: &ProviderId,
        app: &ProviderApp,
    ) -> Result<Arc<dyn Connector>, CommandError> {
        let connector = self
            .catalogue
            .connector(provider)
            .ok_or(CommandError::ProviderUnknown)?;
        if connector.app() == app {
            return Ok(connector);
        }
        let own = self
            .own_app(provider, app)
            .await?
            .ok_or(CommandError::ProviderUnknown)?;
        let connector = self.catalogue.with_app(provider, &own);
        connector.ok_or(CommandError::ProviderUnknown)
    }

    async fn own_app(&self, provider: &ProviderId, app: &ProviderApp) -> Result<Option<OwnApp>, CommandError> {
        let Ok(agency) = app.owner.parse::<AgencyId>() else {
            return Ok(None); // the installation's, from before it was configured anew
        };
        let found = self.replay::<Agency>(&StreamId::of::<Agency>(agency)).await?;
        let number = found.and_then(|found| found.state.apps().number(provider, &app.client_id));
        let Some(number) = number else { return Ok(None) };
        let place = Place {
            tenant: TenantId::of(agency, Mode::Live),
            record: Record::ProviderApp(provider.clone(), number),
        };
        let Some(row) = self.vault.get(&place).await? else {
            return Ok(None);
        };
        let broken = || StoreError::Broken("the secret of an agency's app".into());
        let plain = self.cipher.open(&place, &row.sealed).map_err(|_| broken())?;
        let secret = std::str::from_utf8(plain.expose_secret()).map_err(|_| broken())?;
        Ok(Some(OwnApp {
            app: app.clone(),
            number,
            secret: SecretString::from(secret),
        }))
    }
}

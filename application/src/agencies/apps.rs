//! An agency's own apps at providers.

use std::sync::Arc;

use domain::{
    agency::{Agency, AgencyCommand},
    provider::{ProviderApp, ProviderId},
};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    ports::{
        provider::{OwnApp, ProviderError},
        vault::Record,
    },
    run::{Decision, Done, UseCase},
    work::Work,
};

/// Gives an agency an app of its own at a provider: sign-ins that begin from now on go through it.
struct SetProviderApp {
    provider: ProviderId,
    client_id: String,
    secret: SecretString,
}

impl UseCase for SetProviderApp {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut agency = work.load_home::<Agency>(work.context().agency).await?;
        let (provider, client_id) = (self.provider.clone(), self.client_id.clone());
        // The same app with another secret: the old one is worth nothing. Another app's is kept, for what was granted to that.
        if let Some(earlier) = agency.apps().number(&provider, &client_id) {
            work.delete_home_secret(Record::ProviderApp(provider.clone(), earlier));
        }
        let record = Record::ProviderApp(provider.clone(), agency.apps().next_number());
        work.put_home_secret(record, self.secret.expose_secret().as_bytes());
        work.execute(&mut agency, AgencyCommand::SetProviderApp { provider, client_id })
            .await?;
        Ok(Decision::Done(()))
    }
}

/// Lets an agency's sign-ins at a provider go through the installation's app again. Connections that were made through its own one
/// keep it.
pub struct RemoveProviderApp {
    /// The provider.
    pub provider: ProviderId,
}

impl UseCase for RemoveProviderApp {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        if work.app().catalogue.connector(&self.provider).is_none() {
            return Err(CommandError::ProviderUnknown);
        }
        let mut agency = work.load_home::<Agency>(work.context().agency).await?;
        let provider = self.provider.clone();
        work.execute(&mut agency, AgencyCommand::RemoveProviderApp { provider })
            .await?;
        Ok(Decision::Done(()))
    }
}

/// Through which app an agency's sign-ins at a provider go.
pub struct AppInUse {
    /// The client id of its own app; none where it is the installation's.
    pub own: Option<String>,
    /// Where the provider sends people back to: what has to be registered with an app of its own.
    pub redirect_uri: String,
}

impl App {
    /// Gives an agency an app of its own at a provider, once the provider says that it knows it.
    ///
    /// # Errors
    /// [`CommandError::AppRefused`] when the provider does not accept the two; when it cannot be asked now; when the provider is
    /// not configured, or a store fails.
    pub async fn set_provider_app(
        self: &Arc<Self>,
        context: &Context,
        provider: ProviderId,
        client_id: String,
        secret: SecretString,
    ) -> Result<Done<()>, CommandError> {
        let owner = context.agency.to_string();
        let tried = OwnApp {
            app: ProviderApp {
                owner,
                client_id: client_id.clone(),
            },
            number: OwnApp::TRIED,
            secret: secret.clone(),
        };
        let connector = self.catalogue.with_app(&provider, &tried);
        let connector = connector.ok_or(CommandError::ProviderUnknown)?;
        connector.check_app().await.map_err(|error| match error {
            ProviderError::Misconfigured(_) => CommandError::AppRefused,
            other => other.into(),
        })?;
        let command = SetProviderApp {
            provider,
            client_id,
            secret,
        };
        self.run(context, command).await
    }

    /// Through which app an agency's sign-ins at a provider go.
    ///
    /// # Errors
    /// [`CommandError::ProviderUnknown`] when it is not configured; when a store fails.
    pub async fn provider_app(&self, context: &Context, provider: &ProviderId) -> Result<AppInUse, CommandError> {
        let connector = self
            .catalogue
            .connector(provider)
            .ok_or(CommandError::ProviderUnknown)?;
        let agency = self.agency(context.agency).await?;
        Ok(AppInUse {
            own: agency.apps().of(provider).map(str::to_owned),
            redirect_uri: format!("{}/{}", connector.redirect_uri(), context.agency),
        })
    }
}

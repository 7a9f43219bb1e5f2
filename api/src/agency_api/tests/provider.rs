//! A catalogue with one provider, which nobody ever signs in at here.

use std::{collections::BTreeSet, sync::Arc};

use application::ports::provider::{
    About, Catalogue, CodeExchange, Connector, Credential, Listing, OwnApp, ProviderError, SignIn,
};
use async_trait::async_trait;
use domain::provider::{ProviderApp, ProviderId};
use secrecy::SecretString;

#[derive(Clone)]
pub(super) struct OnlyGoogle {
    about: About,
    app: ProviderApp,
    scopes: BTreeSet<String>,
}

impl OnlyGoogle {
    pub(super) fn new() -> Self {
        Self {
            about: About {
                id: ProviderId::parse("google").unwrap(),
                name: "Google".into(),
                product: "Google Business Profile".into(),
                listing: "Business Profile".into(),
                listings: "Business Profiles".into(),
                permissions: vec![],
                icon: "google".into(),
                withdraw_at: None,
            },
            app: ProviderApp {
                owner: "installation".into(),
                client_id: "client".into(),
            },
            scopes: BTreeSet::new(),
        }
    }

    fn shared(&self) -> Arc<dyn Connector> {
        Arc::new(self.clone())
    }
}

impl Catalogue for OnlyGoogle {
    fn connector(&self, provider: &ProviderId) -> Option<Arc<dyn Connector>> {
        (self.about.id == *provider).then(|| self.shared())
    }

    fn with_app(&self, _: &ProviderId, own: &OwnApp) -> Option<Arc<dyn Connector>> {
        let app = own.app.clone();
        Some(Arc::new(Self { app, ..self.clone() }))
    }

    fn by_callback_path(&self, _: &str) -> Option<Arc<dyn Connector>> {
        None
    }

    fn all(&self) -> Vec<Arc<dyn Connector>> {
        vec![self.shared()]
    }
}

fn nobody_home() -> ProviderError {
    ProviderError::Unavailable("this provider is not there".into())
}

#[async_trait]
impl Connector for OnlyGoogle {
    fn about(&self) -> &About {
        &self.about
    }

    fn app(&self) -> &ProviderApp {
        &self.app
    }

    fn issuer(&self) -> &'static str {
        "https://idp.example"
    }

    fn redirect_uri(&self) -> &'static str {
        "https://connect.example/callback/google"
    }

    fn required_scopes(&self) -> &BTreeSet<String> {
        &self.scopes
    }

    fn authorize_url(&self, _: &SignIn<'_>) -> Result<String, ProviderError> {
        Err(nobody_home())
    }

    async fn exchange(&self, _: &CodeExchange<'_>) -> Result<Credential, ProviderError> {
        Err(nobody_home())
    }

    async fn listings(&self, _: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        Err(nobody_home())
    }

    async fn revoke(&self, _: &Credential) -> Result<(), ProviderError> {
        Err(nobody_home())
    }
}

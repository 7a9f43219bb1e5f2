//! A catalogue with one provider, which nobody ever signs in at here.

use std::{collections::BTreeSet, sync::Arc};

use application::ports::provider::{
    About, Account, Catalogue, CodeExchange, Connector, Credential, Granted, Listing, OwnApp, ProviderError,
    RefreshError, SignIn,
};
use async_trait::async_trait;
use domain::{
    grant::{LossReason, RefreshFailure},
    integration::Capability,
    provider::{ListingRef, ProviderApp, ProviderId},
};
use secrecy::{ExposeSecret, SecretString};

/// An access token of which it does not say what it is good for.
pub(super) const UNKNOWN: &str = "ya29.unknown";

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
                access_guide: Some("https://guide.example/managers".into()),
            },
            app: ProviderApp {
                owner: "installation".into(),
                client_id: "client".into(),
            },
            scopes: BTreeSet::from(["manage".to_owned()]),
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

    /// It knows three refresh tokens; for all others it is not there.
    async fn refresh(&self, credential: &Credential) -> Result<Credential, RefreshError> {
        let token = credential.refresh_token.as_ref().map(ExposeSecret::expose_secret);
        let access_token = match token {
            Some("1//good") => "ya29.good",
            Some("1//other") => "ya29.other",
            Some("1//dead") => return Err(RefreshError::Lost(LossReason::ExpiredOrRevoked)),
            _ => "",
        };
        if !access_token.is_empty() {
            return Ok(Credential {
                access_token: access_token.into(),
                ..credential.clone()
            });
        }
        Err(RefreshError::Failed {
            reason: RefreshFailure::Unavailable,
            retry_after: None,
            is_unanswered: false,
        })
    }

    async fn identify(&self, access_token: &SecretString) -> Result<Account, ProviderError> {
        let subject = match access_token.expose_secret() {
            "ya29.good" | UNKNOWN => "104",
            "ya29.other" => "105",
            _ => return Err(ProviderError::Refused("nobody's".into())),
        };
        Ok(Account {
            subject: subject.into(),
            email: None,
            name: None,
        })
    }

    fn capabilities(&self) -> &'static [Capability] {
        &[Capability::ReviewsRead, Capability::ReviewsReply, Capability::Metrics]
    }

    async fn granted(&self, access_token: &SecretString) -> Result<Granted, ProviderError> {
        let is_known = access_token.expose_secret() != UNKNOWN;
        Ok(Granted {
            scopes: is_known.then(|| self.scopes.clone()),
            expires_at: None,
        })
    }

    async fn listings(&self, access_token: &SecretString) -> Result<Vec<Listing>, ProviderError> {
        if access_token.expose_secret().starts_with("ya29.") {
            return Ok(vec![Listing {
                reference: ListingRef {
                    id: "locations/7".into(),
                    account: None,
                },
                title: "Trattoria Roma".into(),
                address: None,
                unpickable: None,
            }]);
        }
        Err(nobody_home())
    }

    async fn revoke(&self, _: &Credential) -> Result<(), ProviderError> {
        Err(nobody_home())
    }
}

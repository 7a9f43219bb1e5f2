//! What the real providers' values are.

use std::collections::BTreeMap;

use application::ports::provider::Revokes;
use reqwest::Url;

use super::config::{AccountFields, ClientAuth, ListingApi, ProviderConfig, ProviderKind};

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

impl ProviderConfig {
    /// The real Google, all but the client id and secret.
    pub fn google() -> Self {
        let business_manage = "https://www.googleapis.com/auth/business.manage";
        Self {
            id: "google".to_owned(),
            kind: ProviderKind::GoogleBusiness,
            name: "Google".to_owned(),
            product: "Google Business Profile".to_owned(),
            listing: "Business Profile".to_owned(),
            listings: "Business Profiles".to_owned(),
            withdraw_at: "your Google Account, under Security, Third-party connections".to_owned(),
            access_guide_url: "https://support.google.com/business/answer/3403100".to_owned(),
            permissions: texts(&[
                "See and manage the Business Profile that you pick",
                "Read its reviews and answer them",
                "See how often it is found, called and visited",
            ]),
            icon: "google".to_owned(),
            client_id: String::new(),
            client_secret: String::new().into(),
            client_auth: ClientAuth::Post,
            callback_path: "/oauth/callback/google".to_owned(),
            authorize_url: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
            token_url: "https://oauth2.googleapis.com/token".to_owned(),
            userinfo_url: "https://openidconnect.googleapis.com/v1/userinfo".to_owned(),
            account: AccountFields::default(),
            jwks_url: "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
            revoke_url: "https://oauth2.googleapis.com/revoke".to_owned(),
            revoke_with_client: false,
            introspect_url: "https://oauth2.googleapis.com/tokeninfo".to_owned(),
            revokes: Revokes::Account,
            issuer: "https://accounts.google.com".to_owned(),
            accepted_issuers: texts(&["accounts.google.com"]),
            scopes: texts(&["openid", "email", "profile", business_manage]),
            scope_separator: " ".to_owned(),
            required_scopes: texts(&["openid", business_manage]),
            // A link is opened in somebody's everyday browser: let them choose whose account it is. And only a consent
            // that is really shown gives a refresh token.
            prompt: "select_account consent".to_owned(),
            authorize_parameters: BTreeMap::from([("access_type".to_owned(), "offline".to_owned())]),
            pkce: true,
            listing_api: ListingApi::default(),
            probe_url: String::new(),
            accounts_url: "https://mybusinessaccountmanagement.googleapis.com".to_owned(),
            business_information_url: "https://mybusinessbusinessinformation.googleapis.com".to_owned(),
            verifications_url: "https://mybusinessverifications.googleapis.com".to_owned(),
            // A refresh token that nobody uses for half a year is gone.
            keep_alive_days: 7,
            reviews_url: "https://mybusiness.googleapis.com".to_owned(),
            performance_url: "https://businessprofileperformance.googleapis.com".to_owned(),
            timeout_seconds: 15,
        }
    }

    /// What most other apps want. What none of them shares is empty, and has to be said.
    pub fn oauth2() -> Self {
        let said = String::new;
        Self {
            id: said(),
            kind: ProviderKind::Oauth2,
            name: said(),
            product: said(),
            listing: "account".to_owned(),
            listings: "accounts".to_owned(),
            withdraw_at: said(),
            access_guide_url: said(),
            permissions: vec![],
            icon: "app".to_owned(),
            callback_path: said(),
            authorize_url: said(),
            token_url: said(),
            userinfo_url: said(),
            jwks_url: said(),
            revoke_url: said(),
            revoke_with_client: true,
            introspect_url: said(),
            revokes: Revokes::Token,
            issuer: said(),
            accepted_issuers: vec![],
            scopes: vec![],
            required_scopes: vec![],
            prompt: said(),
            authorize_parameters: BTreeMap::new(),
            keep_alive_days: 0,
            ..Self::google()
        }
    }

    /// The preset of a kind.
    pub(super) fn of(kind: ProviderKind) -> Self {
        match kind {
            ProviderKind::GoogleBusiness => Self::google(),
            ProviderKind::Oauth2 => Self::oauth2(),
        }
    }

    /// With what follows from the rest, where it was not said: at another app that is what it is called, where it sends people
    /// back to, and who it is.
    #[must_use]
    pub(super) fn completed(mut self) -> Self {
        if self.kind == ProviderKind::GoogleBusiness {
            return self;
        }
        let origin = Url::parse(&self.authorize_url).map(|url| url.origin().ascii_serialization());
        let follows = [
            (&mut self.product, self.name.clone()),
            (&mut self.callback_path, format!("/oauth/callback/{}", self.id)),
            (&mut self.issuer, origin.unwrap_or_default()),
        ];
        for (field, value) in follows {
            if field.is_empty() {
                *field = value;
            }
        }
        self
    }
}

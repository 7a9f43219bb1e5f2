//! What the real providers' values are.

use std::collections::BTreeMap;

use application::ports::provider::Revokes;

use super::config::{ClientAuth, ProviderConfig, ProviderKind};

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
            jwks_url: "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
            revoke_url: "https://oauth2.googleapis.com/revoke".to_owned(),
            revoke_with_client: false,
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
}

/// With a single kind, the preset is the default of every field; a second kind gets its own by `kind`.
impl Default for ProviderConfig {
    fn default() -> Self {
        Self::google()
    }
}

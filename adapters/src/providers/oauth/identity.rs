//! How this installation shows a provider who it is.

use oauth2::url::form_urlencoded::byte_serialize;
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};

use crate::providers::config::{ClientAuth, ProviderConfig};

/// The client that is registered there.
pub(super) struct Identity {
    auth: ClientAuth,
    id: String,
    secret: SecretString,
}

impl Identity {
    pub(super) fn of(config: &ProviderConfig) -> Self {
        Self {
            auth: config.client_auth,
            id: config.client_id.clone(),
            secret: config.client_secret.clone(),
        }
    }

    /// A form that says who sends it, in the way that the provider wants to hear it.
    pub(super) fn sign(&self, request: RequestBuilder, fields: &[(&str, &str)]) -> RequestBuilder {
        let (id, secret) = (self.id.as_str(), self.secret.expose_secret());
        match self.auth {
            ClientAuth::Post => {
                let ours = [("client_id", id), ("client_secret", secret)];
                request.form(&[fields, &ours].concat())
            }
            // RFC 6749 2.3.1: both are written as in a form before they become a header.
            ClientAuth::Basic => request.basic_auth(written(id), Some(written(secret))).form(fields),
        }
    }
}

fn written(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

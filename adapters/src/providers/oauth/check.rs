//! Whether the provider knows an app: nobody has to sign in for that.

use application::ports::provider::ProviderError;
use oauth2::RefreshToken;

use super::{OAuth, token::of_failure, transport::Transport};

/// No provider ever gave that.
const MADE_UP: &str = "no-such-refresh-token";

impl OAuth {
    /// Asks for tokens with a refresh token that was made up. A provider that knows the app refuses the token; one that does not
    /// refuses the app.
    pub(in crate::providers) async fn check_app(&self) -> Result<(), ProviderError> {
        let transport = Transport {
            http: self.http.clone(),
            timeout: self.timeout,
        };
        let made_up = RefreshToken::new(MADE_UP.to_owned());
        let asked = self.client.exchange_refresh_token(&made_up);
        match asked.request_async(&transport).await.map_err(of_failure) {
            Ok(_) | Err(ProviderError::Refused(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

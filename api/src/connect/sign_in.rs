//! To the provider and back.

use application::flow::SignedIn;
use axum::{Extension, extract::State, http::StatusCode, response::Response};
use domain::ids::AttemptId;
use secrecy::ExposeSecret;
use serde::Deserialize;

use super::{extract::AttemptQuery, guest::Guest, reply, view};
use crate::{
    operations::SignIn,
    pages::{Go, ProviderUrl, Reopen, Trouble},
    state::Server,
};

/// Which attempt a page is about.
#[derive(Deserialize)]
pub(super) struct OfAttempt {
    pub(super) attempt: AttemptId,
}

/// The one-time ticket that a browser brings from the callback host.
#[derive(Deserialize)]
pub(super) struct HandOff {
    h: String,
}

/// `GET /c/go`: leads on to the provider. Only the browser that pressed "accept" sees it.
pub(super) async fn go(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    AttemptQuery(of): AttemptQuery<OfAttempt>,
) -> Response {
    let departure = match server.app.departure(&guest.visit, of.attempt).await {
        Ok(departure) => departure,
        Err(error) => return reply::failure(&guest.brand, &error),
    };
    match ProviderUrl::parse(departure.address.expose_secret()) {
        Ok(url) => {
            let provider = view::provider(&departure.provider);
            reply::page(
                StatusCode::OK,
                &Go {
                    brand: &guest.brand,
                    provider,
                    url,
                },
            )
        }
        Err(error) => {
            tracing::error!(%error, provider = %departure.provider.id, "a provider is configured with an unsafe address");
            reply::trouble(&guest.brand, Trouble::TryAgain)
        }
    }
}

/// `GET /c/return`: the browser is back with its ticket.
pub(super) async fn arrive(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    AttemptQuery(HandOff { h }): AttemptQuery<HandOff>,
) -> Response {
    let signed_in = server.app.sign_in(&guest.visit, &h).await;
    if matches!(signed_in, Ok(SignedIn::Connected(_))) {
        server.measures.sign_in(SignIn::Connected);
    }
    server.measures.sign_in(match &signed_in {
        Ok(SignedIn::ToPicker(_) | SignedIn::Connected(_)) => SignIn::Authorized,
        Ok(SignedIn::BackToLink(_)) => SignIn::Refused,
        Err(_) => SignIn::Failed,
    });
    match signed_in {
        Ok(SignedIn::ToPicker(attempt)) => reply::see(&format!("/c/pick?attempt={attempt}")),
        Ok(SignedIn::Connected(attempt)) => reply::see(&format!("/c/done?attempt={attempt}")),
        Ok(SignedIn::BackToLink(token)) => reply::see(&format!("/c/{}", token.reveal())),
        Err(error) => reply::failure(&guest.brand, &error),
    }
}

/// `GET /c/reopen`: asks to reopen the link.
pub(super) async fn reopen(Extension(guest): Extension<Guest>) -> Response {
    reply::page(StatusCode::FORBIDDEN, &Reopen { brand: &guest.brand })
}

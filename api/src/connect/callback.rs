//! The provider's answer, on the callback host: no cookie, no page of an agency, only a way back.

use application::flow::{CallbackAnswer, ProviderAnswer};
use axum::{
    extract::{OriginalUri, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::RequestId;
use secrecy::SecretString;
use serde::Deserialize;

use super::reply;
use crate::state::Server;

/// Said where nobody knows which agency's customer this is.
const LOST: &str = "This sign-in can no longer be continued. Please open the link from your message again.\n";

/// The parameters of a provider's answer; all others are ignored.
#[derive(Deserialize)]
pub(super) struct Parameters {
    state: Option<SecretString>,
    iss: Option<String>,
    code: Option<SecretString>,
    error: Option<String>,
    error_code: Option<String>,
}

/// `GET` on a callback path: hands the answer over to the agency's host.
pub(super) async fn receive(
    State(server): State<Server>,
    OriginalUri(uri): OriginalUri,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Response {
    reply::strict(take(&server, uri.path(), parameters.ok().map(|Query(parameters)| parameters)).await)
}

async fn take(server: &Server, path: &str, parameters: Option<Parameters>) -> Response {
    let Some((state, issuer, answer)) = parameters.and_then(understood) else {
        return lost();
    };
    let request = RequestId(server.app.entropy.id(server.app.clock.now()));
    let callback = CallbackAnswer {
        path: path.to_owned(),
        state,
        issuer,
        answer,
        request,
    };
    match server.app.receive_callback(callback).await {
        Ok(address) => (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
        Err(application::CommandError::AttemptOver) => lost(),
        Err(error) => {
            tracing::error!(%error, "a provider's answer could not be taken in");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], LOST).into_response()
        }
    }
}

/// A `state` and either a code or an error: an error wins, some providers answer with a code of their own for it.
fn understood(parameters: Parameters) -> Option<(SecretString, Option<String>, ProviderAnswer)> {
    let Parameters {
        state,
        iss,
        code,
        error,
        error_code,
    } = parameters;
    let answer = match (error.or(error_code), code) {
        (Some(error), _) => ProviderAnswer::Error(error),
        (None, Some(code)) => ProviderAnswer::Code(code),
        (None, None) => return None,
    };
    Some((state?, iss, answer))
}

fn lost() -> Response {
    (StatusCode::FORBIDDEN, LOST).into_response()
}

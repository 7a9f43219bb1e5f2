//! The way back to the application, with a code or with an error.

use axum::response::Response;
use form_urlencoded::Serializer;

use crate::oauth::ledger::{Authorization, Code};
use crate::oauth::request::Refusal;
use crate::oauth::scopes::Scopes;
use crate::personas::Persona;
use crate::signin::found;
use crate::state::{Shared, World};

/// How a sign-in ended well.
pub(crate) struct Outcome<'a> {
    pub(crate) persona: &'a Persona,
    pub(crate) granted: Scopes,
    pub(crate) consent_shown: bool,
    pub(crate) authuser: usize,
}

/// Sends the browser back with a code. That some scope is missing is not an error: it is only not in the list.
pub(crate) fn succeed(app: &Shared, world: &mut World, id: &str, outcome: Outcome<'_>) -> Result<Response, Refusal> {
    let request = world.interactions.close(id)?;
    let Outcome {
        persona,
        mut granted,
        consent_shown,
        authuser,
    } = outcome;
    if request.access.with_earlier_grants {
        granted.extend(&world.ledger.consented(&persona.id, &request.client_id));
    }
    let authorization = Authorization {
        persona: persona.id.clone(),
        client_id: request.client_id,
        scopes: granted.clone(),
    };
    if consent_shown {
        world.ledger.consent(&authorization);
    }
    let code = Code {
        authorization,
        redirect_uri: request.redirect_uri.clone(),
        challenge: request.challenge,
        nonce: request.nonce,
        earns_refresh_token: request.access.offline && consent_shown,
        offline: request.access.offline,
    };
    let code = world.ledger.issue_code(code, app.clock.now());

    let mut answer = Answer::to(&request.redirect_uri);
    answer.add("state", request.state.as_deref());
    answer.add(
        "iss",
        app.settings
            .issuer_in_callback
            .then_some(app.settings.base_url.as_str()),
    );
    answer.add("code", Some(&code));
    answer.add("scope", Some(&granted.in_callback()));
    answer.add("authuser", Some(&authuser.to_string()));
    answer.add("hd", persona.workspace.as_deref());
    answer.add("prompt", Some(if consent_shown { "consent" } else { "none" }));
    Ok(answer.send())
}

/// Sends the browser back with an error that the application may see.
pub(crate) fn fail(world: &mut World, id: &str, error: &str) -> Result<Response, Refusal> {
    let request = world.interactions.close(id)?;
    let mut answer = Answer::to(&request.redirect_uri);
    answer.add("error", Some(error));
    answer.add("state", request.state.as_deref());
    Ok(answer.send())
}

/// An address that grows parameters; what the application had in its own query stays.
struct Answer(Serializer<'static, String>);

impl Answer {
    fn to(redirect_uri: &str) -> Self {
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        let beginning = format!("{redirect_uri}{separator}");
        let start = beginning.len();
        Self(Serializer::for_suffix(beginning, start))
    }

    fn add(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.0.append_pair(name, value);
        }
    }

    fn send(mut self) -> Response {
        found(self.0.finish())
    }
}

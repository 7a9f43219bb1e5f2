//! What a person sees and does: choose an account, say what an application may do, go back to it.

mod accounts;
mod callback;
mod consent;
pub(crate) mod interaction;
pub(crate) mod session;

use axum::Router;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::oauth::request::{AuthorizationRequest, Prompt, Refusal};
use crate::personas::Persona;
use crate::signin::callback::Outcome;
use crate::signin::session::Session;
use crate::state::{App, Shared, World};

const ACCOUNTS: &str = "/signin/accounts";
const CONSENT: &str = "/signin/consent";

pub(crate) fn routes() -> Router<App> {
    Router::new()
        .route(ACCOUNTS, get(accounts::show).post(accounts::choose))
        .route(CONSENT, get(consent::show).post(consent::decide))
}

/// The first step after a valid authorization request.
pub(crate) fn begin(
    app: &Shared,
    world: &mut World,
    request: AuthorizationRequest,
    session: &Session,
) -> Result<Response, Refusal> {
    let account = session.account_for(&app.personas, request.login_hint.as_deref());
    let prompt = request.prompt;
    let id = world.interactions.open(request, app.clock.now());
    match (prompt, account) {
        (Prompt::Nothing, None) => {
            let error = if session.is_empty() {
                "login_required"
            } else {
                "interaction_required"
            };
            callback::fail(world, &id, error)
        }
        (
            Prompt::Pages {
                choose_account: true, ..
            },
            _,
        )
        | (_, None) => Ok(show(ACCOUNTS, &id)),
        (_, Some(persona)) => go_on(app, world, &id, persona, session),
    }
}

/// The next step once it is known who signs in: the consent page, unless nothing new is asked.
fn go_on(app: &Shared, world: &mut World, id: &str, persona: &Persona, session: &Session) -> Result<Response, Refusal> {
    let interaction = world.interactions.get_mut(id, app.clock.now())?;
    interaction.account = Some(persona.id.clone());
    let request = &interaction.request;
    let nothing_new = world
        .ledger
        .consented(&persona.id, &request.client_id)
        .covers(&request.scopes);
    match request.prompt {
        Prompt::Nothing | Prompt::Pages { consent: false, .. } if nothing_new => {}
        Prompt::Nothing => return callback::fail(world, id, "interaction_required"),
        Prompt::Pages { .. } => return Ok(show(CONSENT, id)),
    }
    let granted = request.scopes.clone();
    let authuser = session.position_of(&persona.id);
    callback::succeed(
        app,
        world,
        id,
        Outcome {
            persona,
            granted,
            consent_shown: false,
            authuser,
        },
    )
}

fn show(page: &str, id: &str) -> Response {
    found(format!("{page}?interaction={id}"))
}

/// Google leads on with 302 everywhere, after forms too.
fn found(location: String) -> Response {
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

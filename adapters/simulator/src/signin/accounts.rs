//! The account chooser.

use axum::extract::{RawForm, RawQuery, State};
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Response};

use crate::oauth::request::Refusal;
use crate::pages::{self, AccountChooser, Choice};
use crate::params::Params;
use crate::signin::go_on;
use crate::signin::session::Session;
use crate::state::{App, Shared};

pub(crate) async fn show(State(app): State<App>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let page = page(&app, &Params::of_query(query.as_deref()), &Session::of(&headers)).await;
    pages::or_refusal(&app, page)
}

async fn page(app: &Shared, params: &Params, session: &Session) -> Result<Response, Refusal> {
    let id = params.get("interaction").ok_or_else(Refusal::ended)?;
    let world = app.world.lock().await;
    let request = &world.interactions.get(id, app.clock.now())?.request;
    let hint = request.login_hint.as_deref();
    let mut choices: Vec<Choice<'_>> = app
        .personas
        .iter()
        .map(|persona| Choice {
            persona,
            signed_in: session.contains(&persona.id),
            hinted: hint.is_some_and(|hint| persona.is_meant_by(hint)),
        })
        .collect();
    // A stable sort: who is hinted at comes first, then who is signed in, then the cast in its own order.
    choices.sort_by_key(|choice| (!choice.hinted, !choice.signed_in));
    Ok(pages::show(&AccountChooser {
        display_name: &app.settings.display_name,
        application: world
            .client(&request.client_id)
            .map_or("", |client| client.display_name()),
        interaction: id,
        choices,
    }))
}

pub(crate) async fn choose(State(app): State<App>, headers: HeaderMap, RawForm(form): RawForm) -> Response {
    let chosen = chosen(&app, &Params::parse(&form), Session::of(&headers)).await;
    pages::or_refusal(&app, chosen)
}

async fn chosen(app: &Shared, form: &Params, mut session: Session) -> Result<Response, Refusal> {
    let id = form.get("interaction").ok_or_else(Refusal::ended)?;
    let persona = form
        .get("account")
        .and_then(|account| app.persona(account))
        .ok_or_else(Refusal::unknown_account)?;
    session.add(&persona.id);
    let mut world = app.world.lock().await;
    let response = go_on(app, &mut world, id, persona, &session)?;
    Ok(([(SET_COOKIE, session.to_cookie())], response).into_response())
}

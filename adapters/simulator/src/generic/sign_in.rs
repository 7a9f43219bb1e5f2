//! Signing in: which account, and whether to let the application in. The pages are the other simulator's.

use axum::extract::{Path, RawForm, RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use form_urlencoded::Serializer;

use super::books::{Authorization, Code};
use super::quirks::Quirks;
use super::state::{App, Shared, SignIn, World};
use crate::config::OAuthClient;
use crate::oauth::pkce::Challenge;
use crate::oauth::request::Refusal;
use crate::pages::{self, AccountChooser, Choice, Consent};
use crate::params::Params;
use crate::random;

const ACCOUNTS: &str = "/signin/accounts";
const CONSENT: &str = "/signin/consent";

pub(super) fn routes() -> axum::Router<App> {
    use axum::routing::get;
    axum::Router::new()
        .route(super::server::AUTHORIZE, get(authorize))
        .route(ACCOUNTS, get(choose).post(chosen))
        .route(CONSENT, get(ask).post(decided))
        .route("/_simulator/style.css", get(pages::style))
        .route("/_simulator/faces/{face}", get(face))
}

async fn face(State(app): State<App>, Path(file): Path<String>) -> Response {
    pages::portrait(&app.personas, &file)
}

async fn authorize(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let mut world = app.world.lock().await;
    let answer = sign_in(&world, &Params::of_query(query.as_deref())).map(|sign_in| {
        let id = random::interaction_id();
        world.sign_ins.insert(id.clone(), sign_in);
        found(format!("{ACCOUNTS}?interaction={id}"))
    });
    or_refusal(&app, answer)
}

/// What the request asks for, if this server's habits allow it.
fn sign_in(world: &World, params: &Params) -> Result<SignIn, Refusal> {
    let quirks = &world.quirks;
    let text = |name: &str| params.get(name).map(str::to_owned);
    let client_id = text("client_id").ok_or_else(|| Refusal::missing("client_id"))?;
    let unknown = || Refusal::new(StatusCode::UNAUTHORIZED, "invalid_client", "No such application.");
    let client = world.client(&client_id).ok_or_else(unknown)?;
    let redirect_uri = text("redirect_uri").ok_or_else(|| Refusal::missing("redirect_uri"))?;
    if !is_registered(client, &redirect_uri, quirks) {
        return Err(Refusal::bad_value("redirect_uri"));
    }
    if params.get("response_type") != Some("code") {
        return Err(Refusal::bad_value("response_type"));
    }
    let challenge = if quirks.check_pkce {
        Challenge::of(params).map_err(Refusal::bad_value)?
    } else {
        None
    };
    if quirks.require_pkce && challenge.is_none() {
        return Err(Refusal::missing("code_challenge"));
    }
    if quirks.require_nonce && params.get("nonce").is_none() {
        return Err(Refusal::missing("nonce"));
    }
    let asked = params.get("scope").unwrap_or_default().split(&quirks.scope_separator);
    Ok(SignIn {
        client_id,
        redirect_uri,
        scopes: asked.filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        state: text("state"),
        nonce: text("nonce"),
        challenge,
        persona: None,
    })
}

fn is_registered(client: &OAuthClient, redirect_uri: &str, quirks: &Quirks) -> bool {
    let mut registered = client.redirect_uris.iter();
    registered.any(|uri| redirect_uri == uri || !quirks.exact_redirect && redirect_uri.starts_with(uri.as_str()))
}

async fn choose(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let world = app.world.lock().await;
    let params = Params::of_query(query.as_deref());
    let page = under_way(&world, &params).map(|(id, sign_in)| {
        pages::show(&AccountChooser {
            display_name: &app.display_name,
            application: application(&world, sign_in),
            interaction: id,
            choices: app
                .personas
                .iter()
                .map(|persona| Choice {
                    persona,
                    signed_in: false,
                    hinted: false,
                })
                .collect(),
        })
    });
    or_refusal(&app, page)
}

async fn chosen(State(app): State<App>, RawForm(form): RawForm) -> Response {
    let mut world = app.world.lock().await;
    let form = Params::parse(&form);
    let persona = form.get("account").and_then(|account| app.persona(account));
    let answer = persona.ok_or_else(Refusal::unknown_account).and_then(|persona| {
        let (id, sign_in) = under_way(&world, &form)?;
        let (id, mut sign_in) = (id.to_owned(), sign_in.clone());
        sign_in.persona = Some(persona.id.clone());
        world.sign_ins.insert(id.clone(), sign_in);
        Ok(found(format!("{CONSENT}?interaction={id}")))
    });
    or_refusal(&app, answer)
}

async fn ask(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let world = app.world.lock().await;
    let params = Params::of_query(query.as_deref());
    let page = under_way(&world, &params).and_then(|(id, sign_in)| {
        let persona = sign_in.persona.as_deref().and_then(|id| app.persona(id));
        Ok(pages::show(&Consent {
            display_name: &app.display_name,
            application: application(&world, sign_in),
            interaction: id,
            persona: persona.ok_or_else(Refusal::unknown_account)?,
            fixed: sign_in.scopes.iter().map(String::as_str).collect(),
            optional: vec![],
        }))
    });
    or_refusal(&app, page)
}

async fn decided(State(app): State<App>, RawForm(form): RawForm) -> Response {
    let mut world = app.world.lock().await;
    let answer = decide(&app, &mut world, &Params::parse(&form));
    or_refusal(&app, answer)
}

fn decide(app: &Shared, world: &mut World, form: &Params) -> Result<Response, Refusal> {
    let id = form.get("interaction").ok_or_else(Refusal::ended)?;
    let sign_in = world.sign_ins.remove(id).ok_or_else(Refusal::ended)?;
    let persona = sign_in.persona.ok_or_else(Refusal::unknown_account)?;
    let separator = if sign_in.redirect_uri.contains('?') { '&' } else { '?' };
    let beginning = format!("{}{separator}", sign_in.redirect_uri);
    let end = beginning.len();
    let mut back = Serializer::for_suffix(beginning, end);
    if form.get("decision") == Some("allow") {
        let code = Code {
            authorization: Authorization {
                persona,
                client_id: sign_in.client_id,
                scopes: sign_in.scopes,
            },
            redirect_uri: sign_in.redirect_uri,
            challenge: sign_in.challenge,
            nonce: sign_in.nonce,
        };
        back.append_pair("code", &world.books.issue_code(code, app.clock.now()));
    } else {
        back.append_pair("error", "access_denied");
    }
    if let Some(state) = sign_in.state {
        back.append_pair("state", &state);
    }
    if world.quirks.issuer_in_callback {
        back.append_pair("iss", &app.base_url);
    }
    Ok(found(back.finish()))
}

fn under_way<'a>(world: &'a World, params: &'a Params) -> Result<(&'a str, &'a SignIn), Refusal> {
    let id = params.get("interaction").ok_or_else(Refusal::ended)?;
    Ok((id, world.sign_ins.get(id).ok_or_else(Refusal::ended)?))
}

fn application<'a>(world: &'a World, sign_in: &SignIn) -> &'a str {
    world
        .client(&sign_in.client_id)
        .map_or("", |client| client.display_name())
}

fn or_refusal(app: &Shared, answer: Result<Response, Refusal>) -> Response {
    answer.unwrap_or_else(|refusal| pages::refused(&app.display_name, &refusal))
}

fn found(location: String) -> Response {
    (StatusCode::FOUND, [(LOCATION, location)]).into_response()
}

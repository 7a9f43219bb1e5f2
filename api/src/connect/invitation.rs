//! The link's own page: who asks for what, yes or no.

use application::flow::{FoundLink, Invitation, LinkPage};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, Method, StatusCode},
    response::Response,
};
use domain::connect_link::{AttemptFailure, LinkToken};
use serde::Deserialize;

use super::{
    extract::{AttemptQuery, PageForm},
    guest::Guest,
    reply, view, visitor,
};
use crate::{
    operations::SignIn,
    pages::{self, Ask, ConnectedAlready, Declined, InAppBrowser, MissingPermission, Requester, Success, Trouble},
    state::Server,
};

/// What a form of these pages sends.
#[derive(Deserialize)]
pub(super) struct OwnForm {
    csrf: String,
}

/// How a page was asked for.
#[derive(Deserialize)]
pub(super) struct Wish {
    /// The visitor wants to go on in a browser that the provider may refuse.
    #[serde(default)]
    anyway: Option<String>,
}

/// `GET /c/{token}`: changes nothing, however often it is opened.
pub(super) async fn show(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    Path(token): Path<String>,
    AttemptQuery(wish): AttemptQuery<Wish>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let Ok(token) = LinkToken::parse(&token) else {
        return unknown(&guest);
    };
    match server.app.link_page(&guest.visit, &token, guest.at).await {
        Err(error) => reply::failure(&guest.brand, &error),
        Ok(LinkPage::Unknown) => unknown(&guest),
        Ok(LinkPage::Ended {
            found,
            completed_here: true,
            ..
        }) => success(&server, &guest, &found).await,
        Ok(LinkPage::Needless) => reply::page(StatusCode::GONE, &ConnectedAlready { brand: &guest.brand }),
        Ok(LinkPage::Ended { .. }) => {
            let ask = Ask::Offered {
                token: token.reveal(),
                csrf: &guest.form_token,
            };
            reply::ended(&guest.brand, StatusCode::GONE, ask)
        }
        Ok(LinkPage::Live { found, invitation }) => {
            note_opened(&server, &guest, *found, visitor::kind(&method, &headers)).await;
            match visitor::in_app(&headers).filter(|_| wish.anyway.is_none()) {
                Some(app) => elsewhere(&server, &guest, &token, &invitation, app),
                None => invite(&guest, &token, &invitation),
            }
        }
    }
}

/// `POST /c/{token}/start`: begins an attempt. It uses nothing up, and can be repeated.
pub(super) async fn start(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    Path(token): Path<String>,
    PageForm(form): PageForm<OwnForm>,
) -> Result<Response, Response> {
    let (found, _) = of_form(&server, &guest, &token, &form).await?;
    if let Err(retry_after) = server.limits.start(found.id, guest.address).await {
        return Err(reply::trouble(&guest.brand, Trouble::TooManyTries { retry_after }));
    }
    let attempt = server.app.begin(&guest.visit, &found).await;
    let attempt = attempt.map_err(|error| reply::failure(&guest.brand, &error))?;
    server.measures.sign_in(SignIn::Started);
    Ok(reply::see(&format!("/c/go?attempt={attempt}")))
}

/// `POST /c/{token}/decline`: the customer says no.
pub(super) async fn decline(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    Path(token): Path<String>,
    PageForm(form): PageForm<OwnForm>,
) -> Result<Response, Response> {
    let (found, _) = of_form(&server, &guest, &token, &form).await?;
    let declined = server.app.decline(&guest.visit, &found).await;
    declined.map_err(|error| reply::failure(&guest.brand, &error))?;
    server.measures.sign_in(SignIn::Declined);
    Ok(reply::page(StatusCode::OK, &Declined { brand: &guest.brand }))
}

/// `POST /c/{token}/ask`: the customer asks for a new link in place of an ended one.
pub(super) async fn ask_fresh(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    Path(token): Path<String>,
    PageForm(form): PageForm<OwnForm>,
) -> Result<Response, Response> {
    let (found, token) = of_form(&server, &guest, &token, &form).await?;
    if found.must_be_live(&server.app).is_ok() {
        return Ok(reply::see(&format!("/c/{}", token.reveal()))); // it still works: no need for another
    }
    let asked = server.app.ask_fresh(&guest.visit, found).await;
    asked.map_err(|error| reply::failure(&guest.brand, &error))?;
    Ok(reply::ended(&guest.brand, StatusCode::OK, Ask::Done))
}

/// The success page, for the browser that completed the link, as often as it comes back.
pub(super) async fn success(server: &Server, guest: &Guest, found: &FoundLink) -> Response {
    match server.app.completion(found).await {
        Err(error) => reply::failure(&guest.brand, &error),
        Ok(done) => reply::page(
            StatusCode::OK,
            &Success {
                brand: &guest.brand,
                provider: view::provider(&done.provider),
                listing: done.listing.as_deref(),
                location: done.location.as_deref(),
                connection: done.connection_name.as_deref(),
                withdraw_at: done.provider.withdraw_at.as_deref(),
            },
        ),
    }
}

/// The link of a form that came from a page of ours, in this browser.
async fn of_form(
    server: &Server,
    guest: &Guest,
    token: &str,
    form: &OwnForm,
) -> Result<(FoundLink, LinkToken), Response> {
    guest.check_form(&form.csrf)?;
    let token = LinkToken::parse(token).map_err(|_| unknown(guest))?;
    match server.app.link_of_token(&guest.visit.host, &token).await {
        Ok(Some(found)) => Ok((found, token)),
        Ok(None) => Err(unknown(guest)),
        Err(error) => Err(reply::failure(&guest.brand, &error)),
    }
}

fn unknown(guest: &Guest) -> Response {
    reply::ended(&guest.brand, StatusCode::NOT_FOUND, Ask::Unavailable)
}

/// The page is shown even when its opening cannot be noted.
async fn note_opened(server: &Server, guest: &Guest, found: FoundLink, visitor: domain::trail::Visitor) {
    let context = found.context(&server.app, &guest.visit);
    if !server.opened.is_first(found.id, visitor, context.now).await {
        return;
    }
    if let Err(error) = server.app.note_opened(&context, found, visitor).await {
        tracing::warn!(%error, "the opening of a link could not be noted");
    }
}

fn elsewhere(server: &Server, guest: &Guest, token: &LinkToken, invitation: &Invitation, app: &str) -> Response {
    let url = server.app.link_address(&guest.visit.host, token);
    let path = format!("/c/{}?anyway=1", token.reveal());
    let page = InAppBrowser {
        brand: &guest.brand,
        provider: view::provider(&invitation.provider),
        app: Some(app).filter(|app| !app.is_empty()),
        qr: pages::qr::svg(&url).ok(),
        url: &url,
        continue_path: &path,
    };
    reply::page(StatusCode::OK, &page)
}

fn invite(guest: &Guest, token: &LinkToken, invitation: &Invitation) -> Response {
    let provider = view::provider(&invitation.provider);
    let permissions: Vec<&str> = invitation.provider.permissions.iter().map(String::as_str).collect();
    let (token, csrf) = (token.reveal(), guest.form_token.as_str());
    if invitation.last_failure == Some(AttemptFailure::MissingScopes) {
        let page = MissingPermission {
            brand: &guest.brand,
            provider,
            token,
            csrf,
            missing: permissions,
        };
        return reply::page(StatusCode::OK, &page);
    }
    let requester = invitation.requester.name.as_deref();
    let page = pages::Invitation {
        brand: &guest.brand,
        token,
        csrf,
        requester: requester.map(|name| Requester {
            name,
            email: invitation.requester.email.as_deref(),
        }),
        provider,
        location: invitation.location.as_deref(),
        connection: invitation.connection_name.as_deref(),
        permissions,
        expires_at: invitation.expires_at,
        can_reject: true,
        notice: invitation.last_failure.and_then(view::notice),
    };
    reply::page(StatusCode::OK, &page)
}

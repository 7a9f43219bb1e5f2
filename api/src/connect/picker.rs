//! Picking the listing, and the page that says it worked.

use application::{
    CommandError,
    flow::{Pick, PickerPage, PickerState},
};
use axum::{Extension, extract::State, http::StatusCode, response::Response};
use domain::{customer::CustomerError, ids::AttemptId};
use serde::Deserialize;

use super::{
    extract::{AttemptQuery, PageForm},
    guest::Guest,
    invitation, reply,
    sign_in::OfAttempt,
    view,
};
use crate::{
    operations::SignIn,
    pages::{Paging, PickError, Picker, Picks},
    state::Server,
};

/// What part of the list is wanted.
#[derive(Deserialize)]
pub(super) struct Wanted {
    attempt: AttemptId,
    #[serde(default)]
    q: String,
    #[serde(default, deserialize_with = "page")]
    page: usize,
}

/// A page that is none is the first one.
fn page<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    Ok(String::deserialize(deserializer)?.parse().unwrap_or_default())
}

/// What the picker's form sends. It has a box to confirm for every listing that is in use, and any number may be ticked.
#[derive(Deserialize)]
#[serde(from = "Vec<(String, String)>")]
pub(super) struct PickForm {
    csrf: String,
    attempt: Option<AttemptId>,
    listing: Option<String>,
    confirmed: Vec<String>,
    q: String,
    page: usize,
}

impl From<Vec<(String, String)>> for PickForm {
    fn from(pairs: Vec<(String, String)>) -> Self {
        let all = |name: &str| {
            pairs
                .iter()
                .filter(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
                .collect()
        };
        let first = |name: &str| {
            pairs
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        Self {
            csrf: first("csrf").unwrap_or_default(),
            attempt: first("attempt").and_then(|id| id.parse().ok()),
            listing: first("listing"),
            confirmed: all("confirm"),
            q: first("q").unwrap_or_default(),
            page: first("page").and_then(|page| page.parse().ok()).unwrap_or_default(),
        }
    }
}

/// What the form behind "switch account" sends.
#[derive(Deserialize)]
pub(super) struct SwitchForm {
    csrf: String,
    attempt: AttemptId,
}

/// `GET /c/pick`: what there is to pick.
pub(super) async fn show(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    AttemptQuery(wanted): AttemptQuery<Wanted>,
) -> Response {
    match server
        .app
        .picker(&guest.visit, wanted.attempt, &wanted.q, wanted.page)
        .await
    {
        Ok(page) => render(&guest, &page, &wanted, None),
        Err(CommandError::AttemptOver) => finished(&server, &guest, wanted.attempt).await,
        Err(error) => after_end(&server, &guest, wanted.attempt, error).await,
    }
}

/// `POST /c/pick`: completes the link.
pub(super) async fn pick(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    PageForm(form): PageForm<PickForm>,
) -> Response {
    if let Err(response) = guest.check_form(&form.csrf) {
        return response;
    }
    let Some(attempt) = form.attempt else {
        return reply::failure(&guest.brand, &CommandError::AttemptOver);
    };
    let shown = Wanted {
        attempt,
        q: form.q,
        page: form.page,
    };
    let Some(listing) = form.listing else {
        return again(&server, &guest, &shown, None, Some(PickError::NothingChosen)).await;
    };
    let pick = Pick {
        confirmed: form.confirmed.contains(&listing),
        listing,
    };
    let chosen = Some(pick.listing.as_str());
    match server.app.complete(&guest.visit, attempt, &pick).await {
        Ok(_) => {
            server.measures.sign_in(SignIn::Connected);
            reply::see(&format!("/c/done?attempt={attempt}"))
        }
        Err(CommandError::ListingInUse) => again(&server, &guest, &shown, chosen, Some(PickError::NotConfirmed)).await,
        Err(CommandError::ListingNotPickable) => {
            again(&server, &guest, &shown, chosen, Some(PickError::NoLongerAvailable)).await
        }
        // The picker itself says that the plan is used up, or that the provider does not answer.
        Err(CommandError::Customer(CustomerError::AllowanceReached { .. }) | CommandError::Provider(_)) => {
            again(&server, &guest, &shown, chosen, None).await
        }
        Err(error) => after_end(&server, &guest, attempt, error).await,
    }
}

/// `POST /c/pick/switch`: the customer signs in with another account.
pub(super) async fn switch(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    PageForm(form): PageForm<SwitchForm>,
) -> Response {
    if let Err(response) = guest.check_form(&form.csrf) {
        return response;
    }
    match server.app.switch_account(&guest.visit, form.attempt).await {
        Ok(attempt) => reply::see(&format!("/c/go?attempt={attempt}")),
        Err(error) => reply::failure(&guest.brand, &error),
    }
}

/// `GET /c/done`: it worked. The same browser may load it again.
pub(super) async fn done(
    State(server): State<Server>,
    Extension(guest): Extension<Guest>,
    AttemptQuery(of): AttemptQuery<OfAttempt>,
) -> Response {
    finished(&server, &guest, of.attempt).await
}

/// The success page for the attempt that completed its link, in its browser; for anybody else the page that asks to reopen.
async fn finished(server: &Server, guest: &Guest, attempt: AttemptId) -> Response {
    match server.app.attempt_of_visit(&guest.visit, attempt).await {
        Ok((_, found)) if found.link.completed_by() == Some(attempt) => {
            invitation::success(server, guest, &found).await
        }
        Ok(_) => reply::failure(&guest.brand, &CommandError::AttemptOver),
        Err(error) => reply::failure(&guest.brand, &error),
    }
}

/// A link that ended is no failure for the browser that completed it: a picker left open in another tab shows success.
async fn after_end(server: &Server, guest: &Guest, attempt: AttemptId, error: CommandError) -> Response {
    // Between the completion and the end of its attempt, a second click finds the credential gone.
    let ended = matches!(error, CommandError::ConnectLink(_) | CommandError::AttemptOver);
    match server.app.attempt_of_visit(&guest.visit, attempt).await {
        Ok((_, found)) if ended && found.link.completed_by() == Some(attempt) => {
            invitation::success(server, guest, &found).await
        }
        _ => reply::failure(&guest.brand, &error),
    }
}

/// The same part of the list once more, with the reason why the choice was not taken.
async fn again(
    server: &Server,
    guest: &Guest,
    shown: &Wanted,
    chosen: Option<&str>,
    error: Option<PickError>,
) -> Response {
    let page = server.app.picker(&guest.visit, shown.attempt, &shown.q, shown.page);
    match page.await {
        Ok(page) => render(guest, &page, shown, Some((chosen, error))),
        Err(error) => after_end(server, guest, shown.attempt, error).await,
    }
}

fn render(
    guest: &Guest,
    page: &PickerPage,
    wanted: &Wanted,
    refused: Option<(Option<&str>, Option<PickError>)>,
) -> Response {
    let (chosen, error) = refused.unwrap_or_default();
    let place = view::place(page, &wanted.q);
    let picks = match &page.state {
        PickerState::Choices { choices, .. } if choices.is_empty() => Picks::NoResults,
        PickerState::Choices { choices, matching, .. } => Picks::Listings {
            listings: choices.iter().map(|choice| view::listing(choice, chosen)).collect(),
            paging: place.as_ref().map_or_else(Paging::default, |place| Paging {
                first: place.first,
                last: place.last,
                total: Some(*matching),
                previous: place.previous.as_deref(),
                next: place.next.as_deref(),
            }),
        },
        PickerState::Nothing => Picks::Nothing,
        PickerState::OverPlan { .. } => Picks::OverPlan,
        PickerState::Unavailable => Picks::Unavailable,
    };
    let attempt = page.attempt.to_string();
    let picker = Picker {
        brand: &guest.brand,
        provider: view::provider(&page.provider),
        attempt: &attempt,
        csrf: &guest.form_token,
        location: page.location.as_deref(),
        account: view::account(page),
        query: &wanted.q,
        page: wanted.page,
        picks,
        error,
    };
    let status = if error.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    reply::page(status, &picker)
}

//! Who visits a page: the agency whose host was asked, the browser, its network. Settled before any handler runs.

use std::net::{IpAddr, SocketAddr};

use application::{agencies::AgencyFace, flow::Visit, states::Moment};
use axum::{
    Extension,
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::host::HostName;

use super::{
    browser::{Browser, is_own_form},
    reply,
};
use crate::{
    pages::{Brand, Contact, Trouble},
    server::{Notes, request_id},
    state::Server,
};

/// The agency whose host was asked; put there by the host's dispatch.
#[derive(Clone)]
pub struct Asked {
    /// The host.
    pub host: HostName,
    /// Its owner.
    pub agency: AgencyFace,
    /// The moment at which that was so: no earlier than the request.
    pub at: Moment,
}

/// A visitor of an agency's pages.
#[derive(Clone)]
pub(super) struct Guest {
    /// The request of the browser.
    pub(super) visit: Visit,
    /// The browser's address, for the limits alone.
    pub(super) address: IpAddr,
    /// Whose pages these are, and how they look.
    pub(super) brand: Brand,
    /// What this browser's forms carry.
    pub(super) form_token: String,
    /// What is shown held at this moment, which is no earlier than the request.
    pub(super) at: Moment,
    /// Whether the browser brought its cookie.
    pub(super) is_known: bool,
}

impl Guest {
    /// # Errors
    /// The page that says what to do, when a form did not come from a page that this browser was given.
    pub(super) fn check_form(&self, sent: &str) -> Result<(), Response> {
        if self.is_known && is_own_form(&self.form_token, sent) {
            return Ok(());
        }
        Err(reply::trouble(&self.brand, Trouble::BadForm))
    }
}

/// Lets a visitor in: limits first, then the browser's identity, then the page under the strict headers.
pub(super) async fn admit(
    State(server): State<Server>,
    Extension(asked): Extension<Asked>,
    mut request: Request,
    next: Next,
) -> Response {
    let brand = brand_of(&asked.agency);
    if let Some(notes) = Notes::of(request.extensions()) {
        notes.agency(asked.agency.id);
    }
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let address = server.proxies.client(peer, request.headers());
    if let Err(seconds) = server.limits.page(address) {
        return reply::strict(reply::trouble(&brand, Trouble::TooManyTries { retry_after: seconds }));
    }
    let browser = Browser::of(request.headers(), &server.app);
    let cookie = browser.cookie(&server.app.addresses.scheme);
    let network = match server.app.network_hash(address).await {
        Ok(network) => Some(network),
        Err(error) => return reply::strict(reply::failure(&brand, &error)),
    };
    let visit = Visit {
        host: asked.host,
        browser: browser.hash(),
        network,
        request: request_id(&server.app, &request),
    };
    let form_token = browser.form_token(server.app.cipher.as_ref());
    let guest = Guest {
        visit,
        address,
        brand,
        form_token,
        at: asked.at,
        is_known: cookie.is_none(),
    };
    request.extensions_mut().insert(guest);
    let mut response = reply::strict(next.run(request).await);
    if let Some(cookie) = cookie {
        response.headers_mut().append(axum::http::header::SET_COOKIE, cookie);
    }
    response.into_response()
}

/// How an agency's pages look.
pub(super) fn brand_of(agency: &AgencyFace) -> Brand {
    Brand {
        company: agency.name.clone(),
        support_contact: agency
            .branding
            .support_contact
            .as_deref()
            .and_then(|text| Contact::parse(text).ok()),
        has_logo: agency.branding.logo.is_some(),
        monogram: Brand::monogram_of(&agency.name),
        lang: "en".to_owned(),
    }
}

//! The customers' pages on the agencies' hosts, and the path on the callback host that providers answer to.

mod assets;
mod browser;
mod call_log;
mod callback;
mod extract;
mod guest;
mod invitation;
mod picker;
mod reply;
mod sign_in;
mod view;
mod visitor;

pub use guest::Asked;
pub(crate) use reply::strict;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    middleware,
    response::Response,
    routing::{get, post},
};

use guest::Guest;

use crate::{pages::Trouble, state::Server};

/// A form of ours is a few hundred bytes.
pub(crate) const LARGEST_FORM: usize = 16 * 1024;

/// The pages of an agency's host.
pub fn pages(server: Server) -> Router {
    let assets = Router::new()
        .route("/c/assets/page.css", get(assets::page_css))
        .route("/c/assets/page.js", get(assets::page_js))
        .route("/c/assets/brand.css", get(assets::brand_css))
        .route("/c/assets/logo", get(assets::logo))
        .route("/c/assets/icon", get(assets::icon));
    let pages = Router::new()
        .route("/c/{token}", get(invitation::show))
        .route("/c/{token}/start", post(invitation::start))
        .route("/c/{token}/decline", post(invitation::decline))
        .route("/c/{token}/ask", post(invitation::ask_fresh))
        .route("/c/go", get(sign_in::go))
        .route("/c/return", get(sign_in::arrive))
        .route("/c/reopen", get(sign_in::reopen))
        .route("/c/pick", get(picker::show).post(picker::pick))
        .route("/c/pick/switch", post(picker::switch))
        .route("/c/done", get(picker::done))
        .fallback(no_such_page)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(middleware::from_fn_with_state(server.clone(), guest::admit));
    assets
        .merge(pages)
        .layer(middleware::from_fn(call_log::note))
        .with_state(server)
}

/// The paths of the callback host that providers answer to.
pub fn callbacks(server: Server) -> Router {
    Router::new()
        .route("/{*path}", get(callback::receive))
        .layer(middleware::from_fn(call_log::note))
        .with_state(server)
}

/// What the agency's host does not have.
async fn no_such_page(Extension(guest): Extension<Guest>) -> Response {
    reply::trouble(&guest.brand, Trouble::NotFound)
}

/// What no page of the agency's host does.
async fn no_such_method(Extension(guest): Extension<Guest>) -> Response {
    let mut page = reply::trouble(&guest.brand, Trouble::NotFound);
    *page.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    page
}

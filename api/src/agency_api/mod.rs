//! The agencies' API: JSON under `/api/agency/v1`, for clients that hold an API key, and its document at `/openapi.json`.

mod answer;
mod as_of;
mod asked;
mod authenticated;
mod call;
mod credentials;
mod customers;
mod document;
mod feed;
mod format;
mod input;
mod integrations;
mod jobs;
mod links;
mod mail;
mod pages;
mod provider_apps;
mod providers;
mod reading;
mod reports;
mod sent;
#[cfg(test)]
mod tests;
mod timeline;

use application::{App, customers::CustomerFile, ports::jobs::Job};
use axum::{Router, body::Bytes, extract::DefaultBodyLimit, http::header::CONTENT_TYPE, middleware, routing::get};
use domain::{Timestamp, ids::CustomerId, log::Recorded};
use projections::{integration::IntegrationRow, link::LinkRow, timeline::TimelineEntry};
use serde_json::{Value, json};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::{
    problem::{Kind, Problem},
    state::Server,
};

const PREFIX: &str = "/api/agency/v1";
/// Fifty locations with the longest names and addresses fit.
pub(crate) const LONGEST_BODY: usize = 192 * 1024;

/// The API and its document; whatever else is asked of it is refused as a problem too.
pub fn router(server: Server) -> Router {
    let (routes, document) = with_document().split_for_parts();
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default()); // a document always becomes JSON
    let answer = move || std::future::ready(([(CONTENT_TYPE, "application/json")], document.clone()));
    surrounded(routes.route("/openapi.json", get(answer)), server)
}

/// Routes with what surrounds every call: its id, the limit of its body, and problems for everything that goes wrong.
fn surrounded(routes: Router<Server>, server: Server) -> Router {
    routes
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(CatchPanicLayer::custom(call::panicked))
        .layer(middleware::from_fn_with_state(server.clone(), call::carry))
        .with_state(server)
}

/// The API's document (`OpenAPI` 3.1), generated from the code.
pub fn openapi() -> utoipa::openapi::OpenApi {
    with_document().into_openapi()
}

/// A link as the API shows it, for the command line.
pub(crate) fn link_as_json(row: LinkRow, now: Timestamp) -> Value {
    json!(links::Link::of(row, now))
}

/// An integration as the API shows it, for the command line.
pub(crate) fn integration_as_json(app: &App, row: IntegrationRow, now: Timestamp) -> Value {
    let known = integrations::Knowledge::of_the_past(app);
    json!(integrations::Integration::of(row, &known, now))
}

/// A customer as the API shows it, for the command line.
pub(crate) fn customer_as_json(id: CustomerId, file: CustomerFile) -> Value {
    json!(customers::Customer::of(id, file))
}

/// A job as the API shows it, for the command line.
pub(crate) fn job_as_json(job: Job) -> Value {
    json!(jobs::Job::from(job))
}

pub(crate) use format::Format;
pub(crate) use reports::{AccessWanted, DaysWanted, Source, access_report, days_report};

/// A timeline as the API writes it into a file, for the command line.
pub(crate) fn timeline_as_csv(events: &[Recorded], entries: Vec<TimelineEntry>) -> String {
    format::csv(&timeline::entries(events, entries))
}

/// Whatever routes can be hung into: the router, or a test that looks at them.
trait Routes: Sized {
    fn routes(self, routes: UtoipaMethodRouter<Server>) -> Self;
}

impl Routes for OpenApiRouter<Server> {
    fn routes(self, routes: UtoipaMethodRouter<Server>) -> Self {
        Self::routes(self, routes)
    }
}

fn with_document() -> OpenApiRouter<Server> {
    let routes = all_routes(OpenApiRouter::new());
    OpenApiRouter::with_openapi(document::Document::openapi()).nest(PREFIX, routes)
}

fn all_routes<R: Routes>(router: R) -> R {
    router
        .routes(routes!(customers::create))
        .routes(routes!(customers::read, customers::change))
        .routes(routes!(customers::add_location))
        .routes(routes!(customers::set_plan))
        .routes(routes!(customers::erase))
        .routes(routes!(links::commands::issue, links::reads::list))
        .routes(routes!(links::reads::read))
        .routes(routes!(links::commands::reveal))
        .routes(routes!(links::commands::revoke))
        .routes(routes!(links::batch::issue_several))
        .routes(routes!(links::send::send))
        .routes(routes!(mail::read, mail::set, mail::remove))
        .routes(routes!(mail::set_habits))
        .routes(routes!(mail::test))
        .routes(routes!(timeline::of_link))
        .routes(routes!(integrations::list, integrations::commands::connect))
        .routes(routes!(integrations::read, integrations::commands::delete))
        .routes(routes!(integrations::commands::disconnect))
        .routes(routes!(credentials::read, credentials::replace::replace))
        .routes(routes!(credentials::reads))
        .routes(routes!(integrations::health::check))
        .routes(routes!(jobs::list))
        .routes(routes!(jobs::read))
        .routes(routes!(jobs::retry))
        .routes(routes!(providers::list))
        .routes(routes!(provider_apps::read, provider_apps::set, provider_apps::remove))
        .routes(routes!(feed::events))
        .routes(routes!(reports::days))
        .routes(routes!(reports::access))
        .routes(routes!(timeline::of_integration))
        .routes(routes!(timeline::of_customer))
        .routes(routes!(timeline::of_location))
        .routes(routes!(timeline::of_member))
}

async fn no_such_route() -> Problem {
    Problem::new(Kind::RouteNotFound).detail("/openapi.json lists every path; none ends in a slash")
}

async fn no_such_method() -> Problem {
    Problem::new(Kind::MethodNotAllowed).detail("the header Allow names the methods that this path takes")
}

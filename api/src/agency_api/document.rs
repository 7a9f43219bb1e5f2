//! The API's `OpenAPI` document: what is common to all routes.

use std::collections::BTreeMap;

use projections::{
    integration::{Badge, HealthStatus},
    link::LinkStatus,
};
use strum::IntoEnumIterator;
use utoipa::{
    IntoResponses, Modify, OpenApi, ToSchema,
    openapi::{
        Content, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema, Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use crate::problem::{FieldError, MEDIA_TYPE, Problem};

/// The document without its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Grantlink agency API",
        version = "1",
        description = "Issue connect links, follow what becomes of them, and read every step that ever happened to one.\n\n\
            Every call carries an API key as `Authorization: Bearer glk_…`. Refusals are problems (RFC 9457): branch on `type`. \
            A command answers a `Grantlink-Position`; a read that hands it back as `Grantlink-Min-Position` shows at least what \
            that command did. Send an `Idempotency-Key` with a POST to repeat it safely. A `next_cursor` goes on with the same filters. An `X-Request-Id` that is a UUID is \
            kept, and every answer carries one.",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    components(schemas(Problem, FieldError)),
    modifiers(&BearerKey),
    tags(
        (name = "Customers", description = "The agency's clients, their places of business and their plan."),
        (name = "Links", description = "Connect links: one location, one provider, one use."),
        (name = "Mail", description = "The agency's mail server, and which mails are sent by themselves."),
        (name = "Integrations", description = "The living connections, with their badges."),
        (name = "Credentials", description = "The access tokens of connections, for those who may have them."),
        (name = "Events", description = "Everything that happens, in order: pages and a stream."),
 (name = "Jobs", description = "What the server does by itself, and what came of it."),
        (name = "Members", description = "The agency's people."),
        (name = "Reports", description = "Figures day by day, and who could use what. Days are those of UTC."),
        (name = "Providers", description = "What can be connected."),
    ),
)]
pub(super) struct Document;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("glk_<live|test>_…")
            .description(Some(
                "An agency's API key. Beside each route stand the scopes that it needs.",
            ))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_key", SecurityScheme::Http(key));
    }
}

/// How every read can be refused.
pub(super) struct ReadRefusals;

impl IntoResponses for ReadRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[
            (
                "400",
                "An id, a query value, a cursor or a position token is not valid.",
            ),
            ("401", "The API key is missing, wrong or revoked."),
            ("403", "The API key lacks the scope."),
            ("404", "There is no such thing, or it is another tenant's."),
            ("408", "The call took longer than it may."),
            ("500", "Something went wrong here."),
            ("503", "Not now: try again after `Retry-After` seconds."),
        ])
    }
}

/// How every command can be refused.
pub(super) struct WriteRefusals;

impl IntoResponses for WriteRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let more = refusals(&[
            ("400", "The body is not JSON, or an id or a header is not valid."),
            (
                "409",
                "It stands against the rules: the link ended, or there is no host. Or a call with the same idempotency key is \
                 under way: try again after `Retry-After` seconds.",
            ),
            ("413", "The body is too large."),
            ("415", "The body is not application/json."),
            (
                "422",
                "The body is not valid, or the idempotency key came with another one before.",
            ),
        ]);
        ReadRefusals::responses().into_iter().chain(more).collect()
    }
}

/// How a call can be refused that names a provider.
pub(super) struct ProviderRefusals;

impl IntoResponses for ProviderRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[("422", "This provider is not configured.")])
    }
}

/// How a call can be refused that asks a provider.
pub(super) struct AskedRefusals;

impl IntoResponses for AskedRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[("502", "The provider refused what it was asked.")])
    }
}

/// How a call can be refused that may be made so often only.
pub(super) struct OftenRefusals;

impl IntoResponses for OftenRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[("429", "That was done often enough for now: `detail` says when again.")])
    }
}

fn refusals(all: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let refusal = |(status, description): &(&str, &str)| {
        let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
        let response = ResponseBuilder::new()
            .description(*description)
            .content(MEDIA_TYPE, content);
        ((*status).to_owned(), RefOr::T(response.build()))
    };
    all.iter().map(refusal).collect()
}

/// Where a link can stand.
pub(super) fn link_statuses() -> Schema {
    names_of(LinkStatus::iter())
}

/// Where a job can stand.
pub(super) fn job_states() -> Schema {
    use application::ports::jobs::JobState::{Dead, Done, Queued, Running};
    names_of([Queued, Running, Done, Dead].into_iter())
}

/// How an integration can stand.
pub(super) fn badges() -> Schema {
    names_of(Badge::iter())
}

/// How well an integration can be.
pub(super) fn health_statuses() -> Schema {
    names_of(HealthStatus::iter())
}

fn names_of(all: impl Iterator<Item = impl ToString>) -> Schema {
    let names = all.map(|name| name.to_string());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .into()
}

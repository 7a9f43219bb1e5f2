//! Commands on integrations.

use application::{
    integrations::{EndIntegration, Ending},
    links::IssueLink,
};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use domain::{
    connect_link::LinkToken,
    ids::{CustomerId, IntegrationId, LinkId, LocationId},
    provider::ProviderId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    agency_api::{
        answer::answer,
        asked::Id,
        authenticated::{Authenticated, IntegrationsWrite},
        document::WriteRefusals,
        input::Check,
        sent::{IdempotencyKey, Nothing, Sent},
    },
    problem::Problem,
    state::Server,
};

/// So long a member has to sign in.
const DIRECT_LIFE: TimeDelta = TimeDelta::minutes(15);

/// A connection that a member makes himself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct IntegrationToConnect {
    /// Whose it will be.
    #[schema(value_type = Uuid)]
    customer_id: CustomerId,
    /// The customer's place of business.
    #[schema(value_type = Uuid)]
    location_id: LocationId,
    /// The provider, as `GET /providers` names it.
    #[schema(example = "google")]
    provider: String,
    /// Whether another account at the provider may take the place of the connected one.
    #[serde(default)]
    #[schema(required = false)]
    replace_account: bool,
}

/// Where a member signs in.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Connecting {
    /// The connection that is made or renewed.
    #[schema(value_type = Uuid)]
    integration_id: IntegrationId,
    /// Open it in the member's browser. Whoever has it can use it, once; it is for nobody else.
    #[schema(example = "https://connect.agency.example/c/ZqnEQMX…")]
    connect_url: String,
    /// The link that it is, for `GET /links/{id}` and to revoke it.
    #[schema(value_type = Uuid)]
    link_id: LinkId,
    /// From this moment on it is dead.
    expires_at: chrono::DateTime<chrono::Utc>,
    /// The live link for the same location and provider that it took the place of; that one is revoked.
    #[schema(value_type = Option<Uuid>)]
    superseded_link_id: Option<LinkId>,
}

/// A connection that was ended.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct EndedIntegration {
    /// The integration.
    #[schema(value_type = Uuid)]
    id: IntegrationId,
    /// `disconnected` or `deleted`.
    #[schema(value_type = String, example = "disconnected")]
    state: EndedState,
}

/// How a connection was ended.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum EndedState {
    Disconnected,
    Deleted,
}

/// Connects directly, without the customer
///
/// A member signs in at the provider himself, at an address that lives for 15 minutes and is never mailed. What comes of it works
/// like any other connection; its badge says "Connected" instead of "Via Link". A live link for the same location and provider is
/// revoked in the same moment.
#[utoipa::path(
    post, path = "/integrations", tag = "Integrations", operation_id = "connect_directly",
    security(("api_key" = ["integrations:write"])), params(IdempotencyKey), request_body = IntegrationToConnect,
    responses((status = 201, description = "Where the member signs in", body = Connecting,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(in crate::agency_api) async fn connect(
    State(server): State<Server>,
    caller: Authenticated<IntegrationsWrite>,
    sent: Sent<IntegrationToConnect>,
) -> Result<Response, Problem> {
    let body = sent.body;
    let command = IssueLink {
        token: LinkToken::issue(caller.context.now, server.app.random()),
        customer: body.customer_id,
        location: body.location_id,
        provider: provider(&body.provider)?,
        requested_by: caller.member,
        name: None,
        life: Some(DIRECT_LIFE),
        replaces_account: body.replace_account,
        is_direct: true,
        mends: false,
    };
    let (context, status) = (&caller.context, StatusCode::CREATED);
    let body = |issued: application::links::IssuedLink| Connecting {
        integration_id: issued.terms.integration,
        connect_url: issued.address,
        link_id: issued.id,
        expires_at: issued.terms.expires_at,
        superseded_link_id: issued.superseded,
    };
    Ok(answer(&server, context, sent.idempotency, command, status, body).await?)
}

/// Disconnects an integration
///
/// It leaves its account, its place in the customer's plan is free, and where nothing else stands on that account the provider is
/// asked to take the access back. A link that is on its way stays; once it is used, the integration works again. Disconnecting
/// twice is no error.
#[utoipa::path(
    post, path = "/integrations/{id}/disconnect", tag = "Integrations", operation_id = "disconnect_integration",
    security(("api_key" = ["integrations:write"])),
    params(("id" = uuid::Uuid, Path, description = "The integration"), IdempotencyKey),
    responses((status = 200, description = "It is disconnected", body = EndedIntegration,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(in crate::agency_api) async fn disconnect(
    State(server): State<Server>,
    caller: Authenticated<IntegrationsWrite>,
    Id(id): Id<IntegrationId>,
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    end(&server, &caller, (id, Ending::Disconnect), sent).await
}

/// Deletes an integration
///
/// As disconnecting it, and a link that is on its way is revoked. What happened stays readable. A new link for the same location
/// and provider begins anew, with nothing carried over. Deleting twice is no error.
#[utoipa::path(
    delete, path = "/integrations/{id}", tag = "Integrations", operation_id = "delete_integration",
    security(("api_key" = ["integrations:write"])),
    params(("id" = uuid::Uuid, Path, description = "The integration"), IdempotencyKey),
    responses((status = 200, description = "It is deleted", body = EndedIntegration,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(in crate::agency_api) async fn delete(
    State(server): State<Server>,
    caller: Authenticated<IntegrationsWrite>,
    Id(id): Id<IntegrationId>,
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    end(&server, &caller, (id, Ending::Delete), sent).await
}

async fn end(
    server: &Server,
    caller: &Authenticated<IntegrationsWrite>,
    (id, ending): (IntegrationId, Ending),
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    let command = EndIntegration {
        integration: id,
        ending,
    };
    let state = match ending {
        Ending::Disconnect => EndedState::Disconnected,
        Ending::Delete => EndedState::Deleted,
    };
    let body = move |()| EndedIntegration { id, state };
    let (context, status) = (&caller.context, StatusCode::OK);
    Ok(answer(server, context, sent.idempotency, command, status, body).await?)
}

fn provider(text: &str) -> Result<ProviderId, Problem> {
    let provider = ProviderId::parse(text);
    let mut check = Check::default();
    if let Err(error) = &provider {
        check.wrong("provider", error);
    }
    check.done()?;
    provider.map_err(|error| Problem::internal(&error))
}

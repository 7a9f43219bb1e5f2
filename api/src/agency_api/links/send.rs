//! A link is sent by mail once more.

use application::mail::SendLink;
use axum::{extract::State, http::StatusCode, response::Response};
use domain::ids::LinkId;

use super::ended::refusal;
use crate::{
    agency_api::{
        answer::answer,
        asked::Id,
        authenticated::{Authenticated, LinksWrite},
        document::{OftenRefusals, WriteRefusals},
        mail::Emailed,
        sent::{IdempotencyKey, Nothing, Sent},
    },
    problem::Problem,
    state::Server,
};

/// Sends a live link by mail
///
/// To the customer's e-mail address as it is now. Three times an hour and ten times in all at most.
#[utoipa::path(
    post, path = "/links/{id}/send", tag = "Links", operation_id = "send_link",
    security(("api_key" = ["links:write"])),
    params(("id" = uuid::Uuid, Path, description = "The link"), IdempotencyKey),
    responses((status = 202, description = "What becomes of the mail", body = Emailed,
               headers(("Grantlink-Position" = String))), OftenRefusals, WriteRefusals),
)]
pub(in crate::agency_api) async fn send(
    State(server): State<Server>,
    caller: Authenticated<LinksWrite>,
    Id(link): Id<LinkId>,
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    let (context, accepted) = (&caller.context, StatusCode::ACCEPTED);
    let body = |answer| Emailed::from(&answer);
    match answer(&server, context, sent.idempotency, SendLink { link }, accepted, body).await {
        Ok(response) => Ok(response),
        Err(error) => Err(refusal(&server, context.tenant, link, error).await),
    }
}

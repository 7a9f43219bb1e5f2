//! Commands on links.

use application::{
    CommandError,
    links::{IssueLink, IssueLinks, RevealLink, RevokeLink},
};
use axum::{extract::State, http::StatusCode, response::Response};
use domain::{connect_link::LinkToken, ids::LinkId};
use projections::link::LinkStatus;

use super::{
    body::{Address, Issued, LinkToIssue, Revoked},
    ended::{end_of, refusal},
};
use crate::{
    agency_api::{
        answer::{answer, respond},
        asked::Id,
        authenticated::{Authenticated, LinksWrite},
        document::WriteRefusals,
        sent::{IdempotencyKey, Nothing, Sent},
    },
    problem::Problem,
    state::Server,
};

/// Issues a link
///
/// For one location and one provider. A live link for the same two is revoked in the same moment. With `email`, it is sent to the
/// customer; it is issued whatever becomes of the mail.
#[utoipa::path(
    post, path = "/links", tag = "Links", operation_id = "issue_link",
    security(("api_key" = ["links:write"])), params(IdempotencyKey), request_body = LinkToIssue,
    responses((status = 201, description = "The link, with its address", body = Issued,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(in crate::agency_api) async fn issue(
    State(server): State<Server>,
    caller: Authenticated<LinksWrite>,
    sent: Sent<LinkToIssue>,
) -> Result<Response, Problem> {
    let now = caller.context.now;
    let terms = sent.body.checked(now)?;
    let link = IssueLink {
        token: LinkToken::issue(now, server.app.random()),
        customer: sent.body.customer_id,
        location: sent.body.location_id,
        provider: terms.provider,
        requested_by: caller.member,
        name: terms.name,
        life: terms.life,
        replaces_account: sent.body.replace_account,
        is_direct: false,
        mends: false,
    };
    let command = IssueLinks {
        customer: link.customer,
        links: vec![link],
        email: sent.body.email,
    };
    Ok(answer(
        &server,
        &caller.context,
        sent.idempotency,
        command,
        StatusCode::CREATED,
        Issued::from,
    )
    .await?)
}

/// Shows a live link's address again
///
/// That it was shown is on record before it is shown.
#[utoipa::path(
    post, path = "/links/{id}/reveal", tag = "Links", operation_id = "reveal_link",
    security(("api_key" = ["links:write"])),
    params(("id" = uuid::Uuid, Path, description = "The link"), IdempotencyKey),
    responses((status = 200, description = "The link's address", body = Address,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(in crate::agency_api) async fn reveal(
    State(server): State<Server>,
    caller: Authenticated<LinksWrite>,
    Id(link): Id<LinkId>,
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    let command = RevealLink { link };
    let body = |url| Address { url };
    match answer(
        &server,
        &caller.context,
        sent.idempotency,
        command,
        StatusCode::OK,
        body,
    )
    .await
    {
        Ok(response) => Ok(response),
        Err(error) => Err(refusal(&server, caller.context.tenant, link, error).await),
    }
}

/// Revokes a link
///
/// At once: the next request for its page finds it ended. Revoking twice is no error, the first time stands.
#[utoipa::path(
    post, path = "/links/{id}/revoke", tag = "Links", operation_id = "revoke_link",
    security(("api_key" = ["links:write"])),
    params(("id" = uuid::Uuid, Path, description = "The link"), IdempotencyKey),
    responses((status = 200, description = "The link is revoked", body = Revoked,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(in crate::agency_api) async fn revoke(
    State(server): State<Server>,
    caller: Authenticated<LinksWrite>,
    Id(link): Id<LinkId>,
    sent: Sent<Nothing>,
) -> Result<Response, Problem> {
    let (context, tenant) = (&caller.context, caller.context.tenant);
    let command = RevokeLink {
        link,
        by: caller.member,
    };
    // What is kept under an idempotency key is only that it was done: when is known with the commit, and never changes after.
    let done = match server
        .app
        .run_once(context, sent.idempotency, command, |()| vec![])
        .await
    {
        Ok(done) => done,
        Err(error) => return Err(refusal(&server, tenant, link, error).await),
    };
    let end = end_of(&server, tenant, link).await?;
    let end = end.ok_or_else(|| CommandError::from(domain::connect_link::ConnectLinkError::NotIssued))?;
    let status = LinkStatus::Revoked;
    let body = Revoked {
        id: link,
        status,
        ended_at: end.at,
    };
    Ok(respond(&server, context, StatusCode::OK, done.position, &body))
}

//! How and when a link ended, from the log itself: the exact answer for its requester, right after a commit too.

use application::{CommandError, ports::StoreError};
use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkError, ConnectLinkEvent, LinkEnd, RevokeReason},
    ids::{LinkId, TenantId},
    log::{Recorded, StreamId},
};

use super::body::notice;
use crate::{problem::Problem, state::Server};

/// How, why and when a link ended.
pub(super) struct End {
    how: LinkEnd,
    reason: Option<RevokeReason>,
    pub(super) at: Timestamp,
}

impl End {
    fn at(how: LinkEnd, at: Timestamp) -> Self {
        let reason = None;
        Self { how, reason, at }
    }
}

/// How and when a link of a tenant ended as far as its events say.
pub(super) async fn end_of(server: &Server, tenant: TenantId, link: LinkId) -> Result<Option<End>, CommandError> {
    let rows = server.app.log.load(&StreamId::of::<ConnectLink>(link), 0).await?;
    let ends = rows.iter().filter(|row| row.tenant_id == tenant).map(end);
    ends.rev().find_map(Result::transpose).transpose()
}

fn end(row: &Recorded) -> Result<Option<End>, CommandError> {
    let event = row.decode().map_err(StoreError::from)?;
    Ok(match event {
        ConnectLinkEvent::Completed { .. } => Some(End::at(LinkEnd::Completed, row.recorded_at)),
        ConnectLinkEvent::Declined {} => Some(End::at(LinkEnd::Declined, row.recorded_at)),
        ConnectLinkEvent::Revoked { reason, .. } => Some(End {
            reason: Some(reason),
            ..End::at(LinkEnd::Revoked, row.recorded_at)
        }),
        ConnectLinkEvent::Expired { expires_at } => Some(End::at(LinkEnd::Expired, expires_at)),
        ConnectLinkEvent::Issued { .. }
        | ConnectLinkEvent::Started { .. }
        | ConnectLinkEvent::Authorized { .. }
        | ConnectLinkEvent::AttemptFailed { .. } => None,
    })
}

/// What a command on a link was refused for. Of an ended link, its requester is told how and when.
pub(super) async fn refusal(server: &Server, tenant: TenantId, link: LinkId, error: CommandError) -> Problem {
    let asked = match &error {
        CommandError::ConnectLink(ConnectLinkError::Ended(LinkEnd::Expired)) => expiry_of(server, tenant, link).await,
        // The sealed token goes with the link's end: whoever looks for it in that moment finds it gone.
        CommandError::ConnectLink(ConnectLinkError::Ended(_)) | CommandError::AttemptOver => {
            end_of(server, tenant, link).await
        }
        _ => return error.into(),
    };
    match asked {
        Ok(Some(End { how, reason, at })) => Problem::from(CommandError::from(ConnectLinkError::Ended(how)))
            .detail(&notice(how, reason, at))
            .ended_at(at),
        Ok(None) => error.into(),
        Err(failed) => failed.into(),
    }
}

/// A link can have expired by the clock before any event says so.
async fn expiry_of(server: &Server, tenant: TenantId, link: LinkId) -> Result<Option<End>, CommandError> {
    let found = server
        .app
        .replay::<ConnectLink>(&StreamId::of::<ConnectLink>(link))
        .await?;
    let own = found.filter(|found| found.owner == tenant);
    Ok(own.and_then(|found| Some(End::at(LinkEnd::Expired, found.state.terms()?.expires_at))))
}

//! Reading one's own writes: a read that hands back a command's position waits until the views show it.

use std::time::Duration;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, request::Parts},
};
use domain::{ids::TenantId, log::Position};
use projections::{
    View,
    read::{Stale, StaleReason},
};
use utoipa::IntoParams;

use super::authenticated::{Authenticated, Needs};
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// What the caller wants to see.
pub(super) const MIN_POSITION: HeaderName = HeaderName::from_static("grantlink-min-position");
/// A read waits no longer than this for the views.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The header that every read takes.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header for the API's document")]
pub(super) struct MinPosition {
    /// The `Grantlink-Position` of an earlier answer: the read shows at least what that command did.
    #[param(rename = "Grantlink-Min-Position", required = false)]
    position: Option<String>,
}

/// A read by an authenticated caller.
#[derive(Debug)]
pub(super) struct Reading<N> {
    /// Who reads.
    pub(super) caller: Authenticated<N>,
    at_least: Position,
}

impl<N: Needs> FromRequestParts<Server> for Reading<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let caller = Authenticated::<N>::from_request_parts(parts, server).await?;
        let at_least = match parts.headers.get(MIN_POSITION) {
            Some(token) => opened(server, caller.context.tenant, token.to_str().unwrap_or_default()).await?,
            None => Position::default(),
        };
        Ok(Self { caller, at_least })
    }
}

impl<N> Reading<N> {
    /// Whose data it may see, and no other.
    pub(super) fn tenant(&self) -> TenantId {
        self.caller.context.tenant
    }

    /// Waits until a view shows a position.
    pub(super) async fn reached(&self, server: &Server, view: &View, position: Position) -> Result<(), Problem> {
        Ok(server.checkpoints.wait_for(view.name, position, LONGEST_WAIT).await?)
    }

    /// What the views must show for it.
    pub(super) fn at_least(&self) -> Position {
        self.at_least
    }

    /// Waits until what the caller asked for has its jobs.
    pub(super) async fn heeded(&self, server: &Server) -> Result<(), Problem> {
        let seen = server.duties.have_seen(&server.app, self.at_least, LONGEST_WAIT);
        if seen.await? {
            return Ok(());
        }
        Err(Problem::new(Kind::NotYetVisible).detail("what this position token stands for has no jobs yet, try again"))
    }

    /// Waits until the views show what the caller asked for.
    pub(super) async fn shown_by(&self, server: &Server, views: &[View]) -> Result<(), Problem> {
        for view in views {
            server
                .checkpoints
                .wait_for(view.name, self.at_least, LONGEST_WAIT)
                .await?;
        }
        Ok(())
    }
}

/// Whether a row is one of those that stand still, and why.
pub(super) fn standing_still(stale: &Stale, id: &impl ToString) -> (bool, Option<StaleReason>) {
    let reason = stale.get(&id.to_string()).copied();
    (reason.is_some(), reason)
}

/// A token of this tenant for a position that the log has reached. Another's, and one that was altered, say nothing.
pub(super) async fn opened(server: &Server, tenant: TenantId, token: &str) -> Result<Position, Problem> {
    let invalid =
        || Problem::new(Kind::InvalidPosition).detail("send a Grantlink-Position as an earlier answer gave it");
    let position = server.app.cipher.open_number(tenant, token).map_err(|_| invalid())?;
    let head = server.app.log.head().await?;
    if position > head.0 {
        return Err(invalid());
    }
    Ok(Position(position))
}

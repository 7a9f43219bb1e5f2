//! Who stands behind an API call.

use domain::{
    agency::{Agency, ApiKeyScope},
    ids::{MemberId, RequestId, TenantId},
    log::StreamId,
};
use std::collections::BTreeSet;

use super::ApiKeyText;
use crate::{app::App, context::Context, error::CommandError, metadata::Actor};

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The frame of its call.
    pub context: Context,
    /// The member in whose name it acts.
    pub member: MemberId,
    /// What its key may do.
    pub scopes: BTreeSet<ApiKeyScope>,
}

/// Why a call is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The key is unknown, wrong or revoked; which of them is not said.
    #[error("the API key is missing, wrong or revoked")]
    Unauthenticated,
    /// The key may not do that.
    #[error("this API key lacks the scope {0}")]
    MissingScope(ApiKeyScope),
    /// The agency could not be loaded.
    #[error(transparent)]
    Failed(#[from] CommandError),
}

impl Caller {
    /// # Errors
    /// When the key lacks the scope.
    pub fn require(&self, scope: ApiKeyScope) -> Result<(), Denied> {
        if self.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(Denied::MissingScope(scope))
        }
    }
}

impl App {
    /// Whether the key that let a caller in still does: for answers that take their time.
    ///
    /// # Errors
    /// When the agency cannot be loaded.
    pub async fn key_stands(&self, context: &Context) -> Result<bool, CommandError> {
        let Actor::ApiKey { number, .. } = context.actor else {
            return Ok(false);
        };
        let agency = self.replay::<Agency>(&StreamId::of::<Agency>(context.agency)).await?;
        Ok(agency.is_some_and(|agency| agency.state.key(number).is_some()))
    }

    /// Lets a caller in by its API key: from the agency itself, never from a view, so that a revoked key is dead at once.
    ///
    /// # Errors
    /// When the key does not open anything.
    pub async fn authenticate(&self, key: &str, request: RequestId) -> Result<Caller, Denied> {
        let text = ApiKeyText::parse(key).map_err(|_| Denied::Unauthenticated)?;
        let agency = self.replay::<Agency>(&StreamId::of::<Agency>(text.agency)).await?;
        let agency = agency.ok_or(Denied::Unauthenticated)?;
        let agency = &agency.state;
        let key = agency.key(text.number).ok_or(Denied::Unauthenticated)?;
        agency.role(key.member).ok_or(Denied::Unauthenticated)?;
        if key.secret_hash != text.secret_hash() || key.mode != text.mode {
            return Err(Denied::Unauthenticated);
        }
        let context = Context {
            tenant: TenantId::of(text.agency, text.mode),
            agency: text.agency,
            actor: Actor::ApiKey {
                number: text.number,
                member: key.member,
            },
            request,
            now: self.clock.now(),
            network: None,
        };
        Ok(Caller {
            context,
            member: key.member,
            scopes: key.scopes.clone(),
        })
    }
}

//! Who calls, and what the key may do.

use std::{collections::BTreeSet, marker::PhantomData, net::SocketAddr};

use application::{
    Actor, Context,
    agencies::{Caller, Denied},
};
use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header::AUTHORIZATION, request::Parts},
};
use domain::{
    agency::ApiKeyScope,
    ids::{MemberId, RequestId},
};

use crate::{problem::Problem, server::Notes, state::Server};

/// What a route asks of a key. It is part of the handler's type, so that no handler can forget it.
pub(super) trait Needs: Send + Sync + 'static {
    /// The scope; none where every key will do.
    const SCOPE: Option<ApiKeyScope>;
}

macro_rules! needs {
    ($($(#[$doc:meta])* $name:ident = $scope:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(super) struct $name;
        impl Needs for $name {
            const SCOPE: Option<ApiKeyScope> = $scope;
        }
    )+};
}

needs! {
    /// Any key.
    AnyKey = None;
    /// `customers:read`
    CustomersRead = Some(ApiKeyScope::CustomersRead);
    /// `customers:write`
    CustomersWrite = Some(ApiKeyScope::CustomersWrite);
    /// `customers:erase`
    CustomersErase = Some(ApiKeyScope::CustomersErase);
    /// `links:read`
    LinksRead = Some(ApiKeyScope::LinksRead);
    /// `links:write`
    LinksWrite = Some(ApiKeyScope::LinksWrite);
    /// `integrations:read`
    IntegrationsRead = Some(ApiKeyScope::IntegrationsRead);
    /// `integrations:write`
    IntegrationsWrite = Some(ApiKeyScope::IntegrationsWrite);
    /// `integrations:check`
    IntegrationsCheck = Some(ApiKeyScope::IntegrationsCheck);
    /// `audit:read`
    AuditRead = Some(ApiKeyScope::AuditRead);
    /// `events:read`
    EventsRead = Some(ApiKeyScope::EventsRead);
    /// `jobs:read`
    JobsRead = Some(ApiKeyScope::JobsRead);
    /// `jobs:retry`
    JobsRetry = Some(ApiKeyScope::JobsRetry);
    /// `reports:read`
    ReportsRead = Some(ApiKeyScope::ReportsRead);
    /// `mail:manage`
    MailManage = Some(ApiKeyScope::MailManage);
    /// `providers:manage`
    ProvidersManage = Some(ApiKeyScope::ProvidersManage);
    /// `credentials:read`
    CredentialsRead = Some(ApiKeyScope::CredentialsRead);
    /// `credentials:write`
    CredentialsWrite = Some(ApiKeyScope::CredentialsWrite);
}

/// A caller whose key opens and may do what the route needs.
#[derive(Debug)]
pub(super) struct Authenticated<N> {
    /// The frame of the call.
    pub(super) context: Context,
    /// The member in whose name the key acts.
    pub(super) member: MemberId,
    scopes: BTreeSet<ApiKeyScope>,
    needs: PhantomData<N>,
}

impl<N> Authenticated<N> {
    /// Whether the key may also do something that the route does not need.
    pub(super) fn may(&self, scope: ApiKeyScope) -> bool {
        self.scopes.contains(&scope)
    }
}

impl<N> Authenticated<N> {
    /// What a part of the body asks for may need more than the route.
    pub(super) fn require(&self, scope: ApiKeyScope) -> Result<(), Denied> {
        if self.may(scope) {
            Ok(())
        } else {
            Err(Denied::MissingScope(scope))
        }
    }
}

impl<N: Needs> FromRequestParts<Server> for Authenticated<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let request = parts.extensions.get::<RequestId>().copied();
        let request = request.ok_or_else(|| Problem::internal("a call without an id"))?;
        let key = bearer(&parts.headers).ok_or(Denied::Unauthenticated)?;
        let caller: Caller = server.app.authenticate(key, request).await?;
        if let Some(notes) = Notes::of(&parts.extensions) {
            notes.agency(caller.context.agency);
            if let Actor::ApiKey { number, .. } = caller.context.actor {
                notes.key(number);
            }
        }
        if let Some(scope) = N::SCOPE {
            caller.require(scope)?;
        }
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|info| info.0.ip());
        let address = server.proxies.client(peer, &parts.headers);
        let network = Some(server.app.network_hash(address).await?);
        Ok(Self {
            context: Context {
                network,
                ..caller.context
            },
            member: caller.member,
            scopes: caller.scopes,
            needs: PhantomData,
        })
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

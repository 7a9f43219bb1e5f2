//! Several links for one customer at once.

use std::collections::HashSet;

use application::links::{IssueLink, IssueLinks, IssuedLinks};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    connect_link::LinkToken,
    ids::{CustomerId, LocationId},
    provider::ProviderId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Issued, life};
use crate::{
    agency_api::{
        answer::answer,
        authenticated::{Authenticated, LinksWrite},
        document::WriteRefusals,
        input::Check,
        mail::IfEmailed,
        sent::{IdempotencyKey, Sent},
    },
    problem::Problem,
    state::Server,
};

/// So many links may be issued in one call.
const MOST_LINKS: usize = 20;

/// Links to issue for one customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct LinksToIssue {
    /// Whom they are for.
    #[schema(value_type = Uuid)]
    customer_id: CustomerId,
    /// The links, no two for the same location and provider.
    #[schema(min_items = 1, max_items = 20)]
    links: Vec<LinkAmongOthers>,
    /// How long they live; 7 days when not given, unless the installation says otherwise.
    #[schema(minimum = 1, maximum = 2160, example = 48)]
    expires_in_hours: Option<u32>,
    /// When they die, instead of `expires_in_hours`.
    expires_at: Option<DateTime<Utc>>,
    /// Whether they are sent to the customer, all in one mail.
    #[serde(default)]
    #[schema(required = false)]
    email: bool,
}

/// One of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct LinkAmongOthers {
    /// The customer's place of business that it connects.
    #[schema(value_type = Uuid)]
    location_id: LocationId,
    /// The provider that it connects.
    #[schema(example = "google")]
    provider: String,
    /// What the connection is called. The customer sees it.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Whether another account at the provider may take the place of the connected one.
    #[serde(default)]
    #[schema(required = false)]
    replace_account: bool,
}

/// Links that were just issued.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct IssuedTogether {
    /// The links, in their order.
    links: Vec<Issued>,
    /// What becomes of the mail; missing where none was asked for.
    #[serde(flatten)]
    email: IfEmailed,
}

impl From<IssuedLinks> for IssuedTogether {
    fn from(issued: IssuedLinks) -> Self {
        Self {
            links: issued.links.into_iter().map(Issued::from).collect(),
            email: issued.email.as_ref().into(),
        }
    }
}

/// Issues several links for one customer
///
/// All or none. With `email`, they are sent in one mail; they are issued whatever becomes of it.
#[utoipa::path(
    post, path = "/links/batch", tag = "Links", operation_id = "issue_links",
    security(("api_key" = ["links:write"])), params(IdempotencyKey), request_body = LinksToIssue,
    responses((status = 201, description = "The links, with their addresses", body = IssuedTogether,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(in crate::agency_api) async fn issue_several(
    State(server): State<Server>,
    caller: Authenticated<LinksWrite>,
    sent: Sent<LinksToIssue>,
) -> Result<Response, Problem> {
    let now = caller.context.now;
    let token = || LinkToken::issue(now, server.app.random());
    let command = IssueLinks {
        customer: sent.body.customer_id,
        email: sent.body.email,
        links: sent.body.checked(&caller, token)?,
    };
    let (context, created) = (&caller.context, StatusCode::CREATED);
    Ok(answer(
        &server,
        context,
        sent.idempotency,
        command,
        created,
        IssuedTogether::from,
    )
    .await?)
}

impl LinksToIssue {
    fn checked(
        self,
        caller: &Authenticated<LinksWrite>,
        token: impl Fn() -> LinkToken,
    ) -> Result<Vec<IssueLink>, Problem> {
        let mut check = Check::default();
        let life = life(&mut check, self.expires_in_hours, self.expires_at, caller.context.now);
        if self.links.is_empty() || self.links.len() > MOST_LINKS {
            check.wrong("links", &format!("must hold 1 to {MOST_LINKS} links"));
        }
        let (mut links, mut slots) = (vec![], HashSet::new());
        for (index, link) in self.links.into_iter().enumerate() {
            let at = |field: &str| format!("links[{index}].{field}");
            let name = check.optional_name(&at("name"), link.name.as_deref());
            match ProviderId::parse(link.provider.as_str()) {
                Ok(provider) if slots.insert((link.location_id, provider.clone())) => links.push(IssueLink {
                    token: token(),
                    customer: self.customer_id,
                    location: link.location_id,
                    provider,
                    requested_by: caller.member,
                    name,
                    life,
                    replaces_account: link.replace_account,
                    is_direct: false,
                    mends: false,
                }),
                Ok(_) => check.wrong(&at("provider"), "stands there before for the same location"),
                Err(error) => check.wrong(&at("provider"), &error),
            }
        }
        check.done()?;
        Ok(links)
    }
}

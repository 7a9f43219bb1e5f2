//! How well a connection is, as JSON; and asking its provider now.

use std::collections::HashMap;

use application::{
    health::Checked,
    ports::{StoreError, health::LastAnswer},
};
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    Timestamp,
    grant::LossReason,
    ids::{IntegrationId, TenantId},
    integration::{Capability, CapabilityState},
    log::Position,
};
use projections::integration::{Health as Known, HealthStatus, IntegrationRow};
use serde::Serialize;
use strum::IntoEnumIterator;
use utoipa::ToSchema;

use crate::{
    agency_api::{
        answer::respond,
        asked::Id,
        authenticated::{Authenticated, IntegrationsCheck},
        document::{self, OftenRefusals, WriteRefusals},
        sent::{Nothing, Sent},
    },
    problem::{Kind, Problem},
    state::Server,
};

/// How well a connection is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Health {
    /// At a glance.
    #[schema(schema_with = document::health_statuses)]
    status: HealthStatus,
    /// Why only a new sign-in helps, where that is so.
    #[schema(value_type = Option<String>, example = "expired_or_revoked")]
    reason: Option<LossReason>,
    /// Since when it is so.
    since: Option<DateTime<Utc>>,
    /// What it is good for, one by one, as far as its provider can be asked.
    capabilities: Vec<CapabilityHealth>,
}

/// How it stands with one thing that a connection is good for.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct CapabilityHealth {
    /// What: `reviews_read`, `reviews_reply` or `metrics`; `access` at a provider that can only be asked whether it lets the
    /// connection in.
    #[schema(value_type = String, example = "metrics")]
    capability: Capability,
    /// How: `ok`, `needs_reconnect`, `permission_denied`, `removed_by_provider`, `unverified` or `unknown`.
    #[schema(value_type = String, example = "permission_denied")]
    state: Standing,
    /// When the provider last gave an answer that says so.
    last_answer_at: Option<DateTime<Utc>>,
    /// How old that answer is, in seconds.
    age_seconds: Option<i64>,
    /// A page that tells how the account gets the access that it lacks.
    guide: Option<String>,
}

/// What a provider said, unless nothing that it said is of use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Standing {
    Said(CapabilityState),
    Broken(HealthStatus),
}

/// What is known beside the events: last answers, and where the providers' guides are.
#[derive(Default)]
pub(in crate::agency_api) struct Knowledge {
    answers: HashMap<(IntegrationId, Capability), LastAnswer>,
    guides: HashMap<String, String>,
    capabilities: HashMap<String, &'static [Capability]>,
}

impl Knowledge {
    /// The providers' guides alone: last answers are kept as they are now, and say nothing about the past.
    pub(in crate::agency_api) fn of_the_past(app: &application::App) -> Self {
        let mut known = Self::default();
        for connector in app.catalogue.all() {
            let about = connector.about();
            let id = about.id.to_string();
            known.capabilities.insert(id.clone(), connector.capabilities());
            known.guides.extend(about.access_guide.clone().map(|guide| (id, guide)));
        }
        known
    }

    /// What a connection is told about: what its provider can be asked, and whatever it said before it was configured anew.
    fn asked_of(&self, row: &IntegrationRow, health: &Known) -> Vec<Capability> {
        let asked = self
            .capabilities
            .get(row.provider.as_str())
            .copied()
            .unwrap_or_default();
        let is_told =
            |capability: &Capability| asked.contains(capability) || health.capabilities.contains_key(capability);
        Capability::iter().filter(is_told).collect()
    }

    /// All of it, about some rows of a tenant.
    pub(super) async fn of_now(
        server: &Server,
        tenant: TenantId,
        rows: impl Iterator<Item = &IntegrationRow>,
    ) -> Result<Self, StoreError> {
        let lives: HashMap<IntegrationId, u32> = rows
            .filter(|row| row.standing().is_some())
            .map(|row| (row.id, row.details.life))
            .collect();
        let ids: Vec<IntegrationId> = lives.keys().copied().collect();
        let last = server.app.answers.of(tenant, &ids).await?;
        let of_this_life = last
            .into_iter()
            .filter(|last| lives.get(&last.integration) == Some(&last.life));
        Ok(Self {
            answers: of_this_life
                .map(|last| ((last.integration, last.capability), last))
                .collect(),
            ..Self::of_the_past(&server.app)
        })
    }
}

impl Health {
    /// How a connection's health stands by the clock; none while it is not connected.
    pub(super) fn of(row: &IntegrationRow, known: &Knowledge, now: Timestamp) -> Option<Self> {
        let health = row.health()?;
        let asked = known.asked_of(row, health).into_iter();
        let capability = |capability| CapabilityHealth::of(row, health, capability, known, now);
        Some(Self {
            status: health.status(),
            reason: health.broken.map(|broken| broken.reason),
            since: health.since(),
            capabilities: asked.map(capability).collect(),
        })
    }
}

impl CapabilityHealth {
    fn of(row: &IntegrationRow, health: &Known, capability: Capability, known: &Knowledge, now: Timestamp) -> Self {
        let said = health.capabilities.get(&capability).map(|said| said.state);
        let said = said.unwrap_or_default();
        let last = known.answers.get(&(row.id, capability));
        let guide = || known.guides.get(row.provider.as_str()).cloned();
        Self {
            capability,
            state: match health.broken {
                Some(_) => Standing::Broken(HealthStatus::NeedsReconnect),
                None => Standing::Said(said),
            },
            last_answer_at: last.map(|last| last.at),
            age_seconds: last.map(|last| (now - last.at).num_seconds().max(0)),
            guide: (said == CapabilityState::PermissionDenied).then(guide).flatten(),
        }
    }
}

/// What a provider answered just now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Check {
    /// Why the provider was not asked: `needs_reconnect` or `not_connected`; `null` where it was.
    not_asked_because: Option<&'static str>,
    /// Answer by answer.
    answers: Vec<CheckAnswer>,
    /// How much of that was news.
    changed: usize,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct CheckAnswer {
    /// What was asked for.
    #[schema(value_type = String, example = "metrics")]
    capability: Capability,
    /// What was answered: `allowed`, `denied`, `gone`, `unverified`; or nothing that would say how it stands: `token_refused`,
    /// `busy`, `app_refused`, `unavailable`.
    #[schema(example = "allowed")]
    answer: String,
    /// How it stands from now on; `null` where the answer says nothing, and it stands as before.
    #[schema(value_type = Option<String>, example = "ok")]
    state: Option<CapabilityState>,
}

/// Checks an integration now
///
/// Asks the provider for everything that the connection is good for, without changing anything there. Each connection is checked by
/// itself when it was made and once a day; this is for whoever does not want to wait, twice a minute at most.
#[utoipa::path(
    post, path = "/integrations/{id}/check", tag = "Integrations", operation_id = "check_integration",
    security(("api_key" = ["integrations:check"])), params(("id" = Uuid, Path, description = "The integration")),
    responses((status = 200, description = "What the provider answered", body = Check,
               headers(("Grantlink-Position" = String))), OftenRefusals, WriteRefusals),
)]
pub(in crate::agency_api) async fn check(
    State(server): State<Server>,
    caller: Authenticated<IntegrationsCheck>,
    Id(id): Id<IntegrationId>,
    _: Sent<Nothing>,
) -> Result<Response, Problem> {
    if !server.app.has_integration(caller.context.tenant, id).await? {
        return Err(Problem::new(Kind::IntegrationNotFound).detail("there is no such integration"));
    }
    if let Err(seconds) = server.limits.check(id) {
        return Err(Problem::new(Kind::CheckedOften).detail(&format!("try again in {seconds} seconds")));
    }
    let checked = server.app.check_connection_for(&caller.context, id).await?;
    let head = server.app.log.head().await.map_err(application::CommandError::from)?;
    let (body, position) = Check::of(checked, head);
    Ok(respond(&server, &caller.context, StatusCode::OK, position, &body))
}

impl Check {
    fn of(checked: Checked, head: Position) -> (Self, Position) {
        let in_vain = |why| Self {
            not_asked_because: Some(why),
            answers: vec![],
            changed: 0,
        };
        match checked {
            Checked::NeedsReconnect => (in_vain("needs_reconnect"), head),
            Checked::NotConnected => (in_vain("not_connected"), head),
            Checked::Asked {
                answers,
                changed,
                position,
            } => {
                let answers = answers.into_iter().map(|probed| CheckAnswer {
                    capability: probed.capability,
                    answer: probed.answer.to_string(),
                    state: probed.answer.state(),
                });
                let check = Self {
                    not_asked_because: None,
                    answers: answers.collect(),
                    changed,
                };
                (check, position)
            }
        }
    }
}

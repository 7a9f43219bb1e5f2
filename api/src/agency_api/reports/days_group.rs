//! A row of the report of days.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate};
use domain::{ids::MemberId, provider::ProviderId};
use projections::report_day::{Counts, DAY, Figures};
use serde::Serialize;
use utoipa::ToSchema;

use crate::agency_api::format::{Row, cell};

const A_MINUTE: i64 = 60_000_000;

/// What groups differ in: the day, the provider, the member who asked.
pub(super) type Group = (Option<i64>, Option<String>, Option<MemberId>);

/// What happened in a group. Each link counts on the day on which it happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DaysGroup {
    /// The day; `null` where days are put together.
    #[schema(value_type = Option<String>, format = Date)]
    day: Option<NaiveDate>,
    /// The provider; `null` where providers are put together.
    #[schema(value_type = Option<String>)]
    provider: Option<ProviderId>,
    /// The member who asked the customers; `null` where members are put together.
    #[schema(value_type = Option<Uuid>)]
    pub(super) member_id: Option<MemberId>,
    /// What the member is called; `null` once the data was erased.
    pub(super) member: Option<String>,
    /// Links that were issued.
    issued: i64,
    /// Links that somebody opened who looked like a person.
    opened: i64,
    /// Links that a mail scanner or another machine seems to have opened.
    opened_by_machine: i64,
    /// Links whose customer pressed "accept".
    started: i64,
    /// Links that led to a connection.
    completed: i64,
    /// Links that the customer declined.
    declined: i64,
    /// Links whose time came before they ended otherwise, by the clock.
    expired: i64,
    /// Links that somebody revoked.
    revoked: i64,
    /// Links that a fresh one took the place of.
    superseded: i64,
    /// Tries that led nowhere, by reason; the links stayed usable.
    #[schema(value_type = Object, example = json!({"denied": 2}))]
    failed: BTreeMap<String, i64>,
    /// Half of the links that led to a connection took at most so many minutes from their issue.
    median_minutes_to_connect: Option<f64>,
    /// Nine of ten took at most so many.
    p90_minutes_to_connect: Option<f64>,
    /// For how many minutes integrations were connected, all together, working or not.
    connected_minutes: i64,
    /// Connections that stopped working until somebody signs in anew.
    broken: i64,
    /// Connections that work again after that.
    repaired: i64,
    /// For how many minutes connected integrations did not work, all together.
    broken_minutes: i64,
    /// Half of the repairs were done at most so many minutes after the connection had stopped working.
    median_minutes_to_repair: Option<f64>,
    /// Nine of ten were done within so many.
    p90_minutes_to_repair: Option<f64>,
}

impl From<(Group, Figures)> for DaysGroup {
    fn from(((day, provider, member_id), figures): (Group, Figures)) -> Self {
        let counts = figures.counts;
        let date = |day: i64| DateTime::from_timestamp_micros(day * DAY).map(|at| at.date_naive());
        let failed = Counts::REASONS.iter().zip(counts.failed);
        Self {
            day: day.and_then(date),
            provider: provider.and_then(|provider| ProviderId::parse(provider).ok()),
            member_id,
            member: None,
            issued: counts.issued,
            opened: counts.opened,
            opened_by_machine: counts.opened_by_machine,
            started: counts.started,
            completed: counts.completed,
            declined: counts.declined,
            expired: figures.expired,
            revoked: counts.revoked,
            superseded: counts.superseded,
            failed: failed.map(|(reason, tries)| (reason.to_string(), tries)).collect(),
            median_minutes_to_connect: figures.percentile(50).map(minutes),
            p90_minutes_to_connect: figures.percentile(90).map(minutes),
            connected_minutes: figures.connected / A_MINUTE,
            broken: figures.broken,
            repaired: figures.seconds_to_repair.values().sum(),
            broken_minutes: figures.down / A_MINUTE,
            median_minutes_to_repair: figures.percentile_of_repairs(50).map(minutes),
            p90_minutes_to_repair: figures.percentile_of_repairs(90).map(minutes),
        }
    }
}

/// Seconds as minutes with one digit behind the point.
#[expect(clippy::cast_precision_loss, reason = "minutes of a link's life are far below 2^52")]
fn minutes(seconds: i64) -> f64 {
    (seconds as f64 / 6.0).round() / 10.0
}

impl Row for DaysGroup {
    const COLUMNS: &'static [&'static str] = &[
        "day",
        "provider",
        "member_id",
        "member",
        "issued",
        "opened",
        "opened_by_machine",
        "started",
        "completed",
        "declined",
        "expired",
        "revoked",
        "superseded",
        "failed_abandoned",
        "failed_account_switched",
        "failed_denied",
        "failed_interrupted",
        "failed_missing_scopes",
        "failed_other_account",
        "failed_provider_refused",
        "failed_provider_unavailable",
        "median_minutes_to_connect",
        "p90_minutes_to_connect",
        "connected_minutes",
        "broken",
        "repaired",
        "broken_minutes",
        "median_minutes_to_repair",
        "p90_minutes_to_repair",
    ];

    fn cells(&self) -> Vec<String> {
        let mut cells = vec![
            cell(self.day.as_ref()),
            cell(self.provider.as_ref()),
            cell(self.member_id.as_ref()),
            cell(self.member.as_ref()),
        ];
        let counts = [
            self.issued,
            self.opened,
            self.opened_by_machine,
            self.started,
            self.completed,
            self.declined,
            self.expired,
            self.revoked,
            self.superseded,
        ];
        cells.extend(counts.iter().chain(self.failed.values()).map(ToString::to_string)); // the map is in the columns' order
        cells.extend([
            cell(self.median_minutes_to_connect.as_ref()),
            cell(self.p90_minutes_to_connect.as_ref()),
            self.connected_minutes.to_string(),
            self.broken.to_string(),
            self.repaired.to_string(),
            self.broken_minutes.to_string(),
            cell(self.median_minutes_to_repair.as_ref()),
            cell(self.p90_minutes_to_repair.as_ref()),
        ]);
        cells
    }
}

//! The performance API: how often a listing was found, called and visited.

use axum::http::HeaderMap;
use chrono::{Datelike, NaiveDate};
use serde_json::{Value, json};

use crate::account_state::Capability;
use crate::business_profile::access::caller;
use crate::business_profile::status::{Method, Status};
use crate::params::Params;
use crate::state::Shared;

/// What stands behind the id of a location.
pub(crate) const FETCH: &str = ":fetchMultiDailyMetricsTimeSeries";

const METRICS: [&str; 11] = [
    "BUSINESS_IMPRESSIONS_DESKTOP_MAPS",
    "BUSINESS_IMPRESSIONS_DESKTOP_SEARCH",
    "BUSINESS_IMPRESSIONS_MOBILE_MAPS",
    "BUSINESS_IMPRESSIONS_MOBILE_SEARCH",
    "BUSINESS_CONVERSATIONS",
    "BUSINESS_DIRECTION_REQUESTS",
    "CALL_CLICKS",
    "WEBSITE_CLICKS",
    "BUSINESS_BOOKINGS",
    "BUSINESS_FOOD_ORDERS",
    "BUSINESS_FOOD_MENU_CLICKS",
];

/// More days than anybody asks for at once.
const LONGEST_RANGE: usize = 600;

pub(crate) async fn fetch(app: &Shared, headers: &HeaderMap, id: &str, params: &Params) -> Result<Value, Status> {
    let caller = caller(app, headers, Method::PERFORMANCE).await?;
    let listing = caller.listing(app, id)?;
    caller.may(Capability::Metrics)?;
    let metrics: Vec<&str> = params.all("dailyMetrics").collect();
    if metrics.is_empty() || metrics.iter().any(|metric| !METRICS.contains(metric)) {
        return Err(Status::invalid_argument("daily_metrics", "Invalid daily metrics."));
    }
    let (first, last) = (day(params, "start")?, day(params, "end")?);
    if first > last {
        return Err(Status::invalid_argument("daily_range", "Invalid range."));
    }
    let days: Vec<NaiveDate> = first
        .iter_days()
        .take_while(|day| *day <= last)
        .take(LONGEST_RANGE)
        .collect();
    let series = metrics.iter().map(|metric| {
        let values: Vec<Value> = days.iter().map(|day| dated(*day, metric, &listing.id)).collect();
        json!({"dailyMetric": metric, "timeSeries": {"datedValues": values}})
    });
    Ok(json!({"multiDailyMetricTimeSeries": [{"dailyMetricTimeSeries": series.collect::<Vec<_>>()}]}))
}

/// A number of that day, always the same one. A zero is left out.
fn dated(day: NaiveDate, metric: &str, listing: &str) -> Value {
    let mut dated = json!({"date": {"year": day.year(), "month": day.month(), "day": day.day()}});
    let letters = metric.bytes().chain(listing.bytes()).map(u32::from).sum::<u32>();
    let value = (letters + day.ordinal()) % 13;
    if value > 0 {
        dated["value"] = json!(value.to_string());
    }
    dated
}

/// Three spellings of the same parameter are in use, and each works.
fn day(params: &Params, end: &str) -> Result<NaiveDate, Status> {
    let part = |part: &str| {
        let spellings = [
            format!("dailyRange.{end}Date.{part}"),
            format!("dailyRange.{end}_date.{part}"),
            format!("daily_range.{end}_date.{part}"),
        ];
        let value = spellings.iter().find_map(|name| params.get(name));
        value.and_then(|value| value.parse::<u32>().ok())
    };
    let day = match (part("year"), part("month"), part("day")) {
        (Some(year), Some(month), Some(day)) => i32::try_from(year)
            .ok()
            .and_then(|year| NaiveDate::from_ymd_opt(year, month, day)),
        _ => None,
    };
    day.ok_or_else(|| Status::invalid_argument("daily_range", "Invalid date."))
}

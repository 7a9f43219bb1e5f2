//! What an account may do at a listing, found out by asking for it: one review, one day's figures. Nothing is written there, so
//! whether reviews can be answered follows from the account's role.

use application::ports::provider::{Answer, Probed};
use chrono::{Datelike, TimeDelta};
use domain::{Timestamp, integration::Capability, provider::ListingRef};
use reqwest::StatusCode;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use super::{
    api::{Api, reason_of},
    location::is_resource,
    standing::VoiceOfMerchantState,
};
use crate::http::HttpAnswer;

/// Figures come some days late. Of a day that is over there may be none, but there is an answer.
const FIGURES_ARE_LATE: TimeDelta = TimeDelta::days(4);
/// Any one will do: whoever may read one may read all.
const METRIC: &str = "CALL_CLICKS";

/// An account, as far as its role tells what it may do. A person's own account has none, and may do everything.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Role {
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "role")]
    title: String,
    permission_level: String,
}

impl Role {
    /// Of a site manager nobody says whether it may answer reviews, so nothing is said.
    fn may_answer(&self) -> Answer {
        match (self.title.as_str(), self.permission_level.as_str()) {
            ("PRIMARY_OWNER" | "OWNER" | "MANAGER", _) | ("", "OWNER_LEVEL") => Answer::Allowed,
            ("", _) if self.kind == "PERSONAL" => Answer::Allowed,
            _ => Answer::Unavailable,
        }
    }
}

impl Api {
    /// Asks for reviews, for the right to answer them, and for figures.
    pub(super) async fn probe(&self, listing: &ListingRef, token: &SecretString, now: Timestamp) -> Vec<Probed> {
        if !is_resource(&listing.id, "locations") {
            return vec![];
        }
        let account = listing.account.as_deref().filter(|name| is_resource(name, "accounts"));
        let reviews = async {
            match account {
                Some(account) => self.reviews(account, &listing.id, token).await,
                None => vec![], // reviews are asked for by way of an account
            }
        };
        let (mut answers, metrics) = tokio::join!(reviews, self.metrics(&listing.id, token, now));
        answers.push(Probed {
            capability: Capability::Metrics,
            answer: metrics,
        });
        answers
    }

    async fn reviews(&self, account: &str, location: &str, token: &SecretString) -> Vec<Probed> {
        let path = format!("v4/{account}/{location}/reviews");
        let asked = self.ask((&self.reviews, &path), &[("pageSize", "1")], token).await;
        let read = match asked {
            Ok(answer) if says_nothing_clear(&answer) => self.unless_unverified(&answer, location, token).await,
            Ok(answer) => meaning(&answer),
            Err(_) => Answer::Unavailable,
        };
        // Whoever may not see reviews cannot answer them.
        let reply = match read {
            Answer::Allowed => self.role(account, token).await,
            other => other,
        };
        let probed = |(capability, answer)| Probed { capability, answer };
        [(Capability::ReviewsRead, read), (Capability::ReviewsReply, reply)]
            .map(probed)
            .to_vec()
    }

    /// Reviews of a listing that is not verified are refused as if something else were wrong. Whether it is verified, another API
    /// knows; where that one says nothing, the refusal counts as it was said.
    async fn unless_unverified(&self, refusal: &HttpAnswer, location: &str, token: &SecretString) -> Answer {
        let path = format!("v1/{location}/VoiceOfMerchantState");
        let state = self
            .get::<VoiceOfMerchantState>((&self.verifications, &path), &[], token)
            .await;
        match state {
            Ok(state) if !state.is_verified() => Answer::Unverified,
            _ => meaning(refusal),
        }
    }

    async fn role(&self, account: &str, token: &SecretString) -> Answer {
        let path = format!("v1/{account}");
        match self.ask((&self.accounts, &path), &[], token).await {
            Ok(answer) if answer.status == StatusCode::OK => {
                let role: Result<Role, _> = serde_json::from_slice(&answer.body);
                role.map_or(Answer::Unavailable, |role| role.may_answer())
            }
            Ok(answer) => meaning(&answer),
            Err(_) => Answer::Unavailable,
        }
    }

    async fn metrics(&self, location: &str, token: &SecretString, now: Timestamp) -> Answer {
        let path = format!("v1/{location}:fetchMultiDailyMetricsTimeSeries");
        let day = (now - FIGURES_ARE_LATE).date_naive();
        let (year, month, day) = (day.year().to_string(), day.month().to_string(), day.day().to_string());
        let query = [
            ("dailyMetrics", METRIC),
            ("dailyRange.start_date.year", &year),
            ("dailyRange.start_date.month", &month),
            ("dailyRange.start_date.day", &day),
            ("dailyRange.end_date.year", &year),
            ("dailyRange.end_date.month", &month),
            ("dailyRange.end_date.day", &day),
        ];
        match self.ask((&self.performance, &path), &query, token).await {
            Ok(answer) => meaning(&answer),
            Err(_) => Answer::Unavailable,
        }
    }
}

/// A refusal behind which a listing may be that is not verified.
fn says_nothing_clear(answer: &HttpAnswer) -> bool {
    match answer.status {
        StatusCode::BAD_REQUEST => true,
        StatusCode::FORBIDDEN => reason_of(answer).is_none(),
        _ => false,
    }
}

/// What an answer says about a capability. Without Google's own error, a 404 is no listing that is gone but a wrong address.
fn meaning(answer: &HttpAnswer) -> Answer {
    match (answer.status, reason_of(answer).as_deref()) {
        (StatusCode::OK, _) => Answer::Allowed,
        (StatusCode::UNAUTHORIZED, _) => Answer::TokenRefused,
        (StatusCode::FORBIDDEN, None | Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT")) => Answer::Denied,
        (StatusCode::FORBIDDEN, Some(_)) => Answer::AppRefused,
        (StatusCode::NOT_FOUND, _) if is_googles(answer) => Answer::Gone,
        (StatusCode::TOO_MANY_REQUESTS, _) => Answer::Busy,
        _ => Answer::Unavailable,
    }
}

fn is_googles(answer: &HttpAnswer) -> bool {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    body.get("error").is_some()
}

//! Reviews, which are still in version 4 of the API, and the answers to them, which Google looks at before anybody sees them.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use crate::account_state::Capability;
use crate::business_profile::access::{Caller, caller};
use crate::business_profile::accounts;
use crate::business_profile::model::{Listing, Standing};
use crate::business_profile::paging::{Beyond, PageSize, page};
use crate::business_profile::status::{Method, Status};
use crate::params::Params;
use crate::state::{App, Shared, World};

const PAGE_SIZE: PageSize = PageSize {
    default: 50,
    largest: 50,
    beyond: Beyond::GetsTheLargest,
};
/// In bytes, not letters.
const LONGEST_REPLY: usize = 4096;
/// How long Google looks at an answer.
const MODERATION: TimeDelta = TimeDelta::minutes(10);

/// Of each listing: who wrote, how many stars, and what, if anything.
const REVIEWS: [(&str, Option<&str>, &str, Option<&str>); 3] = [
    (
        "AbFv-one",
        Some("Ann Porter"),
        "FIVE",
        Some("The best bread for miles."),
    ),
    ("AbFv-two", Some("Tom Reed"), "FOUR", None),
    ("AbFv-three", None, "TWO", Some("Long queue on Saturday.")),
];

/// An answer to a review.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    comment: String,
    at: DateTime<Utc>,
}

type At = (String, String);

pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    Path((account, location)): Path<At>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Status> {
    let (_, listing) = reviewed(&app, &headers, (&account, &location)).await?;
    let params = Params::of_query(query.as_deref());
    if !matches!(
        params.get("orderBy"),
        None | Some("rating" | "rating desc" | "updateTime desc")
    ) {
        return Err(Status::invalid_argument("order_by", "Invalid order_by."));
    }
    let parent = format!("accounts/{account}/locations/{}", listing.id);
    let page = page(REVIEWS.iter().collect(), &parent, &params, PAGE_SIZE)?;
    let world = app.world.lock().await;
    let now = app.clock.now();
    let reviews = page.items.into_iter().map(|review| shown(review, &parent, &world, now));
    let mut answer = Map::new();
    answer.insert("reviews".into(), reviews.collect());
    answer.insert("averageRating".into(), json!(3.7));
    answer.insert("totalReviewCount".into(), json!(REVIEWS.len()));
    if let Some(next) = page.next {
        answer.insert("nextPageToken".into(), json!(next));
    }
    Ok(Json(Value::Object(answer)))
}

pub(crate) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path((account, location, review)): Path<(String, String, String)>,
) -> Result<Json<Value>, Status> {
    let (_, listing) = reviewed(&app, &headers, (&account, &location)).await?;
    let parent = format!("accounts/{account}/locations/{}", listing.id);
    let found = REVIEWS
        .iter()
        .find(|(id, ..)| *id == review)
        .ok_or_else(Status::not_found)?;
    Ok(Json(shown(found, &parent, &*app.world.lock().await, app.clock.now())))
}

pub(crate) async fn reply(
    State(app): State<App>,
    headers: HeaderMap,
    Path((account, location, review)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<Json<Value>, Status> {
    let name = answerable(&app, &headers, (&account, &location, &review)).await?;
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let comment = sent["comment"].as_str().filter(|comment| !comment.is_empty());
    let comment = comment.filter(|comment| comment.len() <= LONGEST_REPLY);
    let comment = comment.ok_or_else(|| Status::invalid_argument("comment", "Invalid comment."))?;
    let reply = Reply {
        comment: comment.to_owned(),
        at: app.clock.now(),
    };
    let answer = reply.to_json(reply.at);
    app.world.lock().await.replies.insert(name, reply);
    Ok(Json(answer))
}

pub(crate) async fn withdraw_reply(
    State(app): State<App>,
    headers: HeaderMap,
    Path((account, location, review)): Path<(String, String, String)>,
) -> Result<Json<Value>, Status> {
    let name = answerable(&app, &headers, (&account, &location, &review)).await?;
    let removed = app.world.lock().await.replies.remove(&name);
    removed.map(|_| Json(json!({}))).ok_or_else(Status::not_found)
}

/// The name of a review that the caller may answer.
async fn answerable(
    app: &Shared,
    headers: &HeaderMap,
    (account, location, review): (&str, &str, &str),
) -> Result<String, Status> {
    let (caller, listing) = reviewed(app, headers, (account, location)).await?;
    caller.may(Capability::Replies)?;
    let found = REVIEWS
        .iter()
        .find(|(id, ..)| *id == review)
        .ok_or_else(Status::not_found)?;
    Ok(format!(
        "accounts/{account}/locations/{}/reviews/{}",
        listing.id, found.0
    ))
}

/// A listing whose reviews the caller may see: one that is verified.
async fn reviewed<'a>(
    app: &'a Shared,
    headers: &HeaderMap,
    (account, location): (&str, &str),
) -> Result<(Caller<'a>, &'a Listing), Status> {
    let caller = caller(app, headers, Method::REVIEWS).await?;
    accounts::find(app, caller.persona, account)?;
    let listing = caller.listing(app, location)?;
    caller.may(Capability::Reviews)?;
    if listing.standing == Standing::Verified {
        Ok((caller, listing))
    } else {
        Err(Status::not_verified())
    }
}

fn shown(
    (id, author, stars, comment): &(&str, Option<&str>, &str, Option<&str>),
    parent: &str,
    world: &World,
    now: DateTime<Utc>,
) -> Value {
    let name = format!("{parent}/reviews/{id}");
    let at = "2026-05-01T10:00:00.123Z";
    let mut review = json!({"name": name, "reviewId": id, "starRating": stars, "createTime": at, "updateTime": at});
    review["reviewer"] = match author {
        Some(author) => json!({"displayName": author}),
        None => json!({"displayName": "A Google user", "isAnonymous": true}),
    };
    if let Some(comment) = comment {
        review["comment"] = json!(comment);
    }
    if let Some(reply) = world.replies.get(&name) {
        review["reviewReply"] = reply.to_json(now);
    }
    review
}

impl Reply {
    fn to_json(&self, now: DateTime<Utc>) -> Value {
        let state = if now - self.at < MODERATION {
            "PENDING"
        } else {
            "APPROVED"
        };
        json!({"comment": self.comment, "updateTime": self.at, "reviewReplyState": state})
    }
}

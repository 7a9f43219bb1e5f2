//! The business information API.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::business_profile::access::caller;
use crate::business_profile::accounts;
use crate::business_profile::model::Listing;
use crate::business_profile::paging::{Beyond, PageSize, page};
use crate::business_profile::performance;
use crate::business_profile::read_mask::ReadMask;
use crate::business_profile::status::{Method, Status};
use crate::params::Params;
use crate::state::App;

const PAGE_SIZE: PageSize = PageSize {
    default: 10,
    largest: 100,
    beyond: Beyond::IsRefused,
};
/// In place of an account's id: everything the caller can reach, each listing once.
const EVERYTHING: &str = "-";

pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    Path(account): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Status> {
    let caller = caller(&app, &headers, Method::LIST_LOCATIONS).await?;
    let persona = caller.persona;
    let params = Params::of_query(query.as_deref());
    let mask = ReadMask::of(&params)?;
    let mut listings: Vec<&Listing> = match account.as_str() {
        EVERYTHING => persona.listings(),
        id => accounts::find(&app, persona, id)?.listings.iter().collect(),
    };
    listings.retain(|listing| caller.reaches(listing));
    let filtered = filter(&mut listings, &params)?;
    order(&mut listings, &params)?;
    let total = listings.len();
    let page = page(listings, &format!("accounts/{account}"), &params, PAGE_SIZE)?;
    let mut answer = Map::new();
    if !page.items.is_empty() {
        let locations = page
            .items
            .into_iter()
            .map(|listing| mask.apply(&listing.to_json()))
            .collect();
        answer.insert("locations".into(), Value::Array(locations));
    }
    if let Some(next) = page.next {
        answer.insert("nextPageToken".into(), json!(next));
    }
    if filtered && total > 0 {
        answer.insert("totalSize".into(), json!(total));
    }
    Ok(Json(Value::Object(answer)))
}

pub(crate) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Status> {
    let params = Params::of_query(query.as_deref());
    // What stands behind a colon is a method of Google's, not a part of the id.
    if let Some(id) = id.strip_suffix(performance::FETCH) {
        return performance::fetch(&app, &headers, id, &params).await.map(Json);
    }
    let caller = caller(&app, &headers, Method::GET_LOCATION).await?;
    let mask = ReadMask::of(&params)?;
    Ok(Json(mask.apply(&caller.listing(&app, &id)?.to_json())))
}

/// Of Google's filter language only `title="part of the name"`; says whether there was a filter.
fn filter(listings: &mut Vec<&Listing>, params: &Params) -> Result<bool, Status> {
    let Some(filter) = params.get("filter") else {
        return Ok(false);
    };
    let part = filter.strip_prefix("title=\"").and_then(|rest| rest.strip_suffix('"'));
    let part = part
        .ok_or_else(|| Status::invalid_argument("filter", "Invalid filter."))?
        .to_lowercase();
    listings.retain(|listing| listing.title.to_lowercase().contains(&part));
    Ok(true)
}

fn order(listings: &mut [&Listing], params: &Params) -> Result<(), Status> {
    let order = params.get("orderBy").unwrap_or_default();
    let (field, descending) = match order.strip_suffix(" desc") {
        Some(field) => (field, true),
        None => (order, false),
    };
    match field {
        "" => return Ok(()),
        "title" => listings.sort_by(|a, b| a.title.cmp(&b.title)),
        "store_code" => listings.sort_by(|a, b| a.store_code.cmp(&b.store_code)),
        _ => return Err(Status::invalid_argument("order_by", "Invalid order_by.")),
    }
    if descending {
        listings.reverse();
    }
    Ok(())
}

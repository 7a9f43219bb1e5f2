//! The account management API.

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::HeaderMap;
use serde_json::{Map, Value, json};

use crate::business_profile::access::caller;
use crate::business_profile::model::{AccountKind, BusinessAccount};
use crate::business_profile::paging::{Beyond, PageSize, page};
use crate::business_profile::status::{Method, Status};
use crate::params::Params;
use crate::personas::Persona;
use crate::state::{App, Shared};

const PAGE_SIZE: PageSize = PageSize {
    default: 20,
    largest: 20,
    beyond: Beyond::GetsTheLargest,
};

pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Json<Value>, Status> {
    let persona = caller(&app, &headers, Method::LIST_ACCOUNTS).await?.persona;
    let params = Params::of_query(query.as_deref());
    let accounts = persona.accounts.iter().filter(filter(&params)?).collect();
    let page = page(accounts, "accounts", &params, PAGE_SIZE)?;
    let mut answer = Map::new();
    if !page.items.is_empty() {
        let accounts: Vec<Value> = page.items.into_iter().map(BusinessAccount::to_json).collect();
        answer.insert("accounts".into(), Value::Array(accounts));
    }
    if let Some(next) = page.next {
        answer.insert("nextPageToken".into(), json!(next));
    }
    Ok(Json(Value::Object(answer)))
}

pub(crate) async fn one(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, Status> {
    let persona = caller(&app, &headers, Method::GET_ACCOUNT).await?.persona;
    Ok(Json(find(&app, persona, &id)?.to_json()))
}

/// An account the persona has a part in. Somebody else's is refused, and an unknown one not found.
pub(crate) fn find<'a>(app: &Shared, persona: &'a Persona, id: &str) -> Result<&'a BusinessAccount, Status> {
    let own = persona.accounts.iter().find(|account| account.id == id);
    own.ok_or_else(|| {
        let exists = app
            .personas
            .iter()
            .flat_map(|other| &other.accounts)
            .any(|account| account.id == id);
        if exists {
            Status::permission_denied()
        } else {
            Status::not_found()
        }
    })
}

/// Google filters by type only, and knows no accounts below these.
fn filter(params: &Params) -> Result<impl Fn(&&BusinessAccount) -> bool, Status> {
    let wanted = match params.get("filter") {
        None => None,
        Some("type=USER_GROUP") => Some(AccountFilter::Nothing),
        Some("type=LOCATION_GROUP") => Some(AccountFilter::Kind(AccountKind::LocationGroup)),
        Some("type=PERSONAL") => Some(AccountFilter::Kind(AccountKind::Personal)),
        Some(_) => return Err(Status::invalid_argument("filter", "Invalid filter.")),
    };
    Ok(move |account: &&BusinessAccount| match wanted {
        None => true,
        Some(AccountFilter::Nothing) => false,
        Some(AccountFilter::Kind(kind)) => account.kind == kind,
    })
}

#[derive(Clone, Copy)]
enum AccountFilter {
    Nothing,
    Kind(AccountKind),
}

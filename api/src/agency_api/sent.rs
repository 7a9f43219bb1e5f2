//! What a command's caller sends: a JSON body, and perhaps an idempotency key.

use application::Idempotency;
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, OriginalUri, Request},
    http::{HeaderMap, HeaderName, Method, header::CONTENT_TYPE},
};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// Names a call, so that it can be repeated without being done twice.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const LONGEST_KEY: usize = 255;

/// The header that every POST takes, and what else is not the same whenever it is sent.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header for the API's document")]
pub(super) struct IdempotencyKey {
    /// 1 to 255 visible ASCII characters of your choice. A repeated call with the same key and body gets the first answer, byte
    /// for byte, and is not done twice; with another body it is refused. After 72 hours a key is as good as new. A call that was
    /// refused is not remembered.
    #[param(rename = "Idempotency-Key", required = false, min_length = 1, max_length = 255)]
    key: Option<String>,
}

/// The body of a command that needs none: nothing, or an empty object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A command's body, read to its end.
#[derive(Debug)]
pub(super) struct Sent<T> {
    /// What it says.
    pub(super) body: T,
    /// Under which key its answer is kept.
    pub(super) idempotency: Option<Idempotency>,
}

impl<T: DeserializeOwned> FromRequest<Server> for Sent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, server: &Server) -> Result<Self, Problem> {
        let (method, headers) = (request.method().clone(), request.headers().clone());
        // Nested routers shorten the request's own address.
        let whole = request.extensions().get::<OriginalUri>().map(|uri| uri.0.clone());
        let path = whole.unwrap_or_else(|| request.uri().clone()).path().to_owned();
        let bytes = Bytes::from_request(request, server).await?;
        Ok(Self {
            idempotency: idempotency(&headers, &method, &path, &bytes)?,
            body: parsed(&headers, &bytes)?,
        })
    }
}

/// No body is as good as an empty object: what is missing is named then.
fn parsed<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Problem> {
    if bytes.is_empty() {
        let empty = Json::from_bytes(b"{}").map_err(Problem::from);
        return empty
            .map(|Json(body)| body)
            .map_err(|problem| problem.because("there is no body"));
    }
    if !is_json(headers) {
        return Err(Problem::new(Kind::UnsupportedMediaType).detail("send Content-Type: application/json"));
    }
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        let _: Json<IgnoredAny> = Json::from_bytes(bytes)?; // a list would pass for an object's fields in their order
        return Err(Problem::new(Kind::InvalidBody).detail("the body must be a JSON object"));
    }
    Ok(Json::from_bytes(bytes)?.0)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn idempotency(headers: &HeaderMap, method: &Method, path: &str, body: &[u8]) -> Result<Option<Idempotency>, Problem> {
    let mut given = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(key) = given.next() else { return Ok(None) };
    let visible = |key: &[u8]| (1..=LONGEST_KEY).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if given.next().is_none() && visible(key.as_bytes()) => Ok(Some(Idempotency {
            route: format!("{method} {path}"),
            key: key.to_owned(),
            body_hash: Sha256::digest(body).into(),
        })),
        _ => Err(Problem::new(Kind::InvalidHeader).detail("an Idempotency-Key has 1 to 255 visible ASCII characters")),
    }
}

//! What a path and a query say.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use domain::provider::ProviderId;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// The id in the path.
#[derive(Debug)]
pub(super) struct Id<T>(pub(super) T);

impl<T: DeserializeOwned + Send> FromRequestParts<Server> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let Path(id) = Path::from_request_parts(parts, server).await?;
        Ok(Self(id))
    }
}

/// The query of a route that takes none: what is sent all the same is a mistake that its sender should hear of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoFilters {}

/// The query.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Server> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, server: &Server) -> Result<Self, Problem> {
        let Query(query) = Query::from_request_parts(parts, server).await?;
        Ok(Self(query))
    }
}

/// The provider in a query.
pub(super) fn provider(asked: Option<String>) -> Result<Option<ProviderId>, Problem> {
    let provider = asked.map(ProviderId::parse).transpose();
    provider.map_err(|error| Problem::new(Kind::InvalidQuery).detail(&format!("provider {error}")))
}

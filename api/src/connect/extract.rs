//! Queries and forms of these pages. What does not parse gets a page, never a bare error.

use application::CommandError;
use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use super::{guest::Guest, reply};
use crate::pages::Trouble;

/// The query of a page within an attempt; without a readable one there is nothing but to reopen the link.
pub(super) struct AttemptQuery<T>(pub(super) T);

/// The form of a page of ours.
pub(super) struct PageForm<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for AttemptQuery<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let guest = guest(parts)?;
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(query)) => Ok(Self(query)),
            Err(_) => Err(reply::failure(&guest.brand, &CommandError::AttemptOver)),
        }
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for PageForm<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        let guest = guest(&parts)?;
        match Form::from_request(Request::from_parts(parts, body), state).await {
            Ok(Form(form)) => Ok(Self(form)),
            Err(rejection) => {
                let mut page = reply::trouble(&guest.brand, Trouble::BadForm);
                *page.status_mut() = rejection.status();
                Err(page)
            }
        }
    }
}

fn guest(parts: &Parts) -> Result<Guest, Response> {
    let guest = parts.extensions.get::<Guest>().cloned();
    guest.ok_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response()) // the router always puts one there
}

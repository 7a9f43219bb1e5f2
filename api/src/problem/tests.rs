//! Problems as clients meet them.

use std::collections::BTreeSet;

use application::{CommandError, ports::StoreError};
use axum::{
    http::{StatusCode, header},
    response::IntoResponse,
};
use strum::IntoEnumIterator;

use super::*;

const TABLE: &str = include_str!("../../../docs/problems.md");

/// Clients branch on `type`, so each one is explained, and none is explained that does not exist.
#[test]
fn every_type_of_problem_is_documented_with_its_status() {
    let documented: BTreeSet<&str> = TABLE.lines().filter(|line| line.starts_with("| `/problems/")).collect();
    for kind in Kind::iter() {
        let row = format!("| `{}` | {} | ", kind.code(), kind.status().as_u16());
        assert!(
            documented.iter().any(|line| line.starts_with(&row)),
            "docs/problems.md lacks {row}"
        );
    }
    assert_eq!(documented.len(), Kind::iter().count());
}

#[test]
fn no_two_problems_share_a_type() {
    let codes: BTreeSet<_> = Kind::iter().map(Kind::code).collect();
    assert_eq!(codes.len(), Kind::iter().count());
}

#[test]
fn what_a_store_said_is_for_the_log_alone() {
    let problem = Problem::from(CommandError::from(StoreError::Broken("secret table".into())));
    assert_eq!(problem.logged_cause(), Some("the store failed: secret table"));
    assert!(!serde_json::to_string(&problem).unwrap().contains("secret"));
    assert_eq!(problem.into_response().status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[test]
fn whoever_should_try_again_is_told_when() {
    let errors = [
        (CommandError::KeyInFlight, StatusCode::CONFLICT),
        (CommandError::Contended, StatusCode::SERVICE_UNAVAILABLE),
        (
            CommandError::from(StoreError::Unavailable("busy".into())),
            StatusCode::SERVICE_UNAVAILABLE,
        ),
    ];
    for (error, status) in errors {
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), status);
        assert!(response.headers().contains_key(header::RETRY_AFTER));
    }
}

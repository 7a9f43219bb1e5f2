//! A call and its answer.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Method, Request, StatusCode},
};
use serde_json::Value;

use crate::agency_api::PREFIX;

#[derive(Clone)]
pub(in crate::agency_api::tests) struct Call {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Call {
    pub(in crate::agency_api::tests) fn new(method: &str, whole_path: &str) -> Self {
        Self {
            method: method.parse().unwrap(),
            path: whole_path.to_owned(),
            headers: vec![],
            body: vec![],
        }
    }

    pub(in crate::agency_api::tests) fn get(path: &str) -> Self {
        Self::new("GET", &format!("{PREFIX}{path}"))
    }

    pub(in crate::agency_api::tests) fn post(path: &str) -> Self {
        Self::new("POST", &format!("{PREFIX}{path}"))
    }

    pub(in crate::agency_api::tests) fn put(path: &str) -> Self {
        Self::new("PUT", &format!("{PREFIX}{path}"))
    }

    pub(in crate::agency_api::tests) fn key(self, key: &str) -> Self {
        self.header("Authorization", &format!("Bearer {key}"))
    }

    pub(in crate::agency_api::tests) fn json(self, body: &Value) -> Self {
        self.text(&body.to_string()).header("Content-Type", "application/json")
    }

    pub(in crate::agency_api::tests) fn text(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    pub(in crate::agency_api::tests) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Wants to see what an earlier answer did.
    pub(in crate::agency_api::tests) fn after(self, earlier: &Answer) -> Self {
        self.header("Grantlink-Min-Position", earlier.position())
    }

    pub(in crate::agency_api::tests) fn request(self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body)).unwrap()
    }
}

pub(in crate::agency_api::tests) struct Answer {
    pub(in crate::agency_api::tests) status: StatusCode,
    pub(in crate::agency_api::tests) headers: HeaderMap,
    pub(in crate::agency_api::tests) bytes: Bytes,
}

impl Answer {
    /// The body of an answer that must have this status.
    #[track_caller]
    pub(in crate::agency_api::tests) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("cache-control"), Some("no-store"));
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// The body of a refusal, which must be a problem of this status and type.
    #[track_caller]
    pub(in crate::agency_api::tests) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.some_problem();
        assert_eq!(
            (self.status.as_u16(), problem["type"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
        problem
    }

    /// The body of a refusal, which must be a problem like every other.
    #[track_caller]
    pub(in crate::agency_api::tests) fn some_problem(&self) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text()
        );
        let problem: Value = serde_json::from_slice(&self.bytes).unwrap();
        assert_eq!(problem["status"].as_u64(), Some(self.status.as_u16().into()));
        assert!(problem["type"].as_str().unwrap().starts_with("/problems/"));
        assert!(!problem["title"].as_str().unwrap().is_empty());
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        problem
    }

    pub(in crate::agency_api::tests) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    #[track_caller]
    pub(in crate::agency_api::tests) fn position(&self) -> &str {
        self.header("grantlink-position").unwrap()
    }

    pub(in crate::agency_api::tests) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// Without what differs from call to call.
    pub(in crate::agency_api::tests) fn without_request_id(&self) -> String {
        let id = self.header("x-request-id").unwrap_or("no id");
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        let (headers, text) = (headers.join("\n"), self.text());
        format!("{}\n{headers}\n\n{text}", self.status).replace(id, "ID")
    }
}

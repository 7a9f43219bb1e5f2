//! Steps as OTLP's JSON writes them: ids in hexadecimal digits, whole numbers as text.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::step::{Attributes, Step};

/// What a step is when it does not say: inside this server.
const INTERNAL: u64 = 1;
const FAILED: u64 = 2;

/// Who sends.
pub(super) fn resource(service_name: &str) -> Value {
    json!({ "attributes": [
        { "key": "service.name", "value": { "stringValue": service_name } },
        { "key": "service.version", "value": { "stringValue": env!("CARGO_PKG_VERSION") } },
    ] })
}

/// One request to the collector.
pub(super) fn request(resource: &Value, steps: Vec<Step>) -> Value {
    let spans: Vec<Value> = steps.into_iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": resource,
        "scopeSpans": [{ "scope": { "name": "grantlink" }, "spans": spans }],
    }] })
}

fn span(step: Step) -> Value {
    let said = step.said;
    let mut span = json!({
        "traceId": format!("{:032x}", step.trace),
        "spanId": format!("{:016x}", step.id),
        "name": said.name.unwrap_or_default(),
        "kind": said.kind.unwrap_or(INTERNAL),
        "startTimeUnixNano": nanos(step.began),
        "endTimeUnixNano": nanos(step.ended),
        "attributes": attributes(said.attributes),
    });
    if let Some(parent) = step.parent {
        span["parentSpanId"] = format!("{parent:016x}").into();
    }
    if said.failed {
        span["status"] = json!({ "code": FAILED });
    }
    span
}

fn attributes(said: Attributes) -> Value {
    let one = |(key, value)| json!({ "key": key, "value": value });
    said.into_iter().map(one).collect()
}

fn nanos(at: DateTime<Utc>) -> String {
    at.timestamp_nanos_opt().unwrap_or_default().to_string()
}

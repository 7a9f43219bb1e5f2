//! A step of a trace, as it is collected while it lasts.

use std::fmt;

use application::ports::clock::Clock;
use domain::Timestamp;
use rand::RngExt;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};

/// What a step says about itself.
pub(super) type Attributes = Vec<(&'static str, Value)>;

/// A step that has begun.
pub(super) struct Open {
    pub(super) trace: u128,
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    /// Whether it counts at all, while only its caller wants it traced: such a step needs a caller whom we know.
    pub(super) wanted_by_caller_alone: bool,
    pub(super) began: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) said: Said,
}

/// A step that has ended.
pub(super) struct Step {
    pub(super) trace: u128,
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    pub(super) said: Said,
}

impl Open {
    pub(super) fn end(self, clock: &dyn Clock) -> Step {
        Step {
            trace: self.trace,
            id: self.id,
            parent: self.parent,
            began: self.began,
            // The clock may have been set back meanwhile.
            ended: self.ended.unwrap_or_else(|| clock.now()).max(self.began),
            said: self.said,
        }
    }
}

/// What a step said: some fields mean something to us, the others are attributes.
#[derive(Default)]
pub(super) struct Said {
    pub(super) name: Option<String>,
    pub(super) kind: Option<u64>,
    pub(super) failed: bool,
    pub(super) has_ended: bool,
    pub(super) trace: Option<u128>,
    pub(super) parent: Option<u64>,
    pub(super) sampled: Option<bool>,
    pub(super) attributes: Attributes,
}

impl Said {
    /// Whether the caller is one whom we know.
    pub(super) fn names_a_caller(&self) -> bool {
        self.attributes.iter().any(|(name, _)| *name == "grantlink.key")
    }

    fn says(&mut self, name: &'static str, value: Value) {
        self.attributes.push((name, value));
    }
}

impl Visit for Said {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "name" => self.name = Some(value.to_owned()),
            name => self.says(name, json!({ "stringValue": value })),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "kind" => self.kind = Some(value),
            "parent" => self.parent = Some(value),
            name => self.says(name, json!({ "intValue": value.to_string() })),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.says(field.name(), json!({ "intValue": value.to_string() }));
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        if field.name() == "trace" {
            self.trace = Some(value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "failed" => self.failed = value,
            "ended" => self.has_ended = value,
            "sampled" => self.sampled = Some(value),
            name => self.says(name, json!({ "boolValue": value })),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.says(field.name(), json!({ "stringValue": format!("{value:?}") }));
    }
}

/// An id of a step: any number but 0.
pub(super) fn fresh_id() -> u64 {
    rand::rng().random::<u64>().max(1)
}

/// Whether a share of all is met by chance.
pub(super) fn is_met(ratio: f64) -> bool {
    ratio >= 1.0 || rand::rng().random::<f64>() < ratio
}

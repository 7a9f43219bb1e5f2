//! How the shapes of stored events change over the years. The log keeps what was written, for ever; what an older program wrote is
//! rewritten on its way out of the log, step by step, into what this program reads.

use serde_json::{Map, Value};

use crate::log::LoggedEvent;

/// The version of a shape that never changed.
const FIRST_VERSION: u32 = 1;

/// The fields of an event, as they are stored.
pub type Fields = Map<String, Value>;

/// One step of one event's shape to the next version.
///
/// A plain function in a constant table: it can know nothing but the fields, so that an event reads the same everywhere and for
/// ever, and an event of the current version never comes here. (cqrs-es has a trait for this, which wants a copy of the whole row
/// with its payload parsed before it says whether it has anything to do.)
#[derive(Clone, Copy, Debug)]
pub struct Upcaster {
    /// The variant's name.
    pub event_type: &'static str,
    /// The version that it rewrites; what it leaves is of the next one.
    pub from: u32,
    /// Rewrites the fields. Where they are not what that version wrote, it leaves them, and they are found to be damaged then.
    pub upcast: fn(&mut Fields),
}

/// The version of a variant's current shape: every step leads to another one.
pub(crate) fn current_version<E: LoggedEvent>(event_type: &str) -> u32 {
    let steps = E::UPCASTERS.iter().filter(|step| step.event_type == event_type);
    steps.fold(FIRST_VERSION, |version, _| version + 1)
}

/// The version that a row names, where it is the current one or one that leads there.
pub(crate) fn known_version<E: LoggedEvent>(event_type: &str, version: &str) -> Option<u32> {
    let version = version.parse().ok()?;
    let is_known =
        E::VARIANTS.contains(&event_type) && (FIRST_VERSION..=current_version::<E>(event_type)).contains(&version);
    is_known.then_some(version)
}

/// Reads what a program wrote when the shape had this version.
pub(crate) fn read<E: LoggedEvent>(event_type: &str, version: u32, payload: &str) -> serde_json::Result<E> {
    let current = current_version::<E>(event_type);
    if version == current {
        return serde_json::from_str(payload);
    }
    let mut stored: Value = serde_json::from_str(payload)?;
    if let Some(fields) = stored.get_mut(event_type).and_then(Value::as_object_mut) {
        for from in version..current {
            let mut steps = E::UPCASTERS.iter();
            if let Some(step) = steps.find(|step| step.event_type == event_type && step.from == from) {
                (step.upcast)(fields);
            }
        }
    }
    serde_json::from_value(stored)
}

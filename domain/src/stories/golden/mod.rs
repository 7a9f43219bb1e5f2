//! Golden events: the exact bytes of every event of every released shape. A file here is never edited: what it holds stands in
//! somebody's log.

mod values;
mod words;

use std::{collections::BTreeSet, fs, path::PathBuf};

use cqrs_es::Aggregate;

use super::fixtures::{agency, noon};
use crate::{
    agency::Agency,
    connect_link::ConnectLink,
    customer::Customer,
    event::Event,
    grant::Grant,
    host::Host,
    ids::{EventId, Mode, TenantId},
    integration::Integration,
    log::{LoggedEvent, Position, Recorded},
    personal::Personal,
    trail::LINK_TRAIL,
};

/// One value of one variant, as it lives and as it is stored.
pub(super) struct Example {
    /// The name of its golden file.
    pub(super) file: String,
    /// The event without its personal part, as it comes out of the log.
    pub(super) event: Event,
    /// What the log holds of it.
    pub(super) payload: String,
    /// Its row.
    pub(super) recorded: Recorded,
    /// Its personal part.
    pub(super) lifted: Option<Personal>,
    /// What would be written if nobody had lifted the personal part out.
    pub(super) written_with_personal: String,
    /// Its fields, by name.
    pub(super) debug: String,
}

/// One example of every variant of every event there is.
pub(super) fn examples() -> Vec<Example> {
    [
        of(Agency::TYPE, Event::Agency, values::agency()),
        of(ConnectLink::TYPE, Event::ConnectLink, values::connect_link()),
        of(Customer::TYPE, Event::Customer, values::customer()),
        of(Grant::TYPE, Event::Grant, values::grant()),
        of(Host::TYPE, Event::Host, values::host()),
        of(Integration::TYPE, Event::Integration, values::integration()),
        of(LINK_TRAIL, Event::LinkTrail, values::link_trail()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of<E: LoggedEvent>(aggregate_type: &str, wrap: fn(E) -> Event, values: Vec<E>) -> Vec<Example> {
    let variants: Vec<String> = values.iter().map(E::event_type).collect();
    assert_eq!(
        variants,
        E::VARIANTS,
        "every variant of {aggregate_type} has one example, in order"
    );
    values
        .into_iter()
        .map(|value| example(aggregate_type, wrap, value))
        .collect()
}

fn example<E: LoggedEvent>(aggregate_type: &str, wrap: fn(E) -> Event, mut value: E) -> Example {
    let (event_type, event_version) = (value.event_type(), value.event_version());
    let debug = format!("{value:?}");
    let written_with_personal = serde_json::to_string(&value).unwrap();
    let lifted = value.lift_personal();
    let payload = serde_json::to_string(&value).unwrap();
    Example {
        file: format!("{aggregate_type}.{event_type}.v{event_version}.json"),
        event: wrap(value),
        recorded: Recorded {
            position: Position(7),
            event_id: EventId(agency(1).0),
            tenant_id: TenantId::of(agency(1), Mode::Live),
            aggregate_type: aggregate_type.to_owned(),
            aggregate_id: agency(1).to_string(),
            sequence: 1,
            event_type,
            event_version,
            recorded_at: noon(),
            payload: payload.clone(),
            metadata: "{}".to_owned(),
            personal: None,
            hash: [0; 32],
        },
        payload,
        lifted,
        written_with_personal,
        debug,
    }
}

/// An event as the log would hold it.
pub(super) fn written(event: &Event) -> String {
    match event {
        Event::Agency(event) => serde_json::to_string(event),
        Event::ConnectLink(event) => serde_json::to_string(event),
        Event::Customer(event) => serde_json::to_string(event),
        Event::Grant(event) => serde_json::to_string(event),
        Event::Host(event) => serde_json::to_string(event),
        Event::Integration(event) => serde_json::to_string(event),
        Event::LinkTrail(event) => serde_json::to_string(event),
    }
    .unwrap()
}

/// The personal part of an event, taken out.
pub(super) fn lifted(event: &mut Event) -> Option<Personal> {
    match event {
        Event::Agency(event) => event.lift_personal(),
        Event::ConnectLink(event) => event.lift_personal(),
        Event::Customer(event) => event.lift_personal(),
        Event::Grant(event) => event.lift_personal(),
        Event::Host(event) => event.lift_personal(),
        Event::Integration(event) => event.lift_personal(),
        Event::LinkTrail(event) => event.lift_personal(),
    }
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/events"))
}

fn golden(example: &Example) -> String {
    let (file, payload) = (&example.file, &example.payload);
    fs::read_to_string(folder().join(file)).unwrap_or_else(|_| panic!("{file} is missing; it would hold {payload}"))
}

/// Mutant: with one field renamed, reordered or left out when it is written, this fails.
#[test]
fn every_golden_event_reads_as_it_was_meant_and_is_written_back_to_the_same_bytes() {
    for example in examples() {
        let payload = golden(&example);
        let event = Recorded {
            payload: payload.clone(),
            ..example.recorded
        }
        .event()
        .unwrap();
        assert_eq!(event, example.event, "{}", example.file);
        assert_eq!(written(&event), payload, "{}", example.file);
    }
}

#[test]
fn every_variant_has_a_golden_file_and_no_file_is_forgotten() {
    let known: BTreeSet<String> = examples().into_iter().map(|example| example.file).collect();
    let found: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, known);
}

fn state_after<A: Aggregate + std::fmt::Debug>(events: Vec<A::Event>) -> String {
    let mut aggregate = A::default();
    for event in events {
        aggregate.apply(event);
    }
    format!("{aggregate:?}")
}

/// States are kept in memory and outlive an erasure, so no personal fact may ever reach one.
///
/// Mutant: with a member's name folded into the agency, this fails.
#[test]
fn no_state_holds_a_personal_fact() {
    let states = [
        state_after::<Agency>(values::agency()),
        state_after::<ConnectLink>(values::connect_link()),
        state_after::<Customer>(values::customer()),
        state_after::<Grant>(values::grant()),
        state_after::<Host>(values::host()),
        state_after::<Integration>(values::integration()),
    ];
    for fact in super::fixtures::facts().unwrap().facts.values() {
        for state in &states {
            assert!(!state.contains(fact), "{fact}: {state}");
        }
    }
}

#[test]
fn no_golden_event_holds_a_personal_fact() {
    let facts = super::fixtures::facts().unwrap().facts;
    for example in examples() {
        let payload = golden(&example);
        assert!(!payload.contains("personal"), "{}", example.file);
        for fact in facts.values() {
            assert!(!payload.contains(fact), "{}", example.file);
        }
    }
}

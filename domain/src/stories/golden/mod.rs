//! Golden events: the exact bytes of every event of every released shape. A file here is never edited: what it holds stands in
//! somebody's log.

mod values;
mod words;

use std::{collections::BTreeSet, fs, path::PathBuf};

use cqrs_es::Aggregate;

use super::fixtures::{agency, noon};
use crate::{
    agency::{Agency, AgencyEvent},
    connect_link::{ConnectLink, ConnectLinkEvent},
    customer::{Customer, CustomerEvent},
    event::Event,
    evolution::current_version,
    grant::{Grant, GrantEvent},
    host::{Host, HostEvent},
    ids::{EventId, Mode, TenantId},
    integration::{Integration, IntegrationEvent},
    log::{LoggedEvent, Position, Recorded},
    personal::Personal,
    trail::{INTEGRATION_TRAIL, IntegrationObservation, LINK_TRAIL, LinkObservation},
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
        of(INTEGRATION_TRAIL, Event::IntegrationTrail, values::integration_trail()),
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
        Event::IntegrationTrail(event) => serde_json::to_string(event),
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
        Event::IntegrationTrail(event) => event.lift_personal(),
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

/// The golden files that a stream's events need: one for every version that a variant ever had.
pub(super) fn files_of<E: LoggedEvent>(aggregate_type: &str) -> BTreeSet<String> {
    let versions = |event_type: &&'static str| {
        let event_type = *event_type;
        (1..=current_version::<E>(event_type)).map(move |version| (event_type, version))
    };
    let all = E::VARIANTS.iter().flat_map(versions);
    all.map(|(event_type, version)| format!("{aggregate_type}.{event_type}.v{version}.json"))
        .collect()
}

/// What is wrong with the golden files that were found.
pub(super) fn complaints(known: &BTreeSet<String>, found: &BTreeSet<String>) -> Vec<String> {
    let missing = known.difference(found).map(|file| format!("{file} is missing"));
    let unread = found.difference(known).map(|file| format!("nothing reads {file}"));
    missing.chain(unread).collect()
}

/// The steps that lead nowhere, or that are not there: a variant's steps are 1 to 2, 2 to 3 and so on.
pub(super) fn gaps_of<E: LoggedEvent>() -> Vec<String> {
    let mut gaps: Vec<_> = E::UPCASTERS
        .iter()
        .filter(|step| !E::VARIANTS.contains(&step.event_type))
        .map(|step| format!("there is no {}", step.event_type))
        .collect();
    for event_type in E::VARIANTS {
        let steps = E::UPCASTERS.iter().filter(|step| step.event_type == *event_type);
        let from: BTreeSet<u32> = steps.map(|step| step.from).collect();
        if !from.into_iter().eq(1..current_version::<E>(event_type)) {
            gaps.push(format!("the steps of {event_type} do not follow each other"));
        }
    }
    gaps
}

/// ES-10. Mutant: with an upcaster more than there are golden files, or one golden file less or more, this fails.
#[test]
fn every_version_of_every_event_has_a_golden_file_and_every_file_is_read() {
    let known = [
        files_of::<AgencyEvent>(Agency::TYPE),
        files_of::<ConnectLinkEvent>(ConnectLink::TYPE),
        files_of::<CustomerEvent>(Customer::TYPE),
        files_of::<GrantEvent>(Grant::TYPE),
        files_of::<HostEvent>(Host::TYPE),
        files_of::<IntegrationEvent>(Integration::TYPE),
        files_of::<IntegrationObservation>(INTEGRATION_TRAIL),
        files_of::<LinkObservation>(LINK_TRAIL),
    ];
    let known = known.into_iter().flatten().collect();
    let found = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let complaints = complaints(&known, &found);
    assert!(complaints.is_empty(), "{complaints:?}");
}

#[test]
fn the_steps_of_every_event_lead_from_its_first_version_to_its_newest() {
    let gaps = [
        gaps_of::<AgencyEvent>(),
        gaps_of::<ConnectLinkEvent>(),
        gaps_of::<CustomerEvent>(),
        gaps_of::<GrantEvent>(),
        gaps_of::<HostEvent>(),
        gaps_of::<IntegrationEvent>(),
        gaps_of::<IntegrationObservation>(),
        gaps_of::<LinkObservation>(),
    ];
    assert!(gaps.concat().is_empty(), "{gaps:?}");
}

/// What an older version wrote can still be read.
#[test]
fn golden_events_of_every_older_version_are_read() {
    for example in examples() {
        let (now, older) = (&example.recorded, &example.file);
        let newest: u32 = now.event_version.parse().unwrap();
        for version in 1..newest {
            let file = older.replace(&format!(".v{newest}."), &format!(".v{version}."));
            let old = Recorded {
                event_version: version.to_string(),
                payload: fs::read_to_string(folder().join(&file)).unwrap(),
                ..now.clone()
            };
            let event = old.event().unwrap_or_else(|error| panic!("{file}: {error}"));
            let anew = Recorded {
                payload: written(&event),
                ..now.clone()
            };
            assert_eq!(anew.event().unwrap(), event, "{file}");
        }
    }
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

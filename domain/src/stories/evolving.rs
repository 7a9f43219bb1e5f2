//! ES-10: old events decode for ever. No released event has a second version yet, so the story is told with one that has three.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{IntoStaticStr, VariantNames};

use super::{
    fixtures::{agency, noon},
    golden::{complaints, files_of, gaps_of},
};
use crate::{
    evolution::{Fields, Upcaster},
    ids::{EventId, Mode, TenantId},
    log::{DecodeError, LoggedEvent, Position, Recorded, stored_as_variant},
    personal::Personal,
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
enum ParcelEvent {
    /// Version 1 had `to`, "street, town", and `kilos` as text; version 2 had street and town apart, and `kilos` as a number.
    Sent {
        address: Address,
        grams: u64,
    },
    Lost {},
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    town: String,
}

stored_as_variant!(ParcelEvent);

impl LoggedEvent for ParcelEvent {
    const UPCASTERS: &'static [Upcaster] = &[
        Upcaster {
            event_type: "Sent",
            from: 1,
            upcast: |fields| {
                let to = text(fields, "to").and_then(|to| to.rsplit_once(", ")).map(owned);
                let kilos = text(fields, "kilos").and_then(|kilos| kilos.parse::<u64>().ok());
                if let (Some((street, town)), Some(kilos)) = (to, kilos) {
                    fields.remove("to");
                    fields.extend([
                        ("street".to_owned(), street.into()),
                        ("town".to_owned(), town.into()),
                        ("kilos".to_owned(), kilos.into()),
                    ]);
                }
            },
        },
        Upcaster {
            event_type: "Sent",
            from: 2,
            upcast: |fields| {
                let kilos = fields.remove("kilos").and_then(|kilos| kilos.as_u64());
                if let (Some(street), Some(town), Some(kilos)) = (fields.remove("street"), fields.remove("town"), kilos)
                {
                    fields.insert("address".to_owned(), json!({"street": street, "town": town}));
                    fields.insert("grams".to_owned(), (kilos * 1000).into());
                }
            },
        },
    ];

    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        None
    }
}

fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).and_then(Value::as_str)
}

fn owned((one, other): (&str, &str)) -> (String, String) {
    (one.to_owned(), other.to_owned())
}

fn row(event_type: &str, version: &str, payload: &impl ToString) -> Recorded {
    Recorded {
        position: Position(7),
        event_id: EventId(agency(1).0),
        tenant_id: TenantId::of(agency(1), Mode::Live),
        aggregate_type: "parcel".to_owned(),
        aggregate_id: agency(1).to_string(),
        sequence: 1,
        event_type: event_type.to_owned(),
        event_version: version.to_owned(),
        recorded_at: noon(),
        payload: payload.to_string(),
        metadata: "{}".to_owned(),
        personal: None,
        hash: [0; 32],
    }
}

/// What is written is of the newest shape, and says so.
#[test]
fn an_event_is_written_in_its_newest_shape() {
    let sent = ParcelEvent::Sent {
        address: Address {
            street: "Markt 1".to_owned(),
            town: "Leipzig".to_owned(),
        },
        grams: 3_000,
    };
    let versions = [sent, ParcelEvent::Lost {}].map(|event| cqrs_es::DomainEvent::event_version(&event));
    assert_eq!(versions, ["3", "1"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    /// Whatever an old program wrote: it reads the same each time, as what it meant, through every version that lies between; and
    /// once written anew it stays what it is.
    ///
    /// Mutants: with only the last step, the first one alone, or the steps in the wrong order, this fails.
    #[test]
    fn what_the_oldest_program_wrote_reads_as_it_was_meant(street in ".*", town in "[A-Za-zäöü ]{0,12}", kilos in 0..1_000_000_u64) {
        let address = Address { street: street.clone(), town: town.clone() };
        let meant = ParcelEvent::Sent { address, grams: kilos * 1000 };
        let first = row("Sent", "1", &json!({"Sent": {"to": format!("{street}, {town}"), "kilos": kilos.to_string()}}));
        let second = row("Sent", "2", &json!({"Sent": {"street": street, "town": town, "kilos": kilos}}));
        for old in [&first, &first, &second] {
            prop_assert_eq!(&old.decode::<ParcelEvent>().unwrap(), &meant);
        }
        let anew = row("Sent", "3", &serde_json::to_string(&meant).unwrap());
        let read = anew.decode::<ParcelEvent>().unwrap();
        prop_assert_eq!(&read, &meant);
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), anew.payload);
    }
}

/// A version is what the row says, never what the fields look like.
#[test]
fn a_version_that_only_a_newer_node_knows_is_told_apart_from_damage() {
    for (event_type, version) in [
        ("Sent", "4"),
        ("Sent", "0"),
        ("Sent", ""),
        ("Sent", "1.0"),
        ("Lost", "2"),
        ("Found", "1"),
    ] {
        let newer = row(event_type, version, &json!({ event_type: {} })).decode::<ParcelEvent>();
        assert!(
            matches!(newer, Err(DecodeError::UnknownVersion { .. })),
            "{event_type} {version}: {newer:?}"
        );
    }
    let damaged = [
        row("Sent", "1", &"{"),
        row("Sent", "1", &json!({"Sent": {}})),
        row("Sent", "1", &json!({"Sent": {"to": "nowhere", "kilos": "much"}})),
        row("Sent", "1", &json!({"Sent": "Geheim"})),
        row("Sent", "1", &json!({"Lost": {}})),
        row("Sent", "2", &json!({"Sent": {"to": "Markt 1, Leipzig", "kilos": "3"}})),
        row(
            "Sent",
            "3",
            &json!({"Sent": {"street": "Markt 1", "town": "Leipzig", "kilos": 3}}),
        ),
    ];
    for row in damaged {
        let Err(DecodeError::Malformed { reason, .. }) = row.decode::<ParcelEvent>() else {
            panic!("read {}", row.payload);
        };
        assert!(!reason.contains("Geheim"), "{reason}");
    }
}

/// Every version there ever was has its golden file, and every golden file has a way to be read.
///
/// Mutant: when only current versions are asked for, this fails.
#[test]
fn a_golden_file_that_is_missing_or_that_nothing_reads_is_found() {
    assert!(gaps_of::<ParcelEvent>().is_empty());
    let known = files_of::<ParcelEvent>("parcel");
    let files =
        |names: &[&str]| -> BTreeSet<String> { names.iter().map(|name| format!("parcel.{name}.json")).collect() };
    assert_eq!(known, files(&["Lost.v1", "Sent.v1", "Sent.v2", "Sent.v3"]));
    assert!(complaints(&known, &known).is_empty());
    let found = files(&["Lost.v1", "Sent.v1", "Sent.v3", "Sent.v4"]);
    assert_eq!(
        complaints(&known, &found),
        ["parcel.Sent.v2.json is missing", "nothing reads parcel.Sent.v4.json"]
    );
}

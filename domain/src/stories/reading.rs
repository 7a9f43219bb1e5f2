//! Reading the log: what this version of the program knows, what only a newer one can know, and what is broken.

use super::golden::{Example, examples};
use crate::{
    log::{DecodeError, Recorded},
    trail::{CallbackRejection, LinkObservation},
};

fn unknown(recorded: &Recorded) -> bool {
    matches!(recorded.event(), Err(DecodeError::UnknownVersion { .. }))
}

fn malformed(recorded: &Recorded) -> String {
    match recorded.event() {
        Err(error @ DecodeError::Malformed { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// While one node is newer than the other, the older stands down from what it does not know, and takes nothing for damage.
///
/// Mutant: when `decode` does not look at the event's name, or at its version, this fails.
#[test]
fn what_only_a_newer_node_can_have_written_is_told_apart_from_damage() {
    for Example { recorded, file, .. } in examples() {
        assert!(recorded.event().is_ok(), "{file}");
        let newer_shape = Recorded {
            event_version: (recorded.event_version.parse::<u32>().unwrap() + 1).to_string(),
            ..recorded.clone()
        };
        let newer_event = Recorded {
            event_type: "Teleported".to_owned(),
            payload: r#"{"Teleported":{}}"#.to_owned(),
            ..recorded.clone()
        };
        let newer_stream = Recorded {
            aggregate_type: "invoice".to_owned(),
            ..recorded
        };
        assert!(
            unknown(&newer_shape) && unknown(&newer_event) && unknown(&newer_stream),
            "{file}"
        );
    }
}

/// An error is logged: it says where, never what.
#[test]
fn damage_is_named_without_repeating_the_text() {
    for Example { recorded, file, .. } in examples() {
        for payload in ["", "{", "null", r#"{"Geheim":{}}"#, r#"{"Created":"Geheim"}"#, "Geheim"] {
            let damaged = Recorded {
                payload: payload.to_owned(),
                ..recorded.clone()
            };
            let message = malformed(&damaged);
            assert!(
                message.starts_with("the event at position 7 cannot be read"),
                "{file}: {message}"
            );
            assert!(!message.contains("Geheim"), "{message}");
        }
    }
}

/// Mutant: without the comparison in `decode`, this fails.
#[test]
fn an_event_that_is_not_what_its_row_says_is_damage() {
    let observation = LinkObservation::CallbackRejected {
        attempt: super::fixtures::attempt(1),
        reason: CallbackRejection::TooLate,
    };
    let rows = examples().into_iter().map(|example| example.recorded);
    let mut row = rows.into_iter().find(|row| row.event_type == "Revealed").unwrap();
    row.payload = serde_json::to_string(&observation).unwrap();
    assert!(malformed(&row).ends_with("it is another event than its row says"));
}

/// A field that was added later, and is not there in what older programs wrote, reads as if it said nothing.
#[test]
fn optional_fields_may_be_missing_and_are_not_written_when_empty() {
    let link = r#"{"LinkRequested":{"link":"6911f1c0-0000-8000-8000-000000000001","customer":"01930000-0000-7000-8000-000000000001","location":"01930000-0000-7000-8000-000000000001","provider":"google"}}"#;
    let connected =
        r#"{"Connected":{"grant":"01930000-0000-7000-8000-000000000001","generation":1,"listing":{"id":"page-1"}}}"#;
    for payload in [link, connected] {
        let event: crate::integration::IntegrationEvent = serde_json::from_str(payload).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), payload);
    }
    let event: crate::agency::AgencyEvent = serde_json::from_str(r#"{"BrandingChanged":{}}"#).unwrap();
    assert_eq!(serde_json::to_string(&event).unwrap(), r#"{"BrandingChanged":{}}"#);
}

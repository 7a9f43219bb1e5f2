//! Personal data: it stands in an event's one place for it, and is never written with the event.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    fixtures::{customer, facts, member},
    golden::examples,
};
use crate::personal::{Detail, InvalidSubject, Personal, Subject};

/// A variant whose `personal` field `personal_mut` forgets would lose it without a word: it would be neither stored nor sealed.
///
/// Mutant: with `MemberAdded` left out of its `personal_mut`, this fails.
#[test]
fn every_event_with_a_personal_part_gives_it_out_to_be_sealed() {
    for example in examples() {
        let has_the_field = example.debug.contains("personal: ");
        assert_eq!(has_the_field, example.lifted.is_some(), "{}", example.file);
        if has_the_field {
            assert_eq!(example.lifted, facts(), "{}", example.file);
        }
    }
}

/// Mutant: without `serde(skip)` on one `personal` field, this fails.
#[test]
fn no_event_is_written_with_its_personal_part() {
    for example in examples() {
        assert_eq!(example.written_with_personal, example.payload, "{}", example.file);
    }
}

fn any_facts() -> impl Strategy<Value = Personal> {
    let details = prop::sample::select(vec![
        Detail::Name,
        Detail::Email,
        Detail::ListingTitle,
        Detail::AccountName,
    ]);
    let subject = prop_oneof![Just(Subject::Customer(customer())), Just(Subject::Member(member(1))),];
    (subject, prop::collection::btree_map(details, ".*", 1..4)).prop_map(|(subject, facts)| Personal { subject, facts })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// Whatever it says: what is written is the same, and what is put back is what was taken out.
    #[test]
    fn a_personal_part_leaves_no_trace_in_what_is_written(personal in any_facts()) {
        for example in examples().into_iter().filter(|example| example.lifted.is_some()) {
            let mut event = example.event;
            event.restore_personal(personal.clone());
            prop_assert_eq!(super::golden::written(&event), example.payload);
            prop_assert_eq!(super::golden::lifted(&mut event), Some(personal.clone()));
        }
    }
}

#[test]
fn an_event_without_a_place_for_personal_data_takes_none() {
    for mut example in examples().into_iter().filter(|example| example.lifted.is_none()) {
        let before = example.event.clone();
        example.event.restore_personal(facts().unwrap());
        assert_eq!(example.event, before, "{}", example.file);
    }
}

#[test]
fn empty_and_missing_facts_are_left_out() {
    let subject = Subject::Customer(customer());
    let facts = [
        (Detail::Name, Some("  Erika ")),
        (Detail::Email, Some(" ")),
        (Detail::Address, None),
    ];
    let personal = Personal::about(subject, facts).unwrap();
    assert_eq!(personal.facts, BTreeMap::from([(Detail::Name, "Erika".to_owned())]));
    assert_eq!(
        (personal.get(Detail::Name), personal.get(Detail::Email)),
        (Some("Erika"), None)
    );
    assert_eq!(Personal::about(subject, [(Detail::Email, Some(""))]), None);
}

#[test]
fn subjects_read_back_from_their_texts() {
    for subject in [Subject::Customer(customer()), Subject::Member(member(1))] {
        assert_eq!(subject.to_string().parse(), Ok(subject));
    }
    let uuid = customer().to_string();
    for text in [
        "",
        "customer",
        "customer:",
        "customer:anna",
        &uuid,
        &format!("agency:{uuid}"),
    ] {
        assert_eq!(text.parse::<Subject>(), Err(InvalidSubject), "{text}");
    }
}

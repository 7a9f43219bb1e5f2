//! Whatever is asked of a link, in whatever order and whatever the clock does.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use cqrs_es::{Aggregate, event_sink::EventSink};
use proptest::prelude::*;

use super::{authorize, complete, decline, fail, issue, revoke, start};
use crate::{
    Timestamp,
    connect_link::{AttemptFailure, ConnectLink, ConnectLinkCommand, ConnectLinkEvent},
    ids::AttemptId,
    stories::fixtures::{attempt, folded, noon},
};

/// One command, so many seconds after the one before it.
type Step = (i64, fn(AttemptId, Timestamp) -> ConnectLinkCommand, u8);

fn any_step() -> impl Strategy<Value = Step> {
    let command = prop_oneof![
        4 => Just(start as fn(AttemptId, Timestamp) -> ConnectLinkCommand),
        4 => Just(authorize as _),
        2 => Just((|attempt, now| fail(attempt, AttemptFailure::Denied, now)) as _),
        3 => Just(complete as _),
        1 => Just((|_, now| decline(now)) as _),
        1 => Just((|_, now| revoke(now)) as _),
        1 => Just((|_, now| issue(now + TimeDelta::days(1), now)) as _),
    ];
    // Mostly seconds, now and then days; a clock may also go back a little.
    let seconds = prop_oneof![6 => -60..3_600_i64, 1 => 0..200_000_i64];
    (seconds, command, 1..4_u8)
}

/// The link as it lived, and its events with the time of each.
struct Life {
    link: ConnectLink,
    events: Vec<(Timestamp, ConnectLinkEvent)>,
}

fn live(life: i64, steps: &[Step]) -> Life {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (mut link, mut now) = (ConnectLink::default(), noon());
    let mut events = vec![];
    let first = issue(now + TimeDelta::seconds(life), now);
    let mut give = |command, now| {
        let (before, sink) = (link.clone(), EventSink::default());
        let answer = runtime.block_on(link.handle(command, &(), &sink));
        let written = runtime.block_on(sink.collect());
        if answer.is_err() || written.is_empty() {
            assert!(link == before && written.is_empty(), "a refusal changes nothing");
        }
        events.extend(written.into_iter().map(|event| (now, event)));
    };
    give(first, now);
    for (seconds, command, number) in steps {
        now += TimeDelta::seconds(*seconds);
        give(command(attempt(*number), now), now);
    }
    Life { link, events }
}

fn is_end(event: &ConnectLinkEvent) -> bool {
    use ConnectLinkEvent::{Completed, Declined, Expired, Revoked};
    matches!(event, Completed { .. } | Declined {} | Revoked { .. } | Expired { .. })
}

/// The attempts that are authorised after these events, told once more in other words than the aggregate's.
fn authorised_after(events: &[(Timestamp, ConnectLinkEvent)]) -> BTreeSet<AttemptId> {
    let mut authorised = BTreeSet::new();
    for (_, event) in events {
        match event {
            ConnectLinkEvent::Authorized { attempt } => authorised.insert(*attempt),
            ConnectLinkEvent::AttemptFailed { attempt, .. } => authorised.remove(attempt),
            _ => false,
        };
    }
    authorised
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    /// A41: what is stored is enough: the events, read back from their JSON, tell the same link.
    #[test]
    fn replaying_the_events_gives_the_link_that_lived(
        life in 300..7_776_000_i64,
        steps in prop::collection::vec(any_step(), 0..40),
    ) {
        let Life { link, events } = live(life, &steps);
        let read_back: Vec<ConnectLinkEvent> = events
            .iter()
            .map(|(_, event)| serde_json::from_str(&serde_json::to_string(event).unwrap()).unwrap())
            .collect();
        prop_assert_eq!(folded::<ConnectLink>(&read_back), link);
    }

    /// A37, A38, A40. Mutant: without the check of `end` in `while_live`, this fails.
    #[test]
    fn a_link_ends_at_most_once_and_nothing_follows(
        life in 300..200_000_i64,
        steps in prop::collection::vec(any_step(), 0..40),
    ) {
        let Life { link, events } = live(life, &steps);
        let ends = events.iter().filter(|(_, event)| is_end(event)).count();
        prop_assert!(ends <= 1);
        let end = events.iter().position(|(_, event)| is_end(event));
        prop_assert!(end.is_none_or(|at| at + 1 == events.len()));
        prop_assert_eq!(link.recorded_end().is_some(), ends == 1);
    }

    /// A16, A36: only a live, authorised attempt completes, and from its last moment on a link knows only its expiry.
    #[test]
    fn nothing_but_its_expiry_happens_to_a_link_whose_time_has_come(
        life in 300..200_000_i64,
        steps in prop::collection::vec(any_step(), 0..40),
    ) {
        let Life { events, .. } = live(life, &steps);
        let expires_at = noon() + TimeDelta::seconds(life);
        for (index, (now, event)) in events.iter().enumerate() {
            prop_assert_eq!(*now >= expires_at, matches!(event, ConnectLinkEvent::Expired { .. }), "{:?} at {}", event, now);
            if let ConnectLinkEvent::Completed { attempt, .. } = event {
                prop_assert!(authorised_after(&events[..index]).contains(attempt));
            }
        }
    }
}

//! Which kinds of events a reader wants.

use std::collections::BTreeSet;

use cqrs_es::Aggregate;
use domain::{
    agency::{Agency, AgencyEvent},
    connect_link::{ConnectLink, ConnectLinkEvent},
    customer::{Customer, CustomerEvent},
    grant::{Grant, GrantEvent},
    host::{Host, HostEvent},
    integration::{Integration, IntegrationEvent},
    log::Recorded,
    trail::{INTEGRATION_TRAIL, IntegrationObservation, LINK_TRAIL, LinkObservation},
};
use strum::VariantNames;

use crate::problem::{Kind, Problem};

/// Every kind of event there is: the type of its stream, and its own names.
const KNOWN: [(&str, &[&str]); 8] = [
    (Agency::TYPE, AgencyEvent::VARIANTS),
    (ConnectLink::TYPE, ConnectLinkEvent::VARIANTS),
    (Customer::TYPE, CustomerEvent::VARIANTS),
    (Grant::TYPE, GrantEvent::VARIANTS),
    (Host::TYPE, HostEvent::VARIANTS),
    (Integration::TYPE, IntegrationEvent::VARIANTS),
    (INTEGRATION_TRAIL, IntegrationObservation::VARIANTS),
    (LINK_TRAIL, LinkObservation::VARIANTS),
];

/// The kinds that are wanted; all of them where none is named.
#[derive(Clone, Debug, Default)]
pub(super) struct Types(BTreeSet<String>);

impl Types {
    /// Reads a list as in `connect_link.Completed,integration`: a name of an event, or all events of a stream's type.
    pub(super) fn asked(list: Option<&str>) -> Result<Self, Problem> {
        let names: BTreeSet<String> = list
            .into_iter()
            .flat_map(|list| list.split(','))
            .map(str::to_owned)
            .collect();
        match names.iter().find(|name| !is_known(name)) {
            Some(_) => Err(Problem::new(Kind::InvalidQuery)
                .detail("types are names as in connect_link.Completed or integration, with commas between them")),
            None => Ok(Self(names)),
        }
    }

    /// Whether an event is wanted.
    pub(super) fn hold(&self, recorded: &Recorded) -> bool {
        self.0.is_empty() || self.0.contains(&recorded.aggregate_type) || self.0.contains(&name(recorded))
    }
}

/// An event's kind: what it happened to, and its own name.
pub(super) fn name(recorded: &Recorded) -> String {
    format!("{}.{}", recorded.aggregate_type, recorded.event_type)
}

fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|(stream, events)| match name.strip_prefix(stream) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('.').is_some_and(|event| events.contains(&event)),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_there_is_can_be_wanted() {
        for good in [
            "connect_link",
            "connect_link.Issued",
            "link_trail.Opened,grant",
            "integration.Connected",
        ] {
            assert!(Types::asked(Some(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "connect_link.",
            "connect_link.issued",
            "connect",
            "grant,",
            "connect_linkIssued",
        ] {
            assert!(Types::asked(Some(bad)).is_err(), "{bad}");
        }
    }
}

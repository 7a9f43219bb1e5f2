//! A link's trail has no rules, so the domain knows no aggregate of it. A stock store needs one to read it.

use std::convert::Infallible;

use cqrs_es::{Aggregate, event_sink::EventSink};
use domain::trail::{LINK_TRAIL, LinkObservation};
use serde::{Deserialize, Serialize};

/// What was observed, in order.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LinkTrail(Vec<LinkObservation>);

impl Aggregate for LinkTrail {
    const TYPE: &'static str = LINK_TRAIL;
    type Command = Infallible;
    type Event = LinkObservation;
    type Error = Infallible;
    type Services = ();

    async fn handle(&mut self, command: Infallible, (): &(), _: &EventSink<Self>) -> Result<(), Infallible> {
        match command {}
    }

    fn apply(&mut self, event: LinkObservation) {
        self.0.push(event);
    }
}

//! A trail has no rules, so the domain knows no aggregate of it. A stock store needs one to read it.

use std::convert::Infallible;

use cqrs_es::{Aggregate, event_sink::EventSink};
use domain::trail::{INTEGRATION_TRAIL, IntegrationObservation, LINK_TRAIL, LinkObservation};
use serde::{Deserialize, Serialize};

/// A trail of each kind of observation: what was observed, in order.
macro_rules! trail {
    ($name:ident, $type:ident of $observation:ident) => {
        #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
        pub(crate) struct $name(Vec<$observation>);

        impl Aggregate for $name {
            const TYPE: &'static str = $type;
            type Command = Infallible;
            type Event = $observation;
            type Error = Infallible;
            type Services = ();

            async fn handle(&mut self, command: Infallible, (): &(), _: &EventSink<Self>) -> Result<(), Infallible> {
                match command {}
            }

            fn apply(&mut self, event: $observation) {
                self.0.push(event);
            }
        }
    };
}

trail!(LinkTrail, LINK_TRAIL of LinkObservation);
trail!(IntegrationTrail, INTEGRATION_TRAIL of IntegrationObservation);

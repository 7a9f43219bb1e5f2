//! Every event there is, under one roof: what a projection or a timeline matches on.

use crate::{
    agency::{Agency, AgencyEvent},
    connect_link::{ConnectLink, ConnectLinkEvent},
    customer::{Customer, CustomerEvent},
    evolution,
    grant::{Grant, GrantEvent},
    host::{Host, HostEvent},
    integration::{Integration, IntegrationEvent},
    log::{DecodeError, LoggedEvent, Recorded},
    personal::Personal,
    trail::{INTEGRATION_TRAIL, IntegrationObservation, LINK_TRAIL, LinkObservation},
};
use cqrs_es::Aggregate;

/// Any event of the log, decoded.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant is the event enum of its own module")]
pub enum Event {
    Agency(AgencyEvent),
    ConnectLink(ConnectLinkEvent),
    Customer(CustomerEvent),
    Grant(GrantEvent),
    Host(HostEvent),
    Integration(IntegrationEvent),
    IntegrationTrail(IntegrationObservation),
    LinkTrail(LinkObservation),
}

impl Recorded {
    /// The event of a stream whose type the caller knows; one of an older shape is rewritten first.
    ///
    /// # Errors
    /// When a newer node wrote it, or the stored text is not what its columns say.
    pub fn decode<E: LoggedEvent>(&self) -> Result<E, DecodeError> {
        let version = evolution::known_version::<E>(&self.event_type, &self.event_version);
        let version = version.ok_or_else(|| self.unknown())?;
        // Category and place only: the message of a decoder can quote the data.
        let event: E = evolution::read(&self.event_type, version, &self.payload)
            .map_err(|error| self.malformed(format!("{:?} at column {}", error.classify(), error.column())))?;
        if event.event_type() == self.event_type {
            Ok(event)
        } else {
            Err(self.malformed("it is another event than its row says".to_owned()))
        }
    }

    /// The event, whatever its stream is.
    ///
    /// # Errors
    /// When this node does not know the stream's type, the event or its version, or the text cannot be read.
    pub fn event(&self) -> Result<Event, DecodeError> {
        Ok(match self.aggregate_type.as_str() {
            Agency::TYPE => Event::Agency(self.decode()?),
            ConnectLink::TYPE => Event::ConnectLink(self.decode()?),
            Customer::TYPE => Event::Customer(self.decode()?),
            Grant::TYPE => Event::Grant(self.decode()?),
            Host::TYPE => Event::Host(self.decode()?),
            Integration::TYPE => Event::Integration(self.decode()?),
            INTEGRATION_TRAIL => Event::IntegrationTrail(self.decode()?),
            LINK_TRAIL => Event::LinkTrail(self.decode()?),
            _ => return Err(self.unknown()),
        })
    }

    fn malformed(&self, reason: String) -> DecodeError {
        DecodeError::Malformed {
            position: self.position.0,
            reason,
        }
    }

    /// A stream, an event or a shape of one that only a newer node can have written.
    fn unknown(&self) -> DecodeError {
        DecodeError::UnknownVersion {
            aggregate_type: self.aggregate_type.clone(),
            event_type: self.event_type.clone(),
            version: self.event_version.clone(),
        }
    }
}

impl Event {
    /// Puts an opened personal part back in its place.
    pub fn restore_personal(&mut self, personal: Personal) {
        match self {
            Self::Agency(event) => event.restore_personal(personal),
            Self::ConnectLink(event) => event.restore_personal(personal),
            Self::Customer(event) => event.restore_personal(personal),
            Self::Grant(event) => event.restore_personal(personal),
            Self::Host(event) => event.restore_personal(personal),
            Self::Integration(event) => event.restore_personal(personal),
            Self::IntegrationTrail(event) => event.restore_personal(personal),
            Self::LinkTrail(event) => event.restore_personal(personal),
        }
    }
}

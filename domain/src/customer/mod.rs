//! A customer: the agency's client, its places of business, and how many sources its plan allows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    aggregate::aggregate,
    ids::{AgencyId, IntegrationId, LinkId, LocationId},
    log::{LoggedEvent, stored_as_variant},
    personal::Personal,
};

/// A customer, folded from its events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    agency: Option<AgencyId>,
    locations: BTreeSet<LocationId>,
    sources: BTreeSet<IntegrationId>,
    allowance: Option<u32>,
    erased: bool,
}

impl Customer {
    /// Whether its personal data was erased: nothing more can be done with it then.
    pub fn is_erased(&self) -> bool {
        self.erased
    }

    /// The sources that are connected.
    pub fn connected(&self) -> impl Iterator<Item = IntegrationId> {
        self.sources.iter().copied()
    }

    /// The agency whose client it is, once it was created.
    pub fn agency(&self) -> Option<AgencyId> {
        self.agency
    }

    /// Its places of business, oldest first.
    pub fn locations(&self) -> impl Iterator<Item = LocationId> {
        self.locations.iter().copied()
    }

    /// Whether a place of business is this customer's.
    pub fn has_location(&self, location: LocationId) -> bool {
        self.locations.contains(&location)
    }

    /// How many sources the plan allows; none means any number.
    pub fn source_allowance(&self) -> Option<u32> {
        self.allowance
    }

    /// How many sources are connected.
    pub fn sources(&self) -> usize {
        self.sources.len()
    }

    /// Whether the plan leaves room for this source (one that is counted already needs none).
    pub fn has_room_for(&self, integration: IntegrationId) -> bool {
        let room = self
            .allowance
            .is_none_or(|allowance| self.sources.len() < allowance as usize);
        self.sources.contains(&integration) || room
    }
}

/// What can be asked of a customer.
#[derive(Clone, Debug)]
pub enum CustomerCommand {
    /// Creates it.
    Create {
        /// The agency whose client it is.
        agency: AgencyId,
        /// Its name and e-mail address.
        personal: Option<Personal>,
        /// How many sources its plan allows; none means any number.
        source_allowance: Option<u32>,
    },
    /// Adds a place of business.
    AddLocation {
        /// Its id.
        location: LocationId,
        /// Its name and address.
        personal: Option<Personal>,
    },
    /// Corrects how it is called or reached.
    ChangeContact {
        /// What is different from now on.
        personal: Option<Personal>,
    },
    /// Changes how many sources are allowed. What is connected stays connected.
    ChangePlan {
        /// None means any number.
        source_allowance: Option<u32>,
    },
    /// Counts a source against the allowance.
    ConnectSource {
        /// The connection.
        integration: IntegrationId,
    },
    /// Counts a source no more: its place in the allowance is free.
    DisconnectSource {
        /// The connection.
        integration: IntegrationId,
    },
    /// Erases the person behind it.
    Erase {
        /// Every link that was ever issued for it.
        links: BTreeSet<LinkId>,
        /// Every connection of its places.
        integrations: BTreeSet<IntegrationId>,
    },
}

/// What happened to a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum CustomerEvent {
    /// The agency took it on.
    Created {
        /// The agency.
        agency: AgencyId,
        /// Its name and e-mail address.
        #[serde(skip)]
        personal: Option<Personal>,
    },
    /// A place of business was added.
    LocationAdded {
        /// Its id.
        location: LocationId,
        /// Its name and address.
        #[serde(skip)]
        personal: Option<Personal>,
    },
    /// It is called or reached differently.
    ContactChanged {
        /// What is different from now on; the rest stays.
        #[serde(skip)]
        personal: Option<Personal>,
    },
    /// The plan allows another number of sources.
    PlanChanged {
        /// None means any number.
        source_allowance: Option<u32>,
    },
    /// A source was counted against the allowance.
    SourceConnected {
        /// The connection.
        integration: IntegrationId,
    },
    /// A source is counted no more: its connection is over.
    SourceDisconnected {
        /// The connection.
        integration: IntegrationId,
    },
    /// The person behind it was erased: the key that opened its personal data was destroyed in the same commit.
    Erased {
        /// Every link that was ever issued for it: whoever keeps names beside one drops them.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        links: BTreeSet<LinkId>,
        /// Every connection of its places, likewise.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        integrations: BTreeSet<IntegrationId>,
    },
}

/// Why a customer refuses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CustomerError {
    /// Nobody created it.
    #[error("there is no such customer")]
    NotFound,
    /// It stands already.
    #[error("the customer was created before")]
    AlreadyCreated,
    /// The place of business stands already.
    #[error("the location was added before")]
    LocationKnown,
    /// The plan allows no more sources.
    #[error("the plan allows {allowance} connected sources, and all are used")]
    AllowanceReached {
        /// How many it allows.
        allowance: u32,
    },
    /// It was erased.
    #[error("the customer was erased")]
    Erased,
}

stored_as_variant!(CustomerEvent);

impl LoggedEvent for CustomerEvent {
    fn personal_mut(&mut self) -> Option<&mut Option<Personal>> {
        match self {
            Self::Created { personal, .. }
            | Self::LocationAdded { personal, .. }
            | Self::ContactChanged { personal } => Some(personal),
            _ => None,
        }
    }
}

impl Customer {
    fn decide(&self, command: CustomerCommand) -> Result<Vec<CustomerEvent>, CustomerError> {
        use CustomerCommand::{AddLocation, ChangeContact, ChangePlan, ConnectSource, Create, DisconnectSource, Erase};
        match command {
            Create { .. } if self.agency.is_some() => Err(CustomerError::AlreadyCreated),
            Create {
                agency,
                personal,
                source_allowance,
            } => {
                let plan = source_allowance.map(|_| CustomerEvent::PlanChanged { source_allowance });
                Ok([CustomerEvent::Created { agency, personal }]
                    .into_iter()
                    .chain(plan)
                    .collect())
            }
            _ if self.agency.is_none() => Err(CustomerError::NotFound),
            Erase { .. } if self.erased => Ok(vec![]),
            _ if self.erased => Err(CustomerError::Erased),
            Erase { links, integrations } => Ok(vec![CustomerEvent::Erased { links, integrations }]),
            AddLocation { location, .. } if self.has_location(location) => Err(CustomerError::LocationKnown),
            AddLocation { location, personal } => Ok(vec![CustomerEvent::LocationAdded { location, personal }]),
            ChangeContact { personal: None } => Ok(vec![]),
            ChangeContact { personal } => Ok(vec![CustomerEvent::ContactChanged { personal }]),
            ChangePlan { source_allowance } if source_allowance == self.allowance => Ok(vec![]),
            ChangePlan { source_allowance } => Ok(vec![CustomerEvent::PlanChanged { source_allowance }]),
            ConnectSource { integration } if self.sources.contains(&integration) => Ok(vec![]),
            ConnectSource { integration } if self.has_room_for(integration) => {
                Ok(vec![CustomerEvent::SourceConnected { integration }])
            }
            DisconnectSource { integration } if self.sources.contains(&integration) => {
                Ok(vec![CustomerEvent::SourceDisconnected { integration }])
            }
            DisconnectSource { .. } => Ok(vec![]),
            ConnectSource { .. } => Err(CustomerError::AllowanceReached {
                allowance: self.allowance.unwrap_or(0),
            }),
        }
    }

    fn evolve(&mut self, event: &CustomerEvent) {
        match event {
            CustomerEvent::Created { agency, .. } => self.agency = Some(*agency),
            CustomerEvent::LocationAdded { location, .. } => {
                self.locations.insert(*location);
            }
            CustomerEvent::ContactChanged { .. } => {} // nobody decides on a name or an address
            CustomerEvent::PlanChanged { source_allowance } => self.allowance = *source_allowance,
            CustomerEvent::SourceConnected { integration } => {
                self.sources.insert(*integration);
            }
            CustomerEvent::SourceDisconnected { integration } => {
                self.sources.remove(integration);
            }
            CustomerEvent::Erased { .. } => {
                self.erased = true;
                self.sources.clear();
            }
        }
    }
}

aggregate!(Customer, "customer", CustomerCommand => CustomerEvent, CustomerError);

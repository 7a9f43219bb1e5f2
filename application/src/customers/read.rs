//! What is known of a customer.

use domain::{
    Timestamp,
    customer::{Customer, CustomerEvent},
    event::Event,
    ids::{CustomerId, LocationId, TenantId},
    log::StreamId,
    personal::{Detail, Personal},
};

use crate::{agencies::Person, app::App, error::CommandError, past::Moment};

/// A customer with its places of business, as far as the data still stands.
#[derive(Clone, Debug, Default)]
pub struct CustomerFile {
    /// Its name and e-mail address.
    pub person: Person,
    /// Its places of business, oldest first.
    pub locations: Vec<LocationFile>,
    /// How many sources its plan allows; none means any number.
    pub source_allowance: Option<u32>,
    /// How many sources are connected.
    pub sources: usize,
    /// When it was erased.
    pub erased_at: Option<Timestamp>,
}

/// A place of business.
#[derive(Clone, Debug)]
pub struct LocationFile {
    /// Its id.
    pub id: LocationId,
    /// Its name.
    pub name: Option<String>,
    /// Where it is.
    pub address: Option<String>,
}

impl App {
    /// A customer of a tenant; none when it does not exist or is another tenant's.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn customer(&self, tenant: TenantId, id: CustomerId) -> Result<Option<CustomerFile>, CommandError> {
        self.customer_until(tenant, id, None).await
    }

    /// The same as it was at a moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn customer_until(
        &self,
        tenant: TenantId,
        id: CustomerId,
        until: Option<Moment>,
    ) -> Result<Option<CustomerFile>, CommandError> {
        let mut rows = self.log.load(&StreamId::of::<Customer>(id), 0).await?;
        if let Some(until) = until {
            rows.retain(|row| row.position <= until.position);
        }
        if rows.first().is_none_or(|row| row.tenant_id != tenant) {
            return Ok(None);
        }
        let mut file = CustomerFile::default();
        for row in &rows {
            if let Event::Customer(event) = self.personal.event(row).await? {
                file.note(event, row.recorded_at);
            }
        }
        Ok(Some(file))
    }
}

impl CustomerFile {
    /// A place of business of this customer.
    pub fn location(&self, id: LocationId) -> Option<&LocationFile> {
        self.locations.iter().find(|location| location.id == id)
    }

    fn note(&mut self, event: CustomerEvent, at: Timestamp) {
        match event {
            CustomerEvent::Created { personal, .. } => {
                self.person = Person {
                    name: fact(&personal, Detail::Name),
                    email: fact(&personal, Detail::Email),
                    language: fact(&personal, Detail::Language),
                };
            }
            CustomerEvent::ContactChanged { personal } => {
                let person = std::mem::take(&mut self.person);
                self.person = Person {
                    name: fact(&personal, Detail::Name).or(person.name),
                    email: fact(&personal, Detail::Email).or(person.email),
                    language: fact(&personal, Detail::Language).or(person.language),
                };
            }
            CustomerEvent::LocationAdded { location, personal } => self.locations.push(LocationFile {
                id: location,
                name: fact(&personal, Detail::Name),
                address: fact(&personal, Detail::Address),
            }),
            CustomerEvent::PlanChanged { source_allowance } => self.source_allowance = source_allowance,
            CustomerEvent::SourceConnected { .. } => self.sources += 1,
            CustomerEvent::SourceDisconnected { .. } => self.sources = self.sources.saturating_sub(1),
            CustomerEvent::Erased { .. } => {
                self.sources = 0;
                self.erased_at.get_or_insert(at);
            }
        }
    }
}

#[expect(clippy::ref_option, reason = "the field of an event, as it stands there")]
fn fact(personal: &Option<Personal>, detail: Detail) -> Option<String> {
    personal.as_ref()?.get(detail).map(str::to_owned)
}

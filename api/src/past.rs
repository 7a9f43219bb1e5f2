//! Reading what was: rows as they stood at a moment, folded from the log for whoever asks.

use application::{
    App,
    past::{MOST_EVENTS, Moment, PastError},
    ports::StoreError,
};
use domain::{
    ids::{CustomerId, IntegrationId, LinkId, LocationId, TenantId},
    log::{Position, Recorded},
};
use projections::{
    Projection,
    audit_entry::AuditSubject,
    integration::{Badge, IntegrationRow, IntegrationView},
    link::{LinkRow, LinkStatus, LinkView},
    past::{Listed, folded, listed},
    read::{Filter, Page, Views},
};

/// So many events are fetched at once.
const CHUNK: usize = 1_000;

/// A tenant's world as it was at a moment.
#[derive(Clone, Copy)]
pub struct Past<'a> {
    /// Where the events are.
    pub app: &'a App,
    /// Where the index of a customer's or a location's events is; it must show the moment.
    pub views: &'a dyn Views,
    /// Whose world.
    pub tenant: TenantId,
    /// The moment.
    pub until: Moment,
}

impl Past<'_> {
    /// A link as it was.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn link(&self, id: LinkId) -> Result<Option<LinkRow>, StoreError> {
        let events = self.app.past_of_link(self.tenant, id, self.until).await?;
        let rows = folded(&LinkView, &self.app.personal, &events).await?;
        Ok(rows.into_iter().find(|row| row.id == id))
    }

    /// An integration as it was.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn integration(&self, id: IntegrationId) -> Result<Option<IntegrationRow>, StoreError> {
        let events = self.app.past_of_integration(self.tenant, id, self.until).await?;
        let rows = folded(&IntegrationView, &self.app.personal, &events).await?;
        Ok(rows.into_iter().find(|row| row.id == id))
    }

    /// Links as they were, newest first.
    ///
    /// # Errors
    /// When that would be too much, or the log cannot be read.
    pub async fn links(&self, filter: &Filter<LinkStatus>, page: Page) -> Result<Vec<LinkRow>, PastError> {
        self.list(&LinkView, filter, page).await
    }

    /// Integrations as they were, newest first.
    ///
    /// # Errors
    /// When that would be too much, or the log cannot be read.
    pub async fn integrations(&self, filter: &Filter<Badge>, page: Page) -> Result<Vec<IntegrationRow>, PastError> {
        self.list(&IntegrationView, filter, page).await
    }

    async fn list<P>(
        &self,
        projection: &P,
        filter: &Filter<<P::Row as Listed>::Standing>,
        page: Page,
    ) -> Result<Vec<P::Row>, PastError>
    where
        P: Projection,
        P::Row: Listed,
    {
        let events = self.events(filter.customer, filter.location).await?;
        let rows = folded(projection, &self.app.personal, &events).await?;
        Ok(listed(rows, filter, page, self.until.at))
    }

    /// What had happened to a location, a customer, or everybody: the narrowest of them.
    async fn events(
        &self,
        customer: Option<CustomerId>,
        location: Option<LocationId>,
    ) -> Result<Vec<Recorded>, PastError> {
        let subject = location
            .map(AuditSubject::Location)
            .or(customer.map(AuditSubject::Customer));
        match subject {
            Some(subject) => self.events_about(subject).await,
            None => self.app.past_of_tenant(self.tenant, self.until).await,
        }
    }

    async fn events_about(&self, subject: AuditSubject) -> Result<Vec<Recorded>, PastError> {
        let limit = u32::try_from(MOST_EVENTS).unwrap_or(u32::MAX).saturating_add(1);
        let mut positions = self.views.audit(self.tenant, subject, Position(0), limit).await?;
        positions.retain(|position| *position <= self.until.position);
        if positions.len() > MOST_EVENTS {
            return Err(PastError::TooMuch);
        }
        let mut events = Vec::with_capacity(positions.len());
        for chunk in positions.chunks(CHUNK) {
            events.extend(self.app.log.at(chunk).await?);
        }
        Ok(events)
    }
}

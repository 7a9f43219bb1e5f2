//! The commit that erases a customer.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use domain::{
    Timestamp,
    connect_link::{ConnectLink, ConnectLinkCommand, LinkEnd, RevokeReason},
    customer::{Customer, CustomerCommand, CustomerError},
    grant::Grant,
    ids::{CustomerId, GrantId, IntegrationId, LinkId, TenantId},
    integration::{Integration, IntegrationCommand, IntegrationEvent, RequestOutcome},
    log::StreamId,
    personal::Subject,
};

use crate::{
    app::App,
    error::CommandError,
    metadata,
    ports::{StoreError, vault::Record},
    run::{Decision, UseCase},
    work::{Loaded, Work},
};

/// Erases a customer, all in one commit or not at all.
pub struct EraseCustomer(pub CustomerId);

/// A customer that was erased.
pub struct ErasedCustomer {
    /// Which.
    pub id: CustomerId,
    /// When.
    pub erased_at: Timestamp,
}

/// Loaded once each: two connections may stand on one grant.
type Grants = BTreeMap<GrantId, Loaded<Grant>>;

impl UseCase for EraseCustomer {
    type Answer = ErasedCustomer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<ErasedCustomer>, CommandError> {
        work.note(metadata::CUSTOMER, self.0);
        let mut customer = work.load::<Customer>(self.0).await?;
        if customer.is_erased() {
            return self.erased_before(work).await;
        }
        let (mut links, mut integrations, mut grants) = (BTreeSet::new(), BTreeSet::new(), Grants::new());
        for id in integrations_of(work.app(), &customer) {
            // Also where nothing is there yet: the commit expects that it stays so, and no link slips in behind it.
            let mut integration = work.load::<Integration>(id).await?;
            let requested = requested_links(work.app(), id).await?;
            if requested.is_empty() {
                continue;
            }
            end_pending(work, &mut integration).await?;
            release(work, &mut grants, &integration, id).await?;
            work.execute(&mut integration, IntegrationCommand::Delete).await?;
            links.extend(requested);
            integrations.insert(id);
        }
        for link in &links {
            work.delete_secret(Record::LinkToken(*link));
        }
        work.execute(&mut customer, CustomerCommand::Erase { links, integrations })
            .await?;
        work.delete_secret(Record::SubjectKey(Subject::Customer(self.0)));
        Ok(Decision::Done(ErasedCustomer {
            id: self.0,
            erased_at: work.context().now,
        }))
    }
}

impl EraseCustomer {
    async fn erased_before(&self, work: &Work<'_>) -> Result<Decision<ErasedCustomer>, CommandError> {
        let file = work.app().customer(work.context().tenant, self.0).await?;
        let erased_at = file.and_then(|file| file.erased_at).ok_or(CustomerError::NotFound)?;
        Ok(Decision::Done(ErasedCustomer { id: self.0, erased_at }))
    }
}

impl App {
    /// # Errors
    /// When there is no such customer in the tenant.
    pub(super) async fn customer_must_exist(&self, tenant: TenantId, id: CustomerId) -> Result<(), CommandError> {
        let found = self.replay::<Customer>(&StreamId::of::<Customer>(id)).await?;
        let found = found.filter(|found| found.owner == tenant && found.state.agency().is_some());
        found.map(|_| ()).ok_or(CustomerError::NotFound.into())
    }
}

/// Every place that a connection of the customer can stand at: what is connected, and whatever its locations could connect.
fn integrations_of(app: &App, customer: &Customer) -> BTreeSet<IntegrationId> {
    let slots = customer.locations().flat_map(|location| {
        let connectors = app.catalogue.all().into_iter();
        connectors.map(move |connector| IntegrationId::of_slot(location, &connector.about().id))
    });
    customer.connected().chain(slots).collect()
}

/// Every link that was ever issued for an integration.
async fn requested_links(app: &App, id: IntegrationId) -> Result<Vec<LinkId>, CommandError> {
    let mut links = vec![];
    for row in app.log.load(&StreamId::of::<Integration>(id), 0).await? {
        if let IntegrationEvent::LinkRequested { link, .. } = row.decode().map_err(StoreError::from)? {
            links.push(link);
        }
    }
    Ok(links)
}

/// Revokes the link that is on its way. One that had lapsed unnoticed is recorded as expired.
async fn end_pending(work: &mut Work<'_>, integration: &mut Loaded<Integration>) -> Result<(), CommandError> {
    let Some(id) = integration.pending() else {
        return Ok(());
    };
    let mut link = work.load::<ConnectLink>(id).await?;
    let revoke = ConnectLinkCommand::Revoke {
        by: work.context().actor.into(),
        reason: RevokeReason::CustomerErased,
        now: work.context().now,
    };
    work.execute(&mut link, revoke).await?;
    let outcome = match link.recorded_end() {
        Some(LinkEnd::Expired) => RequestOutcome::Expired,
        _ => RequestOutcome::Revoked,
    };
    work.execute(integration, IntegrationCommand::CloseLink { link: id, outcome })
        .await
}

/// Takes an integration off its grant.
async fn release(
    work: &mut Work<'_>,
    grants: &mut Grants,
    integration: &Integration,
    id: IntegrationId,
) -> Result<(), CommandError> {
    let Some(connection) = integration.connection() else {
        return Ok(());
    };
    let grant = match grants.entry(connection.grant) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(place) => place.insert(work.load::<Grant>(connection.grant).await?),
    };
    work.release(connection.grant, grant, id).await
}

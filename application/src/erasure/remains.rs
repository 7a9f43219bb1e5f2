//! What is kept of a person beside the log, and goes after the commit. All of it can be done again: whoever was interrupted begins
//! anew and finds less.

use std::{collections::BTreeSet, sync::Arc};

use domain::{
    agency::Agency,
    customer::{Customer, CustomerEvent},
    grant::Grant,
    ids::{AgencyId, CustomerId, GrantId, IntegrationId, LinkId, TenantId},
    integration::{Integration, IntegrationEvent},
    log::{Position, Recorded, StreamId},
    personal::Subject,
    provider::{ProviderApp, ProviderId},
};

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    metadata::Actor,
    ports::{
        StoreError,
        attempts::Attempt,
        erasure::{LedgerEntry, Step},
        vault::{Place, Record, SecretRow},
    },
};

/// All that the log says was connected with a customer.
struct Traces {
    tenant: TenantId,
    links: BTreeSet<LinkId>,
    integrations: BTreeSet<IntegrationId>,
    /// Where the customer's stream ends.
    position: Position,
}

impl App {
    /// Clears what is left of an erased person, and notes in the ledger when that is all. What fails is tried again later.
    pub(super) async fn clear_and_note(self: &Arc<Self>, subject: Subject, agency: AgencyId) -> bool {
        match self.clear(subject, agency).await {
            Ok(is_complete) => is_complete,
            Err(error) => {
                tracing::warn!(%error, %subject, "the remains of an erased person could not be cleared, they are tried again");
                false
            }
        }
    }

    async fn clear(self: &Arc<Self>, subject: Subject, agency: AgencyId) -> Result<bool, CommandError> {
        let position = match subject {
            Subject::Customer(id) => self.clear_customer(id, agency).await?,
            Subject::Member(_) => self.end_of(&StreamId::of::<Agency>(agency)).await?,
        };
        let views_know = self.remains.drop_from_views(subject, position).await?;
        if !self.remains.overwrite().await? || !views_know {
            return Ok(false);
        }
        let (step, at) = (Step::Done, self.clock.now());
        let entry = LedgerEntry {
            subject,
            agency,
            step,
            at,
        };
        self.ledger.note(&entry).await?;
        Ok(true)
    }

    async fn clear_customer(self: &Arc<Self>, id: CustomerId, agency: AgencyId) -> Result<Position, CommandError> {
        let Some(traces) = self.traces(id).await? else {
            return Ok(Position(0));
        };
        for link in &traces.links {
            self.clear_link(traces.tenant, *link).await?;
        }
        for integration in &traces.integrations {
            let context = self.context_of(traces.tenant, agency, Actor::System);
            self.clear_credentials(&context, id, *integration).await?;
        }
        self.drop_receipts(traces.tenant, &traces.names(id)).await?;
        Ok(traces.position)
    }

    async fn traces(&self, id: CustomerId) -> Result<Option<Traces>, CommandError> {
        let rows = self.log.load(&StreamId::of::<Customer>(id), 0).await?;
        let Some(last) = rows.last() else { return Ok(None) };
        let mut traces = Traces {
            tenant: last.tenant_id,
            links: BTreeSet::new(),
            integrations: BTreeSet::new(),
            position: last.position,
        };
        for row in &rows {
            if let CustomerEvent::Erased { links, integrations } = row.decode().map_err(StoreError::from)? {
                traces.links.extend(links);
                traces.integrations.extend(integrations);
            }
        }
        Ok(Some(traces))
    }

    async fn end_of(&self, stream: &StreamId) -> Result<Position, CommandError> {
        let rows = self.log.load(stream, 0).await?;
        Ok(rows.last().map_or(Position(0), |row| row.position))
    }

    /// The runs through the sign-in, with what the provider gave to them.
    async fn clear_link(&self, tenant: TenantId, link: LinkId) -> Result<(), CommandError> {
        for attempt in self.attempts.of_link(link).await? {
            self.clear_attempt(&attempt).await?;
        }
        self.attempts.delete_of_link(link).await?;
        self.invitations.forget(link);
        let record = Record::LinkToken(link);
        Ok(self.vault.delete(&Place { tenant, record }).await?)
    }

    async fn clear_attempt(&self, attempt: &Attempt) -> Result<(), CommandError> {
        let record = Record::PendingCredential(attempt.id);
        let place = Place {
            tenant: attempt.tenant,
            record,
        };
        if let Some(row) = self.vault.get(&place).await? {
            let noted = async { Ok(()) }; // nobody was told that there was such an access
            self.take_back_and_delete(&attempt.provider, &attempt.app, &row, noted)
                .await?;
        }
        self.listings.forget(attempt.id).await;
        Ok(())
    }

    /// The credentials of accounts that the connection ever stood on, as far as they were set aside.
    async fn clear_credentials(
        self: &Arc<Self>,
        context: &Context,
        customer: CustomerId,
        integration: IntegrationId,
    ) -> Result<(), CommandError> {
        let rows = self.log.load(&StreamId::of::<Integration>(integration), 0).await?;
        for grant in grants(&rows)? {
            let found = self.replay::<Grant>(&StreamId::of::<Grant>(grant)).await?;
            let Some(given_to) = found.and_then(|found| found.state.given_to().cloned()) else {
                continue;
            };
            for row in self.vault.replaced(context.tenant, grant).await? {
                let about = (customer, Some(integration));
                let noted = Box::pin(self.note_revoked(context, grant, about, row.place.record.clone()));
                self.take_back_and_delete(&given_to.provider, &given_to.app, &row, noted)
                    .await?;
            }
        }
        Ok(())
    }

    /// Asks the provider to forget a credential, and forgets it ourselves, whatever the provider said: what is erased is not kept
    /// for another try.
    ///
    /// # Errors
    /// When a store fails, so that it is done again, with its note.
    async fn take_back_and_delete(
        &self,
        provider: &ProviderId,
        app: &ProviderApp,
        row: &SecretRow,
        noted: impl Future<Output = Result<(), CommandError>> + Send,
    ) -> Result<(), CommandError> {
        let taken = match self.connector_for(provider, app).await {
            Ok(connector) => self.take_back_and(connector.as_ref(), row, noted).await.map(|_| ()),
            Err(error) => Err(error),
        };
        match taken {
            Err(error @ (CommandError::Contended | CommandError::Store(StoreError::Unavailable(_)))) => {
                return Err(error);
            }
            Err(error) => tracing::warn!(%error, "a credential of an erased customer could not be taken back"),
            Ok(()) => {}
        }
        Ok(self.vault.delete(&row.place).await?)
    }
}

impl Traces {
    /// What a stored answer can name that is about the customer.
    fn names(&self, id: CustomerId) -> BTreeSet<String> {
        let links = self.links.iter().map(ToString::to_string);
        let integrations = self.integrations.iter().map(ToString::to_string);
        links.chain(integrations).chain([id.to_string()]).collect()
    }
}

/// Every account that a connection ever stood on.
fn grants(rows: &[Recorded]) -> Result<BTreeSet<GrantId>, StoreError> {
    let mut found = BTreeSet::new();
    for row in rows {
        if let IntegrationEvent::Connected { connection, .. } | IntegrationEvent::Reconnected { connection, .. } =
            row.decode()?
        {
            found.insert(connection.grant);
        }
    }
    Ok(found)
}

//! The secret of an app that an agency uses no more is kept while anything stands that was granted to the app: nobody else's can
//! renew it or take it back. It goes with the last of it.

use cqrs_es::Aggregate;
use domain::{
    agency::Agency,
    grant::Grant,
    ids::{AgencyId, Mode, TenantId},
    log::{Position, StreamId},
    provider::{ProviderApp, ProviderId},
};

use crate::{
    app::App,
    error::CommandError,
    ports::vault::{Place, Record},
};

/// An agency's first events are among so many of its tenant.
const FIRST_EVENTS: u32 = 20;

/// An agency's own app whose secret is kept.
#[derive(Clone, Debug)]
pub struct KeptApp {
    /// The provider.
    pub provider: ProviderId,
    /// The app.
    pub app: ProviderApp,
    /// Whether new sign-ins go through it.
    pub is_in_use: bool,
    agency: AgencyId,
    place: Place,
}

impl App {
    /// Every app of an agency whose secret is kept.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn kept_apps(&self) -> Result<Vec<KeptApp>, CommandError> {
        let mut kept = Vec::new();
        for (tenant, provider, number) in self.vault.provider_apps().await? {
            let Some(agency) = self.agency_of(tenant).await? else {
                continue;
            };
            let found = self.replay::<Agency>(&StreamId::of::<Agency>(agency)).await?;
            let Some(found) = found else { continue };
            let Some(client_id) = found.state.apps().client_of(&provider, number) else {
                continue; // another secret took its place just now
            };
            kept.push(KeptApp {
                is_in_use: found.state.apps().of(&provider) == Some(client_id),
                app: ProviderApp {
                    owner: agency.to_string(),
                    client_id: client_id.to_owned(),
                },
                agency,
                place: Place {
                    tenant,
                    record: Record::ProviderApp(provider.clone(), number),
                },
                provider,
            });
        }
        Ok(kept)
    }

    /// Deletes the secrets of apps that are used no more and that nothing stands on. A number is never given twice: an app that
    /// is set again meanwhile has another place. Answers how many there were.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn forget_spent_apps(&self) -> Result<usize, CommandError> {
        let mut forgotten = 0;
        for kept in self.kept_apps().await? {
            if kept.is_in_use || self.is_needed(&kept).await? {
                continue;
            }
            self.vault.delete(&kept.place).await?;
            tracing::info!(agency = %kept.agency, provider = %kept.provider, "the secret of an app that is used no more is deleted");
            forgotten += 1;
        }
        Ok(forgotten)
    }

    /// Whether a sign-in goes on through it, or credentials stand that were granted to it.
    async fn is_needed(&self, kept: &KeptApp) -> Result<bool, CommandError> {
        if self.attempts.need(&kept.provider, &kept.app).await? {
            return Ok(true);
        }
        for mode in [Mode::Live, Mode::Test] {
            for grant in self.vault.grants(TenantId::of(kept.agency, mode)).await? {
                let found = self.replay::<Grant>(&StreamId::of::<Grant>(grant)).await?;
                let given_to = found.and_then(|found| found.state.given_to().cloned());
                if given_to.is_some_and(|given| given.app == kept.app && given.provider == kept.provider) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// The agency whose own tenant that is.
    async fn agency_of(&self, tenant: TenantId) -> Result<Option<AgencyId>, CommandError> {
        let first = self.log.page_of(tenant, Position(0), FIRST_EVENTS).await?;
        let mut own = first.iter().filter(|event| event.aggregate_type == Agency::TYPE);
        Ok(own.find_map(|event| event.aggregate_id.parse().ok()))
    }
}

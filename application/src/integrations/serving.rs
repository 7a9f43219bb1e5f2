//! The credentials that serve a connection. Whoever needs some asks here, never for the generation that a connection was made with:
//! a newer sign-in of the same account may have taken that one over.

use domain::{
    grant::{GivenTo, Grant},
    ids::{GrantId, IntegrationId, TenantId},
    integration::Integration,
    log::StreamId,
    provider::ListingRef,
};

use crate::{
    app::App,
    error::CommandError,
    ports::{
        provider::Credential,
        vault::{Place, Record, SecretRow},
    },
};

/// So often it is looked again, when somebody signs in anew between a look at the log and one at the vault.
const MOST_LOOKS: u32 = 10;

/// The credentials that serve a connection.
pub struct Serving {
    /// Whose the connection is.
    pub tenant: TenantId,
    /// The account's authorisation.
    pub grant: GrantId,
    /// Which generation of it.
    pub generation: u32,
    /// The app that it was given to: nobody else's client can renew it or take it back.
    pub given_to: GivenTo,
    /// What the customer picked.
    pub listing: ListingRef,
    /// The row that they are sealed in.
    pub row: SecretRow,
    /// What is in it.
    pub credential: Credential,
}

impl App {
    /// The credentials that serve a connection now; none while it is not connected. A sign-in that is completed meanwhile makes
    /// nobody wait and nobody fail: either the old ones are answered, or the new ones.
    ///
    /// # Errors
    /// When a store fails, or others are faster too often.
    pub async fn credential_of(&self, integration: IntegrationId) -> Result<Option<Serving>, CommandError> {
        for _ in 0..MOST_LOOKS {
            let stream = StreamId::of::<Integration>(integration);
            let Some(found) = self.replay::<Integration>(&stream).await? else {
                return Ok(None);
            };
            let Some(connection) = found.state.connection() else {
                return Ok(None);
            };
            let stream = StreamId::of::<Grant>(connection.grant);
            let Some(grant) = self.replay::<Grant>(&stream).await? else {
                continue;
            };
            let (Some(generation), Some(given_to)) = (grant.state.serving(integration), grant.state.given_to()) else {
                continue; // it left the account between the two looks
            };
            let record = Record::Credential(connection.grant, generation);
            let tenant = found.owner;
            let Some(row) = self.vault.get(&Place { tenant, record }).await? else {
                continue; // its row went with the commit that took it over
            };
            return Ok(Some(Serving {
                tenant,
                grant: connection.grant,
                generation,
                given_to: given_to.clone(),
                listing: connection.listing.clone(),
                credential: self.open_credential(&row)?,
                row,
            }));
        }
        Err(CommandError::Contended)
    }
}

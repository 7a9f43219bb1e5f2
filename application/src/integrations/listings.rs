//! What an account can connect.

use domain::{ids::TenantId, provider::ListingRef};

use crate::{
    app::App,
    ports::provider::{Connector, Credential, Listing, ProviderError},
};

impl App {
    /// Everything that an account can connect. Where the account itself is what is connected, it is the one listing: by the id of
    /// its grant, for the log may not say what the provider calls somebody.
    ///
    /// # Errors
    /// When the provider cannot be asked.
    pub(crate) async fn listings_at(
        &self,
        connector: &dyn Connector,
        tenant: TenantId,
        credential: &Credential,
    ) -> Result<Vec<Listing>, ProviderError> {
        if !connector.connects_account() {
            return connector.listings(&credential.access_token).await;
        }
        let account = &credential.account;
        let grant = self.grant_of(tenant, connector.app(), &account.subject);
        let names = [&account.name, &account.email].map(Option::as_ref);
        let mut names = names.into_iter().flatten().cloned();
        Ok(vec![Listing {
            reference: ListingRef {
                id: grant.to_string(),
                account: None,
            },
            title: names.next().unwrap_or_else(|| connector.about().product.clone()),
            address: names.next(),
            unpickable: None,
        }])
    }
}

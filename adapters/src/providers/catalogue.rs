//! The catalogue: the providers that an installation is configured for.

use std::{collections::BTreeSet, sync::Arc};

use application::ports::{
    clock::Clock,
    provider::{Catalogue, Connector, OwnApp},
};
use domain::{
    ids::AgencyId,
    provider::{ProviderApp, ProviderId},
};
use quick_cache::sync::Cache;

use super::{
    config::ProviderConfig,
    connector::Configured,
    validate::{InvalidProviders, callback_base},
};
use crate::http::HttpClient;

/// Who registered the app when it is the installation's own.
const INSTALLATION: &str = "installation";

/// So many connectors of agencies' own apps are kept ready, with the provider's keys that they have read.
const MOST_OWN_APPS: usize = 1_000;

/// The connectors of one configuration. Each has its own callback path, which is how an answer finds its provider and why a
/// link for one can never connect another. An agency's own app has a path of its own under its provider's.
pub struct ConfiguredCatalogue {
    entries: Vec<Entry>,
    own_apps: Cache<(ProviderId, ProviderApp, u32), Arc<dyn Connector>>,
    outside: Outside,
}

/// What connectors reach providers with.
struct Outside {
    http: HttpClient,
    clock: Arc<dyn Clock>,
}

struct Entry {
    config: ProviderConfig,
    connector: Arc<dyn Connector>,
}

impl ConfiguredCatalogue {
    /// Builds a connector per entry; `callback_url` is the public address that providers send people back to.
    ///
    /// # Errors
    /// When an entry cannot work, or two share an id or a callback path. The message says what to change.
    pub fn new(
        configs: Vec<ProviderConfig>,
        callback_url: &str,
        http: &HttpClient,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, InvalidProviders> {
        let base = callback_base(callback_url)?;
        let configs: Vec<_> = configs.into_iter().map(ProviderConfig::completed).collect();
        let complaints = complaints(&configs);
        if !complaints.is_empty() {
            return Err(InvalidProviders(complaints));
        }
        let outside = Outside {
            http: http.clone(),
            clock: Arc::clone(clock),
        };
        let entry = |config: ProviderConfig| {
            let redirect_uri = format!("{base}{}", config.callback_path);
            let connector = outside.connector(config.clone(), INSTALLATION, redirect_uri)?;
            Ok(Entry { config, connector })
        };
        let entries = configs
            .into_iter()
            .map(entry)
            .collect::<Result<_, InvalidProviders>>()?;
        Ok(Self {
            entries,
            own_apps: Cache::new(MOST_OWN_APPS),
            outside,
        })
    }

    fn entry(&self, provider: &ProviderId) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|entry| entry.connector.about().id == *provider)
    }
}

impl Outside {
    fn connector(
        &self,
        config: ProviderConfig,
        owner: &str,
        redirect_uri: String,
    ) -> Result<Arc<dyn Connector>, InvalidProviders> {
        let (http, clock) = (self.http.clone(), Arc::clone(&self.clock));
        Ok(Arc::new(Configured::new(config, owner, redirect_uri, http, clock)?))
    }
}

fn complaints(configs: &[ProviderConfig]) -> Vec<String> {
    let mut complaints = Vec::new();
    let (mut ids, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for config in configs {
        if let Err(InvalidProviders(more)) = config.validate() {
            complaints.extend(more);
        }
        if !ids.insert(&config.id) {
            complaints.push(format!("two providers have the id {:?}: change one", config.id));
        }
        if !paths.insert(&config.callback_path) {
            complaints.push(format!(
                "two providers have the callback_path {:?}: change one",
                config.callback_path
            ));
        }
    }
    complaints
}

impl Catalogue for ConfiguredCatalogue {
    fn connector(&self, provider: &ProviderId) -> Option<Arc<dyn Connector>> {
        Some(Arc::clone(&self.entry(provider)?.connector))
    }

    fn with_app(&self, provider: &ProviderId, own: &OwnApp) -> Option<Arc<dyn Connector>> {
        let key = (provider.clone(), own.app.clone(), own.number);
        if let Some(known) = self.own_apps.get(&key) {
            return Some(known);
        }
        let entry = self.entry(provider)?;
        let redirect_uri = format!("{}/{}", entry.connector.redirect_uri(), own.app.owner);
        let config = ProviderConfig {
            client_id: own.app.client_id.clone(),
            client_secret: own.secret.clone(),
            ..entry.config.clone()
        };
        // The entry stood the test with the installation's app, and nothing but the app is different.
        let connector = self.outside.connector(config, &own.app.owner, redirect_uri).ok()?;
        if own.number != OwnApp::TRIED {
            self.own_apps.insert(key, Arc::clone(&connector));
        }
        Some(connector)
    }

    fn by_callback_path(&self, path: &str) -> Option<Arc<dyn Connector>> {
        let leads_to = |entry: &&Entry| match path.strip_prefix(&entry.config.callback_path) {
            Some("") => true,
            Some(more) => more
                .strip_prefix('/')
                .is_some_and(|owner| owner.parse::<AgencyId>().is_ok()),
            None => false,
        };
        Some(Arc::clone(&self.entries.iter().find(leads_to)?.connector))
    }

    fn all(&self) -> Vec<Arc<dyn Connector>> {
        let connectors = self.entries.iter().map(|entry| &entry.connector);
        connectors.cloned().collect()
    }
}

//! The catalogue: the providers that an installation is configured for.

use std::{collections::BTreeSet, sync::Arc};

use application::ports::{
    clock::Clock,
    provider::{Catalogue, Connector},
};
use domain::provider::ProviderId;

use super::{
    config::{ProviderConfig, ProviderKind},
    google::GoogleBusiness,
    validate::{InvalidProviders, callback_base},
};
use crate::http::HttpClient;

/// The connectors of one configuration. Each has its own callback path, which is how an answer finds its provider and why a
/// link for one can never connect another.
pub struct ConfiguredCatalogue {
    entries: Vec<Entry>,
}

struct Entry {
    callback_path: String,
    connector: Box<dyn Connector>,
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
        let complaints = complaints(&configs);
        if !complaints.is_empty() {
            return Err(InvalidProviders(complaints));
        }
        let entries = configs
            .into_iter()
            .map(|config| {
                let redirect_uri = format!("{base}{}", config.callback_path);
                Ok(Entry {
                    callback_path: config.callback_path.clone(),
                    connector: match config.kind {
                        ProviderKind::GoogleBusiness => Box::new(GoogleBusiness::new(
                            config,
                            redirect_uri,
                            http.clone(),
                            Arc::clone(clock),
                        )?),
                    },
                })
            })
            .collect::<Result<_, InvalidProviders>>()?;
        Ok(Self { entries })
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
    fn connector(&self, provider: &ProviderId) -> Option<&dyn Connector> {
        self.all()
            .into_iter()
            .find(|connector| connector.about().id == *provider)
    }

    fn by_callback_path(&self, path: &str) -> Option<&dyn Connector> {
        let entry = self.entries.iter().find(|entry| entry.callback_path == path)?;
        Some(entry.connector.as_ref())
    }

    fn all(&self) -> Vec<&dyn Connector> {
        self.entries.iter().map(|entry| entry.connector.as_ref()).collect()
    }
}

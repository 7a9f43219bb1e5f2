//! From a configuration to a running installation: every port gets its adapter here, and nowhere else.

mod duties;
mod keys;
mod listings;
mod remains;
mod storage;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use adapters::{
    clock::SystemClock,
    entropy::OsEntropy,
    http,
    ledger::FileLedger,
    mail::{MailFigures, SmtpMailer},
    providers::{ConfiguredCatalogue, ProviderConfig},
    sql::Stores,
    traces::TraceFigures,
    vault::{Keyring, VaultCipher},
    views::ViewDb,
};
use anyhow::Context;
use application::{
    App,
    credentials::Refreshing,
    flow::{InvitationCache, ListingCache, NetworkKeys},
    jobs::{self, Duties, Worker},
    mail::MailOffice,
    personal::PersonalData,
    ports::clock::Clock,
    queues::Queues,
    states::States,
};
use chrono::TimeDelta;
use domain::ids::InstallationId;
use projections::{
    checkpoints::Checkpoints,
    runner::{Pace, Sources, keep_all},
};
use secrecy::ExposeSecret;
use tokio::task::JoinSet;

use crate::{
    config::{Config, KeysConfig},
    mails::AgencyStationery,
    operations::{Drain, Measures, Sampler},
    proxies::TrustedProxies,
    state::Server,
};

pub(crate) use storage::make_folder;
pub use storage::{folder, migrate, probe, views};

/// A running installation.
pub struct Installation {
    /// The use cases.
    pub app: Arc<App>,
    /// The read models.
    pub views: Arc<ViewDb>,
    /// How far the read models are.
    pub checkpoints: Checkpoints,
    /// Where read models come from and go to.
    pub sources: Sources,
    /// What seals and opens.
    pub cipher: Arc<VaultCipher>,
    /// What it does by itself.
    pub duties: Duties,
    stores: Stores,
    mail: MailFigures,
    followed: Arc<AtomicBool>,
}

impl Installation {
    /// Opens everything that a configuration names, and brings the database to this version's schema.
    ///
    /// # Errors
    /// When something cannot be opened; the message says what to change.
    pub async fn open(config: &Config) -> anyhow::Result<Self> {
        Self::open_with(config, Arc::new(SystemClock)).await
    }

    /// The same on another clock: what time does to links is tried out without waiting for it.
    ///
    /// # Errors
    /// As [`Installation::open`].
    pub async fn open_with(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let keyring = keyring_of(&config.keys)?;
        let installation = keyring.installation_id();
        let (stores, views) = storage::open(config, &clock).await?;
        let views = Arc::new(views);
        let checkpoints = Checkpoints::new(views.clone());
        let followed = Arc::default();
        let remains = remains::Kept {
            stores: stores.clone(),
            views: views.clone(),
            checkpoints: checkpoints.clone(),
            followed: Arc::clone(&followed),
        };
        let cipher = Arc::new(VaultCipher::new(keyring));
        let mail = MailFigures::default();
        let mailer = SmtpMailer::new(&config.mail)?.counting(mail.clone());
        let app = Arc::new(assemble(
            config,
            (installation, cipher.clone()),
            clock,
            mailer,
            remains,
        )?);
        let duties = duties::duties(&views);
        jobs::begin(&app, &duties).await?;
        let sources = Sources {
            log: Arc::clone(&stores.log),
            reader: Arc::new(app.personal.clone()),
            store: views.clone(),
        };
        Ok(Self {
            app,
            views,
            checkpoints,
            sources,
            cipher,
            duties,
            stores,
            mail,
            followed,
        })
    }

    /// Keeps the read models up to date until the set is dropped, which loses nothing.
    pub fn follow(&self) -> JoinSet<()> {
        self.followed.store(true, Ordering::Relaxed);
        keep_all(&self.sources, &self.checkpoints, Pace::default())
    }

    /// Goes on with the keyring's file as it changes, until the set is dropped.
    pub fn watch_keyring(&self, config: &Config) -> JoinSet<()> {
        keys::watch(&config.keys, &self.cipher)
    }

    /// Writes down what events make necessary, until the set is dropped, which loses nothing.
    pub fn heed(&self) -> JoinSet<()> {
        jobs::follow(&self.app, &self.duties)
    }

    /// Who does what is due.
    pub fn worker(&self) -> Worker {
        Worker::new(Arc::clone(&self.app), &self.duties, jobs::Pace::default())
    }

    /// What handlers share.
    pub fn server(&self, config: &Config, traces: &TraceFigures) -> Server {
        Server {
            app: Arc::clone(&self.app),
            views: self.views.clone(),
            checkpoints: self.checkpoints.clone(),
            duties: self.duties.clone(),
            feeds: Arc::default(),
            limits: Arc::default(),
            opened: Arc::default(),
            proxies: Arc::new(TrustedProxies(config.server.trusted_proxies.clone())),
            measures: Measures::new(&self.stores.figures, traces, &self.mail),
            drain: Drain::default(),
        }
    }

    /// What probes and figures look at.
    pub fn sampler(&self, config: &Config) -> Sampler {
        Sampler {
            probe: self.stores.probe.clone(),
            store: self.views.clone(),
            checkpoints: self.checkpoints.clone(),
            clock: Arc::clone(&self.app.clock),
            renewals: Arc::clone(&self.app.refreshing.counts),
            folder: storage::folder(config),
        }
    }

    /// The stores themselves, to move what they hold.
    pub(crate) fn stores(&self) -> &Stores {
        &self.stores
    }

    /// Writes what waits, leaves the views to other nodes, and closes every connection.
    pub async fn close(&self) {
        if let Err(error) = self.sources.store.leave().await {
            tracing::warn!(%error, "other nodes must wait until this one's time with the views is over");
        }
        self.stores.close().await;
    }
}

fn assemble(
    config: &Config,
    (installation, cipher): (InstallationId, Arc<VaultCipher>),
    clock: Arc<dyn Clock>,
    mailer: SmtpMailer,
    kept: remains::Kept,
) -> anyhow::Result<App> {
    let remains::Kept { stores, views, .. } = &kept;
    let address = config.public_address()?;
    let http = http::client(&config.http)?;
    let providers: Vec<ProviderConfig> = config.providers.values().cloned().collect();
    let catalogue = ConfiguredCatalogue::new(providers, config.server.public_url.trim_end_matches('/'), &http, &clock)?;
    Ok(App {
        installation,
        log: Arc::clone(&stores.log),
        receipts: Arc::clone(&stores.receipts),
        vault: Arc::clone(&stores.vault),
        refreshes: Arc::clone(&stores.refreshes),
        refreshing: Refreshing::at(config.refresh.pace()),
        ledger: Arc::new(FileLedger::new(config.ledger())),
        accounts: Arc::clone(&stores.accounts),
        attempts: Arc::clone(&stores.attempts),
        images: Arc::clone(&stores.images),
        jobs: Arc::clone(&stores.jobs),
        answers: Arc::clone(&stores.answers),
        personal: PersonalData::new(Arc::clone(&stores.vault), cipher.clone()),
        cipher,
        catalogue: Arc::new(catalogue),
        listings_in_use: Arc::new(listings::FromViews(views.clone())),
        clock,
        entropy: Arc::new(OsEntropy),
        queues: Queues::default(),
        in_flight: Queues::default(),
        states: States::default(),
        network_keys: NetworkKeys::default(),
        listings: ListingCache::default(),
        invitations: InvitationCache::default(),
        mail: MailOffice {
            mailer: Arc::new(mailer),
            stationery: Arc::new(AgencyStationery),
            records: Arc::clone(&stores.mail),
            account: config.mail.account()?,
        },
        addresses: address.addresses,
        default_link_life: TimeDelta::days(config.links.life_days.into()),
        remains: Arc::new(kept),
    })
}

/// The keyring that a configuration names.
///
/// # Errors
/// When it names none, or it cannot be read.
pub fn keyring_of(keys: &KeysConfig) -> anyhow::Result<Keyring> {
    match (&keys.file, &keys.text) {
        (_, Some(text)) => Keyring::parse(text.expose_secret()).context("the keyring in keys.text cannot be read"),
        (Some(file), None) => {
            Keyring::load(file).with_context(|| format!("the keyring {} cannot be read", file.display()))
        }
        (None, None) => anyhow::bail!("set keys.file to a keyring; make one with: grantlink keyring init <file>"),
    }
}

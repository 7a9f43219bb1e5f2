//! A whole installation in a temporary folder, with a clock that tests move.

mod actors;
mod call;
mod credentials;

pub(in crate::agency_api::tests) use actors::{Agency, Place, every_scope, text};
pub(in crate::agency_api::tests) use call::{Answer, Call};

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use adapters::{
    entropy::OsEntropy,
    ledger::FileLedger,
    mail::{MailConfig, SmtpMailer},
    sql::Stores,
    sqlite,
    vault::{Keyring, VaultCipher},
    views::ViewDb,
};
use application::{
    App,
    app::Addresses,
    credentials::Refreshing,
    flow::{InvitationCache, ListingCache, NetworkKeys},
    jobs::Duties,
    mail::MailOffice,
    personal::PersonalData,
    ports::{StoreError, clock::Clock, erasure::Remains, listings::ListingsInUse},
    queues::Queues,
    states::States,
};
use async_trait::async_trait;
use axum::{Router, body::Body};
use chrono::TimeDelta;
use domain::{
    Timestamp,
    ids::{InstallationId, IntegrationId, TenantId},
    log::{Position, Recorded},
    personal::Subject,
    provider::ProviderId,
};
use projections::{
    Projection,
    audit_entry::AuditEntryView,
    checkpoints::Checkpoints,
    connection_span::ConnectionSpanView,
    integration::IntegrationView,
    link::LinkView,
    report_day::ReportDayView,
    runner::{Pace, Runner, Sources},
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tower::ServiceExt;
use uuid::Uuid;

use super::provider::OnlyGoogle;
use crate::{
    agency_api::router,
    operations::{Drain, Measures},
    state::Server,
};

/// A Saturday in November.
const BEGINNING: i64 = 1_795_255_200_000_000;
/// Its day.
pub(in crate::agency_api::tests) const TODAY: &str = "2026-11-21";

pub(in crate::agency_api::tests) struct World {
    pub(in crate::agency_api::tests) server: Server,
    pub(in crate::agency_api::tests) router: Router,
    pub(in crate::agency_api::tests) clock: Arc<HandClock>,
    runners: JoinSet<()>,
    _folder: TempDir,
}

/// What handlers share, with views that are there already.
fn server(app: Arc<App>, views: Arc<ViewDb>) -> Server {
    Server {
        app,
        checkpoints: Checkpoints::new(views.clone()),
        views,
        duties: Duties::default(),
        feeds: Arc::default(),
        limits: Arc::default(),
        opened: Arc::default(),
        proxies: Arc::default(),
        measures: Measures::default(),
        drain: Drain::default(),
    }
}

/// A clock that stands still until it is moved.
pub(in crate::agency_api::tests) struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp_micros(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

impl HandClock {
    pub(in crate::agency_api::tests) fn advance(&self, by: TimeDelta) {
        self.0.fetch_add(by.num_microseconds().unwrap(), Ordering::SeqCst);
    }
}

struct NothingInUse;

#[async_trait]
impl ListingsInUse for NothingInUse {
    async fn by_others(&self, _: TenantId, _: &ProviderId, _: IntegrationId) -> Result<Vec<String>, StoreError> {
        Ok(vec![])
    }
}

/// The views lose the names by themselves.
struct NothingRemains;

#[async_trait]
impl Remains for NothingRemains {
    async fn drop_from_views(&self, _: Subject, _: Position) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn overwrite(&self) -> Result<bool, StoreError> {
        Ok(true)
    }
}

fn addresses() -> Addresses {
    Addresses {
        scheme: "https".into(),
        port: None,
    }
}

/// What the server logs of a failure stands beside the test that met it.
fn show_failures() {
    let failures = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::ERROR)
        .with_test_writer();
    let _ = failures.try_init(); // another test may have been first
}

/// No mail leaves from here.
fn closed_mail_office(stores: &Stores) -> MailOffice {
    MailOffice {
        mailer: Arc::new(SmtpMailer::new(&MailConfig::default()).unwrap()),
        stationery: Arc::new(crate::mails::AgencyStationery),
        records: stores.mail.clone(),
        account: None,
    }
}

impl World {
    /// With the views following the log.
    pub(in crate::agency_api::tests) async fn new() -> Self {
        let (mut world, sources) = Self::without_runners().await;
        world.follow(LinkView, &sources);
        world.follow(IntegrationView, &sources);
        world.follow(AuditEntryView, &sources);
        world.follow(ReportDayView, &sources);
        world.follow(ConnectionSpanView, &sources);
        world
    }

    /// With views that never move.
    pub(in crate::agency_api::tests) async fn without_runners() -> (Self, Sources) {
        show_failures();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock(AtomicI64::new(BEGINNING)));
        let log = folder.path().join("log.db");
        sqlite::migrate(&log).await.unwrap();
        let stores = sqlite::open(&log, clock.clone()).await.unwrap();
        let views = Arc::new(ViewDb::sqlite(&folder.path().join("views.db")).await.unwrap());
        let installation = InstallationId(Uuid::from_u128(1));
        let cipher = Arc::new(VaultCipher::new(Keyring::generate(installation)));
        let personal = PersonalData::new(stores.vault.clone(), cipher.clone());
        let app = Arc::new(App {
            installation,
            log: stores.log.clone(),
            receipts: stores.receipts.clone(),
            vault: stores.vault.clone(),
            refreshes: stores.refreshes.clone(),
            refreshing: Refreshing::default(),
            ledger: Arc::new(FileLedger::new(Some(folder.path().join("erasures.ndjson")))),
            remains: Arc::new(NothingRemains),
            accounts: Arc::clone(&stores.accounts),
            attempts: stores.attempts.clone(),
            images: stores.images.clone(),
            jobs: stores.jobs.clone(),
            answers: stores.answers.clone(),
            cipher,
            catalogue: Arc::new(OnlyGoogle::new()),
            listings_in_use: Arc::new(NothingInUse),
            clock: clock.clone(),
            entropy: Arc::new(OsEntropy),
            personal: personal.clone(),
            queues: Queues::default(),
            in_flight: Queues::default(),
            states: States::default(),
            network_keys: NetworkKeys::default(),
            listings: ListingCache::default(),
            invitations: InvitationCache::default(),
            mail: closed_mail_office(&stores),
            addresses: addresses(),
            default_link_life: TimeDelta::days(7),
        });
        let sources = Sources {
            log: stores.log.clone(),
            reader: Arc::new(personal),
            store: views.clone(),
        };
        let server = server(app, views);
        let world = Self {
            router: router(server.clone()),
            server,
            clock,
            runners: JoinSet::new(),
            _folder: folder,
        };
        (world, sources)
    }

    fn follow<P: Projection>(&mut self, projection: P, sources: &Sources) {
        let runner = Runner::new(
            projection,
            sources.clone(),
            self.server.checkpoints.clone(),
            Pace::default(),
        );
        self.runners.spawn(runner.run());
    }

    /// Sends a call.
    pub(in crate::agency_api::tests) async fn send(&self, call: Call) -> Answer {
        let response = self.router.clone().oneshot(call.request()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes,
        }
    }

    /// How far the log is.
    pub(in crate::agency_api::tests) async fn head(&self) -> Position {
        self.server.app.log.head().await.unwrap()
    }

    /// What was recorded behind a position.
    pub(in crate::agency_api::tests) async fn recorded_since(&self, after: Position) -> Vec<Recorded> {
        self.server.app.log.page(after, 1000).await.unwrap()
    }

    /// The same, as `stream.Event`.
    pub(in crate::agency_api::tests) async fn events_since(&self, after: Position) -> Vec<String> {
        let recorded = self.recorded_since(after).await;
        let name = |row: &Recorded| format!("{}.{}", row.aggregate_type, row.event_type);
        recorded.iter().map(name).collect()
    }
}

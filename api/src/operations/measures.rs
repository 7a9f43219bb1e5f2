//! The figures of this node, as Prometheus reads them. No label ever holds a token, an id or a path: routes are named by their
//! template, so that nobody can make the list grow.

use std::{fmt, sync::Arc, time::Duration};

use adapters::{mail::MailFigures, sql::LogFigures, traces::TraceFigures};
use axum::http::Method;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use tokio::time::Instant;

use super::{
    labels::{Build, InRoom, OfState, OfView, Outcome, Room, Served, SignIn},
    process,
    renewals::RenewalFigures,
    sample::Sample,
};

const SECONDS: [f64; 13] = [
    0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0,
];

type Seconds = Family<InRoom, Histogram, fn() -> Histogram>;

/// Counts what this node does. Clones count together.
#[derive(Clone)]
pub struct Measures(Arc<Inner>);

struct Inner {
    registry: Registry,
    served: Family<Served, Counter>,
    seconds: Seconds,
    under_way: Family<InRoom, Gauge>,
    shed: Family<InRoom, Counter>,
    connections: Gauge,
    sign_ins: Family<Outcome, Counter>,
    looked: Looked,
    own: Own,
    began: Instant,
}

/// What the sampler found last.
#[derive(Default)]
struct Looked {
    database: Gauge,
    head: Gauge,
    lag_events: Family<OfView, Gauge>,
    lag_seconds: Family<OfView, Gauge<f64, std::sync::atomic::AtomicU64>>,
    parked: Family<OfView, Gauge>,
    disk_free: Gauge,
    jobs: Family<OfState, Gauge>,
    jobs_late: Gauge,
    events_parked: Gauge,
    renewals: RenewalFigures,
    mails_waiting: Gauge,
    mails_late: Gauge,
}

/// What the system says when it is asked.
#[derive(Default)]
struct Own {
    resident: Gauge,
    open_files: Gauge,
    uptime: Gauge,
}

impl Default for Measures {
    fn default() -> Self {
        Self::new(
            &LogFigures::default(),
            &TraceFigures::default(),
            &MailFigures::default(),
        )
    }
}

impl Measures {
    /// Beside the figures of the log's writer, of the traces and of the mails.
    pub fn new(log: &LogFigures, traces: &TraceFigures, mail: &MailFigures) -> Self {
        let mut registry = Registry::with_prefix("grantlink");
        log.register(&mut registry);
        traces.register(&mut registry);
        mail.register(&mut registry);
        let mut inner = Inner {
            registry,
            served: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            under_way: Family::default(),
            shed: Family::default(),
            connections: Gauge::default(),
            sign_ins: Family::default(),
            looked: Looked::default(),
            own: Own::default(),
            began: Instant::now(),
        };
        inner.register_serving();
        inner.register_looked();
        inner.register_own();
        Self(Arc::new(inner))
    }

    /// Counts an answered request.
    pub(crate) fn served(&self, room: Room, method: &Method, route: Arc<str>, status: u16, took: Duration) {
        let method = known(method);
        let labels = Served {
            room,
            method,
            route,
            status,
        };
        self.0.served.get_or_create(&labels).inc();
        self.0
            .seconds
            .get_or_create(&InRoom { room })
            .observe(took.as_secs_f64());
    }

    /// Counts a request that was refused because its room was full.
    pub(crate) fn shed(&self, room: Room) {
        self.0.shed.get_or_create(&InRoom { room }).inc();
    }

    /// How many were refused so since the node started.
    pub(crate) fn shed_so_far(&self, room: Room) -> u64 {
        self.0.shed.get(&InRoom { room }).map_or(0, |shed| shed.get())
    }

    /// A request that is under way, until it is dropped.
    pub(crate) fn under_way(&self, room: Room) -> UnderWay {
        UnderWay::new(self.0.under_way.get_or_create_owned(&InRoom { room }))
    }

    /// A connection that is open, until it is dropped.
    pub(crate) fn connected(&self) -> UnderWay {
        UnderWay::new(self.0.connections.clone())
    }

    /// Counts a step of a sign-in.
    pub(crate) fn sign_in(&self, outcome: SignIn) {
        self.0.sign_ins.get_or_create(&Outcome { outcome }).inc();
    }

    /// Takes in what the sampler found.
    pub(super) fn found(&self, sample: &Sample) {
        let looked = &self.0.looked;
        looked.database.set(i64::from(sample.database.is_ok()));
        if let Ok(database) = &sample.database {
            looked.head.set(signed(database.head.0));
            let jobs = &database.jobs;
            for (state, count) in [("queued", jobs.queued), ("running", jobs.running), ("dead", jobs.dead)] {
                looked.jobs.get_or_create(&OfState { state }).set(signed(count));
            }
            looked.jobs_late.set(signed(database.jobs_late.as_secs()));
            looked.events_parked.set(signed(jobs.parked));
            looked.renewals.found(&database.refreshes);
            looked.mails_waiting.set(signed(database.mails.count));
            looked.mails_late.set(signed(database.mails_late.as_secs()));
        }
        looked.renewals.ended(&sample.renewals);
        for view in &sample.views {
            let labels = OfView { view: view.name };
            looked.lag_events.get_or_create(&labels).set(signed(view.behind_events));
            looked.lag_seconds.get_or_create(&labels).set(view.behind.as_secs_f64());
            looked.parked.get_or_create(&labels).set(signed(view.parked));
        }
        if let Some(Ok(free)) = sample.disk.as_ref().map(|disk| &disk.free_bytes) {
            looked.disk_free.set(signed(*free));
        }
    }

    /// Everything, in the text format of `OpenMetrics`.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let own = &self.0.own;
        own.uptime.set(signed(self.0.began.elapsed().as_secs()));
        own.resident.set(process::resident_bytes().map_or(0, signed));
        own.open_files.set(process::open_files().map_or(0, signed));
        let mut text = String::with_capacity(8 * 1024);
        encode(&mut text, &self.0.registry)?;
        Ok(text)
    }
}

impl Inner {
    fn register_serving(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests that were answered", self.served.clone());
        registry.register(
            "http_request_seconds",
            "From a request's last header to its answer's first",
            self.seconds.clone(),
        );
        registry.register(
            "http_requests_under_way",
            "Requests that are being answered",
            self.under_way.clone(),
        );
        registry.register(
            "http_requests_shed",
            "Requests that were refused because too many were under way",
            self.shed.clone(),
        );
        registry.register(
            "http_connections",
            "Connections that are open",
            self.connections.clone(),
        );
        registry.register("sign_ins", "Steps of sign-ins", self.sign_ins.clone());
    }

    fn register_looked(&mut self) {
        let (registry, looked) = (&mut self.registry, &self.looked);
        looked.renewals.register(registry);
        registry.register(
            "database_up",
            "Whether the database answered last",
            looked.database.clone(),
        );
        registry.register("log_position", "The position of the newest event", looked.head.clone());
        registry.register(
            "view_lag_events",
            "Events that a view does not show yet",
            looked.lag_events.clone(),
        );
        registry.register(
            "view_lag_seconds",
            "The age of the oldest event that a view does not show yet",
            looked.lag_seconds.clone(),
        );
        registry.register(
            "view_parked_keys",
            "Rows of a view that stand still because an event could not be folded",
            looked.parked.clone(),
        );
        registry.register(
            "jobs",
            "What is to be done by itself, as it stands",
            looked.jobs.clone(),
        );
        registry.register_with_unit(
            "jobs_oldest_due",
            "Since when the job is due that waits longest",
            Unit::Seconds,
            looked.jobs_late.clone(),
        );
        registry.register(
            "jobs_parked_events",
            "Events that could not be read, so that no jobs were made of them",
            looked.events_parked.clone(),
        );
        registry.register(
            "mails_waiting",
            "Mails that should have left by now",
            looked.mails_waiting.clone(),
        );
        registry.register_with_unit(
            "mails_oldest_waiting",
            "Since when the mail waits that waits longest",
            Unit::Seconds,
            looked.mails_late.clone(),
        );
        registry.register_with_unit(
            "disk_free",
            "What is free where the data is",
            Unit::Bytes,
            looked.disk_free.clone(),
        );
    }

    fn register_own(&mut self) {
        let (registry, own) = (&mut self.registry, &self.own);
        registry.register_with_unit(
            "process_resident_memory",
            "Memory that is resident",
            Unit::Bytes,
            own.resident.clone(),
        );
        registry.register(
            "process_open_files",
            "Files and connections that are open",
            own.open_files.clone(),
        );
        registry.register_with_unit("uptime", "Since the start", Unit::Seconds, own.uptime.clone());
        let build = Family::<Build, Gauge>::default();
        build
            .get_or_create(&Build {
                version: env!("CARGO_PKG_VERSION"),
            })
            .set(1);
        registry.register("build", "What runs", build);
    }
}

/// Something that is counted while it lasts.
#[derive(Debug)]
pub(crate) struct UnderWay(Gauge);

impl UnderWay {
    fn new(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A caller may invent methods; they count as one.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

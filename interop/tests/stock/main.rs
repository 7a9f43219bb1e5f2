//! Stock cqrs-es stores read our log as it stands: whoever leaves Grantlink, or only wants to look, needs none of our code.

mod golden;
mod log;
mod program;
mod trail;

use std::{collections::BTreeSet, fmt::Debug, path::Path, sync::Arc};

use async_trait::async_trait;
use cqrs_es::{
    Aggregate, EventEnvelope, EventStore, Query,
    persist::{PersistedEventRepository, PersistedEventStore, QueryReplay, SerializedEvent},
};
use domain::{
    agency::Agency,
    connect_link::ConnectLink,
    customer::Customer,
    grant::Grant,
    host::Host,
    integration::Integration,
    log::{LoggedEvent, Recorded},
};
use postgres_es::PostgresEventRepository;
use sqlite_es::SqliteEventRepository;
use sqlx::{PgPool, SqlitePool};
use tokio::sync::Mutex;
use trail::{IntegrationTrail, LinkTrail};

/// The log was written by the program itself, and holds one of each event that there ever was.
///
/// Mutants: when the payloads lack the variant's name around them, when `event_type` is another than that name, when the
/// metadata is not flat, or when the payload's column is of type text, this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_stock_postgres_store_reads_and_replays_our_log() -> anyhow::Result<()> {
    grantlink_interop::on_postgres(async |url| {
        let folder = tempfile::tempdir()?;
        program::write_a_log(folder.path(), Some(&url))?;
        let pool = PgPool::connect(&url).await?;
        for event in golden::events()? {
            sqlx::query(golden::INTO_POSTGRES)
                .bind(event.aggregate_type)
                .bind(event.sequence)
                .bind(event.event_type)
                .bind(event.event_version)
                .bind(event.payload)
                .execute(&pool)
                .await?;
        }
        let rows = sqlx::query_as(log::READ).fetch_all(&pool).await?;
        is_read(&log::recorded(rows)?, || PostgresEventRepository::new(pool.clone())).await
    })
    .await
}

/// The same for the file of an installation without a server.
///
/// Mutants: as above, but the payload's column is of type text here.
#[tokio::test(flavor = "multi_thread")]
async fn a_stock_sqlite_store_reads_and_replays_our_log() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    program::write_a_log(folder.path(), None)?;
    let pool = SqlitePool::connect(&address(&folder.path().join("log.db"))).await?;
    for event in golden::events()? {
        sqlx::query(golden::INTO_SQLITE)
            .bind(event.aggregate_type)
            .bind(event.sequence)
            .bind(event.event_type)
            .bind(event.event_version)
            .bind(event.payload)
            .execute(&pool)
            .await?;
    }
    let rows = sqlx::query_as(log::READ).fetch_all(&pool).await?;
    is_read(&log::recorded(rows)?, || SqliteEventRepository::new(pool.clone())).await
}

fn address(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// A kind of stream that can be compared.
trait Kind: Aggregate<Event: LoggedEvent, Error: Send + Sync> + Debug + PartialEq + 'static {}
impl<A: Aggregate<Event: LoggedEvent, Error: Send + Sync> + Debug + PartialEq + 'static> Kind for A {}

/// Every stream of every kind that the log holds.
async fn is_read<R: PersistedEventRepository>(log: &[Recorded], open: impl Fn() -> R) -> anyhow::Result<()> {
    let mut events = 0;
    events += is_read_as::<Agency, R>(log, &open).await?;
    events += is_read_as::<ConnectLink, R>(log, &open).await?;
    events += is_read_as::<Customer, R>(log, &open).await?;
    events += is_read_as::<Grant, R>(log, &open).await?;
    events += is_read_as::<Host, R>(log, &open).await?;
    events += is_read_as::<Integration, R>(log, &open).await?;
    events += is_read_as::<LinkTrail, R>(log, &open).await?;
    events += is_read_as::<IntegrationTrail, R>(log, &open).await?;
    assert_eq!(events, log.len(), "a kind of stream was not read");
    Ok(())
}

/// Every stream of one kind: event by event, loaded one by one, and replayed in one go. Answers with the number of its events.
/// The stock store goes first, so that it is the one that complains.
async fn is_read_as<A, R>(log: &[Recorded], open: &impl Fn() -> R) -> anyhow::Result<usize>
where
    A: Kind,
    R: PersistedEventRepository,
{
    let events: Vec<_> = log.iter().filter(|event| event.aggregate_type == A::TYPE).collect();
    assert!(!events.is_empty(), "the log holds no {}", A::TYPE);
    let repository = open();
    let streams: BTreeSet<_> = events.iter().map(|event| event.aggregate_id.as_str()).collect();
    for stream in streams {
        let ours: Vec<_> = events.iter().filter(|event| event.aggregate_id == stream).collect();
        are_what_stock_would_have_written::<A, R>(stream, &ours, &repository).await?;
    }
    let store = PersistedEventStore::<R, A>::new_event_store(repository);
    let ours = log::fold::<A>(log)?;
    for (stream, (state, version)) in &ours {
        let loaded = store.load_aggregate(stream).await?;
        assert_eq!(&loaded.aggregate, state, "{} {stream}", A::TYPE);
        assert_eq!(loaded.current_sequence, *version, "{} {stream}", A::TYPE);
    }
    assert_eq!(replayed::<A, R>(open()).await?, ours);
    Ok(events.len())
}

/// What cqrs-es' own replay makes of all streams of a kind.
async fn replayed<A, R>(repository: R) -> anyhow::Result<log::States<A>>
where
    A: Kind,
    R: PersistedEventRepository,
{
    let states = Arc::default();
    let mut replay = QueryReplay::new(repository, Fold(Arc::clone(&states)));
    replay.use_error_handler(Box::new(|error| panic!("a stock replay cannot read an event: {error}")));
    replay.replay_all().await?;
    let states: log::States<A> = std::mem::take(&mut *states.lock().await);
    Ok(states)
}

/// A view of the kind that cqrs-es fills: it is the aggregates themselves.
struct Fold<A>(Arc<Mutex<log::States<A>>>);

#[async_trait]
impl<A: Aggregate> Query<A> for Fold<A> {
    async fn dispatch(&self, aggregate_id: &str, events: &[EventEnvelope<A>]) {
        let mut states = self.0.lock().await;
        let (state, version) = states.entry(aggregate_id.to_owned()).or_default();
        for event in events {
            *version += 1;
            assert_eq!(event.sequence, *version, "{} {aggregate_id}", A::TYPE);
            state.apply(event.payload.clone());
        }
    }
}

/// Columns that a stock store writes but does not look at when it reads, such as the event's type, hold what it would have
/// written for the same events. It sees all of them, with the payloads that we see.
async fn are_what_stock_would_have_written<A, R>(
    stream: &str,
    ours: &[&&Recorded],
    repository: &R,
) -> anyhow::Result<()>
where
    A: Kind,
    R: PersistedEventRepository,
{
    let stored = repository.get_events::<A>(stream).await?;
    assert_eq!(stored.len(), ours.len(), "{} {stream}", A::TYPE);
    for (event, ours) in stored.into_iter().zip(ours) {
        let read: EventEnvelope<A> = event.clone().try_into()?;
        assert_eq!(SerializedEvent::try_from(&read)?, event);
        assert_eq!(event.sequence as u64, ours.sequence, "{} {stream}", A::TYPE);
        assert_eq!(event.payload, serde_json::from_str::<serde_json::Value>(&ours.payload)?);
    }
    Ok(())
}

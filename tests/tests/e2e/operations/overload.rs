//! Connections that never finish asking take nobody's place.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::Stage,
    scale::scaled,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::LONGEST;

/// Places for public pages on the node of these stories, and as many for calls.
pub(crate) const PLACES: usize = 4;
/// The slowest of the calls that were accepted.
pub(crate) const LONGEST_ANSWER: Duration = Duration::from_secs(2);
/// Connections that send one byte now and then, or nothing.
const SLOW: usize = 1_000;
/// Seconds for a first request.
const IMPATIENT: u64 = 3;

/// API-10: a thousand connections that never finish asking neither stop the API nor stay.
///
/// Mutant: without the time for a first request, they stay and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_slow_connections_stop_nobody_and_are_closed() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        with_few_places(&mut stage, IMPATIENT).await?;
        let mut slow = Vec::with_capacity(scaled(SLOW));
        for number in 0..scaled(SLOW) {
            let mut line = TcpStream::connect(("127.0.0.1", stage.server.port())).await?;
            // Nothing, a part of HTTP/2's first words, or headers that do not end.
            let said: &[u8] = [
                b"" as &[u8],
                b"PRI * HT",
                b"GET / HTTP/1.1\r\nhost: connect.localhost\r\nx: ",
            ][number % 3];
            line.write_all(said).await?;
            slow.push(line);
        }
        let began = Instant::now();
        stage.agency.fresh_link().await?;
        ensure!(began.elapsed() < LONGEST_ANSWER, "the API took {:?}", began.elapsed());
        for mut line in slow {
            timeout(LONGEST, ended(&mut line))
                .await
                .context("a slow connection stays")?;
        }
        stage.agency.fresh_link().await?;
        Ok(())
    })
    .await
}

/// API-10: who sends a body slowly takes no place.
///
/// Mutant: with the place taken before the body is there, the API is full and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_take_no_places_of_the_api() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        with_few_places(&mut stage, IMPATIENT).await?;
        let mut slow = Vec::new();
        for _ in 0..10 * PLACES {
            let mut line = TcpStream::connect(("127.0.0.1", stage.server.port())).await?;
            let head = "POST /api/agency/v1/links HTTP/1.1\r\nhost: connect.localhost\r\ncontent-length: 100\r\n\r\n{";
            line.write_all(head.as_bytes()).await?;
            slow.push(line);
        }
        stage.agency.fresh_link().await?;
        for mut line in slow {
            let mut answer = [0; 12];
            timeout(LONGEST, line.read_exact(&mut answer)).await??;
            assert_eq!(&answer, b"HTTP/1.1 408");
        }
        Ok(())
    })
    .await
}

/// Whatever way it ends, it ends.
async fn ended(line: &mut TcpStream) {
    let mut answer = [0; 1_024];
    while line.read(&mut answer).await.is_ok_and(|length| length > 0) {}
}

/// A node with few places, and so many seconds for a first request.
pub(crate) async fn with_few_places(stage: &mut Stage, first_request: u64) -> anyhow::Result<()> {
    let few = format!(
        "trusted_proxies = [\"127.0.0.0/8\"]\npublic_requests = {PLACES}\napi_requests = {PLACES}\nfirst_request_seconds = {first_request}"
    );
    let configuration = stage.files.configuration()?;
    stage
        .files
        .configure(&configuration.replace(r#"trusted_proxies = ["127.0.0.0/8"]"#, &few))?;
    stage.server.restart().await
}

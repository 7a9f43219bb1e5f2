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
/// Connections that a node has room for.
const ROOM: usize = 8;
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

/// API-10: as many clients as there is room for keep their connections open, as clients do, and have nothing to say. Whoever comes then is
/// served at once, and the one that is there longest has to leave.
///
/// Mutant seen: when newcomers wait until somebody leaves, this one waits for more than a minute, and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_kept_for_nothing_keep_nobody_out() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let mut stage = Stage::set(database).await?;
        configured(&mut stage, &format!("connections = {ROOM}")).await?;
        let mut kept = Vec::new();
        for _ in 0..ROOM {
            kept.push(asks(stage.server.port()).await?);
        }
        timeout(LONGEST_ANSWER, asks(stage.server.port()))
            .await
            .context("a newcomer waits")??;
        timeout(LONGEST, ended(&mut kept[0]))
            .await
            .context("the oldest stays")?;
        let others = kept.split_off(1);
        for mut line in others {
            ask(&mut line).await.context("one more had to leave")?;
        }
        Ok(())
    })
    .await
}

/// A connection that was used once.
async fn asks(port: u16) -> anyhow::Result<TcpStream> {
    let mut line = TcpStream::connect(("127.0.0.1", port)).await?;
    ask(&mut line).await?;
    Ok(line)
}

async fn ask(line: &mut TcpStream) -> anyhow::Result<()> {
    line.write_all(b"HEAD /nothing HTTP/1.1\r\nhost: connect.localhost\r\n\r\n")
        .await?;
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(LONGEST, line.read_u8()).await??);
    }
    ensure!(head.starts_with(b"HTTP/1.1 404"), "{}", String::from_utf8_lossy(&head));
    Ok(())
}

/// Whatever way it ends, it ends.
async fn ended(line: &mut TcpStream) {
    let mut answer = [0; 1_024];
    while line.read(&mut answer).await.is_ok_and(|length| length > 0) {}
}

/// A node with few places, and so many seconds for a first request.
pub(crate) async fn with_few_places(stage: &mut Stage, first_request: u64) -> anyhow::Result<()> {
    let few = format!("public_requests = {PLACES}\napi_requests = {PLACES}\nfirst_request_seconds = {first_request}");
    configured(stage, &few).await
}

/// A node that serves with these settings, too.
async fn configured(stage: &mut Stage, settings: &str) -> anyhow::Result<()> {
    let (configuration, proxies) = (stage.files.configuration()?, r#"trusted_proxies = ["127.0.0.0/8"]"#);
    let with_them = configuration.replace(proxies, &format!("{proxies}\n{settings}"));
    stage.files.configure(&with_them)?;
    stage.server.restart().await
}

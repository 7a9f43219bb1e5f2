//! Peers that talk without end: what they cost stays small, and others are served.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use grantlink_tests::{
    conformance::{Database, Kind, run},
    harness::Stage,
    scale::scaled,
    torture::figure,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, tcp::OwnedReadHalf},
    task::JoinSet,
    time::{sleep, timeout, timeout_at},
};

use super::{LONGEST, overload::LONGEST_ANSWER, resident};

/// Connections that do so at once.
const PEERS: usize = 4;
/// Pieces that each sends at most: millions in a long run.
const PIECES: usize = 40_000;
/// So many are written at once.
const TOGETHER: usize = 200;
/// What a flood may leave in the server's memory.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PING: u8 = 6;
const SETTINGS: u8 = 4;

/// A frame of RFC 9113.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, 0, 0, 0, 0, 0];
    frame.extend(payload);
    frame
}

/// A way to be a nuisance: what is said first, and then again and again.
struct Nuisance {
    name: &'static str,
    first: Vec<u8>,
    again: fn() -> Vec<u8>,
}

fn nuisances() -> [Nuisance; 6] {
    let nuisance = |name, first: &[u8], again| Nuisance {
        name,
        first: first.to_owned(),
        again,
    };
    let upload = b"POST /c/x HTTP/1.1\r\nhost: a.localhost\r\ntransfer-encoding: chunked\r\n\r\n";
    [
        nuisance("pings of HTTP/2", PREFACE, || frame(PING, &[0; 8])),
        nuisance("settings of HTTP/2", PREFACE, || frame(SETTINGS, &[])),
        nuisance("headers that never end", b"GET / HTTP/1.1\r\n", || b"x: y\r\n".to_vec()),
        nuisance("lines of nothing", b"", || b"\r\n".to_vec()),
        nuisance("a body of single letters", upload, || b"1\r\nx\r\n".to_vec()),
        nuisance("requests before the answer to the last one", b"", || {
            b"GET / HTTP/1.1\r\nhost: a.localhost\r\n\r\n".to_vec()
        }),
    ]
}

/// Whoever begins with HTTP/2 is hung up on: a proxy before the server speaks HTTP/1.1 to it.
///
/// Mutant: with HTTP/2 spoken, there is an answer and this fails.
#[tokio::test]
async fn another_version_of_http_is_not_spoken() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let stage = Stage::set(database).await?;
        let mut line = TcpStream::connect(("127.0.0.1", stage.server.port())).await?;
        line.write_all(&[PREFACE, &frame(SETTINGS, &[])].concat()).await?;
        let mut answer = Vec::new();
        // Words of it that were not read may make the end a reset.
        timeout(LONGEST, line.read_to_end(&mut answer))
            .await
            .context("it stays")?
            .ok();
        assert!(answer.is_empty(), "{answer:?}");
        Ok(())
    })
    .await
}

/// API-10: whoever speaks another language, never ends their headers, sends bodies by the letter or asks without listening costs
/// neither memory nor anybody's time.
///
/// Mutant: with HTTP/2 spoken, four peers' pings hold calls up for seconds and this fails.
#[tokio::test(flavor = "multi_thread")]
async fn floods_of_words_cost_little_and_stop_nobody() -> anyhow::Result<()> {
    run(Kind::Sqlite, async |database: Database| {
        let stage = Stage::set(database).await?;
        stage.agency.fresh_link().await?;
        for nuisance in nuisances() {
            let before = resident(&stage)?;
            let began = Instant::now();
            let mut peers = JoinSet::new();
            for _ in 0..PEERS {
                peers.spawn(flood(stage.server.port(), nuisance.first.clone(), nuisance.again));
            }
            let (mut calls, mut slowest, mut most) = (0, Duration::ZERO, before);
            while !peers.is_empty() || calls == 0 {
                let asked = Instant::now();
                stage.agency.fresh_link().await.context(nuisance.name)?;
                slowest = slowest.max(asked.elapsed());
                calls += 1;
                most = most.max(resident(&stage)?);
                while peers.try_join_next().is_some() {}
            }
            figure(&format!(
                "{}: {} s, {calls} links issued, the slowest in {slowest:?}, memory {} KiB before and {} KiB at most",
                nuisance.name,
                began.elapsed().as_secs(),
                before / 1024,
                most / 1024
            ))?;
            ensure!(slowest < LONGEST_ANSWER, "{}: a call took {slowest:?}", nuisance.name);
            ensure!(
                most < before + MOST_MEMORY,
                "{}: {before} grew to {most}",
                nuisance.name
            );
        }
        stage.agency.fresh_link().await?;
        Ok(())
    })
    .await
}

/// Says it again and again until everything is said or the server hangs up, which is as good.
async fn flood(port: u16, first: Vec<u8>, again: fn() -> Vec<u8>) {
    let Ok(line) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    let (answers, mut line) = line.into_split();
    let reader = tokio::spawn(swallow(answers));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(u64::try_from(scaled(3)).unwrap_or(60).min(60));
    let mut said = line.write_all(&first).await.is_ok();
    let pieces = again().repeat(TOGETHER);
    for _ in 0..scaled(PIECES) / TOGETHER {
        said = said && matches!(timeout_at(deadline, line.write_all(&pieces)).await, Ok(Ok(())));
        if !said {
            break;
        }
        sleep(Duration::from_millis(1)).await; // the machine is its clients' too
    }
    reader.abort();
}

async fn swallow(mut answers: OwnedReadHalf) {
    let mut heap = vec![0; 16 * 1024];
    while answers.read(&mut heap).await.is_ok_and(|length| length > 0) {}
}

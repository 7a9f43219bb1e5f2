//! Peers that speak HTTP/2 against its sense: what they cost stays small, and others are served.

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
    time::{sleep, timeout_at},
};

use super::overload::LONGEST_ANSWER;

/// Connections that do so at once.
const PEERS: usize = 4;
/// Frames that each sends at most: millions in a long run.
const FRAMES: usize = 40_000;
/// So many are written at once.
const TOGETHER: usize = 200;
/// What a flood may leave in the server's memory.
const MOST_MEMORY: u64 = 64 * 1024 * 1024;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// `GET / HTTP/2` over http, as HPACK knows it by heart.
const GET: [u8; 3] = [0x82, 0x86, 0x84];
const POST: [u8; 3] = [0x83, 0x86, 0x84];

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

/// A frame of RFC 9113.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A way to be a nuisance: what is said first, and then again and again.
struct Nuisance {
    name: &'static str,
    first: Vec<u8>,
    again: fn(u32) -> Vec<u8>,
}

fn nuisances() -> [Nuisance; 3] {
    let nuisance = |name, first, again| Nuisance { name, first, again };
    [
        nuisance("requests that are taken back at once", vec![], |number| {
            let stream = 2 * number + 1;
            let asked = frame(HEADERS, END_STREAM | END_HEADERS, stream, &GET);
            [asked, frame(RST_STREAM, 0, stream, &CANCEL)].concat()
        }),
        nuisance("headers that never end", frame(HEADERS, END_STREAM, 1, &GET), |_| {
            // A header without a name that is to be remembered: one letter, a thousand times.
            let header = [&[0x00, 0x01, b'x', 0x01, b'y'][..]; 200].concat();
            frame(CONTINUATION, 0, 1, &header)
        }),
        nuisance("pieces of nothing", frame(HEADERS, END_HEADERS, 1, &POST), |_| {
            frame(DATA, 0, 1, &[])
        }),
    ]
}

/// API-10: whoever takes requests back, never ends their headers, or fills the line with empty pieces is hung up on before it costs
/// memory or anybody's time.
#[tokio::test(flavor = "multi_thread")]
async fn floods_of_frames_cost_little_and_stop_nobody() -> anyhow::Result<()> {
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
async fn flood(port: u16, first: Vec<u8>, again: fn(u32) -> Vec<u8>) {
    let Ok(line) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    let (answers, mut line) = line.into_split();
    let reader = tokio::spawn(swallow(answers));
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &first].concat();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(u64::try_from(scaled(3)).unwrap_or(60).min(60));
    let mut said = line.write_all(&opening).await.is_ok();
    for batch in 0..scaled(FRAMES) / TOGETHER {
        let numbers = batch * TOGETHER..(batch + 1) * TOGETHER;
        let frames: Vec<u8> = numbers
            .filter_map(|number| u32::try_from(number).ok())
            .flat_map(again)
            .collect();
        said = said && matches!(timeout_at(deadline, line.write_all(&frames)).await, Ok(Ok(())));
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

/// What the server has in memory, in bytes.
fn resident(stage: &Stage) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", stage.server.pid()))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line
        .and_then(|line| line.split_whitespace().next())
        .context("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1024)
}

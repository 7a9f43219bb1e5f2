//! The two requests that come most: an agency issues a link, somebody opens one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::bail;
use grantlink_load::{Load, Measured, drive};
use grantlink_tests::{
    conformance::Database,
    harness::{AGENCY_HOST, CALLBACK_HOST},
};
use tokio::sync::Mutex;

use super::{Connection, Town};
use crate::database::{On, on_new};

/// Places that links are issued for in turn. Each link takes the place of an earlier one, which is revoked in the same commit.
const PLACES: usize = 4_000;
/// Links that are opened in turn. The first opening in an hour leaves an event, later ones are only reads.
const LINKS: usize = 1_000;
/// Networks that pages are opened from in turn: of one network, the server serves 600 a minute.
const NETWORKS: usize = 20_000;
/// Places for pages, where there are few.
const ROOM: usize = 64;
/// What the configuration says of proxies.
const TRUSTED: &str = r#"trusted_proxies = ["127.0.0.0/8"]"#;
/// A phone, as most customers have it.
const PHONE: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

pub(super) async fn issue_link(load: Load) -> anyhow::Result<Measured> {
    on_new(On::Postgres, move |database| async move {
        let town = Town::build(database).await?;
        let places = town.places(PLACES).await?;
        town.links(&places).await?; // the earlier ones
        let requests = places.iter().map(|place| {
            let body = place.request().to_string();
            let head = format!(
                "POST /api/agency/v1/links HTTP/1.1\r\nhost: {CALLBACK_HOST}:{port}\r\nauthorization: Bearer {key}\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n",
                port = town.port(),
                key = town.stage.agency.key,
                length = body.len(),
            );
            (head + &body).into_bytes()
        });
        ask_in_turn(&load, &town, requests.collect(), 201).await
    })
    .await
}

pub(super) async fn open_link(load: Load) -> anyhow::Result<Measured> {
    on_new(On::Postgres, move |database: Database| async move {
        let town = Town::build(database).await?;
        let requests = openings(&town).await?;
        ask_in_turn(&load, &town, requests, 200).await
    })
    .await
}

/// Only those that are served count, each from its first request to its page.
pub(super) async fn crowd(load: Load) -> anyhow::Result<Measured> {
    on_new(On::Postgres, move |database: Database| async move {
        let mut town = Town::build(database).await?;
        let (requests, next) = (Arc::new(openings(&town).await?), Arc::new(AtomicUsize::new(0)));
        let files = &town.stage.files;
        let few = format!("{TRUSTED}\npublic_requests = {ROOM}");
        files.configure(&files.configuration()?.replace(TRUSTED, &few))?;
        town.stage.server.restart().await?;
        let connections = connections(&load, town.port()).await?;
        drive(&load, |number| {
            let (connection, requests, next) = (connections[number].clone(), requests.clone(), next.clone());
            move || {
                let (connection, requests, next) = (connection.clone(), requests.clone(), next.clone());
                async move { served(&mut *connection.lock().await, &requests, &next).await }
            }
        })
        .await
    })
    .await
}

/// Asks until there is a page.
async fn served(connection: &mut Connection, requests: &[Vec<u8>], next: &AtomicUsize) -> anyhow::Result<bool> {
    loop {
        let turn = next.fetch_add(1, Ordering::Relaxed) % requests.len();
        match connection.answer(&requests[turn]).await? {
            (200, _) => return Ok(true),
            (503, _) => {}
            (status, body) => bail!("answered {status}: {}", String::from_utf8_lossy(body)),
        }
    }
}

/// Requests for links' pages, each from another network.
async fn openings(town: &Town) -> anyhow::Result<Vec<Vec<u8>>> {
    let links = town.links(&town.places(LINKS).await?).await?;
    let requests = (0..NETWORKS).map(|number| {
        let token = links[number % LINKS].token();
        let network = super::town::network(number);
        format!(
            "GET /c/{token} HTTP/1.1\r\nhost: {AGENCY_HOST}:{port}\r\nuser-agent: {PHONE}\r\n\
             accept-language: en-GB,en;q=0.8\r\nx-forwarded-for: {network}\r\n\r\n",
            port = town.port(),
        )
        .into_bytes()
    });
    Ok(requests.collect())
}

/// One connection for each caller, open before anything is timed.
pub(super) async fn connections(load: &Load, port: u16) -> anyhow::Result<Vec<Arc<Mutex<Connection>>>> {
    let mut connections = Vec::with_capacity(load.callers);
    for _ in 0..load.callers {
        connections.push(Arc::new(Mutex::new(Connection::open(port).await?)));
    }
    Ok(connections)
}

async fn ask_in_turn(load: &Load, town: &Town, requests: Vec<Vec<u8>>, status: u16) -> anyhow::Result<Measured> {
    let connections = connections(load, town.port()).await?;
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    drive(load, |number| {
        let (connection, requests, next) = (connections[number].clone(), requests.clone(), next.clone());
        move || {
            let turn = next.fetch_add(1, Ordering::Relaxed) % requests.len();
            let (connection, requests) = (connection.clone(), requests.clone());
            async move {
                connection.lock().await.ask(&requests[turn], status).await?;
                Ok(true)
            }
        }
    })
    .await
}

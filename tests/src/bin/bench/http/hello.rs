//! What the stack can do at most: axum, one route, a few bytes of JSON, in a process of its own as the product is.

use std::{net::Ipv4Addr, process::Stdio, sync::Arc};

use anyhow::Context;
use axum::{Json, Router, routing::get};
use grantlink_load::{Load, Measured, drive};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::Command,
    sync::Mutex,
};

use super::Connection;

/// The hidden command of this program that serves it.
const SERVE: &str = "serve-hello";

/// Serves until it is ended; says its port first.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?.port());
    let hello = || std::future::ready(Json(serde_json::json!({ "hello": "world" })));
    Ok(axum::serve(listener, Router::new().route("/", get(hello))).await?)
}

pub(super) async fn run(load: Load) -> anyhow::Result<Measured> {
    let mut server = Command::new(std::env::current_exe()?)
        .arg(SERVE)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let said = server.stdout.take().context("no pipe")?;
    let port = BufReader::new(said).lines().next_line().await?.context("no port")?;
    let port = port.parse()?;
    let request: Arc<[u8]> = Arc::from(format!("GET / HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n").into_bytes());
    let connections = super::pages::connections(&load, port).await?;
    let measured = drive(&load, |number| {
        let (connection, request): (Arc<Mutex<Connection>>, _) = (connections[number].clone(), request.clone());
        move || {
            let (connection, request) = (connection.clone(), request.clone());
            async move {
                connection.lock().await.ask(&request, 200).await?;
                Ok(true)
            }
        }
    })
    .await?;
    server.kill().await?;
    Ok(measured)
}

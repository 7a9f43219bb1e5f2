//! A line to a `PostgreSQL` server that understands its messages, and breaks or falls silent where it is told to.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// The session that appends names itself so when it connects.
const APPENDER: &[u8] = b"grantlink-log";
/// Messages of the protocol, by their first byte.
const EXECUTE: u8 = b'E';
const SIMPLE_QUERY: u8 = b'Q';
const SYNC: u8 = b'S';
const DATA_ROW: u8 = b'D';
const READY_FOR_QUERY: u8 = b'Z';

/// Where the line breaks while an append goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The request was passed on; whether the server still reads it is its luck.
    AfterTheRequest,
    /// The server has committed, and not a byte of its answer got through.
    BeforeTheAnswer,
    /// The same, but the first row got through: it was written before the commit.
    AfterTheFirstRow,
    /// The same, but all got through except the very last byte.
    BeforeTheLastByte,
}

/// What becomes of the next append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Pass,
    Break(Cut),
    Breaking,
}

/// The line. What goes over it ends with it.
pub(super) struct Line {
    address: String,
    control: Control,
    task: JoinHandle<()>,
}

#[derive(Clone)]
struct Control {
    order: Arc<watch::Sender<Order>>,
    open: Arc<watch::Sender<bool>>,
    silences: Arc<watch::Sender<u64>>,
}

impl Line {
    /// Listens on loopback, and leads to the server of a database's address.
    pub(super) async fn before(url: &str) -> anyhow::Result<Self> {
        let (head, rest) = url.split_once('@').context("the address names no user")?;
        let (server, database) = rest.split_once('/').context("the address names no database")?;
        let mark = if database.contains('?') { '&' } else { '?' };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        // In clear: it could not read what is encrypted.
        let address = format!("{head}@{}/{database}{mark}sslmode=disable", listener.local_addr()?);
        let control = Control {
            order: Arc::new(watch::Sender::new(Order::Pass)),
            open: Arc::new(watch::Sender::new(true)),
            silences: Arc::new(watch::Sender::new(0)),
        };
        let task = tokio::spawn(accept(listener, server.to_owned(), control.clone()));
        Ok(Self { address, control, task })
    }

    /// The database's address over this line.
    pub(super) fn url(&self) -> &str {
        &self.address
    }

    /// The next append breaks the connection that it goes over.
    pub(super) fn break_at(&self, cut: Cut) {
        self.control.order.send_replace(Order::Break(cut));
    }

    /// Returns once that has happened, and the server is done with what it was asked.
    pub(super) async fn broken(&self) -> anyhow::Result<()> {
        let mut order = self.control.order.subscribe();
        order.wait_for(|order| *order == Order::Pass).await?;
        Ok(())
    }

    /// Whether new connections get through.
    pub(super) fn let_in(&self, open: bool) {
        self.control.open.send_replace(open);
    }

    /// Nothing gets through any more on the connections that there are, and nobody is told. Those that fell silent before are ended:
    /// each holds a place at the server.
    pub(super) fn fall_silent(&self) {
        self.control.silences.send_modify(|silences| *silences += 1);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, control: Control) {
    let mut connections = JoinSet::new(); // they end with this task
    while let Ok((client, _)) = listener.accept().await {
        if *control.open.borrow() {
            connections.spawn(connection(client, server.clone(), control.clone()));
        }
    }
}

async fn connection(client: TcpStream, server: String, control: Control) {
    let mut silences = control.silences.subscribe();
    let mut carrying = pin!(carry(client, &server, &control.order));
    tokio::select! {
        _ = &mut carrying => {}, // one side has ended it, or it broke
        _ = silences.changed() => drop(silences.changed().await), // with both sockets open until others fall silent

    }
}

/// Carries messages both ways until one side ends, or the line breaks.
async fn carry(client: TcpStream, server: &str, order: &watch::Sender<Order>) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let appending = AtomicBool::new(false);
    tokio::select! {
        ended = requests(from_client, to_server, &appending, order) => ended,
        ended = answers(from_server, to_client, &appending, order) => ended,
    }
}

async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    appending: &AtomicBool,
    order: &watch::Sender<Order>,
) -> std::io::Result<()> {
    let startup = message(&mut from, 0).await?;
    let is_appender = startup.windows(APPENDER.len()).any(|name| name == APPENDER);
    to.write_all(&startup).await?;
    loop {
        let message = message(&mut from, 1).await?;
        if is_appender && matches!(message[0], EXECUTE | SIMPLE_QUERY) {
            appending.store(true, Ordering::SeqCst);
        }
        to.write_all(&message).await?;
        let is_complete = matches!(message[0], SYNC | SIMPLE_QUERY) && appending.load(Ordering::SeqCst);
        if is_complete && taken(order, |cut| cut == Cut::AfterTheRequest).is_some() {
            order.send_replace(Order::Pass);
            return Ok(());
        }
    }
}

async fn answers(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    appending: &AtomicBool,
    order: &watch::Sender<Order>,
) -> std::io::Result<()> {
    let mut cut = None;
    let mut passed_a_row = false;
    loop {
        let message = message(&mut from, 1).await?;
        let is_last = message[0] == READY_FOR_QUERY;
        if cut.is_none() && appending.load(Ordering::SeqCst) {
            cut = taken(order, |cut| cut != Cut::AfterTheRequest);
        }
        let passes = match cut {
            Some(Cut::BeforeTheAnswer) => 0,
            Some(Cut::AfterTheFirstRow) if passed_a_row => 0,
            Some(Cut::BeforeTheLastByte) if is_last => message.len() - 1,
            _ => message.len(),
        };
        to.write_all(&message[..passes]).await?;
        passed_a_row |= message[0] == DATA_ROW;
        if is_last {
            appending.store(false, Ordering::SeqCst);
            if cut.is_some() {
                order.send_replace(Order::Pass);
                return Ok(());
            }
        }
    }
}

/// The cut that is ordered, if it is one of these; nobody else gets it.
fn taken(order: &watch::Sender<Order>, of_these: impl Fn(Cut) -> bool) -> Option<Cut> {
    let mut taken = None;
    order.send_if_modified(|order| match *order {
        Order::Break(cut) if of_these(cut) => {
            taken = Some(cut);
            *order = Order::Breaking;
            true
        }
        _ => false,
    });
    taken
}

/// A whole message: its type (the first message of a client has none), its length, and so many bytes.
async fn message(from: &mut OwnedReadHalf, length_of_type: usize) -> std::io::Result<Vec<u8>> {
    let head = length_of_type + size_of::<u32>();
    let mut message = vec![0; head];
    from.read_exact(&mut message).await?;
    let length = message[length_of_type..]
        .iter()
        .fold(0, |length, byte| length << 8 | usize::from(*byte));
    message.resize(length_of_type + length.max(size_of::<u32>()), 0); // the length counts itself
    from.read_exact(&mut message[head..]).await?;
    Ok(message)
}

//! One connection that is kept, and as little work between two answers as can be: client and server share the machine, so
//! whatever the client spends is missing in what is measured.

use anyhow::{Context, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A connection to a port of this machine.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::with_capacity(32 * 1024),
        })
    }

    /// Sends a request and reads its answer to the end.
    ///
    /// # Errors
    /// When the answer has another status.
    pub(crate) async fn ask(&mut self, request: &[u8], status: u16) -> anyhow::Result<()> {
        let (answered, body) = self.answer(request).await?;
        ensure!(
            answered == status,
            "answered {answered} instead of {status}: {}",
            String::from_utf8_lossy(body)
        );
        Ok(())
    }

    /// Sends a request and reads its answer to the end, whatever it is: its status, and its body.
    pub(crate) async fn answer(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.received.clear();
        let body_begins = loop {
            self.receive().await?;
            if let Some(at) = find(&self.received, b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.received[..body_begins])?;
        let length = content_length(head)?;
        let answered: u16 = head.get(9..12).context("no status")?.parse()?;
        while self.received.len() < body_begins + length {
            self.receive().await?;
        }
        Ok((answered, &self.received[body_begins..]))
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.received).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

fn content_length(head: &str) -> anyhow::Result<usize> {
    let lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut lengths = lines.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let (_, length) = lengths.next().context("an answer without its length")?;
    Ok(length.trim().parse()?)
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

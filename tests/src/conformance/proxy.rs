use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// A line to a database server that can be made to lose the next answer (the server has done its work, nobody hears of it), or to
/// fail altogether.
pub struct Proxy {
    address: String,
    armed: Arc<AtomicBool>,
    down: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Listens on loopback, and leads to the server of a database's address.
    ///
    /// # Errors
    /// When there is no port, or the address cannot be read.
    pub async fn before(url: &str) -> anyhow::Result<Self> {
        let (head, rest) = url.split_once('@').context("the address names no user")?;
        let (server, database) = rest.split_once('/').context("the address names no database")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = format!("{head}@{}/{database}", listener.local_addr()?);
        let armed = Arc::new(AtomicBool::new(false));
        let (down, is_down) = watch::channel(false);
        let task = tokio::spawn(accept(listener, server.to_owned(), Arc::clone(&armed), is_down));
        Ok(Self {
            address,
            armed,
            down,
            task,
        })
    }

    /// The database's address through this line.
    pub fn url(&self) -> &str {
        &self.address
    }

    /// The next answer that comes back is swallowed, and its connection cut.
    pub fn lose_the_next_answer(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// From now on every connection ends, or from now on they are carried again.
    pub fn is_down(&self, down: bool) {
        self.down.send_replace(down);
    }

    /// Whether an answer was lost since.
    pub fn lost_one(&self) -> bool {
        !self.armed.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, armed: Arc<AtomicBool>, down: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, armed, mut down) = (server.clone(), Arc::clone(&armed), down.clone());
        tokio::spawn(async move {
            tokio::select! {
                carried = carry(client, &server, &armed) => carried,
                _ = down.wait_for(|is_down| *is_down) => Ok(()),
            }
        });
    }
}

/// Carries bytes both ways until one side ends, or an answer is to be lost.
async fn carry(mut client: TcpStream, server: &str, armed: &AtomicBool) -> std::io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    let (mut asked, mut answered) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => match read? {
                0 => return Ok(()),
                length => server.write_all(&asked[..length]).await?,
            },
            read = server.read(&mut answered) => match read? {
                0 => return Ok(()),
                _ if armed.swap(false, Ordering::SeqCst) => return Ok(()),
                length => client.write_all(&answered[..length]).await?,
            },
        }
    }
}

//! Clients that ask at once, each for one thing at a time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::{Context, bail};
use tokio::{sync::watch, task::JoinSet};

use super::{Client, Entry, Journal, Line};

/// So many clients make a crowd.
pub const CLIENTS: usize = 16;

/// Clients at work, and the journal of what they were told.
pub struct Crowd {
    journal: Arc<Journal>,
    clients: JoinSet<anyhow::Result<()>>,
    told: watch::Receiver<usize>,
    enough: Arc<AtomicBool>,
}

impl Crowd {
    /// Sets clients to work; they share the lines out among themselves.
    ///
    /// # Errors
    /// When there is no journal.
    pub fn gather(seed: u64, lines: &[Line]) -> anyhow::Result<Self> {
        let journal = Arc::new(Journal::new()?);
        let (count, told) = watch::channel(0);
        let (count, enough) = (Arc::new(count), Arc::new(AtomicBool::new(false)));
        let mut clients = JoinSet::new();
        for (number, line) in lines.iter().cycle().take(CLIENTS).cloned().enumerate() {
            let client = Client::new(seed, number as u64);
            let worker = Worker {
                client,
                line,
                journal: Arc::clone(&journal),
                count: Arc::clone(&count),
                enough: Arc::clone(&enough),
            };
            clients.spawn(worker.work());
        }
        Ok(Self {
            journal,
            clients,
            told,
            enough,
        })
    }

    /// How many answers there were so far.
    pub fn answers(&self) -> usize {
        *self.told.borrow()
    }

    /// Waits until there were so many answers.
    ///
    /// # Errors
    /// When a client gave up.
    pub async fn reaches(&mut self, answers: usize) -> anyhow::Result<()> {
        tokio::select! {
            reached = self.told.wait_for(|told| *told >= answers) => reached.map(|_| ()).context("all clients are gone"),
            Some(ended) = self.clients.join_next() => {
                ended??;
                bail!("a client went home early")
            }
        }
    }

    /// Lets every client get its last answer, and hands over what they were told.
    ///
    /// # Errors
    /// When one does not get it.
    pub async fn disperse(mut self) -> anyhow::Result<Vec<Entry>> {
        self.enough.store(true, Ordering::SeqCst);
        while let Some(ended) = self.clients.join_next().await {
            ended??;
        }
        self.journal.read()
    }
}

struct Worker {
    client: Client,
    line: Line,
    journal: Arc<Journal>,
    count: Arc<watch::Sender<usize>>,
    enough: Arc<AtomicBool>,
}

impl Worker {
    async fn work(mut self) -> anyhow::Result<()> {
        while !self.enough.load(Ordering::SeqCst) {
            let (order, can_stand) = self.client.order();
            let outcome = self.line.ask(&order).await?;
            self.client.learn(&order, can_stand, &outcome)?;
            self.journal.note(&Entry { order, outcome }).await?;
            self.count.send_modify(|told| *told += 1);
        }
        Ok(())
    }
}

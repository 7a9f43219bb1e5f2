//! A node's worker: takes what is due, so much at once as there is room for, and ends without losing anything.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{Duties, Handler, attempt::Attempt};
use crate::{
    app::App,
    ports::{StoreError, jobs::Taken},
};

/// How a worker goes about it.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// So many jobs run on a node at once, of all kinds.
    pub at_once: usize,
    /// How often due jobs are looked for when nothing wakes the worker: those of other nodes, and those whose time has come.
    pub poll: Duration,
    /// So long after its last sign of life a worker's job is another's.
    pub lease: Duration,
    /// So long running jobs may go on once the node is told to stop.
    pub farewell: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            at_once: 8,
            poll: Duration::from_millis(500),
            lease: Duration::from_secs(10),
            farewell: Duration::from_secs(10),
        }
    }
}

/// The one worker of a node.
pub struct Worker {
    app: Arc<App>,
    desks: HashMap<&'static str, Desk>,
    duties: Duties,
    room: Arc<Semaphore>,
    pace: Pace,
    running: JoinSet<()>,
    farewell: watch::Sender<bool>,
    fails: bool,
}

/// Where the jobs of one kind are done.
struct Desk {
    handler: Arc<dyn Handler>,
    room: Arc<Semaphore>,
}

impl Worker {
    /// A worker that has not begun yet.
    pub fn new(app: Arc<App>, duties: &Duties, pace: Pace) -> Self {
        let desks = duties.handlers().iter().map(|handler| {
            let room = Arc::new(Semaphore::new(handler.care().at_once));
            let handler = Arc::clone(handler);
            (handler.kind(), Desk { handler, room })
        });
        Self {
            app,
            desks: desks.collect(),
            duties: duties.clone(),
            room: Arc::new(Semaphore::new(pace.at_once)),
            pace,
            running: JoinSet::new(),
            farewell: watch::Sender::new(false),
            fails: false,
        }
    }

    /// Works until it is told to stop, and then for as long as what runs may take; what is not done by then is left to others.
    pub async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = std::pin::pin!(stop);
        let mut added = self.app.jobs.added();
        let mut stands = false;
        loop {
            added.mark_unchanged(); // what comes from here on wakes us, also while we look
            let turn = self.turn(&mut stands).await;
            self.complain(turn);
            tokio::select! {
                () = &mut stop => return self.end().await,
                Some(_) = self.running.join_next() => {} // there is room again
                Ok(()) = added.changed() => {}
                () = sleep(self.pace.poll) => {}
            }
        }
    }

    /// Takes what is due, and there is room for, and goes on until nothing is left to be taken.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn work_off(&mut self) -> Result<(), StoreError> {
        self.stand().await?;
        loop {
            self.take().await?;
            if self.running.join_next().await.is_none() {
                return Ok(());
            }
        }
    }

    async fn turn(&mut self, stands: &mut bool) -> Result<(), StoreError> {
        if !*stands {
            self.stand().await?;
            *stands = true;
        }
        self.take().await
    }

    async fn stand(&self) -> Result<(), StoreError> {
        let now = self.app.clock.now();
        self.app.jobs.add(&self.duties.standing(now), now).await
    }

    async fn take(&mut self) -> Result<(), StoreError> {
        let open = self.desks.iter().filter(|(_, desk)| desk.room.available_permits() > 0);
        let open: Vec<_> = open.map(|(kind, _)| *kind).collect();
        if open.is_empty() || self.room.available_permits() == 0 {
            return Ok(());
        }
        let (jobs, now) = (Arc::clone(&self.app.jobs), self.app.clock.now());
        for kind in jobs.waiting(&open, now).await? {
            let Some(desk) = self.desks.get(kind.as_str()) else {
                continue;
            };
            let room = desk.room.available_permits().min(self.room.available_permits());
            if room == 0 {
                continue;
            }
            for taken in jobs.take(&kind, room, self.pace.lease, now).await? {
                self.begin(taken);
            }
        }
        Ok(())
    }

    fn begin(&mut self, taken: Taken) {
        let Some(desk) = self.desks.get(taken.job.kind.as_str()) else {
            return; // nobody asked for it; its lease ends by itself
        };
        let places = (
            Arc::clone(&desk.room).try_acquire_owned(),
            Arc::clone(&self.room).try_acquire_owned(),
        );
        let attempt = Attempt {
            app: Arc::clone(&self.app),
            handler: Arc::clone(&desk.handler),
            taken,
            lease: self.pace.lease,
            farewell: self.farewell.subscribe(),
        };
        self.running.spawn(async move {
            attempt.run().await;
            drop(places);
        });
    }

    async fn end(mut self) {
        let pace = self.pace;
        let ended = timeout(pace.farewell, async {
            while self.running.join_next().await.is_some() {}
        })
        .await;
        if ended.is_ok() {
            return;
        }
        tracing::info!(jobs = self.running.len(), "jobs are left to other nodes");
        self.farewell.send_replace(true);
        // Each says that it lets go; where that fails, its lease does it.
        timeout(pace.lease, async { while self.running.join_next().await.is_some() {} })
            .await
            .ok();
    }

    fn complain(&mut self, turn: Result<(), StoreError>) {
        match turn {
            Ok(()) => self.fails = false,
            Err(error) if !self.fails => {
                tracing::error!(%error, "jobs cannot be taken");
                self.fails = true;
            }
            Err(_) => {}
        }
    }
}

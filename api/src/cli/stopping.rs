//! How the server is told to stop.

use std::{io, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::operations::Drain;

/// Who told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// A person, with Ctrl-C: nobody stands before the server who would have to notice first.
    ByPerson,
    /// A supervisor, with SIGTERM.
    BySupervisor,
}

/// Begins the end when told to stop: at once for a person, after a pause for a supervisor, in which the node says that it is not
/// ready and still takes requests. What is answered is cancelled when told again.
///
/// # Errors
/// When the system lets nobody listen to signals.
pub(super) fn on_signals(drain: Drain, pause: Duration) -> io::Result<CancellationToken> {
    let mut signals = Signals::listen()?;
    let hurry = CancellationToken::new();
    let asked_again = hurry.clone();
    tokio::spawn(async move {
        let told = signals.next().await;
        tracing::info!("stopping: what is under way may take 25 seconds more; told again, it stops at once");
        drain.announce();
        let pause = if told == Told::ByPerson { Duration::ZERO } else { pause };
        tokio::select! {
            () = tokio::time::sleep(pause) => {
                drain.close();
                signals.next().await;
            }
            _ = signals.next() => {}
        }
        asked_again.cancel();
    });
    Ok(hurry)
}

/// Ctrl-C, or what a supervisor sends. Listening goes on between two of them: none is missed.
struct Signals {
    #[cfg(unix)]
    interrupted: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupted: tokio::signal::windows::CtrlC,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupted: signal(SignalKind::interrupt())?,
            terminated: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.interrupted.recv() => Told::ByPerson,
            _ = self.terminated.recv() => Told::BySupervisor,
        }
    }
}

#[cfg(windows)]
impl Signals {
    fn listen() -> io::Result<Self> {
        let interrupted = tokio::signal::windows::ctrl_c()?;
        Ok(Self { interrupted })
    }

    async fn next(&mut self) -> Told {
        self.interrupted.recv().await;
        Told::ByPerson
    }
}

//! How the server is told to stop.

use std::time::Duration;

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
pub(super) fn on_signals(drain: Drain, pause: Duration) -> CancellationToken {
    let hurry = CancellationToken::new();
    let asked_again = hurry.clone();
    tokio::spawn(async move {
        let told = told_to_stop().await;
        tracing::info!("stopping: what is under way may take 25 seconds more; told again, it stops at once");
        drain.announce();
        let pause = if told == Told::ByPerson { Duration::ZERO } else { pause };
        tokio::select! {
            () = tokio::time::sleep(pause) => {
                drain.close();
                told_to_stop().await;
            }
            _ = told_to_stop() => {}
        }
        asked_again.cancel();
    });
    hurry
}

/// Ctrl-C, or what a supervisor sends.
async fn told_to_stop() -> Told {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminated = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        let Ok(mut terminated) = terminated else {
            let _ = interrupted.await; // without the one, the other still works
            return Told::ByPerson;
        };
        tokio::select! {
            _ = interrupted => Told::ByPerson,
            _ = terminated.recv() => Told::BySupervisor,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = interrupted.await;
        Told::ByPerson
    }
}

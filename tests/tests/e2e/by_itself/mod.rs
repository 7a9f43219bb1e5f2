//! What happens without anybody asking: links expire, sign-ins are given up, jobs follow events.

/// Waits until something is so. No function: an async closure is not Send enough for a story.
macro_rules! until {
    ($what:literal, $is_so:expr) => {
        let deadline = std::time::Instant::now() + crate::by_itself::LONGEST;
        while !$is_so {
            anyhow::ensure!(
                std::time::Instant::now() < deadline,
                concat!("it never came to that: ", $what)
            );
            tokio::time::sleep(crate::by_itself::POLL).await; // until the next look
        }
    };
}

mod alive;
mod checking;
mod health;
mod jobs;
mod limited;
mod parked;
mod repaired;
mod time;

use std::time::Duration;

pub(crate) const POLL: Duration = Duration::from_millis(50);
/// A job of a node that was killed waits for the end of its lease, ten seconds.
pub(crate) const LONGEST: Duration = Duration::from_mins(1);

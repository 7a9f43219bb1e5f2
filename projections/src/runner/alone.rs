//! A view that goes its own way: it waits for its lease, catches up, or tries again what failed, and joins the others then.

use domain::log::Position;
use tokio::{sync::watch, time::sleep};

use super::{
    RENEWALS, Shared,
    seat::Seat,
    turn::{End, Reach, turn},
    woken,
};

/// So often within a lease's time another node looks whether it may have it.
const TRIES: u32 = 10;

/// Ends when the view can join those that are together, the foremost of which is there; with none when a newer node must keep it.
pub(super) async fn alone(mut seat: Seat, shared: Shared, foremost: watch::Receiver<Position>) -> Option<Seat> {
    let mut committed = shared.sources.log.committed();
    let page = u64::from(shared.pace.page);
    loop {
        seat.rests().await;
        committed.mark_unchanged(); // what comes from here on wakes us, also while we work
        match seat.is_ready(&shared).await {
            Ok(true) => {}
            Ok(false) => {
                seat.is_well(&shared);
                sleep(shared.pace.lease / TRIES).await;
                continue;
            }
            Err(error) => {
                seat.fails(&shared, &error).await;
                continue;
            }
        }
        if seat.is_near(*foremost.borrow(), page) {
            return Some(seat);
        }
        let mut turned = turn(&shared, std::slice::from_mut(&mut seat)).await;
        let (reach, end) = match &mut turned {
            Ok((reach, ends)) => (Some(*reach), ends.pop().unwrap_or(End::Lost)),
            Err(error) => (None, End::Failed(error.clone())),
        };
        if seat.ends(&shared, end).await.is_break() {
            return None;
        }
        if reach == Some(Reach::Head) && !seat.is_near(*foremost.borrow(), page) {
            woken(&mut committed, shared.pace.poll.min(shared.pace.lease / RENEWALS)).await;
        }
    }
}

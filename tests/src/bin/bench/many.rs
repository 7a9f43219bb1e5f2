//! Making what a measurement begins with: as fast as it goes, and never timed.

use tokio::task::JoinSet;

/// As many as one batch of the log takes.
const WORKERS: usize = 256;

/// Does something for every number below `times`, by many workers at once. The results come in no order.
pub(crate) async fn by_many<T, F>(times: usize, work: impl Fn(usize) -> F) -> anyhow::Result<Vec<T>>
where
    T: Send + 'static,
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
{
    let (mut running, mut done) = (JoinSet::new(), Vec::with_capacity(times));
    for number in 0..times {
        if running.len() >= WORKERS
            && let Some(first) = running.join_next().await
        {
            done.push(first??);
        }
        running.spawn(work(number));
    }
    while let Some(next) = running.join_next().await {
        done.push(next??);
    }
    Ok(done)
}

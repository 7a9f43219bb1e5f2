//! Tells a person how far a rebuild is: as a bar on a terminal, else as a line now and then.

use std::{
    io::IsTerminal,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use indicatif::{ProgressBar, ProgressStyle};
use projections::rebuild::RebuildProgress;

const BAR: &str = "{prefix} [{bar:40}] {pos}/{len} events, {per_sec}, {eta} left";
/// So many seconds pass between two lines.
const LINE_EVERY: u64 = 2;

/// What tells it.
pub(super) enum Told {
    Bar(ProgressBar),
    Lines(Lines),
}

pub(super) struct Lines {
    view: String,
    began: Instant,
    told: AtomicU64,
}

impl Told {
    pub(super) fn new(view: &str) -> Self {
        if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new(0).with_prefix(view.to_owned());
            if let Ok(style) = ProgressStyle::with_template(BAR) {
                bar.set_style(style);
            }
            return Self::Bar(bar);
        }
        Self::Lines(Lines {
            view: view.to_owned(),
            began: Instant::now(),
            told: AtomicU64::new(0),
        })
    }

    pub(super) fn progress(&self, progress: RebuildProgress) {
        match self {
            Self::Bar(bar) => {
                bar.set_length(progress.head.0);
                bar.set_position(progress.position.0);
            }
            Self::Lines(lines) => lines.progress(progress),
        }
    }

    pub(super) fn done(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

impl Lines {
    fn progress(&self, progress: RebuildProgress) {
        let seconds = self.began.elapsed().as_secs();
        let turn = seconds / LINE_EVERY;
        if self.told.fetch_max(turn, Ordering::Relaxed) < turn {
            eprintln!("{}", line(&self.view, progress, seconds));
        }
    }
}

fn line(view: &str, progress: RebuildProgress, seconds: u64) -> String {
    let (at, head) = (progress.position.0, progress.head.0);
    let rate = (at / seconds.max(1)).max(1);
    let left = head.saturating_sub(at) / rate;
    format!("{view}: {at}/{head} events, {rate} events/s, {left} s left")
}

#[cfg(test)]
mod tests {
    use domain::log::Position;

    use super::*;

    #[test]
    fn a_line_tells_the_rate_and_the_time_left() {
        let progress = RebuildProgress {
            position: Position(20_000),
            head: Position(50_000),
        };
        let told = line("link", progress, 2);
        assert_eq!(told, "link: 20000/50000 events, 10000 events/s, 3 s left");
    }
}

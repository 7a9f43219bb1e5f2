use std::{hint::black_box, time::Instant};

use grantlink_load::Measured;

use crate::{cqrs::Event, payload};

pub(super) fn measure(events: u32) -> anyhow::Result<Measured> {
    let json = payload::json();
    let begin = Instant::now();
    for _ in 0..events {
        black_box(serde_json::from_slice::<Event>(black_box(json.as_bytes()))?);
    }
    Ok(Measured::of_one_run(events as usize, begin.elapsed()))
}

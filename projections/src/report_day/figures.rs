//! Figures of a report: sums, and how long connecting took.

use std::collections::BTreeMap;

use domain::{ids::MemberId, provider::ProviderId};

use super::Counts;

/// What a report knows of a group of links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// What was counted.
    pub counts: Counts,
    /// Links whose time came before they ended otherwise.
    pub expired: i64,
    /// How long connecting took: seconds, and how many links took so long. Kept whole, so that groups can be put together and
    /// still have a true median.
    pub seconds_to_connect: BTreeMap<i64, i64>,
    /// How long connections were there, in microseconds, working or not.
    pub connected: i64,
    /// How often a connection stopped working until somebody signs in anew.
    pub broken: i64,
    /// How long connections did not work, in microseconds.
    pub down: i64,
    /// How long repairs took: seconds, and how many took so long.
    pub seconds_to_repair: BTreeMap<i64, i64>,
}

/// Figures of one provider and member on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayFigures {
    /// The day, counted from 1 January 1970.
    pub day: i64,
    /// The provider.
    pub provider: ProviderId,
    /// The member who asked the customers.
    pub member: MemberId,
    /// The figures.
    pub figures: Figures,
}

impl Figures {
    /// Puts another group's figures to these.
    pub fn add(&mut self, more: &Self) {
        self.counts += more.counts;
        self.expired += more.expired;
        self.connected += more.connected;
        self.broken += more.broken;
        self.down += more.down;
        add_times(&mut self.seconds_to_connect, &more.seconds_to_connect);
        add_times(&mut self.seconds_to_repair, &more.seconds_to_repair);
    }

    /// So many percent of the links were connected within so many seconds; none where none was connected.
    pub fn percentile(&self, percent: i64) -> Option<i64> {
        percentile(&self.seconds_to_connect, percent)
    }

    /// So many percent of the repairs were done within so many seconds; none where there was none.
    pub fn percentile_of_repairs(&self, percent: i64) -> Option<i64> {
        percentile(&self.seconds_to_repair, percent)
    }
}

fn add_times(times: &mut BTreeMap<i64, i64>, more: &BTreeMap<i64, i64>) {
    for (seconds, count) in more {
        *times.entry(*seconds).or_default() += count;
    }
}

/// The nearest rank.
fn percentile(times: &BTreeMap<i64, i64>, percent: i64) -> Option<i64> {
    let count: i64 = times.values().sum();
    let rank = (count * percent + 99) / 100;
    let mut within = 0;
    times.iter().find_map(|(seconds, count)| {
        within += count;
        (within >= rank).then_some(*seconds)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taking(seconds: &[i64]) -> Figures {
        let mut figures = Figures::default();
        for seconds in seconds {
            *figures.seconds_to_connect.entry(*seconds).or_default() += 1;
        }
        figures
    }

    #[test]
    fn a_median_of_groups_is_that_of_their_links_and_not_of_their_medians() {
        let (few, many) = (taking(&[1_000]), taking(&[10, 20, 30, 40]));
        let mut all = few.clone();
        all.add(&many);
        assert_eq!(
            (few.percentile(50), many.percentile(50), all.percentile(50)),
            (Some(1_000), Some(20), Some(30))
        );
        assert_eq!(all.percentile(90), Some(1_000));
        assert_eq!(Figures::default().percentile(50), None);
    }
}

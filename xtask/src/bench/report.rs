//! The table.

use std::fmt;

use super::figure::{Figure, Spread};
use super::rows::{Against, Peer, Row, Unit};

/// What one round of a row came to.
pub(super) struct Round {
    pub(super) ours: Figure,
    /// In the order of the row's comparisons.
    pub(super) peers: Vec<f64>,
}

/// A row with all its rounds.
pub(super) struct Measured {
    pub(super) row: &'static Row,
    pub(super) title: String,
    pub(super) rounds: Vec<Round>,
}

/// Everything that was measured, as lines of a table.
#[derive(Default)]
pub(super) struct Report {
    lines: Vec<Line>,
    failed: Vec<String>,
}

/// One line. What it does not have is empty.
#[derive(Debug, Default, PartialEq)]
struct Line {
    what: String,
    ours: String,
    peer: String,
    ratio: String,
    target: String,
    verdict: &'static str,
}

impl Report {
    pub(super) fn add(&mut self, measured: &Measured) {
        let lines = lines(measured);
        for line in &lines {
            println!(
                "      {} {} {} {} {}",
                line.ours, line.peer, line.ratio, line.target, line.verdict
            );
        }
        self.lines.extend(lines);
    }

    pub(super) fn fail(&mut self, title: String) {
        self.failed.push(title);
    }

    pub(super) fn is_complete(&self) -> bool {
        self.failed.is_empty()
    }
}

fn lines(measured: &Measured) -> Vec<Line> {
    let Measured { row, title, rounds } = measured;
    let Some(ours) = Spread::of(rounds.iter().map(|round| round.ours.value())) else {
        return vec![];
    };
    let whole = Line {
        what: title.clone(),
        ours: figure(ours.median, row.unit),
        ..Line::default()
    };
    let mut lines: Vec<Line> = row
        .against
        .iter()
        .enumerate()
        .filter_map(|(number, against)| compared(&whole, against, number, rounds))
        .collect();
    if let Some(most) = row.at_most {
        lines.push(limited(title.clone(), ours, row.unit, most));
    }
    if let Some(most) = row.p99
        && let Some(p99) = Spread::of(rounds.iter().filter_map(|round| round.ours.p99_ms()))
    {
        lines.push(limited(format!("{title}: p99"), p99, Unit::Milliseconds, most));
    }
    lines
}

fn compared(whole: &Line, against: &Against, number: usize, rounds: &[Round]) -> Option<Line> {
    let peer = Spread::of(rounds.iter().map(|round| round.peers[number]))?;
    let ratio = Spread::of(rounds.iter().map(|round| round.ours.value() / round.peers[number]))?;
    let where_ = if matches!(against.peer, Peer::Elsewhere(_)) {
        ", measured elsewhere"
    } else {
        ""
    };
    Some(Line {
        what: whole.what.clone(),
        ours: whole.ours.clone(),
        peer: format!("{} ({}{where_})", figure(peer.median, Unit::PerSecond), against.name),
        ratio: format!("{} ({}–{})", short(ratio.median), short(ratio.least), short(ratio.most)),
        target: against.at_least.map(|least| format!("≥ {least}")).unwrap_or_default(),
        verdict: against.at_least.map_or("", |least| verdict(ratio.median >= least)),
    })
}

fn limited(what: String, ours: Spread, unit: Unit, most: f64) -> Line {
    Line {
        what,
        ours: format!(
            "{} ({}–{})",
            figure(ours.median, unit),
            short(ours.least),
            short(ours.most)
        ),
        target: format!("≤ {}", figure(most, unit)),
        verdict: verdict(ours.median <= most),
        ..Line::default()
    }
}

fn verdict(hit: bool) -> &'static str {
    if hit { "hit" } else { "**miss**" }
}

fn figure(value: f64, unit: Unit) -> String {
    match unit {
        Unit::PerSecond => format!("{}/s", short(value)),
        Unit::Megabytes => format!("{} MB", short(value)),
        Unit::Milliseconds => format!("{} ms", short(value)),
    }
}

/// Three digits that mean something; thousands apart.
fn short(value: f64) -> String {
    match value {
        ..10.0 => format!("{value:.2}"),
        ..100.0 => format!("{value:.1}"),
        _ => {
            let digits = format!("{value:.0}");
            let groups = digits.as_bytes().rchunks(3).rev();
            let groups: Vec<_> = groups.map(String::from_utf8_lossy).collect();
            groups.join(",")
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| what | ours | theirs | ours / theirs, median (least–most) | target | |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for line in &self.lines {
            let Line {
                what,
                ours,
                peer,
                ratio,
                target,
                verdict,
            } = line;
            writeln!(f, "| {what} | {ours} | {peer} | {ratio} | {target} | {verdict} |")?;
        }
        for title in &self.failed {
            writeln!(f, "| {title} | not measured | | | | **failed** |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    fn row(name: &str) -> &'static Row {
        ROWS.iter().find(|row| row.name == name).unwrap()
    }

    fn rate(per_second: f64, p99_us: f64, peer: f64) -> Round {
        Round {
            ours: Figure::Rate { per_second, p99_us },
            peers: vec![peer],
        }
    }

    #[test]
    fn the_ratio_is_taken_in_each_round_before_the_median() {
        let measured = Measured {
            row: row("append-32"),
            title: "append".to_owned(),
            // The machine was slow in the second round, for both.
            rounds: vec![
                rate(40_000.0, 1_500.0, 10_000.0),
                rate(4_000.0, 9_000.0, 1_000.0),
                rate(50_000.0, 2_500.0, 10_000.0),
            ],
        };
        let lines = lines(&measured);
        assert_eq!(lines[0].ratio, "4.00 (4.00–5.00)");
        assert_eq!((lines[0].ours.as_str(), lines[0].verdict), ("40,000/s", "hit"));
        assert_eq!(
            (lines[1].ours.as_str(), lines[1].verdict),
            ("2.50 ms (1.50–9.00)", "**miss**")
        );
    }

    #[test]
    fn an_amount_is_held_against_its_limit() {
        let amount = |amount| Round {
            ours: Figure::Amount { amount },
            peers: vec![],
        };
        let measured = Measured {
            row: row("memory-idle"),
            title: "memory".to_owned(),
            rounds: vec![amount(30.0), amount(35.5)],
        };
        assert_eq!(lines(&measured)[0].verdict, "hit");
        assert_eq!(lines(&measured)[0].ours, "32.8 MB (30.0–35.5)");
    }

    #[test]
    fn numbers_have_three_digits_that_mean_something() {
        assert_eq!(
            [0.934, 12.34, 123.4, 1_234_567.0].map(short),
            ["0.93", "12.3", "123", "1,234,567"]
        );
    }
}

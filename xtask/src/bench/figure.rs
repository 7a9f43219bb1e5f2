//! What one program says, and what many of them come to.

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// The line that a program prints: a rate with its answer times, or a plain amount.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub(super) enum Figure {
    Rate { per_second: f64, p99_us: f64 },
    Amount { amount: f64 },
}

impl Figure {
    pub(super) fn parse(line: &str) -> Result<Self> {
        serde_json::from_str(line).with_context(|| format!("no figure: {line:?}"))
    }

    pub(super) fn value(self) -> f64 {
        match self {
            Self::Rate { per_second, .. } => per_second,
            Self::Amount { amount } => amount,
        }
    }

    pub(super) fn p99_ms(self) -> Option<f64> {
        match self {
            Self::Rate { p99_us, .. } => Some(p99_us / 1e3),
            Self::Amount { .. } => None,
        }
    }
}

/// The middle of some figures, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) least: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Nothing when there are no figures.
    pub(super) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let (least, most) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let median = if sorted.len() % 2 == 1 {
            sorted[middle]
        } else {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        };
        Some(Self { median, least, most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_line_are_read_and_nothing_else() {
        let rate = Figure::parse(r#"{"count":3,"per_second":1500.0,"p50_us":600.0,"p99_us":2500.0}"#).unwrap();
        assert_eq!((rate.value(), rate.p99_ms()), (1500.0, Some(2.5)));
        let amount = Figure::parse(r#"{"amount":31.5}"#).unwrap();
        assert_eq!((amount.value(), amount.p99_ms()), (31.5, None));
        assert!(Figure::parse("").is_err());
    }

    #[test]
    fn the_median_is_the_middle_or_between_the_two_middles() {
        let spread = |figures: &[f64]| Spread::of(figures.iter().copied());
        let of = |median, least, most| Some(Spread { median, least, most });
        assert_eq!(spread(&[3.0, 1.0, 2.0]), of(2.0, 1.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0]), of(2.5, 1.0, 4.0));
        assert_eq!(spread(&[]), None);
    }
}

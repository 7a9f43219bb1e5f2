//! Remembers which keys were written, in a fixed piece of memory: it may take a key for a known one, never a known one for new.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

/// 8 MiB: of five million keys it takes one new one in a hundred for known.
const BITS: u64 = 1 << 26;
const PROBES: u64 = 4;

pub(super) struct Sieve {
    words: Vec<u64>,
    hasher: BuildHasherDefault<DefaultHasher>,
}

impl Default for Sieve {
    fn default() -> Self {
        Self {
            words: vec![0; usize::try_from(BITS / 64).unwrap_or_default()],
            hasher: BuildHasherDefault::default(),
        }
    }
}

impl Sieve {
    /// Whether a key may have been added.
    pub(super) fn may_hold(&self, key: &str) -> bool {
        self.bits(key).all(|(word, bit)| self.words[word] & bit != 0)
    }

    /// Adds a key.
    pub(super) fn add(&mut self, key: &str) {
        for (word, bit) in self.bits(key) {
            self.words[word] |= bit;
        }
    }

    /// Where the bits of a key are.
    fn bits(&self, key: &str) -> impl Iterator<Item = (usize, u64)> + use<> {
        let hash = self.hasher.hash_one(key);
        let step = (hash >> 32) | 1;
        (0..PROBES).map(move |probe| {
            let bit = hash.wrapping_add(probe.wrapping_mul(step)) % BITS;
            (usize::try_from(bit / 64).unwrap_or_default(), 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_that_was_added_is_taken_for_new_and_few_new_ones_for_known() {
        let mut sieve = Sieve::default();
        let key = |number: u32| format!("{number:032x}");
        for number in 0..500_000 {
            sieve.add(&key(number));
        }
        assert!((0..500_000).all(|number| sieve.may_hold(&key(number))));
        let mistaken = (500_000..600_000)
            .filter(|number| sieve.may_hold(&key(*number)))
            .count();
        assert!(mistaken < 100, "{mistaken} of 100,000");
    }
}

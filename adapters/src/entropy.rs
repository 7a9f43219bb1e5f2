//! Random bytes from the operating system.

use application::ports::clock::Entropy;
use domain::Timestamp;
use rand::{TryRng, rngs::SysRng};
use uuid::{Builder, Uuid};

/// The operating system's generator, asked anew each time: no state of ours could leak or be copied by a fork.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    /// # Panics
    /// When the operating system has no randomness. There is nothing to fall back to: every key, nonce and token made
    /// from then on could be guessed, so stopping is the only safe answer.
    fn fill(&self, buffer: &mut [u8]) {
        let filled = SysRng.try_fill_bytes(buffer);
        assert!(filled.is_ok(), "the operating system's random generator failed");
    }

    fn id(&self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0); // before 1970 there were no ids
        let mut random = [0; 10];
        self.fill(&mut random);
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(millis).unwrap()
    }

    #[test]
    fn ids_sort_by_the_time_that_was_passed_in_and_never_repeat() {
        let ids = [1_000, 1_001, 1_002].map(|millis| OsEntropy.id(at(millis)));
        assert!(ids.is_sorted());
        assert_eq!(ids[0].get_version_num(), 7);
        assert_ne!(OsEntropy.id(at(5)), OsEntropy.id(at(5)));
    }

    #[test]
    fn two_buffers_are_never_filled_alike() {
        let (mut one, mut other) = ([0; 32], [0; 32]);
        OsEntropy.fill(&mut one);
        OsEntropy.fill(&mut other);
        assert_ne!(one, other);
        assert_ne!(one, [0; 32]);
    }

    /// B53: what tokens are made of is drawn to the last bit, each time anew.
    ///
    /// Mutant: when only the first half of a buffer is filled, this fails.
    #[test]
    fn every_bit_of_a_buffer_is_drawn() {
        let (mut ones, mut noughts) = ([0_u8; 24], [0_u8; 24]);
        for _ in 0..200 {
            let mut drawn = [0; 24];
            OsEntropy.fill(&mut drawn);
            for (byte, bits) in drawn.iter().enumerate() {
                ones[byte] |= bits;
                noughts[byte] |= !bits;
            }
        }
        assert_eq!((ones, noughts), ([u8::MAX; 24], [u8::MAX; 24]));
    }
}

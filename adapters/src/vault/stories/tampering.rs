//! VA-2: what was altered is refused, and no input makes the parser panic.

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::*;

/// VA-2: every byte of 200 blobs, one at a time. Mutant: a parser that skips the algorithm's byte opens one of them.
#[test]
fn a_record_with_any_one_byte_altered_is_refused() {
    let (cipher, mut random) = (cipher(), StdRng::seed_from_u64(2));
    for n in 0..200 {
        let place = place(n % 7, credential(n, 1));
        let mut plain = vec![0; random.random_range(0..60)];
        random.fill_bytes(&mut plain);
        let mut sealed = cipher.seal(&place, &plain);
        for at in 0..sealed.len() {
            let flip = random.random_range(1..=u8::MAX);
            sealed[at] ^= flip;
            assert!(opened(&cipher, &place, &sealed).is_err(), "byte {at} of {sealed:?}");
            sealed[at] ^= flip;
        }
        assert_eq!(opened(&cipher, &place, &sealed), Ok(plain));
    }
}

#[test]
fn a_record_that_was_cut_or_grew_is_refused() {
    let (cipher, place) = (cipher(), place(1, credential(7, 1)));
    let sealed = cipher.seal(&place, b"secret");
    let shortest = 5 + 60 + 28; // with an empty record
    for length in 0..sealed.len() {
        let error = if length < shortest {
            CipherError::Malformed
        } else {
            CipherError::Refused
        };
        assert_eq!(opened(&cipher, &place, &sealed[..length]), Err(error), "{length} bytes");
    }
    let grown = [sealed.as_slice(), b"\0"].concat();
    assert_eq!(opened(&cipher, &place, &grown), Err(CipherError::Refused));
}

#[test]
fn another_version_or_algorithm_is_malformed_and_not_tried() {
    let (cipher, place) = (cipher(), place(1, credential(7, 1)));
    let sealed = cipher.seal(&place, b"secret");
    for at in [0, 1] {
        for value in (0..=u8::MAX).filter(|value| *value != 1) {
            let mut other = sealed.clone();
            other[at] = value;
            assert_eq!(opened(&cipher, &place, &other), Err(CipherError::Malformed));
        }
    }
}

/// VA-2: 100,000 inputs, from pure noise to records that are right but for a few bytes.
#[test]
fn garbage_is_refused_and_never_panics() {
    let (cipher, place, mut random) = (cipher(), place(1, credential(7, 1)), StdRng::seed_from_u64(3));
    let sealed = cipher.seal(&place, b"secret");
    for n in 0..100_000 {
        let garbage = match n % 4 {
            0 => noise(&mut random),
            1 => [b"\x01\x01".as_slice(), &noise(&mut random)].concat(),
            2 => [&sealed[..random.random_range(2..sealed.len())], &noise(&mut random)].concat(),
            _ => scattered(&mut random, &sealed),
        };
        if garbage == sealed {
            continue;
        }
        assert!(opened(&cipher, &place, &garbage).is_err());
    }
}

fn noise(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(1..200)];
    random.fill_bytes(&mut bytes);
    bytes
}

/// The record with some bytes of its head changed, where the lengths are.
fn scattered(random: &mut StdRng, sealed: &[u8]) -> Vec<u8> {
    let mut bytes = sealed.to_vec();
    for _ in 0..random.random_range(1..4) {
        bytes[random.random_range(0..8)] = random.random();
    }
    bytes
}

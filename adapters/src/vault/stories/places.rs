//! VA-1: a sealed record is bound to its place.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

/// One record of each kind; several have the same owner's name, so that the kind alone sets them apart.
fn one_of_each_kind(id: u64) -> Vec<Record> {
    vec![
        Record::LinkToken(LinkId(uuid(id))),
        Record::PendingCredential(AttemptId(uuid(id))),
        credential(id, 1),
        Record::Verifier(AttemptId(uuid(id))),
        Record::HandOff(AttemptId(uuid(id))),
        Record::SubjectKey(Subject::Customer(CustomerId(uuid(id)))),
        Record::SubjectKey(Subject::Member(MemberId(uuid(id)))),
        Record::NetworkKey("2026-11".to_owned()),
        Record::Receipt("POST /v1/links".to_owned(), id.to_string()),
    ]
}

#[test]
fn a_record_opens_at_the_place_that_it_was_sealed_for() {
    let cipher = cipher();
    for record in one_of_each_kind(7) {
        let place = place(1, record);
        for plain in [b"".as_slice(), b"secret", &[0; 10_000]] {
            let sealed = cipher.seal(&place, plain);
            assert_eq!(opened(&cipher, &place, &sealed).as_deref(), Ok(plain));
        }
    }
}

#[test]
fn the_same_record_never_looks_the_same_twice() {
    let (cipher, place) = (cipher(), place(1, credential(7, 1)));
    let (one, other) = (cipher.seal(&place, b"secret"), cipher.seal(&place, b"secret"));
    assert_ne!(one, other);
    let halves = |sealed: &[u8]| (sealed[5..65].to_vec(), sealed[65..].to_vec());
    assert_ne!(halves(&one).0, halves(&other).0);
    assert_ne!(halves(&one).1, halves(&other).1);
}

/// VA-1. Mutant: with an AAD without the tenant this opens.
#[test]
fn a_record_does_not_open_for_another_tenant() {
    let cipher = cipher();
    for record in one_of_each_kind(7) {
        let sealed = cipher.seal(&place(1, record.clone()), b"secret");
        assert_eq!(opened(&cipher, &place(2, record), &sealed), Err(CipherError::Refused));
    }
}

/// VA-1. Mutant: with an AAD without the kind, a verifier opens as a hand-off of the same attempt.
#[test]
fn a_record_does_not_open_as_another_kind() {
    let (cipher, kinds) = (cipher(), one_of_each_kind(7));
    for from in &kinds {
        let sealed = cipher.seal(&place(1, from.clone()), b"secret");
        for to in kinds.iter().filter(|to| *to != from) {
            assert_eq!(
                opened(&cipher, &place(1, to.clone()), &sealed),
                Err(CipherError::Refused)
            );
        }
    }
}

/// VA-1. Mutant: with an AAD without the owner this opens.
#[test]
fn a_record_does_not_open_for_another_owner_or_generation() {
    let cipher = cipher();
    for (from, to) in one_of_each_kind(7).into_iter().zip(one_of_each_kind(8)) {
        let sealed = cipher.seal(&place(1, from.clone()), b"secret");
        let same = from == to; // a network key's owner is its month
        let expected = if same {
            Ok(b"secret".to_vec())
        } else {
            Err(CipherError::Refused)
        };
        assert_eq!(opened(&cipher, &place(1, to), &sealed), expected);
    }
    let sealed = cipher.seal(&place(1, credential(7, 1)), b"the first generation");
    let second = place(1, credential(7, 2));
    assert_eq!(opened(&cipher, &second, &sealed), Err(CipherError::Refused));
}

/// VA-1: a thief who can write rows gains nothing from combining the halves of two records either.
#[test]
fn the_data_key_of_one_record_does_not_open_another() {
    let cipher = cipher();
    let (mine, yours) = (place(1, credential(7, 1)), place(2, credential(7, 1)));
    let (my_blob, your_blob) = (cipher.seal(&mine, b"mine"), cipher.seal(&yours, b"yours"));
    let halves = 5 + 60; // version, algorithm, length, "k1", wrapped data key
    for mixed in [
        [&my_blob[..halves], &your_blob[halves..]].concat(),
        [&your_blob[..halves], &my_blob[halves..]].concat(),
    ] {
        assert_eq!(opened(&cipher, &mine, &mixed), Err(CipherError::Refused));
        assert_eq!(opened(&cipher, &yours, &mixed), Err(CipherError::Refused));
    }
}

/// VA-1: 50 tenants with 50 records each, whose owners are the same in every tenant; 10,000 random swaps.
/// Mutants: an AAD without the tenant and one without the owner both fail here.
#[test]
fn records_swapped_at_random_between_tenants_owners_and_generations_are_all_refused() {
    let (cipher, mut random) = (cipher(), StdRng::seed_from_u64(1));
    let record = |n: u64| match n % 5 {
        0 | 1 => credential(n / 10, u32::try_from(n % 10).unwrap()),
        2 => Record::Verifier(AttemptId(uuid(n / 10))),
        3 => Record::HandOff(AttemptId(uuid(n / 10))),
        _ => Record::LinkToken(LinkId(uuid(n / 10))),
    };
    let places: Vec<_> = (0..50)
        .flat_map(|t| (0..50).map(move |n| place(t, record(n))))
        .collect();
    let sealed: Vec<_> = places.iter().map(|place| cipher.seal(place, b"secret")).collect();
    let mut swaps = 0;
    while swaps < 10_000 {
        let (from, to) = swap(&mut random);
        if places[from] == places[to] {
            continue;
        }
        assert_eq!(opened(&cipher, &places[to], &sealed[from]), Err(CipherError::Refused));
        swaps += 1;
    }
    assert!(
        places
            .iter()
            .zip(&sealed)
            .all(|(place, sealed)| opened(&cipher, place, sealed).is_ok())
    );
}

/// Two of the 50 × 50 records: a third of the pairs share the owner, a third the tenant, and a third nothing.
fn swap(random: &mut StdRng) -> (usize, usize) {
    let mut draw = || random.random_range(0..50_usize);
    let (tenant, owner, other_tenant, other_owner) = (draw(), draw(), draw(), draw());
    let to = match draw() % 3 {
        0 => other_tenant * 50 + owner,
        1 => tenant * 50 + other_owner,
        _ => other_tenant * 50 + other_owner,
    };
    (tenant * 50 + owner, to)
}

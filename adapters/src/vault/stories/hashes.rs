//! Keyed hashes: the same under the same key, and telling nothing anywhere else.

use application::ports::cipher::HashPurpose::{Account, FormToken, Grant};

use super::*;

#[test]
fn a_hash_is_the_same_each_time_and_another_for_each_purpose_and_installation() {
    let (here, elsewhere) = (cipher(), cipher());
    let hash = here.keyed_hash(Grant, &[b"tenant", b"app"]);
    assert_eq!(here.keyed_hash(Grant, &[b"tenant", b"app"]), hash);
    assert_ne!(here.keyed_hash(Account, &[b"tenant", b"app"]), hash);
    assert_ne!(here.keyed_hash(FormToken, &[b"tenant", b"app"]), hash);
    assert_ne!(elsewhere.keyed_hash(Grant, &[b"tenant", b"app"]), hash);
}

/// Mutant: without the lengths, tenant `ab` with app `c` is tenant `a` with app `bc`.
#[test]
fn the_parts_of_a_hash_do_not_run_into_each_other() {
    let cipher = cipher();
    assert_ne!(
        cipher.keyed_hash(Grant, &[b"ab", b"c"]),
        cipher.keyed_hash(Grant, &[b"a", b"bc"])
    );
    assert_ne!(
        cipher.keyed_hash(Grant, &[b"a"]),
        cipher.keyed_hash(Grant, &[b"a", b""])
    );
}

#[test]
fn a_hash_under_a_given_key_is_of_that_key_and_data() {
    let cipher = cipher();
    let (november, december) = (cipher.new_key(), cipher.new_key());
    let hash = cipher.hash_under(&november, b"192.0.2.0/24");
    assert_eq!(super::cipher().hash_under(&november, b"192.0.2.0/24"), hash); // of no installation's key
    assert_ne!(cipher.hash_under(&november, b"198.51.100.0/24"), hash);
    assert_ne!(cipher.hash_under(&december, b"192.0.2.0/24"), hash);
}

#[test]
#[should_panic(expected = "32 bytes")]
fn nothing_is_hashed_under_an_empty_key() {
    cipher().hash_under(&SecretSlice::from(vec![]), b"192.0.2.0/24");
}

//! Number tokens: opaque, and of no use to another tenant.

use rand::{RngExt, SeedableRng, distr::Alphanumeric, rngs::StdRng};

use super::*;

#[test]
fn a_tenant_gets_its_number_back() {
    let cipher = cipher();
    for number in [0, 1, 255, 1 << 40, u64::MAX] {
        let token = cipher.seal_number(tenant(1), number);
        assert_eq!(cipher.open_number(tenant(1), &token), Ok(number));
    }
}

/// Nobody reads another's volume from positions: they cannot even be compared.
#[test]
fn tokens_of_the_same_number_differ_and_have_one_length() {
    let cipher = cipher();
    let (one, other) = (cipher.seal_number(tenant(1), 5), cipher.seal_number(tenant(1), 5));
    assert_ne!(one[2..], other[2..]); // both begin with the version
    assert_eq!(one.len(), cipher.seal_number(tenant(1), u64::MAX).len());
    assert!(one.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_'));
}

/// Mutant: with neither a key nor an AAD of the tenant's this opens.
#[test]
fn a_number_token_of_another_tenant_or_installation_is_refused() {
    let cipher = cipher();
    let token = cipher.seal_number(tenant(1), 5);
    assert_eq!(cipher.open_number(tenant(2), &token), Err(CipherError::Refused));
    assert_eq!(
        super::cipher().open_number(tenant(1), &token),
        Err(CipherError::Refused)
    );
}

#[test]
fn a_number_token_that_was_altered_or_made_up_is_refused_and_never_panics() {
    let (cipher, mut random) = (cipher(), StdRng::seed_from_u64(4));
    let token = cipher.seal_number(tenant(1), 5);
    for at in 0..token.len() {
        let other = if &token[at..=at] == "A" { "B" } else { "A" };
        let altered = [&token[..at], other, &token[at + 1..]].concat();
        assert!(cipher.open_number(tenant(1), &altered).is_err(), "{altered}");
        assert!(cipher.open_number(tenant(1), &token[..at]).is_err());
    }
    for length in 0..100 {
        let made_up: String = (0..length).map(|_| char::from(random.sample(Alphanumeric))).collect();
        assert!(cipher.open_number(tenant(1), &made_up).is_err(), "{made_up}");
    }
    for odd in ["", "=", "é", "AQ==", &format!("{token}=")] {
        assert_eq!(cipher.open_number(tenant(1), odd), Err(CipherError::Malformed));
    }
}

//! VA-2: sealed records that somebody made up.

use adapters::vault::{Keyring, VaultCipher};
use application::ports::{
    cipher::Cipher,
    vault::{Place, Record},
};
use domain::ids::{GrantId, InstallationId, TenantId};
use grantlink_tests::{scale::scaled, seed::seed, torture::figure};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use uuid::Uuid;

/// In a short run. `cargo xtask torture --minutes 60` goes on with other seeds for an hour.
const RECORDS: u32 = 100_000;

/// What somebody does to a record that is whole.
#[derive(Clone, Debug)]
enum Forgery {
    /// Nothing of it is right.
    Noise(Vec<u8>),
    /// The beginning is right.
    Headed(Vec<u8>),
    /// Bytes are others.
    Altered(Vec<(prop::sample::Index, u8)>),
    /// The end is missing, or goes on.
    Cut(prop::sample::Index, Vec<u8>),
    /// A part is of another record.
    Spliced(prop::sample::Index),
}

fn forgery() -> impl Strategy<Value = Forgery> {
    prop_oneof![
        vec(any::<u8>(), 0..300).prop_map(Forgery::Noise),
        vec(any::<u8>(), 0..300).prop_map(Forgery::Headed),
        vec((any::<prop::sample::Index>(), 1..=u8::MAX), 1..4).prop_map(Forgery::Altered),
        (any::<prop::sample::Index>(), vec(any::<u8>(), 0..40)).prop_map(|(at, more)| Forgery::Cut(at, more)),
        any::<prop::sample::Index>().prop_map(Forgery::Spliced),
    ]
}

impl Forgery {
    fn of(&self, whole: &[u8], other: &[u8]) -> Vec<u8> {
        match self {
            Self::Noise(bytes) => bytes.clone(),
            Self::Headed(bytes) => [&whole[..5], bytes].concat(),
            Self::Altered(changes) => {
                let mut bytes = whole.to_vec();
                for (at, flip) in changes {
                    bytes[at.index(whole.len())] ^= flip;
                }
                bytes
            }
            Self::Cut(at, more) => [&whole[..at.index(whole.len())], more].concat(),
            Self::Spliced(at) => {
                let at = at.index(whole.len());
                [&whole[..at], &other[at..]].concat()
            }
        }
    }
}

/// VA-2: no record that was made up, altered, cut or put together opens, and none makes the parser panic.
///
/// Mutant: when the seal is not bound to its tenant, a record that was put together opens, and this fails.
#[test]
fn no_forged_record_opens() -> anyhow::Result<()> {
    let cipher = VaultCipher::new(Keyring::generate(InstallationId(Uuid::from_u128(1))));
    let place = |tenant: u128| Place {
        tenant: TenantId(Uuid::from_u128(tenant)),
        record: Record::Credential(GrantId(Uuid::from_u128(7)), 1),
    };
    let (here, there) = (place(1), place(2));
    let (whole, other) = (cipher.seal(&here, b"secret"), cipher.seal(&there, b"secret"));
    let cases = RECORDS * u32::try_from(scaled(1))?;
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let mut start = [0; 32];
    start[..8].copy_from_slice(&seed().to_le_bytes());
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &start));
    runner.run(&forgery(), |forgery| {
        let forged = forgery.of(&whole, &other);
        prop_assert!(forged == whole || cipher.open(&here, &forged).is_err());
        prop_assert!(forged == other || cipher.open(&there, &forged).is_err());
        Ok(())
    })?;
    figure(&format!("{cases} records were refused"))
}

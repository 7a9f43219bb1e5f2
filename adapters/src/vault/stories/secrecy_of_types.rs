//! VA-6: secrets cannot be printed. Mutants: a `Keyring` with `Display` or with `Serialize` does not compile.

use application::{
    flow::CallbackAnswer,
    ports::provider::{CodeExchange, Credential, SignIn},
};
use domain::connect_link::LinkToken;
use secrecy::SecretString;

use super::*;
use crate::{
    providers::ProviderConfig,
    vault::{aead::Key, hashes::SubKeys},
};

/// Does not compile when a type implements one of the traits: then two implementations of `Unlike` fit, and none can be chosen.
macro_rules! never {
    ($type:ty: $($forbidden:path),+) => {
        const _: fn() = || {
            trait Unlike<Marker> {
                fn named() {}
            }
            impl<T: ?Sized> Unlike<()> for T {}
            $({
                struct Forbidden;
                impl<T: ?Sized + $forbidden> Unlike<Forbidden> for T {}
            })+
            <$type as Unlike<_>>::named();
        };
    };
}

never!(Keyring: serde::Serialize, std::fmt::Display, Clone);
never!(VaultCipher: serde::Serialize, std::fmt::Display, Clone);
never!(SubKeys: serde::Serialize, std::fmt::Display, std::fmt::Debug, Clone);
never!(Key: serde::Serialize, std::fmt::Display, Clone);
never!(SecretSlice<u8>: serde::Serialize, std::fmt::Display);
never!(SecretString: serde::Serialize, std::fmt::Display);
never!(LinkToken: serde::Serialize, std::fmt::Display);
// A credential is written down to be sealed, and for nothing else.
never!(Credential: std::fmt::Display, std::fmt::Debug);
never!(CodeExchange<'static>: serde::Serialize, std::fmt::Display, std::fmt::Debug);
never!(SignIn<'static>: serde::Serialize, std::fmt::Display, std::fmt::Debug);
never!(CallbackAnswer: serde::Serialize, std::fmt::Display, std::fmt::Debug);
never!(ProviderConfig: serde::Serialize, std::fmt::Display);

/// Keys, and all that holds them, are wiped when they are dropped.
const _: fn() = || {
    fn wiped<T: zeroize::ZeroizeOnDrop + ?Sized>() {}
    wiped::<Key>();
    wiped::<SecretSlice<u8>>();
    wiped::<aes_gcm::Aes256Gcm>();
};

#[test]
fn the_debug_text_of_what_holds_keys_says_nothing() {
    let keyring = keyring();
    for text in [format!("{keyring:?}"), format!("{keyring:#?}")] {
        assert_eq!(text, "Keyring(..)");
    }
    assert_eq!(format!("{:?}", keyring.to_toml()), "SecretBox<str>([REDACTED])");
    assert_eq!(format!("{:?}", keyring.active().1), "SecretBox<[u8; 32]>([REDACTED])");
    let cipher = VaultCipher::new(keyring);
    for text in [format!("{cipher:?}"), format!("{cipher:#?}")] {
        assert_eq!(text, "VaultCipher(..)");
    }
    assert_eq!(format!("{:?}", cipher.new_key()), "SecretBox<[u8]>([REDACTED])");
    let provider = ProviderConfig {
        client_secret: "canary".into(),
        ..ProviderConfig::google()
    };
    assert!(!format!("{provider:?}").contains("canary"));
}

//! The keyring: what it refuses, where it lives and who may read it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
};

use super::*;
use crate::vault::KeyringError;

/// A text that is right, but for what the stories change.
fn text() -> String {
    keyring().to_toml().expose_secret().to_owned()
}

fn error(text: &str) -> KeyringError {
    Keyring::parse(text).unwrap_err()
}

/// The key that stands behind a name in the text.
fn key_named<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("{name} = \"")).unwrap() + name.len() + 4;
    &text[start..start + 44]
}

#[test]
fn a_keyring_reads_back_as_it_was_written() {
    let text = text();
    let read = Keyring::parse(&text).unwrap();
    assert_eq!(read.installation_id(), InstallationId(uuid(1)));
    assert!(!read.is_demo());
    assert_eq!(read.to_toml().expose_secret(), text);

    let place = place(1, credential(7, 1));
    let sealed = VaultCipher::new(Keyring::parse(&text).unwrap()).seal(&place, b"secret");
    assert_eq!(opened(&VaultCipher::new(read), &place, &sealed), Ok(b"secret".to_vec()));
}

#[test]
fn two_installations_share_no_key() {
    let (one, other) = (text(), text());
    for name in ["installation_key", "k1"] {
        assert_ne!(key_named(&one, name), key_named(&other, name));
    }
    assert_ne!(key_named(&one, "installation_key"), key_named(&one, "k1"));
}

#[test]
fn demo_keys_say_so_wherever_they_are_carried() {
    let demo = keyring().into_demo();
    assert!(demo.is_demo());
    assert!(Keyring::parse(demo.to_toml().expose_secret()).unwrap().is_demo());
}

#[test]
fn what_is_no_keyring_is_refused_by_its_line_and_never_quoted() {
    let text = text();
    let key = key_named(&text, "k1").to_owned();
    let again = text.lines().last().unwrap();
    for (wrong, line) in [
        (String::new(), 1),
        (text.replace("[keys]", "[keys"), 5),
        (text.replace("active", "activ"), 3),
        (text.replace("installation_id = \"", "installation_id = \"x"), 1),
        (
            text.replace("active = \"k1\"", &format!("active = \"k1\"\ndemo = \"{key}\"")),
            4,
        ),
        (format!("{text}{again}\n"), 7), // ids are unique
        (format!("{text}k3 = {key}\n"), 7),
        (format!("{text}k3 = [\"{key}\"]\n"), 7),
    ] {
        let error = error(&wrong);
        assert!(
            matches!(error, KeyringError::Malformed { line: found } if found == line),
            "{error} in {wrong}"
        );
        assert!(!format!("{error} {error:?}").contains(&key));
    }
}

#[test]
fn keys_must_be_thirty_two_bytes_and_their_ids_short_and_plain() {
    let text = text();
    for name in ["k1", "installation_key"] {
        let key = key_named(&text, name);
        for wrong in [
            "",
            "AAAA",
            &key[..40],
            &format!("{key}AAAA"),
            "not base64 at all, not base64 at all, not b=",
        ] {
            let error = error(&text.replace(key, wrong));
            assert!(
                matches!(&error, KeyringError::Key { name: found } if found == name),
                "{error}"
            );
            assert!(wrong.is_empty() || !format!("{error} {error:?}").contains(wrong));
        }
    }
    let long = "k".repeat(33);
    for wrong in ["\"\"", "K1", "k_1", "\"k.1\"", "\"k 1\"", "\"ké\"", &long] {
        assert!(
            matches!(error(&text.replace("k1 =", &format!("{wrong} ="))), KeyringError::KeyId),
            "{wrong}"
        );
    }
    let longest = &long[1..];
    assert!(Keyring::parse(&renamed(&text, "k1", longest)).is_ok());
}

#[test]
fn the_active_key_must_be_there() {
    assert!(matches!(
        error(&text().replace("active = \"k1\"", "active = \"k2\"")),
        KeyringError::Active
    ));
}

#[test]
fn the_file_is_for_its_owner_alone_and_is_never_overwritten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyring.toml");
    let keyring = keyring();
    keyring.create_file(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        Keyring::load(&path).unwrap().to_toml().expose_secret(),
        keyring.to_toml().expose_secret()
    );

    let refused = super::keyring().create_file(&path);
    assert!(matches!(refused, Err(KeyringError::Unwritable { .. })));
    assert_eq!(
        Keyring::load(&path).unwrap().to_toml().expose_secret(),
        keyring.to_toml().expose_secret()
    );
}

/// Mutant: without the check of the mode every one of these loads.
#[test]
fn a_file_that_others_have_any_right_to_is_refused_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyring.toml");
    keyring().create_file(&path).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = Keyring::load(&path).unwrap_err();
        assert!(matches!(error, KeyringError::Open { mode: found, .. } if found == mode));
        assert!(
            error.to_string().ends_with(&format!("chmod 600 {}", path.display())),
            "{error}"
        );
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    assert!(Keyring::load(&path).is_ok());
}

#[test]
fn a_file_that_is_not_there_or_no_text_is_unreadable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyring.toml");
    assert!(matches!(Keyring::load(&path), Err(KeyringError::Unreadable { .. })));
    fs::write(&path, b"\xff\xfe").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Keyring::load(&path), Err(KeyringError::Unreadable { .. })));
    let nowhere = directory.path().join("missing/keyring.toml");
    assert!(matches!(
        keyring().create_file(&nowhere),
        Err(KeyringError::Unwritable { .. })
    ));
}

#[test]
fn keys_are_added_made_active_and_taken_out() {
    let (keyring, second) = keyring().with_new_key();
    assert_eq!((keyring.active_id(), second.as_str()), ("k1", "k2"));
    let (keyring, third) = keyring.with_active("k2").unwrap().with_new_key();
    assert_eq!((keyring.active_id(), third.as_str()), ("k2", "k3"));
    let text = keyring.to_toml();
    assert!(matches!(keyring.without("k2"), Err(KeyringError::StillActive { id }) if id == "k2"));
    let read = || Keyring::parse(text.expose_secret()).unwrap();
    assert!(matches!(read().without("k9"), Err(KeyringError::NoKey { id }) if id == "k9"));
    assert!(matches!(read().with_active("k9"), Err(KeyringError::NoKey { .. })));
    let left = read().without("k1").unwrap().to_toml();
    assert!(!left.expose_secret().contains("k1 ="), "it is gone");
}

#[test]
fn a_file_is_replaced_whole_and_stays_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyring.toml");
    keyring().create_file(&file).unwrap();
    fs::write(folder.path().join("keyring.toml.new"), "half of one").unwrap(); // a try that was killed
    let (next, _) = Keyring::load(&file).unwrap().with_new_key();
    let expected = next.to_toml();
    next.replace_file(&file).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), expected.expose_secret());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

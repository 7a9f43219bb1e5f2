//! Nadia, who has nothing to pick.

use super::{NADIA, Persona, person, personal_account};

pub(super) fn nadia() -> Persona {
    let mut nadia = person(
        NADIA,
        "108230915547721903366",
        ("Nadia", "Okafor"),
        "Has no business on Google",
    );
    nadia.accounts = vec![personal_account("11340872650034", "Nadia Okafor", Vec::new())];
    nadia
}

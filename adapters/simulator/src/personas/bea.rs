//! Bea, a second owner: what happens when the wrong account signs in.

use super::{BEA, Listing, Persona, british, listing, person, personal_account};

pub(super) fn bea() -> Persona {
    let story = "Owns a bookshop and its café";
    let mut bea = person(BEA, "113877402596610048832", ("Bea", "Lindqvist"), story);
    let shop = Listing {
        address: Some(british("19 Christmas Steps", "Bristol", "BS1 5BS")),
        phone: Some("0117 496 0119".to_owned()),
        website: Some("https://second-chapter.example.com".to_owned()),
        ..listing("20477319880001", "Second Chapter Books")
    };
    let cafe = Listing {
        address: Some(british("21 Christmas Steps", "Bristol", "BS1 5BS")),
        phone: Some("0117 496 0121".to_owned()),
        ..listing("20477319880002", "Second Chapter Café")
    };
    bea.accounts = vec![personal_account("11340872650029", "Bea Lindqvist", vec![shop, cafe])];
    bea
}

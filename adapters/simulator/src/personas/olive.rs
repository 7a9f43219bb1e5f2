//! Olive, the owner whom most stories are about.

use super::{Listing, OLIVE, Persona, Standing, british, listing, person, personal_account};

pub(super) fn olive() -> Persona {
    let story = "Owns a bakery with three listings, one of them not verified yet";
    let mut olive = person(OLIVE, "104512873309418265701", ("Olive", "Hartley"), story);
    olive.accounts = vec![personal_account("11340872650017", "Olive Hartley", listings())];
    olive
}

fn listings() -> Vec<Listing> {
    let shop = Listing {
        store_code: Some("HACKNEY".to_owned()),
        address: Some(british("48 Lamb Lane", "London", "E8 3PJ")),
        phone: Some("020 7946 0148".to_owned()),
        website: Some("https://olive-and-thyme.example.com".to_owned()),
        ..listing("20118406530001", "Olive & Thyme Bakery")
    };
    let delivery = Listing {
        // Goes to its customers, so there is no address to show.
        serves: Some("London, UK".to_owned()),
        phone: Some("020 7946 0149".to_owned()),
        ..listing("20118406530002", "Olive & Thyme Wedding Cakes")
    };
    let new_shop = Listing {
        store_code: Some("PECKHAM".to_owned()),
        address: Some(british("7 Choumert Road", "London", "SE15 4SE")),
        standing: Standing::Unverified { pending: true },
        ..listing("20118406530003", "Olive & Thyme Bakery Peckham")
    };
    vec![shop, delivery, new_shop]
}

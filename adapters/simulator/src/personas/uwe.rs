//! Uwe, who signs in but grants nothing beyond that, unless somebody ticks the box.

use super::{Listing, Persona, UWE, german, listing, person, personal_account};
use crate::oauth::scopes::BUSINESS_MANAGE;

pub(super) fn uwe() -> Persona {
    let story = "Unticks what he is asked to share";
    let mut uwe = person(UWE, "117092264831550479915", ("Uwe", "Brandt"), story);
    uwe.unticks = vec![BUSINESS_MANAGE.to_owned()];
    let workshop = Listing {
        address: Some(german("Graefestraße 61", "Berlin", "10967")),
        phone: Some("030 23125 061".to_owned()),
        ..listing("20935527140001", "Fahrradwerkstatt Brandt")
    };
    uwe.accounts = vec![personal_account("11340872650041", "Uwe Brandt", vec![workshop])];
    uwe
}

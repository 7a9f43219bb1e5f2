//! How a location is shown.

use application::ports::provider::{Listing, Unpickable};
use serde_json::{Value, json};

use super::{Location, is_resource};

fn listing(location: Value) -> Listing {
    serde_json::from_value::<Location>(location)
        .unwrap()
        .into_listing("accounts/7")
}

#[test]
fn an_address_stands_on_one_line_and_a_service_area_business_has_none() {
    let address = |address: Value| listing(json!({"name": "locations/1", "storefrontAddress": address})).address;
    let dam = json!({"regionCode": "NL", "languageCode": "nl", "postalCode": "1011", "locality": "Amsterdam",
        "addressLines": ["Dam 1", " "]});
    assert_eq!(address(dam).unwrap(), "Dam 1, 1011 Amsterdam, NL");
    let full = json!({"regionCode": "US", "postalCode": "94105", "locality": "San Francisco", "sublocality": "SoMa",
        "administrativeArea": "CA", "addressLines": ["1 Main St", "Floor 2"]});
    assert_eq!(
        address(full).unwrap(),
        "1 Main St, Floor 2, SoMa, 94105 San Francisco, CA, US"
    );
    assert_eq!(address(json!({"locality": "Utrecht"})).unwrap(), "Utrecht");
    for empty in [
        json!({}),
        json!({"regionCode": "NL"}),
        json!({"addressLines": [""]}),
        Value::Null,
    ] {
        assert_eq!(address(empty), None);
    }
}

#[test]
fn the_reason_that_explains_most_is_the_one_that_is_shown() {
    let verified = json!({"hasVoiceOfMerchant": true});
    let duplicate = json!({"hasVoiceOfMerchant": true, "duplicateLocation": "locations/2"});
    for (metadata, status, reason) in [
        (verified.clone(), "OPEN", None),
        (verified.clone(), "CLOSED_TEMPORARILY", None),
        (verified, "CLOSED_PERMANENTLY", Some(Unpickable::Closed)),
        (duplicate.clone(), "OPEN", Some(Unpickable::Duplicate)),
        (duplicate, "CLOSED_PERMANENTLY", Some(Unpickable::Closed)),
        (json!({}), "OPEN", Some(Unpickable::Unverified)),
    ] {
        let location = json!({"name": "locations/1", "metadata": metadata, "openInfo": {"status": status}});
        assert_eq!(listing(location.clone()).unpickable, reason, "{location}");
    }
}

/// Google leaves out whatever is empty: nothing but the name can be counted on.
#[test]
fn a_location_of_which_only_the_name_is_told_is_shown_by_it() {
    let bare = listing(json!({"name": "locations/9876"}));
    assert_eq!(bare.title, "locations/9876");
    assert_eq!(bare.reference.id, "locations/9876");
    assert_eq!(bare.reference.account.as_deref(), Some("accounts/7"));
    assert_eq!(bare.unpickable, Some(Unpickable::Unverified));
}

/// Mutant: with a check of the prefix alone, a name leads a request to another path.
#[test]
fn only_plain_names_become_part_of_addresses() {
    assert!(is_resource("locations/9876", "locations"));
    assert!(is_resource("accounts/a-B_9", "accounts"));
    let long = format!("locations/{}", "9".repeat(101));
    for name in [
        "",
        "locations",
        "locations/",
        "accounts/1",
        "locations/1/2",
        "locations/..",
        "locations/1?x",
        &long,
    ] {
        assert!(!is_resource(name, "locations"), "{name}");
    }
}

//! Max, whose lists are long: 25 towns with ten businesses each, which makes 250 listings and 26 accounts.
//!
//! Each town is a group that also shares the first listing of the next town, and two listings are in his personal account
//! as well: whoever counts what comes back without looking at the names counts 277.

use super::{BusinessAccount, Listing, MAX, Persona, Role, Standing, german, group, listing, person, personal_account};

const TOWNS: [(&str, &str); 25] = [
    ("Aachen", "52062"),
    ("Augsburg", "86150"),
    ("Bamberg", "96047"),
    ("Bielefeld", "33602"),
    ("Bochum", "44787"),
    ("Bonn", "53111"),
    ("Bremen", "28195"),
    ("Chemnitz", "09111"),
    ("Dortmund", "44135"),
    ("Dresden", "01067"),
    ("Erfurt", "99084"),
    ("Essen", "45127"),
    ("Flensburg", "24937"),
    ("Freiburg", "79098"),
    ("Göttingen", "37073"),
    ("Halle", "06108"),
    ("Hannover", "30159"),
    ("Kassel", "34117"),
    ("Kiel", "24103"),
    ("Leipzig", "04109"),
    ("Lübeck", "23552"),
    ("Mainz", "55116"),
    ("Münster", "48143"),
    ("Nürnberg", "90402"),
    ("Rostock", "18055"),
];

const BUSINESSES: [(&str, &str); 10] = [
    ("Bäckerei Morgenrot", "Marktplatz 3"),
    ("Optik Weitblick", "Bahnhofstraße 12"),
    ("Kranich-Apotheke", "Hauptstraße 27"),
    ("Hafenkaffee", "Lange Straße 8"),
    ("Blumen Fuchs", "Gartenweg 5"),
    ("Salon Marlene", "Schillerstraße 41"),
    ("Radhaus", "Ringstraße 66"),
    ("Physio Balance", "Parkallee 19"),
    ("Fahrschule Kurz", "Goethestraße 33"),
    ("Buchhandlung Eule", "Kirchgasse 2"),
];

pub(super) fn max() -> Persona {
    let story = "Manages 250 listings for the customers of an agency";
    let mut max = person(MAX, "101664930278851247058", ("Max", "Neumann"), story);
    "max@agency.example.com".clone_into(&mut max.email);
    max.workspace = Some("agency.example.com".to_owned());
    max.accounts = accounts();
    max
}

fn accounts() -> Vec<BusinessAccount> {
    let towns: Vec<Vec<Listing>> = (0..TOWNS.len()).map(listings_in).collect();
    let own = towns[0][..2].to_vec();
    let groups = (0..TOWNS.len()).map(|town| {
        let neighbour = &towns[(town + 1) % TOWNS.len()][0];
        let listings = towns[town].iter().chain([neighbour]).cloned().collect();
        let role = if town % 5 == 0 { Role::Owner } else { Role::Manager };
        group(
            format!("2245{town:010}"),
            format!("Kundschaft {}", TOWNS[town].0),
            role,
            listings,
        )
    });
    [personal_account("11340872650058", "Max Neumann", own)]
        .into_iter()
        .chain(groups)
        .collect()
}

fn listings_in(town: usize) -> Vec<Listing> {
    let (name, postal_code) = TOWNS[town];
    let one = |(number, (business, street)): (usize, &(&str, &str))| Listing {
        store_code: Some(format!("{}-{number}", &postal_code[..2])),
        address: Some(german(street, name, postal_code)),
        phone: Some(format!("030 23125 {:03}", town * 10 + number)),
        standing: standing(town, number),
        closed: (town, number) == (24, 9),
        ..listing(&id(town, number), &format!("{business} {name}"))
    };
    BUSINESSES.iter().enumerate().map(one).collect()
}

/// The last business but one of some towns is in trouble, each kind of trouble at least twice.
fn standing(town: usize, number: usize) -> Standing {
    match (number, town % 6) {
        (8, 0) => Standing::Unverified { pending: false },
        (8, 1) => Standing::Unverified { pending: true },
        (8, 2) => Standing::Suspended,
        (8, 3) => Standing::Disabled,
        (8, 4) => Standing::DuplicateOf(id(town, 7)),
        _ => Standing::Verified,
    }
}

fn id(town: usize, number: usize) -> String {
    format!("2061{town:06}{number:04}")
}

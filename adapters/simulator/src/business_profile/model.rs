//! What a persona manages: accounts and the listings in them, and how both look as Google's JSON.

use serde_json::{Map, Value, json};

/// What kind of account holds the listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountKind {
    /// Everybody who uses Business Profile has one; it holds what they own directly.
    Personal,
    /// A business group, shared with others.
    LocationGroup,
}

/// What the persona may do in a shared account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// There is exactly one.
    PrimaryOwner,
    /// As good as the first.
    Owner,
    /// May do everything but hand out rights.
    Manager,
}

/// One account in which the persona has a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessAccount {
    /// The digits in `accounts/{id}`.
    pub id: String,
    /// A person's or a group's name.
    pub name: String,
    /// What kind it is.
    pub kind: AccountKind,
    /// What the persona may do in it; personal accounts do not say.
    pub role: Option<Role>,
    /// What is in it. The same listing may be in several accounts.
    pub listings: Vec<Listing>,
}

/// How Google regards a listing, which decides whether it is of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In order: it can be picked.
    Verified,
    /// Nobody has proven yet that it is theirs; a postcard or call may be under way.
    Unverified {
        /// Whether it is.
        pending: bool,
    },
    /// Taken off the map for breaking the rules.
    Suspended,
    /// Switched off by Google.
    Disabled,
    /// A second entry for a place that already has one, named here by its id.
    DuplicateOf(String),
}

/// A postal address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Two letters, such as `GB`.
    pub region: String,
    /// Two letters, such as `en`.
    pub language: String,
    /// As printed on letters.
    pub postal_code: String,
    /// Town or city.
    pub locality: String,
    /// Street and number.
    pub line: String,
}

/// One entry on the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The digits in `locations/{id}`.
    pub id: String,
    /// The business' name.
    pub title: String,
    /// What the owner calls it, if anything.
    pub store_code: Option<String>,
    /// Where customers come to; a business that goes to its customers has none.
    pub address: Option<Address>,
    /// Where the business goes to, if it does.
    pub serves: Option<String>,
    /// In the country's notation.
    pub phone: Option<String>,
    /// Its own pages.
    pub website: Option<String>,
    /// What Google makes of it.
    pub standing: Standing,
    /// Closed for good.
    pub closed: bool,
}

impl BusinessAccount {
    /// `accounts/{id}`
    pub fn resource_name(&self) -> String {
        format!("accounts/{}", self.id)
    }

    /// As the account management API sends it.
    pub(crate) fn to_json(&self) -> Value {
        let mut account = json!({
            "name": self.resource_name(),
            "accountName": self.name,
            "verificationState": "UNVERIFIED",
            "vettedState": "NOT_VETTED",
        });
        match self.kind {
            AccountKind::Personal => account["type"] = json!("PERSONAL"),
            AccountKind::LocationGroup => {
                account["type"] = json!("LOCATION_GROUP");
                account["accountNumber"] = json!(self.id);
            }
        }
        if let Some(role) = self.role {
            let (role, level) = match role {
                Role::PrimaryOwner => ("PRIMARY_OWNER", "OWNER_LEVEL"),
                Role::Owner => ("OWNER", "OWNER_LEVEL"),
                Role::Manager => ("MANAGER", "MEMBER_LEVEL"),
            };
            account["role"] = json!(role);
            account["permissionLevel"] = json!(level);
        }
        account
    }
}

impl Listing {
    /// `locations/{id}`
    pub fn resource_name(&self) -> String {
        format!("locations/{}", self.id)
    }

    /// Whether it is in order, so that somebody may connect it.
    pub fn is_pickable(&self) -> bool {
        self.standing == Standing::Verified && !self.closed
    }

    /// Everything the business information API could send, before the read mask takes its part.
    pub(crate) fn to_json(&self) -> Map<String, Value> {
        let mut location = Map::new();
        let mut put = |field: &str, value: Value| location.insert(field.to_owned(), value);
        put("name", json!(self.resource_name()));
        put("title", json!(self.title));
        put(
            "languageCode",
            json!(self.address.as_ref().map_or("en", |address| address.language.as_str())),
        );
        put("metadata", self.metadata());
        put(
            "openInfo",
            json!({"status": if self.closed { "CLOSED_PERMANENTLY" } else { "OPEN" }}),
        );
        if let Some(code) = &self.store_code {
            put("storeCode", json!(code));
        }
        if let Some(address) = &self.address {
            put("storefrontAddress", address.to_json());
        }
        if let Some(area) = &self.serves {
            let kind = if self.address.is_some() {
                "CUSTOMER_AND_BUSINESS_LOCATION"
            } else {
                "CUSTOMER_LOCATION_ONLY"
            };
            put(
                "serviceArea",
                json!({"businessType": kind, "places": {"placeInfos": [{"placeName": area}]}}),
            );
        }
        if let Some(phone) = &self.phone {
            put("phoneNumbers", json!({"primaryPhone": phone}));
        }
        if let Some(website) = &self.website {
            put("websiteUri", json!(website));
        }
        location
    }

    /// What is false or unknown is left out, as proto3 has it.
    fn metadata(&self) -> Value {
        let mut metadata = json!({"canDelete": true});
        let has_voice = self.standing == Standing::Verified;
        if has_voice {
            metadata["hasVoiceOfMerchant"] = json!(true);
        }
        if let Standing::DuplicateOf(other) = &self.standing {
            metadata["duplicateLocation"] = json!(format!("locations/{other}"));
        }
        if has_voice || self.standing == Standing::Suspended {
            let place = format!("ChIJsimulated{}", self.id);
            metadata["mapsUri"] = json!(format!("https://maps.google.com/maps?cid={}", self.id));
            metadata["newReviewUri"] = json!(format!("https://search.google.com/local/writereview?placeid={place}"));
            metadata["placeId"] = json!(place);
        }
        metadata
    }
}

impl Address {
    fn to_json(&self) -> Value {
        json!({
            "regionCode": self.region,
            "languageCode": self.language,
            "postalCode": self.postal_code,
            "locality": self.locality,
            "addressLines": [self.line],
        })
    }
}

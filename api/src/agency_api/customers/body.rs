//! Customers as JSON.

use application::{
    customers::{self, ChangeContact, CustomerFile, LocationFile, NewCustomer, NewLocation},
    erasure::ErasedCustomer,
};
use chrono::{DateTime, Utc};
use domain::ids::{CustomerId, LocationId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    agency_api::{input::Check, links::Issued, mail::Emailed},
    problem::Problem,
};

/// So many locations may come in one call.
pub(super) const MOST_LOCATIONS: usize = 50;

/// A new customer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct CustomerToCreate {
    /// What the customer is called.
    #[schema(min_length = 1, max_length = 200, example = "Trattoria Roma")]
    name: String,
    /// Where mail reaches the customer.
    #[schema(format = Email, max_length = 254, example = "owner@trattoria.example")]
    email: Option<String>,
    /// The language that mails to the customer are written in: `en` or `de`.
    #[schema(example = "de")]
    language: Option<String>,
    /// How many sources the plan allows; any number when not given.
    source_allowance: Option<u32>,
    /// The first places of business.
    #[serde(default)]
    #[schema(max_items = 50, required = false)]
    locations: Vec<LocationToAdd>,
    /// Issue a Google link for the first location, and send it to the customer by mail.
    #[serde(default)]
    #[schema(required = false)]
    send_google_connect_link: bool,
    /// The same with Facebook; both go in one mail.
    #[serde(default)]
    #[schema(required = false)]
    send_facebook_connect_link: bool,
}

/// What to correct about a customer. What is not given stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct ContactToChange {
    /// What the customer is called.
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Where mail reaches the customer.
    #[schema(format = Email, max_length = 254, example = "owner@trattoria.example")]
    email: Option<String>,
    /// The language that mails to the customer are written in: `en` or `de`.
    #[schema(example = "de")]
    language: Option<String>,
}

impl ContactToChange {
    /// The command's words, once everything is found to be in order.
    pub(super) fn checked(&self, customer: CustomerId) -> Result<ChangeContact, Problem> {
        let mut check = Check::default();
        let command = ChangeContact {
            customer,
            name: check.optional_name("name", self.name.as_deref()),
            email: check.optional_email("email", self.email.as_deref()),
            language: language(&mut check, self.language.as_deref()),
        };
        if self.name.is_none() && self.email.is_none() && self.language.is_none() {
            check.wrong("email", "give name, email or language");
        }
        check.done()?;
        Ok(command)
    }
}

/// A language that mails can be written in.
fn language(check: &mut Check, text: Option<&str>) -> Option<String> {
    let text = text?;
    if !crate::mails::LANGUAGES.contains(&text) {
        check.wrong(
            "language",
            &format!("must be one of {}", crate::mails::LANGUAGES.join(", ")),
        );
    }
    Some(text.to_owned())
}

/// A new place of business.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct LocationToAdd {
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Trattoria Roma, Old Town")]
    name: String,
    /// Where it is.
    #[schema(min_length = 1, max_length = 500, example = "Market Square 1, 80331 Munich")]
    address: Option<String>,
}

/// What a customer's plan allows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct PlanToSet {
    /// How many sources may be connected; `null` for any number. What is connected stays connected.
    #[serde(deserialize_with = "given")]
    #[schema(required = true)]
    pub(super) source_allowance: Option<u32>,
}

/// That erasing is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::agency_api) struct CustomerToErase {
    /// The customer's id once more: nothing brings the data back.
    #[schema(format = Uuid)]
    confirm: String,
}

impl CustomerToErase {
    /// Whether the customer in the path is the one that is meant.
    pub(super) fn checked(&self, id: CustomerId) -> Result<(), Problem> {
        let mut check = Check::default();
        if self.confirm.parse() != Ok(id) {
            check.wrong("confirm", "must be the id of the customer that is to be erased");
        }
        check.done()
    }
}

/// A customer that was erased.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Erasure {
    /// The customer's id.
    #[schema(value_type = Uuid)]
    id: CustomerId,
    /// When it was erased, the first time. The log's own time of it, which `GET` shows, may be some milliseconds later.
    erased_at: DateTime<Utc>,
}

impl From<&ErasedCustomer> for Erasure {
    fn from(erased: &ErasedCustomer) -> Self {
        Self {
            id: erased.id,
            erased_at: erased.erased_at,
        }
    }
}

/// `null` must be written: a forgotten field would lift the limit.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Option::deserialize(deserializer)
}

/// A customer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Customer {
    /// The customer's id.
    #[schema(value_type = Uuid)]
    id: CustomerId,
    /// What the customer is called; `null` once the data was erased.
    name: Option<String>,
    /// Where mail reaches the customer.
    email: Option<String>,
    /// The language that mails to the customer are written in, where it was said.
    language: Option<String>,
    /// How many sources the plan allows; `null` for any number.
    source_allowance: Option<u32>,
    /// How many sources are connected.
    sources: usize,
    /// The places of business, oldest first.
    locations: Vec<Location>,
    /// When it was erased; missing while it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<DateTime<Utc>>,
}

/// A customer that was just created, with the links that were asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct CreatedCustomer {
    #[serde(flatten)]
    customer: Customer,
    /// The links, where some were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Issued>,
    /// What becomes of the mail with them.
    #[serde(skip_serializing_if = "Option::is_none")]
    mail: Option<Emailed>,
}

impl CreatedCustomer {
    /// The customer, as it was created.
    pub(super) fn new(customer: Customer, created: customers::CreatedCustomer) -> Self {
        Self {
            customer,
            links: created.links.into_iter().map(Issued::from).collect(),
            mail: created.email.as_ref().map(Emailed::from),
        }
    }
}

/// A place of business.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::agency_api) struct Location {
    /// The location's id.
    #[schema(value_type = Uuid)]
    id: LocationId,
    /// What it is called; `null` once the data was erased.
    name: Option<String>,
    /// Where it is.
    address: Option<String>,
}

impl CustomerToCreate {
    /// The command's words, once everything is found to be in order. The ids are made by the caller.
    pub(super) fn checked(&self, new_id: impl Fn() -> Uuid) -> Result<(NewCustomer, Vec<NewLocation>), Problem> {
        let mut check = Check::default();
        let customer = NewCustomer {
            name: check.name("name", &self.name),
            email: check.optional_email("email", self.email.as_deref()),
            language: language(&mut check, self.language.as_deref()),
            source_allowance: self.source_allowance,
        };
        if !self.wanted_links().is_empty() && self.locations.is_empty() {
            check.wrong("locations", "must hold the location that the link is for");
        }
        if self.locations.len() > MOST_LOCATIONS {
            check.wrong(
                "locations",
                &format!("may hold {MOST_LOCATIONS} at most: add the others one by one"),
            );
        }
        let locations = self.locations.iter().enumerate();
        let locations = locations
            .map(|(index, location)| location.read(&mut check, &format!("locations[{index}]."), LocationId(new_id())))
            .collect();
        check.done()?;
        Ok((customer, locations))
    }
}

impl CustomerToCreate {
    /// The providers that links are wanted for.
    pub(super) fn wanted_links(&self) -> Vec<&'static str> {
        let flags = [
            (self.send_google_connect_link, "google"),
            (self.send_facebook_connect_link, "facebook"),
        ];
        flags
            .into_iter()
            .filter(|(wanted, _)| *wanted)
            .map(|(_, provider)| provider)
            .collect()
    }
}

impl LocationToAdd {
    /// The command's words, once everything is found to be in order.
    pub(super) fn checked(&self, id: LocationId) -> Result<NewLocation, Problem> {
        let mut check = Check::default();
        let location = self.read(&mut check, "", id);
        check.done()?;
        Ok(location)
    }

    fn read(&self, check: &mut Check, prefix: &str, id: LocationId) -> NewLocation {
        NewLocation {
            id,
            name: check.name(&format!("{prefix}name"), &self.name),
            address: check.optional_address(&format!("{prefix}address"), self.address.as_deref()),
        }
    }
}

impl Customer {
    /// A customer that was just created.
    pub(super) fn new(id: CustomerId, customer: &NewCustomer, locations: &[NewLocation]) -> Self {
        Self {
            id,
            name: Some(customer.name.clone()),
            email: customer.email.clone(),
            language: customer.language.clone(),
            source_allowance: customer.source_allowance,
            sources: 0,
            locations: locations.iter().map(Location::from).collect(),
            erased_at: None,
        }
    }

    /// A customer as its log says.
    pub(in crate::agency_api) fn of(id: CustomerId, file: CustomerFile) -> Self {
        Self {
            id,
            name: file.person.name,
            email: file.person.email,
            language: file.person.language,
            source_allowance: file.source_allowance,
            sources: file.sources,
            locations: file.locations.into_iter().map(Location::from).collect(),
            erased_at: file.erased_at,
        }
    }
}

impl From<&NewLocation> for Location {
    fn from(location: &NewLocation) -> Self {
        Self {
            id: location.id,
            name: Some(location.name.clone()),
            address: location.address.clone(),
        }
    }
}

impl From<LocationFile> for Location {
    fn from(file: LocationFile) -> Self {
        Self {
            id: file.id,
            name: file.name,
            address: file.address,
        }
    }
}

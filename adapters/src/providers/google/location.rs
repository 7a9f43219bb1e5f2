//! A location as the Business Information API describes it. Whatever is empty, false or zero there is left out.

use application::ports::provider::{Listing, Unpickable};
use domain::provider::ListingRef;
use serde::Deserialize;

/// The fields that [`Location`] reads: nothing else is asked for.
pub(super) const READ_MASK: &str = "name,title,storefrontAddress,metadata,openInfo";

/// Long enough for every id that was ever seen.
const MAX_ID: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) name: String,
    title: String,
    storefront_address: Option<PostalAddress>,
    metadata: Metadata,
    open_info: OpenInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PostalAddress {
    address_lines: Vec<String>,
    sublocality: String,
    postal_code: String,
    locality: String,
    administrative_area: String,
    region_code: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    has_voice_of_merchant: bool,
    duplicate_location: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OpenInfo {
    status: String,
}

impl Location {
    /// As something to pick, with what its description alone says against it.
    pub(super) fn into_listing(self, account: &str) -> Listing {
        let unpickable = self.unpickable();
        Listing {
            title: if self.title.trim().is_empty() {
                self.name.clone()
            } else {
                self.title
            },
            address: self.storefront_address.as_ref().and_then(PostalAddress::on_one_line),
            reference: ListingRef {
                id: self.name,
                account: Some(account.to_owned()),
            },
            unpickable,
        }
    }

    /// The reason that explains most comes first: who cares for the verification of a place that is closed?
    fn unpickable(&self) -> Option<Unpickable> {
        if self.open_info.status == "CLOSED_PERMANENTLY" {
            Some(Unpickable::Closed)
        } else if self.metadata.duplicate_location.is_some() {
            Some(Unpickable::Duplicate)
        } else if self.metadata.has_voice_of_merchant {
            None
        } else {
            Some(Unpickable::Unverified)
        }
    }
}

impl PostalAddress {
    /// "Dam 1, 1011 Amsterdam, NL". A business that comes to its customers has none.
    fn on_one_line(&self) -> Option<String> {
        let town = [self.postal_code.trim(), self.locality.trim()].join(" ");
        let parts: Vec<&str> = self
            .address_lines
            .iter()
            .chain([&self.sublocality, &town, &self.administrative_area, &self.region_code])
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect();
        // A country alone is no address.
        (parts.len() > 1 || self.region_code.trim().is_empty() && parts.len() == 1).then(|| parts.join(", "))
    }
}

/// True for `{collection}/{id}` with a plain id: it becomes part of further addresses.
pub(super) fn is_resource(name: &str, collection: &str) -> bool {
    let id = name.strip_prefix(collection).and_then(|rest| rest.strip_prefix('/'));
    id.is_some_and(|id| {
        (1..=MAX_ID).contains(&id.len())
            && id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    })
}

#[cfg(test)]
mod tests;

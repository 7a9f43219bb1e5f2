//! `readMask`: the fields a caller wants. There is no default, and a field that does not exist is an error.

use serde_json::{Map, Value};

use crate::business_profile::status::Status;
use crate::params::Params;

const FIELDS: [&str; 20] = [
    "adWordsLocationExtensions",
    "categories",
    "labels",
    "languageCode",
    "latlng",
    "metadata",
    "moreHours",
    "name",
    "openInfo",
    "phoneNumbers",
    "profile",
    "regularHours",
    "relationshipData",
    "serviceArea",
    "serviceItems",
    "specialHours",
    "storeCode",
    "storefrontAddress",
    "title",
    "websiteUri",
];

/// Paths such as `title` or `metadata.placeId`.
#[derive(Debug)]
pub(crate) struct ReadMask(Vec<String>);

impl ReadMask {
    pub(crate) fn of(params: &Params) -> Result<Self, Status> {
        let mask = params
            .get("readMask")
            .ok_or_else(|| Status::invalid_argument("read_mask", "Field is required"))?;
        let paths: Vec<String> = mask.split(',').map(|path| path.trim().to_owned()).collect();
        let unknown = paths.iter().find(|path| !FIELDS.contains(&first(path)));
        match unknown {
            Some(path) => Err(Status::invalid_argument(
                "read_mask",
                format!("Invalid field mask provided: {path}"),
            )),
            None => Ok(Self(paths)),
        }
    }

    pub(crate) fn apply(&self, whole: &Map<String, Value>) -> Value {
        let mut part = Map::new();
        for path in &self.0 {
            let segments: Vec<&str> = path.split('.').collect();
            copy(whole, &mut part, &segments);
        }
        Value::Object(part)
    }
}

fn first(path: &str) -> &str {
    path.split('.').next().unwrap_or(path)
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, path: &[&str]) {
    let [field, rest @ ..] = path else { return };
    match from.get(*field) {
        Some(Value::Object(inner)) if !rest.is_empty() => {
            let target = to
                .entry((*field).to_owned())
                .or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(target) = target {
                copy(inner, target, rest);
            }
        }
        Some(value) if rest.is_empty() => {
            to.insert((*field).to_owned(), value.clone());
        }
        _ => {}
    }
}

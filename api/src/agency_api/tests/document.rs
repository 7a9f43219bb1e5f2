//! The API's document.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Call, World};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::{
    agency_api::{Routes, all_routes, openapi},
    state::Server,
};

/// A route as the document has it.
pub(super) struct Route {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) scopes: Vec<String>,
    pub(super) operation: Value,
}

/// Every route of the document.
pub(super) fn routes() -> Vec<Route> {
    let document = serde_json::to_value(openapi()).unwrap();
    let paths: BTreeMap<String, BTreeMap<String, Value>> = serde_json::from_value(document["paths"].clone()).unwrap();
    let routes = paths.into_iter().flat_map(|(path, operations)| {
        operations.into_iter().map(move |(method, operation)| Route {
            method: method.to_uppercase(),
            path: path.clone(),
            scopes: serde_json::from_value(operation["security"][0]["api_key"].clone()).unwrap(),
            operation,
        })
    });
    routes.collect()
}

#[tokio::test]
async fn the_document_is_served_to_everybody() {
    let world = World::new().await;
    let served = world.send(Call::new("GET", "/openapi.json")).await.json(200);
    assert_eq!(served, serde_json::to_value(openapi()).unwrap());
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served["components"]["securitySchemes"]["api_key"]["scheme"], "bearer");
}

#[test]
fn every_route_is_described_with_its_refusals() {
    for Route {
        method,
        path,
        operation,
        ..
    } in routes()
    {
        let at = format!("{method} {path}");
        assert!(path.starts_with("/api/agency/v1/"), "{at}");
        assert!(
            operation["summary"].is_string() && operation["operationId"].is_string(),
            "{at}"
        );
        let commands = ["400", "401", "403", "404", "409", "413", "415", "422", "500", "503"];
        let reads = ["400", "401", "403", "404", "500", "503"];
        let refusals: &[&str] = if method == "GET" { &reads } else { &commands };
        for status in refusals {
            let problem = &operation["responses"][status]["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/Problem", "{at} {status}");
        }
        let header = |name: &str| {
            operation["parameters"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["name"] == name))
        };
        // A test mail is sent anew each time, and a provider is asked anew.
        let is_anew = ["/api/agency/v1/mail/test", "/api/agency/v1/integrations/{id}/check"].contains(&path.as_str());
        // Ending something may have more to it than that it is gone: whoever asks again hears what came of the first time.
        let ends = ("DELETE", "/api/agency/v1/integrations/{id}") == (method.as_str(), path.as_str());
        assert_eq!(
            header("Idempotency-Key"),
            (method == "POST" && !is_anew) || method == "PATCH" || ends,
            "{at}"
        );
        assert_eq!(
            header("Grantlink-Min-Position"),
            method == "GET" && path != "/api/agency/v1/providers",
            "{at}"
        );
    }
}

/// What every route takes and answers, by name.
#[derive(Default)]
struct Schemas(BTreeMap<String, Vec<Value>>);

impl Routes for Schemas {
    fn routes(mut self, (schemas, ..): UtoipaMethodRouter<Server>) -> Self {
        for (name, schema) in schemas {
            let known = self.0.entry(name).or_default();
            let schema = serde_json::to_value(schema).unwrap();
            if !known.contains(&schema) {
                known.push(schema);
            }
        }
        self
    }
}

/// Two of one name, and the document would show one of them in both places.
#[test]
fn no_two_schemas_share_a_name() {
    for (name, schemas) in all_routes(Schemas::default()).0 {
        assert_eq!(schemas.len(), 1, "{name}: {schemas:#?}");
    }
}

/// What an answer may lack, the document does not promise.
#[test]
fn what_is_issued_without_a_mail_has_no_word_of_it() {
    let document = serde_json::to_value(openapi()).unwrap();
    for name in ["IfEmailed", "Emailed"] {
        let required = &document["components"]["schemas"][name]["required"];
        let promises = required
            .as_array()
            .is_some_and(|all| all.contains(&Value::from("email")));
        assert_eq!(promises, name == "Emailed", "{name}");
    }
    let issued = document["components"]["schemas"]["Issued"].to_string();
    assert!(
        issued.contains("/IfEmailed") && !issued.contains("/Emailed"),
        "{issued}"
    );
}

/// What a reference of the document points at exists.
#[test]
fn no_reference_leads_nowhere() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut to_look_at = vec![&document];
    while let Some(value) = to_look_at.pop() {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    assert!(
                        document.pointer(reference.trim_start_matches('#')).is_some(),
                        "{reference}"
                    );
                }
                to_look_at.extend(members.values());
            }
            Value::Array(items) => to_look_at.extend(items),
            _ => {}
        }
    }
}

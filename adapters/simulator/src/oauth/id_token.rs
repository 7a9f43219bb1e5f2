//! The identity token, and the claims about a person that userinfo gives as well.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::oauth::keys::{self, KeyError};
use crate::oauth::ledger::Authorization;
use crate::oauth::scopes::{EMAIL, PROFILE, Scopes};
use crate::personas::Persona;
use crate::state::{Settings, World};

const LIFETIME: TimeDelta = TimeDelta::hours(1);

/// What a token of these scopes may know about a person.
pub(crate) fn claims_about(persona: &Persona, scopes: &Scopes, settings: &Settings) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("sub".into(), json!(persona.subject));
    if scopes.contains(EMAIL) {
        claims.insert("email".into(), json!(persona.email));
        claims.insert("email_verified".into(), json!(true));
        if let Some(domain) = &persona.workspace {
            claims.insert("hd".into(), json!(domain));
        }
    }
    if scopes.contains(PROFILE) {
        claims.insert("name".into(), json!(persona.name()));
        claims.insert("given_name".into(), json!(persona.given_name));
        claims.insert("family_name".into(), json!(persona.family_name));
        let picture = format!("{}/_simulator/faces/{}.svg", settings.base_url, persona.id);
        claims.insert("picture".into(), json!(picture));
    }
    claims
}

/// Signs who `persona` is for the client that `authorization` names.
pub(crate) fn issue(
    world: &World,
    settings: &Settings,
    persona: &Persona,
    (authorization, access_token, nonce): (&Authorization, &str, Option<&str>),
    now: DateTime<Utc>,
) -> Result<String, KeyError> {
    let mut claims = claims_about(persona, &authorization.scopes, settings);
    claims.insert("iss".into(), json!(settings.base_url));
    claims.insert("azp".into(), json!(authorization.client_id));
    claims.insert("aud".into(), json!(authorization.client_id));
    claims.insert("at_hash".into(), json!(keys::half_hash(&Sha256::digest(access_token))));
    claims.insert("iat".into(), json!(now.timestamp()));
    claims.insert("exp".into(), json!((now + LIFETIME).timestamp()));
    if let Some(nonce) = nonce {
        claims.insert("nonce".into(), json!(nonce));
    }
    world.keys.sign(&claims)
}

//! Whether a configuration can work, said before anybody signs in, and in words that tell what to change.

use std::collections::BTreeSet;

use domain::provider::ProviderId;
use reqwest::Url;
use secrecy::ExposeSecret;

use super::{
    config::{ProviderConfig, ProviderKind},
    fields::is_pointer,
    generic::probe::{LISTING, address},
    oauth::scopes,
};
use crate::http::is_safe_target;

/// What must change in the configuration before the providers can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct InvalidProviders(pub Vec<String>);

/// Parameters that are ours to set, and `include_granted_scopes`, which would pass off an earlier consent as today's.
const OUR_PARAMETERS: [&str; 10] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "include_granted_scopes",
    "nonce",
    "prompt",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

impl ProviderConfig {
    /// Checks everything that can be checked without asking the provider.
    ///
    /// # Errors
    /// Every complaint, not only the first.
    pub fn validate(&self) -> Result<(), InvalidProviders> {
        let complaints: Vec<String> = [self.names(), self.addresses(), self.asked(), self.read()]
            .into_iter()
            .flatten()
            .map(|complaint| format!("provider {:?}: {complaint}", self.id))
            .collect();
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(InvalidProviders(complaints))
        }
    }

    fn names(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        if let Err(error) = ProviderId::parse(self.id.clone()) {
            complaints.push(format!("change id: {error}"));
        }
        let needed = [
            ("name", &self.name),
            ("product", &self.product),
            ("listing", &self.listing),
            ("listings", &self.listings),
            ("issuer", &self.issuer),
            ("client_id", &self.client_id),
        ];
        complaints.extend(
            needed
                .into_iter()
                .filter(|(_, value)| value.trim().is_empty())
                .map(|(field, _)| format!("set {field}")),
        );
        if self.client_secret.expose_secret().is_empty() {
            complaints.push("set client_secret".to_owned());
        }
        if !["google", "facebook", "app"].contains(&self.icon.as_str()) {
            complaints.push("set icon to google, facebook or app".to_owned());
        }
        complaints
    }

    fn addresses(&self) -> Vec<String> {
        let mut addresses = vec![
            ("authorize_url", &self.authorize_url),
            ("token_url", &self.token_url),
            ("userinfo_url", &self.userinfo_url),
        ];
        let mut optional = vec![
            ("revoke_url", &self.revoke_url),
            ("access_guide_url", &self.access_guide_url),
            ("introspect_url", &self.introspect_url),
            ("listing_api.url", &self.listing_api.url),
        ];
        match self.kind {
            ProviderKind::GoogleBusiness => addresses.extend([
                ("jwks_url", &self.jwks_url),
                ("accounts_url", &self.accounts_url),
                ("business_information_url", &self.business_information_url),
                ("verifications_url", &self.verifications_url),
                ("reviews_url", &self.reviews_url),
                ("performance_url", &self.performance_url),
            ]),
            ProviderKind::Oauth2 => optional.push(("jwks_url", &self.jwks_url)),
        }
        addresses.extend(optional.into_iter().filter(|(_, text)| !text.is_empty()));
        let mut complaints: Vec<String> = addresses
            .into_iter()
            .filter_map(|(field, text)| provider_url(field, text).err())
            .collect();
        if !is_callback_path(&self.callback_path) {
            complaints.push(
                "set callback_path to a path such as /oauth/callback/google: lower-case letters, digits, - _ and /, \
                 not ending in /"
                    .to_owned(),
            );
        }
        complaints
    }

    fn asked(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let is_scope = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.scopes.iter().chain(&self.required_scopes).all(is_scope) {
            complaints.push("list each scope by itself in scopes and required_scopes, without spaces".to_owned());
        }
        if ![" ", ",", "+"].contains(&self.scope_separator.as_str()) {
            complaints.push("set scope_separator to a space, a comma or a plus".to_owned());
        } else if self.scopes.iter().any(|scope| scope.contains(&self.scope_separator)) {
            complaints.push("list each scope by itself in scopes, without the scope_separator".to_owned());
        }
        let asked = scopes::canonical(&self.scopes);
        let missing: BTreeSet<_> = &scopes::canonical(&self.required_scopes) - &asked;
        if let Some(scope) = missing.first() {
            complaints.push(format!("add {scope:?} to scopes, or take it out of required_scopes"));
        }
        if self.kind == ProviderKind::GoogleBusiness && !asked.contains("openid") {
            complaints.push("add \"openid\" to scopes: without it nobody says who signed in".to_owned());
        }
        let ours = |name: &&String| OUR_PARAMETERS.contains(&name.as_str());
        if let Some(name) = self.authorize_parameters.keys().find(ours) {
            complaints.push(format!("take {name} out of authorize_parameters"));
        }
        if !(1..=60).contains(&self.timeout_seconds) {
            complaints.push("set timeout_seconds to 1 to 60".to_owned());
        }
        complaints
    }
}

impl ProviderConfig {
    /// How answers are read.
    fn read(&self) -> Vec<String> {
        let (account, list) = (&self.account, &self.listing_api);
        let pointers = [
            ("account.subject", &account.subject, false),
            ("account.email", &account.email, true),
            ("account.name", &account.name, true),
            ("listing_api.items", &list.items, true),
            ("listing_api.id", &list.id, false),
            ("listing_api.title", &list.title, true),
            ("listing_api.address", &list.address, true),
            ("listing_api.next", &list.next, true),
        ];
        let wrong = pointers
            .into_iter()
            .filter(|(_, text, may_be_empty)| !(is_pointer(text) || *may_be_empty && text.is_empty()));
        let mut complaints: Vec<String> = wrong
            .map(|(field, ..)| format!("set {field} to a JSON pointer such as /data/id"))
            .collect();
        if self.kind == ProviderKind::GoogleBusiness && !(list.url.is_empty() && self.probe_url.is_empty()) {
            complaints.push("take listing_api and probe_url out, or set kind to \"oauth2\"".to_owned());
        }
        complaints.extend(self.probed());
        complaints
    }

    /// The address that is asked about a connection must lead to one host, whatever the listing is called.
    fn probed(&self) -> Option<String> {
        if self.probe_url.is_empty() {
            return None;
        }
        let [one, other] = ["a", "b"].map(|listing| address(&self.probe_url, listing));
        let at = |url: &Option<Url>| url.as_ref().map(Url::origin);
        if let Err(complaint) = provider_url("probe_url", one.as_ref().map_or("", Url::as_str)) {
            Some(complaint)
        } else if at(&one) != at(&other) {
            Some(format!("put {LISTING} into the path or the query of probe_url"))
        } else if self.listing_api.url.is_empty() && one != other {
            Some(format!(
                "take {LISTING} out of probe_url: without a listing_api there is none"
            ))
        } else {
            None
        }
    }
}

/// An address that secrets may be sent to.
pub(super) fn provider_url(field: &str, text: &str) -> Result<Url, String> {
    let url =
        Url::parse(text).map_err(|_| format!("set {field} to an address such as https://provider.example/path"))?;
    if !is_safe_target(&url) {
        return Err(format!(
            "set {field} to an https address (http is for this machine only)"
        ));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(format!("take the user name, password or # part out of {field}"));
    }
    Ok(url)
}

/// The public address that callbacks come to, without a slash at its end: redirect URIs are compared to the letter.
pub(super) fn callback_base(text: &str) -> Result<&str, InvalidProviders> {
    let invalid = |complaint: String| InvalidProviders(vec![complaint]);
    let base = text.strip_suffix('/').unwrap_or(text);
    let url = provider_url("the callback address", base).map_err(invalid)?;
    if url.path() == "/" && url.query().is_none() {
        Ok(base)
    } else {
        let complaint = "set the callback address to a scheme and a host alone, such as https://connect.example.com";
        Err(invalid(complaint.to_owned()))
    }
}

fn is_callback_path(path: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    // The customers' pages and the API have these to themselves; the callback host may be an agency's host, too.
    let is_taken = ["/c/", "/api/"].iter().any(|start| path.starts_with(start));
    let rest = path.strip_prefix('/').filter(|_| !is_taken);
    rest.is_some_and(|rest| {
        rest.split('/')
            .all(|part| !part.is_empty() && part.bytes().all(allowed))
    })
}

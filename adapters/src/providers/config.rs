//! What an operator says about a provider.

use std::collections::BTreeMap;

use application::ports::provider::Revokes;
use secrecy::SecretString;
use serde::Deserialize;

/// What kind of provider it is: which interfaces it speaks beyond signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// `OpenID` Connect, and Google's Business Profile APIs.
    GoogleBusiness,
}

/// How this installation proves at the token endpoint who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// Id and secret in the form (`client_secret_post`).
    Post,
    /// Id and secret in the `Authorization` header (`client_secret_basic`).
    Basic,
}

/// One provider, as configured. Whatever is left out is as at the real Google, so two lines (client id and secret) are enough
/// there, and any other address makes a simulator or another `OpenID` provider of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProviderConfig {
    /// Its name in URLs and in the API: lower-case letters, digits, hyphens. Never change it: what was connected carries it.
    pub id: String,
    /// What kind of provider it is.
    pub kind: ProviderKind,
    /// What people call it: "Google".
    pub name: String,
    /// What is connected there: "Google Business Profile".
    pub product: String,
    /// What one thing to pick is called: "Business Profile".
    pub listing: String,
    /// The same for several: "Business Profiles".
    pub listings: String,
    /// Where its account's owner can take the access back, in words; empty says nothing about it.
    pub withdraw_at: String,
    /// The address of a page that tells how an account gets the access that it lacks at a listing: your own, in your own words, or
    /// the provider's. Empty names none.
    pub access_guide_url: String,
    /// What the agency will be able to do, in plain words, one line each.
    pub permissions: Vec<String>,
    /// Which icon stands for it: `google`, `facebook` or `app`.
    pub icon: String,

    /// The client id from the provider's console.
    pub client_id: String,
    /// The client secret that belongs to it.
    pub client_secret: SecretString,
    /// How the token endpoint wants to see them.
    pub client_auth: ClientAuth,
    /// Where the provider sends people back to, under the installation's callback address. Register the two together there.
    pub callback_path: String,

    /// Where people sign in.
    pub authorize_url: String,
    /// Where a code becomes tokens.
    pub token_url: String,
    /// Where it says who signed in.
    pub userinfo_url: String,
    /// Where the keys are that its id tokens are signed with.
    pub jwks_url: String,
    /// Where access is taken back. Empty where the provider has no such place.
    pub revoke_url: String,
    /// Show who we are at `revoke_url`, as RFC 7009 wants it. Google wants the token alone.
    pub revoke_with_client: bool,
    /// How far a revocation reaches: `token`, or everything the `account` granted.
    pub revokes: Revokes,
    /// Who signs: compared to the letter, in the callback and in id tokens.
    pub issuer: String,
    /// Other forms of the issuer that id tokens may carry, from before it was a URL.
    pub accepted_issuers: Vec<String>,

    /// The scopes that are asked for.
    pub scopes: Vec<String>,
    /// What stands between two scopes: a space, as the standard has it, or a comma.
    pub scope_separator: String,
    /// The ones without which a connection is useless; people can untick the others.
    pub required_scopes: Vec<String>,
    /// The `prompt` parameter; empty sends none.
    pub prompt: String,
    /// Further parameters of the sign-in address.
    pub authorize_parameters: BTreeMap<String, String>,
    /// Bind the code to this installation by PKCE. Turn it off only for a provider that refuses it.
    pub pkce: bool,

    /// Where the Account Management API is, without its version.
    pub accounts_url: String,
    /// Where the Business Information API is, without its version.
    pub business_information_url: String,
    /// Where the Verifications API is, without its version.
    pub verifications_url: String,
    /// Credentials that nobody uses are renewed every so many days, so that the provider does not forget them. 0: never.
    pub keep_alive_days: u16,
    /// Where version 4 of the My Business API is, which reviews are still in, without its version.
    pub reviews_url: String,
    /// Where the Performance API is, without its version.
    pub performance_url: String,
    /// How long one request to the provider may take.
    pub timeout_seconds: u16,
}

//! What an operator says about a provider.

use std::collections::BTreeMap;

use application::ports::provider::Revokes;
use secrecy::SecretString;
use serde::Deserialize;

/// What kind of provider it is: which interfaces it speaks beyond signing in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// `OpenID` Connect, and Google's Business Profile APIs.
    #[default]
    GoogleBusiness,
    /// Any other app: OAuth 2.0, and whatever its configuration says about its own interfaces.
    Oauth2,
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

/// Where a userinfo answer says who signed in: JSON pointers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountFields {
    /// The provider's stable id of the account, a text or a number.
    pub subject: String,
    /// Its e-mail address. Empty: nowhere.
    pub email: String,
    /// Its name. Empty: nowhere.
    pub name: String,
}

/// As `OpenID` Connect has it.
impl Default for AccountFields {
    fn default() -> Self {
        Self {
            subject: "/sub".to_owned(),
            email: "/email".to_owned(),
            name: "/name".to_owned(),
        }
    }
}

/// An interface that lists what an account can connect, page by page.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListingApi {
    /// Its address. Empty: there is nothing to pick, the account itself is connected.
    pub url: String,
    /// Where the items are in a page. Empty: the page itself is the list.
    pub items: String,
    /// Where an item says its stable id, a text or a number.
    pub id: String,
    /// Where it says what it is called.
    pub title: String,
    /// Where it says its address or whatever else tells it apart. Empty: nowhere.
    pub address: String,
    /// Where a page says how to get the next one. Empty: there is one page.
    pub next: String,
    /// The parameter that `next` is sent in. Empty: it is the next page's address, on the same host.
    pub next_parameter: String,
}

impl Default for ListingApi {
    fn default() -> Self {
        let nowhere = String::new;
        Self {
            url: nowhere(),
            items: "/items".to_owned(),
            id: "/id".to_owned(),
            title: "/name".to_owned(),
            address: nowhere(),
            next: nowhere(),
            next_parameter: nowhere(),
        }
    }
}

/// The settings of a provider, as they are written and as they count: what is left out is as at the kind's preset.
macro_rules! provider_config {
    ($($(#[$about:meta])* $field:ident: $kind:ty,)+) => {
        /// One provider, as configured. Whatever is left out is as at the real Google, so two lines (client id and secret) are
        /// enough there; of another kind, it is what most providers want.
        #[derive(Clone, Debug, Deserialize)]
        #[serde(from = "Written")]
        pub struct ProviderConfig {
            /// What kind of provider it is.
            pub kind: ProviderKind,
            $($(#[$about])* pub $field: $kind,)+
        }

        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            #[serde(default)]
            kind: ProviderKind,
            $(#[serde(default)] $field: Option<$kind>,)+
        }

        impl From<Written> for ProviderConfig {
            fn from(written: Written) -> Self {
                let preset = Self::of(written.kind);
                Self {
                    kind: written.kind,
                    $($field: written.$field.unwrap_or(preset.$field),)+
                }
            }
        }
    };
}

provider_config! {
    /// Its name in URLs and in the API: lower-case letters, digits, hyphens. Never change it: what was connected carries it.
    id: String,
    /// What people call it: "Google".
    name: String,
    /// What is connected there: "Google Business Profile".
    product: String,
    /// What one thing to pick is called: "Business Profile".
    listing: String,
    /// The same for several: "Business Profiles".
    listings: String,
    /// Where its account's owner can take the access back, in words; empty says nothing about it.
    withdraw_at: String,
    /// The address of a page that tells how an account gets the access that it lacks at a listing: your own, in your own words, or
    /// the provider's. Empty names none.
    access_guide_url: String,
    /// What the agency will be able to do, in plain words, one line each.
    permissions: Vec<String>,
    /// Which icon stands for it: `google`, `facebook` or `app`.
    icon: String,

    /// The client id from the provider's console.
    client_id: String,
    /// The client secret that belongs to it.
    client_secret: SecretString,
    /// How the token endpoint wants to see them.
    client_auth: ClientAuth,
    /// Where the provider sends people back to, under the installation's callback address. Register the two together there.
    callback_path: String,

    /// Where people sign in.
    authorize_url: String,
    /// Where a code becomes tokens.
    token_url: String,
    /// Where it says who signed in.
    userinfo_url: String,
    /// Where its answer says what.
    account: AccountFields,
    /// Where the keys are that its id tokens are signed with. Empty where it sends none.
    jwks_url: String,
    /// Where access is taken back. Empty where the provider has no such place.
    revoke_url: String,
    /// Show who we are at `revoke_url`, as RFC 7009 wants it. Google wants the token alone.
    revoke_with_client: bool,
    /// Where it says what an access token is good for: at Google its tokeninfo endpoint, elsewhere one of RFC 7662. Empty where there
    /// is none.
    introspect_url: String,
    /// How far a revocation reaches: `token`, or everything the `account` granted.
    revokes: Revokes,
    /// Who signs: compared to the letter, in the callback and in id tokens.
    issuer: String,
    /// Other forms of the issuer that id tokens may carry, from before it was a URL.
    accepted_issuers: Vec<String>,

    /// The scopes that are asked for.
    scopes: Vec<String>,
    /// What stands between two scopes: a space, as the standard has it, or a comma.
    scope_separator: String,
    /// The ones without which a connection is useless; people can untick the others.
    required_scopes: Vec<String>,
    /// The `prompt` parameter; empty sends none.
    prompt: String,
    /// Further parameters of the sign-in address.
    authorize_parameters: BTreeMap<String, String>,
    /// Bind the code to this installation by PKCE. Turn it off only for a provider that refuses it.
    pkce: bool,

    /// Where what can be connected is listed. Without an address, the account itself is what is connected.
    listing_api: ListingApi,
    /// Where it is asked once a day whether a connection still works; `{listing}` stands for what is connected. Empty asks nothing.
    probe_url: String,

    /// Where the Account Management API is, without its version.
    accounts_url: String,
    /// Where the Business Information API is, without its version.
    business_information_url: String,
    /// Where the Verifications API is, without its version.
    verifications_url: String,
    /// Credentials that nobody uses are renewed every so many days, so that the provider does not forget them. 0: never.
    keep_alive_days: u16,
    /// Where version 4 of the My Business API is, which reviews are still in, without its version.
    reviews_url: String,
    /// Where the Performance API is, without its version.
    performance_url: String,
    /// How long one request to the provider may take.
    timeout_seconds: u16,
}

//! The habits in which providers differ.

use serde::{Deserialize, Serialize};

/// How one server behaves. What is left out of a change keeps its value.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a habit of its own, and any mixture of them has been met"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quirks {
    /// Refuse a sign-in without a code challenge.
    pub require_pkce: bool,
    /// Compare the verifier with the challenge; else both are ignored.
    pub check_pkce: bool,
    /// Refuse a sign-in without a nonce.
    pub require_nonce: bool,
    /// Compare redirect addresses letter by letter; else whatever begins like a registered one will do.
    pub exact_redirect: bool,
    /// Say in the callback who answers (RFC 9207).
    pub issuer_in_callback: bool,
    /// Send an identity token with the tokens.
    pub id_token: bool,
    /// Put the nonce into it.
    pub nonce_in_id_token: bool,
    /// How an application shows who it is.
    pub client_shown_by: ShownBy,
    /// What stands between two scopes, in what is read and in what is answered.
    pub scope_separator: String,
    /// Say which scopes were granted.
    pub scope_in_answer: bool,
    /// Say of what type the token is.
    pub token_type_in_answer: bool,
    /// Give a new refresh token with every refresh. Whoever presents an old one again loses the whole family.
    pub rotate: bool,
    /// So long the refresh token that was replaced last still works, in seconds: for clients that lost the answer (RFC 9700 2.2.2).
    pub reuse_grace_seconds: u32,
    /// Give a refresh token for a code.
    pub refresh_token_for_code: bool,
    /// Name the refresh token in the answer to a refresh, also where it stays the same. A server that rotates and does not name
    /// it cuts its clients off.
    pub refresh_token_for_refresh: bool,
    /// How errors are told.
    pub errors: ErrorStyle,
    /// How the end of an access token is told.
    pub expires_in: ExpiresIn,
    /// How long access tokens live, in seconds.
    pub access_token_seconds: u32,
    /// Tell the e-mail address of who signed in.
    pub email: bool,
    /// What there is to pick.
    pub listings: Listings,
}

/// Where an application shows its id and secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownBy {
    /// In the `Authorization` header, and nowhere else.
    Header,
    /// In the form, and nowhere else.
    Body,
    /// In either.
    Either,
}

/// How an error of the token endpoint and of userinfo looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorStyle {
    /// By its status, as the standard has it.
    Status,
    /// With 200, and `error` in the body.
    Ok,
    /// With 200, and `"ok": false` besides.
    OkFalse,
}

/// How the answer tells when an access token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiresIn {
    /// As a number of seconds.
    Number,
    /// As a text of digits.
    Text,
    /// Not at all.
    Missing,
}

/// What the listing interface answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listings {
    /// Everything that the person has.
    Everything,
    /// `{}` already in place of the accounts.
    NoAccounts,
    /// An account, and `{}` in place of what is in it.
    EmptyAccount,
}

impl Quirks {
    /// Everything that the standards recommend is demanded and done.
    pub fn strict() -> Self {
        Self {
            require_pkce: true,
            check_pkce: true,
            require_nonce: true,
            exact_redirect: true,
            issuer_in_callback: true,
            id_token: true,
            nonce_in_id_token: true,
            client_shown_by: ShownBy::Header,
            scope_separator: " ".to_owned(),
            scope_in_answer: true,
            token_type_in_answer: true,
            rotate: true,
            reuse_grace_seconds: 0,
            refresh_token_for_code: true,
            refresh_token_for_refresh: true,
            errors: ErrorStyle::Status,
            expires_in: ExpiresIn::Number,
            access_token_seconds: 3_600,
            email: true,
            listings: Listings::Everything,
        }
    }

    /// Nothing is demanded that a client could do without, and little is told.
    pub fn lax() -> Self {
        Self {
            require_pkce: false,
            check_pkce: false,
            require_nonce: false,
            exact_redirect: false,
            issuer_in_callback: false,
            id_token: false,
            nonce_in_id_token: false,
            client_shown_by: ShownBy::Either,
            scope_in_answer: false,
            rotate: false,
            refresh_token_for_refresh: false,
            ..Self::strict()
        }
    }
}

impl Default for Quirks {
    fn default() -> Self {
        Self::strict()
    }
}

//! Providers that are not Google, connected by configuration alone: the strict, the lax, and those with a mood.

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Issue, Issued, Other, Stage},
    on_both_databases,
};
use simulator::generic::{Cut, ErrorStyle, ExpiresIn, Listings, Quirks, ShownBy, Trouble};

use crate::flow::BAKERY;

on_both_databases!(
    the_strict_and_the_lax_connect_end_to_end,
    a_provider_that_keeps_to_no_standard_connects_all_the_same,
    what_breaks_on_the_way_costs_the_customer_another_try_and_nothing_else,
    an_identity_token_of_another_sign_in_connects_nothing,
);

const STRICT: &str = "strict";
const LAX: &str = "lax";
/// The strict one wants the client in the header.
const BASIC: &str = "client_auth = \"basic\"";

/// A12, OA-7: header and form, with and without `iss`, identity token, PKCE and rotation.
///
/// Mutant: without the nonce in the address, the strict server shows its own error page, and this fails.
async fn the_strict_and_the_lax_connect_end_to_end(database: Database) -> anyhow::Result<()> {
    let strict = Other::start(STRICT, Quirks::strict()).await?;
    let lax = Other::start(LAX, Quirks::lax()).await?;
    let stage = Stage::set_among(database, &[(&strict, BASIC), (&lax, "")]).await?;
    for other in [&strict, &lax] {
        let link = link_to(&stage, other.id).await?;
        Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
        let connection = stage.agency.integration_now(&link).await?;
        assert_eq!(connection["badge"]["label"], "Via Link", "{}", other.id);
        assert_eq!(connection["account"]["email"], "olive@example.com");
        assert_eq!(other.token_requests(), 1);
        let audit = other.server.audit().await;
        assert_eq!((audit.accounts.len(), audit.accounts[0].live_families), (1, 1));
    }
    Ok(())
}

/// Errors with 200, a lifetime as a text or none, scopes apart by commas, no type, no e-mail address, no refresh token: each of them is
/// met by configuration, or needs none.
///
/// Mutant: when a token answer is read as the standard has it alone, the lifetime that is a text ends the sign-in, and this fails.
async fn a_provider_that_keeps_to_no_standard_connects_all_the_same(database: Database) -> anyhow::Result<()> {
    let odd = Quirks {
        scope_separator: ",".to_owned(),
        scope_in_answer: true,
        token_type_in_answer: false,
        expires_in: ExpiresIn::Text,
        errors: ErrorStyle::OkFalse,
        client_shown_by: ShownBy::Body,
        refresh_token_for_code: false,
        email: false,
        ..Quirks::lax()
    };
    let other = Other::start("odd", odd).await?;
    let stage = Stage::set_among(database, &[(&other, "scope_separator = \",\"\npkce = false")]).await?;
    let link = link_to(&stage, other.id).await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    let connection = stage.agency.integration_now(&link).await?;
    assert!(connection["account"]["email"].is_null(), "{connection}");

    other
        .server
        .change(|quirks| quirks.expires_in = ExpiresIn::Missing)
        .await;
    let link = link_to(&stage, other.id).await?;
    Browser::new()?
        .complete(&link.url, "bea", "locations/20477319880001")
        .await?;

    for listings in [Listings::EmptyAccount, Listings::NoAccounts] {
        other.server.change(|quirks| quirks.listings = listings).await;
        let link = link_to(&stage, other.id).await?;
        let nothing = Browser::new()?.sign_in(&link.url, "max", Consent::Everything).await?;
        nothing.expect(200, "We found no Business Profile in this account")?;
    }
    Ok(())
}

/// A57, OA-5: slow beyond what is waited for, cut after the tokens were issued, an error that calls itself a success, an outage. One
/// token request each, and the next try succeeds with the same link.
async fn what_breaks_on_the_way_costs_the_customer_another_try_and_nothing_else(
    database: Database,
) -> anyhow::Result<()> {
    let other = Other::start(STRICT, Quirks::strict()).await?;
    let stage = Stage::set_among(database, &[(&other, BASIC)]).await?;
    let link = link_to(&stage, other.id).await?;
    let outage = Trouble {
        before: true,
        status: Some(503),
        ..Trouble::at("exchange")
    };
    let lying = Trouble {
        status: Some(200),
        body: Some(serde_json::json!({"ok": false, "error": "invalid_grant"})),
        ..Trouble::at("exchange")
    };
    let troubles = [
        Trouble::at("exchange").cut(Cut::Head),
        Trouble::at("exchange").cut(Cut::Half),
        Trouble::at("exchange").late(5_000),
        Trouble::at("keys").cut(Cut::Head), // before they are known
        Trouble::at("userinfo").cut(Cut::Half),
        outage,
        lying,
    ];
    for (number, trouble) in troubles.into_iter().enumerate() {
        let shown = format!("{trouble:?}");
        other.server.trouble(trouble.times(1)).await;
        let back = Browser::new()?.sign_in(&link.url, "olive", Consent::Everything).await?;
        assert!(back.says("Accept & Connect"), "{shown}: {}", back.body);
        assert_eq!(other.token_requests(), number + 1, "{shown}");
        assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    }
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    Ok(())
}

/// OA-7: a server that signs, but leaves the nonce out, could be handing over somebody else's sign-in.
///
/// Mutant: when an identity token without a nonce is believed, the picker is shown, and this fails.
async fn an_identity_token_of_another_sign_in_connects_nothing(database: Database) -> anyhow::Result<()> {
    let careless = Quirks {
        nonce_in_id_token: false,
        ..Quirks::strict()
    };
    let other = Other::start(STRICT, careless).await?;
    let stage = Stage::set_among(database, &[(&other, BASIC)]).await?;
    let link = link_to(&stage, other.id).await?;
    let back = Browser::new()?.sign_in(&link.url, "olive", Consent::Everything).await?;
    assert!(back.says("Accept & Connect"), "{}", back.body);
    assert_eq!((stage.pending_credentials().await?, stage.credentials().await?), (0, 0));
    Ok(())
}

/// A link to one of the providers, for a bakery of its own.
pub(super) async fn link_to(stage: &Stage, provider: &'static str) -> anyhow::Result<Issued> {
    let issue = Issue {
        provider: Some(provider),
        ..Issue::default()
    };
    stage.agency.link_with(&stage.agency.bakery().await?, &issue).await
}

//! Providers that are not Google, connected by configuration alone: the strict, the lax, and those with a mood.

use std::time::Duration;

use grantlink_tests::{
    conformance::Database,
    harness::{Browser, Consent, Issue, Issued, Other, Stage},
    on_both_databases,
};
use reqwest::StatusCode;
use serde_json::json;
use simulator::generic::{Cut, ErrorStyle, ExpiresIn, Listings, Quirks, ShownBy, Trouble};
use tokio::time::sleep;

use crate::flow::BAKERY;

on_both_databases!(
    the_strict_and_the_lax_connect_end_to_end,
    a_provider_that_keeps_to_no_standard_connects_all_the_same,
    what_breaks_on_the_way_costs_the_customer_another_try_and_nothing_else,
    an_identity_token_of_another_sign_in_connects_nothing,
    an_answer_to_a_renewal_that_broke_off_is_asked_for_once_more,
    a_store_that_is_away_while_the_answer_comes_costs_no_refresh_token,
    what_is_renewed_while_its_connection_ends_is_taken_back_too,
);

const STRICT: &str = "strict";
const LAX: &str = "lax";
/// Longer than a statement waits for a lock.
const AWAY: Duration = Duration::from_secs(7);
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

/// VA-4: the answer with the new tokens breaks off on its way. A provider that bears with the old token for a moment gives them once
/// more, and nobody notices; one that bears with nothing ends them, and that is told.
///
/// Mutant: without the second request, what is read is the old token in its last moments, and this fails.
async fn an_answer_to_a_renewal_that_broke_off_is_asked_for_once_more(database: Database) -> anyhow::Result<()> {
    let kind = Quirks {
        reuse_grace_seconds: 60,
        ..read_is_renewed()
    };
    let hard = Other::start(STRICT, read_is_renewed()).await?;
    let kind = Other::start("kind", kind).await?;
    let stage = Stage::set_among(database, &[(&kind, BASIC), (&hard, BASIC)]).await?;
    for (other, bears) in [(&kind, true), (&hard, false)] {
        let link = link_to(&stage, other.id).await?;
        Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
        let mut before = stage.agency.credentials(&link.integration).await?.ok()?;
        other
            .server
            .trouble(Trouble::at("refresh").cut(Cut::Half).times(1))
            .await;
        let after = loop {
            let after = stage.agency.credentials(&link.integration).await?;
            if other.server.troubles().await == 0 {
                break after;
            }
            before = after.ok()?; // somebody else was just renewing it
        };
        if bears {
            assert_ne!(after.ok()?["access_token"], before["access_token"]);
        } else {
            let ended = stage.agency.credentials(&link.integration).await?;
            assert_eq!(
                (ended.status.as_u16(), &ended.json()?["reason"]),
                (409, &"expired_or_revoked".into())
            );
        }
        let audit = other.server.audit().await;
        assert_eq!(
            (audit.reuse_detections, audit.accounts[0].live_families),
            (u32::from(!bears), u32::from(bears))
        );
    }
    Ok(())
}

/// VA-4: the provider gives new tokens and forgets the old ones, and at that moment the store is away for longer than a statement waits.
/// The new ones are held until it is back.
///
/// Mutant seen, on SQLite, where it waits for that lock alone: when they are given up with the first refusal, nothing works any more.
async fn a_store_that_is_away_while_the_answer_comes_costs_no_refresh_token(database: Database) -> anyhow::Result<()> {
    let other = Other::start(STRICT, read_is_renewed()).await?;
    let stage = Stage::set_among(database, &[(&other, BASIC)]).await?;
    let link = link_to(&stage, other.id).await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    let before = stage.agency.credentials(&link.integration).await?.ok()?;
    other.server.trouble(Trouble::at("refresh").late(1_500).times(1)).await;
    let (agency, integration) = (stage.agency.clone(), link.integration.clone());
    let reading = tokio::spawn(async move { agency.credentials(&integration).await });
    until!("it is asked", other.server.troubles().await == 0);
    let hold = stage.database.hold_the_vault().await?;
    sleep(AWAY).await; // a time-out can only be waited for
    hold.release().await?;
    reading.await??; // whatever it was told

    until!("there is a new one", {
        let after = stage.agency.credentials(&link.integration).await?;
        after.status.is_success() && after.ok()?["access_token"] != before["access_token"]
    });
    let audit = other.server.audit().await;
    assert_eq!((audit.reuse_detections, audit.accounts[0].live_families), (0, 1));
    Ok(())
}

/// VA-4, C26: a connection is taken off while its credentials are renewed. What the provider gives then is nobody's any more, and does not
/// live on there: to take back what it replaced would do nothing.
///
/// Mutant seen: when it is dropped without a word, it lives on, and this fails.
async fn what_is_renewed_while_its_connection_ends_is_taken_back_too(database: Database) -> anyhow::Result<()> {
    let other = Other::start(STRICT, read_is_renewed()).await?;
    let stage = Stage::set_among(database, &[(&other, BASIC)]).await?;
    while ends_while_it_is_renewed(&stage, &other).await?.is_success() {} // the answer was faster
    until!(
        "nothing lives on",
        other.server.audit().await.accounts[0].live_families == 0
    );
    Ok(())
}

/// How a read goes on whose connection is taken off while the provider is asked.
async fn ends_while_it_is_renewed(stage: &Stage, other: &Other) -> anyhow::Result<StatusCode> {
    let link = link_to(stage, other.id).await?;
    Browser::new()?.complete(&link.url, "olive", BAKERY).await?;
    other.server.trouble(Trouble::at("refresh").late(1_500).times(1)).await;
    let (agency, integration) = (stage.agency.clone(), link.integration.clone());
    let reading = tokio::spawn(async move { agency.credentials(&integration).await });
    until!("it is asked", other.server.troubles().await == 0);
    let disconnect = format!("/integrations/{}/disconnect", link.integration);
    stage.agency.post(&disconnect, &json!({})).await?.ok()?;
    Ok(reading.await??.status)
}

/// Every read renews.
fn read_is_renewed() -> Quirks {
    Quirks {
        access_token_seconds: 120,
        ..Quirks::strict()
    }
}

/// A link to one of the providers, for a bakery of its own.
pub(super) async fn link_to(stage: &Stage, provider: &'static str) -> anyhow::Result<Issued> {
    let issue = Issue {
        provider: Some(provider),
        ..Issue::default()
    };
    stage.agency.link_with(&stage.agency.bakery().await?, &issue).await
}

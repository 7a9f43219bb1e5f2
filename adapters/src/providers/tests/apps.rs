//! Apps of their own kind, by configuration alone.

use application::ports::provider::{Answer, Granted, Listing, ProviderError};
use domain::{integration::Capability, provider::ListingRef};
use serde_json::{Value, json};

use super::{NOW, Only, ProviderConfig, Secrets, credential};
use crate::{
    http::fake::{Fake, Heard, Say},
    providers::{AccountFields, ListingApi},
};

/// A made-up app that speaks nothing of Google's.
pub(super) fn app(base: &str) -> ProviderConfig {
    ProviderConfig {
        id: "crumb".to_owned(),
        name: "Crumb CRM".to_owned(),
        client_id: "our-client".to_owned(),
        client_secret: "our-secret".into(),
        authorize_url: format!("{base}/authorize"),
        token_url: format!("{base}/token"),
        userinfo_url: format!("{base}/api/me"),
        account: AccountFields {
            subject: "/data/id".to_owned(),
            email: "/data/mails/0".to_owned(),
            name: String::new(),
        },
        listing_api: ListingApi {
            url: format!("{base}/api/workspaces?limit=2"),
            items: "/data".to_owned(),
            id: "/uid".to_owned(),
            title: "/label".to_owned(),
            address: "/place/town".to_owned(),
            next: "/next".to_owned(),
            next_parameter: String::new(),
        },
        timeout_seconds: 1,
        ..ProviderConfig::oauth2()
    }
}

async fn listings(config: ProviderConfig) -> Result<Vec<Listing>, ProviderError> {
    Only::new(config).connector().listings(&"token".into()).await
}

fn ids(listings: &[Listing]) -> Vec<(&str, &str, Option<&str>)> {
    let told = listings.iter().map(|listing| {
        let Listing {
            reference,
            title,
            address,
            ..
        } = listing;
        (reference.id.as_str(), title.as_str(), address.as_deref())
    });
    told.collect()
}

/// A sign-in without scopes, without `nonce` and without an id token; its account has a number for an id.
#[tokio::test]
async fn an_app_without_openid_says_who_signed_in_where_it_is_told_to_look() {
    let fake = Fake::start(|heard| match heard.path.as_str() {
        "/token" => Say::Json(
            200,
            json!({"access_token": "t", "token_type": "bearer", "id_token": "of.no.use"}),
        ),
        _ => Say::Json(200, json!({"data": {"id": 104, "mails": ["olive@example.com"]}})),
    })
    .await;
    let us = Only::new(app(&fake.base)).connector();
    assert_eq!(us.redirect_uri(), "https://connect.example.com/oauth/callback/crumb");
    assert_eq!(
        (us.issuer(), us.about().product.as_str()),
        (fake.base.as_str(), "Crumb CRM")
    );
    let signed_in = us.exchange(&Secrets::new().exchange()).await.unwrap();
    assert_eq!(signed_in.account.subject, "104");
    assert_eq!(signed_in.account.email.as_deref(), Some("olive@example.com"));
    assert_eq!(
        (signed_in.account.name, signed_in.refresh_token.is_none()),
        (None, true)
    );
}

/// Pages by address, relative or not; each item once, numbers as texts, nothing without an id.
#[tokio::test]
async fn what_can_be_picked_is_read_by_pointers_page_by_page() {
    let fake = Fake::start(|heard: &Heard| {
        assert_eq!(heard.authorization.as_deref(), Some("Bearer token"));
        Say::Json(
            200,
            match heard.parameter("page") {
                None => json!({"data": [{"uid": 7, "label": "beta", "place": {"town": "Roma"}}, {"label": "nobody"}],
                           "next": "/api/workspaces?page=2"}),
                Some("2") => {
                    json!({"data": [{"uid": "x", "label": ""}, {"uid": "7", "label": "again"}], "next": "?page=3"})
                }
                _ => json!({"data": null, "next": null}),
            },
        )
    })
    .await;
    let found = listings(app(&fake.base)).await.unwrap();
    assert_eq!(ids(&found), [("7", "beta", Some("Roma")), ("x", "x", None)]);
    assert_eq!(fake.heard("/api/workspaces").await.len(), 3);
}

/// A cursor goes into a parameter, beside those that the address has.
#[tokio::test]
async fn the_next_page_may_be_a_cursor() {
    let fake = Fake::start(|heard: &Heard| {
        assert_eq!(heard.parameter("limit"), Some("2"));
        Say::Json(
            200,
            match heard.parameter("after") {
                None => json!([{"uid": "a", "cursor": "no"}]),
                Some(_) => json!([]),
            },
        )
    })
    .await;
    let mut config = app(&fake.base);
    config.listing_api.items = String::new();
    config.listing_api.next = "/0/uid".to_owned();
    config.listing_api.next_parameter = "after".to_owned();
    assert_eq!(ids(&listings(config).await.unwrap()), [("a", "a", None)]);
    assert_eq!(fake.heard("/api/workspaces").await[1].parameter("after"), Some("a"));
}

/// Nobody else sees the token, whatever an answer says.
///
/// Mutant seen: when a page's host is not compared, this fails.
#[tokio::test]
async fn a_list_that_leads_to_another_host_is_not_followed() {
    let elsewhere = Fake::start(|_| Say::Json(200, json!({"data": []}))).await;
    let next = format!("{}/api/workspaces", elsewhere.base);
    let fake = Fake::start(move |_| Say::Json(200, json!({"data": [], "next": next}))).await;
    let found = listings(app(&fake.base)).await;
    assert!(matches!(found, Err(ProviderError::Unavailable(_))), "{found:?}");
    assert!(elsewhere.heard("/api/workspaces").await.is_empty());
}

/// A list that has no end is shown as far as it goes.
#[tokio::test]
async fn a_list_that_leads_to_itself_ends() {
    let fake = Fake::start(|_| Say::Json(200, json!({"data": [{"uid": "a"}], "next": "?page=again"}))).await;
    assert_eq!(listings(app(&fake.base)).await.unwrap().len(), 1);
    assert_eq!(fake.heard("/api/workspaces").await.len(), 50);
}

#[tokio::test]
async fn what_a_list_refuses_or_does_not_hold_is_said() {
    let answers = [
        (401, json!({}), true),
        (403, json!({}), true),
        (500, json!({"data": []}), false),
        (200, json!({"ok": false, "error": "secret words"}), false),
        (200, json!({"data": {"a": 1}}), false),
    ];
    for (status, body, is_refusal) in answers {
        let fake = Fake::start(move |_| Say::Json(status, body.clone())).await;
        let error = listings(app(&fake.base)).await.unwrap_err();
        assert_eq!(
            matches!(error, ProviderError::Refused(_)),
            is_refusal,
            "{status}: {error}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

/// A2, A60: one question, whose status is the answer. A listing's id stays one part of the address.
#[tokio::test]
async fn a_connection_is_probed_by_one_address() {
    for (status, answer) in [
        (200, Answer::Allowed),
        (204, Answer::Allowed),
        (401, Answer::TokenRefused),
        (403, Answer::Denied),
        (404, Answer::Gone),
        (410, Answer::Gone),
        (429, Answer::Busy),
        (302, Answer::Unavailable),
        (500, Answer::Unavailable),
    ] {
        let fake = Fake::start(move |_| Say::Json(status, json!({}))).await;
        let mut config = app(&fake.base);
        config.probe_url = format!("{}/api/workspaces/{{listing}}", fake.base);
        let us = Only::new(config).connector();
        assert_eq!(us.capabilities(), [Capability::Access]);
        let at = |id: &str| ListingRef {
            id: id.to_owned(),
            account: None,
        };
        let probed = us.probe(&credential(None), &at("../a b?x=/é")).await;
        assert_eq!(probed[0].answer, answer, "{status}");
        assert_eq!(fake.heard("/api/workspaces/..%2Fa%20b%3Fx%3D%2F%C3%A9").await.len(), 1);
        assert_eq!(
            us.probe(&credential(None), &at("..")).await[0].answer,
            Answer::Unavailable
        );
        assert!(fake.heard("/api/").await.is_empty());
    }
    let silent = Only::new(app("http://127.0.0.1:1")).connector();
    let reference = ListingRef {
        id: "1".to_owned(),
        account: None,
    };
    assert!(silent.capabilities().is_empty() && silent.probe(&credential(None), &reference).await.is_empty());
}

/// B46: what a token that somebody brought is good for, and that it is ours.
///
/// Mutant seen: when nobody asks whose it is, this fails.
#[tokio::test]
async fn a_token_is_looked_into_and_one_of_another_app_is_refused() {
    let asked = |config: fn(&str) -> ProviderConfig, status: u16, body: Value| async move {
        let fake = Fake::start(move |_| Say::Json(status, body.clone())).await;
        Only::new(config(&fake.base)).connector().granted(&"token".into()).await
    };
    let rfc = |base: &str| ProviderConfig {
        introspect_url: format!("{base}/introspect"),
        ..app(base)
    };
    let google = |base: &str| ProviderConfig {
        introspect_url: format!("{base}/tokeninfo"),
        ..super::at(base)
    };
    let granted = |expires_at| Granted {
        scopes: Some(["crm".to_owned(), "email".to_owned()].into()),
        expires_at,
    };
    let ours = json!({"active": true, "client_id": "our-client", "scope": "crm email", "exp": NOW});
    assert_eq!(asked(rfc, 200, ours).await, Ok(granted(Some(NOW))));
    assert_eq!(asked(rfc, 200, json!({"active": true})).await, Ok(Granted::default()));
    let email = "crm https://www.googleapis.com/auth/userinfo.email";
    let ours = json!({"aud": "our-client", "azp": "our-client", "scope": email, "exp": NOW.to_string()});
    assert_eq!(asked(google, 200, ours).await, Ok(granted(Some(NOW))));

    let another = json!({"active": true, "client_id": "their-client", "aud": "their-client", "scope": "crm email"});
    for refused in [
        asked(rfc, 200, another.clone()).await,
        asked(google, 200, another).await,
        asked(rfc, 200, json!({"active": false})).await,
        asked(google, 400, json!({"error": "invalid_token"})).await,
    ] {
        assert!(matches!(refused, Err(ProviderError::Refused(_))), "{refused:?}");
    }
    let unclear = [
        asked(rfc, 200, json!({})).await,
        asked(google, 200, json!({"scope": "crm"})).await,
    ];
    assert!(
        unclear
            .iter()
            .all(|said| matches!(said, Err(ProviderError::Unavailable(_))))
    );
    assert!(matches!(
        asked(rfc, 401, json!({})).await,
        Err(ProviderError::Misconfigured(_))
    ));
}

/// The token that is looked into stands in the form, beside our client; at Google in the address, as it wants it.
#[tokio::test]
async fn a_token_that_is_looked_into_is_sent_as_the_provider_wants_it() {
    let fake = Fake::start(|_| Say::Json(200, json!({"active": true, "aud": "our-client"}))).await;
    let both = [
        ProviderConfig {
            introspect_url: format!("{}/introspect", fake.base),
            ..app(&fake.base)
        },
        ProviderConfig {
            introspect_url: format!("{}/tokeninfo", fake.base),
            ..super::at(&fake.base)
        },
    ];
    for config in both {
        Only::new(config)
            .connector()
            .granted(&"ya29.brought".into())
            .await
            .unwrap();
    }
    let form = &fake.heard("/introspect").await[0];
    assert!(
        form.body.contains("token=ya29.brought") && form.body.contains("client_secret=our-secret"),
        "{}",
        form.body
    );
    assert!(form.query.is_empty());
    assert_eq!(
        fake.heard("/tokeninfo").await[0].parameter("access_token"),
        Some("ya29.brought")
    );
}

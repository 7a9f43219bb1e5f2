//! What Google shows on a page of its own, and the application never hears of.

use grantlink_simulator::personas::OLIVE;
use grantlink_simulator::{Simulator, SimulatorConfig, StartError};
use reqwest::StatusCode;
use reqwest::header::USER_AGENT;

use crate::support::{CALLBACK, CLIENT, Stage};

#[tokio::test]
async fn a_redirect_address_must_match_letter_by_letter() {
    let mut stage = Stage::set().await;
    let wrong = [
        format!("{CALLBACK}/"),
        CALLBACK.replace("http:", "https:"),
        CALLBACK.replace("callback", "Callback"),
        format!("{CALLBACK}?x=1"),
    ];
    for address in wrong {
        let page = stage.authorize(&[("redirect_uri", &address)]).await;
        page.assert_refused(StatusCode::BAD_REQUEST, "redirect_uri_mismatch");
    }
}

#[tokio::test]
async fn an_unknown_application_is_not_sent_back_anywhere() {
    let mut stage = Stage::set().await;
    let page = stage.authorize(&[("client_id", "nobody")]).await;
    page.assert_refused(StatusCode::UNAUTHORIZED, "invalid_client");
    assert!(page.body.contains("The OAuth client was not found."));
}

#[tokio::test]
async fn a_request_with_something_missing_or_wrong_is_refused() {
    let mut stage = Stage::set().await;
    let wrong = [
        ("client_id", ""),
        ("redirect_uri", ""),
        ("response_type", ""),
        ("response_type", "token"),
        ("response_mode", "fragment"),
        ("scope", ""),
        ("scope", " "),
        ("access_type", "always"),
        ("prompt", "login"),
        ("prompt", "none consent"),
        ("code_challenge", ""),
        ("code_challenge", "short"),
        ("code_challenge_method", "S512"),
    ];
    for change in wrong {
        stage
            .authorize(&[change])
            .await
            .assert_refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    stage
        .authorize(&[("scope", "openid nonsense")])
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "invalid_scope");
    let twice = [("state", "one"), ("state", "two")];
    stage
        .authorize(&twice)
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "single value: state");
}

#[tokio::test]
async fn a_google_that_insists_on_pkce_refuses_requests_without() {
    let mut stage = Stage::set_with(SimulatorConfig {
        require_pkce: true,
        ..SimulatorConfig::default()
    })
    .await;
    let page = stage
        .authorize(&[("code_challenge", ""), ("code_challenge_method", "")])
        .await;
    page.assert_refused(StatusCode::BAD_REQUEST, "code_challenge");
    assert!(stage.sign_in(OLIVE, &[]).await.callback().contains_key("code"));
}

#[tokio::test]
async fn browsers_inside_other_apps_are_turned_away() {
    let stage = Stage::set().await;
    let embedded = [
        "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A; wv) AppleWebKit/537.36 Version/4.0 Chrome/129.0 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1 [FBAN/FBIOS;FBAV/470.0]",
    ];
    let real = [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0 Mobile Safari/537.36",
    ];
    let query = [
        ("client_id", CLIENT),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid"),
    ];
    for (browsers, status) in [(&embedded[..], StatusCode::FORBIDDEN), (&real[..], StatusCode::FOUND)] {
        for browser in browsers {
            let request = stage
                .http
                .get(stage.url("/o/oauth2/v2/auth"))
                .query(&query)
                .header(USER_AGENT, *browser);
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), status, "{browser}");
            let refused = response.text().await.unwrap().contains("disallowed_useragent");
            assert_eq!(refused, status == StatusCode::FORBIDDEN);
        }
    }
}

#[tokio::test]
async fn a_sign_in_left_open_for_too_long_has_ended() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    stage.google.clock().advance(3601);
    stage
        .choose(&chooser, OLIVE)
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "start again");
}

#[tokio::test]
async fn an_account_that_does_not_exist_cannot_be_chosen() {
    let mut stage = Stage::set().await;
    let chooser = stage.authorize(&[]).await;
    stage
        .choose(&chooser, "mallory")
        .await
        .assert_refused(StatusCode::BAD_REQUEST, "invalid_request");
}

#[tokio::test]
async fn it_does_not_listen_where_others_could_reach_it() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let refused = Simulator::start(SimulatorConfig {
        listen,
        ..SimulatorConfig::default()
    })
    .await;
    assert!(matches!(refused, Err(StartError::NotLoopback(_))));
}

#[tokio::test]
async fn a_public_address_is_an_origin_and_nothing_more() {
    for url in [
        "idp.localhost",
        "ftp://idp.localhost",
        "http://idp.localhost/google",
        "http://idp.localhost/?x",
    ] {
        let public_url = Some(url.to_owned());
        let refused = Simulator::start(SimulatorConfig {
            public_url,
            ..SimulatorConfig::default()
        })
        .await;
        assert!(matches!(refused, Err(StartError::InvalidPublicUrl(_))), "{url}");
    }
}

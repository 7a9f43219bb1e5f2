//! A provider that is not Google, in all its moods.

use std::time::Duration;

use grantlink_simulator::generic::{
    Cut, ErrorStyle, ExpiresIn, GenericConfig, GenericServer, Quirks, RunningGeneric, ShownBy, Trouble,
};
use grantlink_simulator::personas::OLIVE;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{CALLBACK, CHALLENGE, CLIENT, SECRET, Text, VERIFIER, client};

struct Scene {
    server: RunningGeneric,
    http: Client,
}

impl Scene {
    async fn set(quirks: Quirks) -> Self {
        let config = GenericConfig {
            clients: vec![client()],
            quirks,
            ..GenericConfig::default()
        };
        let http = Client::builder().redirect(reqwest::redirect::Policy::none());
        Self {
            server: GenericServer::start(config).await.unwrap(),
            http: http.no_proxy().build().unwrap(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.base_url())
    }

    async fn authorize(&self, changes: &[(&str, &str)]) -> Response {
        let mut query = vec![
            ("client_id", CLIENT),
            ("redirect_uri", CALLBACK),
            ("response_type", "code"),
            ("scope", "read write"),
            ("state", "a-state"),
            ("nonce", "a-nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        query.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        query.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        let request = self.http.get(self.url("/authorize")).query(&query);
        request.send().await.unwrap()
    }

    /// The address that the browser is sent back to.
    async fn signed_in(&self, changes: &[(&str, &str)]) -> reqwest::Url {
        let chooser = location(&self.authorize(changes).await);
        let (_, interaction) = chooser.split_once("interaction=").unwrap();
        for (path, field) in [
            ("/signin/accounts", ("account", OLIVE)),
            ("/signin/consent", ("decision", "allow")),
        ] {
            let form = [("interaction", interaction), field];
            let request = self.http.post(self.url(path)).form(&form);
            let back = location(&request.send().await.unwrap());
            if path == "/signin/consent" {
                return back.parse().unwrap();
            }
        }
        unreachable!()
    }

    async fn code(&self) -> String {
        let back = self.signed_in(&[]).await;
        let code = back.query_pairs().find(|(name, _)| name == "code").unwrap();
        code.1.into_owned()
    }

    async fn token(&self, form: &[(&str, &str)]) -> reqwest::Result<Response> {
        let request = self.http.post(self.url("/token")).basic_auth(CLIENT, Some(SECRET));
        request.form(form).send().await
    }

    async fn exchange(&self, code: &str, verifier: &str) -> (StatusCode, Value) {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", verifier),
        ];
        read(self.token(&form).await.unwrap()).await
    }

    async fn tokens(&self) -> Value {
        let (status, tokens) = self.exchange(&self.code().await, VERIFIER).await;
        assert_eq!(status, StatusCode::OK, "{tokens}");
        tokens
    }

    async fn refresh(&self, token: &str) -> (StatusCode, Value) {
        read(self.token(&refreshing(token)).await.unwrap()).await
    }
}

fn refreshing(token: &str) -> [(&str, &str); 2] {
    [("grant_type", "refresh_token"), ("refresh_token", token)]
}

async fn read(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

fn location(response: &Response) -> String {
    let location = response.headers().get("location");
    location.unwrap().to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_strict_server_insists() {
    let scene = Scene::set(Quirks::strict()).await;
    for missing in [
        ("code_challenge", ""),
        ("nonce", ""),
        ("redirect_uri", "http://connect.localhost:9/callback/google/"),
    ] {
        let refused = scene.authorize(&[missing]).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{missing:?}");
    }
    let back = scene.signed_in(&[]).await;
    assert!(
        back.query_pairs()
            .any(|(name, value)| name == "iss" && value == scene.server.base_url())
    );
    let (status, refused) = scene.exchange(&scene.code().await, &"x".repeat(43)).await;
    assert_eq!(
        (status, refused["error"].as_str()),
        (StatusCode::BAD_REQUEST, Some("invalid_grant"))
    );
    let tokens = scene.tokens().await;
    assert!(tokens["id_token"].is_string() && tokens["refresh_token"].is_string());
    assert_eq!(tokens["scope"], "read write");
}

#[tokio::test]
async fn a_lax_server_does_not_care() {
    let scene = Scene::set(Quirks::lax()).await;
    let lazily = [("code_challenge", ""), ("code_challenge_method", ""), ("nonce", "")];
    let back = scene.signed_in(&lazily).await;
    assert!(!back.query_pairs().any(|(name, _)| name == "iss"));
    let (status, tokens) = scene.exchange(&scene.code().await, "anything").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((tokens.get("id_token"), tokens.get("scope")), (None, None));
}

#[tokio::test]
async fn a_refresh_token_that_was_replaced_takes_its_family_with_it() {
    let scene = Scene::set(Quirks::strict()).await;
    let first = scene.tokens().await.text("refresh_token");
    let (_, second) = scene.refresh(&first).await;
    assert_ne!(second.text("refresh_token"), first);
    assert_eq!(scene.refresh(&first).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        scene.refresh(&second.text("refresh_token")).await.0,
        StatusCode::BAD_REQUEST
    );
    let request = scene.http.get(scene.url("/userinfo"));
    let userinfo = request.bearer_auth(second.text("access_token")).send().await.unwrap();
    assert_eq!(userinfo.status(), StatusCode::UNAUTHORIZED);
    let audit = scene.server.audit().await;
    assert_eq!((audit.reuse_detections, audit.accounts[0].ended_families), (1, 1));
}

#[tokio::test]
async fn a_code_that_is_presented_again_takes_its_tokens_with_it() {
    let scene = Scene::set(Quirks::strict()).await;
    let code = scene.code().await;
    let (_, tokens) = scene.exchange(&code, VERIFIER).await;
    assert_eq!(scene.exchange(&code, VERIFIER).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(
        scene.refresh(&tokens.text("refresh_token")).await.0,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(scene.server.audit().await.codes_presented_twice, 1);
}

#[tokio::test]
async fn an_answer_that_breaks_off_was_given_all_the_same() {
    let scene = Scene::set(Quirks::strict()).await;
    for cut in [Cut::Head, Cut::Half] {
        let token = scene.tokens().await.text("refresh_token");
        scene.server.trouble(Trouble::at("refresh").cut(cut).times(1)).await;
        let broken = scene.token(&refreshing(&token)).await;
        let body = match broken {
            Ok(answer) => answer.bytes().await,
            Err(error) => Err(error),
        };
        assert!(body.is_err(), "{cut:?}");
        assert_eq!(scene.refresh(&token).await.0, StatusCode::BAD_REQUEST); // it was replaced meanwhile
    }
    assert_eq!(scene.server.audit().await.reuse_detections, 2);
}

#[tokio::test]
async fn troubles_hit_every_third_request_and_then_no_more() {
    let scene = Scene::set(Quirks::lax()).await;
    let token = scene.tokens().await.text("refresh_token");
    let trouble = json!({"at": "refresh", "every": 3, "times": 1, "before": true, "status": 502, "delay_ms": 1});
    let posted = scene.http.post(scene.url("/_simulator/troubles")).json(&trouble);
    assert_eq!(posted.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let mut statuses = vec![];
    for _ in 0..6 {
        statuses.push(scene.refresh(&token).await.0.as_u16());
    }
    assert_eq!(statuses, [200, 200, 502, 200, 200, 200]);
}

#[tokio::test]
async fn habits_change_while_it_runs() {
    let scene = Scene::set(Quirks::lax()).await;
    let patch = |change: Value| {
        let request = scene.http.patch(scene.url("/_simulator/quirks")).json(&change);
        async move { request.send().await.unwrap().status() }
    };
    let change = json!({"errors": ErrorStyle::OkFalse, "expires_in": ExpiresIn::Text, "scope_separator": ",",
        "scope_in_answer": true, "token_type_in_answer": false, "refresh_token_for_code": false, "email": false});
    assert_eq!(patch(change).await, StatusCode::OK);
    let tokens = scene.tokens().await;
    assert_eq!(
        (&tokens["expires_in"], &tokens["scope"]),
        (&json!("3600"), &json!("read write"))
    );
    assert_eq!((tokens.get("refresh_token"), tokens.get("token_type")), (None, None));
    let (status, refused) = scene.refresh("made-up").await;
    assert_eq!((status, &refused["ok"]), (StatusCode::OK, &json!(false)));
    assert_eq!(
        patch(json!({"errors": "status", "client_shown_by": ShownBy::Body})).await,
        StatusCode::OK
    );
    assert_eq!(scene.refresh("made-up").await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(
        patch(json!({"no_such_habit": true})).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
}

#[tokio::test]
async fn tokens_can_be_had_without_a_sign_in_and_taken_back_by_the_person() {
    let scene = Scene::set(Quirks::strict()).await;
    scene.server.change(|quirks| quirks.access_token_seconds = 2).await;
    let mint = json!({"persona": OLIVE, "client_id": CLIENT, "scopes": ["read"]});
    let minted = scene.http.post(scene.url("/_simulator/tokens")).json(&mint);
    let (_, minted) = read(minted.send().await.unwrap()).await;
    let (_, refreshed) = scene.refresh(&minted.text("refresh_token")).await;
    assert_eq!(refreshed["expires_in"], 2);
    scene.server.clock().advance(3);
    assert_eq!(scene.server.audit().await.accounts[0].access_tokens, 0);
    assert_eq!(scene.server.withdraw(OLIVE).await, 1);
    let again = scene.refresh(&refreshed.text("refresh_token")).await;
    assert_eq!(again.0, StatusCode::BAD_REQUEST);
    let late = Trouble::at("refresh").late(100_000);
    scene.server.trouble(late).await;
    let hung = tokio::time::timeout(Duration::from_millis(100), scene.refresh("made-up")).await;
    assert!(hung.is_err());
}

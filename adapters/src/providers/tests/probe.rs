//! What an account may do at a listing.

use application::ports::provider::Answer::{
    self, Allowed, AppRefused, Busy, Denied, Gone, TokenRefused, Unavailable, Unverified,
};
use domain::{
    integration::Capability::{Metrics, ReviewsRead, ReviewsReply},
    provider::ListingRef,
};
use serde_json::{Value, json};

use super::{Only, at, credential};
use crate::http::fake::{Fake, Heard, Say};

const REVIEWS: &str = "/v4/accounts/1/locations/7/reviews";
const FIGURES: &str = "/v1/locations/7:fetchMultiDailyMetricsTimeSeries";

fn listing() -> ListingRef {
    ListingRef {
        id: "locations/7".to_owned(),
        account: Some("accounts/1".to_owned()),
    }
}

/// What is answered for reading reviews, answering them, and figures.
async fn probed(fake: &Fake) -> [Answer; 3] {
    let answers = Only::new(at(&fake.base))
        .connector()
        .probe(&credential(None), &listing())
        .await;
    let of = |wanted| {
        answers
            .iter()
            .find(|probed| probed.capability == wanted)
            .unwrap()
            .answer
    };
    [of(ReviewsRead), of(ReviewsReply), of(Metrics)]
}

/// Google's own errors, as they are written in its documents.
fn refused(code: u16, reason: Option<&str>) -> Say {
    let details: Vec<Value> = reason.into_iter().map(|reason| json!({"reason": reason})).collect();
    Say::Json(
        code,
        json!({"error": {"code": code, "message": "no", "details": details}}),
    )
}

/// A listing of an account in good standing; a path answers otherwise.
async fn but(path: &'static str, answer: impl Fn() -> Say + Send + Sync + 'static) -> Fake {
    Fake::start(move |heard: &Heard| match heard.path.as_str() {
        asked if asked == path => answer(),
        "/v1/accounts/1" => Say::Json(200, json!({"name": "accounts/1", "type": "PERSONAL"})),
        "/v1/locations/7/VoiceOfMerchantState" => Say::Json(200, json!({"hasVoiceOfMerchant": true})),
        _ => Say::Json(200, json!({})),
    })
    .await
}

/// A2: one review, one day's figures, and nothing is written.
#[tokio::test]
async fn everything_is_asked_for_once_and_nothing_is_changed() {
    let fake = but("", || Say::Silence).await;
    assert_eq!(probed(&fake).await, [Allowed; 3]);
    let reviews = fake.heard(REVIEWS).await;
    assert_eq!((reviews.len(), reviews[0].query.as_str()), (1, "pageSize=1"));
    assert_eq!(reviews[0].authorization.as_deref(), Some("Bearer access"));
    let figures = fake.heard(FIGURES).await.remove(0);
    let part = |name: &str| figures.parameter(name).unwrap().to_owned();
    assert_eq!(part("dailyMetrics"), "CALL_CLICKS");
    let day = |end: &str| ["year", "month", "day"].map(|of| part(&format!("dailyRange.{end}_date.{of}")));
    assert_eq!(
        (day("start"), day("end")),
        (
            ["2026", "9", "17"].map(str::to_owned),
            ["2026", "9", "17"].map(str::to_owned)
        )
    );
}

/// A60: what is denied, gone or broken for one thing says nothing about the others. What says nothing is no answer.
///
/// Mutants: when a refusal counts as a listing that is gone, and when every answer is a yes, this fails.
#[tokio::test]
async fn each_refusal_has_its_meaning() {
    let cases = [
        (401, Some("ACCESS_TOKEN_EXPIRED"), TokenRefused),
        (403, None, Denied),
        (403, Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), Denied),
        (403, Some("SERVICE_DISABLED"), AppRefused),
        (404, None, Gone),
        (429, Some("RATE_LIMIT_EXCEEDED"), Busy),
        (400, None, Unavailable),
        (503, None, Unavailable),
    ];
    for (status, reason, meaning) in cases {
        let fake = but(FIGURES, move || refused(status, reason)).await;
        assert_eq!(probed(&fake).await, [Allowed, Allowed, meaning], "{status} {reason:?}");
        let fake = but(REVIEWS, move || refused(status, reason)).await;
        let expected = [meaning, meaning, Allowed];
        assert_eq!(
            probed(&fake).await,
            expected,
            "whoever may not see reviews cannot answer them: {status}"
        );
    }
    let nobody = but(FIGURES, || Say::Text(404, "no such page".to_owned())).await;
    assert_eq!(
        probed(&nobody).await,
        [Allowed, Allowed, Unavailable],
        "a wrong address"
    );
    let slow = but(REVIEWS, || Say::Silence).await;
    assert_eq!(probed(&slow).await, [Unavailable, Unavailable, Allowed]);
}

/// Reviews of a listing that is not verified are refused in words that say nothing; another API knows.
#[tokio::test]
async fn a_listing_that_is_not_verified_is_told_from_one_that_is_denied() {
    for status in [400, 403] {
        let fake = Fake::start(move |heard: &Heard| match heard.path.as_str() {
            REVIEWS => refused(status, None),
            _ => Say::Json(200, json!({})),
        })
        .await;
        assert_eq!(probed(&fake).await, [Unverified, Unverified, Allowed], "{status}");
    }
}

/// Whoever is too low at the account may read. Of a site manager nobody says whether it may answer.
#[tokio::test]
async fn the_right_to_answer_follows_from_the_role() {
    let cases = [
        (json!({"type": "LOCATION_GROUP", "role": "MANAGER"}), Allowed),
        (
            json!({"type": "LOCATION_GROUP", "permissionLevel": "OWNER_LEVEL"}),
            Allowed,
        ),
        (json!({"type": "LOCATION_GROUP", "role": "SITE_MANAGER"}), Unavailable),
        (json!({"type": "LOCATION_GROUP"}), Unavailable),
    ];
    for (account, meaning) in cases {
        let shown = account.to_string();
        let fake = but("/v1/accounts/1", move || Say::Json(200, account.clone())).await;
        assert_eq!(probed(&fake).await, [Allowed, meaning, Allowed], "{shown}");
    }
}

//! Token answers as the standard has them, whatever the server made of it. All of this has been met: errors with 200, a lifetime as a
//! text, no word on the token's type.

use reqwest::StatusCode;
use serde_json::{Map, Value, json};

/// The same answer as the standard would have it; one that is no JSON object is left as it is.
pub(super) fn standard(status: StatusCode, body: Vec<u8>) -> (StatusCode, Vec<u8>) {
    let Ok(Value::Object(mut answer)) = serde_json::from_slice(&body) else {
        return (status, body);
    };
    if !status.is_success() {
        return (status, body);
    }
    if let Some(error) = refusal(&answer) {
        return (
            StatusCode::BAD_REQUEST,
            json!({ "error": error }).to_string().into_bytes(),
        );
    }
    if !answer.contains_key("token_type") {
        answer.insert("token_type".to_owned(), json!("bearer"));
    }
    if let Some(told) = answer.remove("expires_in")
        && let Some(seconds) = seconds(&told)
    {
        answer.insert("expires_in".to_owned(), json!(seconds));
    }
    (status, Value::Object(answer).to_string().into_bytes())
}

/// The error in an answer that calls itself a success. A token besides would make it one.
pub(super) fn refusal(answer: &Map<String, Value>) -> Option<&str> {
    let is_refused = answer.get("ok") == Some(&json!(false)) || answer.get("error").is_some_and(Value::is_string);
    let has_token = answer.contains_key("access_token");
    (is_refused && !has_token).then(|| answer.get("error").and_then(Value::as_str).unwrap_or("unnamed"))
}

/// What is no number of seconds says nothing.
fn seconds(told: &Value) -> Option<u64> {
    match told {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use serde_json::{Value, json};

    use super::standard;

    fn read(status: u16, body: &Value) -> (u16, Value) {
        let status = StatusCode::from_u16(status).unwrap();
        let (status, body) = standard(status, body.to_string().into_bytes());
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn an_error_with_200_is_an_error() {
        for told in [
            json!({"error": "invalid_grant"}),
            json!({"ok": false, "error": "invalid_grant"}),
        ] {
            assert_eq!(read(200, &told), (400, json!({"error": "invalid_grant"})));
        }
        assert_eq!(read(200, &json!({"ok": false})), (400, json!({"error": "unnamed"})));
        let given = json!({"access_token": "a", "token_type": "bearer", "error": ""});
        assert_eq!(read(200, &given), (200, given));
    }

    #[test]
    fn a_lifetime_is_a_number_or_unknown() {
        let told = |expires_in: Value| {
            let answer = json!({"access_token": "a", "token_type": "bearer", "expires_in": expires_in});
            read(200, &answer).1.get("expires_in").cloned()
        };
        assert_eq!(told(json!("3600")), Some(json!(3600)));
        assert_eq!(told(json!(1)), Some(json!(1)));
        for nonsense in [json!("soon"), json!(-1), json!(null), json!([])] {
            assert_eq!(told(nonsense), None);
        }
    }

    #[test]
    fn a_token_without_a_type_is_a_bearer_token() {
        let answer = read(200, &json!({"access_token": "a"})).1;
        assert_eq!(answer["token_type"], "bearer");
        let mac = json!({"access_token": "a", "token_type": "mac"});
        assert_eq!(read(200, &mac), (200, mac));
    }

    #[test]
    fn other_answers_stay_as_they_are() {
        assert_eq!(
            standard(StatusCode::OK, b"<html>".to_vec()),
            (StatusCode::OK, b"<html>".to_vec())
        );
        let refused = json!({"error": "invalid_client", "ok": true});
        assert_eq!(read(401, &refused), (401, refused));
    }
}

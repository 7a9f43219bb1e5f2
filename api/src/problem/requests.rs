//! Requests that cannot be understood, as problems. What the parsers say is meant for who wrote them: here it becomes what to send
//! instead.

use axum::{
    extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection},
    http::StatusCode,
};

use super::{Kind, Problem};
use crate::agency_api::LONGEST_BODY;

/// What parsers say, and what that means for who sent it. The first that is found counts.
const MEANINGS: [(&str, &str); 20] = [
    ("UUID parsing failed", UUID),
    ("expected a formatted UUID string", UUID),
    ("invalid digit", WHOLE),
    ("expected u8", WHOLE),
    ("expected u16", WHOLE),
    ("expected u32", WHOLE),
    ("expected u64", WHOLE),
    ("expected usize", WHOLE),
    ("cannot parse integer from empty string", WHOLE),
    ("number too large", "is too large a number"),
    ("premature end of input", TIME),
    ("input contains invalid characters", TIME),
    ("input is out of range", TIME),
    ("trailing input", TIME),
    ("RFC 3339 formatted", TIME),
    ("expected a boolean", "must be true or false"),
    ("expected struct", "must be a JSON object"),
    ("expected a sequence", "must be a JSON list"),
    ("expected a string", "must be a string"),
    ("was not `true` or `false`", "must be true or false"),
];
const UUID: &str = "must be a UUID, like 018f3c2a-7b1e-7c3d-9a4b-0123456789ab";
const WHOLE: &str = "must be a whole number, not below 0";
const TIME: &str =
    "must be a day like 2026-11-21, or where a time is asked for one with its offset, like 2026-11-21T12:00:00Z";

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return too_large();
        }
        Self::new(Kind::MalformedBody).detail("the body could not be read to its end")
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let kind = match &rejection {
            JsonRejection::JsonDataError(_) => Kind::InvalidBody,
            JsonRejection::MissingJsonContentType(_) => Kind::UnsupportedMediaType,
            JsonRejection::BytesRejection(_) => return too_large(),
            _ => Kind::MalformedBody, // a syntax error, or what axum may add
        };
        let text = rejection.body_text();
        let cause = cause_of(&text);
        if kind == Kind::InvalidBody {
            return Self::new(kind).detail(&in_plain_words(without_place(cause)));
        }
        Self::new(kind).detail(cause)
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(Kind::InvalidPath).detail("an id is a UUID, like 018f3c2a-7b1e-7c3d-9a4b-0123456789ab")
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        let said = in_plain_words(cause_of(&rejection.body_text()));
        let unknown = said.find("unknown field").unwrap_or_default(); // it names itself
        let said = said[unknown..]
            .replace("there are no fields", "this path takes none")
            .replace(" field `", " parameter `");
        Self::new(Kind::InvalidQuery).detail(&said)
    }
}

fn too_large() -> Problem {
    Problem::new(Kind::BodyTooLarge).detail(&format!("a body has {LONGEST_BODY} bytes at most"))
}

/// What was wrong and where, without axum's words before it.
fn cause_of(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, cause)| cause)
}

/// Without line and column: the field says where.
fn without_place(cause: &str) -> &str {
    cause.rsplit_once(" at line ").map_or(cause, |(said, _)| said)
}

/// The field where one is named, and what must stand there.
fn in_plain_words(cause: &str) -> String {
    let is_field = |field: &&str| !field.contains([' ', '`']);
    let named = cause.split_once(": ").filter(|(field, _)| is_field(field));
    let (field, said) = named.map_or(("", cause), |(field, said)| (field, said));
    let meaning = MEANINGS.iter().find(|(words, _)| said.contains(words));
    let choice = said
        .strip_prefix("unknown variant ")
        .and_then(|rest| rest.split_once(", expected "));
    match (meaning, choice) {
        (Some((_, meaning)), _) => format!("{field} {meaning}").trim_start().to_owned(),
        (None, Some((_, choices))) => format!("{field} must be {choices}").trim_start().to_owned(),
        (None, None) => cause.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::{Json, extract::Query, http::Uri};
    use chrono::{DateTime, NaiveDate, Utc};
    use serde::Deserialize;
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it can be read counts")]
    struct Wanted {
        limit: Option<u32>,
        id: Option<Uuid>,
        date: Option<NaiveDate>,
        at: Option<DateTime<Utc>>,
        security: Option<Choice>,
        is_so: Option<bool>,
        several: Option<Vec<Inner>>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[serde(rename = "name")]
        _name: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Choice {
        Tls,
        Starttls,
    }

    fn of_query(query: &str) -> String {
        let uri: Uri = format!("/?{query}").parse().unwrap();
        let rejection = Query::<Wanted>::try_from_uri(&uri).unwrap_err();
        Problem::from(rejection).words().to_owned()
    }

    fn of_body(body: &str) -> String {
        let rejection = Json::<Wanted>::from_bytes(body.as_bytes()).unwrap_err();
        Problem::from(rejection).words().to_owned()
    }

    /// What a caller reads says what to send, and names no type of the code.
    #[test]
    fn a_wrong_value_is_told_what_it_must_be() {
        let (_, _) = (Choice::Tls, Choice::Starttls);
        for query in ["limit=ten", "limit=-1", "limit="] {
            assert_eq!(of_query(query), format!("limit {WHOLE}"), "{query}");
        }
        assert_eq!(of_query("limit=99999999999"), "limit is too large a number");
        assert_eq!(of_query("id=7"), format!("id {UUID}"));
        for query in ["date=2026", "date=today", "date=2026-13-01", "date=2026-11-21T10"] {
            assert_eq!(of_query(query), format!("date {TIME}"), "{query}");
        }
        assert_eq!(of_query("is_so=maybe"), "is_so must be true or false");
        assert_eq!(of_query("security=x"), "security must be `tls` or `starttls`");
        assert!(of_query("no_such=1").starts_with("unknown parameter `no_such`"));
        assert_eq!(of_body(r#"{"limit": "48"}"#), format!("limit {WHOLE}"));
        assert_eq!(of_body(r#"{"limit": -1}"#), format!("limit {WHOLE}"));
        assert_eq!(of_body(r#"{"id": 7}"#), format!("id {UUID}"));
        assert_eq!(of_body(r#"{"at": "tomorrow"}"#), format!("at {TIME}"));
        assert_eq!(of_body(r#"{"several": 7}"#), "several must be a JSON list");
        assert_eq!(of_body(r#"{"several": [7]}"#), "several[0] must be a JSON object");
        assert_eq!(
            of_body(r#"{"several": [{"name": 7}]}"#),
            "several[0].name must be a string"
        );
        assert!(of_body(r#"{"several": [{}]}"#).contains("several[0]: missing field `name`"));
        assert!(!of_body(r#"{"x": 1}"#).contains("line"));
    }
}

//! The forms of an answer that is also a file: JSON, one JSON object a line, or CSV for a spreadsheet.

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderName, HeaderValue,
        header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::problem::{Kind, Problem};

/// Where the next part begins, for forms that have no place for it.
const NEXT_CURSOR: HeaderName = HeaderName::from_static("grantlink-next-cursor");

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object with everything in it.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// A table for a spreadsheet.
    Csv,
}

impl Format {
    /// What the query names, or the first form in `Accept` that there is; JSON where neither says anything.
    pub(super) fn asked(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        match query {
            Some("json") => Ok(Self::Json),
            Some("ndjson") => Ok(Self::Ndjson),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(Problem::new(Kind::InvalidQuery).detail("format is json, ndjson or csv")),
            None => Ok(accepted(headers).find_map(of_type).unwrap_or(Self::Json)),
        }
    }

    /// Whether it is a file, which may be longer than a page.
    pub(super) fn is_file(self) -> bool {
        self != Self::Json
    }
}

/// The media types that a caller takes, in the order in which they stand.
pub(super) fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let all = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(','))
        .filter_map(|one| one.split(';').next())
        .map(str::trim)
}

fn of_type(media_type: &str) -> Option<Format> {
    match media_type.to_ascii_lowercase().as_str() {
        "application/json" | "application/*" | "*/*" => Some(Format::Json),
        "application/x-ndjson" | "application/ndjson" => Some(Format::Ndjson),
        "text/csv" | "text/*" => Some(Format::Csv),
        _ => None,
    }
}

/// A row of a table.
pub(crate) trait Row: Serialize {
    /// What its cells are called.
    const COLUMNS: &'static [&'static str];

    /// Its cells, in that order.
    fn cells(&self) -> Vec<String>;
}

/// Rows as a file, named for whoever saves it.
pub(super) fn file<R: Row>(format: Format, name: &str, rows: &[R], next_cursor: Option<&str>) -> Response {
    let (media_type, ending, text) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv", csv(rows)),
        Format::Json | Format::Ndjson => ("application/x-ndjson", "ndjson", ndjson(rows)),
    };
    let mut response = Body::from(text).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(saved_as) = HeaderValue::try_from(format!("attachment; filename=\"{name}.{ending}\"")) {
        headers.insert(CONTENT_DISPOSITION, saved_as);
    }
    if let Some(cursor) = next_cursor.and_then(|cursor| HeaderValue::try_from(cursor).ok()) {
        headers.insert(NEXT_CURSOR, cursor);
    }
    response
}

pub(crate) fn ndjson(rows: &[impl Serialize]) -> String {
    let lines = rows.iter().map(|row| serde_json::to_string(row).unwrap_or_default()); // our rows always become JSON
    lines.map(|line| line + "\n").collect()
}

/// RFC 4180, with its first line.
pub(crate) fn csv<R: Row>(rows: &[R]) -> String {
    let head = R::COLUMNS.iter().map(|column| (*column).to_owned()).collect();
    let lines = [head].into_iter().chain(rows.iter().map(Row::cells));
    lines.map(|cells| line(&cells)).collect()
}

fn line(cells: &[String]) -> String {
    let cells: Vec<_> = cells.iter().map(|cell| quoted(&harmless(cell))).collect();
    cells.join(",") + "\r\n"
}

/// What a spreadsheet would take for a formula is text: names come from people whom nobody trusts.
fn harmless(cell: &str) -> String {
    let first = cell.trim_start_matches([' ', '\u{a0}']).chars().next();
    match first {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => format!("'{cell}"),
        _ => cell.to_owned(),
    }
}

fn quoted(cell: &str) -> String {
    if cell.contains(['"', ',', ';', '\n', '\r', '\t', '\'']) || cell.starts_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A cell that may be empty.
pub(super) fn cell(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// A moment as a spreadsheet and a person read it.
pub(super) fn moment(at: domain::Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutant: without `harmless` this fails.
    #[test]
    fn no_cell_is_a_formula() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "  =cmd|' /C calc'!A0",
            "＝1",
        ] {
            assert!(
                line(&[formula.to_owned()]).trim_start_matches('"').starts_with('\''),
                "{formula}"
            );
        }
        assert_eq!(
            line(&["Anna".into(), "a \"b\", c".into()]),
            "Anna,\"a \"\"b\"\", c\"\r\n"
        );
    }

    #[test]
    fn the_query_wins_over_the_header_and_json_is_usual() {
        let headers = |accept: &str| HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
        let asked = |query, accept: &str| Format::asked(query, &headers(accept)).ok();
        assert_eq!(asked(None, "text/csv;q=0.9, */*"), Some(Format::Csv));
        assert_eq!(asked(None, "application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(asked(None, "image/png"), Some(Format::Json));
        assert_eq!(asked(Some("ndjson"), "text/csv"), Some(Format::Ndjson));
        assert_eq!(asked(Some("xlsx"), "text/csv"), None);
    }
}

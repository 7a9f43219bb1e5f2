//! Lists in pages. A page begins behind a row, not at a number, so what is written meanwhile moves nothing; and where it begins
//! is opaque, of no use to another tenant, in another list, or with other filters.

use std::convert::Infallible;

use application::ports::cipher::Cipher;
use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::request::Parts,
};
use domain::{Timestamp, ids::TenantId};
use projections::read::{Cursor, Page};
use uuid::Uuid;

use super::format::Format;
use crate::{
    problem::{Kind, Problem},
    state::Server,
};

/// The length of a page when the caller does not say.
const USUAL: u32 = 50;
/// The longest page.
const LONGEST: u32 = 200;
/// The longest part of a file.
const LONGEST_FILE: u32 = 2_000;
const SEPARATOR: &str = ".";
/// What may differ from page to page of one list.
const OF_THE_PAGE: [&str; 3] = ["limit", "cursor", "format"];

/// Which list is read: its path and its filters, in whatever order they were sent.
#[derive(Debug)]
pub(super) struct List(String);

impl<S: Sync> FromRequestParts<S> for List {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Nested routers shorten the request's own address.
        let whole = parts.extensions.get::<OriginalUri>().map(|uri| &uri.0);
        let uri = whole.unwrap_or(&parts.uri);
        Ok(Self::at(uri.path(), uri.query().unwrap_or_default()))
    }
}

impl List {
    fn at(path: &str, query: &str) -> Self {
        // A query that cannot be read is refused where its values are.
        let mut filters: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        filters.retain(|(name, _)| !OF_THE_PAGE.contains(&name.as_str()));
        filters.sort();
        Self(format!("{path}{filters:?}"))
    }

    /// For whom its cursors are sealed: the tenant, as a reader of this list alone.
    pub(super) fn reader(&self, tenant: TenantId) -> TenantId {
        TenantId(Uuid::new_v5(&tenant.0, self.0.as_bytes()))
    }
}

/// The page that a caller asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AskedPage {
    page: Page,
    reader: TenantId,
}

/// Reads what a caller asked for.
pub(super) fn asked(
    server: &Server,
    reader: TenantId,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<AskedPage, Problem> {
    let after = cursor
        .map(|text| open(server.app.cipher.as_ref(), reader, text))
        .transpose()?;
    let limit = self::limit(limit)?;
    let page = Page { after, limit };
    Ok(AskedPage { page, reader })
}

/// How many rows a page may have.
pub(super) fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=LONGEST => Ok(limit),
        _ => Err(Problem::new(Kind::InvalidQuery).detail(&format!("limit is a number from 1 to {LONGEST}"))),
    }
}

/// How many rows an answer of this form may have.
pub(super) fn limit_of(format: Format, asked: Option<u32>) -> Result<u32, Problem> {
    match asked {
        None if format.is_file() => Ok(LONGEST_FILE),
        Some(limit @ 1..=LONGEST_FILE) if format.is_file() => Ok(limit),
        Some(_) if format.is_file() => {
            Err(Problem::new(Kind::InvalidQuery).detail(&format!("limit is a number from 1 to {LONGEST_FILE}")))
        }
        asked => limit(asked),
    }
}

/// Says that a cursor is none of ours, or of another list.
pub(super) fn invalid_cursor() -> Problem {
    Problem::new(Kind::InvalidCursor)
        .detail("send a next_cursor as an earlier page of the same list gave it, with the same filters")
}

impl AskedPage {
    /// With the row behind it, which says whether there is a next page.
    pub(super) fn with_one_more(self) -> Page {
        Page {
            limit: self.page.limit + 1,
            ..self.page
        }
    }

    /// Cuts that row off again, and says where the next page begins.
    pub(super) fn cut<R>(
        self,
        server: &Server,
        mut rows: Vec<R>,
        place: impl Fn(&R) -> Cursor,
    ) -> (Vec<R>, Option<String>) {
        let length = self.page.limit as usize;
        let has_next = rows.len() > length;
        rows.truncate(length);
        let last = rows.last().filter(|_| has_next).map(place);
        let next = last.map(|cursor| seal(server.app.cipher.as_ref(), self.reader, cursor));
        (rows, next)
    }
}

/// A row's place as a text: its time and both halves of its id, each sealed.
fn seal(cipher: &dyn Cipher, reader: TenantId, cursor: Cursor) -> String {
    let (high, low) = cursor.id.as_u64_pair();
    let numbers = [cursor.at.timestamp_micros().cast_unsigned(), high, low];
    numbers.map(|number| cipher.seal_number(reader, number)).join(SEPARATOR)
}

/// The place that a text stands for.
fn open(cipher: &dyn Cipher, reader: TenantId, text: &str) -> Result<Cursor, Problem> {
    let parts = text.split(SEPARATOR).map(|part| cipher.open_number(reader, part));
    let numbers: Result<Vec<u64>, _> = parts.collect();
    let Ok([at, high, low]) = numbers.as_deref() else {
        return Err(invalid_cursor());
    };
    Ok(Cursor {
        at: Timestamp::from_timestamp_micros(at.cast_signed()).ok_or_else(invalid_cursor)?,
        id: Uuid::from_u64_pair(*high, *low),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutant: without the filters in the name of a list, this fails.
    #[test]
    fn a_list_is_its_path_and_its_filters() {
        let tenant = TenantId(Uuid::from_u128(1));
        let reader = |path, query| List::at(path, query).reader(tenant);
        let list = reader("/links", "status=pending&provider=google");
        assert_eq!(
            list,
            reader("/links", "limit=7&provider=google&cursor=x&status=%70ending")
        );
        assert_ne!(list, reader("/links", "status=pending"));
        assert_ne!(list, reader("/links", ""));
        assert_ne!(list, reader("/integrations", "status=pending&provider=google"));
        assert_ne!(
            list,
            List::at("/links", "status=pending&provider=google").reader(TenantId(Uuid::from_u128(2)))
        );
        assert_ne!(reader("/links", "").0, tenant.0, "a position is no cursor");
    }
}

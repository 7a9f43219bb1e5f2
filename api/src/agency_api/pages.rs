//! Lists in pages. A page begins behind a row, not at a number, so what is written meanwhile moves nothing; and where it begins
//! is opaque, of no use to another tenant.

use application::ports::cipher::Cipher;
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

/// The page that a caller asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AskedPage(Page);

/// Reads what a caller asked for.
pub(super) fn asked(
    server: &Server,
    tenant: TenantId,
    limit: Option<u32>,
    cursor: Option<&str>,
) -> Result<AskedPage, Problem> {
    let after = cursor
        .map(|text| open(server.app.cipher.as_ref(), tenant, text))
        .transpose()?;
    Ok(AskedPage(Page {
        after,
        limit: self::limit(limit)?,
    }))
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

/// Says that a cursor is none of ours.
pub(super) fn invalid_cursor() -> Problem {
    Problem::new(Kind::InvalidCursor).detail("send a next_cursor as an earlier page gave it")
}

impl AskedPage {
    /// With the row behind it, which says whether there is a next page.
    pub(super) fn with_one_more(self) -> Page {
        Page {
            limit: self.0.limit + 1,
            ..self.0
        }
    }

    /// Cuts that row off again, and says where the next page begins.
    pub(super) fn cut<R>(
        self,
        server: &Server,
        tenant: TenantId,
        mut rows: Vec<R>,
        place: impl Fn(&R) -> Cursor,
    ) -> (Vec<R>, Option<String>) {
        let length = self.0.limit as usize;
        let has_next = rows.len() > length;
        rows.truncate(length);
        let last = rows.last().filter(|_| has_next).map(place);
        let next = last.map(|cursor| seal(server.app.cipher.as_ref(), tenant, cursor));
        (rows, next)
    }
}

/// A row's place as a text: its time and both halves of its id, each sealed.
fn seal(cipher: &dyn Cipher, tenant: TenantId, cursor: Cursor) -> String {
    let (high, low) = cursor.id.as_u64_pair();
    let numbers = [cursor.at.timestamp_micros().cast_unsigned(), high, low];
    numbers.map(|number| cipher.seal_number(tenant, number)).join(SEPARATOR)
}

/// The place that a text stands for.
fn open(cipher: &dyn Cipher, tenant: TenantId, text: &str) -> Result<Cursor, Problem> {
    let parts = text.split(SEPARATOR).map(|part| cipher.open_number(tenant, part));
    let numbers: Result<Vec<u64>, _> = parts.collect();
    let Ok([at, high, low]) = numbers.as_deref() else {
        return Err(invalid_cursor());
    };
    Ok(Cursor {
        at: Timestamp::from_timestamp_micros(at.cast_signed()).ok_or_else(invalid_cursor)?,
        id: Uuid::from_u64_pair(*high, *low),
    })
}

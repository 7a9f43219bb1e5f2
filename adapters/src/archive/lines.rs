//! The lines of an archive, and reading them one by one.

use std::io::{BufRead, Read};

use domain::{
    Timestamp,
    ids::{EventId, InstallationId, TenantId},
    log::{Position, Recorded, SealedPersonal},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::ArchiveError;

/// The format's version.
pub(super) const FORMAT: u32 = 1;
/// No line comes near it; a file without line ends must not fill the memory.
const LONGEST_LINE: u64 = 64 << 20;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// The first one.
    Header(Header),
    /// An event.
    Event(Box<EventLine>),
    /// A row beside the log: the table's name and the row.
    Row(String, Map<String, Json>),
    /// The last one.
    Footer(Footer),
}

/// What is in the file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) format: u32,
    pub(super) installation: InstallationId,
    /// The first position.
    pub(super) from: Position,
    /// The last position.
    pub(super) to: Position,
    pub(super) with_vault: bool,
}

/// What makes the file whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Footer {
    pub(super) events: u64,
    pub(super) rows: u64,
    /// Over every byte before this line.
    pub(super) sha256: String,
}

/// An event as its row holds it; bytes as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLine {
    position: Position,
    event_id: Uuid,
    tenant_id: Uuid,
    aggregate_type: String,
    aggregate_id: String,
    sequence: u64,
    event_type: String,
    event_version: String,
    recorded_at: i64,
    payload: String,
    metadata: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    personal_subject: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    personal: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    personal_hash: Option<String>,
    hash: String,
}

impl EventLine {
    /// Where the event stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The event, as it is loaded from the log.
    pub(super) fn recorded(&self) -> Option<Recorded> {
        let personal = match (&self.personal_subject, &self.personal, &self.personal_hash) {
            (Some(subject), Some(sealed), Some(hash)) => Some(SealedPersonal {
                subject: subject.parse().ok()?,
                sealed: bytes(sealed)?,
                hash: bytes(hash)?.try_into().ok()?,
            }),
            (None, None, None) => None,
            _ => return None,
        };
        Some(Recorded {
            position: self.position,
            event_id: EventId(self.event_id),
            tenant_id: TenantId(self.tenant_id),
            aggregate_type: self.aggregate_type.clone(),
            aggregate_id: self.aggregate_id.clone(),
            sequence: self.sequence,
            event_type: self.event_type.clone(),
            event_version: self.event_version.clone(),
            recorded_at: Timestamp::from_timestamp_micros(self.recorded_at)?,
            payload: self.payload.clone(),
            metadata: self.metadata.clone(),
            personal,
            hash: bytes(&self.hash)?.try_into().ok()?,
        })
    }
}

impl From<&Recorded> for EventLine {
    fn from(event: &Recorded) -> Self {
        let personal = event.personal.as_ref();
        Self {
            position: event.position,
            event_id: event.event_id.0,
            tenant_id: event.tenant_id.0,
            aggregate_type: event.aggregate_type.clone(),
            aggregate_id: event.aggregate_id.clone(),
            sequence: event.sequence,
            event_type: event.event_type.clone(),
            event_version: event.event_version.clone(),
            recorded_at: event.recorded_at.timestamp_micros(),
            payload: event.payload.clone(),
            metadata: event.metadata.clone(),
            personal_subject: personal.map(|personal| personal.subject.to_string()),
            personal: personal.map(|personal| hex(&personal.sealed)),
            personal_hash: personal.map(|personal| hex(&personal.hash)),
            hash: hex(&event.hash),
        }
    }
}

/// The lines of a file, one at a time, and what they add up to.
pub struct Lines<'a> {
    source: &'a mut (dyn BufRead + Send),
    number: u64,
    read: Sha256,
}

impl<'a> Lines<'a> {
    /// Begins to read.
    pub fn of(source: &'a mut (dyn BufRead + Send)) -> Self {
        Self {
            source,
            number: 0,
            read: Sha256::new(),
        }
    }

    /// The next event of the file; none when there is no other.
    ///
    /// # Errors
    /// When the file cannot be read, or is no export.
    pub fn next_event(&mut self) -> Result<Option<EventLine>, ArchiveError> {
        loop {
            match self.next()? {
                Line::Event(event) => return Ok(Some(*event)),
                Line::Footer(_) => return Ok(None),
                Line::Header(_) | Line::Row(..) => {}
            }
        }
    }

    /// The next line. A file that ends without its last line was cut off, which a footer's own line cannot be.
    pub(super) fn next(&mut self) -> Result<Line, ArchiveError> {
        let mut text = String::new();
        self.number += 1;
        let size = (&mut self.source).take(LONGEST_LINE).read_line(&mut text);
        if size? == 0 || !text.ends_with('\n') {
            return Err(self.damaged("it was cut off"));
        }
        let line = serde_json::from_str(&text).map_err(|_| self.damaged("it cannot be read"))?;
        match &line {
            Line::Footer(footer) => {
                let read = hex(&self.read.clone().finalize());
                if footer.sha256 != read {
                    return Err(self.damaged("the lines before it were altered"));
                }
                self.must_be_over()?;
            }
            _ => self.read.update(text.as_bytes()),
        }
        Ok(line)
    }

    fn must_be_over(&mut self) -> Result<(), ArchiveError> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(());
        }
        Err(self.damaged("something stands behind it"))
    }

    pub(super) fn damaged(&self, what: &(impl ToString + ?Sized)) -> ArchiveError {
        ArchiveError::Damaged {
            line: self.number,
            what: what.to_string(),
        }
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(digits).map(char::from).collect()
}

/// The bytes of hexadecimal digits; none where they are something else.
pub(crate) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes();
    let value = |digit: u8| {
        char::from(digit)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    let (pairs, rest) = digits.as_chunks::<2>();
    let whole = pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?));
    rest.is_empty().then(|| whole.collect())?
}

//! Writing an archive: everything in it is of one moment, whatever is written meanwhile.

use std::io::Write;

use domain::{ids::InstallationId, log::Position};
use sha2::{Digest, Sha256};

use super::{
    ArchiveError, Progress,
    lines::{EventLine, FORMAT, Footer, Header, Line, hex},
    tables::{TABLES, Table},
};
use crate::sql::{Snapshot, Stores};

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The first position.
    pub from: Position,
    /// The last position; the end of the log when not given.
    pub to: Option<Position>,
    /// Whether the sealed rows beside the log come along: for a move.
    pub with_vault: bool,
}

/// What was exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many events.
    pub events: u64,
    /// How many rows beside the log.
    pub rows: u64,
    /// The last position.
    pub to: Position,
}

/// Writes events, and the rows beside the log where asked for, line by line: no more than a page of it is ever in memory.
///
/// # Errors
/// When the database or the file fails, or the range is none.
pub async fn export(
    stores: &Stores,
    installation: InstallationId,
    asked: Asked,
    out: &mut (dyn Write + Send),
    progress: Progress<'_>,
) -> Result<Exported, ArchiveError> {
    let mut snapshot = stores.snapshot().await?;
    let head = snapshot.head().await?;
    let to = asked.to.map_or(head, |to| to.min(head));
    if asked.from.0 == 0 {
        return Err(ArchiveError::Refused("positions begin at 1"));
    }
    if asked.with_vault && (asked.from.0 != 1 || to != head) {
        return Err(ArchiveError::Refused(
            "the vault goes with the whole log alone: without --from and --to",
        ));
    }
    let header = Header {
        format: FORMAT,
        installation,
        from: asked.from,
        to,
        with_vault: asked.with_vault,
    };
    let mut writer = Writer::new(out);
    writer.line(&Line::Header(header))?;
    let events = write_events(&mut snapshot, &mut writer, header, progress).await?;
    let mut rows = 0;
    for table in TABLES.iter().filter(|_| asked.with_vault) {
        rows += write_rows(&mut snapshot, &mut writer, table).await?;
    }
    writer.end(events, rows)?;
    Ok(Exported { events, rows, to })
}

/// So many events are read at once.
const PAGE: u32 = 1_000;

async fn write_events(
    snapshot: &mut Snapshot,
    writer: &mut Writer<'_>,
    header: Header,
    progress: Progress<'_>,
) -> Result<u64, ArchiveError> {
    let (mut at, mut events) = (Position(header.from.0 - 1), 0);
    while at < header.to {
        let limit = u32::try_from(header.to.0 - at.0).unwrap_or(PAGE).min(PAGE);
        let page = snapshot.page(at, limit).await?;
        let Some(last) = page.last() else { break };
        at = last.position;
        for event in page.iter().filter(|event| event.position <= header.to) {
            writer.line(&Line::Event(Box::new(EventLine::from(event))))?;
            events += 1;
        }
        progress(at.0, header.to.0);
    }
    Ok(events)
}

async fn write_rows(
    snapshot: &mut Snapshot,
    writer: &mut Writer<'_>,
    table: &'static Table,
) -> Result<u64, ArchiveError> {
    let mut rows = 0;
    let statements = (table.read_postgres, table.read_sqlite);
    snapshot
        .each(statements, |row| {
            rows += 1;
            writer.line(&Line::Row(table.name.to_owned(), table.line(row)))
        })
        .await?;
    Ok(rows)
}

/// Counts and hashes what is written.
struct Writer<'a> {
    out: &'a mut (dyn Write + Send),
    written: Sha256,
}

impl<'a> Writer<'a> {
    fn new(out: &'a mut (dyn Write + Send)) -> Self {
        let written = Sha256::new();
        Self { out, written }
    }

    fn line(&mut self, line: &Line) -> Result<(), ArchiveError> {
        let mut text = serde_json::to_vec(line).map_err(std::io::Error::from)?;
        text.push(b'\n');
        self.written.update(&text);
        Ok(self.out.write_all(&text)?)
    }

    fn end(mut self, events: u64, rows: u64) -> Result<(), ArchiveError> {
        let sha256 = hex(&self.written.clone().finalize());
        self.line(&Line::Footer(Footer { events, rows, sha256 }))?;
        Ok(self.out.flush()?)
    }
}

//! Reading an archive into an empty database, in one transaction: it stands whole, or nothing of it does.

use std::io::BufRead;

use domain::ids::InstallationId;

use super::{
    ArchiveError, Progress,
    lines::{EventLine, FORMAT, Footer, Header, Line, Lines},
    tables::TABLES,
};
use crate::sql::{Importing, LogCheck, Stores};

/// So many events are written with one statement.
const BATCH: usize = 200;

/// What was imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// How many events.
    pub events: u64,
    /// How many rows beside the log.
    pub rows: u64,
    /// The log's state: see [`LogCheck::state`].
    pub state: String,
}

/// Imports a file into an empty database. A process that dies on the way leaves an empty database behind.
///
/// # Errors
/// When the database is not empty, or the file is another installation's, not a whole log, or damaged anywhere.
pub async fn import(
    stores: &Stores,
    installation: InstallationId,
    source: &mut (dyn BufRead + Send),
    log_only: bool,
    progress: Progress<'_>,
) -> Result<Imported, ArchiveError> {
    let mut lines = Lines::of(source);
    let header = header(&mut lines, installation, log_only)?;
    let mut import = Import {
        into: stores.importing().await?,
        check: LogCheck::default(),
        waiting: vec![],
        done: Imported {
            events: 0,
            rows: 0,
            state: String::new(),
        },
    };
    if !import.into.is_empty().await? {
        return Err(ArchiveError::Refused(
            "the database is not empty: an import needs a new one",
        ));
    }
    // Before the rows: where the file says how far a policy had read, that counts.
    import.into.is_history(header.to).await?;
    loop {
        match lines.next()? {
            Line::Event(event) => import.event(&lines, *event).await?,
            Line::Row(table, row) => {
                let table = TABLES.iter().find(|known| known.name == table);
                let table = table.ok_or_else(|| lines.damaged("there is no such table"))?;
                let (statement, values) = table.row(row).map_err(|error| lines.damaged(&error))?;
                import.into.put_row(statement, values).await?;
                import.done.rows += 1;
            }
            Line::Footer(footer) => return import.end(&lines, header, &footer).await,
            Line::Header(_) => return Err(lines.damaged("it begins twice")),
        }
        if import.done.events.is_multiple_of(BATCH as u64) {
            progress(import.done.events, header.to.0);
        }
    }
}

fn header(lines: &mut Lines<'_>, installation: InstallationId, log_only: bool) -> Result<Header, ArchiveError> {
    let Line::Header(header) = lines.next()? else {
        return Err(lines.damaged("an export begins with its header"));
    };
    let refused = if header.format != FORMAT {
        "another version wrote this file: this one cannot read it"
    } else if header.installation != installation {
        "the file is another installation's: use the keyring that it was written with"
    } else if header.from.0 != 1 {
        "the file does not begin with the first event"
    } else if !header.with_vault && !log_only {
        "the file holds the log alone, without the keys of what is sealed in it: export it with the vault"
    } else {
        return Ok(header);
    };
    Err(ArchiveError::Refused(refused))
}

struct Import {
    into: Importing,
    check: LogCheck,
    waiting: Vec<EventLine>,
    done: Imported,
}

impl Import {
    /// Checks an event, and writes it with others: same position, same time, same hash.
    async fn event(&mut self, lines: &Lines<'_>, event: EventLine) -> Result<(), ArchiveError> {
        let recorded = event
            .recorded()
            .ok_or_else(|| lines.damaged("an event cannot be read"))?;
        self.check.next(&recorded).map_err(|flaw| lines.damaged(&flaw))?;
        self.waiting.push(event);
        self.done.events += 1;
        if self.waiting.len() == BATCH {
            self.write().await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), ArchiveError> {
        if !self.waiting.is_empty() {
            let json = serde_json::to_string(&self.waiting).map_err(std::io::Error::from)?;
            self.into.put_events(json).await?;
            self.waiting.clear();
        }
        Ok(())
    }

    async fn end(mut self, lines: &Lines<'_>, header: Header, footer: &Footer) -> Result<Imported, ArchiveError> {
        self.write().await?;
        let counted = (self.done.events, self.done.rows);
        if counted != (footer.events, footer.rows) || self.done.events != header.to.0 {
            return Err(lines.damaged("lines are missing"));
        }
        self.done.state = self.check.state();
        self.into.commit().await?;
        Ok(self.done)
    }
}

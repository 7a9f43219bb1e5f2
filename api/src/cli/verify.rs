//! `grantlink verify`.

use std::{fs::File, io::BufReader, io::IsTerminal, path::PathBuf};

use adapters::{
    archive::{EventLine, Lines},
    sql::{Flaw, LogCheck},
};
use anyhow::{Context, ensure};
use application::ports::{StoreError, log::EventLog};
use clap::{Args, Subcommand};
use domain::log::{Position, Recorded};
use serde::Serialize;

use super::rebuild::Rebuild;
use crate::{config::Config, installation::Installation};

/// So many events are read at once.
const PAGE: u32 = 1_000;

/// What can be checked.
#[derive(Subcommand)]
pub(super) enum Verify {
    /// Checks every event of the log: positions and versions of streams without gaps, times that never go back, hashes. Ends with
    /// 0 when all is well, with 3 when the log is not what was written, and with 1 when that could not be found out.
    Log(Log),
    /// Compares every view with what the log folds to, and changes nothing. Ends with 0 when they are equal, and with 3 when a view
    /// differs, in rows and columns that it names.
    Views,
}

/// How the log is checked.
#[derive(Args)]
pub(super) struct Log {
    /// What an earlier check said of the log: <position>:<hash>. Only that shows whether its end was cut off, or events were
    /// exchanged.
    #[arg(long)]
    expect: Option<Remembered>,
    /// An export of the log: every event in it must stand in the log, to the byte.
    #[arg(long)]
    against: Option<PathBuf>,
    /// Answers in JSON.
    #[arg(long)]
    json: bool,
}

/// A log's state, as an earlier check said it.
#[derive(Clone, Debug)]
struct Remembered {
    position: Position,
    text: String,
}

impl std::str::FromStr for Remembered {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let said = "it is <position>:<hash>, as `grantlink verify log` printed it";
        let (position, hash) = text.split_once(':').ok_or(said)?;
        let position = position.parse().map(Position).map_err(|_| said)?;
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash
            .then(|| Self {
                position,
                text: text.to_ascii_lowercase(),
            })
            .ok_or(said)
    }
}

/// The log is not what was written.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) struct Damaged(#[from] Flaw);

/// What the check found, for machines.
#[derive(Serialize)]
struct Found {
    ok: bool,
    events: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_bad_position: Option<Position>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

impl Verify {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let log = match self {
            Self::Log(log) => log,
            Self::Views => return Rebuild::of_all_for_comparison().run(config).await,
        };
        let installation = Installation::open(config).await?;
        let outcome = log.check(installation.app.log.as_ref()).await;
        installation.close().await;
        let (check, flaw) = outcome?;
        log.tell(&check, flaw)?;
        flaw.map_or(Ok(()), |flaw| Err(Damaged(flaw).into()))
    }
}

impl Log {
    /// Checks up to the first flaw.
    async fn check(&self, log: &dyn EventLog) -> anyhow::Result<(LogCheck, Option<Flaw>)> {
        let mut file = self.against.as_ref().map(File::open).transpose();
        let mut file = file
            .as_mut()
            .map_err(|error| anyhow::anyhow!("--against: {error}"))?
            .as_mut()
            .map(BufReader::new);
        let mut exported = file.as_mut().map(|file| Exported::new(Lines::of(file))).transpose()?;
        let mut check = LogCheck::default();
        let head = log.head().await?;
        loop {
            let page = match log.page(check.position(), PAGE).await {
                Err(StoreError::Broken(_)) => match readable_part(log, check.position()).await? {
                    page if page.is_empty() => {
                        let flaw = Flaw::Unreadable(check.position().0 + 1);
                        return Ok((check, Some(flaw)));
                    }
                    page => page,
                },
                page => page?,
            };
            for event in &page {
                if let Err(flaw) = self.next(&mut check, exported.as_mut(), event)? {
                    return Ok((check, Some(flaw)));
                }
            }
            self.progress(check.position(), head);
            if page.len() < PAGE as usize && log.page(check.position(), 1).await.is_ok_and(|rest| rest.is_empty()) {
                break;
            }
        }
        let flaw = self.is_cut_off(&check, exported.as_ref());
        Ok((check, flaw))
    }

    fn next(
        &self,
        check: &mut LogCheck,
        exported: Option<&mut Exported<'_>>,
        event: &Recorded,
    ) -> anyhow::Result<Result<(), Flaw>> {
        if let Err(flaw) = check.next(event) {
            return Ok(Err(flaw));
        }
        if let Some(exported) = exported
            && let Err(flaw) = exported.next(event)?
        {
            return Ok(Err(flaw));
        }
        let is_another = self
            .expect
            .as_ref()
            .is_some_and(|expect| expect.position == check.position() && expect.text != check.state());
        Ok(if is_another {
            Err(Flaw::Another(check.position().0))
        } else {
            Ok(())
        })
    }

    /// Whether what was remembered, or exported, goes on where the log ends.
    fn is_cut_off(&self, check: &LogCheck, exported: Option<&Exported<'_>>) -> Option<Flaw> {
        let next = check.position().0 + 1;
        let remembered = self.expect.as_ref().is_some_and(|expect| expect.position.0 >= next);
        let is_exported = exported.is_some_and(|exported| exported.next.is_some());
        (remembered || is_exported).then_some(Flaw::Missing(next))
    }

    fn progress(&self, at: Position, head: Position) {
        if !self.json && at.0.is_multiple_of(100_000) && std::io::stderr().is_terminal() {
            eprintln!("{} of {} events", at.0, head.0);
        }
    }

    fn tell(&self, check: &LogCheck, flaw: Option<Flaw>) -> anyhow::Result<()> {
        let events = check.position().0;
        if self.json {
            let found = Found {
                ok: flaw.is_none(),
                events,
                state: flaw.is_none().then(|| check.state()),
                first_bad_position: flaw.map(Flaw::position),
                detail: flaw.map(|flaw| flaw.to_string()),
            };
            println!("{}", serde_json::to_string(&found)?);
        } else if flaw.is_none() {
            println!("The log is whole: {events} events.");
            println!("To find out later whether this much of it is still the same, keep this line elsewhere:");
            println!("{}", check.state());
        }
        Ok(())
    }
}

/// Behind a row that cannot be read at all: the rows before it, one by one.
async fn readable_part(log: &dyn EventLog, after: Position) -> anyhow::Result<Vec<Recorded>> {
    let mut at = after;
    let mut part = vec![];
    while part.len() < PAGE as usize - 1 {
        match log.page(at, 1).await {
            Ok(page) if !page.is_empty() => {
                at = page.last().map_or(at, |event| event.position);
                part.extend(page);
            }
            Ok(_) | Err(StoreError::Broken(_)) => break,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(part)
}

/// The events of an export, beside those of the log.
struct Exported<'a> {
    lines: Lines<'a>,
    next: Option<EventLine>,
}

impl<'a> Exported<'a> {
    fn new(mut lines: Lines<'a>) -> anyhow::Result<Self> {
        let next = lines.next_event().context("--against")?;
        ensure!(next.is_some(), "--against: there is no event in this file");
        Ok(Self { lines, next })
    }

    /// Holds an event of the log against the export, where that has one for its position.
    fn next(&mut self, event: &Recorded) -> anyhow::Result<Result<(), Flaw>> {
        match &self.next {
            Some(line) if line.position() == event.position => {
                if *line != EventLine::from(event) {
                    return Ok(Err(Flaw::NotAsExported(event.position.0)));
                }
                self.next = self.lines.next_event().context("--against")?;
            }
            _ => {}
        }
        Ok(Ok(()))
    }
}

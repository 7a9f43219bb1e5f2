//! Where the log and the views are.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use adapters::{
    postgres,
    sql::{Probe, Stores},
    sqlite,
    views::ViewDb,
};
use anyhow::Context;
use application::ports::clock::Clock;
use secrecy::ExposeSecret;

use crate::config::Config;

/// The log and everything that must not be lost.
const LOG_FILE: &str = "log.db";
/// Read models: folded from the log again whenever they are missing.
const VIEWS_FILE: &str = "views.db";

/// A place for the log.
enum Place {
    Sqlite(PathBuf),
    Postgres(postgres::Options),
}

impl Place {
    fn of(config: &Config) -> Self {
        let url = config.database.url.expose_secret();
        match url.strip_prefix("sqlite:") {
            Some(folder) => Self::Sqlite(PathBuf::from(folder)),
            None => Self::Postgres(postgres::Options::new(config.database.url.clone())),
        }
    }
}

/// Opens the stores and the views, at this version's schema.
pub(super) async fn open(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<(Stores, ViewDb)> {
    migrate(config).await?;
    let stores = match Place::of(config) {
        Place::Sqlite(folder) => sqlite::open(&folder.join(LOG_FILE), Arc::clone(clock)).await?,
        Place::Postgres(options) => postgres::connect(&options).await?,
    };
    Ok((stores, views(config).await?))
}

/// Brings the database to this version's schema; several nodes may do it at once.
///
/// # Errors
/// When the database cannot be reached or written, or a newer version prepared it.
pub async fn migrate(config: &Config) -> anyhow::Result<()> {
    match Place::of(config) {
        Place::Sqlite(folder) => {
            make_folder(&folder)?;
            sqlite::migrate(&folder.join(LOG_FILE))
                .await
                .context("the log cannot be opened")
        }
        Place::Postgres(options) => postgres::migrate(&options)
            .await
            .context("the database cannot be prepared"),
    }
}

/// A way to look at the log without changing anything; none when the file was not made yet.
///
/// # Errors
/// When it cannot be opened.
pub async fn probe(config: &Config) -> anyhow::Result<Option<Probe>> {
    Ok(match Place::of(config) {
        Place::Sqlite(folder) => {
            let file = folder.join(LOG_FILE);
            if !file.exists() {
                return Ok(None);
            }
            Some(sqlite::probe(&file).await?)
        }
        Place::Postgres(options) => Some(postgres::probe(&options)?),
    })
}

/// Opens the views of a database that has this version's schema.
///
/// # Errors
/// When they cannot be opened.
pub async fn views(config: &Config) -> anyhow::Result<ViewDb> {
    Ok(match Place::of(config) {
        Place::Sqlite(folder) => ViewDb::sqlite(&folder.join(VIEWS_FILE)).await?,
        Place::Postgres(options) => ViewDb::postgres(&options).await?,
    })
}

/// Where the data is, when it is in files of this machine.
pub fn folder(config: &Config) -> Option<PathBuf> {
    match Place::of(config) {
        Place::Sqlite(folder) => Some(folder),
        Place::Postgres(_) => None,
    }
}

/// Makes the folder for this user alone: the views hold names and addresses in the clear.
pub(crate) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))
}

//! The read side of the real program: woken by other nodes, killed, doubled, rebuilt while it is written to.

mod projectors;
mod rebuilds;
mod standing_still;
mod woken;

use std::process::Output;

use anyhow::{Context, ensure};
use grantlink_tests::{
    conformance::{Database, Kind},
    harness::Stage,
};
use sqlx::{Connection, Executor, SqliteConnection};

/// Changes views past the program.
async fn tamper(database: &Database, sql: String) -> anyhow::Result<u64> {
    let sql: &'static str = sql.leak(); // the driver takes constants alone
    Ok(match database.kind() {
        Kind::Postgres => database.connection().await?.execute(sql).await?.rows_affected(),
        Kind::Sqlite => {
            let views = database.path()?.with_file_name("views.db");
            let mut connection = SqliteConnection::connect(&views.to_string_lossy()).await?;
            let done = connection.execute(sql).await?.rows_affected();
            connection.close().await?;
            done
        }
    })
}

/// What a command said, once it succeeded.
fn said(output: &Output) -> anyhow::Result<String> {
    let text = String::from_utf8(output.stdout.clone())?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{}: {text}{complaint}", output.status);
    Ok(text)
}

/// Every view equals a clean fold of the log.
async fn equals_the_log(stage: &Stage) -> anyhow::Result<()> {
    let looked = stage.run(&["rebuild", "--all", "--dry-run"]).await?;
    said(&looked).context("a view differs from the log")?;
    Ok(())
}

//! The command line.

mod agency;
mod demo;
mod disconnect;
mod doctor;
mod erase;
mod export;
mod import;
mod jobs;
mod keyring;
mod logging;
mod mail;
mod panics;
mod past;
mod rebuild;
mod replay;
mod report;
mod serve;
mod show;
mod stopping;
mod vault;
mod verify;
mod views;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{agency_api, config::Config};

/// Grantlink: an agency issues one short link, and its customer connects a Google Business Profile with it, without giving a
/// password away.
///
/// To try everything out on this machine: grantlink demo
#[derive(Parser)]
#[command(name = "grantlink", version)]
struct Cli {
    /// The configuration file; grantlink.toml in this directory when not given. The commands demo, keyring and openapi read none.
    #[arg(long, global = true, env = "GRANTLINK_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the agencies' API and the customers' pages.
    Serve,
    /// Runs everything here, with a simulated Google and a seeded agency, to try it out.
    Demo(demo::Demo),
    /// Looks over this installation, and says what to do.
    Doctor(doctor::Doctor),
    /// Brings the database to this version's schema.
    Migrate,
    /// Folds a view anew from the log, beside the live one, and switches.
    Rebuild(rebuild::Rebuild),
    /// Shows how far the views are, and what stands still in them.
    Views(views::ShowViews),
    /// Shows what the server does by itself, and begins again what it has given up.
    Jobs(jobs::ShowJobs),
    /// Tries mail out.
    #[command(subcommand)]
    Mail(mail::MailCommand),
    /// Tells the story of a link, a customer, a location, a member or an integration: who did what, when.
    Replay(replay::Replay),
    /// Writes an agency's reports.
    #[command(subcommand)]
    Report(report::Report),
    /// Takes a connection off its account.
    Disconnect(disconnect::Disconnect),
    /// Erases people, for good.
    Erase(erase::Erase),
    /// Writes the log, and what belongs to it where asked for, as lines of JSON.
    Export(export::Export),
    /// Reads an export into an empty database.
    Import(import::Import),
    /// Checks that what is kept is what was written.
    #[command(subcommand)]
    Verify(verify::Verify),
    /// Shows how a link, an integration, a customer or a location stands, or stood at a moment.
    Show(show::Show),
    /// Makes keyrings.
    #[command(subcommand)]
    Keyring(keyring::KeyringCommand),
    /// Changes the keys that everything secret is sealed under, while servers go on.
    #[command(subcommand)]
    Vault(vault::Vault),
    /// Founds agencies and keeps their API keys.
    #[command(subcommand)]
    Agency(agency::AgencyCommand),
    /// Prints the OpenAPI document of the agency API.
    Openapi,
}

/// What the program ends with when the log is not what was written.
const DAMAGED: u8 = 3;
/// Ends a dry run that found something: neither success (0) nor failure (1), nor a wrong call (2).
const DIFFERS: u8 = 3;

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.into()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => complain(&error),
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let config = || Config::load(cli.config.as_deref());
    let done = match cli.command {
        Command::Serve => serve::serve(config()?).await,
        Command::Demo(demo) => demo.run().await,
        Command::Doctor(doctor) => return doctor.run(config()).await,
        Command::Migrate => serve::migrate(&config()?).await,
        Command::Rebuild(rebuild) => rebuild.run(&config()?).await,
        Command::Views(views) => views.run(&config()?).await,
        Command::Jobs(jobs) => jobs.run(&config()?).await,
        Command::Mail(command) => command.run(&config()?).await,
        Command::Replay(replay) => replay.run(&config()?).await,
        Command::Report(report) => report.run(&config()?).await,
        Command::Disconnect(disconnect) => disconnect.run(&config()?).await,
        Command::Erase(erase) => erase.run(&config()?).await,
        Command::Export(export) => export.run(&config()?).await,
        Command::Import(import) => import.run(&config()?).await,
        Command::Verify(verify) => verify.run(&config()?).await,
        Command::Show(show) => show.run(&config()?).await,
        Command::Keyring(command) => command.run(),
        Command::Vault(command) => command.run(&config()?).await,
        Command::Agency(command) => command.run(&config()?).await,
        Command::Openapi => print_openapi(),
    };
    done.map(|()| ExitCode::SUCCESS)
}

fn print_openapi() -> anyhow::Result<()> {
    println!("{}", agency_api::openapi().to_pretty_json()?);
    Ok(())
}

fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("grantlink: {}", told(error));
    if error.is::<verify::Damaged>() {
        return ExitCode::from(DAMAGED);
    }
    if error.is::<rebuild::Differs>() {
        return ExitCode::from(DIFFERS);
    }
    ExitCode::FAILURE
}

/// The whole chain of causes, for the person at the terminal. A cause that the error before it quoted is not said again.
fn told(error: &anyhow::Error) -> String {
    let causes = error.chain().map(ToString::to_string);
    causes
        .reduce(|told, cause| {
            if told.ends_with(&cause) {
                told
            } else {
                format!("{told}: {cause}")
            }
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_complaint_names_every_cause_once() {
        let error = anyhow!("no such file")
            .context("cannot read the keyring: no such file")
            .context("serve cannot start");
        assert_eq!(
            told(&error),
            "serve cannot start: cannot read the keyring: no such file"
        );
    }
}

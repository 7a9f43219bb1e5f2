//! The simulated Google as a program of its own.

use std::net::SocketAddr;

use clap::Parser;
use grantlink_simulator::generic::{GenericConfig, GenericServer, Quirks, RunningGeneric};
use grantlink_simulator::{OAuthClient, Simulator, SimulatorConfig, StartError};

/// A fake Google for trying and testing: accounts, consent, tokens and Business Profile.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen; loopback only, port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// The origin that browsers use, such as `http://idp.localhost:7070`; also the issuer.
    #[arg(long)]
    public_url: Option<String>,
    /// An application, as `id:secret:redirect_uri[,redirect_uri]`; may be given several times.
    #[arg(long = "client")]
    clients: Vec<OAuthClient>,
    /// What the pages call this Google.
    #[arg(long, default_value = "Google (simulated)")]
    name: String,
    /// Also be a provider that is not Google, at this loopback address, for the same applications.
    #[arg(long)]
    generic: Option<SocketAddr>,
    /// How that one behaves at first: `strict` or `lax`. Its habits are at `/_simulator/quirks`.
    #[arg(long, default_value = "strict", value_parser = ["strict", "lax"])]
    generic_habits: String,
}

#[tokio::main]
async fn main() -> Result<(), StartError> {
    let arguments = Arguments::parse();
    let clients = arguments.clients.clone();
    let google = Simulator::start(SimulatorConfig {
        listen: arguments.listen,
        public_url: arguments.public_url,
        display_name: arguments.name,
        clients: arguments.clients,
        ..SimulatorConfig::default()
    })
    .await?;
    println!(
        "Simulated Google at {} (listening on {}). Ctrl-C ends it.",
        google.base_url(),
        google.addr()
    );
    let generic = match arguments.generic {
        Some(listen) => Some(start_generic(listen, &arguments.generic_habits, clients).await?),
        None => None,
    };
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
    }
    google.stop().await;
    if let Some(generic) = generic {
        generic.stop().await;
    }
    Ok(())
}

async fn start_generic(
    listen: SocketAddr,
    habits: &str,
    clients: Vec<OAuthClient>,
) -> Result<RunningGeneric, StartError> {
    let generic = GenericServer::start(GenericConfig {
        listen,
        clients,
        quirks: if habits == "lax" {
            Quirks::lax()
        } else {
            Quirks::strict()
        },
        ..GenericConfig::default()
    })
    .await?;
    println!("Another provider, {habits}, at {}.", generic.base_url());
    Ok(generic)
}

//! `grantlink erase`.

use anyhow::ensure;
use application::{
    App, Context as Frame,
    erasure::{Erased, Reapplied},
};
use clap::{Args, Subcommand};
use domain::{
    customer::Customer,
    ids::{AgencyId, CustomerId, MemberId},
    log::StreamId,
};

use super::agency::operator;
use crate::{config::Config, installation::Installation};

/// Erases people.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Erase {
    /// Holds the ledger of erasures against the database, and erases again whoever a restored backup brought back. A starting
    /// server does the same.
    #[arg(long)]
    reapply: bool,
    #[command(subcommand)]
    whom: Option<Whom>,
}

/// Who is erased.
#[derive(Subcommand)]
enum Whom {
    /// A customer: links are revoked, connections deleted, credentials taken back, personal data destroyed.
    Customer {
        /// The customer's id.
        id: CustomerId,
        /// Does it without asking for a confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// A member of an agency, whose API keys die at once. The last owner is refused.
    Member {
        /// The member's id.
        id: MemberId,
        /// The agency's id, as `agency create` printed it.
        #[arg(long)]
        agency: AgencyId,
        /// Does it without asking for a confirmation.
        #[arg(long)]
        yes: bool,
    },
}

impl Erase {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let outcome = match self.whom {
            None => reapply(&installation.app).await,
            Some(whom) => whom.erase(&installation).await,
        };
        installation.close().await;
        outcome
    }
}

impl Whom {
    async fn erase(self, installation: &Installation) -> anyhow::Result<()> {
        let app = &installation.app;
        match self {
            Self::Customer { id, yes } => {
                let context = operator_of(installation, id).await?;
                confirmed(yes, &id.to_string())?;
                told(&app.erase_customer(&context, id, None, |_| vec![]).await?);
            }
            Self::Member { id, agency, yes } => {
                confirmed(yes, &id.to_string())?;
                told(&app.erase_member(&operator(installation, agency), id).await?);
            }
        }
        Ok(())
    }
}

/// The frame of what an operator does to a customer: its agency and tenant stand in its stream.
async fn operator_of(installation: &Installation, id: CustomerId) -> anyhow::Result<Frame> {
    let found = installation
        .app
        .replay::<Customer>(&StreamId::of::<Customer>(id))
        .await?;
    let found = found.and_then(|found| Some((found.owner, found.state.agency()?)));
    let Some((tenant, agency)) = found else {
        anyhow::bail!("there is no such customer");
    };
    Ok(Frame {
        tenant,
        ..operator(installation, agency)
    })
}

/// Nothing brings the data back, so the id is asked for once more.
fn confirmed(yes: bool, id: &str) -> anyhow::Result<()> {
    if yes {
        return Ok(());
    }
    eprintln!("Nothing can bring the data back. To erase it, type the id once more:");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    ensure!(typed.trim() == id, "that is another id: nothing was erased");
    Ok(())
}

fn told(erased: &Erased<Vec<u8>>) {
    println!("Erased.");
    if !erased.is_complete {
        eprintln!(
            "Somebody was reading: the server overwrites the rest within the hour, or grantlink erase --reapply now."
        );
    }
}

async fn reapply(app: &std::sync::Arc<App>) -> anyhow::Result<()> {
    let Reapplied {
        known,
        erased_again,
        unfinished,
    } = app.reapply_erasures().await?;
    println!("The ledger names {known}; {erased_again} of them were readable, and are erased again.");
    ensure!(unfinished == 0, "of {unfinished} something is left: try it again");
    Ok(())
}

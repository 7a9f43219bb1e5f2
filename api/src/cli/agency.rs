//! `grantlink agency`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use anyhow::{Context, ensure};
use application::{
    Actor, Context as Frame,
    agencies::{AddMember, FoundAgency, IssueApiKey, Owner, RevokeApiKey, SetLogo},
};
use clap::{Args, Subcommand};
use domain::{
    agency::{ApiKeyScope, Branding, Colour, Role},
    host::HostName,
    ids::{AgencyId, MemberId, Mode, RequestId, TenantId},
};
use secrecy::ExposeSecret;

use crate::{config::Config, images, installation::Installation, pages::Contact};

/// What can be done with agencies.
#[derive(Subcommand)]
pub(super) enum AgencyCommand {
    /// Founds an agency with its owner and host, and prints its first API key, once.
    Create(Create),
    /// Adds a member, and prints its id.
    AddMember(NewMember),
    /// Issues another API key, and prints it, once.
    IssueKey {
        /// The agency's id, as `agency create` printed it.
        #[arg(long)]
        agency: AgencyId,
        /// What it may do, as in links:read; everything when not given.
        #[arg(long, value_delimiter = ',', value_parser = scope)]
        scopes: Vec<ApiKeyScope>,
        /// Which world it opens: live or test.
        #[arg(long, default_value_t = Mode::Live, value_parser = mode)]
        mode: Mode,
    },
    /// Exchanges an agency's logo.
    SetLogo {
        /// The agency's id, as `agency create` printed it.
        #[arg(long)]
        agency: AgencyId,
        /// The new logo: PNG or JPEG for pages and mails; WebP or SVG for pages alone. 256 KiB at most.
        #[arg(long)]
        logo: PathBuf,
    },
    /// Revokes an API key. It is dead at once.
    RevokeKey {
        /// The agency's id, as `agency create` printed it.
        #[arg(long)]
        agency: AgencyId,
        /// The key's number: the fourth part of its text.
        #[arg(long)]
        number: u32,
    },
}

/// A new agency.
#[derive(Args)]
pub(super) struct Create {
    /// The company's name, as customers see it.
    #[arg(long)]
    name: String,
    /// The owner's name, as customers see it.
    #[arg(long)]
    owner_name: String,
    /// The owner's e-mail address, as customers see it.
    #[arg(long)]
    owner_email: String,
    /// The host on which its links open, as in links.agency.example.
    #[arg(long)]
    host: String,
    /// The colour of bar and button, as #rrggbb.
    #[arg(long)]
    colour: Option<String>,
    /// A logo: PNG or JPEG for pages and mails; WebP or SVG for pages alone. 256 KiB at most.
    #[arg(long)]
    logo: Option<PathBuf>,
    /// Where customers get help: an e-mail address, a telephone number or an https page.
    #[arg(long)]
    support: Option<String>,
    /// Which world the first key opens: live or test.
    #[arg(long, default_value_t = Mode::Live, value_parser = mode)]
    mode: Mode,
}

/// A new member.
#[derive(Args)]
pub(super) struct NewMember {
    /// The agency's id, as `agency create` printed it.
    #[arg(long)]
    agency: AgencyId,
    /// The member's name, as customers see it.
    #[arg(long)]
    name: String,
    /// The member's e-mail address, as customers see it.
    #[arg(long)]
    email: String,
    /// What the member may do: an owner everything, a sales agent customers and links.
    #[arg(long, default_value_t = Role::SalesAgent, value_parser = role)]
    role: Role,
}

impl NewMember {
    async fn run(self, installation: &Installation) -> anyhow::Result<()> {
        let app = &installation.app;
        person(&self.name, &self.email)?;
        let member = MemberId(app.entropy.id(app.clock.now()));
        let command = AddMember {
            agency: self.agency,
            member,
            role: self.role,
            name: self.name,
            email: self.email,
        };
        app.run(&operator(installation, self.agency), command).await?;
        println!("Member   {member}");
        Ok(())
    }
}

/// What customers read must be there.
fn person(name: &str, email: &str) -> anyhow::Result<()> {
    ensure!(
        !name.trim().is_empty(),
        "the name: customers read it, so it cannot be empty"
    );
    ensure!(email.contains('@'), "the e-mail address: this is none");
    Ok(())
}

impl AgencyCommand {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let installation = Installation::open(config).await?;
        let outcome = match self {
            Self::Create(create) => create.run(&installation).await,
            Self::AddMember(member) => member.run(&installation).await,
            Self::IssueKey { agency, scopes, mode } => issue_key(&installation, agency, scopes, mode).await,
            Self::SetLogo { agency, logo } => set_logo(&installation, agency, &logo).await,
            Self::RevokeKey { agency, number } => revoke_key(&installation, agency, number).await,
        };
        installation.close().await;
        outcome
    }
}

impl Create {
    async fn run(self, installation: &Installation) -> anyhow::Result<()> {
        let app = &installation.app;
        let host = HostName::parse(&self.host).context("--host")?;
        person(&self.owner_name, &self.owner_email)?;
        let branding = self.branding(installation).await?;
        let now = app.clock.now();
        let command = FoundAgency {
            agency: AgencyId(app.entropy.id(now)),
            name: self.name,
            owner: Owner {
                id: MemberId(app.entropy.id(now)),
                name: self.owner_name,
                email: self.owner_email,
            },
            host,
            branding,
            mode: self.mode,
            key_secret: app.random(),
        };
        let (agency, host) = (command.agency, command.host.clone());
        let done = app.run(&operator(installation, agency), command).await?;
        println!("Agency   {agency}");
        println!("Links    {}", app.addresses.on(&host, "/c/..."));
        println!("API key  {}", done.answer.api_key.expose_secret());
        println!("\nThe key is shown this once. Keep it like a password.");
        Ok(())
    }

    /// How its pages look. What they could not show is refused here, where somebody can still correct it.
    async fn branding(&self, installation: &Installation) -> anyhow::Result<Branding> {
        let colour = self.colour.as_deref().map(Colour::parse);
        let primary = colour.transpose().context("--colour")?;
        if let Some(contact) = &self.support {
            Contact::parse(contact).context("--support")?;
        }
        let logo = match &self.logo {
            Some(file) => Some(stored(installation, file).await?),
            None => None,
        };
        Ok(Branding {
            primary,
            logo,
            support_contact: self.support.clone(),
        })
    }
}

pub(super) fn mode(text: &str) -> Result<Mode, &'static str> {
    text.parse().map_err(|_| "it is live or test")
}

fn role(text: &str) -> Result<Role, &'static str> {
    text.parse().map_err(|_| "it is owner or sales_agent")
}

fn scope(text: &str) -> Result<ApiKeyScope, String> {
    text.parse().map_err(|_| {
        let all: Vec<_> = ApiKeyScope::all().map(|scope| scope.to_string()).collect();
        format!("there are {}", all.join(", "))
    })
}

async fn issue_key(
    installation: &Installation,
    agency: AgencyId,
    scopes: Vec<ApiKeyScope>,
    mode: Mode,
) -> anyhow::Result<()> {
    let scopes: BTreeSet<_> = if scopes.is_empty() {
        ApiKeyScope::all().collect()
    } else {
        scopes.into_iter().collect()
    };
    let command = IssueApiKey {
        agency,
        member: None,
        mode,
        scopes,
        secret: installation.app.random(),
    };
    let done = installation.app.run(&operator(installation, agency), command).await?;
    println!("{}", done.answer.expose_secret());
    Ok(())
}

async fn set_logo(installation: &Installation, agency: AgencyId, file: &Path) -> anyhow::Result<()> {
    let logo = stored(installation, file).await?;
    let command = SetLogo { agency, logo };
    installation.app.run(&operator(installation, agency), command).await?;
    println!("The logo is exchanged.");
    Ok(())
}

/// Keeps a logo, and answers the hash that it is found by.
async fn stored(installation: &Installation, file: &Path) -> anyhow::Result<String> {
    let logo = images::read(file)?;
    installation.app.images.put(&logo).await?;
    if !logo.is_for_mails() {
        eprintln!(
            "Mails will show the initials in its place: mail programs show PNG and JPEG alone. `grantlink agency set-logo` exchanges it."
        );
    }
    Ok(logo.hash)
}

async fn revoke_key(installation: &Installation, agency: AgencyId, number: u32) -> anyhow::Result<()> {
    installation
        .app
        .run(&operator(installation, agency), RevokeApiKey { agency, number })
        .await?;
    println!("Key {number} is revoked.");
    Ok(())
}

/// What somebody at the command line does, for an agency.
pub(super) fn operator(installation: &Installation, agency: AgencyId) -> Frame {
    let app = &installation.app;
    let now = app.clock.now();
    Frame {
        tenant: TenantId::of(agency, Mode::Live),
        agency,
        actor: Actor::Operator,
        request: RequestId(app.entropy.id(now)),
        now,
        network: None,
    }
}

//! The agency that the demo begins with.

use std::path::Path;

use anyhow::Context;
use application::{
    Actor, Context as Frame,
    agencies::{FoundAgency, IssueApiKey, Owner},
    customers::{CreateCustomer, NewCustomer, NewLocation},
    links::{IssueLink, IssueLinks},
};
use domain::{
    agency::{ApiKeyScope, Branding, Colour},
    connect_link::LinkToken,
    host::HostName,
    ids::{AgencyId, CustomerId, LinkId, LocationId, MemberId, Mode, RequestId, TenantId},
    provider::ProviderId,
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::AGENCY_HOST;
use crate::{config::Config, images, installation::Installation};

const REMEMBERED: &str = "demo.json";
const LOGO: &[u8] = include_bytes!("logo.svg");

/// What the demo began with.
pub(super) struct Seeded {
    pub(super) ids: Ids,
    pub(super) api_key: SecretString,
    pub(super) link: LinkId,
    pub(super) address: String,
}

/// What a demo that goes on must know of its first run; no secret is among it.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Ids {
    pub(super) agency: AgencyId,
    pub(super) owner: MemberId,
    pub(super) customer: CustomerId,
    pub(super) location: LocationId,
}

/// Seeds an agency, or finds the one of an earlier run, and issues a fresh key and a fresh link.
pub(super) async fn seed(config: &Config, folder: &Path) -> anyhow::Result<Seeded> {
    let installation = Installation::open(config).await?;
    let seeded = seed_into(&installation, &folder.join(REMEMBERED)).await;
    installation.close().await;
    seeded.context("the demo's agency cannot be seeded")
}

async fn seed_into(installation: &Installation, file: &Path) -> anyhow::Result<Seeded> {
    let app = &installation.app;
    let remembered = std::fs::read(file)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Ids>(&bytes).ok());
    let (ids, api_key) = if let Some(ids) = remembered {
        let scopes = ApiKeyScope::all().collect();
        let (member, secret) = (Some(ids.owner), app.random());
        let command = IssueApiKey {
            agency: ids.agency,
            member,
            mode: Mode::Live,
            scopes,
            secret,
        };
        (ids, app.run(&frame(installation, ids), command).await?.answer)
    } else {
        let (ids, api_key) = found(installation).await?;
        std::fs::write(file, serde_json::to_vec_pretty(&ids)?)?;
        (ids, api_key)
    };
    let link = IssueLink {
        token: LinkToken::issue(app.clock.now(), app.random()),
        customer: ids.customer,
        location: ids.location,
        provider: ProviderId::parse("google")?,
        requested_by: ids.owner,
        name: None,
        life: None,
        replaces_account: false,
        is_direct: false,
        mends: false,
    };
    let command = IssueLinks {
        customer: ids.customer,
        links: vec![link],
        email: true,
    };
    let mut issued = app.run(&frame(installation, ids), command).await?.answer;
    let link = issued.links.pop().context("no link was issued")?;
    Ok(Seeded {
        ids,
        api_key,
        link: link.id,
        address: link.address,
    })
}

async fn found(installation: &Installation) -> anyhow::Result<(Ids, SecretString)> {
    let app = &installation.app;
    let new = || app.entropy.id(app.clock.now());
    let ids = Ids {
        agency: AgencyId(new()),
        owner: MemberId(new()),
        customer: CustomerId(new()),
        location: LocationId(new()),
    };
    let logo = images::image(LOGO.to_vec()).context("the demo's logo is no image")?;
    app.images.put(&logo).await?;
    let agency = FoundAgency {
        agency: ids.agency,
        name: "Bright Side Marketing".to_owned(),
        owner: Owner {
            id: ids.owner,
            name: "Anna Berg".to_owned(),
            email: "anna@bright.example".to_owned(),
        },
        host: HostName::parse(AGENCY_HOST)?,
        branding: Branding {
            primary: Some(Colour::parse("#0f6b5c")?),
            logo: Some(logo.hash),
            support_contact: Some("help@bright.example".to_owned()),
        },
        mode: Mode::Live,
        key_secret: app.random(),
    };
    let api_key = app.run(&frame(installation, ids), agency).await?.answer.api_key;
    let customer = CreateCustomer {
        id: ids.customer,
        customer: NewCustomer {
            name: "Olive Hartley".to_owned(),
            email: Some("olive@example.com".to_owned()),
            language: None,
            source_allowance: None,
        },
        locations: vec![NewLocation {
            id: ids.location,
            name: "Olive & Thyme Bakery".to_owned(),
            address: Some("48 Lamb Lane, London".to_owned()),
        }],
        links: vec![],
    };
    app.run(&frame(installation, ids), customer).await?;
    Ok((ids, api_key))
}

fn frame(installation: &Installation, ids: Ids) -> Frame {
    let app = &installation.app;
    let now = app.clock.now();
    Frame {
        tenant: TenantId::of(ids.agency, Mode::Live),
        agency: ids.agency,
        actor: Actor::Member(ids.owner),
        request: RequestId(app.entropy.id(now)),
        now,
        network: None,
    }
}

//! Where a mail server is, and whether it may be asked. Names are resolved here and the addresses that were looked at are the ones
//! that are connected to: a name that answers something else the second time changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use application::ports::mail::{AccountOwner, Barred, MailAccount, NotSent, Security};

use super::Rules;
use crate::{http::is_this_machine, net::is_public};

/// The ports where mail servers take mail. On any other, an agency could knock at something else.
const MAIL_PORTS: [u16; 4] = [25, 465, 587, 2525];

/// Whether it may be asked, as far as its port and an address in its name's place tell.
pub(super) fn may_be_asked(rules: &Rules, account: &MailAccount, owner: AccountOwner) -> Result<(), Barred> {
    if owner == AccountOwner::Installation || rules.allow_private {
        return Ok(());
    }
    if !MAIL_PORTS.contains(&account.port) {
        return Err(Barred::Port);
    }
    let known = known_addresses(&account.host, account.port).unwrap_or_default();
    if known.iter().all(|address| is_public(address.ip())) {
        Ok(())
    } else {
        Err(Barred::Private)
    }
}

pub(super) async fn addresses(
    rules: &Rules,
    account: &MailAccount,
    owner: AccountOwner,
) -> Result<Vec<SocketAddr>, NotSent> {
    may_be_asked(rules, account, owner).map_err(|_| NotSent::Forbidden)?;
    let is_watched = owner == AccountOwner::Agency && !rules.allow_private;
    let found = resolve(&account.host, account.port).await?;
    if is_watched && !found.iter().all(|address| is_public(address.ip())) {
        return Err(NotSent::Forbidden);
    }
    if account.security == Security::None && !found.iter().all(|address| address.ip().is_loopback()) {
        return Err(NotSent::Untrusted);
    }
    Ok(found)
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, NotSent> {
    if let Some(known) = known_addresses(host, port) {
        return Ok(known);
    }
    let found = tokio::net::lookup_host((bare(host), port)).await;
    let found: Vec<_> = found.map_err(|_| NotSent::NameUnknown)?.collect();
    if found.is_empty() {
        Err(NotSent::NameUnknown)
    } else {
        Ok(found)
    }
}

/// The addresses of a host that need not be looked up.
fn known_addresses(host: &str, port: u16) -> Option<Vec<SocketAddr>> {
    let bare = bare(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some(vec![SocketAddr::new(address, port)]);
    }
    let home = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    is_this_machine(bare).then(|| home.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

/// An IPv6 address may stand in brackets.
fn bare(host: &str) -> &str {
    host.trim_start_matches('[').trim_end_matches(']')
}

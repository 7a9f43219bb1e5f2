//! Where a mail server is, and whether it may be asked. Names are resolved here and the addresses that were looked at are the ones
//! that are connected to: a name that answers something else the second time changes nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use application::ports::mail::{AccountOwner, MailAccount, NotSent, Security};

use super::Rules;
use crate::{http::is_this_machine, net::is_public};

/// The ports where mail servers take mail. On any other, an agency could knock at something else.
const MAIL_PORTS: [u16; 4] = [25, 465, 587, 2525];

pub(super) async fn addresses(
    rules: &Rules,
    account: &MailAccount,
    owner: AccountOwner,
) -> Result<Vec<SocketAddr>, NotSent> {
    let is_watched = owner == AccountOwner::Agency && !rules.allow_private;
    if is_watched && !MAIL_PORTS.contains(&account.port) {
        return Err(NotSent::Forbidden);
    }
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
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    if is_this_machine(bare) {
        let home = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
        return Ok(home.into_iter().map(|address| SocketAddr::new(address, port)).collect());
    }
    let found = tokio::net::lookup_host((bare, port)).await;
    let found: Vec<_> = found.map_err(|_| NotSent::NameUnknown)?.collect();
    if found.is_empty() {
        Err(NotSent::NameUnknown)
    } else {
        Ok(found)
    }
}

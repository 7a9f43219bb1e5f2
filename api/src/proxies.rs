//! Where a request really came from: forwarding headers count only when a trusted proxy wrote them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The networks of the proxies that may speak for their clients.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    /// The client's address: the peer's own, or, behind trusted proxies, the last address of `X-Forwarded-For` that is not one of
    /// them. What stands before that was written by the client and counts for nothing.
    pub fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> IpAddr {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.to_canonical());
        if !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        for hop in forwarded(headers).into_iter().rev() {
            let Some(address) = address(hop.trim()) else {
                return client;
            };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An address, which some proxies write with the port.
fn address(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

fn forwarded(headers: &HeaderMap) -> Vec<&str> {
    let lines = headers
        .get_all("x-forwarded-for")
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        proxies.client(Some(peer.parse().unwrap()), &headers).to_string()
    }

    /// A43. Mutant: believing the first address of the header makes the second case fail.
    #[test]
    fn only_a_trusted_proxy_may_say_where_a_request_came_from() {
        assert_eq!(client("192.0.2.9", &["198.51.100.7"]), "192.0.2.9");
        assert_eq!(client("10.0.0.1", &["203.0.113.5, 198.51.100.7"]), "198.51.100.7");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.5, 198.51.100.7, 10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(client("10.0.0.1", &["203.0.113.5", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["198.51.100.7:4711"]), "198.51.100.7");
        assert_eq!(client("10.0.0.1", &["nonsense"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }
}

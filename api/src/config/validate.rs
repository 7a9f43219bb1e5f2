//! What a configuration must hold before anything starts, in words that say what to change.

use anyhow::{Context, bail, ensure};
use application::app::Addresses;
use domain::host::HostName;
use secrecy::ExposeSecret;

use super::Config;

/// The parts of the installation's own address.
#[derive(Clone, Debug)]
pub struct PublicAddress {
    /// The host that providers send people back to.
    pub host: HostName,
    /// How addresses on every host are written.
    pub addresses: Addresses,
}

impl Config {
    /// The installation's own address.
    ///
    /// # Errors
    /// When it is missing or is no plain http(s) address of a host name, or is http beyond this machine.
    pub fn public_address(&self) -> anyhow::Result<PublicAddress> {
        let text = self.server.public_url.as_str();
        ensure!(
            !text.is_empty(),
            "set server.public_url (in grantlink.toml, or as GRANTLINK_SERVER__PUBLIC_URL) to the address that providers send people back to"
        );
        let address: http::Uri = text
            .parse()
            .with_context(|| format!("server.public_url is no address: {text}"))?;
        let (Some(scheme), Some(name)) = (address.scheme_str(), address.host()) else {
            bail!("server.public_url must be a whole address, like https://connect.example.com: {text}")
        };
        ensure!(
            address.path() == "/" && address.query().is_none(),
            "server.public_url must not have a path: {text}"
        );
        let host = HostName::parse(name).context("the host of server.public_url must be a name")?;
        match scheme {
            "https" => {}
            "http" if is_this_machine(&host) => {}
            "http" => bail!("server.public_url must be https: http is served to this machine alone (*.localhost)"),
            _ => bail!("server.public_url must be https: {text}"),
        }
        let addresses = Addresses {
            scheme: scheme.to_owned(),
            port: address.port_u16(),
        };
        Ok(PublicAddress { host, addresses })
    }

    /// Checks what `serve` needs beyond the types.
    ///
    /// # Errors
    /// What must be changed.
    pub fn validate(&self) -> anyhow::Result<()> {
        self.public_address()?;
        for host in &self.server.api_hosts {
            let address = host.parse::<std::net::IpAddr>().is_ok();
            ensure!(
                address || HostName::parse(host).is_ok(),
                "server.api_hosts holds what is no host: {host}"
            );
        }
        ensure!(
            (1..=90).contains(&self.links.life_days),
            "set links.life_days to 1 to 90: a link lives at most 90 days"
        );
        let url = self.database.url.expose_secret();
        let known = ["sqlite:", "postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme));
        ensure!(
            known,
            "set database.url to sqlite:<directory> or postgres://user:password@host:port/database"
        );
        ensure!(
            self.keys.file.is_some() || self.keys.text.is_some(),
            "set keys.file to a keyring (make one with: grantlink keyring init <file>), or GRANTLINK_KEYS__TEXT to its text"
        );
        ensure!(
            self.server.listen.ip().is_loopback() || self.server.public_url.starts_with("https://"),
            "server.listen is open to other machines, so server.public_url must be https"
        );
        self.validate_limits()?;
        self.refresh.validate()?;
        self.traces.validate()?;
        ensure!(
            !self.providers.is_empty(),
            "configure a provider: [providers.google] with client_id and client_secret"
        );
        Ok(())
    }
}

impl Config {
    fn validate_limits(&self) -> anyhow::Result<()> {
        let server = &self.server;
        let counts = [
            ("connections", server.connections),
            ("public_requests", server.public_requests),
            ("api_requests", server.api_requests),
        ];
        for (name, count) in counts {
            ensure!(
                (1..=1_000_000).contains(&count),
                "set server.{name} to 1 to 1000000: {count}"
            );
        }
        ensure!(
            (1..=60).contains(&server.first_request_seconds),
            "set server.first_request_seconds to 1 to 60"
        );
        ensure!(
            self.operations.drain_seconds <= 20,
            "set operations.drain_seconds to 0 to 20: what is under way then has the rest of 25 seconds"
        );
        Ok(())
    }
}

/// Names that only ever mean this machine (RFC 6761).
fn is_this_machine(host: &HostName) -> bool {
    host.as_str() == "localhost" || host.as_str().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ServerConfig;

    fn with(public_url: &str) -> Config {
        let server = ServerConfig {
            public_url: public_url.to_owned(),
            ..ServerConfig::default()
        };
        Config {
            server,
            ..Config::default()
        }
    }

    #[test]
    fn http_is_for_this_machine_alone() {
        for fine in [
            "http://localhost:8080",
            "http://connect.localhost",
            "https://connect.example.com",
        ] {
            assert!(with(fine).public_address().is_ok(), "{fine}");
        }
        for refused in [
            "http://connect.example.com",
            "",
            "connect.example.com",
            "ftp://x.localhost",
            "https://a.b/c",
            "https://10.0.0.1",
        ] {
            assert!(with(refused).public_address().is_err(), "{refused}");
        }
    }

    #[test]
    fn a_complaint_says_what_to_set() {
        let complaint = with("https://connect.example.com").validate().unwrap_err().to_string();
        assert!(
            complaint.contains("keys.file") && complaint.contains("grantlink keyring init"),
            "{complaint}"
        );
    }
}

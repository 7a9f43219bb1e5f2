//! The keyed hash of a client's network: comparable within a month, meaningless after it.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Datelike;
use domain::{Timestamp, ids::TenantId};
use secrecy::{ExposeSecret, SecretSlice};
use tokio::sync::RwLock;

use crate::{
    app::App,
    error::CommandError,
    ports::{
        StoreError,
        vault::{Place, Record, SecretRow},
    },
};

/// Enough of the hash to tell networks of a month apart.
const KEPT_BYTES: usize = 12;

/// This month's key, so that not every visit asks the vault.
#[derive(Default)]
pub struct NetworkKeys(RwLock<Option<(YearAndMonth, SecretSlice<u8>)>>);

type YearAndMonth = (i32, u32);

impl App {
    /// The hash of an address's network: an IPv4 /24 or an IPv6 /64, under this month's key.
    ///
    /// # Errors
    /// When the vault fails.
    pub async fn network_hash(&self, address: IpAddr) -> Result<String, CommandError> {
        let key = self.network_key(self.clock.now()).await?;
        let hash = self.cipher.hash_under(&key, &prefix(address));
        Ok(URL_SAFE_NO_PAD.encode(&hash[..KEPT_BYTES]))
    }

    async fn network_key(&self, now: Timestamp) -> Result<SecretSlice<u8>, CommandError> {
        let month = (now.year(), now.month());
        if let Some((held, key)) = self.network_keys.0.read().await.as_ref()
            && *held == month
        {
            return Ok(key.clone());
        }
        let key = self.shared_key(&now.format("%Y-%m").to_string(), now).await?;
        *self.network_keys.0.write().await = Some((month, key.clone()));
        Ok(key)
    }

    /// The month's key that all nodes share. Whoever makes it discards the keys of the months before.
    async fn shared_key(&self, month: &str, now: Timestamp) -> Result<SecretSlice<u8>, CommandError> {
        let place = Place {
            tenant: TenantId(self.installation.0),
            record: Record::NetworkKey(month.to_owned()),
        };
        if self.vault.get(&place).await?.is_none() {
            let sealed = self.cipher.seal(&place, self.cipher.new_key().expose_secret());
            let row = SecretRow {
                place: place.clone(),
                sealed,
                account_key: None,
                created_at: now,
            };
            self.vault.put_if_absent(row).await?;
            self.vault.delete_others(&place).await?;
        }
        let gone = || StoreError::Broken("this month's network key vanished".into());
        let row = self.vault.get(&place).await?.ok_or_else(gone)?;
        let key = self.cipher.open(&place, &row.sealed);
        key.map_err(|error| StoreError::Broken(format!("this month's network key: {error}")).into())
    }
}

fn prefix(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets()[..3].to_vec(),
        IpAddr::V6(address) => address.octets()[..8].to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_a_network_and_a_mapped_address_is_its_ipv4_self() {
        let of = |text: &str| prefix(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("192.0.2.200"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("::ffff:192.0.2.9"), of("192.0.2.1"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }
}

//! Every sealed record of the database, brought under the keyring's active key while others read and write.
//!
//! A record changes only if it is still what was read, so nothing that is written meanwhile is lost; and what is done stays done, so
//! it can be stopped at any moment and started again.

use std::collections::BTreeMap;

use application::ports::StoreError;
use domain::ids::TenantId;

use super::{Row, Stores, Value};
use crate::vault::{Named, VaultCipher, key_id};

/// So many records change in one transaction: on `SQLite` everybody else waits for it.
const PAGE: i64 = 100;

/// Where sealed records stand. Both statements name a row by three texts.
struct Place {
    /// Rows behind a name: the name, then tenant and kind as seals know them, and the record.
    page: &'static str,
    /// Puts a record where another one stands.
    put: &'static str,
    /// To what a record belongs, as its seal knows it.
    owner: fn(&[String; 3]) -> String,
}

const PLACES: [Place; 4] = [
    Place {
        page: "SELECT tenant_id, kind, owner, tenant_id, kind, sealed FROM vault
            WHERE (tenant_id, kind, owner) > ($1, $2, $3) ORDER BY tenant_id, kind, owner LIMIT $4",
        put: "UPDATE vault SET sealed = $1 WHERE tenant_id = $2 AND kind = $3 AND owner = $4 AND sealed = $5",
        owner: |[_, _, owner]| owner.clone(),
    },
    Place {
        page: "SELECT tenant_id, route, key, tenant_id, 'receipt', answer FROM receipts
            WHERE (tenant_id, route, key) > ($1, $2, $3) ORDER BY tenant_id, route, key LIMIT $4",
        put: "UPDATE receipts SET answer = $1 WHERE tenant_id = $2 AND route = $3 AND key = $4 AND answer = $5",
        owner: |[_, route, key]| format!("{route}\n{key}"),
    },
    Place {
        page: "SELECT id, link_id, stage, tenant_id, 'verifier', sealed_verifier FROM attempts
            WHERE (id, link_id, stage) > ($1, $2, $3) AND sealed_verifier IS NOT NULL ORDER BY id LIMIT $4",
        put: "UPDATE attempts SET sealed_verifier = $1
            WHERE id = $2 AND link_id = $3 AND stage = $4 AND sealed_verifier = $5",
        owner: |[id, _, _]| id.clone(),
    },
    Place {
        page: "SELECT id, link_id, stage, tenant_id, 'hand_off', sealed_answer FROM attempts
            WHERE (id, link_id, stage) > ($1, $2, $3) AND sealed_answer IS NOT NULL ORDER BY id LIMIT $4",
        put: "UPDATE attempts SET sealed_answer = $1
            WHERE id = $2 AND link_id = $3 AND stage = $4 AND sealed_answer = $5",
        owner: |[id, _, _]| id.clone(),
    },
];

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    /// How many records were looked at.
    pub seen: u64,
    /// How many were under another key and are under the active one now.
    pub changed: u64,
    /// How many changed hands while they were looked at: the next look finds them.
    pub missed: u64,
    /// Those that do not open: they stay as they are.
    pub refused: Vec<Refused>,
}

/// A record that does not open where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its tenant.
    pub tenant: TenantId,
    /// What it should be.
    pub kind: String,
    /// Why it does not open.
    pub reason: String,
}

impl Stores {
    /// Looks at every sealed record once, and brings those under another key under the active one.
    ///
    /// # Errors
    /// When the database fails. What was done stays done.
    pub async fn rewrap(&self, cipher: &VaultCipher) -> Result<Rewrapped, StoreError> {
        let mut done = Rewrapped::default();
        for place in &PLACES {
            let mut pages = Pages::of(place);
            while let Some(page) = pages.next(self).await? {
                self.rewrap_page(cipher, place, page, &mut done).await?;
            }
        }
        Ok(done)
    }

    /// How many records stand under each key; those that name none count under an empty name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn records_by_key(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let mut counts = BTreeMap::new();
        for place in &PLACES {
            let mut pages = Pages::of(place);
            while let Some(page) = pages.next(self).await? {
                for record in page {
                    let key = key_id(&record.sealed).unwrap_or_default();
                    *counts.entry(key.to_owned()).or_default() += 1;
                }
            }
        }
        Ok(counts)
    }

    async fn rewrap_page(
        &self,
        cipher: &VaultCipher,
        place: &Place,
        page: Vec<Record>,
        done: &mut Rewrapped,
    ) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        for record in page {
            done.seen += 1;
            match cipher.rewrap(&record.named, &record.sealed) {
                Ok(None) => {}
                Ok(Some(sealed)) => changes.push((record, sealed)),
                Err(error) => done.refused.push(Refused {
                    tenant: record.named.tenant,
                    kind: record.named.kind,
                    reason: error.to_string(),
                }),
            }
        }
        if changes.is_empty() {
            return Ok(());
        }
        let mut work = self.pool.begin().await?;
        let (mut changed, mut missed) = (0, 0);
        for (record, sealed) in changes {
            let [first, second, third] = record.keys.map(Value::from);
            let values = vec![Value::Bytes(sealed), first, second, third, Value::Bytes(record.sealed)];
            match work.write(place.put, values).await? {
                0 => missed += 1,
                _ => changed += 1,
            }
        }
        work.commit().await?;
        done.changed += changed;
        done.missed += missed;
        Ok(())
    }
}

/// A sealed record.
struct Record {
    keys: [String; 3],
    named: Named,
    sealed: Vec<u8>,
}

/// The records of a place, page by page, each once; what is added behind a page while it goes on is met as well.
struct Pages<'a> {
    place: &'a Place,
    after: [String; 3],
}

impl<'a> Pages<'a> {
    fn of(place: &'a Place) -> Self {
        let after = Default::default();
        Self { place, after }
    }

    async fn next(&mut self, stores: &Stores) -> Result<Option<Vec<Record>>, StoreError> {
        let mut values: Vec<_> = self.after.clone().map(Value::from).into();
        values.push(PAGE.into());
        let rows = stores.pool.read(self.place.page, values).await?;
        let page = rows.into_iter().map(|row| self.record(row));
        let page: Vec<_> = page.collect::<Result<_, _>>()?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after.clone_from(&last.keys);
        Ok(Some(page))
    }

    fn record(&self, mut row: Row) -> Result<Record, StoreError> {
        let keys = [row.text()?, row.text()?, row.text()?];
        let named = Named {
            tenant: row.parsed()?,
            kind: row.text()?,
            owner: (self.place.owner)(&keys),
        };
        let sealed = row.bytes()?;
        Ok(Record { keys, named, sealed })
    }
}

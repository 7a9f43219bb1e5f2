//! Stored answers that name somebody who was erased: they may hold a name, or the address of a link.

use std::collections::BTreeSet;

use domain::ids::TenantId;
use secrecy::ExposeSecret;

use crate::{
    app::App,
    error::CommandError,
    idempotency::receipt_place,
    ports::log::{Receipt, ReceiptKey},
};

/// So many receipts are looked through at once.
const PAGE: u32 = 500;
/// The answer to an erasure names the erased, and nothing else of them: it may be asked for again.
const ERASE: &str = "/erase";

impl App {
    /// Deletes every stored answer of a tenant that names one of these ids, in its route or in its text.
    pub(super) async fn drop_receipts(&self, tenant: TenantId, names: &BTreeSet<String>) -> Result<(), CommandError> {
        let mut after: Option<ReceiptKey> = None;
        loop {
            let page = self.receipts.page(tenant, after.as_ref(), PAGE).await?;
            for receipt in &page {
                if !receipt.key.route.ends_with(ERASE) && self.speaks_of(receipt, names) {
                    self.receipts.forget(&receipt.key, receipt.created_at).await?;
                }
            }
            if page.len() < PAGE as usize {
                return Ok(());
            }
            after = page.into_iter().last().map(|receipt| receipt.key);
        }
    }

    /// An answer that no longer opens is of no use to anybody: it goes with the others.
    fn speaks_of(&self, receipt: &Receipt, names: &BTreeSet<String>) -> bool {
        let answer = self.cipher.open(&receipt_place(&receipt.key), &receipt.answer);
        let Ok(answer) = answer else { return true };
        let said = String::from_utf8_lossy(answer.expose_secret());
        let words = |text: &str| {
            text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
                .any(|word| names.contains(word))
        };
        words(&receipt.key.route) || words(&said)
    }
}

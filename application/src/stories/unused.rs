//! Ports of which the stories touch next to nothing.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::{self, TenantId},
    log::{Position, SealedPersonal},
    personal::Subject,
    provider::{ProviderApp, ProviderId},
};
use secrecy::SecretSlice;
use uuid::Uuid;

use crate::ports::{
    StoreError,
    accounts::AccountTurns,
    attempts::{Attempt, Attempts, Claim, Stage},
    cipher::{Cipher, CipherError, HashPurpose},
    clock::Clock,
    erasure::{Ledger, LedgerEntry, Remains},
    health::{Answers, LastAnswer},
    images::{Image, Images},
    listings::ListingsInUse,
    mail::{AccountOwner, Barred, MailAccount, MailHealth, MailRecords, Mailer, NotSent, OutgoingMail, ServerWords},
    provider::{Catalogue, Connector, OwnApp},
    refreshes::{
        CountedReads, CredentialKey, CredentialRead, Ending, Hold, Lifetimes, ReadsPlace, RefreshFigures, Refreshes,
        Share, Taking,
    },
    vault::{Place, SecretRow, Vault},
};

/// Stands where something must stand.
pub(super) struct Unused;

macro_rules! unused {
    ($($port:ident { $($name:ident($($argument:ty),*) -> $answer:ty;)* })*) => {$(
        #[async_trait]
        impl $port for Unused {
            $(async fn $name(&self $(, _: $argument)*) -> Result<$answer, StoreError> {
                unreachable!("no story comes here")
            })*
        }
    )*};
}

unused! {
    Attempts {
        start(&Attempt, &[u8]) -> ();
        get(ids::AttemptId) -> Option<Attempt>;
        sealed_verifier(ids::AttemptId) -> Option<Vec<u8>>;
        of_state(&[u8; 32]) -> Option<Attempt>;
        of_hand_off(&[u8; 32], Timestamp) -> Option<Attempt>;
        latest(ids::LinkId, &[u8; 32]) -> Option<Attempt>;
        of_link(ids::LinkId) -> Vec<Attempt>;
        delete_of_link(ids::LinkId) -> ();
        hand_off(ids::AttemptId, &[u8; 32], &[u8], Timestamp) -> bool;
        claim(ids::AttemptId) -> Option<Claim>;
        destroy_answer(ids::AttemptId) -> ();
        unfinished(Timestamp, u32) -> Vec<Attempt>;
        failed_with_credential(u32) -> Vec<Attempt>;
        need(&ProviderId, &ProviderApp) -> bool;
        forget_some(Timestamp, u32) -> u32;
        advance(ids::AttemptId, Stage, Stage) -> bool;
    }
    AccountTurns {
        take(&[u8; 32], Uuid, Duration) -> bool;
        end(&[u8; 32], Uuid) -> bool;
    }
    Answers {
        keep(TenantId, &[LastAnswer]) -> ();
        of(TenantId, &[ids::IntegrationId]) -> Vec<LastAnswer>;
    }
    MailRecords {
        note(&str, Option<&str>, Timestamp) -> ();
        health(&str) -> MailHealth;
    }
    Vault {
        get(&Place) -> Option<SecretRow>;
        put(SecretRow) -> ();
        put_if_absent(SecretRow) -> ();
        delete(&Place) -> ();
        delete_others(&Place) -> ();
        delete_of_no_attempt() -> u64;
        replaced(ids::TenantId, ids::GrantId) -> Vec<SecretRow>;
        provider_apps() -> Vec<(ids::TenantId, ProviderId, u32)>;
        grants(ids::TenantId) -> Vec<ids::GrantId>;
        rows_of_account(&[u8; 32]) -> u64;
    }
    Refreshes {
        take(&CredentialKey, Duration, Timestamp) -> Taking;
        keep(&CredentialKey, &Hold, Duration) -> bool;
        end(&CredentialKey, &Hold, Ending) -> bool;
        due(Timestamp, u32, Share) -> Vec<CredentialKey>;
        figures(Timestamp) -> RefreshFigures;
        lifetimes(&str, Duration, Duration) -> Lifetimes;
        count_read(&CredentialRead) -> ();
        forget_reads(Timestamp) -> u64;
        reads(ids::TenantId, ids::IntegrationId, ReadsPlace, u32) -> Vec<CountedReads>;
    }
    Ledger {
        note(&LedgerEntry) -> ();
        entries() -> Vec<LedgerEntry>;
    }
    Remains {
        drop_from_views(Subject, Position) -> bool;
        overwrite() -> bool;
    }
    Images {
        put(&Image) -> ();
        get(&str) -> Option<Image>;
    }
    ListingsInUse {
        by_others(ids::TenantId, &ProviderId, ids::IntegrationId) -> Vec<String>;
    }
}

impl Catalogue for Unused {
    fn connector(&self, _: &ProviderId) -> Option<Arc<dyn Connector>> {
        None
    }

    fn with_app(&self, _: &ProviderId, _: &OwnApp) -> Option<Arc<dyn Connector>> {
        None
    }

    fn by_callback_path(&self, _: &str) -> Option<Arc<dyn Connector>> {
        None
    }

    fn all(&self) -> Vec<Arc<dyn Connector>> {
        vec![]
    }
}

impl Clock for Unused {
    fn now(&self) -> Timestamp {
        super::now()
    }
}

/// Hides nothing: only stored answers come here.
impl Cipher for Unused {
    fn seal(&self, _: &Place, plain: &[u8]) -> Vec<u8> {
        plain.to_vec()
    }

    fn open(&self, _: &Place, sealed: &[u8]) -> Result<SecretSlice<u8>, CipherError> {
        Ok(sealed.to_vec().into())
    }

    fn new_key(&self) -> SecretSlice<u8> {
        unreachable!("no story seals personal data")
    }

    fn seal_personal(&self, _: &SecretSlice<u8>, _: ids::EventId, _: Subject, _: &[u8]) -> SealedPersonal {
        unreachable!("no story seals personal data")
    }

    fn open_personal(&self, _: &SecretSlice<u8>, _: ids::EventId, _: &SealedPersonal) -> Result<Vec<u8>, CipherError> {
        unreachable!("no story seals personal data")
    }

    fn keyed_hash(&self, _: HashPurpose, _: &[&[u8]]) -> [u8; 32] {
        unreachable!("no story hashes")
    }

    fn hash_under(&self, _: &SecretSlice<u8>, _: &[u8]) -> [u8; 32] {
        unreachable!("no story hashes")
    }

    fn seal_number(&self, _: ids::TenantId, _: u64) -> String {
        unreachable!("no story pages")
    }

    fn open_number(&self, _: ids::TenantId, _: &str) -> Result<u64, CipherError> {
        unreachable!("no story pages")
    }
}

#[async_trait]
impl Mailer for Unused {
    fn may_be_asked(&self, _: &MailAccount, _: AccountOwner) -> Result<(), Barred> {
        unreachable!("no story names a mail server")
    }

    async fn greet(&self, _: &MailAccount, _: AccountOwner) -> Result<(), NotSent> {
        unreachable!("no story looks at a mail server")
    }

    async fn send(&self, _: &MailAccount, _: AccountOwner, _: &OutgoingMail) -> Result<ServerWords, NotSent> {
        unreachable!("no story comes here")
    }
}

impl crate::mail::Stationery for Unused {
    fn write(&self, _: &crate::mail::Letter) -> Result<crate::mail::Written, String> {
        unreachable!("no story comes here")
    }
}

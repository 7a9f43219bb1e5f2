//! Calls that may be repeated: the answer is kept with its commit under the caller's key, and every later call with that key gets
//! it again, byte for byte.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::Timestamp;
use secrecy::ExposeSecret;

use crate::{
    app::App,
    context::Context,
    error::CommandError,
    ports::{
        StoreError,
        log::{Receipt, ReceiptKey},
        vault::{Place, Record},
    },
    run::{Decision, Done, Failure, UseCase, spawned},
};

/// So long a key stands for its first call; after that it is as good as new.
const RECEIPT_LIFE: TimeDelta = TimeDelta::hours(72);
/// So many receipts are deleted in one transaction: nobody waits long for its locks.
const FORGOTTEN_AT_ONCE: u32 = 200;

/// An idempotent call: the same key and body get the same answer, byte for byte.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The route.
    pub route: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 of the request's body.
    pub body_hash: [u8; 32],
}

impl App {
    /// Runs a command whose rendered answer is kept with its commit under the caller's key, where there is one. Refusals and
    /// failures are kept under no key.
    ///
    /// # Errors
    /// As [`App::run`]; [`CommandError::KeyReused`] when the key came with another body before; [`CommandError::KeyInFlight`]
    /// when this node is at work on a call with the key.
    pub async fn run_once<U: UseCase>(
        self: &Arc<Self>,
        context: &Context,
        idempotency: Option<Idempotency>,
        command: U,
        render: fn(&U::Answer) -> Vec<u8>,
    ) -> Result<Done<Vec<u8>>, CommandError> {
        let Some(asked) = idempotency else {
            let Done { answer, position } = self.run(context, command).await?;
            let answer = render(&answer);
            return Ok(Done { answer, position });
        };
        let (app, context) = (Arc::clone(self), context.clone());
        spawned(async move { app.once(&context, &asked, &command, render).await }).await
    }

    async fn once<U: UseCase>(
        &self,
        context: &Context,
        asked: &Idempotency,
        command: &U,
        render: fn(&U::Answer) -> Vec<u8>,
    ) -> Result<Done<Vec<u8>>, CommandError> {
        let key = receipt_key(context, asked);
        if let Some(receipt) = self.receipt(&key, context.now).await? {
            return self.answer_again(asked, &receipt).await;
        }
        // Only what spares work: of two nodes that are both at it, the log lets one commit, and the other finds its receipt.
        let turn = self.in_flight.turn_if_free(&key).await;
        let _turn = turn.ok_or(CommandError::KeyInFlight)?;
        match self.attempt(context, command, Some(asked), render).await {
            Ok((Decision::Done(answer), position)) => Ok(Done {
                answer: render(&answer),
                position,
            }),
            Err(Failure::Answered(receipt)) => self.answer_again(asked, &receipt).await,
            Ok((Decision::Refused(error), _)) | Err(Failure::Command(error)) => {
                // What refused it may be what its own equal did a moment ago.
                match self.receipt(&key, context.now).await {
                    Ok(Some(receipt)) => self.answer_again(asked, &receipt).await,
                    _ => Err(error),
                }
            }
        }
    }

    /// What was answered under a key, while its time is not over. An older receipt goes, so that the key can be used again.
    async fn receipt(&self, key: &ReceiptKey, now: Timestamp) -> Result<Option<Receipt>, StoreError> {
        let found = self.log.receipt(key).await?;
        let given_until = now - RECEIPT_LIFE;
        match found {
            Some(receipt) if receipt.created_at <= given_until => {
                self.receipts.forget(key, given_until).await?;
                Ok(None)
            }
            found => Ok(found),
        }
    }

    pub(crate) fn receipt_of(&self, context: &Context, asked: &Idempotency, answer: &[u8]) -> Receipt {
        let key = receipt_key(context, asked);
        let answer = self.cipher.seal(&receipt_place(&key), answer);
        Receipt {
            key,
            body_hash: asked.body_hash,
            answer,
            created_at: context.now,
        }
    }

    async fn answer_again(&self, asked: &Idempotency, receipt: &Receipt) -> Result<Done<Vec<u8>>, CommandError> {
        if receipt.body_hash != asked.body_hash {
            return Err(CommandError::KeyReused);
        }
        let answer = self
            .cipher
            .open(&receipt_place(&receipt.key), &receipt.answer)
            .map_err(|error| StoreError::Broken(format!("a stored answer: {error}")))?;
        Ok(Done {
            answer: answer.expose_secret().to_vec(),
            position: self.log.head().await?,
        })
    }

    /// Deletes some of the stored answers whose time is over; true when there may be more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_old_receipts(&self) -> Result<bool, StoreError> {
        let given_until = self.clock.now() - RECEIPT_LIFE;
        let found = self.receipts.forget_some(given_until, FORGOTTEN_AT_ONCE).await?;
        Ok(found == FORGOTTEN_AT_ONCE)
    }
}

fn receipt_key(context: &Context, asked: &Idempotency) -> ReceiptKey {
    ReceiptKey {
        tenant: context.tenant,
        route: asked.route.clone(),
        key: asked.key.clone(),
    }
}

pub(crate) fn receipt_place(key: &ReceiptKey) -> Place {
    Place {
        tenant: key.tenant,
        record: Record::Receipt(key.route.clone(), key.key.clone()),
    }
}

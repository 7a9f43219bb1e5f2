//! Turns at a provider account. A provider that takes back all that an account granted would also end what somebody signs in with
//! at that moment: whoever counts what stands on an account and then takes it back has the turn, and so has whoever puts
//! credentials of it into the vault. In whatever tenant: the provider knows of none.

use std::time::Duration;

use uuid::Uuid;

use crate::{app::App, error::CommandError, ports::accounts::AccountKey};

/// A turn that nobody ended, because its node was killed, is over after so long: one to put a row into the vault ..
pub(crate) const TO_KEEP: Duration = Duration::from_secs(5);
/// .. and one to ask the provider.
pub(crate) const TO_ASK: Duration = Duration::from_secs(20);
/// So long a provider may take to answer in a turn: well within it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Whoever waits looks so often, and so many times: until the longest turn is over for sure.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const MOST_LOOKS: u32 = 250;

/// A turn at an account.
pub(crate) struct Turn {
    account: AccountKey,
    holder: Uuid,
}

impl App {
    /// Waits for the turn at an account, and has it for so long at most.
    ///
    /// # Errors
    /// [`CommandError::Contended`] when others have it for too long; when a store fails.
    pub(crate) async fn turn_at(&self, account: &AccountKey, at_most: Duration) -> Result<Turn, CommandError> {
        let holder = self.entropy.id(self.clock.now());
        for _ in 0..MOST_LOOKS {
            if self.accounts.take(account, holder, at_most).await? {
                let account = *account;
                return Ok(Turn { account, holder });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Err(CommandError::Contended)
    }

    /// Ends a turn. Whether it was ours to its end.
    ///
    /// # Errors
    /// When a store fails.
    pub(crate) async fn end_turn(&self, turn: &Turn) -> Result<bool, CommandError> {
        Ok(self.accounts.end(&turn.account, turn.holder).await?)
    }
}

use std::time::Duration;

use application::ports::{
    StoreError,
    accounts::{AccountKey, AccountTurns},
};
use async_trait::async_trait;
use uuid::Uuid;

use super::{
    Pool,
    dialects::{Dialects, clock, micros},
};

macro_rules! take {
    ($dialect:ident) => {
        concat!(
            "INSERT INTO account_turn (account_key, holder, until) VALUES ($1, $2, $3 + ",
            clock!($dialect),
            ") ON CONFLICT (account_key) DO UPDATE SET holder = excluded.holder, until = excluded.until
               WHERE account_turn.until <= ",
            clock!($dialect)
        )
    };
}

/// Account, holder, and for how many microseconds.
const TAKE: Dialects = Dialects {
    postgres: take!(postgres),
    sqlite: take!(sqlite),
};
const END: &str = "DELETE FROM account_turn WHERE account_key = $1 AND holder = $2";

/// The table of whose turn it is at a provider account.
pub(super) struct AccountRows {
    pool: Pool,
}

impl AccountRows {
    pub(super) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl AccountTurns for AccountRows {
    async fn take(&self, account: &AccountKey, holder: Uuid, at_most: Duration) -> Result<bool, StoreError> {
        let values = vec![account.into(), holder.to_string().into(), micros(at_most)];
        Ok(self.pool.write(TAKE.of(&self.pool), values).await? == 1)
    }

    async fn end(&self, account: &AccountKey, holder: Uuid) -> Result<bool, StoreError> {
        let values = vec![account.into(), holder.to_string().into()];
        Ok(self.pool.write(END, values).await? == 1)
    }
}

//! Values on their way to and from either database.

use application::ports::StoreError;
use domain::Timestamp;
use sqlx::{Column, Row as _, TypeInfo, ValueRef, postgres::PgRow, sqlite::SqliteRow};
use uuid::Uuid;

use super::{broken, store_error};

/// A parameter or a column.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// No bytes. Other types have no missing parameters.
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.timestamp_micros())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

impl From<&[u8; 32]> for Value {
    fn from(value: &[u8; 32]) -> Self {
        Self::Bytes(value.to_vec())
    }
}

/// A row, whose columns are taken in the order of the statement.
pub(crate) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(crate) fn of_postgres(row: &PgRow) -> Result<Self, StoreError> {
        let values = row.columns().iter().map(|column| {
            let raw = row.try_get_raw(column.ordinal()).map_err(store_error)?;
            if raw.is_null() {
                return Ok(Value::Null);
            }
            match raw.type_info().name() {
                "INT8" => row.try_get(column.ordinal()).map(Value::Int).map_err(store_error),
                "BYTEA" | "UUID" => raw
                    .as_bytes()
                    .map(|bytes| Value::Bytes(bytes.to_vec()))
                    .map_err(|_| unfit()),
                _ => raw
                    .as_str()
                    .map(|text| Value::Text(text.to_owned()))
                    .map_err(|_| unfit()),
            }
        });
        Ok(Self(values.collect::<Result<Vec<_>, StoreError>>()?.into_iter()))
    }

    pub(crate) fn of_sqlite(row: &SqliteRow) -> Result<Self, StoreError> {
        let values = row.columns().iter().map(|column| {
            let index = column.ordinal();
            let raw = row.try_get_raw(index)?;
            if raw.is_null() {
                return Ok(Value::Null); // its type would be the column's
            }
            match raw.type_info().name() {
                "INTEGER" => row.try_get_unchecked(index).map(Value::Int),
                "BLOB" => row.try_get_unchecked(index).map(Value::Bytes),
                _ => row.try_get_unchecked(index).map(Value::Text),
            }
        });
        let values = values.collect::<Result<Vec<_>, sqlx::Error>>().map_err(store_error)?;
        Ok(Self(values.into_iter()))
    }

    /// What is left of it.
    pub(crate) fn into_values(self) -> impl Iterator<Item = Value> {
        self.0
    }

    pub(crate) fn int(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Value::Int(value)) => Ok(value),
            _ => Err(unfit()),
        }
    }

    /// A number that is never negative.
    pub(crate) fn count(&mut self) -> Result<u64, StoreError> {
        u64::try_from(self.int()?).map_err(|_| unfit())
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, StoreError> {
        Timestamp::from_timestamp_micros(self.int()?).ok_or_else(unfit)
    }

    pub(crate) fn optional_time(&mut self) -> Result<Option<Timestamp>, StoreError> {
        match self.0.next() {
            Some(Value::Int(value)) => Timestamp::from_timestamp_micros(value).map(Some).ok_or_else(unfit),
            Some(Value::Null) => Ok(None),
            _ => Err(unfit()),
        }
    }

    pub(crate) fn text(&mut self) -> Result<String, StoreError> {
        self.optional_text()?.ok_or_else(unfit)
    }

    pub(crate) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Text(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(unfit()),
        }
    }

    /// A text that names something.
    pub(crate) fn parsed<T: std::str::FromStr>(&mut self) -> Result<T, StoreError> {
        self.text()?.parse().map_err(|_| unfit())
    }

    pub(crate) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.optional_bytes()?.ok_or_else(unfit)
    }

    pub(crate) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.next() {
            Some(Value::Bytes(value)) => Ok(Some(value)),
            Some(Value::Null) => Ok(None),
            _ => Err(unfit()),
        }
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32], StoreError> {
        self.optional_hash()?.ok_or_else(unfit)
    }

    pub(crate) fn optional_hash(&mut self) -> Result<Option<[u8; 32]>, StoreError> {
        let bytes = self.optional_bytes()?;
        bytes.map(|bytes| bytes.try_into().map_err(|_| unfit())).transpose()
    }

    pub(crate) fn uuid(&mut self) -> Result<Uuid, StoreError> {
        Uuid::from_slice(&self.bytes()?).map_err(|_| unfit())
    }
}

fn unfit() -> StoreError {
    broken("a column does not hold what its name says")
}

//! Looking for something in everything that an installation keeps.

use anyhow::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sqlx::{Connection, PgConnection, Row, SqliteConnection};

use crate::conformance::{Database, Kind};

/// Something that must not be found, in any form that a table can hold it in.
pub struct Needle {
    /// What it is, for the complaint.
    pub name: &'static str,
    text: String,
}

impl Needle {
    /// A secret.
    pub fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self {
            name,
            text: text.into(),
        }
    }

    /// Whether it is there, as itself, as hexadecimal digits, in base 64 wherever it begins, or as part of an address.
    pub fn is_in(&self, hay: &[u8]) -> bool {
        let forms = [
            self.text.as_bytes().to_vec(),
            in_hexadecimal(self.text.as_bytes()),
            self.text.replace('/', "%2F").into_bytes(),
        ];
        let in_base_64 = (0..3).map(|before| in_base_64(before, self.text.as_bytes()));
        // The search of texts is a fast one, and what is no text cannot be a part of a form.
        let hay = String::from_utf8_lossy(hay);
        let mut forms = forms.into_iter().chain(in_base_64);
        forms.any(|form| std::str::from_utf8(&form).is_ok_and(|form| !form.is_empty() && hay.contains(form)))
    }
}

/// What of it is the same in base 64, whatever stands around it: `before` bytes of a group of three, and anything behind it.
fn in_base_64(before: usize, bytes: &[u8]) -> Vec<u8> {
    let whole = [vec![0; before], bytes.to_vec()].concat();
    let text = URL_SAFE_NO_PAD.encode(&whole);
    let first = (before * 8).div_ceil(6);
    let last = whole.len() * 8 / 6;
    text.as_bytes().get(first..last).unwrap_or_default().to_vec()
}

fn in_hexadecimal(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    bytes.iter().flat_map(digits).collect()
}

impl Database {
    /// Everything that it holds, deleted pages and all where it is a file, as bytes to look through.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn everything(&self) -> anyhow::Result<Vec<u8>> {
        match self.kind() {
            Kind::Sqlite => self.files(),
            Kind::Postgres => self.rows().await,
        }
    }

    fn files(&self) -> anyhow::Result<Vec<u8>> {
        let file = self.path()?;
        let mut everything = vec![];
        for entry in std::fs::read_dir(file.parent().context("no folder")?)? {
            everything.extend(std::fs::read(entry?.path())?);
        }
        Ok(everything)
    }

    async fn rows(&self) -> anyhow::Result<Vec<u8>> {
        let mut connection = self.connection().await?;
        let tables = sqlx::query(
            "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace",
        )
        .fetch_all(&mut connection)
        .await?;
        let mut everything = vec![];
        for table in tables {
            let table: String = table.try_get(0)?;
            everything.extend(dump(&mut connection, &table).await?.into_bytes());
        }
        Ok(everything)
    }

    /// The one number that a statement answers with.
    ///
    /// # Errors
    /// What the database says.
    pub async fn number(&self, sql: &'static str) -> anyhow::Result<i64> {
        Ok(match self.kind() {
            Kind::Sqlite => {
                let mut connection = SqliteConnection::connect(&self.path()?.to_string_lossy()).await?;
                sqlx::query_scalar(sql).fetch_one(&mut connection).await?
            }
            Kind::Postgres => sqlx::query_scalar(sql).fetch_one(&mut self.connection().await?).await?,
        })
    }
}

/// All rows of a table as text. A table's name cannot be a parameter of a statement, but it can be one of this function.
async fn dump(connection: &mut PgConnection, table: &str) -> anyhow::Result<String> {
    let xml = sqlx::query_scalar("SELECT table_to_xml(quote_ident($1)::regclass, true, false, '')::text")
        .bind(table)
        .fetch_one(connection)
        .await?;
    Ok(xml)
}

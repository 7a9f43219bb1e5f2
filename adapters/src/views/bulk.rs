//! Filling the idle side. On `PostgreSQL` new rows are copied in while the table has but its key, and the further indexes are made
//! at the end; `SQLite` has one writer, so its rows come in short transactions and its indexes stay.

use application::ports::StoreError;
use projections::{
    View,
    store::{Build, Fill, Written},
    view::Cell,
};

use super::{
    ViewDb,
    db::Tx,
    statements::SideSql,
    store::{idle_side, owns, put},
};

/// The most rows of one transaction.
const ROWS: usize = 1_000;
/// The most rows of one that copies: nobody else writes there.
const COPIED: usize = 25_000;

/// Takes away what would slow the filling down.
pub(super) async fn prepare(tx: &mut Tx, side: &SideSql) -> Result<(), StoreError> {
    if tx.copies() {
        for statement in &side.unindex {
            tx.execute(statement, &[]).await?;
        }
    }
    Ok(())
}

/// Makes the further indexes, where they are not there.
pub(super) async fn index(tx: &mut Tx, side: &SideSql) -> Result<(), StoreError> {
    for statement in &side.index {
        tx.execute(statement, &[]).await?;
    }
    Ok(())
}

/// Deletes what is on the idle side, whatever was left there.
pub(super) async fn empty(views: &ViewDb, view: &View, build: Build) -> Result<Written, StoreError> {
    let sql = views.sql(view)?;
    loop {
        let mut tx = views.db.write().await?;
        if !owns(&mut tx, view, build).await? {
            tx.roll_back().await?;
            return Ok(Written::Lost);
        }
        let side = idle_side(&mut tx, view).await?;
        let deleted = tx.execute(sql.side(side).clear, &[]).await?;
        tx.commit().await?;
        if deleted == 0 {
            return Ok(Written::Done);
        }
        views.db.let_others_write().await;
    }
}

pub(super) async fn fill(
    views: &ViewDb,
    view: &View,
    build: Build,
    rows: Vec<Vec<Cell>>,
    fill: Fill,
) -> Result<Written, StoreError> {
    let sql = views.sql(view)?;
    let mut rest = rows.as_slice();
    loop {
        let mut tx = views.db.write().await?;
        if !owns(&mut tx, view, build).await? {
            tx.roll_back().await?;
            return Ok(Written::Lost);
        }
        let copies = fill == Fill::New && tx.copies();
        let (chunk, more) = rest.split_at(rest.len().min(if copies { COPIED } else { ROWS }));
        if copies {
            tx.copy(sql.side(build.side).copy, &text(chunk)).await?;
        } else {
            put(&mut tx, sql, build.side, chunk).await?;
        }
        tx.commit().await?;
        if more.is_empty() {
            return Ok(Written::Done);
        }
        rest = more;
        views.db.let_others_write().await;
    }
}

pub(super) async fn complete(views: &ViewDb, view: &View, build: Build) -> Result<Written, StoreError> {
    let side = views.sql(view)?.side(build.side);
    let mut tx = views.db.write().await?;
    if !owns(&mut tx, view, build).await? {
        tx.roll_back().await?;
        return Ok(Written::Lost);
    }
    index(&mut tx, side).await?;
    tx.commit().await?;
    Ok(Written::Done)
}

/// Rows as COPY reads them: tabs between cells, a line each, `\N` for a missing one.
fn text(rows: &[Vec<Cell>]) -> Vec<u8> {
    let mut text = Vec::with_capacity(rows.len() * 512);
    for row in rows {
        for (number, cell) in row.iter().enumerate() {
            if number > 0 {
                text.push(b'\t');
            }
            match cell {
                Cell::Text(None) | Cell::Integer(None) => text.extend_from_slice(b"\\N"),
                Cell::Integer(Some(number)) => text.extend_from_slice(number.to_string().as_bytes()),
                Cell::Text(Some(value)) => value.bytes().for_each(|byte| escaped(&mut text, byte)),
            }
        }
        text.push(b'\n');
    }
    text
}

fn escaped(text: &mut Vec<u8>, byte: u8) {
    match byte {
        b'\\' => text.extend_from_slice(b"\\\\"),
        b'\t' => text.extend_from_slice(b"\\t"),
        b'\n' => text.extend_from_slice(b"\\n"),
        b'\r' => text.extend_from_slice(b"\\r"),
        byte => text.push(byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name may hold anything that a keyboard has.
    #[test]
    fn what_copy_would_take_for_its_own_signs_is_escaped() {
        let row = vec![
            Cell::Text(Some("a\tb\\N\r\n".to_owned())),
            Cell::Text(None),
            Cell::Integer(Some(-7)),
        ];
        assert_eq!(text(&[row]), b"a\\tb\\\\N\\r\\n\t\\N\t-7\n");
    }
}

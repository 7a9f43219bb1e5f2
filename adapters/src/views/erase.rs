//! Emptying the personal columns about a person, in every view and on both of its sides.

use application::ports::StoreError;
use domain::personal::Subject;
use projections::{
    VIEWS, View,
    store::Side,
    view::{Cell, Kind},
};

use super::{
    ViewDb,
    db::Db,
    statements::{leak, table_name},
};
use crate::sql::truncate_wal;

/// The column that names whom a row's personal columns are about.
const SUBJECT: &str = "subject";

impl ViewDb {
    /// Empties every personal column about a subject. Rows that a fold is at work on may be written once more as they were:
    /// views fold the erasure itself too, and lose the names then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn erase(&self, subject: Subject) -> Result<(), StoreError> {
        for statement in &self.erase {
            let mut tx = self.db.write_through().await?;
            tx.execute(statement, &[Cell::text(&subject)]).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Overwrites what was left in the views' own files. False when a reader kept it from that.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn overwrite(&self) -> Result<bool, StoreError> {
        match &self.db {
            Db::Postgres(_) => Ok(true),
            Db::Sqlite { writer, .. } => truncate_wal(writer).await,
        }
    }
}

/// A statement for each side of each view that shows personal data.
pub(super) fn statements() -> Vec<&'static str> {
    let sides = [Side::A, Side::B];
    let all = VIEWS
        .iter()
        .flat_map(|view| sides.into_iter().filter_map(move |side| statement(view, side)));
    all.map(leak).collect()
}

fn statement(view: &View, side: Side) -> Option<String> {
    let personal = view.columns.iter().filter(|column| column.kind == Kind::Personal);
    let names: Vec<_> = personal.map(|column| column.name).collect();
    let empty: Vec<_> = names.iter().map(|name| format!("{name} = NULL")).collect();
    let filled: Vec<_> = names.iter().map(|name| format!("{name} IS NOT NULL")).collect();
    (!names.is_empty()).then(|| {
        format!(
            "UPDATE {} SET {} WHERE {SUBJECT} = $1 AND ({})",
            table_name(view, side),
            empty.join(", "),
            filled.join(" OR ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mutant seen: with a personal column in a view that does not say whom it is about, nothing could be erased from it, and this
    /// fails.
    #[test]
    fn every_view_with_personal_columns_says_whom_they_are_about() {
        for view in VIEWS {
            let is_personal = view.columns.iter().any(|column| column.kind == Kind::Personal);
            let has_subject = view.columns.iter().any(|column| column.name == SUBJECT);
            assert!(!is_personal || has_subject, "{}", view.name);
        }
    }
}

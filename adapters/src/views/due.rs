//! What has come due: asked for all tenants at once, by what happens by itself and by nobody else.

use application::ports::{StoreError, links::OpenLinks};
use async_trait::async_trait;
use domain::{Timestamp, ids::LinkId};
use projections::{
    link::LinkView,
    store::Side,
    view::{Cell, Cells, Kind},
};

use super::{ViewDb, read::ReadSql, statements::table_name, store::broken};

/// `$1` is now, `$2` and `$3` the last link of the page before, `$4` the limit.
pub(super) fn lapsed(side: Side) -> String {
    let links = table_name(&LinkView::VIEW, side);
    format!(
        "SELECT expires_at, id FROM {links}
        WHERE status IN ('pending', 'started') AND expires_at <= $1 AND (expires_at, id) > ($2, $3)
        ORDER BY expires_at, id LIMIT $4"
    )
}

#[async_trait]
impl OpenLinks for ViewDb {
    async fn lapsed(
        &self,
        now: Timestamp,
        after: Option<(Timestamp, LinkId)>,
        at_most: u32,
    ) -> Result<Vec<(Timestamp, LinkId)>, StoreError> {
        let (at, id) = match after {
            Some((at, id)) => (Cell::time(at), Cell::text(&id)),
            None => (Cell::Integer(Some(i64::MIN)), Cell::Text(Some(String::new()))),
        };
        let values = vec![Cell::time(now), at, id, Cell::Integer(Some(at_most.into()))];
        let statement = |sql: &ReadSql| Some((sql.lapsed, values));
        let rows = self
            .answer(&LinkView::VIEW, &[Kind::Integer, Kind::Text], statement)
            .await?;
        let link = |cells| {
            let mut cells = Cells::new(cells);
            Ok((cells.time().map_err(broken)?, cells.parse().map_err(broken)?))
        };
        rows.into_iter().map(link).collect()
    }
}

//! Reading views. Which side is live and what stands on it are read in one snapshot, so that a switch never shows half.

use std::ops::Range;

use application::ports::StoreError;
use async_trait::async_trait;
use domain::{
    Timestamp,
    ids::{CustomerId, IntegrationId, LinkId, TenantId},
    log::Position,
    provider::ProviderId,
};
use projections::{
    Projection, View,
    audit_entry::{AuditEntryView, AuditSubject, entry_key},
    connection_span::{ConnectionSpanView, Span},
    integration::{Badge, IntegrationRow, IntegrationView},
    link::{LinkRow, LinkStatus, LinkView},
    read::{Cursor, Entry, Filter, Page, Stale, StaleReason, Views},
    report_day::{DayFigures, ReportDayView},
    store::Side,
    view::{BadCell, Cell, Cells, Kind, ViewRow},
};

use super::{
    ViewDb, due,
    lists::{ListSql, Standing},
    reports,
    statements::{CHECKPOINT_OF, STALE_KEYS, leak, names, table_name},
    store::{CHECKPOINT, broken, checkpoint, name},
};

/// A side's statements that answer questions.
#[derive(Debug)]
pub(super) struct ReadSql {
    link: &'static str,
    pub(super) lapsed: &'static str,
    integration: &'static str,
    links: ListSql<LinkStatus>,
    integrations: ListSql<Badge>,
    listings: &'static str,
    audit: &'static str,
    figures: &'static str,
    spans: &'static str,
}

impl ReadSql {
    pub(super) fn new(side: Side) -> Self {
        let audit = table_name(&AuditEntryView::VIEW, side);
        let integrations = table_name(&IntegrationView::VIEW, side);
        Self {
            link: one(&LinkView::VIEW, side),
            lapsed: leak(due::lapsed(side)),
            integration: one(&IntegrationView::VIEW, side),
            links: ListSql::new(side),
            integrations: ListSql::new(side),
            listings: leak(format!(
                "SELECT listing FROM {integrations}
                WHERE tenant = $1 AND provider = $2 AND listing IS NOT NULL AND id <> $3"
            )),
            audit: leak(format!(
                "SELECT position FROM {audit} WHERE key > $1 AND key <= $2 ORDER BY key LIMIT $3"
            )),
            figures: leak(reports::figures(side)),
            spans: leak(reports::spans(side)),
        }
    }
}

fn one(view: &View, side: Side) -> &'static str {
    let table = table_name(view, side);
    leak(format!(
        "SELECT {} FROM {table} WHERE tenant = $1 AND id = $2",
        names(view)
    ))
}

#[async_trait]
impl Views for ViewDb {
    async fn link(&self, tenant: TenantId, id: LinkId) -> Result<Option<LinkRow>, StoreError> {
        let values = [Cell::text(&tenant), Cell::text(&id)];
        let rows = self.rows::<LinkView>(|sql| Some((sql.link, values.to_vec()))).await?;
        Ok(rows.into_iter().next())
    }

    async fn links(
        &self,
        tenant: TenantId,
        filter: &Filter<LinkStatus>,
        page: Page,
        now: Timestamp,
    ) -> Result<Vec<Entry<LinkRow>>, StoreError> {
        self.entries::<LinkView, LinkStatus>(|sql| sql.links.of(tenant, filter, page, now))
            .await
    }

    async fn integration(&self, tenant: TenantId, id: IntegrationId) -> Result<Option<IntegrationRow>, StoreError> {
        let values = [Cell::text(&tenant), Cell::text(&id)];
        let rows = self
            .rows::<IntegrationView>(|sql| Some((sql.integration, values.to_vec())))
            .await?;
        Ok(rows.into_iter().next())
    }

    async fn integrations(
        &self,
        tenant: TenantId,
        filter: &Filter<Badge>,
        page: Page,
        now: Timestamp,
    ) -> Result<Vec<Entry<IntegrationRow>>, StoreError> {
        self.entries::<IntegrationView, Badge>(|sql| sql.integrations.of(tenant, filter, page, now))
            .await
    }

    async fn listings_in_use(
        &self,
        tenant: TenantId,
        provider: &ProviderId,
        but_for: IntegrationId,
    ) -> Result<Vec<String>, StoreError> {
        let values = vec![Cell::text(&tenant), Cell::text(provider), Cell::text(&but_for)];
        let statement = |sql: &ReadSql| Some((sql.listings, values));
        let rows = self.answer(&IntegrationView::VIEW, &[Kind::Text], statement).await?;
        rows.into_iter()
            .map(|cells| Cells::new(cells).parse().map_err(broken))
            .collect()
    }

    async fn figures(&self, tenant: TenantId, days: Range<i64>, now: Timestamp) -> Result<Vec<DayFigures>, StoreError> {
        let values = reports::figures_of(tenant, &days, now);
        let statement = |sql: &ReadSql| Some((sql.figures, values));
        let rows = self.answer(&ReportDayView::VIEW, reports::FIGURES, statement).await?;
        reports::together(rows).map_err(unreadable(&ReportDayView::VIEW))
    }

    async fn spans(
        &self,
        tenant: TenantId,
        customer: Option<CustomerId>,
        between: Range<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Span>, StoreError> {
        let values = reports::spans_of(tenant, customer, &between, limit);
        let kinds = [&self.sql(&ConnectionSpanView::VIEW)?.kinds[..], &[Kind::Integer]].concat();
        let statement = |sql: &ReadSql| Some((sql.spans, values));
        let rows = self.answer(&ConnectionSpanView::VIEW, &kinds, statement).await?;
        rows.into_iter()
            .map(|cells| reports::span(cells).map_err(unreadable(&ConnectionSpanView::VIEW)))
            .collect()
    }

    async fn stale(&self, view: &View) -> Result<Stale, StoreError> {
        let rows = self
            .db
            .fetch(STALE_KEYS, &[name(view)], &[Kind::Text, Kind::Text])
            .await?;
        let stale = |cells| -> Result<_, BadCell> {
            let mut cells = Cells::new(cells);
            let (key, noted): (String, String) = (cells.parse()?, cells.parse()?);
            Ok((key, StaleReason::of(&noted)))
        };
        rows.into_iter().map(|cells| stale(cells).map_err(broken)).collect()
    }

    async fn audit(
        &self,
        tenant: TenantId,
        subject: AuditSubject,
        after: Position,
        limit: u32,
    ) -> Result<Vec<Position>, StoreError> {
        let key = |position| Cell::Text(Some(entry_key(tenant, &subject, position)));
        let values = vec![key(after), key(Position(u64::MAX)), Cell::Integer(Some(limit.into()))];
        let statement = |sql: &ReadSql| Some((sql.audit, values));
        let rows = self.answer(&AuditEntryView::VIEW, &[Kind::Integer], statement).await?;
        rows.into_iter()
            .map(|cells| Cells::new(cells).integer().map_err(broken))
            .map(|position| position.map(|position| Position(position.cast_unsigned())))
            .collect()
    }
}

impl ViewDb {
    async fn rows<P: Projection>(
        &self,
        statement: impl FnOnce(&ReadSql) -> Option<(&'static str, Vec<Cell>)> + Send,
    ) -> Result<Vec<P::Row>, StoreError> {
        let kinds = &self.sql(&P::VIEW)?.kinds;
        let rows = self.answer(&P::VIEW, kinds, statement).await?;
        let row = |cells| P::Row::from_cells(&mut Cells::new(cells)).map_err(unreadable(&P::VIEW));
        rows.into_iter().map(row).collect()
    }

    /// As [`Self::rows`], for lists: one row that cannot be read does not take the others with it.
    async fn entries<P: Projection, S: Standing>(
        &self,
        statement: impl FnOnce(&ReadSql) -> Option<(&'static str, Vec<Cell>)> + Send,
    ) -> Result<Vec<Entry<P::Row>>, StoreError> {
        let kinds = &self.sql(&P::VIEW)?.kinds;
        let rows = self.answer(&P::VIEW, kinds, statement).await?;
        let entry = |cells: Vec<Cell>| {
            let place = place(&P::VIEW, S::TIME, &cells);
            match (P::Row::from_cells(&mut Cells::new(cells)), place) {
                (Ok(row), _) => Ok(Entry::Readable(row)),
                (Err(_), Some(place)) => Ok(Entry::Unreadable(place)),
                (Err(error), None) => Err(unreadable(&P::VIEW)(error)),
            }
        };
        rows.into_iter().map(entry).collect()
    }

    /// Asks the side that is live in the same moment.
    pub(super) async fn answer(
        &self,
        view: &View,
        kinds: &[Kind],
        statement: impl FnOnce(&ReadSql) -> Option<(&'static str, Vec<Cell>)> + Send,
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        let mut tx = self.db.snapshot().await?;
        let live = checkpoint(view, tx.fetch(CHECKPOINT_OF, &[name(view)], CHECKPOINT).await?)?.side;
        let unknown = || StoreError::Broken("there is no statement for this question".to_owned());
        let (sql, values) = statement(self.read_sql(live)).ok_or_else(unknown)?;
        let rows = tx.fetch(sql, &values, kinds).await?;
        tx.roll_back().await?;
        Ok(rows)
    }
}

fn unreadable(view: &View) -> impl Fn(BadCell) -> StoreError + use<> {
    let name = view.name;
    move |_| StoreError::UnreadableRow(name)
}

/// Where a row stands in its list, whatever else it holds.
fn place(view: &View, time: &str, cells: &[Cell]) -> Option<Cursor> {
    let cell = |name: &str| cells.get(view.columns.iter().position(|column| column.name == name)?);
    match (cell(time)?, cell("id")?) {
        (Cell::Integer(Some(micros)), Cell::Text(Some(id))) => Some(Cursor {
            at: Timestamp::from_timestamp_micros(*micros)?,
            id: id.parse().ok()?,
        }),
        _ => None,
    }
}

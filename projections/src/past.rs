//! Rows as they were: the very folds that keep the views, over as many events as had happened.

use application::ports::StoreError;
use domain::{
    Timestamp,
    log::{Position, Recorded},
};

use crate::{
    Projection,
    fold::{PageEnd, Table},
    integration::{Badge, Health, IntegrationRow, badge},
    link::{LinkRow, LinkStatus},
    page,
    read::{Cursor, Filter, Page},
    reader::EventReader,
};

/// The rows that events lead to, in no order.
///
/// # Errors
/// When an event cannot be opened now, or only a newer node can read it.
pub async fn folded<P: Projection>(
    projection: &P,
    reader: &dyn EventReader,
    events: &[Recorded],
) -> Result<Vec<P::Row>, StoreError> {
    let mut page = page::Page::of(events);
    let keys = page.keys(projection, Position(0));
    page.open_for::<P>(reader, &keys).await;
    let mut table = Table::default();
    match table.fold_page(projection, &page, &keys)? {
        PageEnd::Folded => Ok(table.into_rows().collect()),
        PageEnd::Unknown { reason, .. } => Err(StoreError::Unavailable(reason)),
    }
}

/// A row of a list that can be filtered in memory as the database filters the view.
pub trait Listed {
    /// How it stands.
    type Standing: PartialEq;

    /// Its place in the list.
    fn place(&self) -> Cursor;

    /// Whether it passes a filter, by the clock.
    fn passes(&self, filter: &Filter<Self::Standing>, now: Timestamp) -> bool;
}

impl Listed for LinkRow {
    type Standing = LinkStatus;

    fn place(&self) -> Cursor {
        self.into()
    }

    fn passes(&self, filter: &Filter<LinkStatus>, now: Timestamp) -> bool {
        filter.wants(self.customer, self.location, &self.provider)
            && filter.status.is_none_or(|status| status == self.status_at(now))
    }
}

impl Listed for IntegrationRow {
    type Standing = Badge;

    fn place(&self) -> Cursor {
        self.into()
    }

    fn passes(&self, filter: &Filter<Badge>, now: Timestamp) -> bool {
        filter.wants(self.customer, self.location, &self.provider)
            && filter.status.is_none_or(|status| status == badge(self, now))
            && (filter.health.is_none() || filter.health == self.health().map(Health::status))
    }
}

/// A page of rows, newest first.
pub fn listed<R: Listed>(rows: Vec<R>, filter: &Filter<R::Standing>, page: Page, now: Timestamp) -> Vec<R> {
    let order = |place: Cursor| (place.at, place.id);
    let mut rows: Vec<R> = rows
        .into_iter()
        .filter(|row| row.passes(filter, now))
        .filter(|row| page.after.is_none_or(|after| order(row.place()) < order(after)))
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(order(row.place())));
    rows.truncate(page.limit as usize);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        integration::IntegrationView,
        link::LinkView,
        stories::{LIFE, Story, StoryReader, World, link, minute},
    };

    async fn links(events: &[Recorded]) -> Vec<LinkRow> {
        folded(&LinkView, &StoryReader, events).await.unwrap()
    }

    /// A41: a link as it was after each of its steps, and before it was there.
    #[tokio::test]
    async fn a_row_is_what_its_events_so_far_made_of_it() {
        let story = Story::new().issued().started().declined();
        let statuses = [
            None,
            Some(LinkStatus::Pending),
            Some(LinkStatus::Pending),
            Some(LinkStatus::Started),
        ];
        for (events, status) in statuses.into_iter().enumerate() {
            let rows = links(&story.recorded()[..events]).await;
            assert_eq!(
                rows.first().map(|row| row.status_at(minute(9))),
                status,
                "{events} events"
            );
        }
        let whole = links(story.recorded()).await;
        assert_eq!(whole.first().map(|row| row.status), Some(LinkStatus::Declined));
    }

    /// B27-B29: the badge of a moment is derived by the clock of that moment.
    #[tokio::test]
    async fn a_badge_of_the_past_is_read_by_the_clock_of_the_past() {
        let story = Story::new().issued();
        let rows = folded(&IntegrationView, &StoryReader, story.recorded()).await.unwrap();
        assert_eq!(badge(&rows[0], minute(LIFE - 1)), Badge::Pending);
        assert_eq!(badge(&rows[0], minute(LIFE)), Badge::Expired);
    }

    #[tokio::test]
    async fn a_list_of_the_past_is_filtered_and_paged_like_that_of_today() {
        let worlds: Vec<_> = (1..=5).map(World::numbered).collect();
        let story = worlds
            .iter()
            .fold(Story::new(), |story, world| story.about(*world).issued());
        let rows = links(story.recorded()).await;
        let mut seen = Vec::new();
        let mut page = Page { after: None, limit: 2 };
        loop {
            let part = listed(rows.clone(), &Filter::default(), page, minute(9));
            let Some(last) = part.last() else { break };
            page.after = Some(last.place());
            seen.extend(part.into_iter().map(|row| row.id));
        }
        let newest_first: Vec<_> = worlds.iter().rev().map(|world| world.link).collect();
        assert_eq!(seen, newest_first);
        let filter = Filter {
            customer: Some(worlds[0].customer),
            status: Some(LinkStatus::Pending),
            ..Filter::default()
        };
        let found = listed(rows, &filter, Page { after: None, limit: 9 }, minute(9));
        assert_eq!(found.iter().map(|row| row.id).collect::<Vec<_>>(), [link()]);
    }
}

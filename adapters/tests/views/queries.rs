//! Asking the views.

use domain::{
    ids::{AgencyId, Mode, TenantId},
    integration::{Capability, CapabilityState},
    log::Position,
    provider::ProviderId,
};
use projections::{
    audit_entry::{AuditEntryView, AuditSubject},
    integration::{Badge, Health, HealthStatus, IntegrationRow, IntegrationView, badge},
    link::{LinkStatus, LinkView},
    read::{Cursor, Filter, Page, Views},
    runner::Sources,
    timeline::{Names, told},
};
use strum::IntoEnumIterator;

use crate::{
    on_both_databases,
    stories::{LIFE, Story, World, google, minute, tenant, uuid},
    support::{FIRST_PAGE, MemoryLog, Node, Readable, TestDb},
};

on_both_databases![
    no_question_reaches_into_another_tenant,
    a_status_is_filtered_as_the_row_says_it,
    a_badge_is_filtered_as_the_row_says_it,
    a_health_is_filtered_as_the_row_says_it,
    lists_are_paged_newest_first_without_gaps_or_repeats,
    lists_are_filtered_by_customer_location_and_provider,
    an_audit_trail_is_paged_in_the_order_of_the_log,
    a_links_audit_trail_is_told_in_sentences_and_leaves_nothing_out,
];

async fn node_with(db: &TestDb, story: &Story) -> Node {
    let log = MemoryLog::of(story);
    let node = Node::new(db, &log).await;
    node.catches_up(LinkView).await;
    node.catches_up(IntegrationView).await;
    node.catches_up(AuditEntryView).await;
    node
}

fn other_tenant() -> TenantId {
    TenantId::of(AgencyId(uuid(1, 2)), Mode::Live)
}

/// Two agencies, and the test world of the first: each sees its own.
/// Mutant: a statement without its tenant makes this fail.
async fn no_question_reaches_into_another_tenant(db: &TestDb) {
    let mine = World::default();
    let theirs = World {
        tenant: other_tenant(),
        ..World::numbered(2)
    };
    let node = node_with(db, &Story::new().issued().about(theirs).issued()).await;
    let test_world = TenantId::of(crate::stories::agency(), Mode::Test);
    let now = minute(10);
    for (asking, own) in [
        (mine.tenant, Some(mine)),
        (theirs.tenant, Some(theirs)),
        (test_world, None),
    ] {
        let found = own.map(|own| own.link).into_iter().collect::<Vec<_>>();
        let links = node
            .views
            .links(asking, &Filter::default(), FIRST_PAGE, now)
            .await
            .unwrap()
            .readable();
        assert_eq!(links.iter().map(|row| row.id).collect::<Vec<_>>(), found);
        let found = own.map(|own| own.integration()).into_iter().collect::<Vec<_>>();
        let rows = node
            .views
            .integrations(asking, &Filter::default(), FIRST_PAGE, now)
            .await
            .unwrap()
            .readable();
        assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), found);
        for world in [mine, theirs] {
            let is_own = world.tenant == asking;
            assert_eq!(node.views.link(asking, world.link).await.unwrap().is_some(), is_own);
            let integration = node.views.integration(asking, world.integration()).await.unwrap();
            assert_eq!(integration.is_some(), is_own);
            for subject in subjects(world) {
                let audit = node.views.audit(asking, subject, Position(0), 10).await.unwrap();
                assert_eq!(!audit.is_empty(), is_own, "{subject}");
            }
            let of_customer = Filter {
                customer: Some(world.customer),
                ..Filter::default()
            };
            let links = node
                .views
                .links(asking, &of_customer, FIRST_PAGE, now)
                .await
                .unwrap()
                .readable();
            assert_eq!(!links.is_empty(), is_own);
        }
    }
}

fn subjects(world: World) -> [AuditSubject; 4] {
    [
        AuditSubject::Link(world.link),
        AuditSubject::Integration(world.integration()),
        AuditSubject::Customer(world.customer),
        AuditSubject::Location(world.location),
    ]
}

/// Links and integrations that stand in every way there is.
fn every_way() -> Story {
    let at = |number| World::numbered(number);
    Story::new()
        .issued()
        .about(at(2))
        .issued()
        .started()
        .about(at(3))
        .issued()
        .completed()
        .about(at(4))
        .issued()
        .declined()
        .about(at(5))
        .issued()
        .revoked()
        .about(at(6))
        .issued()
        .found_expired(minute(LIFE))
        .about(at(7))
        .issued()
        .revoked()
        .connected_directly()
        .about(at(8))
        .issued()
        .completed()
        .about(at(8).with_link(9))
        .issued()
        .about(at(10))
        .issued()
        .completed()
        .broken()
        .about(at(11))
        .issued()
        .completed()
        .found(Capability::Metrics, CapabilityState::PermissionDenied)
        .disconnected()
        .about(at(12))
        .issued()
        .completed()
        .found(Capability::ReviewsRead, CapabilityState::Ok)
        .about(at(13))
        .issued()
        .completed()
        .found(Capability::Metrics, CapabilityState::PermissionDenied)
        .about(at(14))
        .issued()
        .completed()
        .deleted()
        .about(at(15))
        .issued()
        .declined()
        .deleted()
}

/// The database's conditions and the row's own judgement are two texts of one rule: here they meet, before and after expiry.
async fn a_status_is_filtered_as_the_row_says_it(db: &TestDb) {
    let node = node_with(db, &every_way()).await;
    for now in [minute(60), minute(LIFE), minute(3 * LIFE)] {
        let all = node
            .views
            .links(tenant(), &Filter::default(), FIRST_PAGE, now)
            .await
            .unwrap()
            .readable();
        assert_eq!(all.len(), 15);
        for status in LinkStatus::iter() {
            let filter = Filter {
                status: Some(status),
                ..Filter::default()
            };
            let found = node
                .views
                .links(tenant(), &filter, FIRST_PAGE, now)
                .await
                .unwrap()
                .readable();
            let expected: Vec<_> = all.iter().filter(|row| row.status_at(now) == status).cloned().collect();
            assert_eq!(found, expected, "{status} at {now}");
        }
    }
}

/// B59, and every badge there is.
async fn a_badge_is_filtered_as_the_row_says_it(db: &TestDb) {
    let node = node_with(db, &every_way()).await;
    let mut seen = std::collections::HashSet::new();
    for now in [minute(60), minute(LIFE), minute(3 * LIFE)] {
        let all = node
            .views
            .integrations(tenant(), &Filter::default(), FIRST_PAGE, now)
            .await
            .unwrap()
            .readable();
        assert_eq!(all.len(), 14);
        for wanted in Badge::iter() {
            let filter = Filter {
                status: Some(wanted),
                ..Filter::default()
            };
            let found = node
                .views
                .integrations(tenant(), &filter, FIRST_PAGE, now)
                .await
                .unwrap()
                .readable();
            let expected: Vec<_> = all.iter().filter(|row| badge(row, now) == wanted).cloned().collect();
            assert_eq!(found, expected, "{wanted} at {now}");
            seen.extend((!found.is_empty()).then_some(wanted));
        }
    }
    assert_eq!(seen.len(), Badge::iter().count(), "a badge was never seen");
}

/// A60: the list by health, and every health there is.
async fn a_health_is_filtered_as_the_row_says_it(db: &TestDb) {
    let node = node_with(db, &every_way()).await;
    let now = minute(60);
    let list = async |health, status| {
        let filter = Filter {
            health,
            status,
            ..Filter::default()
        };
        let rows = node.views.integrations(tenant(), &filter, FIRST_PAGE, now).await;
        rows.unwrap().readable()
    };
    let all = list(None, None).await;
    for wanted in HealthStatus::iter() {
        let is_so = |row: &&IntegrationRow| row.health().map(Health::status) == Some(wanted);
        let expected: Vec<_> = all.iter().filter(is_so).cloned().collect();
        assert!(!expected.is_empty(), "{wanted} was never seen");
        assert_eq!(list(Some(wanted), None).await, expected, "{wanted}");
        let via_link: Vec<_> = expected
            .into_iter()
            .filter(|row| badge(row, now) == Badge::ViaLink)
            .collect();
        assert_eq!(list(Some(wanted), Some(Badge::ViaLink)).await, via_link, "{wanted}");
    }
}

async fn lists_are_paged_newest_first_without_gaps_or_repeats(db: &TestDb) {
    let story = (1..=7).fold(Story::new(), |story, number| {
        story.about(World::numbered(number)).issued()
    });
    let node = node_with(db, &story).await;
    let mut after = None;
    let mut found = Vec::new();
    loop {
        let page = Page { after, limit: 3 };
        let rows = node
            .views
            .links(tenant(), &Filter::default(), page, minute(60))
            .await
            .unwrap()
            .readable();
        let integrations = node
            .views
            .integrations(tenant(), &Filter::default(), page, minute(60))
            .await
            .unwrap()
            .readable();
        assert_eq!(rows.len(), integrations.len());
        let Some(last) = rows.last() else { break };
        after = Some(Cursor::from(last));
        found.extend(rows.into_iter().map(|row| row.id));
    }
    let newest_first: Vec<_> = (1..=7).rev().map(|number| World::numbered(number).link).collect();
    assert_eq!(found, newest_first);
}

async fn lists_are_filtered_by_customer_location_and_provider(db: &TestDb) {
    let wanted = World::numbered(2);
    let node = node_with(db, &Story::new().issued().about(wanted).issued()).await;
    let other = ProviderId::parse("facebook").unwrap();
    for (customer, location, provider, hits) in [
        (Some(wanted.customer), None, None, 1),
        (None, Some(wanted.location), None, 1),
        (None, None, Some(google()), 2),
        (None, None, Some(other), 0),
        (Some(wanted.customer), Some(wanted.location), Some(google()), 1),
        (Some(World::default().customer), Some(wanted.location), None, 0),
    ] {
        let (of_links, of_integrations) = (
            Filter {
                customer,
                location,
                provider: provider.clone(),
                status: Some(LinkStatus::Pending),
                health: None,
            },
            Filter {
                customer,
                location,
                provider,
                status: Some(Badge::Pending),
                health: None,
            },
        );
        let links = node
            .views
            .links(tenant(), &of_links, FIRST_PAGE, minute(60))
            .await
            .unwrap()
            .readable();
        let rows = node
            .views
            .integrations(tenant(), &of_integrations, FIRST_PAGE, minute(60))
            .await
            .unwrap()
            .readable();
        assert_eq!((links.len(), rows.len()), (hits, hits), "{of_links:?}");
    }
}

/// A41, A42
async fn an_audit_trail_is_paged_in_the_order_of_the_log(db: &TestDb) {
    let story = Story::new()
        .issued()
        .about(World::numbered(2))
        .issued()
        .about(World::default())
        .opened_by_a_person();
    let node = node_with(db, &story.started().declined()).await;
    let subject = AuditSubject::Customer(World::default().customer);
    let first = node.views.audit(tenant(), subject, Position(0), 3).await.unwrap();
    assert_eq!(first, [1, 2, 5].map(Position));
    let rest = node.views.audit(tenant(), subject, Position(5), 100).await.unwrap();
    assert_eq!(rest, [6, 7, 8].map(Position));
}

/// A41: from the index to the sentences; what cannot be read is told as such.
async fn a_links_audit_trail_is_told_in_sentences_and_leaves_nothing_out(db: &TestDb) {
    let node = node_with(db, &Story::new().issued().opened_by_a_scanner().started().damaged()).await;
    let subject = AuditSubject::Link(World::default().link);
    let positions = node.views.audit(tenant(), subject, Position(0), 100).await.unwrap();
    let Sources { log, reader, .. } = &node.sources;
    let mut names = Names::default();
    let events = log.at(&positions).await.unwrap();
    let entries = told(reader.as_ref(), &events, &mut names).await.unwrap();
    let texts: Vec<_> = entries.into_iter().map(|entry| entry.text).collect();
    assert_eq!(
        texts,
        [
            "A member issued a connect link “Reviews” for Google, valid until 28 November 2026, 10:00 UTC",
            "A member asked for the Google connection by link",
            "Somebody opened the link (probably a mail scanner)",
            "The customer did something that this version cannot read (Started)",
        ]
    );
}

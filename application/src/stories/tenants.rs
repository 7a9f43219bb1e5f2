//! What belongs to another tenant looks as if it did not exist.

use domain::{
    connect_link::ConnectLinkError,
    customer::{Customer, CustomerCommand, CustomerError},
    host::{Host, HostCommand, HostError, HostEvent, HostName},
    ids::{AgencyId, HostId, InstallationId, MemberId, Mode, TenantId},
    log::StreamId,
};

use super::{CUSTOMER, ConnectSources, app, context, fake::Store, id, names, stored, with_customer, with_link};
use crate::{CommandError, Context, Decision, UseCase, ports::StoreError, work::Work};

/// B55. Mutant: when `load` does not compare the tenant, both calls go through.
#[tokio::test]
async fn another_tenants_stream_looks_absent() {
    let test_world = Context {
        tenant: TenantId::of(AgencyId(id(1)), Mode::Test),
        ..context(1)
    };
    for stranger in [context(2), test_world] {
        let store = with_customer(9).await;
        let refused = app(&store).run(&stranger, ConnectSources(vec![20])).await;
        assert!(matches!(refused, Err(CommandError::Customer(CustomerError::NotFound))));

        let (store, link) = with_link().await;
        let by = MemberId(id(4));
        let refused = app(&store).run(&stranger, crate::links::RevokeLink { link, by }).await;
        assert!(matches!(
            refused,
            Err(CommandError::ConnectLink(ConnectLinkError::NotIssued))
        ));
        assert_eq!(names(&store).await, ["Issued"]);
    }
}

/// Creates a customer under an id that is another tenant's.
struct TakeOver;

impl UseCase for TakeOver {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut customer = work.load::<Customer>(CUSTOMER).await?;
        let create = CustomerCommand::Create {
            agency: work.context().agency,
            personal: None,
            source_allowance: None,
        };
        work.execute(&mut customer, create).await?;
        Ok(Decision::Done(()))
    }
}

/// It looks absent, so an aggregate would let itself be created; the unit of work does not.
///
/// Mutant: without the check of `is_strangers`, the event is committed.
#[tokio::test]
async fn nothing_is_ever_appended_to_another_tenants_stream() {
    let store = with_customer(9).await;
    let refused = app(&store).run(&context(2), TakeOver).await;
    assert!(matches!(refused, Err(CommandError::Store(StoreError::Broken(_)))));
    assert!(store.0.lock().await.asked.is_empty());
}

/// Takes a host's name for the agency that asks.
struct ClaimHost(HostName);

impl UseCase for ClaimHost {
    type Answer = ();

    async fn decide(&self, work: &mut Work<'_>) -> Result<Decision<()>, CommandError> {
        let mut host = work
            .load_home::<Host>(HostId::of(work.app().installation, &self.0))
            .await?;
        let (agency, name) = (work.context().agency, self.0.clone());
        work.execute(&mut host, HostCommand::Claim { agency, name }).await?;
        Ok(Decision::Done(()))
    }
}

/// Only who owns a host's name is common knowledge: or else a second agency could claim it.
///
/// Mutant: when hosts are not shared, this fails.
#[tokio::test]
async fn a_host_that_another_agency_owns_is_seen_as_taken() {
    let (store, name) = (Store::default(), HostName::parse("connect.northwind.example").unwrap());
    let agency = AgencyId(id(1));
    let stream = StreamId::of::<Host>(HostId::of(InstallationId(id(1)), &name));
    let claimed = HostEvent::Claimed {
        agency,
        name: name.clone(),
    };
    store.0.lock().await.append(stored(&stream, &claimed));
    let refused = app(&store.into()).run(&context(2), ClaimHost(name)).await;
    assert!(matches!(refused, Err(CommandError::Host(HostError::TakenByAnother))));
}

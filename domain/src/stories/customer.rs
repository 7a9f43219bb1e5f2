//! The customer: its places of business, and how many sources its plan allows.

use crate::{
    customer::{Customer, CustomerCommand, CustomerError, CustomerEvent},
    stories::fixtures::{agency, facts, folded, given, integration, link, location},
};

fn create(source_allowance: Option<u32>) -> CustomerCommand {
    CustomerCommand::Create {
        agency: agency(1),
        personal: facts(),
        source_allowance,
    }
}

fn created() -> CustomerEvent {
    CustomerEvent::Created {
        agency: agency(1),
        personal: facts(),
    }
}

fn plan(source_allowance: Option<u32>) -> CustomerEvent {
    CustomerEvent::PlanChanged { source_allowance }
}

fn change_plan(source_allowance: Option<u32>) -> CustomerCommand {
    CustomerCommand::ChangePlan { source_allowance }
}

fn add_location(number: u8) -> CustomerCommand {
    CustomerCommand::AddLocation {
        location: location(number),
        personal: facts(),
    }
}

fn location_added(number: u8) -> CustomerEvent {
    CustomerEvent::LocationAdded {
        location: location(number),
        personal: facts(),
    }
}

fn connect(number: u8) -> CustomerCommand {
    let integration = integration(number);
    CustomerCommand::ConnectSource { integration }
}

fn connected(number: u8) -> CustomerEvent {
    let integration = integration(number);
    CustomerEvent::SourceConnected { integration }
}

/// A customer whose plan allows two sources, both of which are connected.
fn full() -> Vec<CustomerEvent> {
    vec![created(), plan(Some(2)), connected(1), connected(2)]
}

#[test]
fn a_customer_is_created_with_or_without_a_limit() {
    given::<Customer>(&[])
        .when(create(None))
        .then_expect_events(vec![created()]);
    given::<Customer>(&[])
        .when(create(Some(2)))
        .then_expect_events(vec![created(), plan(Some(2))]);
    let customer = folded::<Customer>(&[created(), plan(Some(2))]);
    assert_eq!(
        (customer.agency(), customer.source_allowance()),
        (Some(agency(1)), Some(2))
    );
}

/// B45: what is disconnected is no longer counted; saying so twice is no news.
#[test]
fn a_source_that_is_disconnected_makes_room_for_another() {
    let integration = integration(1);
    let disconnected = CustomerEvent::SourceDisconnected { integration };
    let disconnect = CustomerCommand::DisconnectSource { integration };
    given::<Customer>(&full())
        .when(disconnect.clone())
        .then_expect_events(vec![disconnected.clone()]);
    let after = [full(), vec![disconnected]].concat();
    given::<Customer>(&after).when(disconnect).then_expect_events(vec![]);
    given::<Customer>(&after)
        .when(connect(3))
        .then_expect_events(vec![connected(3)]);
}

#[test]
fn a_customer_is_created_once() {
    given::<Customer>(&[created()])
        .when(create(None))
        .then_expect_error(CustomerError::AlreadyCreated);
}

#[test]
fn nothing_can_be_done_with_a_customer_that_nobody_created() {
    for command in [add_location(1), change_plan(Some(1)), connect(1)] {
        given::<Customer>(&[])
            .when(command)
            .then_expect_error(CustomerError::NotFound);
    }
    assert_eq!(folded::<Customer>(&[]).agency(), None);
}

#[test]
fn places_of_business_are_added_once_each() {
    given::<Customer>(&[created(), location_added(1)])
        .when(add_location(2))
        .then_expect_events(vec![location_added(2)]);
    given::<Customer>(&[created(), location_added(1)])
        .when(add_location(1))
        .then_expect_error(CustomerError::LocationKnown);
}

/// A35: what is not the customer's is a stranger's.
#[test]
fn a_customer_knows_its_own_places_of_business() {
    let customer = folded::<Customer>(&[created(), location_added(2), location_added(1)]);
    assert_eq!(customer.locations().collect::<Vec<_>>(), [location(1), location(2)]);
    assert!(customer.has_location(location(1)));
    assert!(!customer.has_location(location(3)));
}

/// A19. Mutant: without the guard on `has_room_for`, this fails.
#[test]
fn the_allowance_is_used_up_and_not_exceeded() {
    given::<Customer>(&[created(), plan(Some(2)), connected(1)])
        .when(connect(2))
        .then_expect_events(vec![connected(2)]);
    given::<Customer>(&full())
        .when(connect(3))
        .then_expect_error(CustomerError::AllowanceReached { allowance: 2 });
    assert!(!folded::<Customer>(&full()).has_room_for(integration(3)));
}

#[test]
fn a_plan_without_sources_connects_none() {
    given::<Customer>(&[created(), plan(Some(0))])
        .when(connect(1))
        .then_expect_error(CustomerError::AllowanceReached { allowance: 0 });
}

#[test]
fn a_plan_without_a_limit_connects_any_number() {
    let mut history = vec![created()];
    history.extend((1..=200).map(connected));
    given::<Customer>(&history)
        .when(connect(201))
        .then_expect_events(vec![connected(201)]);
}

/// A19: a reconnect is not another source, not even on a full plan.
#[test]
fn the_same_source_counts_once() {
    given::<Customer>(&full()).when(connect(1)).then_expect_events(vec![]);
    let customer = folded::<Customer>(&full());
    assert_eq!(customer.sources(), 2);
    assert!(customer.has_room_for(integration(1)));
}

#[test]
fn a_raised_allowance_makes_room() {
    for raised in [Some(3), None] {
        let history = [full(), vec![plan(raised)]].concat();
        given::<Customer>(&history)
            .when(connect(3))
            .then_expect_events(vec![connected(3)]);
    }
}

#[test]
fn a_lowered_allowance_keeps_what_is_connected_and_lets_nothing_more_in() {
    let lowered = [full(), vec![plan(Some(1))]].concat();
    let customer = folded::<Customer>(&lowered);
    assert_eq!(customer.sources(), 2);
    assert!(
        customer.has_room_for(integration(2)),
        "it is connected and may be renewed"
    );
    given::<Customer>(&lowered).when(connect(2)).then_expect_events(vec![]);
    given::<Customer>(&lowered)
        .when(connect(3))
        .then_expect_error(CustomerError::AllowanceReached { allowance: 1 });
}

#[test]
fn a_plan_is_changed_to_something_else_or_not_at_all() {
    given::<Customer>(&full())
        .when(change_plan(Some(5)))
        .then_expect_events(vec![plan(Some(5))]);
    given::<Customer>(&full())
        .when(change_plan(None))
        .then_expect_events(vec![plan(None)]);
    given::<Customer>(&full())
        .when(change_plan(Some(2)))
        .then_expect_events(vec![]);
}

fn erase() -> CustomerCommand {
    CustomerCommand::Erase {
        links: [link(1)].into(),
        integrations: [integration(1)].into(),
    }
}

fn erased() -> CustomerEvent {
    CustomerEvent::Erased {
        links: [link(1)].into(),
        integrations: [integration(1)].into(),
    }
}

/// VA-5. Mutant: when an erased customer still takes commands, the next one would make it a new key, and this fails.
#[test]
fn an_erased_customer_refuses_whatever_comes() {
    given::<Customer>(&[created(), location_added(1), connected(1)])
        .when(erase())
        .then_expect_events(vec![erased()]);
    for command in [add_location(2), connect(2), change_plan(Some(9))] {
        given::<Customer>(&[created(), erased()])
            .when(command)
            .then_expect_error(CustomerError::Erased);
    }
}

#[test]
fn erasing_twice_is_no_error_and_erasing_nobody_is() {
    given::<Customer>(&[created(), erased()])
        .when(erase())
        .then_expect_events(vec![]);
    given::<Customer>(&[])
        .when(erase())
        .then_expect_error(CustomerError::NotFound);
}

#[test]
fn an_erased_customer_has_no_sources_left() {
    let customer: Customer = folded(&[created(), connected(1), erased()]);
    assert!(customer.is_erased());
    assert_eq!(customer.connected().count(), 0);
}

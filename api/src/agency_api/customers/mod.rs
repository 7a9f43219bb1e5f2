//! Customers, their places of business and their plan.

mod body;

use body::CreatedCustomer;
pub(super) use body::{
    ContactToChange, Customer, CustomerToCreate, CustomerToErase, Erasure, Location, LocationToAdd, PlanToSet,
};

use application::{
    customers::{AddLocation, ChangePlan, CreateCustomer},
    erasure::ErasedCustomer,
    links::IssueLink,
    past::Moment,
};
use axum::{Json, extract::State, http::StatusCode, response::Response};
use domain::{
    agency::ApiKeyScope,
    connect_link::LinkToken,
    customer::CustomerError,
    ids::{CustomerId, LocationId},
    provider::ProviderId,
};

use super::{
    answer::{answer, respond, with_position},
    as_of::{self, AsOf},
    asked::{Asked, Id},
    authenticated::{Authenticated, CustomersErase, CustomersRead, CustomersWrite},
    document::{ReadRefusals, WriteRefusals},
    reading::{MinPosition, Reading},
    sent::{IdempotencyKey, Sent},
};
use crate::{problem::Problem, state::Server};

/// Creates a customer
///
/// With its places of business, all or nothing. With the flags, links are issued and sent by mail in the same moment; that needs the
/// scope `links:write` too.
#[utoipa::path(
    post, path = "/customers", tag = "Customers", operation_id = "create_customer",
    security(("api_key" = ["customers:write"])), params(IdempotencyKey), request_body = CustomerToCreate,
    responses((status = 201, description = "The customer, as it was created", body = CreatedCustomer,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn create(
    State(server): State<Server>,
    caller: Authenticated<CustomersWrite>,
    sent: Sent<CustomerToCreate>,
) -> Result<Response, Problem> {
    let (app, now) = (&server.app, caller.context.now);
    let id = CustomerId(app.entropy.id(now));
    let (customer, locations) = sent.body.checked(|| app.entropy.id(now))?;
    let wanted = sent.body.wanted_links();
    if !wanted.is_empty() {
        caller.require(ApiKeyScope::LinksWrite)?;
    }
    let links = locations.first().map_or(vec![], |first| {
        let link = |provider| link_for(&server, &caller, id, first.id, provider);
        wanted.into_iter().filter_map(link).collect()
    });
    let created = Customer::new(id, &customer, &locations);
    let command = CreateCustomer {
        id,
        customer,
        locations,
        links,
    };
    let body = move |answer| CreatedCustomer::new(created.clone(), answer);
    Ok(answer(
        &server,
        &caller.context,
        sent.idempotency,
        command,
        StatusCode::CREATED,
        body,
    )
    .await?)
}

fn link_for(
    server: &Server,
    caller: &Authenticated<CustomersWrite>,
    customer: CustomerId,
    location: LocationId,
    provider: &str,
) -> Option<IssueLink> {
    Some(IssueLink {
        token: LinkToken::issue(caller.context.now, server.app.random()),
        customer,
        location,
        provider: ProviderId::parse(provider).ok()?,
        requested_by: caller.member,
        name: None,
        life: None,
        replaces_account: false,
        is_direct: false,
        mends: false,
    })
}

/// Corrects a customer's name, e-mail address or language
///
/// Mail that is not sent yet goes to the new address.
#[utoipa::path(
    patch, path = "/customers/{id}", tag = "Customers", operation_id = "change_customer",
    security(("api_key" = ["customers:write"])),
    params(("id" = uuid::Uuid, Path, description = "The customer"), IdempotencyKey), request_body = ContactToChange,
    responses((status = 200, description = "The customer from now on", body = Customer,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn change(
    State(server): State<Server>,
    caller: Authenticated<CustomersWrite>,
    Id(id): Id<CustomerId>,
    sent: Sent<ContactToChange>,
) -> Result<Response, Problem> {
    let command = sent.body.checked(id)?;
    let done = server
        .app
        .run_once(&caller.context, sent.idempotency, command, |()| vec![])
        .await?;
    let changed = customer(&server, &caller, id, None).await?;
    Ok(respond(
        &server,
        &caller.context,
        StatusCode::OK,
        done.position,
        &changed,
    ))
}

/// Reads a customer
///
/// From the log itself, so it always shows the latest commit.
#[utoipa::path(
    get, path = "/customers/{id}", tag = "Customers", operation_id = "read_customer",
    security(("api_key" = ["customers:read"])),
    params(("id" = uuid::Uuid, Path, description = "The customer"), AsOf, MinPosition),
    responses((status = 200, description = "The customer", body = Customer), ReadRefusals),
)]
pub(super) async fn read(
    State(server): State<Server>,
    reading: Reading<CustomersRead>,
    Id(id): Id<CustomerId>,
    Asked(AsOf { as_of }): Asked<AsOf>,
) -> Result<Json<Customer>, Problem> {
    let until = as_of::moment(&server, &reading, as_of.as_deref()).await?;
    customer(&server, &reading.caller, id, until).await.map(Json)
}

/// Adds a place of business
#[utoipa::path(
    post, path = "/customers/{id}/locations", tag = "Customers", operation_id = "add_location",
    security(("api_key" = ["customers:write"])),
    params(("id" = uuid::Uuid, Path, description = "The customer"), IdempotencyKey), request_body = LocationToAdd,
    responses((status = 201, description = "The location, as it was added", body = Location,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn add_location(
    State(server): State<Server>,
    caller: Authenticated<CustomersWrite>,
    Id(customer): Id<CustomerId>,
    sent: Sent<LocationToAdd>,
) -> Result<Response, Problem> {
    let id = LocationId(server.app.entropy.id(caller.context.now));
    let location = sent.body.checked(id)?;
    let added = Location::from(&location);
    let command = AddLocation { customer, location };
    let body = move |_| added.clone();
    Ok(answer(
        &server,
        &caller.context,
        sent.idempotency,
        command,
        StatusCode::CREATED,
        body,
    )
    .await?)
}

/// Changes what the plan allows
///
/// What is connected stays connected; a source more is refused when the customer picks it.
#[utoipa::path(
    put, path = "/customers/{id}/plan", tag = "Customers", operation_id = "set_plan",
    security(("api_key" = ["customers:write"])),
    params(("id" = uuid::Uuid, Path, description = "The customer")), request_body = PlanToSet,
    responses((status = 200, description = "The customer, with the plan", body = Customer,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn set_plan(
    State(server): State<Server>,
    caller: Authenticated<CustomersWrite>,
    Id(id): Id<CustomerId>,
    sent: Sent<PlanToSet>,
) -> Result<Response, Problem> {
    let source_allowance = sent.body.source_allowance;
    let command = ChangePlan {
        customer: id,
        source_allowance,
    };
    let done = server.app.run(&caller.context, command).await?;
    let customer = customer(&server, &caller, id, None).await?;
    Ok(respond(
        &server,
        &caller.context,
        StatusCode::OK,
        done.position,
        &customer,
    ))
}

/// Erases a customer
///
/// For good: live links are revoked, connections are deleted and their credentials taken back, and the key that opens the
/// customer's personal data is destroyed. The ids and what happened stay readable. Nothing more can be done with the customer.
/// Erasing it again is no error.
#[utoipa::path(
    post, path = "/customers/{id}/erase", tag = "Customers", operation_id = "erase_customer",
    security(("api_key" = ["customers:erase"])),
    params(("id" = uuid::Uuid, Path, description = "The customer"), IdempotencyKey), request_body = CustomerToErase,
    responses((status = 200, description = "The customer is erased", body = Erasure,
               headers(("Grantlink-Position" = String))), WriteRefusals),
)]
pub(super) async fn erase(
    State(server): State<Server>,
    caller: Authenticated<CustomersErase>,
    Id(id): Id<CustomerId>,
    sent: Sent<CustomerToErase>,
) -> Result<Response, Problem> {
    sent.body.checked(id)?;
    let render = |erased: &ErasedCustomer| serde_json::to_vec(&Erasure::from(erased)).unwrap_or_default(); // always JSON
    let app = &server.app;
    let erased = app
        .erase_customer(&caller.context, id, sent.idempotency, render)
        .await?;
    Ok(with_position(&server, &caller.context, StatusCode::OK, erased.done))
}

async fn customer<N>(
    server: &Server,
    caller: &Authenticated<N>,
    id: CustomerId,
    until: Option<Moment>,
) -> Result<Customer, Problem> {
    let file = server.app.customer_until(caller.context.tenant, id, until).await?;
    let file = file.ok_or(application::CommandError::from(CustomerError::NotFound))?;
    Ok(Customer::of(id, file))
}

//! What a key may do.

use chrono::TimeDelta;
use domain::{agency::ApiKeyScope, ids::Mode};

use super::{World, document::routes, strangers::call_of, world::every_scope};

/// A24: a key does what its scopes say and no more, on every route; and the document names the scopes that are checked.
/// Mutant: with `AnyKey` on a route this fails.
#[tokio::test]
async fn a_key_without_the_scope_is_refused_on_every_route() {
    let world = World::new().await;
    let agency = world.agency("northwind").await;
    for route in routes() {
        let at = format!("{} {}", route.method, route.path);
        let place = world.place(&agency.key).await;
        let issued = world.issue(&agency.key, &place.link()).await;
        let link = issued.json(201);
        let is_of_credentials = route.path.ends_with("/credentials");
        if is_of_credentials || route.path.ends_with("/disconnect") {
            world.connect(&agency, &link["id"]).await;
        }
        if is_of_credentials {
            world.gives_credentials(&agency, &link, Some(TimeDelta::hours(1))).await;
        }
        let needed: Vec<ApiKeyScope> = route.scopes.iter().map(|scope| scope.parse().unwrap()).collect();
        let others = every_scope().into_iter().filter(|scope| !needed.contains(scope));
        let without = world.key(&agency, Mode::Live, others).await;
        let with = world.key(&agency, Mode::Live, needed.clone()).await;
        if let [scope] = needed[..] {
            let before = world.head().await;
            let refused = world.send(call_of(&route, &place, &link, &without)).await;
            let problem = refused.problem(403, "/problems/missing-scope");
            assert!(problem["detail"].as_str().unwrap().contains(&scope.to_string()), "{at}");
            assert!(world.events_since(before).await.is_empty(), "{at}");
        }
        let allowed = world.send(call_of(&route, &place, &link, &with).after(&issued)).await;
        assert!(allowed.status.is_success(), "{at}: {}", allowed.text());
    }
}

//! The consent page, on which everything beyond signing in can be unticked.

use axum::extract::{RawForm, RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::oauth::request::{AuthorizationRequest, Refusal};
use crate::oauth::scopes::{Scopes, description};
use crate::pages::{self, Consent, Permission};
use crate::params::Params;
use crate::personas::Persona;
use crate::signin::callback::{self, Outcome};
use crate::signin::session::Session;
use crate::signin::{ACCOUNTS, show as show_page};
use crate::state::{App, Shared, World};

pub(crate) async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let page = page(&app, &Params::of_query(query.as_deref())).await;
    pages::or_refusal(&app, page)
}

async fn page(app: &Shared, params: &Params) -> Result<Response, Refusal> {
    let id = params.get("interaction").ok_or_else(Refusal::ended)?;
    let world = app.world.lock().await;
    let interaction = world.interactions.get(id, app.clock.now())?;
    let Some(persona) = interaction.account.as_deref().and_then(|account| app.persona(account)) else {
        return Ok(show_page(ACCOUNTS, id));
    };
    let request = &interaction.request;
    let offer = Offer::of(request, &world, persona);
    let permission = |scope| Permission {
        scope,
        description: description(scope),
        ticked: !persona.unticks.iter().any(|unticked| unticked == scope),
    };
    Ok(pages::show(&Consent {
        display_name: &app.settings.display_name,
        application: world
            .client(&request.client_id)
            .map_or("", |client| client.display_name()),
        interaction: id,
        persona,
        fixed: offer.fixed.iter().map(description).collect(),
        optional: offer.optional.iter().map(permission).collect(),
    }))
}

pub(crate) async fn decide(State(app): State<App>, headers: HeaderMap, RawForm(form): RawForm) -> Response {
    let decided = decided(&app, &Params::parse(&form), &Session::of(&headers)).await;
    pages::or_refusal(&app, decided)
}

async fn decided(app: &Shared, form: &Params, session: &Session) -> Result<Response, Refusal> {
    let id = form.get("interaction").ok_or_else(Refusal::ended)?;
    let mut world = app.world.lock().await;
    let interaction = world.interactions.get(id, app.clock.now())?;
    let account = interaction.account.as_deref().and_then(|account| app.persona(account));
    let persona = account.ok_or_else(Refusal::unknown_account)?;
    let offer = Offer::of(&interaction.request, &world, persona);
    let granted = offer.accept(&form.all("scope").collect::<Vec<_>>());
    if form.get("decision") != Some("allow") || granted.is_empty() {
        return callback::fail(&mut world, id, "access_denied");
    }
    let authuser = session.position_of(&persona.id);
    callback::succeed(
        app,
        &mut world,
        id,
        Outcome {
            persona,
            granted,
            consent_shown: true,
            authuser,
        },
    )
}

/// What the page offers: some things come with signing in, the rest have a box.
struct Offer {
    fixed: Scopes,
    optional: Scopes,
}

impl Offer {
    fn of(request: &AuthorizationRequest, world: &World, persona: &Persona) -> Self {
        let asked = &request.scopes;
        if !asked.can_be_unticked() {
            return Self {
                fixed: asked.clone(),
                optional: Scopes::default(),
            };
        }
        let earlier = world.ledger.consented(&persona.id, &request.client_id);
        let is_settled = |scope: &String| request.access.with_earlier_grants && earlier.contains(scope);
        let (settled, optional): (Vec<_>, Vec<_>) = asked.beyond_sign_in().to_vec().into_iter().partition(is_settled);
        Self {
            fixed: asked.sign_in().with(&settled.into_iter().collect()),
            optional: optional.into_iter().collect(),
        }
    }

    fn accept(&self, ticked: &[&str]) -> Scopes {
        let chosen = self
            .optional
            .iter()
            .filter(|scope| ticked.contains(scope))
            .map(str::to_owned)
            .collect();
        self.fixed.with(&chosen)
    }
}

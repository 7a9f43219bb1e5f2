//! Two budgets: the public pages and the agencies' API. A flood of one never takes the places of the other, and what does not fit
//! is refused at once, before anything was done for it.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use domain::ids::RequestId;
use futures_util::StreamExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::{
    agency_api, connect,
    operations::{Measures, Room, UnderWay},
    pages::BUSY,
    problem::{Kind, Problem},
};

/// Bodies that are being received at once. They are received before a place is taken, so that who sends slowly takes nobody's.
const BODIES: usize = 1_024;
/// How long a body may take to arrive.
const LONGEST_BODY: Duration = Duration::from_secs(10);
/// After so many seconds a page may be tried again.
const PAGE_AGAIN: u32 = 3;

/// Who may come in.
#[derive(Clone)]
pub(super) struct Budgets {
    public: Arc<Semaphore>,
    api: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    measures: Measures,
}

/// A place in a room, until it is dropped. On a page it goes into the page's own task, which a browser that leaves does not end.
#[derive(Clone, Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "it is held, and given back when it is dropped")] Arc<Held>);

type Held = (OwnedSemaphorePermit, UnderWay);

impl Budgets {
    pub(super) fn new(public: usize, api: usize, measures: Measures) -> Self {
        Self {
            public: Arc::new(Semaphore::new(public)),
            api: Arc::new(Semaphore::new(api)),
            bodies: Arc::new(Semaphore::new(BODIES)),
            measures,
        }
    }

    /// Receives the whole request, and takes a place for it.
    ///
    /// # Errors
    /// The refusal.
    pub(super) async fn enter(&self, room: Room, request: Request) -> Result<(Request, Place), Response> {
        let id = request.extensions().get::<RequestId>().copied();
        let request = self.receive(room, request, id).await?;
        let places = match room {
            Room::Public => &self.public,
            Room::Api => &self.api,
        };
        let Ok(permit) = Arc::clone(places).try_acquire_owned() else {
            return Err(self.shed(room, id));
        };
        let place = Place(Arc::new((permit, self.measures.under_way(room))));
        Ok((request, place))
    }

    async fn receive(&self, room: Room, request: Request, id: Option<RequestId>) -> Result<Request, Response> {
        if request.body().is_end_stream() {
            return Ok(request);
        }
        let Ok(_receiving) = self.bodies.try_acquire() else {
            return Err(self.shed(room, id));
        };
        let (parts, body) = request.into_parts();
        match timeout(LONGEST_BODY, received(body, largest(room))).await {
            Ok(Some(body)) => Ok(Request::from_parts(parts, body.into())),
            Ok(None) => Err(refusal(room, Kind::MalformedBody, id)),
            Err(_) => Err(refusal(room, Kind::RequestTimeout, id)),
        }
    }

    fn shed(&self, room: Room, id: Option<RequestId>) -> Response {
        self.measures.shed(room);
        refusal(room, Kind::Overloaded, id)
    }
}

fn largest(room: Room) -> usize {
    match room {
        Room::Public => connect::LARGEST_FORM,
        Room::Api => agency_api::LONGEST_BODY,
    }
}

/// A body to its end, or as much as shows that it is too large: what is too large, the route says itself. None when it broke off.
async fn received(body: Body, largest: usize) -> Option<Bytes> {
    let mut frames = body.into_data_stream();
    let first = frames.next().await.transpose().ok()?.unwrap_or_default();
    let mut whole = Vec::new();
    while first.len() + whole.len() <= largest {
        match frames.next().await {
            None if whole.is_empty() => return Some(first), // most bodies come in one piece
            None => break,
            Some(frame) => whole.extend_from_slice(&frame.ok()?),
        }
    }
    Some([first.as_ref(), whole.as_ref()].concat().into())
}

/// In the words of the room: a problem for software, a page for people.
pub(super) fn refusal(room: Room, kind: Kind, id: Option<RequestId>) -> Response {
    match room {
        Room::Api => {
            let problem = Problem::new(kind);
            id.map_or(problem.clone(), |id| problem.request_id(id)).into_response()
        }
        Room::Public => {
            let mut response = (kind.status(), Html(BUSY)).into_response();
            if kind.status() == StatusCode::SERVICE_UNAVAILABLE {
                response.headers_mut().insert(header::RETRY_AFTER, PAGE_AGAIN.into());
            }
            connect::strict(response)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budgets() -> Budgets {
        Budgets::new(2, 1, Measures::default())
    }

    fn empty() -> Request {
        Request::new(Body::empty())
    }

    /// API-10. Mutant seen: with one semaphore for both rooms, the API is refused here and this fails.
    #[tokio::test]
    async fn a_full_public_room_takes_no_place_of_the_api() {
        let budgets = budgets();
        let first = budgets.enter(Room::Public, empty()).await.unwrap();
        let _second = budgets.enter(Room::Public, empty()).await.unwrap();
        let refused = budgets.enter(Room::Public, empty()).await.unwrap_err();
        assert_eq!(refused.status(), 503);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        let _api = budgets.enter(Room::Api, empty()).await.unwrap();
        let refused = budgets.enter(Room::Api, empty()).await.unwrap_err();
        assert_eq!(refused.headers()[header::CONTENT_TYPE], "application/problem+json");
        drop(first);
        budgets.enter(Room::Public, empty()).await.unwrap();
    }

    /// API-10. Mutant seen: with the place taken before the body is there, the second call is refused and this fails.
    #[tokio::test(start_paused = true)]
    async fn who_sends_slowly_takes_nobodys_place_and_is_not_waited_for() {
        let budgets = budgets();
        let never = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let slow = Request::new(Body::from_stream(never));
        let (slow, other) = tokio::join!(budgets.enter(Room::Api, slow), budgets.enter(Room::Api, empty()));
        assert!(other.is_ok());
        assert_eq!(slow.unwrap_err().status(), 408);
    }

    #[tokio::test]
    async fn bodies_arrive_whole_and_too_large_ones_stay_too_large() {
        let frames = |sizes: &'static [usize]| {
            let frames = sizes
                .iter()
                .map(|size| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; *size])));
            Body::from_stream(futures_util::stream::iter(frames))
        };
        assert_eq!(received(frames(&[]), 10).await.unwrap().len(), 0);
        assert_eq!(received(frames(&[7]), 10).await.unwrap().len(), 7);
        assert_eq!(received(frames(&[3, 3, 4]), 10).await.unwrap().len(), 10);
        assert_eq!(received(frames(&[6, 6, 6, 6]), 10).await.unwrap().len(), 12);
    }
}

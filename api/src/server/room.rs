//! Two budgets: the public pages and the agencies' API. A flood of one never takes the places of the other, and what gets no place
//! in half a second is refused, before anything was done for it.

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
/// So long a request waits for a place. Who is refused at once comes again at once, and a node that is asked more than it can
/// answer would spend itself on refusals; who waits meanwhile costs nothing, and no place is ever empty.
const LONGEST_WAIT: Duration = Duration::from_millis(500);
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

/// With an answer that refuses for want of a place: those are counted, not told one by one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shed;

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
        if request.body().is_end_stream() {
            return Ok((request, self.place(room, id).await?));
        }
        let Ok(_receiving) = self.bodies.try_acquire() else {
            return Err(self.shed(room, id));
        };
        let request = receive(room, request, id).await?;
        Ok((request, self.place(room, id).await?)) // what waits still counts as a body that is held
    }

    async fn place(&self, room: Room, id: Option<RequestId>) -> Result<Place, Response> {
        let places = match room {
            Room::Public => &self.public,
            Room::Api => &self.api,
        };
        match timeout(LONGEST_WAIT, Arc::clone(places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place(Arc::new((permit, self.measures.under_way(room))))),
            _ => Err(self.shed(room, id)),
        }
    }

    fn shed(&self, room: Room, id: Option<RequestId>) -> Response {
        self.measures.shed(room);
        let mut response = refusal(room, Kind::Overloaded, id);
        response.extensions_mut().insert(Shed);
        response
    }
}

async fn receive(room: Room, request: Request, id: Option<RequestId>) -> Result<Request, Response> {
    let (parts, body) = request.into_parts();
    match timeout(LONGEST_BODY, received(body, largest(room))).await {
        Ok(Some(body)) => Ok(Request::from_parts(parts, body.into())),
        Ok(None) => Err(refusal(room, Kind::MalformedBody, id)),
        Err(_) => Err(refusal(room, Kind::RequestTimeout, id)),
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
    #[tokio::test(start_paused = true)]
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

    /// API-10.
    #[tokio::test(start_paused = true)]
    async fn a_place_that_becomes_free_in_time_goes_to_who_waits() {
        let budgets = budgets();
        let taken = budgets.enter(Room::Api, empty()).await.unwrap();
        let soon = async move {
            tokio::time::sleep(LONGEST_WAIT / 2).await;
            drop(taken);
        };
        let ((), waited) = tokio::join!(soon, budgets.enter(Room::Api, empty()));
        let _place = waited.unwrap();
        let began = tokio::time::Instant::now();
        let refused = budgets.enter(Room::Api, empty()).await.unwrap_err();
        assert!(refused.extensions().get::<Shed>().is_some());
        assert!(began.elapsed() <= LONGEST_WAIT + Duration::from_millis(1)); // the clock's tick
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

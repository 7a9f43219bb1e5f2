//! A connection that leaves the others their turn. Whoever sends without end could keep a thread of the server to itself: HTTP/2
//! takes in frames as long as there are any.

use std::{
    io::{IoSlice, Result},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// After so many reads without waiting for the peer it pauses.
const IN_A_ROW: u8 = 2;
/// So many times as long as what it sent took us. To be polled again at once would not do: where nobody ever rests, hardly anybody looks
/// for what else has arrived.
const REST: u32 = 4;
const SHORTEST_REST: Duration = Duration::from_millis(1);

/// A stream that pauses.
pub(super) struct Fair {
    stream: TcpStream,
    reads: u8,
    since: Instant,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Fair {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            reads: 0,
            since: Instant::now(),
            rest: None,
        }
    }

    /// Waits out a rest, where one is due.
    fn poll_rested(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.reads >= IN_A_ROW {
            self.reads = 0;
            let worked = self.since.elapsed();
            self.rest = Some(Box::pin(sleep((worked * REST).max(SHORTEST_REST))));
        }
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(context));
            self.rest = None;
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Fair {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        ready!(self.poll_rested(context));
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_pending() {
            self.reads = 0;
            return read;
        }
        if self.reads == 0 {
            self.since = Instant::now();
        }
        self.reads += 1;
        read
    }
}

impl AsyncWrite for Fair {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

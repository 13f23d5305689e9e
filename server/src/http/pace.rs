//! How slowly a body may come. A connection that sends nothing, or next to nothing, would hold what
//! it began for as long as it likes.

use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::middleware::Next;
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use super::problem::{Kind, Problem};
use crate::limits::{BODY_PAUSE, BODY_RATE, BODY_RATE_AFTER};

/// Watches how every body comes.
pub async fn watch(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let body = request.parts_mut().1.take();
    request.set_payload(match body {
        Payload::None => Payload::None,
        body => Payload::Stream { payload: Box::pin(Paced::new(body, BODY_PAUSE)) },
    });
    next.call(request).await
}

/// What became of a body that could not be read.
pub fn broken(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => {
            Problem::new(&Kind::TOO_SLOW)
        }
        error => Problem::new(&Kind::MALFORMED).detail(error.to_string()),
    }
}

struct Paced<S> {
    body: S,
    /// What has come in the window that is judged.
    bytes: u64,
    /// For how long somebody waited for it, of the window that is judged.
    waited: Duration,
    /// How long it may pause.
    pause: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Paced<S> {
    fn new(body: S, pause: Duration) -> Self {
        Self { body, bytes: 0, waited: Duration::ZERO, pause, waiting: None }
    }

    fn is_too_slow(&self) -> bool {
        self.waited > BODY_RATE_AFTER && self.bytes < self.waited.as_secs() * BODY_RATE
    }
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Paced<S> {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let too_slow = || Poll::Ready(Some(Err(PayloadError::Io(ErrorKind::TimedOut.into()))));
        match Pin::new(&mut this.body).poll_next(context) {
            Poll::Ready(piece) => {
                this.waited += this.waiting.take().map_or(Duration::ZERO, |(at, _)| at.elapsed());
                if let Some(Ok(piece)) = &piece {
                    this.bytes += piece.len() as u64;
                    if this.is_too_slow() {
                        return too_slow();
                    }
                    // What came quickly before is no reason to hold on to what drips now.
                    if this.waited > BODY_RATE_AFTER {
                        (this.bytes, this.waited) = (0, Duration::ZERO);
                    }
                }
                Poll::Ready(piece)
            }
            Poll::Pending => {
                let begin = || (Instant::now(), Box::pin(sleep(this.pause)));
                let (_, pause) = this.waiting.get_or_insert_with(begin);
                if pause.as_mut().poll(context).is_ready() { too_slow() } else { Poll::Pending }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use futures_util::stream::{iter, pending};

    use super::*;

    #[tokio::test]
    async fn a_silent_body_is_given_up() {
        let mut body = Paced::new(pending::<Result<Bytes, _>>(), Duration::from_millis(10));
        let error = body.next().await.expect("it ends").unwrap_err();
        assert_eq!(broken(&error).kind(), &Kind::TOO_SLOW);
    }

    #[test]
    fn who_drips_is_told_apart_from_who_is_slow() {
        let long = BODY_RATE_AFTER + Duration::from_secs(1);
        let at = |bytes, waited| Paced { bytes, waited, ..Paced::new((), BODY_PAUSE) };
        assert!(at(10, long).is_too_slow());
        assert!(!at(BODY_RATE * long.as_secs(), long).is_too_slow());
        assert!(!at(10, BODY_RATE_AFTER).is_too_slow(), "a weak line has time to begin");
    }

    #[tokio::test]
    async fn only_waiting_for_the_sender_counts() {
        let pieces = iter((0..3).map(|_| Ok(Bytes::from_static(b"piece"))));
        let mut body = Paced::new(pieces, Duration::ZERO);
        assert_eq!(body.by_ref().count().await, 3);
        assert_eq!((body.bytes, body.waited), (15, Duration::ZERO));
    }
}

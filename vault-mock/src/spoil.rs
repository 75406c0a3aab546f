//! What a fault makes of an answer.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::unfold;
use http::Response;
use http::header::CONTENT_LENGTH;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use tokio::time::sleep;

use crate::answer::Answer;
use crate::asked::Asked;
use crate::connection::Cutter;
use crate::fault::Fault;
use crate::protocol::Protocol;

/// A body that may end in the middle.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// The answer, or what the fault makes of it; `None` when there will be none.
pub(crate) fn spoiled(protocol: &impl Protocol, asked: &Asked<'_>, fault: Option<Fault>, cutter: &Cutter) -> Option<Response<Body>> {
    Some(match fault {
        None | Some(Fault::Delay { .. }) => plain(protocol.answer(asked)),
        Some(Fault::Status { code, variant, retry_after, words }) => {
            let mut answer = protocol.failure(asked, code, variant.as_deref(), words.as_deref());
            if let Some(time) = retry_after {
                answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("retry-after"));
                answer = answer.with("retry-after", time);
            }
            plain(answer)
        }
        Some(Fault::Reset) => {
            protocol.answer(asked);
            cutter.cut();
            return None;
        }
        Some(Fault::Slow { each_ms }) => {
            let answer = protocol.answer(asked);
            let body = trickle(answer.body.clone(), each_ms);
            sized(&answer, body)
        }
        Some(Fault::Truncated) => {
            let answer = protocol.answer(asked);
            let body = broken(answer.body[..answer.body.len() / 2].to_vec());
            sized(&answer, body)
        }
        Some(Fault::Malformed) => {
            let mut answer = protocol.answer(asked);
            answer.body.truncate(answer.body.len() / 2);
            plain(answer)
        }
        Some(Fault::WrongCrc) => plain(protocol.corrupt(protocol.answer(asked))),
        Some(Fault::Redirect { code, to }) => plain(Answer::empty(code).with("location", to)),
        Some(Fault::Body { code, text }) => plain(Answer::text(code, "application/json", text)),
    })
}

/// The answer as it is.
pub(crate) fn plain(answer: Answer) -> Response<Body> {
    let head = head(&answer);
    with_body(head, Full::new(Bytes::from(answer.body)).map_err(|never| match never {}).boxed_unsync())
}

/// An answer whose head tells the true length, whatever comes.
fn sized(answer: &Answer, body: Body) -> Response<Body> {
    with_body(head(answer).header(CONTENT_LENGTH, answer.body.len()), body)
}

fn head(answer: &Answer) -> http::response::Builder {
    let builder = Response::builder().status(answer.status);
    answer.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value))
}

fn with_body(builder: http::response::Builder, body: Body) -> Response<Body> {
    // A fault with a status or a header that HTTP does not have.
    builder.body(body).unwrap_or_else(|_| {
        let mut response = Response::new(Body::default());
        *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
        response
    })
}

/// A body that comes byte by byte.
fn trickle(bytes: Vec<u8>, each_ms: u64) -> Body {
    let stream = unfold(bytes.into_iter(), move |mut left| async move {
        let byte = left.next()?;
        sleep(Duration::from_millis(each_ms)).await;
        Some((Ok(Frame::data(Bytes::from(vec![byte]))), left))
    });
    StreamBody::new(stream).boxed_unsync()
}

/// A body that ends in the middle.
fn broken(bytes: Vec<u8>) -> Body {
    let stream = unfold(Some(bytes), |left| async move {
        if let Some(bytes) = left {
            return Some((Ok(Frame::data(Bytes::from(bytes))), None));
        }
        // What came before must have left the machine.
        sleep(Duration::from_millis(20)).await;
        Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None))
    });
    StreamBody::new(stream).boxed_unsync()
}

//! Giving out bytes that never change: entity tags, ranges (RFC 9110), and how long to keep them.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::TryStreamExt;
use mobile_schema::Hash;

use super::rules;
use crate::app::App;
use crate::http::{Kind, Problem};
use crate::media_store::ObjectName;

/// A blob's bytes, those that were asked for, or that the caller has them already.
pub(crate) async fn respond(
    app: &App,
    request: &HttpRequest,
    hash: &Hash,
    length: u64,
    media_type: &str,
) -> Result<HttpResponse, Problem> {
    let object = ObjectName::Blob(*hash);
    if let Some(link) = app.media.link(object, media_type).await? {
        return Ok(HttpResponse::TemporaryRedirect()
            .insert_header((header::LOCATION, link))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((header::REFERRER_POLICY, "no-referrer"))
            .finish());
    }
    let tag = rules::entity_tag(hash);
    let answer = match answer(request, &tag, length, media_type)? {
        Answer::Ready(response) => return Ok(response),
        Answer::Bytes(answer) => answer,
    };
    let bytes = match answer.range {
        None => app.media.get(object).await?,
        Some(range) => app.media.get_range(object, range).await?,
    };
    let Begun { mut response, length, .. } = answer;
    let bytes = bytes.map_err(actix_web::error::ErrorInternalServerError);
    Ok(response.no_chunking(length).streaming(bytes))
}

/// Bytes that are in memory, under a tag that names them.
pub(crate) fn respond_with(
    request: &HttpRequest,
    bytes: &Bytes,
    tag: &str,
    media_type: &str,
) -> Result<HttpResponse, Problem> {
    match answer(request, tag, bytes.len() as u64, media_type)? {
        Answer::Ready(response) => Ok(response),
        Answer::Bytes(Begun { mut response, range, .. }) => Ok(response.body(match range {
            None => bytes.clone(),
            Some((first, last)) => bytes.slice(first as usize..=last as usize),
        })),
    }
}

enum Answer {
    /// Nothing is to be added.
    Ready(HttpResponse),
    /// These bytes are to follow.
    Bytes(Begun),
}

struct Begun {
    response: actix_web::HttpResponseBuilder,
    range: Option<(u64, u64)>,
    length: u64,
}

fn answer(
    request: &HttpRequest,
    tag: &str,
    length: u64,
    media_type: &str,
) -> Result<Answer, Problem> {
    let headers = request.headers();
    let is_tag = |name| headers.get(name).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    if is_tag(header::IF_NONE_MATCH) {
        let response = HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
        return Ok(Answer::Ready(response));
    }
    // A part of something else is of no use.
    let is_current = !headers.contains_key(header::IF_RANGE) || is_tag(header::IF_RANGE);
    let asked = headers.get(header::RANGE).filter(|_| is_current);
    let range = match asked.map(|asked| range_of(asked.as_bytes(), length)) {
        None | Some(Asked::Everything) => None,
        Some(Asked::Part(first, last)) => Some((first, last)),
        Some(Asked::Nothing) => {
            return Err(Problem::new(&Kind::RANGE_NOT_SATISFIABLE).with("length", length));
        }
    };
    let mut response = HttpResponse::Ok();
    if let Some((first, last)) = range {
        response.status(StatusCode::PARTIAL_CONTENT);
        response.insert_header((header::CONTENT_RANGE, format!("bytes {first}-{last}/{length}")));
    }
    response
        .insert_header((header::ETAG, tag))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CACHE_CONTROL, "private, immutable, max-age=31536000"))
        .insert_header(("X-Content-Type-Options", "nosniff"))
        .insert_header((header::CONTENT_DISPOSITION, "attachment"))
        .insert_header((header::CONTENT_ENCODING, "identity"));
    let length = range.map_or(length, |(first, last)| last + 1 - first);
    Ok(Answer::Bytes(Begun { response, range, length }))
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// No range, or several, or none that can be read.
    Everything,
    Part(u64, u64),
    /// What isn't there.
    Nothing,
}

/// `bytes=0-99`, `bytes=100-`, `bytes=-100`; several at once are answered with everything.
fn range_of(header: &[u8], length: u64) -> Asked {
    let read = || {
        let text = std::str::from_utf8(header).ok()?.strip_prefix("bytes=")?.trim();
        let (first, last) = text.split_once('-')?;
        let number = |text: &str| match text {
            "" => Some(None),
            text => text.parse::<u64>().ok().map(Some),
        };
        Some((number(first)?, number(last)?))
    };
    match read() {
        None | Some((None, None)) => Asked::Everything,
        Some((None, Some(0))) => Asked::Nothing,
        Some((None, Some(_))) if length == 0 => Asked::Nothing,
        Some((None, Some(ending))) => Asked::Part(length.saturating_sub(ending), length - 1),
        Some((Some(first), Some(last))) if last < first => Asked::Everything,
        Some((Some(first), _)) if first >= length => Asked::Nothing,
        Some((Some(first), last)) => Asked::Part(first, last.unwrap_or(u64::MAX).min(length - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_has_them() {
        let cases = [
            ("bytes=0-99", Asked::Part(0, 99)),
            ("bytes=900-", Asked::Part(900, 999)),
            ("bytes=900-5000", Asked::Part(900, 999)),
            ("bytes=-100", Asked::Part(900, 999)),
            ("bytes=-5000", Asked::Part(0, 999)),
            ("bytes=1000-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=5-4", Asked::Everything),
            ("bytes=0-1,5-6", Asked::Everything),
            ("bytes=a-b", Asked::Everything),
            ("lines=0-1", Asked::Everything),
        ];
        for (header, asked) in cases {
            assert_eq!(range_of(header.as_bytes(), 1_000), asked, "{header}");
        }
        assert_eq!(range_of(b"bytes=0-", 0), Asked::Nothing);
        assert_eq!(range_of(b"bytes=-5", 0), Asked::Nothing);
    }
}

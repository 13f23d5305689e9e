//! HEAD wherever there is GET, and 405 where a path has other methods (RFC 9110, sections 9.3.2
//! and 15.5.6).

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{ResourceDef, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web;
use bytes::Bytes;
use utoipa::openapi::OpenApi;

/// The methods of each path, by the API's description.
pub struct Methods(Vec<(ResourceDef, BTreeSet<&'static str>)>);

impl Methods {
    /// Those that a description has.
    pub fn of(api: &OpenApi) -> Self {
        let paths = api.paths.paths.iter().map(|(path, item)| {
            let there = [
                ("GET", item.get.is_some()),
                ("HEAD", item.head.is_some() || item.get.is_some()),
                ("POST", item.post.is_some()),
                ("PUT", item.put.is_some()),
                ("PATCH", item.patch.is_some()),
                ("DELETE", item.delete.is_some()),
                ("OPTIONS", item.options.is_some()),
            ];
            let there = there.into_iter().filter_map(|(name, is_there)| is_there.then_some(name));
            (ResourceDef::new(path.as_str()), there.collect())
        });
        Self(paths.collect())
    }

    /// What a path may be asked with; nothing where there is no such path.
    pub fn at(&self, path: &str) -> BTreeSet<&'static str> {
        let here = self.0.iter().filter(|(pattern, _)| pattern.is_match(path));
        here.flat_map(|(_, methods)| methods).copied().collect()
    }
}

/// Answers HEAD as GET would be answered, without a body; but for paths that have a HEAD of their
/// own, and no GET.
pub async fn head(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let has_get = || {
        let methods = request.app_data::<web::Data<Methods>>();
        methods.is_none_or(|methods| {
            let here = methods.at(request.path());
            here.is_empty() || here.contains("GET")
        })
    };
    // Every path's pattern is tried, which only HEAD is worth.
    if *request.method() != Method::HEAD || !has_get() {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    request.head_mut().method = Method::GET;
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| BoxBody::new(Withheld(body.size()))))
}

/// A body of which only the length is told.
struct Withheld(BodySize);

impl MessageBody for Withheld {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        self.0
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Poll::Ready(None)
    }
}

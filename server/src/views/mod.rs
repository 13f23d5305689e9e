//! Views that people keep: which visits a screen shows, and how, as its address says it. They follow
//! their person from browser to browser, and are nobody else's.

mod http;
mod queries;

pub use http::routes;

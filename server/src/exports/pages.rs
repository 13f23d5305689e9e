//! Records by their ids, a page at a time.

use std::sync::Arc;
use std::vec::IntoIter;

use actix_web::rt::task::JoinHandle;
use actix_web::{rt, web};
use diesel::QueryResult;
use uuid::Uuid;

use super::table::failed;
use crate::app::App;
use crate::db::AnyConnection;
use crate::http::Problem;

/// How a page is read.
type Read<P> = dyn Fn(&mut AnyConnection, &[Uuid]) -> QueryResult<P> + Send + Sync;

/// Pages, each read while the one before is written.
pub(super) struct Pages<P> {
    app: web::Data<App>,
    ids: IntoIter<Uuid>,
    /// How many records are on one.
    size: usize,
    read: Arc<Read<P>>,
    ahead: Option<JoinHandle<Result<P, Problem>>>,
}

impl<P: Send + 'static> Pages<P> {
    /// Pages of these records, in this order.
    pub(super) fn new(
        app: &web::Data<App>,
        ids: Vec<Uuid>,
        size: usize,
        read: impl Fn(&mut AnyConnection, &[Uuid]) -> QueryResult<P> + Send + Sync + 'static,
    ) -> Self {
        let (app, ids, read) = (app.clone(), ids.into_iter(), Arc::new(read));
        Self { app, ids, size, read, ahead: None }
    }

    /// How many records there are, before the first page is taken.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The next page; none where there is none.
    ///
    /// # Errors
    /// As the database.
    pub(super) async fn next(&mut self) -> Result<Option<P>, Problem> {
        let Some(page) = self.ahead.take().or_else(|| self.begin()) else { return Ok(None) };
        let page = page.await.map_err(failed)??;
        self.ahead = self.begin();
        Ok(Some(page))
    }

    /// Begins to read what comes next.
    fn begin(&mut self) -> Option<JoinHandle<Result<P, Problem>>> {
        let ids: Vec<Uuid> = self.ids.by_ref().take(self.size).collect();
        if ids.is_empty() {
            return None;
        }
        let (app, read) = (self.app.clone(), Arc::clone(&self.read));
        Some(rt::spawn(async move { app.read(move |connection| read(connection, &ids)).await }))
    }
}

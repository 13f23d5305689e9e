//! Long work that tells how far it is, and ends when nobody waits for it any more.
//!
//! Who asks for lines of JSON (`Accept: application/x-ndjson`) gets `{"done": 500, "of": 10500}`
//! now and then, and `{"result": …}` or `{"problem": …}` (RFC 9457) in the end. Who breaks the
//! connection off stops the work. Others get the result alone.

use std::convert::Infallible;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentEncoding};
use actix_web::{HttpRequest, HttpResponse, rt};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Kind, Language, Problem};

const LINES: &str = "application/x-ndjson";
/// Lines that are told before somebody reads them; more are left out.
const AHEAD: usize = 16;

/// To whom it is told how far work is.
#[derive(Clone)]
pub struct Progress(Option<mpsc::Sender<Bytes>>);

impl Progress {
    /// Tells that so many of all are done.
    ///
    /// # Errors
    /// Where nobody waits any more: nothing further is to be done.
    pub fn tell(&self, done: usize, of: usize) -> Result<(), Problem> {
        let Some(sender) = &self.0 else { return Ok(()) };
        match sender.try_send(line(&json!({ "done": done, "of": of }))) {
            // Nobody is left to read this.
            Err(mpsc::error::TrySendError::Closed(_)) => Err(Problem::new(&Kind::UNAVAILABLE)),
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
        }
    }
}

/// Does the work, and answers as was asked: with this status, unless in lines, which begin before it
/// is known what comes of it.
///
/// # Errors
/// What went wrong with the work, where it is not told in the last line.
pub async fn answer<T, W>(
    request: &HttpRequest,
    status: StatusCode,
    work: W,
) -> Result<HttpResponse, Problem>
where
    T: Serialize,
    W: AsyncFnOnce(Progress) -> Result<T, Problem> + 'static,
{
    let accepts = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accepts.is_some_and(|accepts| accepts.contains(LINES)) {
        return Ok(HttpResponse::build(status).json(work(Progress(None)).await?));
    }
    let language = Language::of(request);
    let (sender, receiver) = mpsc::channel(AHEAD);
    rt::spawn(async move {
        let done = work(Progress(Some(sender.clone()))).await;
        let last = match done.and_then(|done| whole(&done)) {
            Ok(result) => json!({ "result": result }),
            Err(problem) => json!({ "problem": problem.members(language) }),
        };
        let _ = sender.send(line(&last)).await;
    });
    let lines = stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|line| (Ok::<_, Infallible>(line), receiver))
    });
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, LINES))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // A compressor would keep lines back.
        .insert_header(ContentEncoding::Identity)
        .streaming(Box::pin(lines)))
}

fn whole(done: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(done).map_err(|error| {
        tracing::error!(%error, "a result can't be written");
        Problem::new(&Kind::INTERNAL)
    })
}

fn line(value: &Value) -> Bytes {
    format!("{value}\n").into()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpStream};
    use std::sync::Mutex;

    use actix_web::{App, HttpServer, web};
    use tokio::sync::oneshot;

    use super::*;

    type Said = web::Data<Mutex<Option<oneshot::Sender<usize>>>>;

    #[actix_web::test]
    async fn work_stops_when_nobody_waits_any_more() {
        let (said, stopped) = oneshot::channel::<usize>();
        let said: Said = web::Data::new(Mutex::new(Some(said)));
        let endless = async |request: HttpRequest, said: Said| {
            answer(&request, StatusCode::OK, async move |progress| {
                let mut done = 0;
                let told: Result<(), Problem> = loop {
                    done += 1;
                    if let Err(problem) = progress.tell(done, usize::MAX) {
                        break Err(problem);
                    }
                    tokio::task::yield_now().await;
                };
                let _ = said.lock().unwrap().take().expect("once").send(done);
                told
            })
            .await
        };
        let server = HttpServer::new(move || {
            App::new().app_data(said.clone()).route("/", web::get().to(endless))
        });
        let server = server.workers(1).bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let stop = server.handle();
        rt::spawn(server);
        let heard = web::block(move || {
            let mut client = TcpStream::connect(address).unwrap();
            let head = format!("GET / HTTP/1.1\r\nHost: x\r\nAccept: {LINES}\r\n\r\n");
            client.write_all(head.as_bytes()).unwrap();
            let mut heard = vec![0; 10_000];
            client.read_exact(&mut heard).unwrap();
            client.shutdown(Shutdown::Both).unwrap();
            heard
        });
        let heard = heard.await.unwrap();
        assert!(String::from_utf8_lossy(&heard).contains(r#"{"done":1,"of":"#));
        assert!(stopped.await.expect("the work ends") > 1);
        stop.stop(false).await;
    }
}

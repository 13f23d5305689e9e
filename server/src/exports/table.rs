//! Tables, where their lines come from and where they go.

use std::io;

use actix_web::http::header::{self, ContentEncoding};
use actix_web::{HttpResponse, rt, web};
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::mpsc;

use crate::http::{Kind, Problem};

/// What a table is called, and its columns.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    /// Part of a file's name, or a worksheet's.
    pub(super) name: String,
    pub(super) columns: Vec<Title>,
}

/// A column's title.
#[derive(Clone, Debug)]
pub(super) struct Title {
    pub(super) text: String,
    pub(super) holds: Holds,
}

/// What stands below a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Words; and numbers of people, phones and accounts, which nobody reckons with.
    Words,
    /// Numbers to reckon with.
    Numbers,
    /// Days (`2026-11-25`).
    Days,
    /// Moments (RFC 3339).
    Moments,
    /// The numbers of records, which people read last.
    Ids,
}

impl Title {
    pub(super) fn new(text: impl Into<String>, holds: Holds) -> Self {
        Self { text: text.into(), holds }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::new(text, Holds::Words)
    }
}

/// A line.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Which table it is of.
    pub(super) table: usize,
    /// By column.
    pub(super) cells: Vec<String>,
}

/// A piece of a file that goes along with the tables.
#[derive(Debug)]
pub(super) enum FilePiece {
    /// A file begins that is called so.
    Begin(String),
    /// What comes next in it.
    More(Bytes),
}

/// Where lines come from.
pub(super) trait Source: 'static {
    /// The tables.
    fn headings(&self) -> &[Heading];

    /// Some more lines; none once there are no more.
    async fn next(&mut self) -> Result<Option<Vec<Row>>, Problem>;

    /// More of the files that go along, after the last line; none once there are no more.
    async fn next_file(&mut self) -> Result<Option<FilePiece>, Problem> {
        Ok(None)
    }
}

/// What makes lines a file, piece by piece.
pub(super) trait Sink: Sized + Send + 'static {
    /// Takes lines.
    fn write(&mut self, rows: &[Row]) -> io::Result<()>;

    /// Makes more of what follows the last line; false once the tables are whole.
    fn end(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    /// Takes a piece of a file that goes along, after the tables.
    fn file(&mut self, _piece: FilePiece) -> io::Result<()> {
        Ok(())
    }

    /// What has been made since it was last taken.
    fn take(&mut self) -> Bytes;

    /// Makes what comes last, and gives what was not taken.
    fn finish(self) -> io::Result<Bytes>;
}

/// Pieces that are made before somebody takes them.
const AHEAD: usize = 2;

/// A file that flows while it is made. Nothing more is read once nobody takes it; if something goes
/// wrong, the connection breaks, so that half a file is not taken for a whole one.
pub(super) fn flowing(
    source: impl Source,
    sink: impl Sink,
    media_type: &str,
    name: &str,
) -> HttpResponse {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
    rt::spawn(async move {
        let outcome = match pump(source, sink, &sender).await {
            Ok(true) => "whole",
            Ok(false) => "stopped",
            Err(problem) => {
                tracing::error!(?problem, "an export broke off");
                let _ = sender.send(Err(io::Error::other("it broke off"))).await;
                "failed"
            }
        };
        metrics::counter!("exports_total", "outcome" => outcome).increment(1);
    });
    let pieces = stream::unfold(receiver, async |mut receiver| {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, media_type))
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // It is compressed already, or is to flow without waiting for a compressor.
        .insert_header(ContentEncoding::Identity)
        .streaming(Box::pin(pieces))
}

/// Where pieces go.
type Taker = mpsc::Sender<io::Result<Bytes>>;

/// Writes lines until there are no more, or nobody takes them any longer (false).
async fn pump(
    mut source: impl Source,
    mut sink: impl Sink,
    taker: &Taker,
) -> Result<bool, Problem> {
    let mut next = source.next().await?;
    while let Some(rows) = next {
        // While these are written, the next ones are read.
        let writing = step(sink, taker, move |sink| sink.write(&rows));
        let (written, read) = tokio::join!(writing, source.next());
        let Some(((), back)) = written? else { return Ok(false) };
        (sink, next) = (back, read?);
    }
    loop {
        let Some((is_more, back)) = step(sink, taker, Sink::end).await? else { return Ok(false) };
        sink = back;
        if !is_more {
            break;
        }
    }
    while let Some(piece) = source.next_file().await? {
        let Some(((), back)) = step(sink, taker, move |sink| sink.file(piece)).await? else {
            return Ok(false);
        };
        sink = back;
    }
    let last = blocking(move || sink.finish()).await?.map_err(failed)?;
    Ok(last.is_empty() || taker.send(Ok(last)).await.is_ok())
}

/// Does something with what makes the file, and gives away what was made; none once nobody takes it.
async fn step<S: Sink, T: Send + 'static>(
    mut sink: S,
    taker: &Taker,
    work: impl FnOnce(&mut S) -> io::Result<T> + Send + 'static,
) -> Result<Option<(T, S)>, Problem> {
    let (made, mut sink) = blocking(move || (work(&mut sink), sink)).await?;
    let made = made.map_err(failed)?;
    let piece = sink.take();
    let is_taken = piece.is_empty() || taker.send(Ok(piece)).await.is_ok();
    if !is_taken || taker.is_closed() {
        return Ok(None);
    }
    Ok(Some((made, sink)))
}

/// Runs what takes the processor for a while, where nobody waits for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    web::block(work).await.map_err(|_| Problem::new(&Kind::INTERNAL))
}

pub(super) fn failed(error: impl std::fmt::Display) -> Problem {
    tracing::error!(%error, "an export can't be written");
    Problem::new(&Kind::INTERNAL)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{Shutdown, TcpStream};

    use actix_web::{App, HttpServer};
    use tokio::sync::oneshot;

    use super::super::csv::Plain;
    use super::*;

    /// Lines without an end; it says when it is no longer asked for more.
    struct Endless {
        headings: [Heading; 1],
        over: Option<oneshot::Sender<()>>,
    }

    impl Source for Endless {
        fn headings(&self) -> &[Heading] {
            &self.headings
        }

        async fn next(&mut self) -> Result<Option<Vec<Row>>, Problem> {
            Ok(Some(vec![Row { table: 0, cells: vec!["走访".repeat(100)] }; 100]))
        }
    }

    impl Drop for Endless {
        fn drop(&mut self) {
            let _ = self.over.take().expect("once").send(());
        }
    }

    #[actix_web::test]
    async fn what_nobody_takes_any_more_is_not_made() {
        let (said, over) = oneshot::channel::<()>();
        let said = web::Data::new(std::sync::Mutex::new(Some(said)));
        let give = async |said: web::Data<std::sync::Mutex<Option<oneshot::Sender<()>>>>| {
            let heading = Heading { name: String::new(), columns: vec![Title::text("KEY")] };
            let table = Plain::new(&heading);
            let over = said.lock().unwrap().take();
            flowing(Endless { headings: [heading], over }, table, "text/csv", "x.csv")
        };
        let server = HttpServer::new(move || {
            App::new().app_data(said.clone()).route("/", web::get().to(give))
        });
        let server = server.workers(1).bind("127.0.0.1:0").unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        let stop = server.handle();
        rt::spawn(server);
        let taken = web::block(move || {
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            let mut piece = vec![0; 100_000];
            client.read_exact(&mut piece).unwrap();
            client.shutdown(Shutdown::Both).unwrap();
            piece
        });
        let taken = taken.await.unwrap();
        assert!(String::from_utf8_lossy(&taken).contains("走访"));
        over.await.expect("the source is let go");
        stop.stop(false).await;
    }
}

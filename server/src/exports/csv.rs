//! Tables as CSV (RFC 4180): one by itself, several in a ZIP archive.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::table::{FilePiece, Heading, Row, Sink};
use crate::http::file::Csv;

/// One table.
pub(super) struct Plain(Csv);

impl Plain {
    pub(super) fn new(heading: &Heading) -> Self {
        let mut csv = Csv::new();
        csv.line(heading.columns.iter().map(|column| &column.text));
        Self(csv)
    }
}

impl Sink for Plain {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        rows.iter().for_each(|row| self.0.line(&row.cells));
        Ok(())
    }

    fn take(&mut self) -> Bytes {
        self.0.take().into()
    }
}

/// Several tables, each a file of an archive, and files that go along. The first table flows; the
/// others wait in files of the system until it is whole, for an archive holds one file after the
/// other.
pub(super) struct Archive {
    zip: Option<ZipWriter<StreamWriter<Made>>>,
    made: Made,
    waiting: Vec<Waiting>,
    /// The one that is copied into the archive.
    at: usize,
}

/// A table that waits.
struct Waiting {
    name: String,
    file: File,
    is_begun: bool,
}

/// How much of a waiting file is copied at once.
const PIECE: u64 = 1 << 20;

impl Archive {
    /// An archive of tables, whose files are called `name`, and `name-table` but for the first.
    pub(super) fn new(name: &str, headings: &[Heading]) -> io::Result<Self> {
        let made = Made::default();
        let mut zip = ZipWriter::new_stream(made.clone());
        let mut waiting = Vec::new();
        for (at, heading) in headings.iter().enumerate() {
            let titles = heading.columns.iter().map(|column| &column.text);
            let mut csv = Csv::new();
            csv.line(titles);
            if at == 0 {
                zip.start_file(file_name(name, ""), options())?;
                zip.write_all(&csv.take())?;
            } else {
                let mut file = tempfile::tempfile()?;
                file.write_all(&csv.take())?;
                waiting.push(Waiting {
                    name: file_name(name, &heading.name),
                    file,
                    is_begun: false,
                });
            }
        }
        Ok(Self { zip: Some(zip), made, waiting, at: 0 })
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().large_file(true)
}

/// The name of a file: whatever would be read as a folder is none.
fn file_name(name: &str, table: &str) -> String {
    let whole = if table.is_empty() { name.to_owned() } else { format!("{name}-{table}") };
    let safe = |letter: char| if matches!(letter, '/' | '\\' | ':') { '_' } else { letter };
    format!("{}.csv", whole.chars().map(safe).collect::<String>().trim_start_matches('.'))
}

impl Sink for Archive {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        let mut tables: Vec<Csv> = (0..=self.waiting.len()).map(|_| Csv::going_on()).collect();
        rows.iter().for_each(|row| tables[row.table].line(&row.cells));
        let mut tables = tables.into_iter().map(Csv::bytes);
        zip.write_all(&tables.next().unwrap_or_default())?;
        self.waiting.iter_mut().zip(tables).try_for_each(|(one, more)| one.file.write_all(&more))
    }

    fn end(&mut self) -> io::Result<bool> {
        let Some(zip) = &mut self.zip else { return Ok(false) };
        let Some(one) = self.waiting.get_mut(self.at) else { return Ok(false) };
        if !one.is_begun {
            one.is_begun = true;
            one.file.rewind()?;
            zip.start_file(&one.name, options())?;
        }
        let copied = io::copy(&mut Read::by_ref(&mut one.file).take(PIECE), zip)?;
        if copied == 0 {
            self.at += 1;
        }
        Ok(true)
    }

    fn file(&mut self, piece: FilePiece) -> io::Result<()> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        match piece {
            // Photos are compressed already.
            FilePiece::Begin(name) => {
                let stored = options().compression_method(CompressionMethod::Stored);
                Ok(zip.start_file(name, stored)?)
            }
            FilePiece::More(bytes) => zip.write_all(&bytes),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        self.zip.take().map_or(Ok(()), |zip| Ok(zip.finish().map(|_| ())?))
    }

    fn take(&mut self) -> Bytes {
        self.made.take().into()
    }
}

/// What an archive's writer has made, to be taken while it goes on.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Made {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use zip::ZipArchive;

    use super::super::table::Title;
    use super::*;

    #[test]
    fn tables_are_files_of_an_archive() {
        let heading = |name: &str| Heading { name: name.into(), columns: vec![Title::text("KEY")] };
        let mut archive = Archive::new("a/b", &[heading(""), heading("pig")]).unwrap();
        let row = |table, cell: &str| Row { table, cells: vec![cell.into()] };
        archive.write(&[row(0, "1"), row(1, "1/pig[1]")]).unwrap();
        let mut whole = archive.take().to_vec();
        assert!(!whole.is_empty(), "it flows before it is whole");
        archive.write(&[row(1, "=1/pig[2]"), row(0, "2")]).unwrap();
        while archive.end().unwrap() {
            whole.extend(archive.take());
        }
        archive.file(FilePiece::Begin("media/x.jpg".into())).unwrap();
        archive.file(FilePiece::More(Bytes::from_static(b"ab"))).unwrap();
        archive.file(FilePiece::More(Bytes::from_static(b"c"))).unwrap();
        archive.finish().unwrap();
        whole.extend(archive.take());
        let mut read = ZipArchive::new(Cursor::new(whole)).unwrap();
        let mut text = |name: &str| {
            let mut text = String::new();
            read.by_name(name).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!(text("a_b.csv"), "\u{feff}KEY\n1\n2\n");
        assert_eq!(text("a_b-pig.csv"), "\u{feff}KEY\n1/pig[1]\n'=1/pig[2]\n");
        assert_eq!(text("media/x.jpg"), "abc");
    }
}

//! Tables as CSV (RFC 4180): one by itself, several in a ZIP archive.

use std::io;

use bytes::Bytes;

use super::parts::Parts;
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

    fn finish(self) -> io::Result<Bytes> {
        Ok(self.0.bytes().into())
    }
}

/// Several tables, each a file of an archive, and files that go along.
pub(super) struct Archive {
    parts: Parts,
    tables: usize,
}

impl Archive {
    /// An archive of tables, whose files are called `name`, and `name-table` but for the first.
    pub(super) fn new(name: &str, headings: &[Heading]) -> io::Result<Self> {
        let mut parts = Parts::new(true);
        for (at, heading) in headings.iter().enumerate() {
            let table = if at == 0 { "" } else { &heading.name };
            parts.begin(file_name(name, table))?;
            let mut csv = Csv::new();
            csv.line(heading.columns.iter().map(|column| &column.text));
            parts.append(at, &csv.bytes())?;
        }
        Ok(Self { parts, tables: headings.len() })
    }
}

/// The name of a file: whatever would be read as a folder is none.
fn file_name(name: &str, table: &str) -> String {
    let whole = if table.is_empty() { name.to_owned() } else { format!("{name}-{table}") };
    let safe = |letter: char| if matches!(letter, '/' | '\\' | ':') { '_' } else { letter };
    format!("{}.csv", whole.chars().map(safe).collect::<String>().trim_start_matches('.'))
}

impl Sink for Archive {
    fn write(&mut self, rows: &[Row]) -> io::Result<()> {
        let mut tables: Vec<Csv> = (0..self.tables).map(|_| Csv::going_on()).collect();
        rows.iter().for_each(|row| tables[row.table].line(&row.cells));
        let mut tables = tables.into_iter().map(Csv::bytes).enumerate();
        tables.try_for_each(|(at, more)| self.parts.append(at, &more))
    }

    fn end(&mut self) -> io::Result<bool> {
        self.parts.flow()
    }

    fn file(&mut self, piece: FilePiece) -> io::Result<()> {
        match piece {
            // Photos are compressed already.
            FilePiece::Begin(name) => self.parts.begin_alone(&name, true),
            FilePiece::More(bytes) => self.parts.append_alone(&bytes),
        }
    }

    fn take(&mut self) -> Bytes {
        self.parts.take()
    }

    fn finish(self) -> io::Result<Bytes> {
        self.parts.finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

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
        whole.extend(archive.finish().unwrap());
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

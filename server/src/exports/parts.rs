//! A ZIP archive that flows while its parts are made.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

/// Parts that grow side by side. The first flows; the others wait in files of the system until it is
/// whole, for an archive holds one after the other.
pub(super) struct Parts {
    zip: ZipWriter<StreamWriter<Made>>,
    made: Made,
    has_first: bool,
    waiting: Vec<Waiting>,
    /// The one that is copied into the archive.
    at: usize,
    /// Whether parts may be larger than 4 GiB, which not every reader of archives understands.
    are_large: bool,
}

/// A part that waits.
struct Waiting {
    name: String,
    file: File,
    is_begun: bool,
}

/// How much of a waiting part is copied at once.
const PIECE: u64 = 1 << 20;

impl Parts {
    /// An archive without parts.
    pub(super) fn new(are_large: bool) -> Self {
        let made = Made::default();
        let zip = ZipWriter::new_stream(made.clone());
        Self { zip, made, has_first: false, waiting: Vec::new(), at: 0, are_large }
    }

    fn options(&self) -> SimpleFileOptions {
        SimpleFileOptions::default().large_file(self.are_large)
    }

    /// Begins a part, beside those there are; it is known by how many there were.
    pub(super) fn begin(&mut self, name: String) -> io::Result<()> {
        if self.has_first {
            let file = tempfile::tempfile()?;
            self.waiting.push(Waiting { name, file, is_begun: false });
        } else {
            self.has_first = true;
            self.zip.start_file(name, self.options())?;
        }
        Ok(())
    }

    /// Adds to a part.
    pub(super) fn append(&mut self, part: usize, bytes: &[u8]) -> io::Result<()> {
        match part.checked_sub(1) {
            None => self.zip.write_all(bytes),
            Some(waits) => self.waiting[waits].file.write_all(bytes),
        }
    }

    /// Copies more of the parts that wait, once nothing is added any more; false once all are whole.
    pub(super) fn flow(&mut self) -> io::Result<bool> {
        let options = self.options();
        let Some(one) = self.waiting.get_mut(self.at) else { return Ok(false) };
        if !one.is_begun {
            one.is_begun = true;
            one.file.rewind()?;
            self.zip.start_file(&one.name, options)?;
        }
        let copied = io::copy(&mut Read::by_ref(&mut one.file).take(PIECE), &mut self.zip)?;
        if copied == 0 {
            self.at += 1;
        }
        Ok(true)
    }

    /// Begins a part by itself: before all others, or after them.
    pub(super) fn begin_alone(&mut self, name: &str, is_compressed: bool) -> io::Result<()> {
        let method = match is_compressed {
            true => CompressionMethod::Stored,
            false => CompressionMethod::Deflated,
        };
        Ok(self.zip.start_file(name, self.options().compression_method(method))?)
    }

    /// Adds to the part that stands by itself.
    pub(super) fn append_alone(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)
    }

    /// Makes what comes last.
    pub(super) fn finish(self) -> io::Result<Bytes> {
        self.zip.finish()?;
        Ok(self.made.take())
    }

    /// What has been made since it was last taken.
    pub(super) fn take(&self) -> Bytes {
        self.made.take()
    }
}

/// What an archive's writer has made, to be taken while it goes on.
#[derive(Clone, Default)]
struct Made(Arc<Mutex<Vec<u8>>>);

impl Made {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
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

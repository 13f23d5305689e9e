//! What is written is read back, what is published stays, and rubbish ends in an error.

use data_encoding::HEXLOWER;
use proptest::prelude::*;

use super::*;
use crate::encoding::canonical::op_bytes;
use crate::message::examples;
use crate::{SyncRequest, SyncResponse};

/// A message with its bytes, as `vectors/` has them.
fn vectors() -> Vec<(String, String, String)> {
    let json = |message: &dyn erased::Json| message.json();
    let mut vectors = Vec::new();
    for (number, op) in examples::operations().into_iter().enumerate() {
        let name = format!("operation-{number:02}");
        vectors.push((name, json(&op), HEXLOWER.encode(&op_bytes(&op))));
    }
    for (name, request) in
        [("request", examples::request()), ("request-unsent", examples::telling_request())]
    {
        let bytes = HEXLOWER.encode(&write_request(&request));
        vectors.push((name.into(), json(&request), bytes));
    }
    for (number, answer) in examples::answers().into_iter().enumerate() {
        let bytes = HEXLOWER.encode(&write_response(&answer));
        vectors.push((format!("answer-{number:02}"), json(&answer), bytes));
    }
    vectors
}

mod erased {
    pub(super) trait Json {
        fn json(&self) -> String;
    }

    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).expect("it is written")
        }
    }
}

/// Anybody may check an implementation against these; they never change.
#[test]
fn the_published_vectors_are_what_they_were() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let lines: Vec<String> =
        vectors().into_iter().map(|(name, json, cbor)| format!("{name}\t{json}\t{cbor}")).collect();
    let text = lines.join("\n") + "\n";
    let path = folder.join("messages.tsv");
    let published = std::fs::read_to_string(&path).unwrap_or_default();
    if published.is_empty() && std::env::var_os("RUHU_WRITE_VECTORS").is_some() {
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(&path, &text).expect("it is written");
        return;
    }
    assert!(published == text, "{} differs from what is written now", path.display());
}

#[test]
fn what_is_written_is_read_back() {
    for op in examples::operations() {
        assert_eq!(read_op(&op_bytes(&op)).as_ref(), Ok(&op));
    }
    for request in [examples::request(), examples::telling_request()] {
        let bytes = write_request(&request);
        let read = read_request(&bytes).expect("it is read");
        let ops = read.ops.iter().map(|op| read_op(op).expect("it is read")).collect();
        let read: SyncRequest = read.with_ops(ops);
        assert_eq!(read, request);
    }
    for answer in examples::answers() {
        assert_eq!(read_response(&write_response(&answer)), Ok(answer));
    }
}

#[test]
fn an_operation_that_cannot_be_read_leaves_the_others() {
    let request = SyncRequest { ops: examples::operations(), ..examples::request() };
    let mut bytes = write_request(&request);
    let third = op_bytes(&request.ops[2]);
    let at = bytes.windows(third.len()).position(|part| part == third).expect("it is there");
    // The first member's key: no operation has a member 23 there.
    bytes[at + 1] = 0x17;
    let read = read_request(&bytes).expect("the request is read");
    let readable: Vec<_> = read.ops.iter().map(|op| read_op(op).is_ok()).collect();
    assert_eq!(readable.iter().filter(|one| !**one).count(), 1);
    assert!(!readable[2]);
}

#[test]
fn deep_nesting_is_refused_and_does_not_overflow() {
    let mut bytes = op_bytes(&examples::operations()[1]);
    let nested = [vec![0x81; 100_000], vec![0xf6]].concat();
    let text = "一组".as_bytes();
    let at = bytes.windows(text.len()).position(|part| part == text).expect("it is there");
    bytes.splice(at - 1..at + text.len(), nested);
    let refused = read_op(&bytes).expect_err("it is too deep");
    assert!(refused.what.contains("nesting"), "{refused}");
}

proptest! {
    #[test]
    fn rubbish_ends_in_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_request(&bytes);
        let _ = read_response(&bytes);
        let _ = read_op(&bytes);
    }

    #[test]
    fn a_damaged_message_ends_in_an_error_or_another_message(
        at in any::<prop::sample::Index>(),
        to in any::<u8>(),
    ) {
        let mut bytes = write_response(&examples::answers()[0]);
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(read) = read_response(&bytes) {
            let again: SyncResponse = read_response(&write_response(&read)).expect("it is read");
            prop_assert_eq!(again, read);
        }
    }
}

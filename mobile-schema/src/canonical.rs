//! Deterministic CBOR (RFC 8949, section 4.2.1): one value, one sequence of bytes.
//!
//! Everything that is hashed or signed is encoded here: integers and lengths as short as they
//! can be, floats in the shortest form that keeps their value, definite lengths, map keys in
//! the bytewise order of their encodings.

use std::collections::BTreeMap;

use crate::{Hash, Value};

/// Writes deterministic CBOR. The caller announces the number of items of an array or map and
/// then writes exactly that many; integer keys are written in ascending order.
#[derive(Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// An encoder that has written nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The bytes written so far.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// A whole number that is not negative.
    pub fn unsigned(&mut self, number: u64) -> &mut Self {
        self.head(0, number)
    }

    /// A whole number.
    pub fn integer(&mut self, number: i64) -> &mut Self {
        match u64::try_from(number) {
            Ok(number) => self.head(0, number),
            Err(_) => self.head(1, number.unsigned_abs() - 1),
        }
    }

    /// A byte string.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.head(2, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// A text string.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.head(3, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    /// The start of an array of `count` items.
    pub fn array(&mut self, count: usize) -> &mut Self {
        self.head(4, count as u64)
    }

    /// The start of a map of `count` pairs.
    pub fn map(&mut self, count: usize) -> &mut Self {
        self.head(5, count as u64)
    }

    /// Nothing.
    pub fn null(&mut self) -> &mut Self {
        self.bytes.push(0xf6);
        self
    }

    /// `null` or what `write` writes.
    pub fn optional<T>(&mut self, item: Option<T>, write: impl FnOnce(&mut Self, T)) -> &mut Self {
        match item {
            Some(item) => write(self, item),
            None => {
                self.null();
            }
        }
        self
    }

    /// Yes or no.
    pub fn boolean(&mut self, truth: bool) -> &mut Self {
        self.bytes.push(if truth { 0xf5 } else { 0xf4 });
        self
    }

    /// A fraction, in the shortest form that keeps its value.
    pub fn float(&mut self, number: f64) -> &mut Self {
        let single = number as f32;
        if f64::from(single) != number {
            self.bytes.push(0xfb);
            self.bytes.extend_from_slice(&number.to_be_bytes());
        } else if let Some(half) = exact_half(single) {
            self.bytes.push(0xf9);
            self.bytes.extend_from_slice(&half.to_be_bytes());
        } else {
            self.bytes.push(0xfa);
            self.bytes.extend_from_slice(&single.to_be_bytes());
        }
        self
    }

    /// A hash, as a byte string.
    pub fn hash(&mut self, hash: &Hash) -> &mut Self {
        self.bytes(hash.as_bytes())
    }

    /// A field's value.
    pub fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.null(),
            Value::Bool(truth) => self.boolean(*truth),
            Value::Integer(number) => self.integer(*number),
            Value::Number(number) => self.float(*number),
            Value::Text(text) => self.text(text),
            Value::List(items) => {
                self.array(items.len());
                for item in items {
                    self.value(item);
                }
                self
            }
            Value::Map(entries) => self.text_map(entries),
        }
    }

    /// Values by field id.
    pub fn fields(&mut self, fields: &BTreeMap<u32, Value>) -> &mut Self {
        self.map(fields.len());
        for (id, value) in fields {
            self.unsigned(u64::from(*id)).value(value);
        }
        self
    }

    fn text_map(&mut self, entries: &BTreeMap<String, Value>) -> &mut Self {
        let entries = entries.iter().map(|(name, value)| (name.as_str(), value));
        self.text_keys(entries, |encoder, value| {
            encoder.value(value);
        })
    }

    /// A map with text keys, whose values `write` writes.
    pub fn text_keys<'a, T>(
        &mut self,
        entries: impl IntoIterator<Item = (&'a str, T)>,
        write: impl Fn(&mut Self, T),
    ) -> &mut Self {
        let mut sorted: Vec<_> = entries.into_iter().collect();
        // A text key's encoding starts with its length, so shorter keys come first.
        sorted.sort_by_key(|(name, _)| (name.len(), *name));
        self.map(sorted.len());
        for (name, value) in sorted {
            self.text(name);
            write(self, value);
        }
        self
    }

    /// Bytes that are deterministic CBOR already: one item.
    pub fn encoded(&mut self, item: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(item);
        self
    }

    fn head(&mut self, major: u8, number: u64) -> &mut Self {
        let major = major << 5;
        let be = number.to_be_bytes();
        match number {
            0..24 => self.bytes.push(major | be[7]),
            24..=0xff => self.bytes.extend_from_slice(&[major | 24, be[7]]),
            0x100..=0xffff => {
                self.bytes.push(major | 25);
                self.bytes.extend_from_slice(&be[6..]);
            }
            0x1_0000..=0xffff_ffff => {
                self.bytes.push(major | 26);
                self.bytes.extend_from_slice(&be[4..]);
            }
            _ => {
                self.bytes.push(major | 27);
                self.bytes.extend_from_slice(&be);
            }
        }
        self
    }
}

/// The IEEE 754 half-precision bits of `number`, if none of its value is lost.
fn exact_half(number: f32) -> Option<u16> {
    let bits = number.to_bits();
    let sign = ((bits >> 16) & 0x8000) as u16;
    let exponent = ((bits >> 23) & 0xff) as i32 - 127;
    let fraction = bits & 0x007f_ffff;
    if number == 0.0 {
        return Some(sign);
    }
    match exponent {
        -14..=15 if fraction & 0x1fff == 0 => {
            Some(sign | (((exponent + 15) as u16) << 10) | (fraction >> 13) as u16)
        }
        -24..=-15 => {
            let shift = (-exponent - 1) as u32;
            let whole = fraction | 0x0080_0000;
            (whole.trailing_zeros() >= shift).then(|| sign | (whole >> shift) as u16)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    fn hex(write: impl FnOnce(&mut Encoder)) -> String {
        let mut encoder = Encoder::new();
        write(&mut encoder);
        HEXLOWER.encode(&encoder.finish())
    }

    /// The examples of RFC 8949, appendix A.
    #[test]
    fn the_published_examples_come_out() {
        let integers = [
            (0, "00"),
            (23, "17"),
            (24, "1818"),
            (1000, "1903e8"),
            (1_000_000, "1a000f4240"),
            (1_000_000_000_000, "1b000000e8d4a51000"),
            (-1, "20"),
            (-1000, "3903e7"),
        ];
        for (number, expected) in integers {
            assert_eq!(
                hex(|e| {
                    e.integer(number);
                }),
                expected
            );
        }
        let floats = [
            (0.0, "f90000"),
            (-0.0, "f98000"),
            (1.0, "f93c00"),
            (1.1, "fb3ff199999999999a"),
            (1.5, "f93e00"),
            (65504.0, "f97bff"),
            (100_000.0, "fa47c35000"),
            (3.402_823_466_385_288_6e38, "fa7f7fffff"),
            (1e300, "fb7e37e43c8800759c"),
            (5.960_464_477_539_063e-8, "f90001"),
            (0.000_061_035_156_25, "f90400"),
            (-4.1, "fbc010666666666666"),
        ];
        for (number, expected) in floats {
            assert_eq!(
                hex(|e| {
                    e.float(number);
                }),
                expected,
                "{number}"
            );
        }
        assert_eq!(
            hex(|e| {
                e.text("水");
            }),
            "63e6b0b4"
        );
        assert_eq!(
            hex(|e| {
                e.bytes(&[1, 2, 3, 4]);
            }),
            "4401020304"
        );
    }

    #[test]
    fn keys_are_ordered_by_their_encoding() {
        let value: Value = serde_json::from_str(r#"{"aa":1,"b":2,"c":[true,null]}"#).unwrap();
        assert_eq!(
            hex(|e| {
                e.value(&value);
            }),
            "a3616202616382f5f662616101"
        );
    }
}

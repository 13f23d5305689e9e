//! What a tablet must know to work alone.
//!
//! The same code runs natively in the server and as WebAssembly on the tablet, so that both
//! reach the same verdict. Nothing here knows a network, a clock, a database or a file system.
//!
//! * [`register`]: record types, their fields and how concurrent edits of each are merged
//! * [`notice`]: notification templates (告知书) and the bytes that are signed
//! * [`rule`]: checks on values, such as citizen ID numbers
//! * [`pack`]: a program as reviewable text: registers, forms and notices together
//! * [`expression`]: the expressions of forms and rules
//! * [`form`]: survey forms and what is wrong with them
//! * [`xlsform`]: survey forms out of workbooks
//! * [`xml`]: XML read under limits
//! * [`device`]: the layout of the store on a tablet
//! * [`canonical`]: the deterministic CBOR under every hash and signature

pub mod canonical;
pub mod device;
pub mod expression;
mod facts;
pub mod form;
pub mod hash;
pub mod labels;
pub mod ledger;
pub mod notice;
pub mod pack;
pub mod register;
pub mod rule;
pub mod value;
pub mod words;
pub mod xlsform;
pub mod xml;

pub use hash::Hash;
pub use labels::Labels;
pub use register::{Catalogue, Field, FieldId, FieldType, MergePolicy, RegisterDefinition};
pub use value::Value;
pub use words::Words;

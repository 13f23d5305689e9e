//! What people may see, how long it is kept, and what happens when a household asks.
//!
//! Values of sensitive fields are masked in every answer, unless somebody whose role allows it says
//! why they need them; that is kept. Records expire by periods that an admin sets; all that is held
//! on a household can be given out, and erased.

mod access;
pub(crate) mod mask;

pub(crate) use access::{Access, What, note, reveal};

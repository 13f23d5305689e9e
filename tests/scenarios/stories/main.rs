//! Stories of the whole product, on real parts.

mod day;

//! Stories of the whole product, on real parts.

mod accounts;
mod bad_input;
mod checks;
mod crash;
mod day;
mod decisions;
mod devices;
mod form_library;
mod form_records;
mod forms;
mod live;
mod media;
mod migrations;
mod openapi;
mod photos;
mod probe;
mod readiness;
mod reassignment;
mod repair;
mod replay;
mod restore;
mod rights;
mod second_client;
mod sync;
mod telemetry;
mod wire;

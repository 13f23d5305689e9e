//! The server: records, media and people of a county.
//!
//! Laid out by feature. In each, `mod.rs` has its words and public calls, `http.rs` turns
//! requests into calls, `rules.rs` decides, `queries.rs` has its SQL.
//! `docs/architecture.md` is the map.

pub mod accounts;
pub mod app;
pub mod areas;
pub mod audit;
pub mod backup;
pub mod checks;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conflicts;
pub mod db;
pub mod deliveries;
pub mod demo;
pub mod devices;
pub mod doctor;
pub mod evidence;
pub mod exports;
mod files;
mod form_command;
pub mod forms;
pub mod health;
pub mod http;
pub mod imports;
pub mod jobs;
pub mod ledgers;
pub mod limits;
pub mod live;
pub mod media;
pub mod media_store;
pub mod notices;
pub mod overview;
pub mod packs;
pub mod photos;
pub mod privacy;
pub mod records;
pub mod review;
pub mod rosters;
pub mod rules;
pub mod samples;
pub mod seal;
pub mod space;
pub mod sync;
pub mod tasks;
pub mod tls;
pub mod views;
pub mod visits;

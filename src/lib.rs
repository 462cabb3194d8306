//! Staves: a local, S3-compatible object store for development and tests.
//!
//! The floors, from the top: [`cli`] and [`server`] start things, [`s3`], [`facades`] and [`control`] turn HTTP into engine calls, [`http`] is what
//! all dialects share, [`engine`] keeps buckets, objects and uploads on disk, [`wire`] is values and codecs without IO.
//! A floor uses only those below it.

pub mod cli;
pub mod control;
pub mod engine;
pub mod facades;
pub mod http;
pub mod s3;
pub mod server;
pub mod wire;

pub use server::Server;

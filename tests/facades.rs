//! The facades on the wire: a file for each, functions named `operation_condition`, through plain HTTP clients, with S3 as
//! the witness of what was stored.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise, in its helpers too")]

mod support;

#[path = "facades/plain.rs"]
mod plain;

#[path = "facades/arcgis.rs"]
mod arcgis;
#[path = "facades/conformance.rs"]
mod conformance;
#[path = "facades/geolens.rs"]
mod geolens;
#[path = "facades/gjirafa.rs"]
mod gjirafa;
#[path = "facades/ground.rs"]
mod ground;
#[path = "facades/here.rs"]
mod here;

//! What is known of every operation, for people and scripts: `staves operations` and `docs/operations.md`. Not what decides
//! about a request: that is the table, from which this is read.

use serde::Serialize;

use super::operation::{Level, Row};
use super::table::TABLE;
use super::target::Scope;

/// An operation of S3.
#[derive(Debug, Clone, Serialize)]
pub struct KnownOperation {
    /// AWS's name.
    pub name: &'static str,
    /// Such as `PUT`.
    pub method: &'static str,
    /// The path and query of its requests, and the header that tells it from others: `/{Bucket}/{Key+}?acl`.
    pub request: String,
    /// How far Staves goes with it, in one word.
    pub level: &'static str,
}

/// Requests that are no rows of the table: (name, method, request, level).
const BESIDE_THE_TABLE: [(&str, &str, &str, Level); 3] = [
    ("OptionsBucket", "OPTIONS", "/{Bucket}", Level::Exact),
    ("OptionsObject", "OPTIONS", "/{Bucket}/{Key+}", Level::Exact),
    (super::route::WRITE_GET_OBJECT_RESPONSE, "POST", "/WriteGetObjectResponse", Level::Refused),
];

/// Every operation that has an answer of its own, by name.
pub fn operations() -> Vec<KnownOperation> {
    let beside = BESIDE_THE_TABLE.iter().map(|&(name, method, request, level)| KnownOperation {
        name,
        method,
        request: request.to_owned(),
        level: level.name(),
    });
    let mut all: Vec<_> = TABLE.iter().map(of).chain(beside).collect();
    all.sort_by_key(|operation| operation.name);
    all
}

fn of(row: &'static Row) -> KnownOperation {
    let path = match row.scope {
        Scope::Service => "/",
        Scope::Bucket => "/{Bucket}",
        Scope::Object => "/{Bucket}/{Key+}",
    };
    let value = row.value.map(|value| format!("={value}")).unwrap_or_default();
    let query = if row.query.is_empty() { String::new() } else { format!("?{}{value}", row.query.join("&")) };
    let header = row.header.map(|header| format!(", {header}")).unwrap_or_default();
    KnownOperation {
        name: row.name,
        method: row.method.as_str(),
        request: format!("{path}{query}{header}"),
        level: row.level.name(),
    }
}

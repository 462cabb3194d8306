//! Which row of the table a request is for, and what to say when it is for none.
//!
//! A sub-resource that a request names must never be overlooked: falling through to the parent operation (listing a
//! bucket when its policy was asked for) is the worst that an emulator can do.

use http::Method;
use http::header::ALLOW;

use super::error::{Result, S3Error};
use super::operation::Row;
use super::request::Head;
use super::table::TABLE;
use super::target::Scope;
use crate::wire::error_codes::Code;

/// An operation with a path of its own, which would be a bucket's. On AWS it has a host of its own too.
pub(crate) const WRITE_GET_OBJECT_RESPONSE: &str = "WriteGetObjectResponse";

/// The row for a request.
pub(crate) fn route(head: &Head) -> Result<&'static Row> {
    let scope = head.target.scope();
    if head.method == Method::POST && head.target.bucket() == Some(WRITE_GET_OBJECT_RESPONSE) {
        return Err(Code::NotImplemented.says(format!("{WRITE_GET_OBJECT_RESPONSE} is not implemented")));
    }
    part_number_alone(head, scope)?;
    let named = subresources(head);
    let best = TABLE.iter().filter(|row| fits(row, head, scope)).max_by_key(|row| row.particularity());
    if let Some(row) = best
        && named.iter().all(|name| row.query.first() == Some(name))
    {
        return Ok(row);
    }
    Err(refuse(head, scope, &named))
}

fn fits(row: &Row, head: &Head, scope: Scope) -> bool {
    row.scope == scope
        && row.method == head.method
        && row.query.iter().all(|name| head.query.has(name))
        && row.value.is_none_or(|value| row.query.first().and_then(|name| head.query.first(name)) == Some(value))
        && row.header.is_none_or(|header| head.headers.contains_key(header))
}

/// The sub-resources that a request names, each once, in the request's order. A row's first query parameter is a
/// sub-resource; those after it only tell its operations apart (`id`, `partNumber`).
fn subresources(head: &Head) -> Vec<&'static str> {
    let mut named = Vec::new();
    for name in head.query.names() {
        let meant = TABLE.iter().filter(|row| row.value.is_none_or(|wanted| head.query.first(name) == Some(wanted)));
        if let Some(known) = meant.filter_map(|row| row.query.first()).find(|query| **query == name)
            && !named.contains(known)
        {
            named.push(*known);
        }
    }
    named
}

/// On other methods a part number is a view of an object; on PUT it would be overlooked, and an object overwritten.
fn part_number_alone(head: &Head, scope: Scope) -> Result<()> {
    match head.query.first("partNumber") {
        Some(number) if scope == Scope::Object && head.method == Method::PUT && !head.query.has("uploadId") => {
            let message = "This operation does not accept partNumber without uploadId";
            Err(S3Error::invalid_argument(message, "partNumber", number))
        }
        _ => Ok(()),
    }
}

/// Why no row fits: AWS has a sentence for each way to miss.
fn refuse(head: &Head, scope: Scope, named: &[&'static str]) -> S3Error {
    let exists_on = |scope: Scope| {
        move |name: &&&'static str| TABLE.iter().any(|row| row.scope == scope && row.query.first() == Some(*name))
    };
    if scope == Scope::Object && head.method == Method::PUT && named == ["uploadId"] {
        return not_allowed(head, "UPLOAD").header(ALLOW, "DELETE, POST, GET");
    }
    if scope == Scope::Object && head.method == Method::GET && named == ["uploads"] {
        return S3Error::invalid_request("Key is not expected for the GET method ?uploads subresource");
    }
    let here: Vec<&&'static str> = named.iter().filter(exists_on(scope)).collect();
    if let [first, _, ..] = here.as_slice() {
        let list = here.iter().map(|name| **name).collect::<Vec<_>>().join(", ");
        let message = format!("Conflicting query string parameters: {list}");
        return S3Error::invalid_argument(message, "ResourceType", first);
    }
    match named.iter().find(|name| !here.contains(name)) {
        Some(name) if scope == Scope::Object => {
            S3Error::invalid_request(format!("There is no such thing as the ?{name} sub-resource for a key"))
        }
        Some(_) if scope == Scope::Bucket => S3Error::invalid_request("A key must be specified"),
        _ => {
            let resource = match (here.first(), scope) {
                (Some(name), _) => name.to_uppercase(),
                (None, scope) => scope.name().to_owned(),
            };
            let allowed = allowed_methods(scope, here.first().map(|name| **name));
            not_allowed(head, &resource).header(ALLOW, &allowed)
        }
    }
}

fn not_allowed(head: &Head, resource: &str) -> S3Error {
    Code::MethodNotAllowed.with("Method", &head.method).with("ResourceType", resource)
}

fn allowed_methods(scope: Scope, subresource: Option<&str>) -> String {
    let mut methods: Vec<&str> = TABLE
        .iter()
        .filter(|row| row.scope == scope && row.query.first().copied() == subresource)
        .map(|row| row.method.as_str())
        .collect();
    methods.sort_unstable();
    methods.dedup();
    methods.join(", ")
}

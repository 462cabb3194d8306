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
const BESIDE_THE_TABLE: [(&str, &str, &str, Level); 4] = [
    ("OptionsBucket", "OPTIONS", "/{Bucket}", Level::Exact),
    ("OptionsObject", "OPTIONS", "/{Bucket}/{Key+}", Level::Exact),
    // It has a host of its own on AWS, and a service: signatures for that are refused.
    ("ListDirectoryBuckets", "GET", "/", Level::Refused),
    (super::route::WRITE_GET_OBJECT_RESPONSE, "POST", "/WriteGetObjectResponse", Level::Refused),
];

/// Names of the model whose request is another operation's, and that operation.
const OTHER_NAMES: [(&str, &str, Option<&str>); 5] = [
    // On a general-purpose bucket, `?session` is overlooked, as on AWS.
    ("CreateSession", "ListObjects", Some("/{Bucket}?session")),
    ("GetBucketLifecycle", "GetBucketLifecycleConfiguration", None),
    ("GetBucketNotification", "GetBucketNotificationConfiguration", None),
    ("PutBucketLifecycle", "PutBucketLifecycleConfiguration", None),
    ("PutBucketNotification", "PutBucketNotificationConfiguration", None),
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
    for (name, meant, request) in OTHER_NAMES {
        let known = all.iter().find(|operation| operation.name == meant).cloned();
        all.extend(known.map(|known| KnownOperation {
            name,
            request: request.map_or(known.request, str::to_owned),
            ..known
        }));
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_of_the_model_is_there_once() {
        let all = operations();
        let names: HashSet<&str> = all.iter().map(|operation| operation.name).collect();
        assert_eq!(names.len(), all.len());
        let model = include_str!("../../data/operations.tsv");
        for line in model.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split('\t').next().unwrap();
            assert!(names.contains(name), "{name} is in the model and not known");
        }
        let level = |name: &str| all.iter().find(|operation| operation.name == name).unwrap().level;
        assert_eq!((level("CreateSession"), level("ListDirectoryBuckets")), ("exact", "refused"));
        for (old, new, _) in OTHER_NAMES {
            assert_eq!(level(old), level(new), "{old}");
        }
    }
}

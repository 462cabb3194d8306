//! What a request is aimed at: the service, a bucket or an object. Path-style and virtual-hosted addressing end here.

use super::error::Result;
use crate::http::domains::Addressed;
use crate::wire::error_codes::Code;
use crate::wire::object_key::{InvalidKey, MAX_KEY_BYTES, ObjectKey};
use crate::wire::percent;

/// What a request is aimed at. The bucket's name is not yet checked: that a name is invalid is said after
/// authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Service,
    Bucket { bucket: String },
    Object { bucket: String, key: ObjectKey },
}

/// Whether an operation is on the service, a bucket or an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Service,
    Bucket,
    Object,
}

impl Scope {
    /// AWS's `ResourceType`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Scope::Service => "SERVICE",
            Scope::Bucket => "BUCKET",
            Scope::Object => "OBJECT",
        }
    }
}

impl Target {
    /// The target of a raw path. Nothing in a path is normalised: `.`, `..` and `//` are keys like any other.
    pub(crate) fn of(addressed: Addressed, raw_path: &str) -> Result<Target> {
        let path = raw_path.strip_prefix('/').unwrap_or(raw_path);
        let (bucket, raw_key) = match addressed {
            Addressed::Bucket(bucket) => (bucket, path),
            Addressed::Endpoint => {
                let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
                (decode(bucket)?, key)
            }
        };
        if bucket.is_empty() && raw_key.is_empty() {
            return Ok(Target::Service);
        }
        if raw_key.is_empty() {
            return Ok(Target::Bucket { bucket });
        }
        match ObjectKey::parse(decode(raw_key)?) {
            Ok(key) => Ok(Target::Object { bucket, key }),
            Err(InvalidKey::TooLong { size_bytes }) => {
                Err(Code::KeyTooLongError.with("Size", size_bytes).with("MaxSizeAllowed", MAX_KEY_BYTES))
            }
            Err(InvalidKey::Empty | InvalidKey::Nul) => Err(Code::InvalidUri.with("URI", raw_path)),
        }
    }

    pub(crate) fn scope(&self) -> Scope {
        match self {
            Target::Service => Scope::Service,
            Target::Bucket { .. } => Scope::Bucket,
            Target::Object { .. } => Scope::Object,
        }
    }

    pub(crate) fn bucket(&self) -> Option<&str> {
        match self {
            Target::Service => None,
            Target::Bucket { bucket } | Target::Object { bucket, .. } => Some(bucket),
        }
    }

    pub(crate) fn key(&self) -> Option<&ObjectKey> {
        match self {
            Target::Object { key, .. } => Some(key),
            _ => None,
        }
    }
}

fn decode(raw: &str) -> Result<String> {
    percent::decode_path(raw).map_err(|_| Code::InvalidUri.with("URI", raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(name: &str) -> Addressed {
        Addressed::Bucket(name.to_owned())
    }

    #[test]
    fn paths_are_never_normalised() {
        let object = |bucket: &str, key: &str| Target::Object {
            bucket: bucket.to_owned(),
            key: ObjectKey::parse(key.to_owned()).unwrap(),
        };
        let path = |raw: &str| Target::of(Addressed::Endpoint, raw).unwrap();
        assert_eq!(path("/"), Target::Service);
        assert_eq!(path("/b"), Target::Bucket { bucket: "b".to_owned() });
        assert_eq!(path("/b/"), Target::Bucket { bucket: "b".to_owned() });
        assert_eq!(path("/b//"), object("b", "/"));
        assert_eq!(path("/b/../x"), object("b", "../x"));
        assert_eq!(path("/b/a%2Fb%20c+d"), object("b", "a/b c+d"));
        assert_eq!(Target::of(bucket("b"), "/_staves/health").unwrap(), object("b", "_staves/health"));
        assert_eq!(Target::of(bucket("b"), "/").unwrap(), Target::Bucket { bucket: "b".to_owned() });
    }

    #[test]
    fn bad_keys_are_refused_by_name() {
        let code = |raw: &str| Target::of(Addressed::Endpoint, raw).unwrap_err().code();
        assert_eq!(code("/b/%80"), Code::InvalidUri);
        assert_eq!(code("/b/%00"), Code::InvalidUri);
        assert_eq!(code(&format!("/b/{}", "k".repeat(1025))), Code::KeyTooLongError);
    }
}

//! What a policy's conditions may ask of a request.
//!
//! Sources: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html> and
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>

use super::demand::Demand;
use crate::http::connection::Scheme;
use crate::s3::auth::Principal;
use crate::s3::call::Call;
use crate::s3::ops;
use crate::s3::table::COPY_SOURCE;
use crate::wire::percent;
use crate::wire::policy::RequestContext;
use crate::wire::sigv4::AmzDate;
use crate::wire::tagging::TagSet;
use crate::wire::time::Timestamp;

/// Keys whose value is a header's.
const HEADERS: [(&str, &str); 20] = [
    ("aws:referer", "referer"),
    ("aws:useragent", "user-agent"),
    ("s3:if-match", "if-match"),
    ("s3:if-none-match", "if-none-match"),
    ("s3:object-lock-legal-hold", "x-amz-object-lock-legal-hold"),
    ("s3:object-lock-mode", "x-amz-object-lock-mode"),
    ("s3:object-lock-retain-until-date", "x-amz-object-lock-retain-until-date"),
    ("s3:x-amz-acl", "x-amz-acl"),
    ("s3:x-amz-content-sha256", "x-amz-content-sha256"),
    ("s3:x-amz-grant-full-control", "x-amz-grant-full-control"),
    ("s3:x-amz-grant-read", "x-amz-grant-read"),
    ("s3:x-amz-grant-read-acp", "x-amz-grant-read-acp"),
    ("s3:x-amz-grant-write", "x-amz-grant-write"),
    ("s3:x-amz-grant-write-acp", "x-amz-grant-write-acp"),
    ("s3:x-amz-metadata-directive", "x-amz-metadata-directive"),
    ("s3:x-amz-object-ownership", "x-amz-object-ownership"),
    ("s3:x-amz-server-side-encryption", "x-amz-server-side-encryption"),
    ("s3:x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-aws-kms-key-id"),
    ("s3:x-amz-storage-class", "x-amz-storage-class"),
    ("s3:x-amz-website-redirect-location", "x-amz-website-redirect-location"),
];

/// Where SSE-C is asked for.
const CUSTOMER_ALGORITHM: &str = "x-amz-server-side-encryption-customer-algorithm";

const MS_PER_DAY: i64 = 86_400_000;

/// A request, and which of the things that it needs is asked about.
pub(super) struct Context<'a> {
    pub(super) call: &'a Call,
    pub(super) demand: Demand<'a>,
}

impl RequestContext for Context<'_> {
    fn values(&self, key: &str) -> Vec<String> {
        if let Some((prefix, tag)) = key.split_once('/') {
            let tags = match prefix {
                "s3:existingobjecttag" => self.existing_tags(),
                "s3:requestobjecttag" => self.request_tags(),
                _ => return Vec::new(),
            };
            return value_of(&tags, tag).into_iter().collect();
        }
        if key == "s3:requestobjecttagkeys" {
            return self.request_tags().tags().iter().map(|tag| tag.key.clone()).collect();
        }
        self.value(key).into_iter().collect()
    }
}

impl Context<'_> {
    fn value(&self, key: &str) -> Option<String> {
        let head = &self.call.head;
        if let Some((_, header)) = HEADERS.iter().find(|(known, _)| *known == key) {
            return head.header_filled(header);
        }
        let bucket = self.demand.bucket;
        match key {
            "aws:currenttime" => Some(head.now.iso8601_seconds()),
            "aws:epochtime" => Some(head.now.secs().to_string()),
            "aws:principalisawsservice" | "aws:viaawsservice" => Some("false".to_owned()),
            "aws:requestedregion" => Some(self.call.shared.config.region.clone()),
            "aws:resourceaccount" | "s3:resourceaccount" => Some(bucket.account.clone()),
            "aws:securetransport" => Some((head.connection.scheme == Scheme::Https).to_string()),
            "aws:sourceip" => Some(head.connection.peer.ip().to_canonical().to_string()),
            "s3:authtype" => self.signature().map(|signature| signature.place.to_owned()),
            "s3:signatureversion" => self.signature().map(|signature| signature.version.to_owned()),
            "s3:signatureage" => self.signature_age_ms().map(|age_ms| age_ms.to_string()),
            // A key that is not there is missed by whoever may list keys that begin with it: so a public test suite has it,
            // which names what AWS does otherwise.
            // Source: <https://github.com/ceph/s3-tests>, `test_head_object_404_with_policy_prefix`
            "s3:prefix" if self.demand.sought.is_some() => self.demand.sought.map(ToString::to_string),
            "s3:tlsversion" => head.connection.tls.map(|session| session.version.trim_start_matches("TLSv").to_owned()),
            "s3:delimiter" | "s3:max-keys" | "s3:prefix" => {
                head.query.first(key.trim_start_matches("s3:")).map(str::to_owned)
            }
            "s3:versionid" => self.demand.version.map(str::to_owned),
            "s3:x-amz-copy-source" => head.header_filled(COPY_SOURCE).map(|source| copy_source(&source)),
            "s3:x-amz-server-side-encryption-customer-algorithm" => head.header_filled(CUSTOMER_ALGORITHM),
            "s3:object-lock-remaining-retention-days" => self.remaining_retention_days(),
            "s3:objectcreationoperation" => Some(self.creates_object().to_string()),
            _ => None,
        }
    }

    fn existing_tags(&self) -> TagSet {
        let Some(key) = self.demand.key else { return TagSet::default() };
        ops::tags_of_object(self.call, self.demand.bucket, key, self.demand.version).unwrap_or_default()
    }

    fn request_tags(&self) -> TagSet {
        let sent = self.call.head.header_filled("x-amz-tagging");
        sent.and_then(|sent| TagSet::parse_header(&sent).ok()).unwrap_or_default()
    }

    /// Whether the object is there when the request is done: an upload's parts make none.
    fn creates_object(&self) -> bool {
        let query = &self.call.head.query;
        !(query.has("uploads") || (query.has("uploadId") && query.has("partNumber")))
    }

    fn remaining_retention_days(&self) -> Option<String> {
        let head = &self.call.head;
        let until = Timestamp::parse_iso8601(&head.header_filled("x-amz-object-lock-retain-until-date")?)?;
        let left_ms = until.millis().saturating_sub(head.now.millis());
        // A day that has begun counts.
        Some(left_ms.div_euclid(MS_PER_DAY).saturating_add(i64::from(left_ms.rem_euclid(MS_PER_DAY) > 0)).to_string())
    }

    /// How the request is signed, if it is.
    fn signature(&self) -> Option<Signature> {
        const V4: &str = "AWS4-HMAC-SHA256";
        const V2: &str = "AWS";
        if matches!(self.call.principal, Principal::Anonymous) {
            return None;
        }
        let head = &self.call.head;
        let of = |place, v4| Some(Signature { place, version: if v4 { V4 } else { V2 } });
        if let Some(authorization) = head.header("authorization") {
            return of("REST-HEADER", authorization.starts_with("AWS4"));
        }
        if head.query.has("X-Amz-Signature") || head.query.has("Signature") {
            return of("REST-QUERY-STRING", head.query.has("X-Amz-Signature"));
        }
        // The fields of a form stand where headers do.
        let v4 = head.headers.contains_key("x-amz-signature");
        if v4 || head.headers.contains_key("signature") { of("POST", v4) } else { None }
    }

    /// The time since a URL was presigned, in milliseconds.
    fn signature_age_ms(&self) -> Option<i64> {
        let head = &self.call.head;
        let date = AmzDate::parse(head.query.first("X-Amz-Date")?)?;
        Some(head.now.millis() - date.unix_seconds() * 1000)
    }
}

struct Signature {
    place: &'static str,
    version: &'static str,
}

/// The keys of tags in conditions are compared without regard to case.
fn value_of(tags: &TagSet, key: &str) -> Option<String> {
    tags.tags().iter().find(|tag| tag.key.eq_ignore_ascii_case(key)).map(|tag| tag.value.clone())
}

/// `bucket/key` as policies write it, whether the header has a slash in front and is encoded or not.
fn copy_source(sent: &str) -> String {
    let decoded = percent::decode_query(sent).unwrap_or_else(|_| sent.to_owned());
    decoded.strip_prefix('/').map(str::to_owned).unwrap_or(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_sources_are_as_policies_write_them() {
        for sent in ["bkt/a b", "/bkt/a%20b", "bkt/a+b"] {
            assert_eq!(copy_source(sent), "bkt/a b");
        }
    }
}

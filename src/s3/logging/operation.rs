//! What access logs call an operation: `REST.GET.OBJECT`. Names that AWS's documentation does not show are its
//! sub-resources in capitals.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html>

use http::Method;

use crate::engine::lifecycle::LifecycleDeed;
use crate::s3::operation::Row;
use crate::s3::table::COPY_SOURCE;
use crate::s3::target::Scope;
use crate::wire::storage_class::StorageClass;

/// Sub-resources of which the log has names of its own.
const NAMED: [(&str, &str); 13] = [
    ("delete", "MULTI_OBJECT_DELETE"),
    ("legal-hold", "OBJECT_LOCK_LEGALHOLD"),
    ("logging", "LOGGING_STATUS"),
    ("object-lock", "OBJECT_LOCK"),
    ("ownershipControls", "OWNERSHIP_CONTROLS"),
    ("policy", "BUCKETPOLICY"),
    ("policyStatus", "BUCKETPOLICYSTATUS"),
    ("publicAccessBlock", "PUBLIC_ACCESS_BLOCK"),
    ("requestPayment", "REQUEST_PAYMENT"),
    ("retention", "OBJECT_LOCK_RETENTION"),
    ("uploadId", "UPLOAD"),
    ("versions", "BUCKETVERSIONS"),
    ("list-type", "BUCKET"),
];

/// The name of a row's operation.
pub(super) fn of_row(row: &Row) -> String {
    let method = if row.header == Some(COPY_SOURCE) { "COPY" } else { row.method.as_str() };
    let resource = match row.query.first() {
        None if row.name == "PostObject" => "OBJECT".to_owned(),
        None => of_scope(row.scope).to_owned(),
        Some(_) if row.query.contains(&"partNumber") => "PART".to_owned(),
        Some(&"tagging") if row.scope == Scope::Object => "OBJECT_TAGGING".to_owned(),
        Some(query) => match NAMED.iter().find(|(known, _)| known == query) {
            Some((_, name)) => (*name).to_owned(),
            None => query.replace('-', "_").to_ascii_uppercase(),
        },
    };
    format!("REST.{method}.{resource}")
}

/// That of a request which is none of them.
pub(super) fn of_none(method: &Method, key: Option<&str>) -> String {
    if *method == Method::OPTIONS {
        return "REST.OPTIONS.PREFLIGHT".to_owned();
    }
    format!("REST.{method}.{}", of_scope(if key.is_some() { Scope::Object } else { Scope::Bucket }))
}

/// That of a visit to a website.
pub(super) fn of_website(method: &Method) -> String {
    format!("WEBSITE.{method}.OBJECT")
}

/// What a lifecycle does.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-and-other-bucket-config.html>
pub(super) fn of_lifecycle(what: LifecycleDeed) -> &'static str {
    match what {
        LifecycleDeed::Deleted => "S3.EXPIRE.OBJECT",
        LifecycleDeed::Marked => "S3.CREATE.DELETEMARKER",
        LifecycleDeed::Aborted => "S3.DELETE.UPLOAD",
        LifecycleDeed::Moved(class) => match class {
            StorageClass::StandardIa => "S3.TRANSITION_SIA.OBJECT",
            StorageClass::OneZoneIa => "S3.TRANSITION_ZIA.OBJECT",
            StorageClass::IntelligentTiering => "S3.TRANSITION_INT.OBJECT",
            StorageClass::GlacierIr => "S3.TRANSITION_GIR.OBJECT",
            StorageClass::DeepArchive => "S3.TRANSITION_GDA.OBJECT",
            _ => "S3.TRANSITION.OBJECT",
        },
    }
}

fn of_scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Service => "SERVICE",
        Scope::Bucket => "BUCKET",
        Scope::Object => "OBJECT",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::table::TABLE;

    #[test]
    fn names_that_the_documentation_shows() {
        let name = |row: &str| of_row(TABLE.iter().find(|known| known.name == row).unwrap());
        for (row, expected) in [
            ("GetObject", "REST.GET.OBJECT"),
            ("PostObject", "REST.POST.OBJECT"),
            ("CopyObject", "REST.COPY.OBJECT"),
            ("UploadPart", "REST.PUT.PART"),
            ("UploadPartCopy", "REST.COPY.PART"),
            ("CreateMultipartUpload", "REST.POST.UPLOADS"),
            ("CompleteMultipartUpload", "REST.POST.UPLOAD"),
            ("AbortMultipartUpload", "REST.DELETE.UPLOAD"),
            ("ListObjectsV2", "REST.GET.BUCKET"),
            ("ListObjectVersions", "REST.GET.BUCKETVERSIONS"),
            ("DeleteObjects", "REST.POST.MULTI_OBJECT_DELETE"),
            ("GetBucketPolicy", "REST.GET.BUCKETPOLICY"),
            ("GetBucketVersioning", "REST.GET.VERSIONING"),
            ("GetBucketLogging", "REST.GET.LOGGING_STATUS"),
            ("GetBucketLocation", "REST.GET.LOCATION"),
            ("GetObjectTagging", "REST.GET.OBJECT_TAGGING"),
            ("GetBucketIntelligentTieringConfiguration", "REST.GET.INTELLIGENT_TIERING"),
        ] {
            assert_eq!(name(row), expected, "{row}");
        }
    }
}

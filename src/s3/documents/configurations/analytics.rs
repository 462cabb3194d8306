//! Storage class analysis (`?analytics`).

use super::{Configuration, check_destination};
use crate::s3::documents::{FILTER, Name};
use crate::s3::error::Result;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, group, text};

const DESTINATION: Shape = group(
    "S3BucketDestination",
    &[among("Format", &["CSV"]), text("BucketAccountId").optional(), text("Bucket"), text("Prefix").optional()],
);

const ANALYSIS: Shape = group(
    "StorageClassAnalysis",
    &[group("DataExport", &[among("OutputSchemaVersion", &["V_1"]), group("Destination", &[DESTINATION])]).optional()],
);

/// What is analysed, and where the analysis goes.
pub(crate) struct Analytics;

impl Configuration for Analytics {
    const SUBRESOURCE: &'static str = "analytics";
    const GET: Name = Name("GetBucketAnalyticsConfiguration", "s3:GetAnalyticsConfiguration");
    const LIST: Name = Name("ListBucketAnalyticsConfigurations", "s3:GetAnalyticsConfiguration");
    const PUT: Name = Name("PutBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration");
    const DELETE: Name = Name("DeleteBucketAnalyticsConfiguration", "s3:PutAnalyticsConfiguration");
    const LIST_ROOT: &'static str = "ListBucketAnalyticsConfigurationResult";
    const SHAPE: Shape = group("AnalyticsConfiguration", &[text("Id"), FILTER.one_of().optional(), ANALYSIS]);

    fn admit(given: &Element) -> Result<()> {
        match given.child("StorageClassAnalysis") {
            None if given.name == "AnalyticsConfiguration" => Err(Code::MissingStorageClassAnalysis.into()),
            _ => Ok(()),
        }
    }

    fn check(configuration: &Element) -> Result<()> {
        let export = configuration.child("StorageClassAnalysis").and_then(|analysis| analysis.child("DataExport"));
        let destination = export.and_then(|it| it.child("Destination")?.child("S3BucketDestination"));
        destination.and_then(|it| it.child_text("Bucket")).map_or(Ok(()), check_destination)
    }
}

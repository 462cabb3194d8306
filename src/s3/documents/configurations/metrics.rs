//! Request metrics (`?metrics`).

use super::Configuration;
use crate::s3::documents::{Name, TAG};
use crate::wire::xml::schema::{Shape, group, text};

/// Exactly one predicate, and two at least in `And` (seen on AWS).
const FILTER: Shape = group(
    "Filter",
    &[
        text("Prefix").optional(),
        TAG.optional(),
        text("AccessPointArn").optional(),
        group("And", &[text("Prefix").optional(), TAG.any_number(), text("AccessPointArn").optional()])
            .holding(2, usize::MAX)
            .optional(),
    ],
)
.one_of();

/// Which requests are measured.
pub(crate) struct Metrics;

impl Configuration for Metrics {
    const SUBRESOURCE: &'static str = "metrics";
    const GET: Name = Name("GetBucketMetricsConfiguration", "s3:GetMetricsConfiguration");
    const LIST: Name = Name("ListBucketMetricsConfigurations", "s3:GetMetricsConfiguration");
    const PUT: Name = Name("PutBucketMetricsConfiguration", "s3:PutMetricsConfiguration");
    const DELETE: Name = Name("DeleteBucketMetricsConfiguration", "s3:PutMetricsConfiguration");
    const LIST_ROOT: &'static str = "ListMetricsConfigurationsResult";
    const SHAPE: Shape = group("MetricsConfiguration", &[text("Id"), FILTER.optional()]);
}

//! `ListBuckets`: the caller's own.

use super::create_bucket::{bucket_arn, is_aws_region, region_of};
use super::listing;
use crate::engine::bucket::{Bucket, BucketQuery};
use crate::engine::list::More;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;

/// Buckets on a page at most, and on one whose size was not said.
const MAX_BUCKETS: usize = 10_000;

/// A page of buckets.
pub(crate) struct ListBuckets {
    limit: usize,
    /// Only after this name.
    after: String,
    prefix: String,
    /// Only in this region.
    region: Option<String>,
    regions: Regions,
}

/// Whether the buckets' regions are shown: where the request has at least one parameter.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Bucket.html>; so it was seen, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Regions {
    Shown,
    Left,
}

/// The parameters.
const PARAMETERS: [&str; 4] = ["bucket-region", "continuation-token", "max-buckets", "prefix"];

impl Operation for ListBuckets {
    const NAME: &'static str = "ListBuckets";
    const ACTION: &'static str = "s3:ListAllMyBuckets";

    /// As the other listings do; for this one AWS's order was not seen.
    fn before_access(call: &Call) -> Result<()> {
        Self::parse(call).map(drop)
    }

    fn parse(call: &Call) -> Result<Self> {
        let query = &call.head.query;
        let limit = page_size(query.first("max-buckets"))?;
        // Unlike that of the other listings, an empty one is no token (seen on AWS).
        let token = query.first("continuation-token").filter(|token| !token.is_empty());
        let after = token.map(listing::read_continuation_token).transpose()?;
        let region = query.first("bucket-region").filter(|region| !region.is_empty());
        if let Some(region) = region
            && !is_aws_region(region)
            && region != call.shared.config.region
        {
            return Err(Code::InvalidArgument
                .says(format!("Argument value {region} is not a valid AWS Region"))
                .with("ArgumentName", "bucket-region"));
        }
        Ok(ListBuckets {
            limit,
            after: after.unwrap_or_default(),
            prefix: query.first("prefix").unwrap_or_default().to_owned(),
            region: region.map(str::to_owned),
            regions: if PARAMETERS.iter().any(|name| query.has(name)) { Regions::Shown } else { Regions::Left },
        })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let identity = call.identity()?.clone();
        let (buckets, more) = self.page(&call, &identity.account).await?;
        let mut xml = listing::result("ListAllMyBucketsResult");
        listing::write_owner(&mut xml, &call.shared.config, &identity.canonical_id);
        xml.open("Buckets");
        for bucket in &buckets {
            xml.open("Bucket")
                .text("Name", bucket.name.as_str())
                .text("CreationDate", &bucket.created.iso8601_millis())
                .optional("BucketRegion", Some(region_of(bucket)).filter(|_| self.regions == Regions::Shown))
                .text("BucketArn", &bucket_arn(&bucket.name))
                .close();
        }
        xml.close().optional("Prefix", Some(self.prefix.as_str()).filter(|prefix| !prefix.is_empty()));
        if let (More::Follows, Some(last)) = (more, buckets.last()) {
            xml.text("ContinuationToken", &listing::continuation_token(last.name.as_str()));
        }
        xml.close();
        Ok(Reply::xml(xml.finish()))
    }
}

impl ListBuckets {
    /// The engine knows nothing of regions as a filter: pages are read until enough are found, and one more, which tells
    /// whether any follow.
    async fn page(&self, call: &Call, account: &str) -> Result<(Vec<Bucket>, More)> {
        let mut found: Vec<Bucket> = Vec::new();
        let mut after = self.after.clone();
        loop {
            let query =
                BucketQuery { account: account.to_owned(), prefix: self.prefix.clone(), after, limit: self.limit + 1 };
            let (page, more) = call.engine().list_buckets(query).await.map_err(|error| call.says(error))?;
            after = page.last().map(|bucket| bucket.name.to_string()).unwrap_or_default();
            let wanted = |bucket: &Bucket| self.region.as_deref().is_none_or(|region| region_of(bucket) == region);
            found.extend(page.into_iter().filter(wanted));
            if found.len() > self.limit {
                found.truncate(self.limit);
                return Ok((found, More::Follows));
            }
            if more == More::Ended {
                return Ok((found, More::Ended));
            }
        }
    }
}

fn page_size(sent: Option<&str>) -> Result<usize> {
    const NAME: &str = "max-buckets";
    let Some(sent) = sent.filter(|text| !text.is_empty()) else { return Ok(MAX_BUCKETS) };
    let number: i32 = sent.parse().map_err(|_| {
        S3Error::invalid_argument(format!("Provided {NAME} not an integer or within integer range"), NAME, sent)
    })?;
    usize::try_from(number).ok().filter(|number| (1..=MAX_BUCKETS).contains(number)).ok_or_else(|| {
        S3Error::invalid_argument("Argument max-buckets must be an integer between 1 and 10000.", NAME, sent)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes() {
        for (sent, expected) in [(None, 10_000), (Some(""), 10_000), (Some("1"), 1), (Some("10000"), 10_000)] {
            assert_eq!(page_size(sent).unwrap(), expected);
        }
        for sent in ["0", "-1", "10001", "x"] {
            assert_eq!(page_size(Some(sent)).unwrap_err().code(), Code::InvalidArgument, "{sent}");
        }
    }
}

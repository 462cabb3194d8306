//! `CreateBucket`, and what a bucket's region is.

use http::header::LOCATION;

use super::acl_headers;
use super::ownership_controls::refusal;
use crate::engine::bucket::{Bucket, BucketState, NewBucket};
use crate::engine::document::DocumentName;
use crate::engine::error::Error;
use crate::s3::access::{AclDefaults, Setting, caller_as_owner};
use crate::s3::auth;
use crate::s3::call::Call;
use crate::s3::documents::Tagging;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::acl::Acl;
use crate::wire::bucket_name::BucketName;
use crate::wire::error_codes::Code;
use crate::wire::object_lock::ObjectLockConfiguration;
use crate::wire::ownership_controls::ObjectOwnership;
use crate::wire::public_access_block::PublicAccessBlock;
use crate::wire::tagging::{TagSet, Tagged};
use crate::wire::versioning::Versioning;
use crate::wire::xml::Element;

/// The region that is never named in a location constraint.
pub(crate) const US_EAST_1: &str = "us-east-1";

/// The legacy constraint for [`EU_WEST_1`]. It is stored as given: `GetBucketLocation` shows it so.
const EU: &str = "EU";
const EU_WEST_1: &str = "eu-west-1";

/// AWS's regions, without us-east-1. Source: <https://docs.aws.amazon.com/general/latest/gr/s3.html>
const OTHER_REGIONS: [&str; 37] = [
    "af-south-1",
    "ap-east-1",
    "ap-east-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-south-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-central-1",
    "ca-west-1",
    "cn-north-1",
    "cn-northwest-1",
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-south-1",
    "eu-south-2",
    EU_WEST_1,
    "eu-west-2",
    "eu-west-3",
    "il-central-1",
    "me-central-1",
    "me-south-1",
    "mx-central-1",
    "sa-east-1",
    "us-east-2",
    "us-gov-east-1",
    "us-gov-west-1",
    "us-west-1",
    "us-west-2",
];

/// The largest `CreateBucketConfiguration`. AWS's ceiling was not seen; this one has room for 50 tags.
const MAX_CONFIGURATION_BYTES: u64 = 163_840;

/// A bucket to make.
pub(crate) struct CreateBucket {
    name: BucketName,
    /// If the request says it.
    ownership: Option<ObjectOwnership>,
    acl: Option<Acl>,
    state: BucketState,
}

/// What a `CreateBucketConfiguration` says.
#[derive(Debug, Default)]
struct Configuration {
    location_constraint: Option<String>,
    tags: TagSet,
}

impl Operation for CreateBucket {
    const NAME: &'static str = "CreateBucket";
    const ACTION: &'static str = "s3:CreateBucket";

    fn parse(call: &Call) -> Result<Self> {
        let name = call.bucket_name()?;
        check_namespace(&call.head)?;
        let ownership = ownership(&call.head)?;
        let legacy = call.shared.config.acl_defaults == AclDefaults::Legacy;
        let (by_default, block) = if legacy {
            (ObjectOwnership::ObjectWriter, PublicAccessBlock::ALL_OFF)
        } else {
            (ObjectOwnership::BucketOwnerEnforced, PublicAccessBlock::ALL_ON)
        };
        let owner = caller_as_owner(&call.principal);
        let given = acl_headers::parse(call)?;
        let acl = acl_headers::of_new_bucket(given, ownership.unwrap_or(by_default), block, owner)?;
        Ok(CreateBucket { name, ownership, acl, state: state(&call.head)? })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let account = call.identity()?.account.clone();
        let body = call.document(MAX_CONFIGURATION_BYTES, DigestRule::Optional).await?;
        let configuration = Configuration::parse(&body)?;
        let endpoint = endpoint_region(&call);
        let region = region_for(&endpoint, configuration.location_constraint.as_deref()).inspect_err(|error| {
            if error.code() == Code::IllegalLocationConstraintException {
                tracing::info!(
                    request_id = call.head.request_id.as_str(),
                    "bucket {} not made: the client signs for {endpoint}, and may make buckets only there; give {endpoint} \
                     as LocationConstraint, or sign for us-east-1 without one",
                    self.name
                );
            }
        })?;
        let mut documents = self.settings()?;
        if !configuration.tags.is_empty() {
            documents.push(Tagging::of_new_bucket(&configuration.tags));
        }
        let says_more = !configuration.tags.is_empty() || self.state.object_lock.is_some();
        let new = NewBucket { name: self.name.clone(), account: account.clone(), region, state: self.state, documents };
        match call.engine().create_new_bucket(new).await {
            Ok(bucket) => Ok(self.created(&call, &bucket)),
            // That tags make it a conflict was seen on AWS; what else would be lost is taken to do so, too.
            Err(Error::BucketExists { account: owner }) if owner == account && !says_more => self.owned_already(&call),
            Err(Error::BucketExists { account: owner }) if owner == account => {
                Err(Code::BucketAlreadyOwnedByYou.with("BucketName", &self.name))
            }
            Err(Error::BucketExists { .. }) => Err(Code::BucketAlreadyExists.with("BucketName", &self.name)),
            Err(error) => Err(call.says(error)),
        }
    }
}

impl CreateBucket {
    /// The documents about access that the bucket is made with.
    fn settings(&self) -> Result<Vec<(DocumentName<'static>, Vec<u8>)>> {
        let mut settings = Vec::new();
        if let Some(ownership) = self.ownership {
            settings.push((Setting::Ownership.name(), ownership.to_xml().into_bytes()));
        }
        if let Some(acl) = &self.acl {
            settings.push((Setting::Acl.name(), serde_json::to_vec(acl).map_err(S3Error::internal)?));
        }
        Ok(settings)
    }

    /// Of a bucket in another region than us-east-1 AWS was seen to answer the URL, by the bucket's own host name.
    fn created(&self, call: &Call, bucket: &Bucket) -> Reply {
        let location = match call.head.header("host").filter(|host| bucket.region != US_EAST_1 && has_names(host)) {
            Some(host) => format!("http://{}.{host}/", self.name),
            None => format!("/{}", self.name),
        };
        Reply::ok().header(LOCATION, &location).amz("x-amz-bucket-arn", &bucket_arn(&self.name))
    }

    /// In us-east-1 making one's own bucket again is a success, for compatibility with S3's beginnings.
    fn owned_already(&self, call: &Call) -> Result<Reply> {
        match call.engine().bucket(&self.name) {
            Ok(bucket) if bucket.region == US_EAST_1 => Ok(self.created(call, &bucket)),
            _ => Err(Code::BucketAlreadyOwnedByYou.with("BucketName", &self.name)),
        }
    }
}

/// Whether a host can have further names before its own: an address cannot.
fn has_names(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    !name.starts_with('[') && name.parse::<std::net::Ipv4Addr>().is_err()
}

/// The region that a bucket is in.
pub(crate) fn region_of(bucket: &Bucket) -> &str {
    if bucket.region == EU { EU_WEST_1 } else { &bucket.region }
}

/// Whether a text names a region of AWS's.
pub(crate) fn is_aws_region(name: &str) -> bool {
    name == US_EAST_1 || OTHER_REGIONS.contains(&name)
}

/// A bucket's ARN.
pub(crate) fn bucket_arn(name: &BucketName) -> String {
    format!("arn:aws:s3:::{name}")
}

/// `x-amz-object-ownership`.
fn ownership(head: &Head) -> Result<Option<ObjectOwnership>> {
    let sent = head.header("x-amz-object-ownership");
    sent.map(|sent| ObjectOwnership::parse_header(&sent).map_err(refusal)).transpose()
}

/// `x-amz-bucket-object-lock-enabled`: Object Lock comes with versioning.
fn state(head: &Head) -> Result<BucketState> {
    const LOCK: &str = "x-amz-bucket-object-lock-enabled";
    match head.header_filled(LOCK) {
        Some(sent) if sent.eq_ignore_ascii_case("true") => {
            Ok(BucketState { versioning: Versioning::Enabled, object_lock: Some(ObjectLockConfiguration::default()) })
        }
        Some(sent) if !sent.eq_ignore_ascii_case("false") => {
            Err(S3Error::invalid_argument(Code::InvalidArgument.message(), LOCK, sent))
        }
        _ => Ok(BucketState::default()),
    }
}

/// There is the one namespace here.
fn check_namespace(head: &Head) -> Result<()> {
    const NAMESPACE: &str = "x-amz-bucket-namespace";
    match head.header_filled(NAMESPACE).as_deref() {
        None | Some("global") => Ok(()),
        Some(_) => Err(S3Error::header_not_implemented(NAMESPACE)),
    }
}

impl Configuration {
    /// Reads a body, which need not be there. An empty location constraint counts as not sent.
    fn parse(body: &[u8]) -> Result<Configuration> {
        if body.is_empty() {
            return Ok(Configuration::default());
        }
        let root = Element::parse(body).map_err(|_| Code::MalformedXml)?;
        let twice = ["LocationConstraint", "Tags"].iter().any(|name| root.children_named(name).count() > 1);
        if root.name != "CreateBucketConfiguration" || twice {
            return Err(Code::MalformedXml.into());
        }
        let mut tags = TagSet::default();
        for child in &root.children {
            match child.name.as_str() {
                "LocationConstraint" if child.children.is_empty() => {}
                "Tags" => tags = TagSet::parse_list(child, Tagged::NewBucket)?,
                name @ ("Location" | "Bucket") => {
                    return Err(Code::NotImplemented
                        .says(format!("{name} of CreateBucketConfiguration is not implemented"))
                        .with("Element", name));
                }
                _ => return Err(Code::MalformedXml.into()),
            }
        }
        let text = root.child_text("LocationConstraint").map(str::trim);
        let location_constraint = text.filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(Configuration { location_constraint, tags })
    }
}

/// The region whose endpoint the client means: the one it signs for, as an SDK does at AWS's regional endpoints. What is
/// no region of AWS, or another kind of signature, means the server's own.
fn endpoint_region(call: &Call) -> String {
    let signed = auth::signing_region(&call.head).filter(|region| is_aws_region(region));
    signed.unwrap_or_else(|| call.shared.config.region.clone())
}

/// The region of a bucket made at an endpoint: us-east-1's makes buckets anywhere, any other only its own.
fn region_for(endpoint: &str, constraint: Option<&str>) -> Result<String> {
    let incompatible = |what: &str| {
        Code::IllegalLocationConstraintException.says(format!(
            "The {what} location constraint is incompatible for the region specific endpoint this request was sent to."
        ))
    };
    match (endpoint, constraint) {
        (US_EAST_1, None) => Ok(US_EAST_1.to_owned()),
        (US_EAST_1, Some(region)) if region == EU || OTHER_REGIONS.contains(&region) => Ok(region.to_owned()),
        (US_EAST_1, Some(other)) => Err(Code::InvalidLocationConstraint.with("LocationConstraint", other)),
        (_, None) => Err(incompatible("unspecified")),
        (endpoint, Some(region)) if region == endpoint || (endpoint, region) == (EU_WEST_1, EU) => {
            Ok(region.to_owned())
        }
        (_, Some(other)) => Err(incompatible(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn us_east_1_makes_buckets_anywhere_but_by_its_own_name() {
        let region = |constraint| region_for(US_EAST_1, constraint).map_err(|error| error.code());
        assert_eq!(region(None), Ok("us-east-1".to_owned()));
        assert_eq!(region(Some("eu-central-1")), Ok("eu-central-1".to_owned()));
        assert_eq!(region(Some("EU")), Ok("EU".to_owned()));
        assert_eq!(region(Some("us-east-1")), Err(Code::InvalidLocationConstraint));
        assert_eq!(region(Some("moon-1")), Err(Code::InvalidLocationConstraint));
    }

    #[test]
    fn other_endpoints_make_buckets_of_their_own_region_only() {
        assert_eq!(region_for("eu-west-1", Some("eu-west-1")).unwrap(), "eu-west-1");
        assert_eq!(region_for("eu-west-1", Some("EU")).unwrap(), "EU");
        assert!(region_for("eu-west-1", None).unwrap_err().message().starts_with("The unspecified location"));
        assert!(
            region_for("eu-west-1", Some("us-west-2")).unwrap_err().message().starts_with("The us-west-2 location")
        );
    }

    #[test]
    fn what_a_configuration_may_hold() {
        let read = |inner: &str| {
            let body = format!("<CreateBucketConfiguration>{inner}</CreateBucketConfiguration>");
            Configuration::parse(body.as_bytes()).map(|read| read.location_constraint).map_err(|error| error.code())
        };
        let place = "<LocationConstraint>eu-west-1</LocationConstraint>";
        assert_eq!(read(place), Ok(Some("eu-west-1".to_owned())));
        assert_eq!(read(""), Ok(None));
        assert_eq!(read("<LocationConstraint/><Tags/>"), Ok(None));
        assert_eq!(read("<Tags><Tag><Key>a</Key><Value>b</Value></Tag></Tags>"), Ok(None));
        assert_eq!(read("<Tags><Tag><Key>aws:a</Key><Value>b</Value></Tag></Tags>"), Err(Code::InvalidTag));
        assert_eq!(read("<Tags/><Tags/>"), Err(Code::MalformedXml));
        assert_eq!(read("<Bucket><Type>Directory</Type></Bucket>"), Err(Code::NotImplemented));
        assert_eq!(read("<Nonsense/>"), Err(Code::MalformedXml));
        assert_eq!(read(&place.repeat(2)), Err(Code::MalformedXml));
        assert_eq!(Configuration::parse(b"").unwrap().location_constraint, None);
        assert_eq!(Configuration::parse(b"<Other/>").unwrap_err().code(), Code::MalformedXml);
    }
}

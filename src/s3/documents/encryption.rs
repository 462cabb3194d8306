//! How new objects are encrypted if their request does not say (`?encryption`). The document only: what follows from it for
//! objects is in `s3/encryption`.

use super::{Deletable, Document, Name, fit, read};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Level;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, boolean, document, group, text};

const BLOCKED: &str = "BlockedEncryptionTypes";
const BY_DEFAULT: &str = "ApplyServerSideEncryptionByDefault";

/// The model also lists `aws:fsx` and `aws:backup`, which are not for general-purpose buckets.
const SHAPE: Shape = group(
    "ServerSideEncryptionConfiguration",
    &[group(
        "Rule",
        &[
            group(
                BY_DEFAULT,
                &[among("SSEAlgorithm", &["AES256", "aws:kms", "aws:kms:dsse"]), text("KMSMasterKeyID").optional()],
            )
            .optional(),
            boolean("BucketKeyEnabled").or("false"),
            group(BLOCKED, &[among("EncryptionType", &["NONE", "SSE-C"]).any_number()]).optional(),
        ],
    )],
);

/// A bucket's default encryption: every bucket has one, AES256 unless it is said otherwise.
pub(crate) struct Encryption;

impl Document for Encryption {
    const SUBRESOURCE: &'static str = "encryption";
    const LEVEL: Level = Level::Exact;
    const GET: Name = Name("GetBucketEncryption", "s3:GetEncryptionConfiguration");
    const PUT: Name = Name("PutBucketEncryption", "s3:PutEncryptionConfiguration");

    fn absent(_call: &Call) -> Result<Reply> {
        let rule = Element::group("Rule", [aes256(), Element::leaf("BucketKeyEnabled", "false")]);
        Ok(Reply::xml(document(&Element::group("ServerSideEncryptionConfiguration", [rule]))))
    }

    fn accept(call: &Call, given: &Element) -> Result<String> {
        let mut configuration = fit(&SHAPE, given)?;
        let blocked = blocked_before(call)?;
        for rule in &mut configuration.children {
            if let (None, Some(blocked)) = (rule.child(BLOCKED), &blocked) {
                rule.children.push(blocked.clone());
            }
            let Some(by_default) = rule.child(BY_DEFAULT) else {
                // A rule that only blocks types leaves the default as it is.
                rule.children.insert(0, aes256());
                continue;
            };
            if by_default.child_text("SSEAlgorithm") == Some("AES256") && by_default.child("KMSMasterKeyID").is_some() {
                let message =
                    "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
                return Err(Code::InvalidArgument.says(message).with("ArgumentName", BY_DEFAULT));
            }
        }
        Ok(document(&configuration))
    }
}

impl Deletable for Encryption {
    /// There is no action of its own for deleting.
    const DELETE: Name = Name("DeleteBucketEncryption", "s3:PutEncryptionConfiguration");
}

/// What the bucket blocks already. A configuration that does not speak of it leaves it as it is (seen on AWS by the
/// developers of Terraform's provider).
fn blocked_before(call: &Call) -> Result<Option<Element>> {
    let Some(stored) = read(call, Encryption::SUBRESOURCE)? else { return Ok(None) };
    let configuration = Element::parse(stored.as_bytes()).map_err(S3Error::internal)?;
    Ok(configuration.child("Rule").and_then(|rule| rule.child(BLOCKED)).cloned())
}

fn aes256() -> Element {
    Element::group(BY_DEFAULT, [Element::leaf("SSEAlgorithm", "AES256")])
}

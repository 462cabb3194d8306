//! `UploadPart`: the bytes of one part.

use super::{multipart, new_attributes, object_reply};
use crate::engine::upload::{UploadChecksum, UploadRow};
use crate::s3::call::Call;
use crate::s3::encryption;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::{self, ExpectedDigestIn};
use crate::s3::integrity::Integrity;
use crate::s3::operation::{BodyRule, Operation};
use crate::s3::reply::Reply;
use crate::wire::checksum::{Algorithm, ChecksumKind};
use crate::wire::encryption::CustomerKey;
use crate::wire::etag::ETag;
use crate::wire::part::PartNumber;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html>
pub(crate) struct UploadPart {
    upload: UploadRow,
    number: PartNumber,
    integrity: Integrity,
    key: Option<CustomerKey>,
}

impl Operation for UploadPart {
    const NAME: &'static str = "UploadPart";
    const ACTION: &'static str = "s3:PutObject";
    const BODY: BodyRule = BodyRule::Stream;

    /// That the upload is unknown, and that the number is none, is said before anything about access or digests.
    fn before_access(call: &Call) -> Result<()> {
        multipart::before_strangers(call, || {
            multipart::upload(call)?;
            multipart::named_part(&call.head).map(drop)
        })
    }

    fn parse(call: &Call) -> Result<Self> {
        let upload = multipart::upload(call)?;
        let number = multipart::named_part(&call.head)?;
        let integrity = Integrity::of(&call.head, &call.payload_mode)?;
        check_algorithm(upload.checksum, integrity.algorithm())?;
        new_attributes::require_digest(call, upload.attributes.lock, &integrity, "Put Part")?;
        let key = encryption::key_of_part(call, &upload)?;
        Ok(UploadPart { upload, number, integrity, key })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let declared = self.upload.checksum.map(|checksum| checksum.algorithm);
        let (key, expected_in) = (self.key.as_ref(), ExpectedDigestIn::Base64);
        let body = intake::receive(&mut call, &self.integrity, declared, expected_in, key).await?;
        let shown = self.integrity.algorithm().or(declared);
        let checksum = shown.and_then(|algorithm| body.digests().get(algorithm).map(|digest| (algorithm, digest)));
        let stored = call.engine().put_part(call.bucket()?, &self.upload, self.number, body).await;
        let part = stored.map_err(|error| call.says(error))?;
        let reply = object_reply::etag(Reply::ok(), &ETag::plain(part.md5));
        let mut reply = encryption::show(reply, &self.upload.attributes.encryption, key);
        if let Some((algorithm, digest)) = checksum {
            reply = reply.amz(algorithm.header_name(), &digest.to_base64());
        }
        Ok(reply)
    }
}

/// A part's checksum is in the upload's algorithm; a composite upload needs one of every part.
fn check_algorithm(declared: Option<UploadChecksum>, sent: Option<Algorithm>) -> Result<()> {
    let Some(declared) = declared else { return Ok(()) };
    let actual = match sent {
        Some(sent) if sent == declared.algorithm => return Ok(()),
        None if declared.kind == ChecksumKind::FullObject => return Ok(()),
        Some(sent) => sent.lower_name(),
        None => "null",
    };
    Err(S3Error::invalid_request(format!(
        "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {actual}",
        declared.algorithm.lower_name()
    )))
}

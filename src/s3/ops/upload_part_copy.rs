//! `UploadPartCopy`: a part made of an object's bytes, which are shared and not copied.

use super::copy_source::{self, CopySourceName};
use super::multipart;
use crate::engine::upload::UploadRow;
use crate::s3::call::Call;
use crate::s3::encryption;
use crate::s3::error::{Result, S3Error};
use crate::s3::features::COPY_SOURCE_RANGE as RANGE;
use crate::s3::operation::{ErrorDeclaration, Operation};
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::encryption::CustomerKey;
use crate::wire::etag::ETag;
use crate::wire::part::PartNumber;
use crate::wire::range::CopyRange;
use crate::wire::xml::{Declaration, XmlWriter};

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html>
pub(crate) struct UploadPartCopy {
    upload: UploadRow,
    number: PartNumber,
    source: CopySourceName,
    range: Option<(CopyRange, String)>,
    key: Option<CustomerKey>,
}

impl Operation for UploadPartCopy {
    const NAME: &'static str = "UploadPartCopy";
    const ACTION: &'static str = "s3:PutObject";
    const ERRORS: ErrorDeclaration = ErrorDeclaration::Absent;

    /// As for `UploadPart`; and that the range is none.
    fn before_access(call: &Call) -> Result<()> {
        multipart::before_strangers(call, || {
            multipart::upload(call)?;
            multipart::named_part(&call.head)?;
            range(&call.head).map(drop)
        })
    }

    fn parse(call: &Call) -> Result<Self> {
        let upload = multipart::upload(call)?;
        Ok(UploadPartCopy {
            key: encryption::key_of_part(call, &upload)?,
            upload,
            number: multipart::named_part(&call.head)?,
            range: range(&call.head)?,
            source: CopySourceName::parse(&call.head)?,
        })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let opened = self.source.open(&call).await?;
        let size_bytes = opened.object.size_bytes;
        let source_version = self.source.shown_version(&opened.object);
        let source = match &self.range {
            None => {
                copy_source::check_size(size_bytes)?;
                opened.into_copy_source()
            }
            Some((range, sent)) => {
                check_range(*range, sent, size_bytes)?;
                let length_bytes = range.last() - range.first() + 1;
                copy_source::check_size(length_bytes)?;
                opened.into_copy_range(range.first(), length_bytes)
            }
        };
        let source = source.encrypted_with(self.key.clone());
        let stored = call.engine().copy_part(call.bucket()?, &self.upload, self.number, source).await;
        let part = stored.map_err(|error| call.says(error))?;
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("CopyPartResult")
            .text("LastModified", &part.modified.iso8601_millis())
            .text("ETag", &ETag::plain(part.md5).quoted());
        if let Some((declared, digest)) = self.upload.checksum.zip(part.checksum) {
            xml.text(declared.algorithm.xml_element(), &digest.to_base64());
        }
        xml.close();
        let encryption = &self.upload.attributes.encryption;
        let mut reply = encryption::show(Reply::xml(xml.finish()), encryption, self.key.as_ref());
        if let Some(version) = &source_version {
            reply = reply.amz("x-amz-copy-source-version-id", version);
        }
        Ok(reply)
    }
}

fn range(head: &Head) -> Result<Option<(CopyRange, String)>> {
    let Some(sent) = head.header(RANGE) else { return Ok(None) };
    match CopyRange::parse(&sent) {
        Ok(range) => Ok(Some((range, sent))),
        Err(_) => Err(S3Error::invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
            RANGE,
            sent,
        )),
    }
}

/// A copy's range is never clipped.
fn check_range(range: CopyRange, sent: &str, size_bytes: u64) -> Result<()> {
    if range.first() >= size_bytes {
        return Err(S3Error::invalid_request("The specified copy range is invalid for the source object size"));
    }
    if range.last() >= size_bytes {
        let message = format!("Range specified is not valid for source object of size: {size_bytes}");
        return Err(S3Error::invalid_argument(message, RANGE, sent));
    }
    Ok(())
}

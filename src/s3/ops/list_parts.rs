//! `ListParts`.

use super::list_multipart_uploads::{write_declared_checksum, write_initiator};
use super::listing;
use crate::engine::ids::UploadId;
use crate::engine::list::More;
use crate::engine::upload::{Part, UploadRow};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::lifecycle;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::etag::ETag;

/// A page of an open upload's parts.
pub(crate) struct ListParts {
    limit: u32,
    /// Only parts after this number; it may be larger than any.
    after: u32,
    upload_id: UploadId,
}

impl Operation for ListParts {
    const NAME: &'static str = "ListParts";
    const ACTION: &'static str = "s3:ListMultipartUploadParts";

    /// AWS judges the parameters, then looks the upload up, then decides whether the caller may list.
    fn before_access(call: &Call) -> Result<()> {
        Self::parse(call)?.upload(call).map(drop)
    }

    fn parse(call: &Call) -> Result<Self> {
        let query = &call.head.query;
        let number = |name| listing::number(query.first(name), name);
        let limit = number("max-parts")?.unwrap_or(listing::MAX_PAGE).min(listing::MAX_PAGE);
        let after = number("part-number-marker")?.unwrap_or(0);
        let upload_id = UploadId::from_client(query.first("uploadId").unwrap_or_default());
        Ok(ListParts { limit, after, upload_id })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let upload = self.upload(&call)?;
        let after = u16::try_from(self.after).unwrap_or(u16::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let outcome = call.engine().list_parts(&upload, after, limit).await;
        let (parts, more) = outcome.map_err(|error| call.says(error))?;
        let reply = Reply::xml(self.document(&call, &upload, &parts, more)?);
        lifecycle::show_abort(&call, reply, &upload.key, upload.initiated)
    }
}

impl ListParts {
    fn upload(&self, call: &Call) -> Result<UploadRow> {
        let found = call.engine().upload(call.bucket()?, call.head.key()?, &self.upload_id);
        found.map_err(|error| call.says(error))
    }

    fn document(&self, call: &Call, upload: &UploadRow, parts: &[Part], more: More) -> Result<String> {
        let bucket = call.bucket()?;
        let mut xml = listing::result("ListPartsResult");
        xml.text("Bucket", bucket.name.as_str())
            .text("Key", upload.key.as_str())
            .text("UploadId", self.upload_id.as_str());
        write_initiator(&mut xml, call, &upload.initiator);
        listing::write_owner(&mut xml, &listing::owner_of_upload(call, bucket, upload)?);
        xml.text("StorageClass", upload.headers.storage_class.name())
            .number("PartNumberMarker", self.after)
            .number("NextPartNumberMarker", parts.last().map_or(0, |part| part.number.get()))
            .number("MaxParts", self.limit)
            .text("IsTruncated", listing::is_truncated(more));
        write_declared_checksum(&mut xml, upload);
        for part in parts {
            xml.open("Part")
                .number("PartNumber", part.number.get())
                .text("LastModified", &part.modified.iso8601_millis())
                .text("ETag", &ETag::plain(part.md5).quoted())
                .number("Size", part.size_bytes);
            if let (Some(declared), Some(digest)) = (upload.checksum, part.checksum) {
                xml.text(declared.algorithm.xml_element(), &digest.to_base64());
            }
            xml.close();
        }
        xml.close();
        Ok(xml.finish())
    }
}

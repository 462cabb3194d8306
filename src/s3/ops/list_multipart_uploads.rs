//! `ListMultipartUploads`.

use super::listing::{self, Selection};
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::ids::UploadId;
use crate::engine::list::{ListEntry, ListPage};
use crate::engine::upload::{UploadQuery, UploadRow};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::xml::XmlWriter;

/// A page of a bucket's open uploads.
pub(crate) struct ListMultipartUploads {
    selection: Selection,
    key_marker: String,
    /// Empty without a key marker: it is ignored then, and echoed as empty.
    upload_id_marker: String,
}

impl Operation for ListMultipartUploads {
    const NAME: &'static str = "ListMultipartUploads";
    const ACTION: &'static str = "s3:ListBucketMultipartUploads";

    /// AWS judges the parameters before it decides whether the caller may list, the upload marker too.
    fn before_access(call: &Call) -> Result<()> {
        let input = Self::parse(call)?;
        let checked = call.engine().check_upload_marker(call.bucket()?, &input.query());
        checked.map_err(|error| input.says(call, error))
    }

    fn parse(call: &Call) -> Result<Self> {
        let query = &call.head.query;
        let selection = Selection::parse(query, "max-uploads")?;
        let key_marker = query.first("key-marker").unwrap_or_default().to_owned();
        let upload_id_marker = if key_marker.is_empty() { None } else { query.first("upload-id-marker") };
        let upload_id_marker = upload_id_marker.unwrap_or_default().to_owned();
        Ok(ListMultipartUploads { selection, key_marker, upload_id_marker })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        let listed = call.engine().list_uploads(&bucket, self.query()).await;
        let page = listed.map_err(|error| self.says(&call, error))?;
        Ok(Reply::xml(self.document(&call, &bucket, &page)?))
    }
}

impl ListMultipartUploads {
    fn query(&self) -> UploadQuery {
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        UploadQuery {
            keys: self.selection.query(filled(&self.key_marker)),
            after_upload: filled(&self.upload_id_marker).map(|id| UploadId::from_client(&id)),
        }
    }

    fn says(&self, call: &Call, error: Error) -> S3Error {
        match error {
            Error::InvalidUploadMarker => {
                S3Error::invalid_argument("Invalid uploadId marker", "upload-id-marker", &self.upload_id_marker)
            }
            other => call.says(other),
        }
    }

    fn document(&self, call: &Call, bucket: &Bucket, page: &ListPage<UploadRow>) -> Result<String> {
        let Selection { prefix, delimiter, encoding, limit } = &self.selection;
        // Of the last upload even if nothing follows; both empty where the page ends in a common prefix. Paging cannot go
        // on from there: AWS's quirk.
        let (next_key, next_id) = match page.entries.last() {
            Some(ListEntry::Item(upload)) => (upload.key.as_str(), Some(call.engine().upload_id(bucket, upload))),
            _ => ("", None),
        };
        let mut xml = listing::result("ListMultipartUploadsResult");
        xml.text("Bucket", bucket.name.as_str())
            .text("KeyMarker", &encoding.apply(&self.key_marker))
            .text("UploadIdMarker", &self.upload_id_marker)
            .text("NextKeyMarker", &encoding.apply(next_key))
            .text("NextUploadIdMarker", next_id.as_ref().map(UploadId::as_str).unwrap_or_default());
        for (tag, text) in [("Delimiter", delimiter), ("Prefix", prefix)] {
            if !text.is_empty() {
                xml.text(tag, &encoding.apply(text));
            }
        }
        self.selection.write_encoding(&mut xml);
        xml.number("MaxUploads", *limit).text("IsTruncated", listing::is_truncated(page.more));
        for entry in &page.entries {
            if let ListEntry::Item(upload) = entry {
                self.write_upload(&mut xml, call, bucket, upload)?;
            }
        }
        listing::write_common_prefixes(&mut xml, page, *encoding);
        xml.close();
        Ok(xml.finish())
    }

    fn write_upload(&self, xml: &mut XmlWriter, call: &Call, bucket: &Bucket, upload: &UploadRow) -> Result<()> {
        xml.open("Upload")
            .text("Key", &self.selection.encoding.apply(upload.key.as_str()))
            .text("UploadId", call.engine().upload_id(bucket, upload).as_str());
        write_initiator(xml, call, &upload.initiator);
        listing::write_owner(xml, &call.shared.config, &listing::owner_of_upload(call, bucket, upload)?);
        xml.text("StorageClass", upload.headers.storage_class.name())
            .text("Initiated", &upload.initiated.iso8601_millis());
        write_declared_checksum(xml, upload);
        xml.close();
        Ok(())
    }
}

/// Writes `Initiator`, which, unlike `Owner`, still has its display name.
pub(crate) fn write_initiator(xml: &mut XmlWriter, call: &Call, account: &str) {
    let names = listing::account_names(&call.shared.config.identities, account);
    xml.open("Initiator").text("ID", &names.id).text("DisplayName", &names.display_name).close();
}

/// Writes the checksum that an upload declared, if it declared one.
pub(crate) fn write_declared_checksum(xml: &mut XmlWriter, upload: &UploadRow) {
    if let Some(checksum) = upload.checksum {
        xml.text("ChecksumAlgorithm", checksum.algorithm.name()).text("ChecksumType", checksum.kind.name());
    }
}

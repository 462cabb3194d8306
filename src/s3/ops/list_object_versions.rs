//! `ListObjectVersions`: all versions and delete markers, paged by key and version.

use super::listing::{self, Optional, Selection};
use crate::engine::list::{ListEntry, ListPage, More};
use crate::engine::object::{Latest, ListedVersion, VersionQuery};
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::xml::XmlWriter;

const VERSION_MARKER: &str = "version-id-marker";

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html>
pub(crate) struct ListObjectVersions {
    selection: Selection,
    key_marker: String,
    version_marker: Option<VersionId>,
    optional: Optional,
}

impl Operation for ListObjectVersions {
    const NAME: &'static str = "ListObjectVersions";
    const ACTION: &'static str = "s3:ListBucketVersions";

    /// As for the other listings.
    fn before_access(call: &Call) -> Result<()> {
        Self::parse(call).map(drop)
    }

    fn parse(call: &Call) -> Result<Self> {
        let query = &call.head.query;
        let selection = Selection::parse(query, "max-keys")?;
        let key_marker = query.first("key-marker").unwrap_or_default().to_owned();
        let version_marker = match query.first(VERSION_MARKER).filter(|sent| !sent.is_empty()) {
            None => None,
            Some(sent) if key_marker.is_empty() => {
                let message = "A version-id marker cannot be specified without a key marker.";
                return Err(S3Error::invalid_argument(message, VERSION_MARKER, sent));
            }
            Some(sent) => Some(
                VersionId::parse(sent)
                    .ok_or_else(|| S3Error::invalid_argument("Invalid version id specified", VERSION_MARKER, sent))?,
            ),
        };
        Ok(ListObjectVersions { selection, key_marker, version_marker, optional: Optional::parse(&call.head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        let after = Some(self.key_marker.clone()).filter(|marker| !marker.is_empty());
        let owners = listing::owners(&call, &bucket)?;
        let query = VersionQuery { keys: self.selection.query(after), after_version: self.version_marker, owners };
        let mut page = call.engine().list_versions(&bucket, query).await.map_err(|error| call.says(error))?;
        if self.optional == Optional::RestoreStatus {
            page = call.engine().with_restores_of_versions(&bucket, page).await.map_err(|error| call.says(error))?;
        }
        let owner = listing::owner_id(&call.shared.config.identities, &bucket);
        Ok(Reply::xml(self.document(bucket.name.as_str(), &owner, &page)))
    }
}

impl ListObjectVersions {
    fn document(&self, bucket: &str, owner: &str, page: &ListPage<ListedVersion>) -> String {
        let Selection { prefix, encoding, limit, .. } = &self.selection;
        let mut xml = listing::result("ListVersionsResult");
        xml.text("Name", bucket)
            .text("Prefix", &encoding.apply(prefix))
            .text("KeyMarker", &encoding.apply(&self.key_marker))
            .text("VersionIdMarker", &self.version_marker.map(|marker| marker.to_string()).unwrap_or_default());
        if page.more == More::Follows {
            self.write_next(&mut xml, page);
        }
        xml.number("MaxKeys", *limit);
        self.selection.write_options(&mut xml);
        xml.text("IsTruncated", listing::is_truncated(page.more));
        for entry in &page.entries {
            if let ListEntry::Item(version) = entry {
                self.write_version(&mut xml, version, owner);
            }
        }
        listing::write_common_prefixes(&mut xml, page, *encoding);
        xml.close();
        xml.finish()
    }

    /// Where the next page goes on. After a common prefix there is no version to name.
    fn write_next(&self, xml: &mut XmlWriter, page: &ListPage<ListedVersion>) {
        let encoding = self.selection.encoding;
        let (key, version) = match page.entries.last() {
            None => return,
            Some(ListEntry::CommonPrefix(prefix)) => (prefix.as_str(), None),
            Some(ListEntry::Item(ListedVersion::Object { object, version, .. })) => {
                (object.key.as_str(), Some(version))
            }
            Some(ListEntry::Item(ListedVersion::Marker(marker))) => (marker.key.as_str(), Some(&marker.version)),
        };
        xml.text("NextKeyMarker", &encoding.apply(key));
        xml.optional("NextVersionIdMarker", version.map(ToString::to_string).as_deref());
    }

    fn write_version(&self, xml: &mut XmlWriter, version: &ListedVersion, owner: &str) {
        let encoding = self.selection.encoding;
        match version {
            ListedVersion::Object { object, version, latest } => {
                xml.open("Version")
                    .text("Key", &encoding.apply(object.key.as_str()))
                    .text("VersionId", &version.to_string())
                    .text("IsLatest", is_latest(*latest))
                    .text("LastModified", &object.modified.iso8601_millis())
                    .text("ETag", &object.etag.quoted())
                    .text("ChecksumAlgorithm", object.checksum_algorithm.name())
                    .text("ChecksumType", object.checksum_kind.name())
                    .number("Size", object.size_bytes);
                listing::write_owner(xml, listing::owner_of(object, owner));
                xml.text("StorageClass", object.storage_class.name());
                object.restore.write(xml);
                xml.close();
            }
            ListedVersion::Marker(marker) => {
                xml.open("DeleteMarker")
                    .text("Key", &encoding.apply(marker.key.as_str()))
                    .text("VersionId", &marker.version.to_string())
                    .text("IsLatest", is_latest(marker.latest))
                    .text("LastModified", &marker.modified.iso8601_millis());
                listing::write_owner(xml, owner);
                xml.close();
            }
        }
    }
}

fn is_latest(latest: Latest) -> &'static str {
    match latest {
        Latest::Yes => "true",
        Latest::No => "false",
    }
}

//! `GetObjectAttributes`: what is known of an object, without its bytes.

use http::header::LAST_MODIFIED;

use super::listing;
use super::version_id;
use crate::engine::list::More;
use crate::engine::object::{Object, ObjectPart};
use crate::engine::version_id::VersionId;
use crate::s3::call::Call;
use crate::s3::encryption::{KeyOf, key_for_reading};
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::checksum::ChecksumKind;
use crate::wire::xml::XmlWriter;

const ATTRIBUTES: &str = "x-amz-object-attributes";

/// Something that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attribute {
    ETag,
    Checksum,
    ObjectParts,
    StorageClass,
    ObjectSize,
}

/// What is asked of an object.
pub(crate) struct GetObjectAttributes {
    attributes: Vec<Attribute>,
    /// Parts on a page.
    max_parts: u32,
    /// Only parts after this one.
    part_number_marker: u32,
    version: Option<VersionId>,
}

impl Operation for GetObjectAttributes {
    const NAME: &'static str = "GetObjectAttributes";
    const ACTION: &'static str = "s3:GetObjectAttributes";

    fn parse(call: &Call) -> Result<Self> {
        let head = &call.head;
        let attributes = attributes(head)?;
        let number = |name| listing::number(head.header_filled(name).as_deref(), name);
        let max_parts = number("x-amz-max-parts")?.unwrap_or(listing::MAX_PAGE).min(listing::MAX_PAGE);
        let part_number_marker = number("x-amz-part-number-marker")?.unwrap_or(0);
        Ok(GetObjectAttributes { attributes, max_parts, part_number_marker, version: version_id::of(head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let key = call.head.key()?;
        let (bucket, version) = (call.bucket()?, self.version);
        let object = call.engine().object_version(bucket, key, version).map_err(|error| call.says(error))?;
        let encryption = &object.attributes.encryption;
        key_for_reading(&call, KeyOf::Object, encryption)?;
        let mut xml = listing::result("GetObjectAttributesResponse");
        if self.asks(Attribute::ETag) {
            xml.text("ETag", &object.etag.to_hex());
        }
        if self.asks(Attribute::Checksum) && encryption.shows_checksum() {
            let checksum = &object.checksum;
            // Without the count of parts that headers carry.
            xml.open("Checksum")
                .text(checksum.algorithm.xml_element(), &checksum.digest.to_base64())
                .text("ChecksumType", checksum.kind.name())
                .close();
        }
        if self.asks(Attribute::ObjectParts) {
            self.write_parts(&mut xml, &call, &object)?;
        }
        if self.asks(Attribute::StorageClass) {
            xml.text("StorageClass", object.headers.storage_class.name());
        }
        if self.asks(Attribute::ObjectSize) {
            xml.number("ObjectSize", object.size_bytes);
        }
        xml.close();
        let reply = Reply::xml(xml.finish()).header(LAST_MODIFIED, &object.modified.http_date());
        Ok(version_id::show(reply, bucket, object.version))
    }
}

impl GetObjectAttributes {
    fn asks(&self, attribute: Attribute) -> bool {
        self.attributes.contains(&attribute)
    }

    /// Only objects made by multipart upload have parts, and only those with a composite checksum show more than how many.
    fn write_parts(&self, xml: &mut XmlWriter, call: &Call, object: &Object) -> Result<()> {
        let Some(count) = object.etag.part_count() else { return Ok(()) };
        xml.open("ObjectParts").number("PartsCount", count);
        if object.checksum.kind == ChecksumKind::Composite {
            let page = self.parts(call, object)?;
            let last = page.last().map_or(0, |part| part.position);
            let more = if last > 0 && last < count { More::Follows } else { More::Ended };
            xml.number("PartNumberMarker", self.part_number_marker)
                .number("NextPartNumberMarker", last)
                .number("MaxParts", self.max_parts)
                .text("IsTruncated", listing::is_truncated(more));
            for part in &page {
                xml.open("Part").number("PartNumber", part.position).number("Size", part.size_bytes);
                if let Some(digest) = part.checksum {
                    xml.text(object.checksum.algorithm.xml_element(), &digest.to_base64());
                }
                xml.close();
            }
        }
        xml.close();
        Ok(())
    }

    fn parts(&self, call: &Call, object: &Object) -> Result<Vec<ObjectPart>> {
        let places = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let (skipped, wanted) = (places(self.part_number_marker), places(self.max_parts));
        if object.etag.part_count().is_none_or(|count| skipped >= usize::from(count)) {
            return Ok(Vec::new());
        }
        let parts = call.engine().parts_of_object(object, skipped + wanted).map_err(|error| call.says(error))?;
        Ok(parts.into_iter().skip(skipped).collect())
    }
}

/// The header as one comma list or, as the Go SDK sends it, as a line for each.
fn attributes(head: &Head) -> Result<Vec<Attribute>> {
    let sent: Vec<String> = head
        .headers
        .get_all(ATTRIBUTES)
        .iter()
        .flat_map(|value| String::from_utf8_lossy(value.as_bytes()).split(',').map(str::to_owned).collect::<Vec<_>>())
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    if sent.is_empty() {
        return Err(S3Error::invalid_request(
            "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty",
        ));
    }
    sent.iter().map(|name| attribute(name)).collect()
}

fn attribute(name: &str) -> Result<Attribute> {
    match name {
        "ETag" => Ok(Attribute::ETag),
        "Checksum" => Ok(Attribute::Checksum),
        "ObjectParts" => Ok(Attribute::ObjectParts),
        "StorageClass" => Ok(Attribute::StorageClass),
        "ObjectSize" => Ok(Attribute::ObjectSize),
        other => Err(S3Error::invalid_argument("Invalid attribute name specified.", ATTRIBUTES, other)),
    }
}

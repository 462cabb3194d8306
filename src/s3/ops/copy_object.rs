//! `CopyObject`: an object from another one, on the server. No bytes move.

use super::copy_source::{self, CopySourceName};
use super::version_id::{self, refuse_version_id};
use super::{multipart, new_attributes, stored_headers, write_conditions};
use crate::engine::object::CopyObject as Copy;
use crate::engine::object::Object;
use crate::s3::access::{self, Demand};
use crate::s3::call::Call;
use crate::s3::encryption::{self, BucketEncryption, Chosen};
use crate::s3::error::{Result, S3Error};
use crate::s3::lifecycle;
use crate::s3::operation::{Encrypts, ErrorDeclaration, Operation};
use crate::s3::reply::Reply;
use crate::s3::request::Head;
use crate::wire::checksum::Algorithm;
use crate::wire::conditions::WriteCondition;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::xml::{Declaration, XmlWriter};

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
pub(crate) struct CopyObject {
    key: ObjectKey,
    source: CopySourceName,
    directive: Directive,
    /// Of the request; what of it is used depends on the directive.
    headers: ObjectHeaders,
    /// Where the tags come from.
    tagging: Directive,
    annotations: Annotations,
    /// Of the request; lock and ACL are never copied.
    attributes: ObjectAttributes,
    checksum: Option<Algorithm>,
    condition: Option<WriteCondition>,
    encryption: Chosen,
}

/// Whether the source's annotations come with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Annotations {
    Copied,
    Left,
}

/// Where the new object's metadata comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Copy,
    Replace,
}

impl Operation for CopyObject {
    const NAME: &'static str = "CopyObject";
    const ACTION: &'static str = "s3:PutObject";
    const ENCRYPTS: Encrypts = Encrypts::NewObject;
    const ERRORS: ErrorDeclaration = ErrorDeclaration::Absent;

    fn parse(call: &Call) -> Result<Self> {
        let head = &call.head;
        refuse_version_id(head)?;
        let source = CopySourceName::parse(head)?;
        let metadata = directive(head, "x-amz-metadata-directive", "Unknown metadata directive.")?;
        let tagging = directive(head, "x-amz-tagging-directive", "Unknown tagging directive.")?;
        let headers = stored_headers::parse(head)?;
        let copy = CopyObject {
            key: head.key()?.clone(),
            source,
            directive: metadata,
            headers,
            tagging,
            annotations: annotation_directive(head)?,
            attributes: new_attributes::parse(call)?,
            encryption: encryption::of_new_object(call)?,
            checksum: match head.header_filled("x-amz-checksum-algorithm") {
                Some(sent) => Some(multipart::checksum_algorithm(&sent)?),
                None => None,
            },
            condition: write_conditions::parse(head)?,
        };
        Ok(copy)
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let opened = self.source.open(&call).await?;
        copy_source::check_size(opened.object.size_bytes)?;
        self.refuse_no_change(&call, &opened.object)?;
        let headers = match self.directive {
            Directive::Replace => self.headers,
            // Redirect and storage class are never copied.
            Directive::Copy => ObjectHeaders {
                website_redirect_location: self.headers.website_redirect_location,
                storage_class: self.headers.storage_class,
                ..opened.object.headers.clone()
            },
        };
        let tags = match self.tagging {
            Directive::Replace => self.attributes.tags,
            Directive::Copy => opened.object.attributes.tags.clone(),
        };
        if self.tagging == Directive::Copy && !tags.is_empty() {
            self.source.require(&call, "s3:GetObjectTagging")?;
            // To copy tags is to put them.
            // Source: <https://repost.aws/knowledge-center/s3-troubleshoot-copy-between-buckets>
            access::require(&call, &Demand::as_it_is_made("s3:PutObjectTagging", call.bucket()?, &self.key))?;
        }
        // An object with SSE-C cannot have annotations.
        let annotated = opened.object.attributes.annotations > 0 && self.encryption.key.is_none();
        if self.annotations == Annotations::Copied && annotated {
            self.source.require(&call, "s3:GetObjectAnnotation")?;
            access::require(&call, &Demand::as_it_is_made("s3:PutObjectAnnotation", call.bucket()?, &self.key))?;
        }
        let source_version = self.source.shown_version(&opened.object);
        let Chosen { encryption, key } = self.encryption;
        let reply = encryption::show_written(Reply::ok(), &encryption, key.as_ref());
        let copy = Copy {
            key: self.key,
            headers,
            attributes: ObjectAttributes { tags, encryption, ..self.attributes },
            checksum: self.checksum.unwrap_or(opened.object.checksum.algorithm),
            condition: self.condition,
        };
        let source = opened.into_copy_source().encrypted_with(key);
        let source = match self.annotations {
            Annotations::Copied => source,
            Annotations::Left => source.without_annotations(),
        };
        let copied = call.engine().copy_object(call.bucket()?, source, copy).await;
        let written = copied.map_err(|error| call.says(error))?;
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("CopyObjectResult")
            .text("ETag", &written.etag.quoted())
            .text("LastModified", &written.modified.iso8601_millis())
            .text(written.checksum.algorithm.xml_element(), &written.checksum.header_value())
            .text("ChecksumType", written.checksum.kind.name())
            .close();
        let mut reply = reply.with_xml(xml.finish());
        if let Some(version) = &source_version {
            reply = reply.amz("x-amz-copy-source-version-id", version);
        }
        let reply = version_id::show(reply, call.bucket()?, written.version);
        lifecycle::show_expiry_of_written(&call, reply, call.head.key()?, written.version)
    }
}

impl CopyObject {
    /// Copying an object onto itself has to change something. A bucket that says how its objects are encrypted counts as a
    /// change, whatever it says, and so does a source that is not encrypted as the copy will be (both seen on AWS).
    fn refuse_no_change(&self, call: &Call, source: &Object) -> Result<()> {
        let onto_itself = self.source.key == self.key && self.source.bucket == call.bucket()?.name;
        let changes = self.directive == Directive::Replace
            || self.source.version.is_some()
            || ["x-amz-storage-class", "x-amz-website-redirect-location"]
                .iter()
                .any(|name| call.head.headers.contains_key(*name))
            || encryption::is_asked(&call.head)
            || source.attributes.encryption != self.encryption.encryption
            || BucketEncryption::of(call)?.is_configured();
        if !onto_itself || changes {
            return Ok(());
        }
        Err(S3Error::invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
        ))
    }
}

fn directive(head: &Head, name: &'static str, unknown: &'static str) -> Result<Directive> {
    match head.header_filled(name).as_deref() {
        None | Some("COPY") => Ok(Directive::Copy),
        Some("REPLACE") => Ok(Directive::Replace),
        Some(other) => Err(S3Error::invalid_argument(unknown, name, other)),
    }
}

/// It may stand in the query too, for presigned URLs.
fn annotation_directive(head: &Head) -> Result<Annotations> {
    const NAME: &str = "x-amz-object-annotation-directive";
    match head.header_filled(NAME).as_deref().or_else(|| head.query.first(NAME)) {
        None | Some("COPY") => Ok(Annotations::Copied),
        Some("EXCLUDE") => Ok(Annotations::Left),
        // The sentence is inferred from those of the other directives.
        Some(other) => Err(S3Error::invalid_argument("Unknown annotation directive.", NAME, other)),
    }
}

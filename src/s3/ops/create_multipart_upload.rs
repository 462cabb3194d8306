//! `CreateMultipartUpload`: everything of the object to be but its bytes is settled here.

use super::{multipart, new_attributes, stored_headers};
use crate::engine::upload::{NewUpload, UploadChecksum};
use crate::s3::access;
use crate::s3::auth::Principal;
use crate::s3::call::Call;
use crate::s3::encryption::{self, Chosen};
use crate::s3::error::Result;
use crate::s3::lifecycle;
use crate::s3::operation::{Encrypts, Operation};
use crate::s3::reply::Reply;
use crate::wire::encryption::{Encryption, ShownChecksum};
use crate::wire::error_codes::Code;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;
use crate::wire::xml::{Declaration, XmlWriter};

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html>
pub(crate) struct CreateMultipartUpload {
    key: ObjectKey,
    headers: ObjectHeaders,
    attributes: ObjectAttributes,
    checksum: Option<UploadChecksum>,
    encryption: Chosen,
}

impl Operation for CreateMultipartUpload {
    const NAME: &'static str = "CreateMultipartUpload";
    const ACTION: &'static str = "s3:PutObject";
    const ENCRYPTS: Encrypts = Encrypts::NewObject;

    fn parse(call: &Call) -> Result<Self> {
        if matches!(call.principal, Principal::Anonymous) {
            // Two spaces: seen on AWS, whatever the bucket allows.
            let message = "Anonymous users cannot initiate multipart uploads.  Please authenticate.";
            access::log_denial(&call.head, call.head.target.key(), "anonymous callers start no uploads");
            return Err(Code::AccessDenied.says(message));
        }
        Ok(CreateMultipartUpload {
            key: call.head.key()?.clone(),
            headers: stored_headers::parse(&call.head)?,
            attributes: new_attributes::parse(call)?,
            encryption: encryption::of_new_object(call)?,
            checksum: multipart::declared_checksum(&call.head)?,
        })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?;
        let Chosen { mut encryption, key } = self.encryption;
        if let (Encryption::Customer(kept), None) = (&mut encryption, self.checksum) {
            // Seen on AWS: such an object has none, not even the one that others get by default.
            kept.checksum = ShownChecksum::No;
        }
        let reply = encryption::show_written(Reply::ok(), &encryption, key.as_ref());
        let new = NewUpload {
            key: self.key.clone(),
            headers: self.headers,
            attributes: ObjectAttributes { encryption, ..self.attributes },
            checksum: self.checksum,
            initiator: call.identity()?.account.clone(),
        };
        let id = call.engine().create_upload(bucket, new).await.map_err(|error| call.says(error))?;
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("InitiateMultipartUploadResult")
            .text("Bucket", bucket.name.as_str())
            .text("Key", self.key.as_str())
            .text("UploadId", id.as_str())
            .close();
        let mut reply = reply.with_xml(xml.finish());
        if let Some(checksum) = self.checksum {
            reply = reply
                .amz("x-amz-checksum-algorithm", checksum.algorithm.name())
                .amz("x-amz-checksum-type", checksum.kind.name());
        }
        lifecycle::show_abort(&call, reply, &self.key, call.head.now)
    }
}

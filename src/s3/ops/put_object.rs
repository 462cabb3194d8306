//! `PutObject`: an object in one piece.

use super::version_id::{refuse_version_id, show_new};
use super::{new_attributes, object_reply, stored_headers, write_conditions};
use crate::engine::object::PutObject as Put;
use crate::s3::call::Call;
use crate::s3::encryption::{self, Chosen};
use crate::s3::error::Result;
use crate::s3::intake::{self, ExpectedDigestIn};
use crate::s3::integrity::Integrity;
use crate::s3::lifecycle;
use crate::s3::operation::{BodyRule, Encrypts, Operation};
use crate::s3::reply::Reply;
use crate::wire::checksum::Algorithm;
use crate::wire::conditions::WriteCondition;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;

/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
pub(crate) struct PutObject {
    key: ObjectKey,
    headers: ObjectHeaders,
    attributes: ObjectAttributes,
    integrity: Integrity,
    condition: Option<WriteCondition>,
    encryption: Chosen,
}

impl Operation for PutObject {
    const NAME: &'static str = "PutObject";
    const ACTION: &'static str = "s3:PutObject";
    const BODY: BodyRule = BodyRule::Stream;
    const ENCRYPTS: Encrypts = Encrypts::NewObject;

    fn parse(call: &Call) -> Result<Self> {
        refuse_version_id(&call.head)?;
        let put = PutObject {
            key: call.head.key()?.clone(),
            headers: stored_headers::parse(&call.head)?,
            attributes: new_attributes::parse(call)?,
            encryption: encryption::of_new_object(call)?,
            condition: write_conditions::parse(&call.head)?,
            integrity: Integrity::of(&call.head, &call.payload_mode)?,
        };
        new_attributes::require_digest(call, put.attributes.lock, &put.integrity, "Put Object")?;
        Ok(put)
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        if let Some(condition) = &self.condition {
            call.engine().check_condition(call.bucket()?, &self.key, condition).map_err(|error| call.says(error))?;
        }
        let Chosen { encryption, key } = self.encryption;
        let body = intake::receive(&mut call, &self.integrity, None, ExpectedDigestIn::Hex, key.as_ref()).await?;
        let reply = encryption::show_written(Reply::ok(), &encryption, key.as_ref());
        let put = Put {
            key: self.key.clone(),
            headers: self.headers,
            attributes: ObjectAttributes { encryption, ..self.attributes },
            // AWS computes one where the client sent none.
            checksum: self.integrity.algorithm().unwrap_or(Algorithm::Crc64Nvme),
            condition: self.condition,
        };
        let written = call.engine().put_object(call.bucket()?, put, body).await.map_err(|error| call.says(error))?;
        let reply = show_new(object_reply::etag(reply, &written.etag), written.version);
        let reply = object_reply::checksum(reply, &written.checksum);
        lifecycle::show_expiry_of_written(&call, reply, &self.key, written.version)
    }
}

//! Bytes into blobs: a request's body, or a file in a form, streamed. Not what becomes of the blob.

use bytes::Bytes;

use crate::engine::Engine;
use crate::engine::blobs::digests::WantedDigests;
use crate::engine::blobs::writer::Sealed;
use crate::engine::error::Error;
use crate::http::body::{Payload, PayloadError};
use crate::http::form::{Field, FormError};

/// Why bytes were not taken in. Nothing is left of them.
#[derive(Debug)]
pub(crate) enum IntakeError {
    /// They are more than this.
    TooLarge {
        /// The limit.
        limit_bytes: u64,
    },
    /// The body broke off or timed out.
    Payload(PayloadError),
    /// The form around the file is broken: what is wrong, for the client.
    Form(String),
    /// The engine failed.
    Engine(Error),
}

/// Takes a request's body in, up to a limit. One that announces more is refused before anything is read.
pub(crate) async fn body(
    engine: &Engine,
    payload: &mut Payload,
    limit_bytes: u64,
    wanted: WantedDigests,
) -> Result<Sealed, IntakeError> {
    if payload.content_length().is_some_and(|length| length > limit_bytes) {
        return Err(IntakeError::TooLarge { limit_bytes });
    }
    let mut intake = Intake::new(engine, limit_bytes, wanted);
    while let Some(piece) = payload.next().await {
        intake.write(piece.map_err(IntakeError::Payload)?).await?;
    }
    intake.seal().await
}

/// Takes a form's file in, up to a limit.
pub(crate) async fn file(
    engine: &Engine,
    field: &mut Field,
    limit_bytes: u64,
    wanted: WantedDigests,
) -> Result<Sealed, IntakeError> {
    let mut intake = Intake::new(engine, limit_bytes, wanted);
    while let Some(piece) = field.next().await? {
        intake.write(piece).await?;
    }
    intake.seal().await
}

struct Intake {
    writer: crate::engine::blobs::writer::BlobWriter,
    limit_bytes: u64,
}

impl Intake {
    fn new(engine: &Engine, limit_bytes: u64, wanted: WantedDigests) -> Intake {
        Intake { writer: engine.blob_writer(wanted), limit_bytes }
    }

    async fn write(&mut self, piece: Bytes) -> Result<(), IntakeError> {
        if self.writer.size_bytes() + piece.len() as u64 > self.limit_bytes {
            return Err(IntakeError::TooLarge { limit_bytes: self.limit_bytes });
        }
        self.writer.write(piece).await.map_err(IntakeError::Engine)
    }

    async fn seal(self) -> Result<Sealed, IntakeError> {
        self.writer.seal().await.map_err(IntakeError::Engine)
    }
}

impl From<FormError> for IntakeError {
    fn from(error: FormError) -> IntakeError {
        match error {
            FormError::NotAForm(found) => IntakeError::Form(format!("{found:?} is the type of no form")),
            FormError::Malformed(reason) => IntakeError::Form(reason),
            FormError::TooLarge { limit_bytes } => IntakeError::TooLarge { limit_bytes },
            FormError::Payload(error) => IntakeError::Payload(error),
        }
    }
}

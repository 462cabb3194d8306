//! The form of a POST: its text fields, and the one file that an operation takes, streamed into a blob. Not what they mean.

use http::HeaderMap;

use super::call::Fields;
use super::error::ArcError;
use crate::engine::Engine;
use crate::engine::blobs::digests::WantedDigests;
use crate::engine::blobs::writer::Sealed;
use crate::facades::intake;
use crate::http::body::Payload;
use crate::http::form::{Field, Form, FormError, MultipartForm};

/// More fields than any form of this API has.
const MAX_FIELDS: usize = 100;

/// What a form says of its file before its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FileHead {
    /// Its name, if it has one.
    pub(super) name: Option<String>,
    /// Its type, if it has one.
    pub(super) content_type: Option<String>,
}

/// A file that has arrived.
pub(super) struct ReceivedFile {
    pub(super) head: FileHead,
    pub(super) body: Sealed,
}

/// Reads a form without a file.
pub(super) async fn form(headers: &HeaderMap, payload: Payload, fields: &mut Fields) -> Result<(), ArcError> {
    match Form::read(headers, payload).await? {
        Form::Urlencoded(form) => add_all(fields, form.pairs()),
        Form::Multipart(mut form) => {
            let mut outcome = Ok(());
            for _ in 0..MAX_FIELDS {
                let Some(field) = form.next().await? else { return outcome };
                outcome = outcome.and(text(fields, field).await?);
            }
            Err(too_many())
        }
    }
}

/// Reads a form with a file in the field `name`. The file's bytes may come before fields that decide about them: `check` is
/// asked with what is known when they begin, and what it cannot know yet it has to let pass.
///
/// A refusal has to be told in the format that the field `f` asks for. If that has not come yet, the rest of the form is
/// read for it, and the bytes are thrown away.
pub(super) async fn form_with_file(
    engine: &Engine,
    headers: &HeaderMap,
    payload: Payload,
    fields: &mut Fields,
    name: &str,
    check: impl Fn(&Fields, &FileHead) -> Result<(), ArcError>,
) -> Result<Option<ReceivedFile>, ArcError> {
    let mut form = match Form::read(headers, payload).await? {
        Form::Urlencoded(form) => {
            add_all(fields, form.pairs())?;
            return Ok(None);
        }
        Form::Multipart(form) => form,
    };
    let mut file = None;
    for _ in 0..MAX_FIELDS {
        let step = match form.next().await? {
            None => return Ok(file),
            Some(field) if field.name() == name => {
                if file.is_some() {
                    drain(field).await?;
                    Err(ArcError::given_twice(name))
                } else {
                    receive(engine, field, fields, &check).await?.map(|received| file = Some(received))
                }
            }
            Some(field) => text(fields, field).await?,
        };
        if let Err(refusal) = step {
            if fields.format().is_none() {
                find_format(&mut form, fields).await;
            }
            return Err(refusal);
        }
    }
    Err(too_many())
}

fn too_many() -> ArcError {
    ArcError::bad_request(format!("The form has more than {MAX_FIELDS} fields."))
}

/// The outer result is whether the form could be read on.
async fn receive(
    engine: &Engine,
    mut field: Field,
    fields: &Fields,
    check: impl Fn(&Fields, &FileHead) -> Result<(), ArcError>,
) -> Result<Result<ReceivedFile, ArcError>, ArcError> {
    let head =
        FileHead { name: field.file_name().map(str::to_owned), content_type: field.content_type().map(str::to_owned) };
    if let Err(refusal) = check(fields, &head) {
        // Where the format is known, the answer need not wait for the bytes.
        if fields.format().is_none() {
            drain(field).await?;
        }
        return Ok(Err(refusal));
    }
    let body = intake::file(engine, &mut field, engine.limits().max_part_size_bytes, WantedDigests::default()).await?;
    Ok(Ok(ReceivedFile { head, body }))
}

/// Reads a text field; what no operation knows is thrown away.
async fn text(fields: &mut Fields, field: Field) -> Result<Result<(), ArcError>, ArcError> {
    let name = field.name().to_owned();
    if Fields::is_known(&name) {
        let value = field.text().await?;
        return Ok(fields.add(&name, value));
    }
    drain(field).await?;
    Ok(Ok(()))
}

async fn find_format(form: &mut MultipartForm, fields: &mut Fields) {
    for _ in 0..MAX_FIELDS {
        let Ok(Some(field)) = form.next().await else { return };
        let read = if field.name() == "f" {
            text(fields, field).await.map(drop)
        } else {
            drain(field).await.map_err(Into::into)
        };
        if read.is_err() || fields.format().is_some() {
            return;
        }
    }
}

async fn drain(mut field: Field) -> Result<(), FormError> {
    while field.next().await?.is_some() {}
    Ok(())
}

fn add_all<'a>(fields: &mut Fields, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Result<(), ArcError> {
    let mut outcome = Ok(());
    for (name, value) in pairs {
        outcome = outcome.and(fields.add(name, value.to_owned()));
    }
    outcome
}

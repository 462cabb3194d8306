//! Uploaded items as they are kept: a document each, and what their names may be. Not how they are shown: `spelling` knows.

use serde::{Deserialize, Serialize};

use super::error::ArcError;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::object_key::ObjectKey;

/// An item, under its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) content_type: String,
    /// When it was registered or uploaded, in milliseconds since the epoch.
    pub(super) created_ms: i64,
    pub(super) state: State,
}

/// How far an item is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum State {
    /// Its parts are being uploaded.
    Open {
        /// The engine's upload.
        upload: String,
    },
    /// It is whole.
    Committed {
        /// The numbers of its parts in their order, none if it came in one piece. `None` when the server ended between the
        /// commit and writing this down.
        parts: Option<Vec<u16>>,
    },
}

/// What a client says of a new item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewItem {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) content_type: String,
}

/// Of an item's name, in bytes, as file systems have it.
const MAX_NAME_BYTES: usize = 255;
/// Of a description, in bytes: it is kept as metadata of the object, of which S3 has 2 KB.
const MAX_DESCRIPTION_BYTES: usize = 1500;

/// What an item is of when neither the client nor the extension says more.
const UNKNOWN_TYPE: &str = "application/octet-stream";

impl NewItem {
    /// Checks name and description. `parameter` is what the name was given as. The extension is the spelling's to check.
    pub(super) fn new(
        parameter: &str,
        name: &str,
        description: Option<&str>,
        content_type: Option<&str>,
    ) -> Result<NewItem, ArcError> {
        check_name(parameter, name)?;
        let description = description.unwrap_or_default();
        if description.len() > MAX_DESCRIPTION_BYTES {
            return Err(ArcError::too_long("description", MAX_DESCRIPTION_BYTES));
        }
        let content_type = match content_type.filter(|sent| !sent.is_empty()) {
            Some(sent) => sent.to_owned(),
            None => mime_guess::from_path(name).first_raw().unwrap_or(UNKNOWN_TYPE).to_owned(),
        };
        Ok(NewItem { name: name.to_owned(), description: description.to_owned(), content_type })
    }

    /// What is kept with the object.
    pub(super) fn headers(&self, id: &str) -> ObjectHeaders {
        let mut user = vec![("itemid".to_owned(), id.to_owned())];
        if !self.description.is_empty() {
            user.push(("description".to_owned(), self.description.clone()));
        }
        ObjectHeaders { content_type: Some(self.content_type.clone()), user, ..ObjectHeaders::default() }
    }

    /// The item's document.
    pub(super) fn into_item(self, created_ms: i64, state: State) -> Item {
        let NewItem { name, description, content_type } = self;
        Item { name, description, content_type, created_ms, state }
    }
}

impl Item {
    /// Whether the item is whole.
    pub(super) fn is_committed(&self) -> bool {
        matches!(self.state, State::Committed { .. })
    }
}

/// Under which key an item is in its bucket.
pub(super) fn key(id: &str, name: &str) -> Result<ObjectKey, ArcError> {
    ObjectKey::parse(format!("uploads/{id}/{name}")).map_err(|_| ArcError::too_long("itemName", MAX_NAME_BYTES))
}

/// The name of an item's document.
pub(super) fn document(id: &str) -> String {
    format!("item/{id}")
}

/// Whether a text can be an item's id: a UUID as it is written here, with or without Server's `i`.
pub(super) fn is_id(text: &str) -> bool {
    let uuid = text.strip_prefix('i').unwrap_or(text);
    uuid::Uuid::try_parse(uuid).is_ok_and(|parsed| parsed.to_string() == uuid)
}

/// The last part of a file's name as a browser may send it, with folders before it.
pub(super) fn file_name(sent: &str) -> &str {
    sent.rsplit(['/', '\\']).next().unwrap_or_default()
}

fn check_name(parameter: &str, name: &str) -> Result<(), ArcError> {
    if name.trim().is_empty() {
        return Err(ArcError::missing(parameter));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(ArcError::too_long(parameter, MAX_NAME_BYTES));
    }
    if let Some(bad) = name.chars().find(|c| c.is_control() || matches!(c, '/' | '\\' | '"')) {
        return Err(ArcError::bad_request(format!("'{parameter}' contains {bad:?}, which no name of a file may.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files() {
        let new = |name: &str| NewItem::new("itemName", name, None, None);
        assert_eq!(new("a.csv").unwrap().content_type, "text/csv");
        assert_eq!(new("č š.sd").unwrap().content_type, UNKNOWN_TYPE);
        assert!(new(&format!("{}.sd", "a".repeat(252))).is_ok());
        for bad in ["", " ", "a/b.sd", "a\\b.sd", "a\n.sd", "a\".sd", &"a".repeat(256)] {
            assert!(new(bad).is_err(), "{bad}");
        }
        assert_eq!(file_name(r"C:\temp\a.sd"), "a.sd");
        assert_eq!(file_name("dir/a.sd"), "a.sd");
        assert_eq!(file_name("a.sd"), "a.sd");
    }

    #[test]
    fn ids_are_uuids() {
        assert!(is_id("e753e856-85d1-4d2c-9a4f-0123456789ab") && is_id("ie753e856-85d1-4d2c-9a4f-0123456789ab"));
        for bad in ["", "i", "e753e856", "E753E856-85D1-4D2C-9A4F-0123456789AB", "e753e85685d14d2c9a4f0123456789ab"] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}

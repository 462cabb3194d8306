//! The two spellings of one API: ArcGIS Enterprise on Kubernetes, and ArcGIS Server. What differs between them stands here:
//! item ids, part names, lists of extensions, the shape of items. Not how a request's spelling is found: `auth` knows.

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::error::ArcError;
use super::item::Item;

/// Whose words an answer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// ArcGIS Enterprise on Kubernetes.
    Kubernetes,
    /// ArcGIS Server.
    Server,
}

/// What an item's name may end in on Kubernetes: the documented list, and `cdpk`, which later pages name.
const KUBERNETES_EXTENSIONS: [&str; 18] = [
    "soe",
    "sd",
    "sde",
    "odc",
    "csv",
    "txt",
    "zshp",
    "agssite",
    "agssiteservices",
    "zip",
    "geodatabase",
    "kmz",
    "json",
    "geojson",
    "gpx",
    "xlsx",
    "xls",
    "cdpk",
];
/// The default of Server's property `uploadFileExtensionWhitelist`.
const SERVER_EXTENSIONS: [&str; 8] = ["soe", "sd", "sde", "odc", "csv", "txt", "zshp", "kmz"];

/// Where Server says that an item is. Assumption 9.
const SERVER_DIRECTORY: &str = "/arcgisserver/directories/arcgissystem/arcgisuploads";
/// As Java prints a date: `Mon Jun 13 14:43:23 UTC 2011`.
const JAVA_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]");

impl Spelling {
    /// The spelling's name in tokens.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Spelling::Kubernetes => "kubernetes",
            Spelling::Server => "server",
        }
    }

    /// Reads [`Spelling::as_str`].
    pub(super) fn parse(text: &str) -> Option<Spelling> {
        [Spelling::Kubernetes, Spelling::Server].into_iter().find(|spelling| spelling.as_str() == text)
    }

    /// The id of a new item: a UUID, with an `i` before it on Server.
    pub(super) fn new_id(self) -> String {
        let uuid = uuid::Uuid::new_v4();
        match self {
            Spelling::Kubernetes => uuid.to_string(),
            Spelling::Server => format!("i{uuid}"),
        }
    }

    /// Checks that the name of an item ends in one of the extensions that may be uploaded.
    pub(super) fn check_extension(self, name: &str) -> Result<(), ArcError> {
        let allowed: &[&str] = match self {
            Spelling::Kubernetes => &KUBERNETES_EXTENSIONS,
            Spelling::Server => &SERVER_EXTENSIONS,
        };
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        if allowed.iter().any(|known| known.eq_ignore_ascii_case(extension)) {
            return Ok(());
        }
        Err(ArcError::bad_request(format!(
            "'{name}' may not be uploaded: its name has to end in one of these: .{}",
            allowed.join(" .")
        )))
    }

    /// What a part is called: its number, or on Server the item's name and the number.
    pub(super) fn part_name(self, item: &Item, number: u16) -> String {
        match self {
            Spelling::Kubernetes => number.to_string(),
            Spelling::Server => format!("{}.{number}", item.name),
        }
    }

    /// The list of items.
    pub(super) fn list(self, items: &[(String, Item)]) -> Value {
        match self {
            Spelling::Kubernetes => {
                let items: Vec<_> = items.iter().map(|(id, item)| self.item(id, item)).collect();
                json!({ "uploadItems": items })
            }
            Spelling::Server => {
                let items = items.iter().map(|(id, item)| {
                    json!({
                        "itemID": id,
                        "itemName": item.name,
                        "description": item.description,
                        "pathOnServer": path_on_server(id, item),
                        "date": java_date(item.created_ms),
                        "committed": item.is_committed(),
                    })
                });
                json!({ "items": items.collect::<Vec<_>>() })
            }
        }
    }

    /// An item by itself.
    pub(super) fn item(self, id: &str, item: &Item) -> Value {
        let mut shown = Map::new();
        let mut show = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
        show("itemID", json!(id));
        show("itemName", json!(item.name));
        if self == Spelling::Server || !item.description.is_empty() {
            show("description", json!(item.description));
        }
        if self == Spelling::Server {
            show("pathOnServer", json!(path_on_server(id, item)));
        }
        show("date", json!(item.created_ms));
        show("committed", json!(item.is_committed()));
        if self == Spelling::Server {
            show("serviceName", json!(""));
        }
        show("contentType", json!(item.content_type));
        Value::Object(shown)
    }
}

fn path_on_server(id: &str, item: &Item) -> String {
    format!("{SERVER_DIRECTORY}/{id}/{}", item.name)
}

fn java_date(millis: i64) -> String {
    OffsetDateTime::from_unix_timestamp(millis.div_euclid(1000))
        .ok()
        .and_then(|date| date.format(JAVA_DATE).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facades::arcgis::item::State;

    fn item() -> Item {
        Item {
            name: "Test.sd".to_owned(),
            description: String::new(),
            content_type: "application/octet-stream".to_owned(),
            created_ms: 1_307_976_203_000,
            state: State::Open { upload: "u".to_owned() },
        }
    }

    #[test]
    fn items_as_each_product_writes_them() {
        let kubernetes = Spelling::Kubernetes.item("7", &item());
        let expected = json!({
            "itemID": "7", "itemName": "Test.sd", "date": 1_307_976_203_000_i64, "committed": false,
            "contentType": "application/octet-stream",
        });
        assert_eq!(kubernetes, expected);
        let list = Spelling::Server.list(&[("i7".to_owned(), item())]);
        assert_eq!(list["items"][0]["date"], "Mon Jun 13 14:43:23 UTC 2011");
        assert_eq!(list["items"][0]["pathOnServer"], format!("{SERVER_DIRECTORY}/i7/Test.sd"));
        assert_eq!(Spelling::Server.item("i7", &item())["serviceName"], "");
    }

    #[test]
    fn extensions_are_those_of_the_product() {
        for name in ["a.sd", "a.b.CSV", ".kmz"] {
            for spelling in [Spelling::Kubernetes, Spelling::Server] {
                assert!(spelling.check_extension(name).is_ok(), "{name}");
            }
        }
        assert!(Spelling::Kubernetes.check_extension("a.geojson").is_ok());
        assert!(Spelling::Server.check_extension("a.geojson").is_err());
        for name in ["sd", "a.exe", "a.sd.", "a.sd/b", ""] {
            assert!(Spelling::Kubernetes.check_extension(name).is_err(), "{name}");
        }
    }
}

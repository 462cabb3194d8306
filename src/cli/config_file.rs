//! Reading `staves.toml`: keys to values, identities apart. Not the meaning of the values.

use std::fs;
use std::path::Path;

use super::settings::{Given, Layer};
use crate::http::identity::Identity;
use crate::http::suggest;

const IDENTITY: &str = "identity";
/// A table whose `keys` are the values of the setting `kms_key`.
const KMS: &str = "kms";
const KMS_KEY: &str = "kms_key";
/// Tables, each an ARN and its URL: the values of the setting `notify`.
const NOTIFICATIONS: &str = "notifications";
pub(super) const NOTIFY: &str = "notify";

/// The settings and the identities in a file. `keys` are those that are known.
pub(super) fn read(file: &Path, keys: &[String]) -> Result<(Layer, Vec<Identity>), String> {
    let name = file.display();
    let text = fs::read_to_string(file).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| format!("{name} is not TOML: {error}"))?;
    let mut layer = Layer::new();
    let mut identities = Vec::new();
    for (key, value) in &table {
        if key == IDENTITY {
            identities = Identity::list_from_toml(value).map_err(|error| format!("{name}: {error}"))?;
            continue;
        }
        if key == KMS {
            let keys = keys_of_kms(value).ok_or_else(|| {
                format!("{name}: [{KMS}] has one key, `keys`: a list of texts, such as keys = [\"alias/mine\"]")
            })?;
            layer.insert(KMS_KEY.to_owned(), Given { values: keys, origin: format!("{name}: `{KMS}.keys`") });
            continue;
        }
        if key == NOTIFICATIONS {
            let pairs = pairs_of_notifications(value)
                .ok_or_else(|| format!("{name}: a [[{NOTIFICATIONS}]] has two keys, `arn` and `url`, both texts"))?;
            layer.insert(NOTIFY.to_owned(), Given { values: pairs, origin: format!("{name}: `{NOTIFICATIONS}`") });
            continue;
        }
        if !keys.contains(key) {
            let hint = suggest::hint(key, keys.iter().map(String::as_str).chain([IDENTITY]));
            return Err(format!("{name} has the unknown key `{key}`{hint}"));
        }
        let values = values(value).ok_or_else(|| {
            format!("{name}: `{key}` must be a text, a number, true or false, or a list of texts; it is {value}")
        })?;
        layer.insert(key.clone(), Given { values, origin: format!("{name}: `{key}`") });
    }
    Ok((layer, identities))
}

fn keys_of_kms(value: &toml::Value) -> Option<Vec<String>> {
    let table = value.as_table().filter(|table| table.len() == 1)?;
    table.get("keys")?.as_array()?.iter().map(|key| key.as_str().map(str::to_owned)).collect()
}

fn pairs_of_notifications(value: &toml::Value) -> Option<Vec<String>> {
    let pair = |table: &toml::Value| {
        let table = table.as_table().filter(|table| table.len() == 2)?;
        Some(format!("{}={}", table.get("arn")?.as_str()?, table.get("url")?.as_str()?))
    };
    value.as_array()?.iter().map(pair).collect()
}

fn values(value: &toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::Array(items) => items.iter().map(single).collect(),
        value => Some(vec![single(value)?]),
    }
}

fn single(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(switch) => Some(switch.to_string()),
        _ => None,
    }
}

//! JSON with the order of its members, and without two of a name: what policies are written in. `serde_json` reads the syntax.
//! Not for answers, which `serde` writes from types.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number as it is shown again.
    Number(serde_json::Number),
    /// A text.
    String(String),
    /// `[…]`
    Array(Vec<Json>),
    /// `{…}`, its members in their order, no two of a name.
    Object(Vec<(String, Json)>),
}

/// The bytes are not one JSON value in UTF-8, or an object has a member twice. The text says where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MalformedJson(String);

impl Json {
    /// Reads one value, nested at most 127 levels deep.
    pub fn parse(document: &[u8]) -> Result<Json, MalformedJson> {
        serde_json::from_slice(document).map_err(|error| MalformedJson(error.to_string()))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Json::String(text) = self { Some(text) } else { None }
    }

    /// The members of an object.
    pub fn members(&self) -> Option<&[(String, Json)]> {
        if let Json::Object(members) = self { Some(members) } else { None }
    }

    /// A member of an object by its name, case included.
    pub fn member(&self, name: &str) -> Option<&Json> {
        self.members()?.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// The items of an array; a value that is none is the only item. So policies leave out the brackets.
    pub fn items(&self) -> &[Json] {
        if let Json::Array(items) = self { items } else { std::slice::from_ref(self) }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, comma: &str) -> fmt::Result {
        match self {
            Json::Null => f.write_str("null"),
            Json::Bool(value) => write!(f, "{value}"),
            Json::Number(value) => write!(f, "{value}"),
            Json::String(value) => write_text(f, value),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "[" } else { comma })?;
                    item.write(f, comma)?;
                }
                f.write_str(if items.is_empty() { "[]" } else { "]" })
            }
            Json::Object(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    f.write_str(if index == 0 { "{" } else { comma })?;
                    write_text(f, name)?;
                    f.write_str(":")?;
                    value.write(f, comma)?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

/// On one line, without spaces; `{:#}` puts one after every comma.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, if f.alternate() { ", " } else { "," })
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str(&serde_json::Value::from(text).to_string())
}

impl fmt::Display for MalformedJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for MalformedJson {}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(value).map(Json::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        while let Some((name, value)) = access.next_entry::<String, Json>()? {
            if members.iter().any(|(other, _)| *other == name) {
                return Err(A::Error::custom(format_args!("the member {name:?} is there twice")));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_texts_are_kept() {
        let text = r#"{ "b": [1, -2, 2.5, true, null], "a": {"x": "\u010d\n\"", "y": {}}, "c": [] }"#;
        let json = Json::parse(text.as_bytes()).unwrap();
        assert_eq!(json.to_string(), r#"{"b":[1,-2,2.5,true,null],"a":{"x":"č\n\"","y":{}},"c":[]}"#);
        let list = Json::parse(br#"["eq","$key",1]"#).unwrap();
        assert_eq!(format!("{list:#}"), r#"["eq", "$key", 1]"#);
        assert_eq!(json.member("a").and_then(|a| a.member("x")).and_then(Json::as_str), Some("č\n\""));
        assert_eq!(json.member("B"), None);
        assert_eq!(json.member("b").map(|b| b.items().len()), Some(5));
        assert_eq!(json.items().len(), 1, "what is no array is its only item");
    }

    #[test]
    fn what_is_no_json() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in ["", "{", "{]", "{\"a\":1,}", "{\"a\":1} x", "{a:1}", "{\"a\":1,\"a\":1}", "\"\u{1}\"", &deep] {
            assert!(Json::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Json::parse(b"\"\xFF\"").is_err());
        let twice = Json::parse(br#"{"a":{"b":1,"b":2}}"#).unwrap_err();
        assert!(twice.to_string().contains("\"b\" is there twice"), "{twice}");
    }
}

//! The fields of a JSON body, judged as the product's models judge them: every error is found, with FastAPI's words. Not
//! what the fields mean.

use http::HeaderMap;
use http::header;
use serde_json::{Map, Value, json};

use super::error::{ApiError, Invalid};
use crate::http::body::{CollectError, Payload};
use crate::wire::time::Timestamp;

/// A completion of 10,000 parts is some 700 KB.
const MAX_BODY_BYTES: u64 = 4 << 20;
/// S3 takes no more parts.
const MAX_ITEMS: usize = 10_000;

/// A request's body, read: JSON, or why it is none.
pub(super) async fn json_body(headers: &HeaderMap, payload: Payload) -> Result<Option<Value>, ApiError> {
    let body = payload.collect(MAX_BODY_BYTES).await.map_err(|error| match error {
        CollectError::TooLarge { limit_bytes } => {
            ApiError::new(http::StatusCode::PAYLOAD_TOO_LARGE, format!("The body is larger than {limit_bytes} bytes."))
        }
        CollectError::Payload(_) => ApiError::bad_request("There was an error parsing the body"),
    })?;
    if body.is_empty() {
        return Ok(None);
    }
    let content_type = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    // Without a type it is taken for JSON; as any other, it is text to the product.
    if content_type.is_some_and(|content_type| !is_json(content_type)) {
        return Ok(Some(Value::String(String::from_utf8_lossy(&body).into_owned())));
    }
    serde_json::from_slice(&body).map(Some).map_err(|error| {
        ApiError::Invalid(vec![Invalid {
            kind: "json_invalid",
            loc: vec!["body".into(), error.column().into()],
            msg: "JSON decode error".to_owned(),
            input: json!({}),
            ctx: Some(json!({ "error": error.to_string() })),
        }])
    })
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type == "application/json" || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

/// The fields of an object, and all that is wrong with them so far.
pub(super) struct Fields {
    loc: Vec<Value>,
    sent: Map<String, Value>,
    errors: Vec<Invalid>,
    /// The object itself was refused: its fields are not looked at.
    is_refused: bool,
}

impl Fields {
    /// The fields of a body, after what is wrong with the path.
    pub(super) fn new(body: Option<Value>, errors: Vec<Invalid>) -> Fields {
        let loc = vec![Value::from("body")];
        match body {
            Some(Value::Object(sent)) => Fields { loc, sent, errors, is_refused: false },
            other => {
                let mut refused = Fields { loc, sent: Map::new(), errors, is_refused: true };
                let error = match other {
                    None => invalid("missing", "Field required", Value::Null, None),
                    Some(sent) => not_an_object(sent),
                };
                refused.errors.push(Invalid { loc: refused.loc.clone(), ..error });
                refused
            }
        }
    }

    /// What the fields came to, if nothing is wrong with any.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, ApiError> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(ApiError::Invalid(self.errors)),
        }
    }

    fn wrong<T>(&mut self, name: &str, error: Invalid) -> Option<T> {
        let mut loc = self.loc.clone();
        loc.push(name.into());
        loc.extend(error.loc.clone());
        self.errors.push(Invalid { loc, ..error });
        None
    }

    /// A field that is not there is an error unless it is refused with the whole object.
    fn missing<T>(&mut self, name: &str) -> Option<T> {
        if self.is_refused {
            return None;
        }
        let input = Value::Object(self.sent.clone());
        self.wrong(name, invalid("missing", "Field required", input, None))
    }

    /// A text of so many characters that has to be there.
    pub(super) fn text(&mut self, name: &str, min: usize, max: usize) -> Option<String> {
        match self.sent.get(name).cloned() {
            None => self.missing(name),
            Some(value) => match text(value, min, max) {
                Ok(text) => Some(text),
                Err(error) => self.wrong(name, *error),
            },
        }
    }

    /// A text that may be null or left out.
    pub(super) fn optional_text(&mut self, name: &str, max: usize) -> Option<String> {
        match self.sent.get(name).cloned() {
            None | Some(Value::Null) => None,
            Some(_) => self.text(name, 0, max),
        }
    }

    /// A text that may be left out, but not null.
    pub(super) fn text_or(&mut self, name: &str, max: usize, default: &str) -> Option<String> {
        if self.sent.contains_key(name) { self.text(name, 0, max) } else { Some(default.to_owned()) }
    }

    /// A name that becomes the last part of a key. Assumption 5.
    pub(super) fn file_name(&mut self, name: &str) -> Option<String> {
        let file_name = self.text(name, 1, MAX_NAME_CHARS)?;
        match wrong_with_name(&file_name) {
            None => Some(file_name),
            Some(reason) => self.wrong(name, value_error(reason, file_name.into())),
        }
    }

    /// A media type that a header can carry. Assumption 5.
    pub(super) fn media_type(&mut self, name: &str, default: &str) -> Option<String> {
        let sent = self.text_or(name, 255, default)?;
        if http::HeaderValue::from_str(&sent).is_ok() && sent.is_ascii() {
            return Some(sent);
        }
        self.wrong(name, value_error("the type has characters that no header can carry", sent.into()))
    }

    /// A whole number within bounds, that has to be there.
    pub(super) fn integer(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let Some(value) = self.sent.get(name).cloned() else { return self.missing(name) };
        match integer(&value) {
            Ok(number) if number < min => {
                let msg = format!("Input should be greater than or equal to {min}");
                self.wrong(name, invalid("greater_than_equal", msg, value, Some(json!({ "ge": min }))))
            }
            Ok(number) if number > max => {
                let msg = format!("Input should be less than or equal to {max}");
                self.wrong(name, invalid("less_than_equal", msg, value, Some(json!({ "le": max }))))
            }
            Ok(number) => Some(number),
            Err((kind, msg)) => self.wrong(name, invalid(kind, msg, value, None)),
        }
    }

    /// A whole number that may be null or left out.
    pub(super) fn optional_integer(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        self.sent.get(name).filter(|value| !value.is_null())?;
        self.integer(name, min, max)
    }

    /// One of a few words; left out, the first.
    pub(super) fn choice(&mut self, name: &str, choices: &[&'static str]) -> Option<&'static str> {
        let Some(value) = self.sent.get(name).cloned() else { return choices.first().copied() };
        let found = choices.iter().find(|choice| value.as_str() == Some(choice));
        if let Some(found) = found {
            return Some(found);
        }
        let quoted: Vec<String> = choices.iter().map(|choice| format!("'{choice}'")).collect();
        let (last, rest) = quoted.split_last()?;
        let expected = format!("{} or {last}", rest.join(", "));
        let ctx = json!({ "expected": expected });
        self.wrong(name, invalid("literal_error", format!("Input should be {expected}"), value, Some(ctx)))
    }

    /// A date and time, or a date, that may be null or left out: as it was sent.
    pub(super) fn optional_time(&mut self, name: &str) -> Option<String> {
        let value = self.sent.get(name).filter(|value| !value.is_null())?.clone();
        match &value {
            Value::String(sent) if is_time(sent) => Some(sent.clone()),
            Value::Number(seconds) => Some(seconds.to_string()),
            Value::String(_) => {
                let reason = "the text is no date of ISO 8601";
                let msg = format!("Input should be a valid datetime or date, {reason}");
                self.wrong(name, invalid("datetime_from_date_parsing", msg, value, Some(json!({ "error": reason }))))
            }
            _ => self.wrong(name, invalid("datetime_type", "Input should be a valid datetime", value, None)),
        }
    }

    /// A number or a text that may be null or left out; only judged.
    pub(super) fn optional_number_or_text(&mut self, name: &str) {
        match self.sent.get(name).cloned() {
            None | Some(Value::Null | Value::Number(_) | Value::String(_)) => {}
            Some(value) => {
                let number = invalid("float_type", "Input should be a valid number", value.clone(), None);
                self.wrong::<()>(name, Invalid { loc: vec!["float".into()], ..number });
                let text = invalid("string_type", "Input should be a valid string", value, None);
                self.wrong::<()>(name, Invalid { loc: vec!["str".into()], ..text });
            }
        }
    }

    /// A flag that may be left out; only judged.
    pub(super) fn flag(&mut self, name: &str) {
        let Some(value) = self.sent.get(name).cloned() else { return };
        let is_flag = match &value {
            Value::Bool(_) => true,
            Value::String(text) => FLAGS.contains(&text.to_ascii_lowercase().as_str()),
            Value::Number(_) => matches!(integer(&value), Ok(0 | 1)),
            _ => false,
        };
        if !is_flag {
            let msg = "Input should be a valid boolean, unable to interpret input";
            self.wrong::<()>(name, invalid("bool_parsing", msg, value, None));
        }
    }

    /// A list of objects, each read by `read`; left out, it is empty.
    pub(super) fn objects<T>(&mut self, name: &str, read: impl Fn(&mut Fields) -> Option<T>) -> Option<Vec<T>> {
        let listed = match self.sent.remove(name) {
            None => return Some(Vec::new()),
            Some(Value::Array(listed)) => listed,
            Some(other) => return self.wrong(name, invalid("list_type", "Input should be a valid list", other, None)),
        };
        if listed.len() > MAX_ITEMS {
            let length = listed.len();
            let msg = format!("List should have at most {MAX_ITEMS} items after validation, not {length}");
            let ctx = json!({ "field_type": "List", "max_length": MAX_ITEMS, "actual_length": length });
            return self.wrong(name, invalid("too_long", msg, Value::Null, Some(ctx)));
        }
        let mut all = Vec::with_capacity(listed.len());
        for (index, item) in listed.into_iter().enumerate() {
            match item {
                Value::Object(sent) => {
                    let mut loc = self.loc.clone();
                    loc.extend([Value::from(name), index.into()]);
                    let mut inner = Fields { loc, sent, errors: Vec::new(), is_refused: false };
                    all.push(read(&mut inner));
                    self.errors.append(&mut inner.errors);
                }
                other => all.push(self.wrong(name, Invalid { loc: vec![index.into()], ..not_an_object(other) })),
            }
        }
        all.into_iter().collect()
    }
}

/// As the product's models have it.
pub(super) const MAX_NAME_CHARS: usize = 255;
/// The words for true and false.
const FLAGS: [&str; 12] = ["0", "1", "f", "t", "n", "y", "no", "yes", "off", "on", "false", "true"];
/// What the rest of a key leaves of S3's 1024 bytes.
const MAX_NAME_BYTES: usize = 900;

/// Why a file cannot have that name: its key goes into URLs, and its bytes through many hands.
pub(super) fn wrong_with_name(name: &str) -> Option<&'static str> {
    if name.len() > MAX_NAME_BYTES {
        return Some("the name is too long for a key");
    }
    if name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
        return Some("the name has a slash, a backslash or a control character");
    }
    matches!(name, "." | "..").then_some("the name is that of a folder")
}

pub(super) fn value_error(reason: &str, input: Value) -> Invalid {
    invalid("value_error", format!("Value error, {reason}"), input, Some(json!({ "error": reason })))
}

pub(super) fn invalid(kind: &'static str, msg: impl Into<String>, input: Value, ctx: Option<Value>) -> Invalid {
    Invalid { kind, loc: Vec::new(), msg: msg.into(), input, ctx }
}

fn not_an_object(input: Value) -> Invalid {
    let msg = "Input should be a valid dictionary or object to extract fields from";
    invalid("model_attributes_type", msg, input, None)
}

fn text(value: Value, min: usize, max: usize) -> Result<String, Box<Invalid>> {
    let Value::String(text) = value else {
        return Err(Box::new(invalid("string_type", "Input should be a valid string", value, None)));
    };
    let length = text.chars().count();
    let characters = |count| if count == 1 { "character" } else { "characters" };
    if length < min {
        let msg = format!("String should have at least {min} {}", characters(min));
        return Err(Box::new(invalid("string_too_short", msg, text.into(), Some(json!({ "min_length": min })))));
    }
    if length > max {
        let msg = format!("String should have at most {max} {}", characters(max));
        return Err(Box::new(invalid("string_too_long", msg, text.into(), Some(json!({ "max_length": max })))));
    }
    Ok(text)
}

/// A whole number, as leniently as the product's models read one.
fn integer(value: &Value) -> Result<i64, (&'static str, &'static str)> {
    let parsing = "Input should be a valid integer, unable to parse string as an integer";
    match value {
        Value::Bool(flag) => Ok(i64::from(*flag)),
        Value::String(text) => text.trim().parse().map_err(|_| ("int_parsing", parsing)),
        // More than fits is more than any limit.
        Value::Number(number) if number.is_u64() => Ok(number.as_i64().unwrap_or(i64::MAX)),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(number), _) => Ok(number),
            #[expect(clippy::cast_possible_truncation, reason = "whole, and beyond the range it saturates")]
            (None, Some(float)) if float.fract() == 0.0 => Ok(float as i64),
            _ => Err(("int_from_float", "Input should be a valid integer, got a number with a fractional part")),
        },
        _ => Err(("int_type", "Input should be a valid integer")),
    }
}

/// With or without a time, an offset, a `T`.
fn is_time(sent: &str) -> bool {
    let with_t = sent.replacen(' ', "T", 1);
    ["", "Z", "T00:00:00Z", ":00Z"].iter().any(|end| Timestamp::parse_iso8601(&format!("{with_t}{end}")).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: Value) -> Fields {
        Fields::new(Some(body), Vec::new())
    }

    fn kinds(fields: Fields) -> Vec<(String, &'static str)> {
        let Err(ApiError::Invalid(errors)) = fields.finish::<()>(None) else { panic!("no errors") };
        let loc = |error: &Invalid| serde_json::to_string(&error.loc).unwrap();
        errors.iter().map(|error| (loc(error), error.kind)).collect()
    }

    #[test]
    fn numbers_are_read_leniently() {
        for (value, expected) in
            [(json!(5), 5), (json!("5"), 5), (json!(5.0), 5), (json!(true), 1), (json!(u64::MAX), i64::MAX)]
        {
            assert_eq!(fields(json!({ "n": value })).integer("n", 1, i64::MAX), Some(expected));
        }
        for (value, kind) in [
            (json!(0), "greater_than_equal"),
            (json!(8), "less_than_equal"),
            (json!("x"), "int_parsing"),
            (json!(1.5), "int_from_float"),
            (json!([]), "int_type"),
        ] {
            let mut all = fields(json!({ "n": value }));
            assert_eq!(all.integer("n", 1, 7), None);
            assert_eq!(kinds(all), [(r#"["body","n"]"#.to_owned(), kind)]);
        }
    }

    #[test]
    fn lists_say_which_of_their_items_is_wrong() {
        let mut all = fields(json!({ "parts": [{ "etag": "a" }, 7, { "etag": 1 }] }));
        assert_eq!(all.objects("parts", |part| part.text("etag", 0, 9)), None);
        assert_eq!(
            kinds(all),
            [
                (r#"["body","parts",1]"#.to_owned(), "model_attributes_type"),
                (r#"["body","parts",2,"etag"]"#.to_owned(), "string_type"),
            ]
        );
    }

    #[test]
    fn times_have_many_forms() {
        for good in [
            "2024-05-06",
            "2024-05-06T07:08:09Z",
            "2024-05-06 07:08:09+02:00",
            "2024-05-06T07:08",
            "2024-05-06T07:08:09.5",
        ] {
            assert!(is_time(good), "{good}");
        }
        for bad in ["", "yesterday", "2024-13-01", "2024"] {
            assert!(!is_time(bad), "{bad}");
        }
    }
}

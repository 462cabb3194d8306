//! One call: what its path, headers, query and form say. Not who calls, and nothing about what it does.

use std::net::IpAddr;

use http::{HeaderMap, Method};

use super::error::ArcError;
use super::spelling::Spelling;
use crate::http::body::Payload;
use crate::wire::query::Query;

/// What is known of a call before its body is read.
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    pub(super) peer: IpAddr,
    /// The site that the path names.
    pub(super) context: String,
    /// The URL of that site, by the address that the client came by.
    pub(super) site_url: String,
    /// The product that all answers are of, if one is set.
    pub(super) product: Option<Spelling>,
}

/// A call whose body may not have been read yet.
pub(super) struct Call {
    pub(super) head: Head,
    pub(super) fields: Fields,
    pub(super) payload: Payload,
}

/// The parameters of a call: those of the form, and of the query.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    query: Query,
    form: Vec<(String, String)>,
}

/// How the caller wants the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A page for people: the default.
    Html,
    /// JSON.
    Json,
    /// JSON, indented.
    PrettyJson,
}

/// The parameters that operations have, but for files. What else a form has is ignored, as a servlet does.
const KNOWN: [&str; 14] = [
    "f",
    "token",
    "description",
    "itemName",
    "partNumber",
    "parts",
    "username",
    "password",
    "client",
    "referer",
    "ip",
    "expiration",
    "request",
    "serverURL",
];
/// What must not be in the URL of a POST: URLs are logged.
const SECRET: [&str; 3] = ["token", "username", "password"];

impl Head {
    /// A header's value, if it is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl Fields {
    /// Those of a query.
    pub(super) fn new(query: Query) -> Fields {
        Fields { query, form: Vec::new() }
    }

    /// Whether a parameter of that name means something.
    pub(super) fn is_known(name: &str) -> bool {
        KNOWN.contains(&name)
    }

    /// Adds a field of the form.
    pub(super) fn add(&mut self, name: &str, value: String) -> Result<(), ArcError> {
        if !Fields::is_known(name) {
            return Ok(());
        }
        if self.in_form(name).is_some() {
            return Err(ArcError::given_twice(name));
        }
        self.form.push((name.to_owned(), value));
        Ok(())
    }

    /// A parameter that is not blank, wherever it stands; a secret of a POST counts in its form only.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let value = self.in_form(name).or_else(|| self.in_query(name).filter(|_| !SECRET.contains(&name)));
        value.filter(|value| !value.trim().is_empty())
    }

    /// A parameter that has to be there.
    pub(super) fn required(&self, name: &str) -> Result<&str, ArcError> {
        self.get(name).ok_or_else(|| ArcError::missing(name))
    }

    /// A parameter of the query.
    pub(super) fn in_query(&self, name: &str) -> Option<&str> {
        self.query.first(name).filter(|value| !value.is_empty())
    }

    fn in_form(&self, name: &str) -> Option<&str> {
        self.form.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// How the answer is wanted; `None` if nothing was said so far.
    pub(super) fn format(&self) -> Option<Result<Format, ArcError>> {
        let sent = self.get("f")?;
        Some(match sent.to_ascii_lowercase().as_str() {
            "html" => Ok(Format::Html),
            "json" => Ok(Format::Json),
            "pjson" => Ok(Format::PrettyJson),
            _ => Err(ArcError::bad_request(format!("'f' is '{sent}': use html, json or pjson."))),
        })
    }

    /// Refuses a format that does not exist, before anything is done.
    pub(super) fn check_format(&self) -> Result<(), ArcError> {
        self.format().transpose().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_come_before_queries_and_secrets_are_no_part_of_a_url() {
        let mut fields = Fields::new(Query::parse("f=json&token=a&description=q&itemName=").unwrap());
        assert_eq!((fields.get("f"), fields.get("token"), fields.in_query("token")), (Some("json"), None, Some("a")));
        assert!(fields.required("itemName").is_err());
        fields.add("f", "PJSON".to_owned()).unwrap();
        fields.add("unknown", "x".to_owned()).unwrap();
        assert_eq!(fields.format(), Some(Ok(Format::PrettyJson)));
        assert_eq!((fields.get("description"), fields.get("unknown")), (Some("q"), None));
        assert_eq!(fields.add("f", "json".to_owned()), Err(ArcError::given_twice("f")));
        assert_eq!(Fields::default().format(), None);
        assert!(Fields::new(Query::parse("f=xml").unwrap()).check_format().is_err());
    }
}

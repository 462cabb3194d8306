//! A bucket as a website: its configuration as a value, which routing rule a request meets, and where a redirect leads. Not
//! what is checked when the configuration is put, nor how pages are served.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html>

use super::percent;
use super::xml::Element;

/// The status of a redirect that names none.
const MOVED_PERMANENTLY: u16 = 301;

/// How a bucket is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Website {
    /// Where everything is instead.
    pub redirect_all: Option<Redirect>,
    /// What is shown for a folder: the end of a key.
    pub index_suffix: String,
    /// The key of what is shown with an error of the class 4XX.
    pub error_key: Option<String>,
    /// In their order: the first that fits counts.
    pub rules: Vec<RoutingRule>,
}

/// A redirect under conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutingRule {
    /// Only keys that begin with it; empty for all.
    pub key_prefix: String,
    /// Only where the answer would have this status.
    pub error_status: Option<u16>,
    /// Where to.
    pub redirect: Redirect,
}

/// Where a redirect leads: what it does not name stays as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// `http` or `https`.
    pub protocol: Option<String>,
    /// Host and, perhaps, port.
    pub host: Option<String>,
    /// What becomes of the key.
    pub key: KeyChange,
    /// 301, if it is not named.
    pub status: u16,
}

/// What becomes of the key in a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChange {
    /// Nothing.
    Kept,
    /// Another one.
    With(String),
    /// Another prefix instead of the condition's.
    PrefixWith(String),
}

/// What was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `http` or `https`.
    pub protocol: &'a str,
    /// The host, with its port.
    pub host: &'a str,
    /// The path without its slash, not decoded.
    pub raw_key: &'a str,
    /// The query, not decoded; empty if there is none.
    pub raw_query: &'a str,
}

impl Website {
    /// Reads a configuration that was checked when it was put. None, if it is none.
    pub fn parse(document: &Element) -> Option<Website> {
        let text = |parent: &str, name: &str| Some(document.child(parent)?.child_text(name)?.to_owned());
        let redirect_all = document.child("RedirectAllRequestsTo").map(Redirect::parse);
        let index_suffix = text("IndexDocument", "Suffix");
        if redirect_all.is_none() && index_suffix.is_none() {
            return None;
        }
        let rules = document.child("RoutingRules").map(|rules| rules.children.as_slice()).unwrap_or_default();
        Some(Website {
            redirect_all,
            index_suffix: index_suffix.unwrap_or_default(),
            error_key: text("ErrorDocument", "Key"),
            rules: rules.iter().map(RoutingRule::parse).collect(),
        })
    }

    /// The rule that a request meets before anything is looked up.
    pub fn rule_for(&self, key: &str) -> Option<&RoutingRule> {
        self.rules.iter().find(|rule| rule.error_status.is_none() && key.starts_with(&rule.key_prefix))
    }

    /// The rule for a request that would be answered with an error of this status.
    pub fn rule_for_error(&self, key: &str, status: u16) -> Option<&RoutingRule> {
        self.rules.iter().find(|rule| rule.error_status == Some(status) && key.starts_with(&rule.key_prefix))
    }
}

impl RoutingRule {
    fn parse(rule: &Element) -> RoutingRule {
        let condition = |name: &str| rule.child("Condition").and_then(|condition| condition.child_text(name));
        RoutingRule {
            key_prefix: condition("KeyPrefixEquals").unwrap_or_default().to_owned(),
            error_status: condition("HttpErrorCodeReturnedEquals").and_then(|status| status.parse().ok()),
            redirect: rule.child("Redirect").map_or_else(|| Redirect::parse(&Element::group("", [])), Redirect::parse),
        }
    }

    /// The address that a request for this key is sent to.
    pub fn location(&self, asked: Asked<'_>, key: &str) -> String {
        let replaced;
        let raw_key = match &self.redirect.key {
            KeyChange::Kept => asked.raw_key,
            // As it stands in the configuration: it may hold a query of its own.
            KeyChange::With(key) => key,
            KeyChange::PrefixWith(prefix) => {
                let rest = key.strip_prefix(&self.key_prefix).unwrap_or(key);
                replaced = format!("{prefix}{}", percent::encode_path(rest.as_bytes()));
                &replaced
            }
        };
        self.redirect.to(Asked { raw_key, ..asked })
    }
}

impl Redirect {
    fn parse(redirect: &Element) -> Redirect {
        let text = |name: &str| redirect.child_text(name).map(str::to_owned);
        let filled = |name: &str| text(name).filter(|text| !text.is_empty());
        let key = match (text("ReplaceKeyWith"), text("ReplaceKeyPrefixWith")) {
            (Some(key), _) => KeyChange::With(key),
            (None, Some(prefix)) => KeyChange::PrefixWith(prefix),
            (None, None) => KeyChange::Kept,
        };
        let status = text("HttpRedirectCode").and_then(|status| status.parse().ok()).unwrap_or(MOVED_PERMANENTLY);
        Redirect { protocol: filled("Protocol"), host: filled("HostName"), key, status }
    }

    /// The address with the key as it is, and the query that was asked with.
    pub fn to(&self, asked: Asked<'_>) -> String {
        let protocol = self.protocol.as_deref().unwrap_or(asked.protocol);
        let host = self.host.as_deref().unwrap_or(asked.host);
        let join = match (asked.raw_query.is_empty(), asked.raw_key.contains('?')) {
            (true, _) => "",
            (false, true) => "&",
            (false, false) => "?",
        };
        format!("{protocol}://{host}/{}{join}{}", asked.raw_key, asked.raw_query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn website(inner: &str) -> Website {
        let document = format!("<WebsiteConfiguration>{inner}</WebsiteConfiguration>");
        Website::parse(&Element::parse(document.as_bytes()).unwrap()).unwrap()
    }

    fn rules(rules: &[(&str, &str)]) -> Website {
        let rules: Vec<String> = rules
            .iter()
            .map(|(condition, redirect)| {
                let condition =
                    if condition.is_empty() { String::new() } else { format!("<Condition>{condition}</Condition>") };
                format!("<RoutingRule>{condition}<Redirect>{redirect}</Redirect></RoutingRule>")
            })
            .collect();
        website(&format!(
            "<IndexDocument><Suffix>index.html</Suffix></IndexDocument><RoutingRules>{}</RoutingRules>",
            rules.concat()
        ))
    }

    fn location(rule: Option<&RoutingRule>, raw_key: &str, raw_query: &str) -> Option<String> {
        let asked = Asked { protocol: "http", host: "b.test:9000", raw_key, raw_query };
        rule.map(|rule| rule.location(asked, &percent::decode_path(raw_key).unwrap()))
    }

    #[test]
    fn rules_by_prefix_are_met_first() {
        let docs = "<KeyPrefixEquals>docs/</KeyPrefixEquals>";
        let site = rules(&[
            (docs, "<ReplaceKeyPrefixWith>documents/</ReplaceKeyPrefixWith>"),
            ("<KeyPrefixEquals>images/</KeyPrefixEquals>", "<ReplaceKeyWith>gone.html</ReplaceKeyWith>"),
        ]);
        for (raw_key, query, expected) in [
            ("docs/", "", Some("http://b.test:9000/documents/")),
            ("docs/a%20b", "q=1", Some("http://b.test:9000/documents/a%20b?q=1")),
            ("images/x", "", Some("http://b.test:9000/gone.html")),
            ("x", "", None),
            ("", "", None),
        ] {
            let key = percent::decode_path(raw_key).unwrap();
            assert_eq!(location(site.rule_for(&key), raw_key, query).as_deref(), expected, "{raw_key}");
            assert_eq!(site.rule_for_error(&key, 404), None);
        }
    }

    #[test]
    fn rules_by_error_are_met_after_it() {
        let prefixed =
            "<HttpErrorCodeReturnedEquals>404</HttpErrorCodeReturnedEquals><KeyPrefixEquals>images/</KeyPrefixEquals>";
        let to = "<HostName>other.test</HostName><Protocol>https</Protocol><ReplaceKeyPrefixWith>report/?key=</ReplaceKeyPrefixWith>";
        let any = "<HttpErrorCodeReturnedEquals>403</HttpErrorCodeReturnedEquals>";
        let site = rules(&[(prefixed, to), (any, "<ReplaceKeyPrefixWith>#!/</ReplaceKeyPrefixWith>")]);
        assert_eq!(site.rule_for("images/x"), None);
        let found = |status: u16, key: &str, query: &str| location(site.rule_for_error(key, status), key, query);
        assert_eq!(found(404, "images/x", "a").as_deref(), Some("https://other.test/report/?key=x&a"));
        assert_eq!(found(404, "x", ""), None);
        assert_eq!(found(403, "x", "").as_deref(), Some("http://b.test:9000/#!/x"));
    }

    #[test]
    fn redirects_of_everything_keep_path_and_query() {
        let inner = "<RedirectAllRequestsTo><HostName>other.test</HostName></RedirectAllRequestsTo>";
        let redirect = website(inner).redirect_all.unwrap();
        let asked = Asked { protocol: "https", host: "b.test", raw_key: "a%2Fb", raw_query: "c=d" };
        assert_eq!((redirect.to(asked).as_str(), redirect.status), ("https://other.test/a%2Fb?c=d", 301));
        assert_eq!(Website::parse(&Element::parse(b"<WebsiteConfiguration/>").unwrap()), None);
    }

    #[test]
    fn a_rule_without_conditions_is_for_all() {
        let site = rules(&[("", "<HostName>h</HostName><HttpRedirectCode>307</HttpRedirectCode>")]);
        let rule = site.rule_for("a").unwrap();
        assert_eq!(rule.redirect.status, 307);
        assert_eq!(location(Some(rule), "a", "").as_deref(), Some("http://h/a"));
    }
}

//! A bucket's CORS rules: the document of `PutBucketCors`, and which rule answers an origin. No HTTP in here: the caller
//! takes the headers apart and says what a refusal costs (403 for a preflight, nothing for an actual request).

use std::fmt;

use super::error_codes::Code;
use super::xml::{Declaration, Element, XmlWriter};

/// The largest document, in bytes, by the API reference.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024;

/// The most rules of a document.
pub const MAX_RULES: usize = 100;

/// The longest `ID`, in characters.
pub const MAX_ID_CHARS: usize = 255;

/// The methods that a rule may allow. A preflight of `OPTIONS` itself cannot be allowed.
pub const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];

/// What S3 sends as `Vary` when a rule matched.
const VARY: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/// A bucket's rules, at least one, in the order in which they are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsConfiguration {
    rules: Vec<CorsRule>,
}

/// One rule, its texts exactly as they were put.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CorsRule {
    /// The client's name for the rule.
    pub id: Option<String>,
    /// Header names that may be requested, each with at most one `*`.
    pub allowed_headers: Vec<String>,
    /// At least one of [`METHODS`].
    pub allowed_methods: Vec<String>,
    /// At least one origin, each with at most one `*`.
    pub allowed_origins: Vec<String>,
    /// Response headers that scripts may read.
    pub expose_headers: Vec<String>,
    /// How long a browser may remember a preflight.
    pub max_age_seconds: Option<u32>,
}

/// Why a document is not a CORS configuration. `Display` says it for the log, [`CorsProblem::message`] as S3 does. Rules are
/// counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsProblem {
    /// The root is not `CORSConfiguration`.
    WrongRoot(String),
    /// There is no `CORSRule`.
    NoRule,
    /// There are more than [`MAX_RULES`].
    TooManyRules(usize),
    /// An element that the schema does not have there.
    UnknownElement(String),
    /// A rule without the required element of that name.
    Missing {
        /// Which rule.
        rule: usize,
        /// Which element.
        element: &'static str,
    },
    /// A rule with two of an element that it may have once.
    Repeated {
        /// Which rule.
        rule: usize,
        /// Which element.
        element: &'static str,
    },
    /// An `ID` of more than [`MAX_ID_CHARS`]. Which error S3 answers was not seen; a length is the schema's business.
    IdTooLong {
        /// Which rule.
        rule: usize,
    },
    /// `MaxAgeSeconds` is not a number from 0 to 2,147,483,647.
    InvalidMaxAge(String),
    /// A method other than [`METHODS`], case included.
    UnsupportedMethod(String),
    /// An `AllowedOrigin` with two `*`.
    OriginWildcards(String),
    /// An `AllowedHeader` with two `*`.
    HeaderWildcards(String),
    /// An `ExposeHeader` with a `*`.
    ExposeHeaderWildcard(String),
}

/// What the rules say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsDecision {
    /// A rule matched; the response carries [`CorsGrant::headers`].
    Allowed(CorsGrant),
    /// None did: for each rule one sentence that says why not, for the log.
    Refused(Vec<String>),
}

/// What the matching rule grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorsGrant {
    /// Who may read the response.
    pub allow_origin: AllowOrigin,
    /// The rule's methods: `GET, PUT`.
    pub allow_methods: String,
    /// The requested headers in lower case: `content-type, x-amz-date`. None if none were requested.
    pub allow_headers: Option<String>,
    /// The rule's `ExposeHeader`s, joined; those that could not stand in a header (S3 stores any text) are left out.
    pub expose_headers: Option<String>,
    /// How long a browser may remember a preflight.
    pub max_age_seconds: Option<u32>,
}

/// The value of `Access-Control-Allow-Origin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowOrigin {
    /// `*`: the rule lists the literal `*`. Credentials are then not allowed.
    Any,
    /// The origin that asked, with credentials.
    Origin(String),
}

impl CorsConfiguration {
    /// Reads the document. The structure of all rules is checked before what is in any of them, as a schema would.
    pub fn parse(document: &Element) -> Result<CorsConfiguration, CorsProblem> {
        if document.name != "CORSConfiguration" {
            return Err(CorsProblem::WrongRoot(document.name.clone()));
        }
        if let Some(unknown) = document.children.iter().find(|child| child.name != "CORSRule") {
            return Err(CorsProblem::UnknownElement(unknown.name.clone()));
        }
        match document.children.len() {
            0 => return Err(CorsProblem::NoRule),
            1..=MAX_RULES => {}
            count => return Err(CorsProblem::TooManyRules(count)),
        }
        let rules = document.children.iter().zip(1..).map(|(element, number)| CorsRule::parse(element, number));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        rules.iter().try_for_each(CorsRule::check)?;
        Ok(CorsConfiguration { rules })
    }

    /// The rules in their order.
    pub fn rules(&self) -> &[CorsRule] {
        &self.rules
    }

    /// The document of `GetBucketCors`. The order of the elements is the response syntax of the API reference; S3's own was
    /// not seen on the wire.
    pub fn to_xml(&self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("CORSConfiguration");
        for rule in &self.rules {
            xml.open("CORSRule");
            let lists = [
                ("AllowedHeader", &rule.allowed_headers),
                ("AllowedMethod", &rule.allowed_methods),
                ("AllowedOrigin", &rule.allowed_origins),
                ("ExposeHeader", &rule.expose_headers),
            ];
            for (tag, values) in lists {
                for value in values {
                    xml.text(tag, value);
                }
            }
            xml.optional("ID", rule.id.as_deref());
            if let Some(seconds) = rule.max_age_seconds {
                xml.number("MaxAgeSeconds", seconds);
            }
            xml.close();
        }
        xml.close();
        xml.finish()
    }

    /// Finds the first rule that allows the origin, the method and every requested header.
    ///
    /// `method` is `Access-Control-Request-Method` where the request has it, on an actual request too, as S3 reads it; else
    /// the request's own. `requested_headers` are the names in `Access-Control-Request-Headers` ([`requested_headers`]),
    /// never the headers that an actual request carries.
    pub fn decide(&self, origin: &str, method: &str, requested_headers: &[&str]) -> CorsDecision {
        match self.rules.iter().find(|rule| rule.allows(origin, method, requested_headers)) {
            Some(rule) => CorsDecision::Allowed(rule.grant(origin, requested_headers)),
            None => CorsDecision::Refused(
                (1..)
                    .zip(&self.rules)
                    .map(|(number, rule)| rule.explain(number, origin, method, requested_headers))
                    .collect(),
            ),
        }
    }
}

/// The names in an `Access-Control-Request-Headers`.
pub fn requested_headers(value: &str) -> Vec<&str> {
    value.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
}

impl CorsRule {
    fn parse(element: &Element, number: usize) -> Result<CorsRule, CorsProblem> {
        let mut rule = CorsRule::default();
        for child in &element.children {
            if let Some(inner) = child.children.first() {
                return Err(CorsProblem::UnknownElement(inner.name.clone()));
            }
            let text = child.text.clone();
            match child.name.as_str() {
                "AllowedHeader" => rule.allowed_headers.push(text),
                "AllowedMethod" => rule.allowed_methods.push(text),
                "AllowedOrigin" => rule.allowed_origins.push(text),
                "ExposeHeader" => rule.expose_headers.push(text),
                "ID" if rule.id.is_some() => return Err(CorsProblem::Repeated { rule: number, element: "ID" }),
                "ID" if text.chars().count() > MAX_ID_CHARS => return Err(CorsProblem::IdTooLong { rule: number }),
                "ID" => rule.id = Some(text),
                "MaxAgeSeconds" if rule.max_age_seconds.is_some() => {
                    return Err(CorsProblem::Repeated { rule: number, element: "MaxAgeSeconds" });
                }
                "MaxAgeSeconds" => rule.max_age_seconds = Some(seconds(text)?),
                unknown => return Err(CorsProblem::UnknownElement(unknown.to_owned())),
            }
        }
        if rule.allowed_origins.is_empty() {
            return Err(CorsProblem::Missing { rule: number, element: "AllowedOrigin" });
        }
        if rule.allowed_methods.is_empty() {
            return Err(CorsProblem::Missing { rule: number, element: "AllowedMethod" });
        }
        Ok(rule)
    }

    /// What the schema would let pass. An empty `AllowedOrigin` is accepted by S3, though no browser's `Origin` is empty.
    fn check(&self) -> Result<(), CorsProblem> {
        if let Some(method) = self.allowed_methods.iter().find(|method| !METHODS.contains(&method.as_str())) {
            return Err(CorsProblem::UnsupportedMethod(method.clone()));
        }
        let twice = |pattern: &&String| pattern.matches('*').count() > 1;
        if let Some(origin) = self.allowed_origins.iter().find(twice) {
            return Err(CorsProblem::OriginWildcards(origin.clone()));
        }
        if let Some(header) = self.allowed_headers.iter().find(twice) {
            return Err(CorsProblem::HeaderWildcards(header.clone()));
        }
        if let Some(header) = self.expose_headers.iter().find(|header| header.contains('*')) {
            return Err(CorsProblem::ExposeHeaderWildcard(header.clone()));
        }
        Ok(())
    }

    fn allows(&self, origin: &str, method: &str, requested_headers: &[&str]) -> bool {
        self.allows_origin(origin)
            && self.allows_method(method)
            && requested_headers.iter().all(|header| self.allows_header(header))
    }

    /// Byte by byte: `http://a` is not `http://a/`, `http://a:80` or `HTTP://a`.
    fn allows_origin(&self, origin: &str) -> bool {
        self.allowed_origins.iter().any(|pattern| matches(pattern, origin, <[u8]>::eq))
    }

    fn allows_method(&self, method: &str) -> bool {
        self.allowed_methods.iter().any(|allowed| allowed == method)
    }

    fn allows_header(&self, header: &str) -> bool {
        self.allowed_headers.iter().any(|pattern| matches(pattern, header, <[u8]>::eq_ignore_ascii_case))
    }

    fn grant(&self, origin: &str, requested_headers: &[&str]) -> CorsGrant {
        let exposed = self.expose_headers.iter().map(String::as_str).filter(|name| is_header_text(name));
        CorsGrant {
            allow_origin: if self.allowed_origins.iter().any(|pattern| pattern == "*") {
                AllowOrigin::Any
            } else {
                AllowOrigin::Origin(origin.to_owned())
            },
            allow_methods: self.allowed_methods.join(", "),
            allow_headers: joined(requested_headers).map(|names| names.to_ascii_lowercase()),
            expose_headers: joined(&exposed.collect::<Vec<_>>()),
            max_age_seconds: self.max_age_seconds,
        }
    }

    /// Why the rule does not allow the request, in one sentence.
    fn explain(&self, number: usize, origin: &str, method: &str, requested_headers: &[&str]) -> String {
        let mut reasons = Vec::new();
        if !self.allows_origin(origin) {
            reasons.push(format!("AllowedOrigin {} does not match {origin:?}", quoted(&self.allowed_origins)));
            let slashed = |pattern: &&String| pattern.strip_suffix('/') == Some(origin);
            if let Some(pattern) = self.allowed_origins.iter().find(slashed) {
                reasons.push(format!("{pattern:?} ends with a slash, which no browser's Origin does"));
            }
        }
        if !self.allows_method(method) {
            reasons.push(format!("AllowedMethod {} does not list {method:?}", quoted(&self.allowed_methods)));
        }
        let refused: Vec<_> = requested_headers.iter().filter(|header| !self.allows_header(header)).collect();
        if !refused.is_empty() {
            let allowed = match self.allowed_headers.as_slice() {
                [] => "there is no AllowedHeader, so it allows no requested header:".to_owned(),
                headers => format!("AllowedHeader {} does not match", quoted(headers)),
            };
            reasons.push(format!("{allowed} {}", quoted(&refused)));
        }
        let name = self.id.as_ref().map(|id| format!(" ({id:?})")).unwrap_or_default();
        format!("rule {number}{name}: {}", reasons.join("; "))
    }
}

impl CorsGrant {
    /// The response headers, named and ordered as S3 sends them.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let (origin, credentials) = match &self.allow_origin {
            AllowOrigin::Any => ("*", None),
            AllowOrigin::Origin(origin) => (origin.as_str(), Some("true".to_owned())),
        };
        [
            ("Access-Control-Allow-Origin", Some(origin.to_owned())),
            ("Access-Control-Allow-Methods", Some(self.allow_methods.clone())),
            ("Access-Control-Allow-Headers", self.allow_headers.clone()),
            ("Access-Control-Expose-Headers", self.expose_headers.clone()),
            ("Access-Control-Max-Age", self.max_age_seconds.map(|seconds| seconds.to_string())),
            ("Access-Control-Allow-Credentials", credentials),
            ("Vary", Some(VARY.to_owned())),
        ]
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .collect()
    }
}

impl CorsProblem {
    /// `MalformedXML` or `InvalidRequest`.
    pub fn code(&self) -> Code {
        match self {
            CorsProblem::UnsupportedMethod(_)
            | CorsProblem::OriginWildcards(_)
            | CorsProblem::HeaderWildcards(_)
            | CorsProblem::ExposeHeaderWildcard(_) => Code::InvalidRequest,
            CorsProblem::WrongRoot(_)
            | CorsProblem::NoRule
            | CorsProblem::TooManyRules(_)
            | CorsProblem::UnknownElement(_)
            | CorsProblem::Missing { .. }
            | CorsProblem::Repeated { .. }
            | CorsProblem::IdTooLong { .. }
            | CorsProblem::InvalidMaxAge(_) => Code::MalformedXml,
        }
    }

    /// S3's sentence.
    pub fn message(&self) -> String {
        match self {
            CorsProblem::UnsupportedMethod(method) => {
                format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}")
            }
            CorsProblem::OriginWildcards(origin) => {
                format!("AllowedOrigin \"{origin}\" can not have more than one wildcard.")
            }
            CorsProblem::HeaderWildcards(header) => {
                format!("AllowedHeader \"{header}\" can not have more than one wildcard.")
            }
            CorsProblem::ExposeHeaderWildcard(header) => format!(
                "ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader."
            ),
            malformed => malformed.code().message().to_owned(),
        }
    }
}

impl fmt::Display for CorsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CorsProblem::WrongRoot(name) => write!(f, "the root is {name:?}, not \"CORSConfiguration\""),
            CorsProblem::NoRule => f.write_str("there is no CORSRule"),
            CorsProblem::TooManyRules(count) => write!(f, "there are {count} rules; {MAX_RULES} is the most"),
            CorsProblem::UnknownElement(name) => write!(f, "a CORS configuration has no element {name:?} there"),
            CorsProblem::Missing { rule, element } => write!(f, "rule {rule} has no {element}"),
            CorsProblem::Repeated { rule, element } => write!(f, "rule {rule} has more than one {element}"),
            CorsProblem::IdTooLong { rule } => {
                write!(f, "the ID of rule {rule} is longer than {MAX_ID_CHARS} characters")
            }
            CorsProblem::InvalidMaxAge(text) => write!(f, "MaxAgeSeconds {text:?} is not a number of seconds"),
            _ => f.write_str(&self.message()),
        }
    }
}

impl std::error::Error for CorsProblem {}

/// S3's model has a signed 32-bit number here; a negative age makes no sense, and what S3 says to one was not seen.
fn seconds(text: String) -> Result<u32, CorsProblem> {
    match text.trim().parse::<i32>().map(u32::try_from) {
        Ok(Ok(seconds)) => Ok(seconds),
        _ => Err(CorsProblem::InvalidMaxAge(text)),
    }
}

/// Whether a pattern with at most one `*`, which stands for any text, the empty one too, covers the whole value.
fn matches(pattern: &str, value: &str, same: fn(&[u8], &[u8]) -> bool) -> bool {
    let (pattern, value) = (pattern.as_bytes(), value.as_bytes());
    let Some(star) = pattern.iter().position(|&byte| byte == b'*') else {
        return same(pattern, value);
    };
    let (head, tail) = (&pattern[..star], &pattern[star + 1..]);
    value.len() >= head.len() + tail.len()
        && same(head, &value[..head.len()])
        && same(tail, &value[value.len() - tail.len()..])
}

fn is_header_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn joined(names: &[&str]) -> Option<String> {
    if names.is_empty() { None } else { Some(names.join(", ")) }
}

/// `"a", "b"`, escaped: the texts come from outside and end up in a log.
fn quoted(texts: &[impl fmt::Debug]) -> String {
    texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;

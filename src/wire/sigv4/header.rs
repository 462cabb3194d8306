//! The `Authorization` header: its grammar and its credential scope. Not the verification, which needs a key.

use super::canonical::{Canonical, Mechanism, Request};
use super::date::AmzDate;
use super::scope::{Credential, Scope, ScopeError};
use super::signed_headers::SignedHeaders;
use super::{ALGORITHM, ALGORITHM_ECDSA};

/// What an `Authorization` header wants to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthScheme {
    /// Empty: S3 treats the request as anonymous.
    Anonymous,
    /// `AWS4-HMAC-SHA256 …`.
    SigV4,
    /// `AWS4-ECDSA-P256-SHA256 …`.
    SigV4A,
    /// `AWS AKID:signature`.
    SigV2,
}

impl AuthScheme {
    /// Looks at the first word. Errors are [`HeaderAuthError::SpaceRequired`] and [`HeaderAuthError::UnsupportedType`].
    pub fn of(value: &str) -> Result<Self, HeaderAuthError> {
        let value = value.trim();
        if value.is_empty() {
            return Ok(Self::Anonymous);
        }
        let (scheme, _) = value.split_once(' ').ok_or(HeaderAuthError::SpaceRequired)?;
        match scheme {
            ALGORITHM => Ok(Self::SigV4),
            ALGORITHM_ECDSA => Ok(Self::SigV4A),
            "AWS" => Ok(Self::SigV2),
            _ => Err(HeaderAuthError::UnsupportedType),
        }
    }
}

/// A parsed `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderAuth {
    /// Whose key.
    pub access_key: String,
    /// What it was derived for.
    pub scope: Scope,
    /// The headers that it covers.
    pub signed_headers: SignedHeaders,
    /// As sent.
    pub signature: String,
}

impl HeaderAuth {
    /// Parses the header. Only the form is judged: see [`HeaderAuth::check_scope`] for the contents of the scope.
    pub fn parse(value: &str) -> Result<Self, HeaderAuthError> {
        if AuthScheme::of(value)? != AuthScheme::SigV4 {
            return Err(HeaderAuthError::UnsupportedType);
        }
        let components = value.trim().strip_prefix(ALGORITHM).unwrap_or_default();
        let components: Vec<&str> = components.split(',').map(str::trim).collect();
        if components.len() < 3 {
            return Err(HeaderAuthError::ThreeComponents);
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for component in components {
            let malformed = || HeaderAuthError::Component { component: component.to_owned() };
            let (name, value) = component.split_once('=').ok_or_else(malformed)?;
            match name.trim() {
                "Credential" => credential = Some(value.trim()),
                "SignedHeaders" => signed_headers = Some(value.trim()),
                "Signature" => signature = Some(value.trim()),
                _ => {}
            }
        }
        let missing = |name| move || HeaderAuthError::Missing { name };
        let present = |value: &&str| !value.is_empty();
        let credential = credential.filter(present).ok_or_else(missing("Credential"))?;
        let signed_headers = signed_headers.filter(present).ok_or_else(missing("SignedHeaders"))?;
        let signature = signature.filter(present).ok_or_else(missing("Signature"))?;
        let credential = Credential::parse(credential).map_err(HeaderAuthError::Scope)?;
        Ok(Self {
            access_key: credential.access_key,
            scope: credential.scope,
            signed_headers: SignedHeaders::parse(signed_headers),
            signature: signature.to_owned(),
        })
    }

    /// Checks day, service, terminal and region. AWS's order among them is not pinned anywhere; this is the documented one.
    pub fn check_scope(&self, date: AmzDate, expected_region: &str) -> Result<(), HeaderAuthError> {
        self.scope.check_day().map_err(HeaderAuthError::Scope)?;
        if !self.scope.is_of(date) {
            return Err(HeaderAuthError::DateMismatch);
        }
        self.scope.check(expected_region).map_err(HeaderAuthError::Scope)
    }

    /// The canonical request to verify, with `x-amz-content-sha256` as it was sent.
    pub fn canonical(&self, request: Request<'_>, payload_hash: &str) -> Canonical {
        Canonical::of(request, Mechanism::Header, &self.signed_headers, payload_hash)
    }
}

/// What is wrong with an `Authorization` header. The first two are 400 `InvalidArgument` with the extra elements
/// `ArgumentName` = `Authorization` and `ArgumentValue`; all others are 400 `AuthorizationHeaderMalformed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeaderAuthError {
    /// One word only.
    SpaceRequired,
    /// Another scheme.
    UnsupportedType,
    /// Fewer than three components.
    ThreeComponents,
    /// A component is not there, or empty.
    Missing {
        /// `Credential`, `SignedHeaders` or `Signature`.
        name: &'static str,
    },
    /// A component is not `name=value`.
    Component {
        /// As sent.
        component: String,
    },
    /// The credential or its scope.
    Scope(ScopeError),
    /// The credential's day is another than that of `x-amz-date` or `Date`.
    DateMismatch,
}

impl HeaderAuthError {
    /// AWS's sentence. Sources: S3 as recorded by s3-tests, LocalStack and versitygw.
    pub fn message(&self) -> String {
        let sentence = match self {
            Self::SpaceRequired => {
                return "Authorization header is invalid -- one and only one ' ' (space) required".to_owned();
            }
            Self::UnsupportedType => return "Unsupported Authorization Type".to_owned(),
            Self::ThreeComponents => {
                "the authorization header requires three components: Credential, SignedHeaders, and Signature."
                    .to_owned()
            }
            Self::Missing { name } => format!("missing {name}."),
            Self::Component { component } => format!(r#"the authorization component "{component}" is malformed."#),
            Self::Scope(error) => error.sentence(),
            Self::DateMismatch => "Invalid credential date. Date is not the same as X-Amz-Date.".to_owned(),
        };
        format!("The authorization header is malformed; {sentence}")
    }

    /// The value of the error's `Region` element, when the region is what is wrong.
    pub fn expected_region(&self) -> Option<&str> {
        if let Self::Scope(error) = self { error.expected_region() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request, \
                        SignedHeaders=host;x-amz-date, Signature=abc";

    fn message_of(value: &str) -> String {
        HeaderAuth::parse(value).unwrap_err().message()
    }

    #[test]
    fn three_components_with_or_without_spaces() {
        let auth = HeaderAuth::parse(GOOD).unwrap();
        assert_eq!((auth.access_key.as_str(), auth.signature.as_str()), ("AKID", "abc"));
        assert_eq!(auth.signed_headers.to_string(), "host;x-amz-date");
        assert_eq!(HeaderAuth::parse(&GOOD.replace(", ", ",")).unwrap(), auth);
        assert_eq!(auth.check_scope(AmzDate::parse("20130524T120000Z").unwrap(), "us-east-1"), Ok(()));
    }

    #[test]
    fn schemes() {
        assert_eq!(AuthScheme::of("  "), Ok(AuthScheme::Anonymous));
        assert_eq!(AuthScheme::of(GOOD), Ok(AuthScheme::SigV4));
        assert_eq!(AuthScheme::of("AWS AKID:sig="), Ok(AuthScheme::SigV2));
        assert_eq!(AuthScheme::of("AWS4-ECDSA-P256-SHA256 Credential=x"), Ok(AuthScheme::SigV4A));
        assert_eq!(message_of("garbage"), "Authorization header is invalid -- one and only one ' ' (space) required");
        assert_eq!(message_of("AWS4-HMAC-SHA512 Credential=x"), "Unsupported Authorization Type");
    }

    #[test]
    fn every_sentence_about_the_components() {
        let cases = [
            (
                "AWS4-HMAC-SHA256 a",
                "the authorization header requires three components: Credential, SignedHeaders, and Signature.",
            ),
            ("AWS4-HMAC-SHA256 a,b,c", "the authorization component \"a\" is malformed."),
            ("AWS4-HMAC-SHA256 X=1,SignedHeaders=h,Signature=s", "missing Credential."),
            ("AWS4-HMAC-SHA256 Credential=,SignedHeaders=h,Signature=s", "missing Credential."),
            ("AWS4-HMAC-SHA256 Credential=c,X=1,Signature=s", "missing SignedHeaders."),
            ("AWS4-HMAC-SHA256 Credential=c,SignedHeaders=h,X=1", "missing Signature."),
            (
                "AWS4-HMAC-SHA256 Credential=c,SignedHeaders=h,Signature=s",
                "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".",
            ),
        ];
        for (value, sentence) in cases {
            assert_eq!(message_of(value), format!("The authorization header is malformed; {sentence}"), "{value}");
        }
    }

    #[test]
    fn every_sentence_about_the_scope() {
        let date = AmzDate::parse("20130524T000000Z").unwrap();
        let cases = [
            (
                "x/r/s3/aws4_request",
                "incorrect date format \"x\". This date in the credential must be in the format \"yyyyMMdd\".",
            ),
            ("20130523/r/s3/aws4_request", "Invalid credential date. Date is not the same as X-Amz-Date."),
            ("20130524/r/iam/aws4_request", "incorrect service \"iam\". This endpoint belongs to \"s3\"."),
            ("20130524/r/s3/x", "incorrect terminal \"x\". This endpoint uses \"aws4_request\"."),
            ("20130524/us-west-2/s3/aws4_request", "the region 'us-west-2' is wrong; expecting 'us-east-1'"),
        ];
        for (scope, sentence) in cases {
            let value = format!("AWS4-HMAC-SHA256 Credential=AKID/{scope},SignedHeaders=h,Signature=s");
            let error = HeaderAuth::parse(&value).unwrap().check_scope(date, "us-east-1").unwrap_err();
            assert_eq!(error.message(), format!("The authorization header is malformed; {sentence}"));
            assert_eq!(error.expected_region().is_some(), scope.contains("us-west-2"));
        }
    }
}

//! Presigned URLs: reading and judging the query's authentication. Making such URLs is in `presigner`; not `SigV2`.

use http::HeaderMap;

use super::canonical::{self, Canonical, Mechanism, Request};
use super::date::{AmzDate, MAX_SKEW_SECONDS};
use super::scope::{Credential, Scope, ScopeError};
use super::signed_headers::SignedHeaders;
use super::{ALGORITHM, ALGORITHM_ECDSA};
use crate::wire::query::Query;

/// All of these must be there. Names are case-sensitive, and of duplicates the first counts.
pub const REQUIRED_PARAMETERS: [&str; 6] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires"];

/// A week: the longest validity. Exactly a week is accepted, whatever AWS's sentence says (seen on AWS).
const MAX_EXPIRES_SECONDS: i64 = 604_800;

/// [`REQUIRED_PARAMETERS`] and two more belong to the authentication and are no headers.
const NOT_HOISTED: [&str; 8] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-Date",
    "X-Amz-SignedHeaders",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Content-Sha256",
];

/// The authentication in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresignAuth {
    /// Whose key.
    pub access_key: String,
    /// What it was derived for.
    pub scope: Scope,
    /// The headers that the signature covers.
    pub signed_headers: SignedHeaders,
    /// As sent.
    pub signature: String,
    /// When the URL was made.
    pub date: AmzDate,
    /// How long it is good for, in seconds: 0 to 604800.
    pub expires_seconds: i64,
    /// `X-Amz-Security-Token`.
    pub session_token: Option<String>,
}

impl PresignAuth {
    /// Parses and validates, in S3's order as far as it is known. Expiry is judged by [`PresignAuth::check_expiry`].
    pub fn parse(query: &Query, expected_region: &str) -> Result<Self, PresignError> {
        let sent = |name| query.first(name).filter(|value| !value.is_empty()).ok_or(PresignError::MissingParameter);
        let [algorithm, credential, signature, date, signed_headers, expires] = REQUIRED_PARAMETERS.map(sent);
        let (algorithm, credential, signature) = (algorithm?, credential?, signature?);
        let (date_text, signed_headers, expires) = (date?, signed_headers?, expires?);

        match algorithm {
            ALGORITHM => {}
            ALGORITHM_ECDSA => return Err(PresignError::SigV4A),
            _ => return Err(PresignError::Algorithm),
        }
        let Credential { access_key, scope } = Credential::parse(credential).map_err(PresignError::Scope)?;
        scope.check_day().and_then(|()| scope.check(expected_region)).map_err(PresignError::Scope)?;
        let date = AmzDate::parse_iso_basic(date_text).ok_or(PresignError::DateFormat)?;
        if !scope.is_of(date) {
            return Err(PresignError::DateMismatch { credential: scope.date, date: date.day() });
        }
        Ok(Self {
            access_key,
            scope,
            signed_headers: SignedHeaders::parse(signed_headers),
            signature: signature.to_owned(),
            date,
            expires_seconds: parse_expires(expires)?,
            session_token: query.first("X-Amz-Security-Token").map(str::to_owned),
        })
    }

    /// Whether the URL is good at `now`. To be asked before the signature is compared. Being a little ahead of the
    /// server is fine (15 minutes), being old is what `X-Amz-Expires` is for.
    pub fn check_expiry(&self, now: i64) -> Result<(), ExpiryError> {
        let expires_at = self.expires_at();
        if self.date.unix_seconds() > now.saturating_add(MAX_SKEW_SECONDS) {
            return Err(ExpiryError::NotYetValid {
                date_epoch_ms: self.date.unix_seconds().saturating_mul(1000),
                expires_at,
                server_time: now,
            });
        }
        // S3 says "now > expiry" with milliseconds; `now` has lost its own, so at least the same second means later.
        if now >= expires_at {
            return Err(ExpiryError::Expired { expires_seconds: self.expires_seconds, expires_at, server_time: now });
        }
        Ok(())
    }

    /// The moment at which the URL ends, in seconds since the Unix epoch.
    pub fn expires_at(&self) -> i64 {
        self.date.unix_seconds().saturating_add(self.expires_seconds)
    }

    /// The payload hash of such a request: `x-amz-content-sha256` if it was sent (in the headers, else in the query),
    /// signed or not, else `UNSIGNED-PAYLOAD`.
    pub fn payload_hash(request: Request<'_>) -> String {
        canonical::presigned_payload_hash(request.headers, request.raw_query)
    }

    /// The query parameters that stand for headers, with names in lower case: `x-amz-*` (SDKs for JavaScript and Java
    /// put them there) and the conditions `if-match` and `if-none-match`. They count although they are not in
    /// `SignedHeaders`. Checksums count only if they are in it: the JavaScript SDK puts the checksum of an empty body
    /// into URLs, and AWS ignores it (seen by LocalStack). A header of the same name that was sent wins: see
    /// [`PresignAuth::conflicts`].
    pub fn hoisted_headers<'q>(&self, query: &'q Query) -> Vec<(String, &'q str)> {
        let is_header = |name: &str| match name {
            "if-match" | "if-none-match" => true,
            _ if NOT_HOISTED.iter().any(|other| other.eq_ignore_ascii_case(name)) => false,
            // Asks for checksums in the answer; it is no checksum itself.
            "x-amz-checksum-mode" => true,
            _ if name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm" => {
                self.signed_headers.contains(name)
            }
            _ => name.starts_with("x-amz-"),
        };
        let mut headers: Vec<(String, &str)> = vec![];
        for (name, value) in query.pairs() {
            let name = name.to_ascii_lowercase();
            if is_header(&name) && !headers.iter().any(|(other, _)| *other == name) {
                headers.push((name, value));
            }
        }
        headers
    }

    /// Names that were sent both as a header and as a hoisted parameter, with different values: S3 answers
    /// `SignatureDoesNotMatch` (seen by LocalStack), whatever the signature says.
    pub fn conflicts(&self, query: &Query, headers: &HeaderMap) -> Vec<String> {
        let differs = |(name, value): &(String, &str)| {
            canonical::header_value(headers, name).is_some_and(|sent| sent != canonical::collapse(value.as_bytes()))
        };
        self.hoisted_headers(query).into_iter().filter(differs).map(|(name, _)| name).collect()
    }

    /// The canonical request to verify.
    pub fn canonical(&self, request: Request<'_>) -> Canonical {
        Canonical::of(request, Mechanism::Presigned, &self.signed_headers, &Self::payload_hash(request))
    }
}

fn parse_expires(text: &str) -> Result<i64, PresignError> {
    let seconds: i64 = text.parse().map_err(|_| PresignError::ExpiresNotANumber)?;
    match seconds {
        ..0 => Err(PresignError::ExpiresNegative),
        0..=MAX_EXPIRES_SECONDS => Ok(seconds),
        _ => Err(PresignError::ExpiresTooLong),
    }
}

/// What is wrong with the query's parameters: 400 `AuthorizationQueryParametersError`, but for
/// [`PresignError::SigV4A`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresignError {
    /// One of [`REQUIRED_PARAMETERS`] is not there, or empty.
    MissingParameter,
    /// Unknown algorithm.
    Algorithm,
    /// `SigV4A`, which S3 takes for multi-region access points only, and which is not implemented here.
    SigV4A,
    /// The credential or its scope.
    Scope(ScopeError),
    /// `X-Amz-Date` is not in the ISO basic form.
    DateFormat,
    /// The credential's day is another than that of `X-Amz-Date`.
    DateMismatch {
        /// The credential's `yyyyMMdd`.
        credential: String,
        /// The day of `X-Amz-Date`.
        date: String,
    },
    /// `X-Amz-Expires` is not an integer.
    ExpiresNotANumber,
    /// `X-Amz-Expires` is below 0.
    ExpiresNegative,
    /// `X-Amz-Expires` is above 604800.
    ExpiresTooLong,
}

impl PresignError {
    /// AWS's sentence. Sources: S3 as recorded by LocalStack and versitygw.
    pub fn message(&self) -> String {
        match self {
            Self::MissingParameter => {
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
                 X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
                    .to_owned()
            }
            Self::Algorithm => {
                r#"X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256""#.to_owned()
            }
            Self::SigV4A => {
                "AWS4-ECDSA-P256-SHA256 (SigV4A) is not supported here. Please use AWS4-HMAC-SHA256.".to_owned()
            }
            Self::Scope(error) => format!("Error parsing the X-Amz-Credential parameter; {}", error.sentence()),
            Self::DateFormat => {
                r#"X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'""#.to_owned()
            }
            Self::DateMismatch { credential, date } => format!(
                r#"Invalid credential date "{credential}". This date is not the same as X-Amz-Date: "{date}"."#
            ),
            Self::ExpiresNotANumber => "X-Amz-Expires should be a number".to_owned(),
            Self::ExpiresNegative => "X-Amz-Expires must be non-negative".to_owned(),
            Self::ExpiresTooLong => {
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
                 604800 seconds"
                    .to_owned()
            }
        }
    }

    /// The value of the error's `Region` element, when the region is what is wrong.
    pub fn expected_region(&self) -> Option<&str> {
        if let Self::Scope(error) = self { error.expected_region() } else { None }
    }
}

/// The URL is out of its time: 403 `AccessDenied`. Times are in seconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryError {
    /// Elements in this order: `X-Amz-Expires`, `Expires`, `ServerTime`.
    Expired {
        /// `X-Amz-Expires`.
        expires_seconds: i64,
        /// `Expires`.
        expires_at: i64,
        /// `ServerTime`.
        server_time: i64,
    },
    /// Elements in this order: `X-Amz-Date`, `Expires`, `ServerTime`.
    NotYetValid {
        /// `X-Amz-Date`, which AWS shows in milliseconds since the Unix epoch here.
        date_epoch_ms: i64,
        /// `Expires`.
        expires_at: i64,
        /// `ServerTime`.
        server_time: i64,
    },
}

impl ExpiryError {
    /// AWS's sentence.
    pub fn message(&self) -> String {
        match self {
            Self::Expired { .. } => "Request has expired",
            Self::NotYetValid { .. } => "Request is not yet valid",
        }
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_369_353_600;
    const GOOD: &str = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                        &X-Amz-Date=20130524T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=abc";

    fn parse(raw: &str) -> Result<PresignAuth, PresignError> {
        PresignAuth::parse(&Query::parse(raw).unwrap(), "us-east-1")
    }

    #[test]
    fn all_six_are_required() {
        assert_eq!(parse(GOOD).unwrap().expires_seconds, 60);
        for name in REQUIRED_PARAMETERS {
            let error = parse(&GOOD.replace(name, "X-Amz-Other")).unwrap_err();
            assert_eq!(error, PresignError::MissingParameter, "{name}");
            assert!(error.message().ends_with("X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."));
        }
    }

    #[test]
    fn the_first_duplicate_wins() {
        assert_eq!(parse(&format!("X-Amz-Expires=7&{GOOD}")).unwrap().expires_seconds, 7);
    }

    #[test]
    fn every_sentence() {
        let expecting = "the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".";
        let credential = |sentence: &str| format!("Error parsing the X-Amz-Credential parameter; {sentence}");
        let week = "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less \
                    than 604800 seconds";
        let cases = [
            (
                "SHA256&",
                "SHA512&",
                "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"".into(),
            ),
            ("%2F", "%252F", credential(expecting)),
            (
                "%2Fs3",
                "%2Fexecute-api",
                credential("incorrect service \"execute-api\". This endpoint belongs to \"s3\"."),
            ),
            ("us-east-1", "us-west-2", credential("the region 'us-west-2' is wrong; expecting 'us-east-1'")),
            ("aws4_request", "x", credential("incorrect terminal \"x\". This endpoint uses \"aws4_request\".")),
            (
                "F20130524%2F",
                "F2013%2F",
                credential(
                    "incorrect date format \"2013\". This date in the credential must be in the format \"yyyyMMdd\".",
                ),
            ),
            (
                "F20130524%2F",
                "F20130525%2F",
                "Invalid credential date \"20130525\". This date is not the same as X-Amz-Date: \"20130524\".".into(),
            ),
            (
                "20130524T000000Z",
                "today",
                "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".into(),
            ),
            ("Expires=60", "Expires=ten", "X-Amz-Expires should be a number".into()),
            ("Expires=60", "Expires=-1", "X-Amz-Expires must be non-negative".into()),
            ("Expires=60", "Expires=604801", week.into()),
        ];
        for (from, to, message) in cases {
            assert_eq!(parse(&GOOD.replace(from, to)).unwrap_err().message(), message);
        }
        assert_eq!(parse(&GOOD.replace("Expires=60", "Expires=604800")).unwrap().expires_seconds, 604_800);
        assert_eq!(parse(&GOOD.replace("AWS4-HMAC-SHA256", ALGORITHM_ECDSA)), Err(PresignError::SigV4A));
    }

    #[test]
    fn expiry_and_future() {
        let auth = parse(GOOD).unwrap();
        assert_eq!(auth.check_expiry(NOW + 59), Ok(()));
        assert_eq!(auth.check_expiry(NOW - 900), Ok(()));
        let expired = auth.check_expiry(NOW + 60).unwrap_err();
        let (expires_at, server_time) = (NOW + 60, NOW + 60);
        assert_eq!(expired, ExpiryError::Expired { expires_seconds: 60, expires_at, server_time });
        assert_eq!(expired.message(), "Request has expired");
        let early = auth.check_expiry(NOW - 901).unwrap_err();
        let server_time = NOW - 901;
        assert_eq!(early, ExpiryError::NotYetValid { date_epoch_ms: NOW * 1000, expires_at, server_time });
        assert_eq!(early.message(), "Request is not yet valid");
        assert!(parse(&GOOD.replace("Expires=60", "Expires=0")).unwrap().check_expiry(NOW).is_err());
    }

    #[test]
    fn hoisted_parameters_stand_for_headers() {
        let raw = "If-None-Match=%2A&x-id=PutObject&X-Amz-Meta-A=1&x-amz-meta-a=2&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD\
                   &x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&x-amz-security-token=t";
        let auth = parse(GOOD).unwrap();
        let query = Query::parse(&format!("{GOOD}&{raw}")).unwrap();
        let hoisted = auth.hoisted_headers(&query);
        assert_eq!(hoisted, [("if-none-match".to_owned(), "*"), ("x-amz-meta-a".to_owned(), "1")]);
        let signed = parse(&GOOD.replace("=host", "=host%3Bx-amz-checksum-crc32")).unwrap();
        assert!(signed.hoisted_headers(&query).contains(&("x-amz-checksum-crc32".to_owned(), "AAAAAA==")));

        let mut headers = HeaderMap::new();
        headers.insert("x-amz-meta-a", " 1 ".parse().unwrap());
        assert!(auth.conflicts(&query, &headers).is_empty());
        headers.insert("x-amz-meta-a", "2".parse().unwrap());
        assert_eq!(auth.conflicts(&query, &headers), ["x-amz-meta-a"]);
    }
}

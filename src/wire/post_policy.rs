//! The policy of an upload by HTML form (`POST Object`): what it says, whether a form keeps to it, and its signature. Not the
//! form: its fields come with their variables (`${filename}`) filled in, as S3 compares them.
//!
//! Sources: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html> and
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html>; the sentences were seen on AWS.

mod problem;

use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

use super::json::Json;
use super::sigv2;
use super::sigv4::{Scope, SigningKey, signatures_match};
use super::time::Timestamp;

pub use problem::PostPolicyProblem;

/// Base64 whose padding may be missing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Fields that need no condition, in lower case: the file, and what was not there yet when the policy was signed.
const FREE_FIELDS: [&str; 5] = ["awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"];

/// What begins the names of other fields that need none.
const FREE_PREFIX: &str = "x-ignore-";

/// What a form may contain, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostPolicy {
    /// After this moment the policy is void.
    pub expiration: Timestamp,
    /// All of these have to hold.
    pub conditions: Vec<PostCondition>,
}

/// One condition, and how S3 shows it when it fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostCondition {
    /// What has to hold.
    pub test: PostTest,
    /// `["eq", "$acl", "public-read"]`, also of `{"acl": "public-read"}`.
    pub shown: String,
}

/// What has to hold of a form. Names of fields are in lower case, values case-sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PostTest {
    /// The field has this value.
    Equals {
        /// Which field.
        field: String,
        /// The value.
        value: String,
    },
    /// The field is there, and its value begins so. Of `Content-Type`, every item of a list separated by commas.
    StartsWith {
        /// Which field.
        field: String,
        /// The beginning; any value has an empty one.
        prefix: String,
    },
    /// The file is of such a size.
    ContentLengthRange {
        /// The smallest, inclusive. A negative one is a number like any other.
        min_bytes: i64,
        /// The largest, inclusive.
        max_bytes: i64,
    },
    /// A condition that is well-formed but that nothing fulfils: a field without its `$`, a size that is no number.
    Never,
}

/// A form, but for its file.
#[derive(Clone, Copy, Debug)]
pub struct Form<'a> {
    /// The bucket that it is sent to.
    pub bucket: &'a str,
    /// Its fields, with variables filled in. Names are compared without regard to case; of several of a name the first counts.
    pub fields: &'a [(&'a str, &'a str)],
}

impl PostPolicy {
    /// Reads the form's field `policy`.
    pub fn parse(encoded: &str) -> Result<PostPolicy, PostPolicyProblem> {
        let encoded = encoded.trim();
        if encoded.is_empty() {
            return Err(PostPolicyProblem::Empty);
        }
        let document = BASE64.decode(encoded).map_err(|_| PostPolicyProblem::NotBase64)?;
        let json = Json::parse(&document).map_err(|error| PostPolicyProblem::InvalidJson(error.to_string()))?;
        let members = json.members().ok_or_else(|| PostPolicyProblem::InvalidJson("it is no object".to_owned()))?;
        let expiration = json.member("expiration").ok_or(PostPolicyProblem::NoExpiration)?;
        let conditions = json.member("conditions").ok_or(PostPolicyProblem::NoConditions)?;
        if let Some((name, _)) = members.iter().find(|(name, _)| name != "expiration" && name != "conditions") {
            return Err(PostPolicyProblem::UnexpectedMember(name.clone()));
        }
        let text = expiration.as_str().map_or_else(|| expiration.to_string(), str::to_owned);
        // In UTC, as the documentation has it; other forms of ISO 8601 are refused.
        let in_utc = text.contains('T') && text.ends_with('Z');
        let expiration = Timestamp::parse_iso8601(&text).filter(|_| in_utc);
        let expiration = expiration.ok_or(PostPolicyProblem::Expiration(text))?;
        let Json::Array(conditions) = conditions else { return Err(PostPolicyProblem::ConditionsNotList) };
        let conditions = conditions.iter().map(PostCondition::parse).collect::<Result<_, _>>()?;
        Ok(PostPolicy { expiration, conditions })
    }

    /// Whether the form keeps to the policy, but for the size of its file: what can be said before the file comes.
    ///
    /// Every field has to be covered by a condition, and so has the bucket.
    pub fn check(&self, form: Form<'_>, now: Timestamp) -> Result<(), PostPolicyProblem> {
        if self.expiration < now {
            return Err(PostPolicyProblem::Expired);
        }
        // A condition that fails is said before a field that none covers (seen on AWS).
        if let Some(failed) = self.conditions.iter().find(|condition| !condition.test.holds(form)) {
            return Err(PostPolicyProblem::Failed(failed.shown.clone()));
        }
        let names = form.fields.iter().map(|(name, _)| name.to_ascii_lowercase());
        match names.chain(["bucket".to_owned()]).find(|name| !is_free(name) && !self.covers(name)) {
            Some(extra) => Err(PostPolicyProblem::ExtraField(extra)),
            None => Ok(()),
        }
    }

    /// Whether the policy takes a file of this size.
    pub fn check_size(&self, size_bytes: u64) -> Result<(), PostPolicyProblem> {
        for condition in &self.conditions {
            let PostTest::ContentLengthRange { min_bytes, max_bytes } = condition.test else { continue };
            let compared = i64::try_from(size_bytes).unwrap_or(i64::MAX);
            if compared > max_bytes {
                return Err(PostPolicyProblem::TooLarge { size_bytes, max_bytes });
            }
            if compared < min_bytes {
                return Err(PostPolicyProblem::TooSmall { size_bytes, min_bytes });
            }
        }
        Ok(())
    }

    /// The largest file that the policy takes, if it says so: more need not be read.
    pub fn max_bytes(&self) -> Option<u64> {
        let max = |condition: &PostCondition| match condition.test {
            PostTest::ContentLengthRange { max_bytes, .. } => Some(u64::try_from(max_bytes).unwrap_or(0)),
            _ => None,
        };
        self.conditions.iter().filter_map(max).min()
    }

    fn covers(&self, name: &str) -> bool {
        self.conditions.iter().any(|condition| match &condition.test {
            PostTest::Equals { field, .. } | PostTest::StartsWith { field, .. } => field == name,
            PostTest::ContentLengthRange { .. } | PostTest::Never => false,
        })
    }
}

fn is_free(name: &str) -> bool {
    FREE_FIELDS.contains(&name) || name.starts_with(FREE_PREFIX)
}

impl PostCondition {
    fn parse(json: &Json) -> Result<PostCondition, PostPolicyProblem> {
        match json {
            Json::Object(members) => {
                let [(field, value)] = members.as_slice() else { return Err(PostPolicyProblem::SimpleMembers) };
                let value = value.as_str().ok_or(PostPolicyProblem::SimpleValue)?;
                let quoted = |text: &str| Json::String(text.to_owned());
                let shown = Json::Array(vec![quoted("eq"), quoted(&format!("${field}")), quoted(value)]);
                let test = PostTest::Equals { field: field.to_ascii_lowercase(), value: value.to_owned() };
                Ok(PostCondition { test, shown: format!("{shown:#}") })
            }
            Json::Array(items) => {
                let (operation, arguments) = items.split_first().ok_or(PostPolicyProblem::NoOperation)?;
                let test = PostTest::parse(operation, arguments)?;
                Ok(PostCondition { test, shown: format!("{json:#}") })
            }
            _ => Err(PostPolicyProblem::ConditionKind),
        }
    }
}

impl PostTest {
    /// Reads what stands in brackets. The names of operations are compared without regard to case.
    fn parse(operation: &Json, arguments: &[Json]) -> Result<PostTest, PostPolicyProblem> {
        let wrong_kind = |what: &str| PostPolicyProblem::InvalidJson(format!("{what} is of the wrong kind"));
        let name = operation.as_str().ok_or_else(|| wrong_kind("an operation"))?;
        let lower = name.to_ascii_lowercase();
        if !["eq", "starts-with", "content-length-range"].contains(&lower.as_str()) {
            return Err(PostPolicyProblem::UnknownOperation(name.to_owned()));
        }
        let [first, second] = arguments else { return Err(PostPolicyProblem::ArgumentCount(name.to_owned())) };
        if lower == "content-length-range" {
            return Ok(match (bytes(first), bytes(second)) {
                (Some(min_bytes), Some(max_bytes)) => PostTest::ContentLengthRange { min_bytes, max_bytes },
                _ => PostTest::Never,
            });
        }
        let field = first.as_str().ok_or_else(|| wrong_kind("a field"))?;
        let value = match second {
            Json::String(text) => text.clone(),
            Json::Number(_) => second.to_string(),
            _ => return Err(wrong_kind("a value")),
        };
        Ok(match field.strip_prefix('$').filter(|field| !field.is_empty()) {
            Some(field) if lower == "eq" => PostTest::Equals { field: field.to_ascii_lowercase(), value },
            Some(field) => PostTest::StartsWith { field: field.to_ascii_lowercase(), prefix: value },
            None => PostTest::Never,
        })
    }

    fn holds(&self, form: Form<'_>) -> bool {
        match self {
            PostTest::Equals { field, value } => form.value(field) == Some(value),
            PostTest::StartsWith { field, prefix } => form.value(field).is_some_and(|value| {
                if field == "content-type" {
                    value.split(',').all(|item| item.trim().starts_with(prefix.as_str()))
                } else {
                    value.starts_with(prefix.as_str())
                }
            }),
            // Said when the size is known.
            PostTest::ContentLengthRange { .. } => true,
            PostTest::Never => false,
        }
    }
}

/// A number, which may be in quotation marks.
fn bytes(json: &Json) -> Option<i64> {
    match json {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.parse().ok(),
        _ => None,
    }
}

impl<'a> Form<'a> {
    /// The value of a field by its name in lower case.
    fn value(&self, name: &str) -> Option<&'a str> {
        if name == "bucket" {
            return Some(self.bucket);
        }
        self.fields.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }
}

/// The field `x-amz-signature` of a policy in base64: `SigV4`'s, in lower-case hexadecimal digits.
pub fn sign_v4(secret_key: &str, scope: &Scope, policy: &str) -> String {
    SigningKey::derive(secret_key, scope).sign(policy)
}

/// Whether `x-amz-signature` is right, in constant time.
pub fn verify_v4(key: &SigningKey, policy: &str, signature: &str) -> bool {
    signatures_match(&key.sign(policy), signature)
}

/// The field `signature` of a policy in base64: `SigV2`'s, in base64.
pub fn sign_v2(secret_key: &str, policy: &str) -> String {
    sigv2::sign(secret_key, policy)
}

/// Whether `signature` is right, in constant time.
pub fn verify_v2(secret_key: &str, policy: &str, signature: &str) -> bool {
    sigv2::matches(&sigv2::sign(secret_key, policy), signature)
}

#[cfg(test)]
mod tests;

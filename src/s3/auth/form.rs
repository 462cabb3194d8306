//! Who sends a form (`POST Object`): its fields `x-amz-signature` or `signature` sign the field `policy`. Not what the policy
//! says.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html>

use std::sync::Arc;

use super::sigv4::{check_token, expected_region, find_identity, signing_key, with_region};
use super::{AuthMode, Principal};
use crate::s3::Shared;
use crate::s3::error::{Result, S3Error};
use crate::wire::error_codes::Code;
use crate::wire::post_policy::{verify_v2, verify_v4};
use crate::wire::sigv2;
use crate::wire::sigv4::{AmzDate, Credential, hex_dump};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// As errors name them.
const V4_FIELDS: [&str; 4] = ["X-Amz-Signature", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date"];
const V2_FIELDS: [&str; 2] = ["AWSAccessKeyId", "Signature"];

/// Finds out who signed the form, by the values of its fields. A form without a policy is of whoever sent the request.
pub(crate) fn by_form<'a>(
    shared: &Shared,
    sender: &Principal,
    field: impl Fn(&str) -> Option<&'a str>,
) -> Result<Principal> {
    if shared.config.auth == AuthMode::Off {
        return Ok(Principal::Identity(Arc::clone(shared.config.identities.default_identity())));
    }
    let Some(policy) = field("policy") else { return Ok(sender.clone()) };
    let any = |names: &[&str]| names.iter().any(|name| field(name).is_some());
    if any(&V4_FIELDS) {
        by_v4(shared, policy, field)
    } else if any(&V2_FIELDS) {
        by_v2(shared, policy, field)
    } else {
        tracing::info!("access denied: the form has a policy and no signature");
        Err(Code::AccessDenied.into())
    }
}

/// The refusal of a form without a field that it has to have.
pub(crate) fn missing_field(name: &str) -> S3Error {
    let message = format!(
        "Bucket POST must contain a field named '{name}'.  If it is specified, please check the order of the fields."
    );
    S3Error::invalid_argument(message, name, "")
}

fn by_v4<'a>(shared: &Shared, policy: &str, field: impl Fn(&str) -> Option<&'a str>) -> Result<Principal> {
    let required = |name: &'static str| field(name).ok_or_else(|| missing_field(name));
    let [signature, algorithm, credential, date] = V4_FIELDS.map(required);
    let (signature, algorithm, credential, date) = (signature?, algorithm?, credential?, date?);
    // What follows was not seen of forms: the sentences are those of presigned URLs, which have the same parameters.
    let malformed = |message: String| Code::AuthorizationQueryParametersError.says(message);
    if algorithm != ALGORITHM {
        let message = "X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"";
        return Err(malformed(message.to_owned()));
    }
    let bad_credential =
        |message: String| malformed(format!("Error parsing the X-Amz-Credential parameter; {message}"));
    let credential = Credential::parse(credential).map_err(|error| bad_credential(error.sentence()))?;
    let scope = &credential.scope;
    let region = expected_region(shared, &scope.region);
    scope
        .check_day()
        .and_then(|()| scope.check(region))
        .map_err(|error| with_region(bad_credential(error.sentence()), error.expected_region()))?;
    let date = AmzDate::parse(date).ok_or_else(|| {
        malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".to_owned())
    })?;
    if !scope.is_of(date) {
        let (day, of_date) = (&scope.date, date.day());
        let message =
            format!("Invalid credential date \"{day}\". This date is not the same as X-Amz-Date: \"{of_date}\".");
        return Err(malformed(message));
    }
    let identity = find_identity(shared, &credential.access_key)?;
    if !verify_v4(&signing_key(shared, &identity, scope), policy, signature) {
        return Err(mismatch(&identity.access_key, policy, signature));
    }
    check_token(&identity, field("x-amz-security-token"))?;
    Ok(Principal::Identity(identity))
}

fn by_v2<'a>(shared: &Shared, policy: &str, field: impl Fn(&str) -> Option<&'a str>) -> Result<Principal> {
    if !sigv2::is_accepted_in(&shared.config.region) {
        return Err(super::unsupported_mechanism());
    }
    let required = |name: &'static str| field(name).ok_or_else(|| missing_field(name));
    let [access_key, signature] = V2_FIELDS.map(required);
    let (access_key, signature) = (access_key?, signature?);
    let identity = find_identity(shared, access_key)?;
    if !verify_v2(identity.secret_key.expose(), policy, signature) {
        return Err(mismatch(access_key, policy, signature));
    }
    check_token(&identity, field("x-amz-security-token"))?;
    Ok(Principal::Identity(identity))
}

fn mismatch(access_key: &str, policy: &str, signature: &str) -> S3Error {
    Code::SignatureDoesNotMatch
        .with("AWSAccessKeyId", access_key)
        .with("StringToSign", policy)
        .with("SignatureProvided", signature)
        .with("StringToSignBytes", hex_dump(policy.as_bytes()))
}

//! Who calls, and the token endpoint: client credentials in the manner of OAuth 1.0a, signed with HMAC-SHA256, for a bearer
//! token.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::Mac as _;
use http::{Method, Response, StatusCode, header};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

use super::error::ApiError;
use crate::facades::facade::Request;
use crate::facades::ground::Ground;
use crate::facades::reply;
use crate::http::body::{Body, Payload};
use crate::http::identity::Identity;
use crate::wire::mac::keyed;
use crate::wire::percent;
use crate::wire::query::Query;

const AUDIENCE: &str = "here";
const MAX_BODY_BYTES: u64 = 64 << 10;
/// A day less a second, as the product's.
const DEFAULT_SECONDS: i64 = 86_399;
/// How far a client's clock may be off.
const MAX_SKEW_SECONDS: i64 = 300;

/// Who sent a request, by its bearer token or, assumption 2, the secret key in its place.
pub(super) fn caller(ground: &Ground, request: &Request) -> Result<Arc<Identity>, ApiError> {
    let credentials = ground.credentials();
    if let Some(anyone) = credentials.anyone() {
        return Ok(Arc::clone(anyone));
    }
    let sent = request.header(header::AUTHORIZATION).and_then(|sent| sent.split_once(' '));
    let (_, token) =
        sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).ok_or_else(ApiError::unauthorized)?;
    let token = token.trim();
    if let Ok((identity, _)) = ground.tokens().verify(token, AUDIENCE, ground.now()) {
        return Ok(Arc::clone(identity));
    }
    credentials.by_secret(token).cloned().ok_or_else(ApiError::unauthorized)
}

/// `POST /oauth2/token`.
pub(super) async fn token(ground: &Ground, mut request: Request) -> Result<Response<Body>, ApiError> {
    if request.method != Method::POST {
        return Err(super::routes::wrong_method(&request.method, "POST"));
    }
    let payload = std::mem::replace(&mut request.payload, Payload::empty());
    let body = payload.collect(MAX_BODY_BYTES).await.map_err(|error| ApiError::bad_request(error.to_string()))?;
    let form = is_form(&request);
    let fields = match Fields::parse(form, &body) {
        Ok(fields) => fields,
        Err(reason) => return Ok(refusal(StatusCode::BAD_REQUEST, 400_002, "invalid_request", &reason)),
    };
    if fields.grant_type.as_deref() != Some("client_credentials") {
        let message = "Invalid grant type. The grant type has to be client_credentials.";
        return Ok(refusal(StatusCode::BAD_REQUEST, 400_201, "unsupported_grant_type", message));
    }
    match OAuth::of(&request).and_then(|oauth| oauth.verify(ground, &request, &fields.pairs)) {
        Ok(identity) => {
            let seconds = fields.expires_in.unwrap_or(DEFAULT_SECONDS).clamp(1, DEFAULT_SECONDS);
            let token = ground.tokens().issue(&identity, AUDIENCE, ground.now(), seconds, None);
            // The form's own spelling is OAuth 2's.
            let answer = if form {
                json!({ "access_token": token, "token_type": "bearer", "expires_in": seconds })
            } else {
                json!({ "accessToken": token, "tokenType": "bearer", "expiresIn": seconds })
            };
            let mut response = reply::json(StatusCode::OK, &answer);
            response.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
            Ok(response)
        }
        Err(Denied { code, message }) => Ok(refusal(StatusCode::UNAUTHORIZED, code, "invalid_client", message)),
    }
}

fn is_form(request: &Request) -> bool {
    let content_type = request.header(header::CONTENT_TYPE).unwrap_or_default();
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// As HERE's account service writes errors. Assumption 10.
fn refusal(status: StatusCode, code: u32, error: &str, message: &str) -> Response<Body> {
    let answer = json!({
        "errorId": format!("ERROR-{}", Uuid::new_v4()),
        "httpStatus": status.as_u16(),
        "errorCode": code,
        "message": message,
        "error": error,
        "error_description": format!("errorCode: '{code}'. {message}"),
    });
    reply::json(status, &answer)
}

/// What a token is asked with.
struct Fields {
    grant_type: Option<String>,
    expires_in: Option<i64>,
    /// Those of a form, which the signature covers.
    pairs: Vec<(String, String)>,
}

impl Fields {
    fn parse(form: bool, body: &[u8]) -> Result<Fields, String> {
        if form {
            let text = std::str::from_utf8(body).map_err(|_| "The form is not UTF-8.".to_owned())?;
            let query = Query::parse_lossy(text.trim());
            let value = |names: [&str; 2]| names.iter().find_map(|name| query.first(name)).map(str::to_owned);
            return Ok(Fields {
                grant_type: value(["grant_type", "grantType"]),
                expires_in: match value(["expires_in", "expiresIn"]) {
                    Some(text) => Some(text.parse().map_err(|_| "expires_in has to be a number.".to_owned())?),
                    None => None,
                },
                pairs: query.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            });
        }
        let json: Value =
            serde_json::from_slice(body).map_err(|error| format!("The body is not valid JSON: {error}."))?;
        let expires_in = match json.get("expiresIn") {
            None | Some(Value::Null) => None,
            Some(value) => Some(value.as_i64().ok_or("expiresIn has to be a number.")?),
        };
        let grant_type = json.get("grantType").and_then(Value::as_str).map(str::to_owned);
        Ok(Fields { grant_type, expires_in, pairs: Vec::new() })
    }
}

/// Why a signature is not taken.
struct Denied {
    code: u32,
    message: &'static str,
}

const MISMATCH: Denied =
    Denied { code: 401_300, message: "Signature mismatch. Authorization signature or client credential is wrong." };

/// `Authorization: OAuth …`.
struct OAuth {
    /// Names and values, decoded.
    parameters: Vec<(String, String)>,
}

impl OAuth {
    fn of(request: &Request) -> Result<OAuth, Denied> {
        let malformed =
            || Denied { code: 401_200, message: "The Authorization header of the kind OAuth is missing or malformed." };
        let sent = request.header(header::AUTHORIZATION).and_then(|sent| sent.split_once(' '));
        let (_, list) = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("oauth")).ok_or_else(malformed)?;
        let parameter = |text: &str| {
            let (name, value) = text.trim().split_once('=')?;
            let value = value.trim().strip_prefix('"')?.strip_suffix('"')?;
            // Here a plus is a plus.
            Some((name.trim().to_owned(), percent::decode_path(value).ok()?))
        };
        let parameters = list.split(',').map(parameter).collect::<Option<Vec<_>>>().ok_or_else(malformed)?;
        Ok(OAuth { parameters })
    }

    fn first(&self, name: &str) -> &str {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    fn verify(&self, ground: &Ground, request: &Request, form: &[(String, String)]) -> Result<Arc<Identity>, Denied> {
        if self.first("oauth_signature_method") != "HMAC-SHA256" {
            return Err(Denied { code: 401_203, message: "Invalid signature method. Use HMAC-SHA256." });
        }
        let timestamp: i64 = self.first("oauth_timestamp").parse().unwrap_or(i64::MIN);
        if timestamp.saturating_sub(ground.now().secs()).unsigned_abs() > MAX_SKEW_SECONDS.unsigned_abs() {
            return Err(Denied { code: 401_204, message: "Time stamp is outside the valid period." });
        }
        let identity = ground.credentials().by_access_key(self.first("oauth_consumer_key")).ok_or(MISMATCH)?;
        let signature = STANDARD.decode(self.first("oauth_signature")).map_err(|_| MISMATCH)?;
        let url = format!("{}{}", request.base_url, request.path);
        let signed = self.signature_base(&url, &request.query, form);
        let key = format!("{}&", percent::encode(identity.secret_key.expose().as_bytes()));
        // Some clients, HERE's own for TypeScript among them, put the secret into the key as it is.
        let plain_key = format!("{}&", identity.secret_key.expose());
        let matches = [key, plain_key].iter().any(|key| {
            keyed::<Sha256>(key.as_bytes()).chain_update(signed.as_bytes()).verify_slice(&signature).is_ok()
        });
        if matches && identity.session_token.is_none() { Ok(Arc::clone(identity)) } else { Err(MISMATCH) }
    }

    /// RFC 5849, section 3.4.1.
    fn signature_base(&self, url: &str, query: &Query, form: &[(String, String)]) -> String {
        let own = self.parameters.iter().filter(|(name, _)| name != "oauth_signature" && name != "realm");
        let own = own.map(|(name, value)| (name.as_str(), value.as_str()));
        let form = form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let encode = |text: &str| percent::encode(text.as_bytes());
        let mut pairs: Vec<(String, String)> =
            own.chain(query.pairs()).chain(form).map(|(name, value)| (encode(name), encode(value))).collect();
        pairs.sort();
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("POST&{}&{}", encode(url), encode(&pairs.join("&")))
    }
}

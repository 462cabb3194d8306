//! `generateToken` in all its places, and the pages that tell clients where it is. Not what a token may do: `auth` knows.

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Value, json};

use super::auth::{self, Bound, Grant};
use super::call::{Call, Fields, Head};
use super::error::ArcError;
use super::receive;
use super::route::TokenService;
use super::spelling::Spelling;
use crate::facades::ground::Ground;
use crate::http::body::Payload;
use crate::http::identity::Identity;

/// The version that clients are told: they ask whether operations of later versions exist. Assumption 10.
pub(super) const VERSION: f64 = 11.3;
/// The same with its third number.
pub(super) const FULL_VERSION: &str = "11.3.0";

/// A token lasts so long unless its client says otherwise.
const DEFAULT_MINUTES: i64 = 60;
/// The longest that a portal gives, 15 days; more is refused, as Server's page says. Assumption 6.
const MAX_MINUTES: i64 = 21_600;
/// Of a referer, in bytes.
const MAX_REFERER_BYTES: usize = 2000;

impl TokenService {
    /// The product whose clients log in there.
    fn spelling(self) -> Spelling {
        match self {
            TokenService::Sharing => Spelling::Kubernetes,
            TokenService::Tokens | TokenService::Admin => Spelling::Server,
        }
    }

    fn path(self) -> &'static str {
        match self {
            TokenService::Sharing => "sharing/rest/generateToken",
            TokenService::Tokens => "tokens/generateToken",
            TokenService::Admin => "admin/generateToken",
        }
    }
}

/// Where tokens are generated. Needs no token.
pub(super) fn info(head: &Head, service: TokenService) -> Value {
    json!({
        "currentVersion": VERSION,
        "fullVersion": FULL_VERSION,
        "authInfo": {
            "isTokenBasedSecurity": true,
            "tokenServicesUrl": format!("{}/{}", head.site_url, service.path()),
            "shortLivedTokenValidity": DEFAULT_MINUTES,
        },
    })
}

/// `generateToken`.
pub(super) async fn generate_token(ground: &Ground, call: &mut Call, service: TokenService) -> Result<Value, ArcError> {
    let payload = std::mem::replace(&mut call.payload, Payload::empty());
    receive::form(&call.head.headers, payload, &mut call.fields).await?;
    call.fields.check_format()?;
    let Call { head, fields, .. } = call;
    let minutes = minutes(fields)?;
    let bound_to = bound_to(head, fields)?;
    let identity = identity(ground, head, fields)?;
    let grant = Grant { spelling: service.spelling(), bound_to };
    let token = auth::issue(ground, &identity, &grant, minutes * 60);
    let expires = ground.now().secs().saturating_add(minutes * 60).saturating_mul(1000);
    Ok(json!({ "token": token, "expires": expires, "ssl": head.site_url.starts_with("https:") }))
}

/// By user name and password; or, for a server of the same organisation, by another token.
fn identity(ground: &Ground, head: &Head, fields: &Fields) -> Result<Arc<Identity>, ArcError> {
    if fields.get("request").is_some_and(|request| request.eq_ignore_ascii_case("getToken")) {
        fields.required("serverURL")?;
        return Ok(auth::caller(ground, head, fields)?.identity);
    }
    let (username, password) = (fields.required("username")?, fields.required("password")?);
    let found = ground.credentials().by_login(username, password).or_else(|| ground.credentials().anyone());
    found.map(Arc::clone).ok_or_else(ArcError::bad_login)
}

fn minutes(fields: &Fields) -> Result<i64, ArcError> {
    let Some(sent) = fields.get("expiration") else { return Ok(DEFAULT_MINUTES) };
    sent.trim().parse().ok().filter(|minutes| (1..=MAX_MINUTES).contains(minutes)).ok_or_else(|| {
        ArcError::bad_request(format!("'expiration' is '{sent}': it is a number of minutes from 1 to {MAX_MINUTES}."))
    })
}

fn bound_to(head: &Head, fields: &Fields) -> Result<Bound, ArcError> {
    // Without `client`, what is given besides says it. Assumption 6.
    let client = match fields.get("client") {
        Some(client) => client,
        None if fields.get("referer").is_some() => "referer",
        None if fields.get("ip").is_some() => "ip",
        None => return Ok(Bound::Nothing),
    };
    match client {
        "referer" => {
            let referer = fields.required("referer")?;
            if referer.len() > MAX_REFERER_BYTES {
                return Err(ArcError::too_long("referer", MAX_REFERER_BYTES));
            }
            if let Some(bad) = referer.chars().find(|c| c.is_control()) {
                return Err(ArcError::bad_request(format!("'referer' contains {bad:?}: it is a URL.")));
            }
            Ok(Bound::Referer(referer.to_owned()))
        }
        "ip" => {
            let sent = fields.required("ip")?;
            let ip: IpAddr = sent
                .trim()
                .parse()
                .map_err(|_| ArcError::bad_request(format!("'ip' is '{sent}', which is no IP address.")))?;
            Ok(Bound::Ip(ip))
        }
        "requestip" => Ok(Bound::Ip(head.peer)),
        other => Err(ArcError::bad_request(format!("'client' is '{other}': use referer, ip or requestip."))),
    }
}

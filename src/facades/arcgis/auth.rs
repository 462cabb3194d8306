//! Who calls, by the token of a call, and in which product's words the answer is. Not how tokens are generated: `login`
//! does that.

use std::net::IpAddr;
use std::sync::Arc;

use http::Method;

use super::call::{Fields, Head};
use super::error::ArcError;
use super::spelling::Spelling;
use crate::facades::ground::Ground;
use crate::facades::token::TokenError;
use crate::http::identity::Identity;

/// What the tokens of this facade are for.
const AUDIENCE: &str = "arcgis";

/// Somebody who may call.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) identity: Arc<Identity>,
    pub(super) spelling: Spelling,
}

/// What a token remembers besides whom it speaks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    /// The product at which it was generated.
    pub(super) spelling: Spelling,
    /// From where it may be used.
    pub(super) bound_to: Bound,
}

/// From where a token may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    /// From anywhere.
    Nothing,
    /// By pages of this URL, or of one below it.
    Referer(String),
    /// From this address.
    Ip(IpAddr),
}

/// Who calls. A POST has its token in the form, a GET in the query, and both may have it in a header.
pub(super) fn caller(ground: &Ground, head: &Head, fields: &Fields) -> Result<Caller, ArcError> {
    caller_so_far(ground, head, fields).unwrap_or_else(|| {
        let in_url = head.method == Method::POST && fields.in_query("token").is_some();
        Err(if in_url { ArcError::token_in_url() } else { ArcError::token_missing() })
    })
}

/// Who calls; `None` if no token has come so far.
pub(super) fn caller_so_far(ground: &Ground, head: &Head, fields: &Fields) -> Option<Result<Caller, ArcError>> {
    let sent = if head.method == Method::POST { fields.get("token") } else { fields.in_query("token") };
    let sent = sent.or_else(|| bearer(head));
    if let Some(identity) = ground.credentials().anyone() {
        let grant = sent.and_then(|token| verify(ground, token).ok());
        let spelling = spelling(head.product, &head.context, grant.map(|(_, grant)| grant.spelling));
        return Some(Ok(Caller { identity: Arc::clone(identity), spelling }));
    }
    sent.map(|token| by_token(ground, head, token))
}

/// A token of the facade, or a secret key. Assumption 5.
fn by_token(ground: &Ground, head: &Head, token: &str) -> Result<Caller, ArcError> {
    let (identity, grant) = match verify(ground, token) {
        Ok((identity, grant)) => {
            check_bound(&grant.bound_to, head)?;
            (identity, Some(grant))
        }
        Err(TokenError::Expired) => return Err(ArcError::token_expired()),
        Err(TokenError::Invalid) => {
            let identity = ground.credentials().by_secret(token).ok_or_else(ArcError::token_invalid)?;
            (Arc::clone(identity), None)
        }
    };
    let spelling = spelling(head.product, &head.context, grant.map(|grant| grant.spelling));
    Ok(Caller { identity, spelling })
}

/// Esri's clients send the first of these, which proxies that log people in by themselves do not touch.
fn bearer(head: &Head) -> Option<&str> {
    ["x-esri-authorization", "authorization"].into_iter().find_map(|name| {
        let (scheme, token) = head.header(name)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
    })
}

/// In which product's words the answer is: assumption 1.
fn spelling(product: Option<Spelling>, context: &str, generated_at: Option<Spelling>) -> Spelling {
    let by_name = || context.to_ascii_lowercase().ends_with("server").then_some(Spelling::Server);
    product.or_else(by_name).or(generated_at).unwrap_or(Spelling::Kubernetes)
}

/// Makes a token that ends so many seconds from now.
pub(super) fn issue(ground: &Ground, identity: &Identity, grant: &Grant, seconds: i64) -> String {
    ground.tokens().issue(identity, AUDIENCE, ground.now(), seconds, Some(&grant.write()))
}

/// Whom a token speaks for, wherever it is used from.
pub(super) fn verify(ground: &Ground, token: &str) -> Result<(Arc<Identity>, Grant), TokenError> {
    let (identity, claims) = ground.tokens().verify(token, AUDIENCE, ground.now())?;
    let grant = claims.bound_to.as_deref().and_then(Grant::parse).ok_or(TokenError::Invalid)?;
    Ok((Arc::clone(identity), grant))
}

impl Grant {
    fn write(&self) -> String {
        let spelling = self.spelling.as_str();
        match &self.bound_to {
            Bound::Nothing => spelling.to_owned(),
            Bound::Referer(referer) => format!("{spelling} referer {referer}"),
            Bound::Ip(ip) => format!("{spelling} ip {ip}"),
        }
    }

    fn parse(text: &str) -> Option<Grant> {
        let (spelling, bound_to) = text.split_once(' ').map_or((text, None), |(first, rest)| (first, Some(rest)));
        let bound_to = match bound_to.map(|rest| rest.split_once(' ')) {
            None => Bound::Nothing,
            Some(Some(("referer", referer))) => Bound::Referer(referer.to_owned()),
            Some(Some(("ip", ip))) => Bound::Ip(ip.parse().ok()?),
            Some(_) => return None,
        };
        Some(Grant { spelling: Spelling::parse(spelling)?, bound_to })
    }
}

fn check_bound(bound_to: &Bound, head: &Head) -> Result<(), ArcError> {
    match bound_to {
        Bound::Nothing => Ok(()),
        Bound::Referer(referer) if comes_from(referer, head.header("referer").unwrap_or_default()) => Ok(()),
        Bound::Referer(_) => Err(ArcError::token_bound("referer")),
        Bound::Ip(ip) if *ip == head.peer => Ok(()),
        Bound::Ip(_) => Err(ArcError::token_bound("IP address")),
    }
}

/// Whether a page is the one that a token was generated for, or below it. Browsers often send no more than a page's origin.
fn comes_from(referer: &str, sent: &str) -> bool {
    let (referer, sent) =
        (referer.trim_end_matches('/').to_ascii_lowercase(), sent.trim_end_matches('/').to_ascii_lowercase());
    let below = |of: &str, page: &str| {
        page.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
    };
    let is_origin = sent.split_once("://").is_some_and(|(_, rest)| !rest.is_empty() && !rest.contains(['/', '?', '#']));
    below(&referer, &sent) || (is_origin && below(&sent, &referer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_read_as_written() {
        for bound_to in
            [Bound::Nothing, Bound::Referer("https://a.test/b c".to_owned()), Bound::Ip("::1".parse().unwrap())]
        {
            for spelling in [Spelling::Kubernetes, Spelling::Server] {
                let grant = Grant { spelling, bound_to: bound_to.clone() };
                assert_eq!(Grant::parse(&grant.write()), Some(grant));
            }
        }
        for bad in ["", "other", "server ", "server referer", "server ip x"] {
            assert_eq!(Grant::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn pages_below_the_referer() {
        for (referer, sent) in [
            ("http", "http"),
            ("https://a.test", "https://A.test/"),
            ("https://a.test/app", "https://a.test/app/page?x"),
            ("https://a.test/app", "https://a.test/"),
        ] {
            assert!(comes_from(referer, sent), "{referer} {sent}");
        }
        for (referer, sent) in [
            ("http", ""),
            ("http", "https"),
            ("https://a.test", "https://a.test.evil.test/"),
            ("https://a.test/app", "https://a.test/application"),
            ("https://a.test/app", "https://a.test/other"),
            ("https://a.test/app", "https://"),
        ] {
            assert!(!comes_from(referer, sent), "{referer} {sent}");
        }
    }

    #[test]
    fn words_are_those_of_the_product_that_the_client_logged_in_at() {
        let (kubernetes, server) = (Spelling::Kubernetes, Spelling::Server);
        assert_eq!(spelling(None, "arcgis", None), kubernetes);
        assert_eq!(spelling(None, "arcgis", Some(server)), server);
        assert_eq!(spelling(None, "arcgis", Some(kubernetes)), kubernetes);
        assert_eq!(spelling(None, "Server", Some(kubernetes)), server);
        assert_eq!(spelling(Some(kubernetes), "server", Some(server)), kubernetes);
    }
}

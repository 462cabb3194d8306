//! Who asks: by an API key, a token of `/auth/login`, or the secret key itself. And the two calls that give out tokens.

use std::sync::Arc;

use http::header;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::App;
use super::error::{ApiError, Invalid};
use super::fields::{self, Fields};
use super::settings::{ACCESS_SECONDS, REFRESH_SECONDS};
use crate::engine::document::Owner;
use crate::facades::facade::Request;
use crate::facades::token::TokenError;
use crate::http::form::{Form, FormError};
use crate::http::identity::Identity;

const ACCESS: &str = "geolens/access";
const REFRESH: &str = "geolens/refresh";
/// Refresh tokens that were used, until they would have ended.
pub(super) const SPENT: &str = "spent/";

/// A refresh token that was used.
#[derive(Serialize, Deserialize)]
pub(super) struct Spent {
    /// When it would have ended, in seconds since the epoch.
    pub(super) ends: i64,
}

/// The caller, or 401.
pub(super) fn caller(app: &App, request: &Request) -> Result<Arc<Identity>, ApiError> {
    let credentials = app.ground.credentials();
    if let Some(anyone) = credentials.anyone() {
        return Ok(Arc::clone(anyone));
    }
    let key = request.header("x-api-key").filter(|key| !key.is_empty()).or_else(|| request.query.first("api_key"));
    // A key that is none does not spoil a token that is one.
    if let Some(identity) = key.and_then(|key| credentials.by_secret(key)) {
        return Ok(Arc::clone(identity));
    }
    let sent = request.header(header::AUTHORIZATION).and_then(|sent| sent.split_once(' '));
    let token = sent.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let token = token.ok_or_else(could_not_validate)?;
    if let Some(identity) = credentials.by_secret(token) {
        return Ok(Arc::clone(identity));
    }
    match app.ground.tokens().verify(token, ACCESS, app.ground.now()) {
        Ok((identity, _)) => Ok(Arc::clone(identity)),
        Err(TokenError::Expired) => Err(ApiError::Unauthorized {
            detail: "The access token expired",
            challenge: r#"Bearer error="invalid_token", error_description="The access token expired""#,
        }),
        Err(TokenError::Invalid) => Err(could_not_validate()),
    }
}

/// `POST /auth/login`: a form, as OAuth2's password flow has it.
pub(super) async fn login(app: &App, request: Request) -> Result<Value, ApiError> {
    let mut form = LoginForm::default();
    match Form::read(&request.headers, request.payload).await.map_err(unreadable)? {
        Form::Urlencoded(query) => {
            for (name, value) in query.pairs() {
                form.take(name, value);
            }
        }
        Form::Multipart(mut fields) => {
            while let Some(field) = fields.next().await.map_err(unreadable)? {
                let name = field.name().to_owned();
                let value = field.text().await.map_err(unreadable)?;
                form.take(&name, &value);
            }
        }
    }
    let (username, password) = form.finish()?;
    let credentials = app.ground.credentials();
    let identity = credentials.by_login(&username, &password).or_else(|| credentials.anyone());
    let identity =
        identity.ok_or(ApiError::Unauthorized { detail: "Incorrect username or password", challenge: "Bearer" })?;
    Ok(tokens(app, identity))
}

/// `POST /auth/refresh`: a refresh token for new ones. It is good once.
pub(super) async fn refresh(app: &App, request: Request) -> Result<Value, ApiError> {
    let refused = || ApiError::Unauthorized { detail: "Invalid or expired refresh token", challenge: "Bearer" };
    let body = fields::json_body(&request.headers, request.payload).await?.ok_or_else(refused)?;
    let mut all = Fields::new(Some(body), Vec::new());
    let token = all.optional_text("refresh_token", 8 << 10);
    let token = all.finish(Some(token))?.ok_or_else(refused)?;
    let (identity, claims) = app.ground.tokens().verify(&token, REFRESH, app.ground.now()).map_err(|_| refused())?;
    let spent = Spent { ends: claims.exp };
    let name = format!("{SPENT}{}", claims.jti);
    let is_first = app.ground.change_document(Owner::Dialect, &name, |before: &mut Option<Spent>, _| {
        let is_first = before.is_none();
        before.get_or_insert(spent);
        is_first
    });
    if is_first.await? { Ok(tokens(app, identity)) } else { Err(refused()) }
}

fn tokens(app: &App, identity: &Identity) -> Value {
    let issue = |audience, seconds| app.ground.tokens().issue(identity, audience, app.ground.now(), seconds, None);
    json!({
        "access_token": issue(ACCESS, ACCESS_SECONDS),
        "refresh_token": issue(REFRESH, REFRESH_SECONDS),
        "token_type": "bearer",
        "expires_in": ACCESS_SECONDS,
    })
}

fn could_not_validate() -> ApiError {
    ApiError::Unauthorized { detail: "Could not validate credentials", challenge: "Bearer" }
}

fn unreadable(error: FormError) -> ApiError {
    match error {
        // To the product, a form that is none is one without fields.
        FormError::NotAForm(_) => ApiError::Invalid(LoginForm::default().missing()),
        FormError::Malformed(reason) => ApiError::bad_request(reason),
        FormError::TooLarge { limit_bytes } => {
            ApiError::new(http::StatusCode::PAYLOAD_TOO_LARGE, format!("The form is larger than {limit_bytes} bytes."))
        }
        FormError::Payload(_) => ApiError::bad_request("There was an error parsing the body"),
    }
}

/// What a login needs of the flow's form; the rest is optional, and of no use here.
#[derive(Default)]
struct LoginForm {
    grant_type: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl LoginForm {
    fn take(&mut self, name: &str, value: &str) {
        let slot = match name {
            "grant_type" => &mut self.grant_type,
            "username" => &mut self.username,
            "password" => &mut self.password,
            _ => return,
        };
        *slot = Some(value.to_owned());
    }

    fn missing(&self) -> Vec<Invalid> {
        let named = [("username", &self.username), ("password", &self.password)];
        let missing = named.into_iter().filter(|(_, value)| value.as_ref().is_none_or(String::is_empty));
        let error = |name: &str| Invalid {
            loc: vec!["body".into(), name.into()],
            ..fields::invalid("missing", "Field required", Value::Null, None)
        };
        missing.map(|(name, _)| error(name)).collect()
    }

    fn finish(self) -> Result<(String, String), ApiError> {
        let mut errors = self.missing();
        if let Some(grant_type) = self.grant_type.as_ref().filter(|sent| !sent.is_empty() && *sent != "password") {
            let msg = "String should match pattern '^password$'";
            let ctx = json!({ "pattern": "^password$" });
            let error = fields::invalid("string_pattern_mismatch", msg, grant_type.clone().into(), Some(ctx));
            errors.insert(0, Invalid { loc: vec!["body".into(), "grant_type".into()], ..error });
        }
        match (self.username, self.password) {
            (Some(username), Some(password)) if errors.is_empty() => Ok((username, password)),
            _ => Err(ApiError::Invalid(errors)),
        }
    }
}

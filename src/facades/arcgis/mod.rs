//! Uploads of the ArcGIS Enterprise Administrator API, as ArcGIS Enterprise on Kubernetes and as ArcGIS Server spell them:
//! `/<context>/admin/uploads` with all its operations, and `generateToken`. Not the uploads of map and feature services,
//! which are another API.
//!
//! Sources: the pages under <https://developers.arcgis.com/rest/enterprise-administration/>, `enterprise` and `server`, and
//! Esri's own client for Python (`arcgis` 2.4.4).
//!
//! # Where things are
//!
//! A context's items are in the bucket `arcgis-<context>` (in lower case, `-` for `_`) under `uploads/<itemID>/<itemName>`,
//! with the item's type, and `itemid` and `description` as metadata. An item that is registered is a multipart upload of
//! that key, and a commit completes it. What else there is to an item is a document of the bucket, so that it goes with it.
//!
//! # Assumptions
//!
//! Where nothing that is published says what ArcGIS does. The code refers to them by number.
//!
//! 1. **Which product answers.** Both have the same paths. An answer is in the words of the product at which the call's
//!    token was generated: `/tokens/generateToken` and `/admin/generateToken` are Server's, `/sharing/rest/generateToken` is
//!    Kubernetes'. A context whose name ends in `server` (as Esri names the web adaptors of federated servers) is a Server
//!    whatever the token. A secret key as the token gets Kubernetes' words. The option `product` sets one for all. An item
//!    keeps the id that it was made with.
//! 2. **The answer to `uploadPart`** is `{"status":"success"}`, in all formats. `parts` is answered in Kubernetes' words,
//!    too, with the numbers as texts.
//! 3. **Parts** may be of any size, empty ones included, and of any number from 1 to 10,000, the engine's range. `commit`
//!    takes numbers and names in both products. It may be repeated with the same list.
//! 4. **Errors** come with the HTTP status 200 and their code in the body, but for what is the server's own fault (5xx). The
//!    portal's `generateToken` and Server's `/tokens` have the portal's shape of errors, all else the administrator API's.
//! 5. **Tokens** may also be the secret key itself. Besides the form of a POST and the query of a GET, tokens are taken from
//!    `X-Esri-Authorization: Bearer` and `Authorization: Bearer`, as Esri's client sends them. A context takes tokens that
//!    were generated at another.
//! 6. **`generateToken`** without `client` binds to `referer` or `ip` if one of them is given, else to nothing. The referer
//!    of a call has to be the token's or below it; an origin alone will do. `expiration` is at most 15 days (21,600
//!    minutes), and more is refused. `request=getToken` with a token and a `serverURL` gives a token as for a federated
//!    server. `ssl` says whether the call came by HTTPS.
//! 7. **Extensions** are checked by `register` as by `upload`. `description` has at most 1,500 bytes, since it is kept as
//!    metadata, and names at most 255 bytes.
//! 8. **The date** is in milliseconds but in Server's list, which has it as Java prints it, in UTC.
//! 9. **`pathOnServer`** names a folder as on Linux; nothing is there.
//! 10. **The version** that clients are told is 11.3.

mod answer;
mod auth;
mod call;
mod error;
mod html;
mod item;
mod login;
mod ops;
mod parts;
mod receive;
mod route;
mod spelling;
mod store;

use std::sync::Arc;

use http::{Method, Response, StatusCode};

use self::answer::{Answer, Family};
use self::call::{Call, Fields, Head};
use self::error::ArcError;
use self::html::Page;
use self::route::{Resource, Route, TokenService};
use self::spelling::Spelling;
use self::store::Stores;
use super::facade::{Facade, Request};
use super::ground::Ground;
use super::options::{FacadeOption, OptionError};
use super::reply;
use crate::http::body::Body;
use crate::wire::percent;

pub(super) const OPTIONS: &[FacadeOption] = &[FacadeOption {
    name: "product",
    default: "auto",
    help: "In whose words answers are: kubernetes, server, or auto, by where the client logged in.",
}];

pub(super) fn open(ground: Ground) -> Result<Arc<dyn Facade>, OptionError> {
    let product = ground.options().parse("product", "auto, kubernetes or server", |text| match text {
        "auto" => Some(None),
        other => Spelling::parse(other).map(Some),
    })?;
    Ok(Arc::new(ArcGis { stores: Stores::new(&ground), ground, product }))
}

struct ArcGis {
    ground: Ground,
    stores: Stores,
    /// The product that all answers are of, if one is set.
    product: Option<Spelling>,
}

#[async_trait::async_trait]
impl Facade for ArcGis {
    async fn handle(&self, request: Request) -> Response<Body> {
        let fields = Fields::new(request.query.clone());
        let route = request.segments().and_then(|segments| Route::parse(&segments));
        let Some(Route { context, resource }) = route else {
            return answer::write(Err(ArcError::nothing_here(&request.path)), &fields, Family::Admin);
        };
        let family = match resource {
            Resource::GenerateToken(TokenService::Sharing | TokenService::Tokens) => Family::Rest,
            _ => Family::Admin,
        };
        let site_url = format!("{}/{}", request.base_url, percent::encode(context.as_bytes()));
        let Request { method, headers, payload, peer, .. } = request;
        let head = Head { method, headers, peer, context, site_url, product: self.product };
        let mut call = Call { head, fields, payload };
        let outcome = self.answer(&mut call, resource).await;
        answer::write(outcome, &call.fields, family)
    }

    fn internal_error(&self) -> Response<Body> {
        let value = serde_json::json!({ "status": "error", "messages": ["Internal server error."], "code": 500 });
        reply::json(StatusCode::INTERNAL_SERVER_ERROR, &value)
    }
}

impl ArcGis {
    async fn answer(&self, call: &mut Call, resource: Resource) -> Result<Answer, ArcError> {
        let ArcGis { ground, stores, .. } = self;
        check_method(&call.head.method, &resource)?;
        // Of a GET the format is known; a POST may say it in its form.
        if call.head.method != Method::POST {
            call.fields.check_format()?;
        }
        match &resource {
            Resource::Info(service) => {
                let page = Page::titled("Server info");
                return Ok(Answer::Value(login::info(&call.head, *service), page));
            }
            Resource::GenerateToken(service) => {
                let token = login::generate_token(ground, call, *service).await?;
                return Ok(Answer::Value(token, Page::titled("Token")));
            }
            // These have to look at callers before, or while, a file arrives.
            Resource::Upload => return ops::upload(ground, stores, call).await,
            Resource::UploadPart(id) => return ops::upload_part(ground, stores, call, id).await,
            Resource::Register => return ops::register(ground, stores, call).await,
            _ => {}
        }
        let caller = &ops::admit(ground, call).await?;
        let head = &call.head;
        let store = &stores.of(caller, &head.context)?;
        match &resource {
            Resource::Uploads => ops::list(store, caller, head).await,
            Resource::Config => Ok(ops::config(store, head)),
            Resource::Item(id) => ops::item(store, caller, head, id).await,
            Resource::Parts(id) => ops::parts(store, caller, head, id).await,
            Resource::Commit(id) => ops::commit(store, call, id).await,
            Resource::Download(id) => ops::download(store, id).await,
            Resource::Delete(id) => ops::delete(store, head, id).await,
            Resource::Site
            | Resource::Info(_)
            | Resource::GenerateToken(_)
            | Resource::Upload
            | Resource::UploadPart(_)
            | Resource::Register => Ok(ops::site(head)),
        }
    }
}

/// What changes something takes POST. The rest is read by GET; Esri's clients read by POST, too, when a query gets long.
fn check_method(method: &Method, resource: &Resource) -> Result<(), ArcError> {
    match *method {
        Method::POST => Ok(()),
        Method::GET | Method::HEAD if !resource.takes_post() => Ok(()),
        _ if resource.takes_post() => Err(ArcError::wrong_method("POST")),
        _ => Err(ArcError::wrong_method("GET or POST")),
    }
}

//! HERE platform's Blob API: v2 by key (Object Store layers) and v1 by data handle, with the API lookup and the token
//! endpoint that HERE's SDKs call first. Not catalogs or layers themselves, and no other API of the platform.
//!
//! Sources: HERE's OpenAPI documents "Blob API v2" 2.0.2 and "Blob API v1" 1.0.8, the pages under
//! <https://docs.here.com/data-api/>, and HERE's own client for TypeScript (`@here/olp-sdk-dataservice-api` 1.12).
//!
//! What they leave open, and is assumed here:
//!
//! 1. Catalogs and layers exist as soon as they are used. Paths without a catalog are those of the catalog `default`.
//! 2. The bearer token may also be the server's secret key.
//! 3. Over 96 MiB, a part is 413 at once. Too small, or no multiple of 1 MiB, is 400 at completion: which part is the last
//!    is not known before. All 400s of v2 have the code `E215101`, the only one that is documented.
//! 4. An `X-HERE-Digest` of an unknown algorithm, or not in lower-case hexadecimal digits, is 400.
//! 5. A completion without a body takes all parts that were uploaded. Completing again with the same list is 204 again.
//! 6. The status of an upload that was not completed is not found (404), as is an upload that was cancelled; cancelling
//!    what is completed is 400 in v2 and 404 in v1.
//! 7. A part's type may be left out, or be `application/json`, which SDKs send when they were given none. So may the type
//!    of a whole object: it is `application/octet-stream` then.
//! 8. Listings show whole keys. `parent` is a directory with or without its slash.
//! 9. `storageLayerAccess` redirects to a presigned URL that is good for an hour.
//! 10. The token endpoint's errors are as HERE's account service is seen to write them.
//! 11. v1's completion takes its list in any order, too, as the SDK sends it in the order in which parts were done.

mod auth;
mod blobs;
mod digest;
mod error;
mod list;
mod lookup;
mod parts;
mod place;
mod routes;
mod upload;
mod v1;
mod v2;

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Response};
use uuid::Uuid;

use self::error::{ApiError, Shape};
use self::place::Layer;
use self::routes::{Resource, Target};
use super::facade::{Facade, Request};
use super::ground::Ground;
use super::options::{FacadeOption, OptionError};
use crate::engine::upload::{PartNumbers, PartOrder, PartRules};
use crate::http::body::Body;
use crate::http::identity::Identity;

pub(super) const OPTIONS: &[FacadeOption] = &[
    FacadeOption { name: "part_multiple", default: "1MiB", help: "What parts but the last are multiples of, in v2." },
    FacadeOption { name: "max_part_size", default: "96MiB", help: "The most that a part may have, in v2." },
    FacadeOption {
        name: "max_put_size",
        default: "192MiB",
        help: "The most that an object put at once may have, in v2.",
    },
];

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// The limits of v2 that can be set, and, as constants, those that cannot.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "units are in the names")]
struct Limits {
    part_multiple_bytes: u64,
    max_part_bytes: u64,
    max_put_bytes: u64,
}

impl Limits {
    /// v2's total.
    const V2_MAX_OBJECT_BYTES: u64 = 500 << 30;
    /// v1's part, and its object in one piece.
    const V1_MAX_PART_BYTES: u64 = 5 << 30;
    /// v1's total.
    const V1_MAX_OBJECT_BYTES: u64 = 50 << 30;
}

pub(super) fn open(ground: Ground) -> Result<Arc<dyn Facade>, OptionError> {
    let options = ground.options();
    let limits = Limits {
        part_multiple_bytes: options.size_bytes("part_multiple")?,
        max_part_bytes: options.size_bytes("max_part_size")?,
        max_put_bytes: options.size_bytes("max_put_size")?,
    };
    Ok(Arc::new(Here { ground, limits }))
}

struct Here {
    ground: Ground,
    limits: Limits,
}

/// A request for a layer, from somebody who may ask.
struct Call {
    ground: Ground,
    limits: Limits,
    caller: Arc<Identity>,
    layer: Layer,
    request: Request,
}

#[async_trait::async_trait]
impl Facade for Here {
    async fn handle(&self, request: Request) -> Response<Body> {
        let correlation_id = Uuid::new_v4().to_string();
        let target = Target::parse(&request);
        let shape = target.as_ref().map_or(Shape::Empty, Target::shape);
        let outcome = match target {
            Ok(target) => self.answer(request, target).await,
            Err(error) => Err(error),
        };
        let mut response = outcome.unwrap_or_else(|error| error.response(shape, &correlation_id));
        if let Ok(value) = HeaderValue::from_str(&correlation_id) {
            response.headers_mut().insert(CORRELATION_ID, value);
        }
        response
    }

    fn internal_error(&self) -> Response<Body> {
        ApiError::internal().response(Shape::Json, &Uuid::new_v4().to_string())
    }
}

impl Here {
    async fn answer(&self, request: Request, target: Target) -> Result<Response<Body>, ApiError> {
        let (layer, resource) = match target {
            Target::Token => return auth::token(&self.ground, request).await,
            // Anybody may ask where things are; SDKs do so before they have a token.
            Target::Lookup { catalog, only } => return Ok(lookup::answer(&request, catalog.as_deref(), only.as_ref())),
            Target::Layer(layer, resource) => (layer, resource),
        };
        let caller = auth::caller(&self.ground, &request)?;
        let call = Call { ground: self.ground.clone(), limits: self.limits, caller, layer, request };
        match resource {
            Resource::Keys => list::answer(call).await,
            Resource::Key(key) => v2::object(call, &key).await,
            Resource::KeyUpload(token) => v2::upload(call, &token).await,
            Resource::KeyParts(token) => v2::part(call, &token).await,
            Resource::Data(handle) => v1::blob(call, &handle).await,
            Resource::DataUploads(handle) => v1::start(call, &handle).await,
            Resource::DataUpload(handle, token) => v1::upload(call, &handle, &token).await,
            Resource::DataParts(handle, token) => v1::part(call, &handle, &token).await,
        }
    }
}

impl Call {
    /// What v2 asks of parts.
    fn v2_rules(&self) -> PartRules {
        PartRules { multiple_of_bytes: self.limits.part_multiple_bytes, ..self.v1_rules() }
    }

    /// What v1 asks of parts.
    fn v1_rules(&self) -> PartRules {
        PartRules {
            // Lists come in any order, and are sorted first.
            order: PartOrder::Ascending,
            numbers: PartNumbers::Consecutive,
            min_size_bytes: self.ground.engine().limits().min_part_size_bytes,
            multiple_of_bytes: 1,
        }
    }
}

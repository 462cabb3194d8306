//! What a path is.

use http::Method;

use super::error::{ApiError, Shape};
use super::place::{DEFAULT_CATALOG, Layer};
use crate::facades::facade::Request;

/// What a request is for.
pub(super) enum Target {
    /// The OAuth token.
    Token,
    /// Where the APIs are: of a catalog, or of the platform; of one API and version, or of all.
    Lookup { catalog: Option<String>, only: Option<(String, String)> },
    /// Something in a layer.
    Layer(Layer, Resource),
}

/// Something in a layer.
pub(super) enum Resource {
    Keys,
    Key(String),
    KeyUpload(String),
    KeyParts(String),
    Data(String),
    DataUploads(String),
    DataUpload(String, String),
    DataParts(String, String),
}

impl Target {
    /// Reads the path. What is nowhere is 404.
    pub(super) fn parse(request: &Request) -> Result<Target, ApiError> {
        let segments = request.segments().ok_or_else(ApiError::not_found)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match segments.as_slice() {
            ["oauth2", "token"] => Ok(Target::Token),
            ["lookup", "v1", rest @ ..] => lookup(rest),
            // Both versions' base URLs lead to all there is: which version a path is of, it says itself.
            ["blobstore", "v1" | "v2", "catalogs", hrn, "layers", layer, rest @ ..] => in_layer(hrn, layer, rest),
            ["layers", layer, rest @ ..] => in_layer(DEFAULT_CATALOG, layer, rest),
            _ => Err(ApiError::not_found()),
        }
    }

    /// Which shape errors have there.
    pub(super) fn shape(&self) -> Shape {
        match self {
            Target::Layer(_, Resource::Keys | Resource::Key(_) | Resource::KeyUpload(_) | Resource::KeyParts(_)) => {
                Shape::Json
            }
            Target::Layer(..) => Shape::Empty,
            Target::Token | Target::Lookup { .. } => Shape::Json,
        }
    }
}

fn lookup(rest: &[&str]) -> Result<Target, ApiError> {
    let only = |api: &str, version: &str| Some((api.to_owned(), version.to_owned()));
    let (catalog, only) = match rest {
        ["platform", "apis"] => (None, None),
        ["platform", "apis", api, version] => (None, only(api, version)),
        ["resources", hrn, "apis"] => (Some(*hrn), None),
        ["resources", hrn, "apis", api, version] => (Some(*hrn), only(api, version)),
        _ => return Err(ApiError::not_found()),
    };
    Ok(Target::Lookup { catalog: catalog.map(str::to_owned), only })
}

fn in_layer(catalog: &str, layer: &str, rest: &[&str]) -> Result<Target, ApiError> {
    let own = |text: &&str| (*text).to_owned();
    let resource = match rest {
        ["keys"] => Resource::Keys,
        // SDKs leave the slashes of a key as they are.
        ["keys", key @ ..] => Resource::Key(key.join("/")),
        ["keysMultipart", token] => Resource::KeyUpload(own(token)),
        ["keysMultipart", token, "parts"] => Resource::KeyParts(own(token)),
        ["data", handle] => Resource::Data(own(handle)),
        ["data", handle, "multiparts"] => Resource::DataUploads(own(handle)),
        ["data", handle, "multiparts", token] => Resource::DataUpload(own(handle), own(token)),
        ["data", handle, "multiparts", token, "parts"] => Resource::DataParts(own(handle), own(token)),
        _ => return Err(ApiError::not_found()),
    };
    Ok(Target::Layer(Layer::new(catalog, layer)?, resource))
}

/// The methods that a resource does not take are told with those that it does.
pub(super) fn wrong_method(method: &Method, allowed: &'static str) -> ApiError {
    ApiError::wrong_method(method, allowed)
}

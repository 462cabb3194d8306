//! Listing v2's keys: `/` is the separator, `deep` looks below it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::Call;
use super::error::ApiError;
use super::routes::wrong_method;
use crate::engine::list::{ListEntry, ListQuery, More};
use crate::facades::reply;
use crate::http::body::Body;

const MAX_PAGE: usize = 1000;

/// `GET /layers/{layerId}/keys`.
pub(super) async fn answer(call: Call) -> Result<Response<Body>, ApiError> {
    if !matches!(call.request.method, Method::GET | Method::HEAD) {
        return Err(wrong_method(&call.request.method, "GET"));
    }
    let prefix = call.layer.keys_prefix();
    let query = query(&call, &prefix)?;
    let Some(bucket) = call.layer.bucket(&call.ground, &call.caller)? else {
        return Ok(reply::json(StatusCode::OK, &json!({ "items": [] })));
    };
    let page = call.ground.engine().list_objects(&bucket, query).await?;
    let name = |key: &str| key.strip_prefix(&prefix).unwrap_or(key).to_owned();
    let mut last = String::new();
    let items: Vec<Value> = page
        .entries
        .into_iter()
        .map(|entry| match entry {
            ListEntry::Item(object) => {
                last = name(object.key.as_str());
                json!({
                    "name": last,
                    "size": object.size_bytes,
                    "lastModified": object.modified.iso8601_millis(),
                    "type": "object",
                })
            }
            ListEntry::CommonPrefix(prefix) => {
                last = name(&prefix);
                json!({ "name": last, "type": "commonPrefix" })
            }
        })
        .collect();
    let mut answer = json!({ "items": items });
    if page.more == More::Follows {
        answer["pageToken"] = json!(URL_SAFE_NO_PAD.encode(&last));
    }
    Ok(reply::json(StatusCode::OK, &answer))
}

fn query(call: &Call, prefix: &str) -> Result<ListQuery, ApiError> {
    let sent = |name: &str| call.request.query.first(name).filter(|value| !value.is_empty());
    let limit = match sent("limit") {
        None => MAX_PAGE,
        Some(text) => text.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit)).ok_or_else(|| {
            ApiError::bad_request(format!("limit is {text:?}: it has to be an integer from 1 to {MAX_PAGE}."))
        })?,
    };
    let delimiter = match sent("deep") {
        None | Some("false") => "/",
        Some("true") => "",
        Some(other) => return Err(ApiError::bad_request(format!("deep is {other:?}: it has to be true or false."))),
    };
    let parent = match sent("parent").map(|parent| parent.trim_start_matches('/').trim_end_matches('/')) {
        None | Some("") => String::new(),
        Some(parent) => {
            call.layer.key(parent)?;
            format!("{parent}/")
        }
    };
    let after = match sent("pageToken") {
        None => None,
        Some(token) => {
            let last = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            Some(
                last.ok_or_else(|| ApiError::bad_request("pageToken is none that an earlier page was answered with."))?,
            )
        }
    };
    Ok(ListQuery {
        prefix: format!("{prefix}{parent}"),
        delimiter: delimiter.to_owned(),
        after: after.map(|last| format!("{prefix}{last}")),
        limit,
    })
}

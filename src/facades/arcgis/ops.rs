//! The operations on uploads, one function each: what they take, and what they answer. Not how items are kept: `store`
//! does that.

use http::{HeaderValue, Response, header};
use serde_json::{Value, json};

use super::answer::{Answer, success};
use super::auth::{self, Bound, Caller, Grant};
use super::call::{Call, Fields, Head};
use super::error::ArcError;
use super::html::Page;
use super::item::{self, Item, NewItem};
use super::login::{FULL_VERSION, VERSION};
use super::parts;
use super::receive::{self, FileHead};
use super::store::{Store, Stores};
use crate::facades::ground::Ground;
use crate::http::body::{Body, Payload};
use crate::wire::part::PartNumber;
use crate::wire::percent;

/// The token in the URL that people are sent to after an upload lasts so long.
const REDIRECT_TOKEN_SECONDS: i64 = 600;

/// Reads the form of a POST, and finds out who calls.
pub(super) async fn admit(ground: &Ground, call: &mut Call) -> Result<Caller, ArcError> {
    if call.head.method == http::Method::POST {
        let payload = std::mem::replace(&mut call.payload, Payload::empty());
        receive::form(&call.head.headers, payload, &mut call.fields).await?;
    }
    call.fields.check_format()?;
    auth::caller(ground, &call.head, &call.fields)
}

/// `/admin`: which resources there are.
pub(super) fn site(head: &Head) -> Answer {
    let page = Page::titled("Site").link("Uploads", uploads_url(head));
    Answer::Value(json!({ "resources": ["uploads"], "currentVersion": VERSION, "fullVersion": FULL_VERSION }), page)
}

/// `/admin/uploads`.
pub(super) async fn list(store: &Store, caller: &Caller, head: &Head) -> Result<Answer, ArcError> {
    let items = store.list().await?;
    let url = uploads_url(head);
    let mut page = Page::titled("Uploads").link("Configuration", format!("{url}/config"));
    for (id, item) in &items {
        page = page.link(item.name.clone(), format!("{url}/{id}"));
    }
    let page = page.form("Upload", format!("{url}/upload"), &[("itemFile", "file"), ("description", "text")]).form(
        "Register",
        format!("{url}/register"),
        &[("itemName", "text"), ("description", "text")],
    );
    Ok(Answer::Value(caller.spelling.list(&items), page))
}

/// `/admin/uploads/config`.
pub(super) fn config(store: &Store, head: &Head) -> Answer {
    let page = Page::titled("Upload configuration").link("Uploads", uploads_url(head));
    Answer::Value(json!({ "dataStoreId": store.data_store_id(), "uploadPath": "uploads" }), page)
}

/// `/admin/uploads/upload`: a whole file.
pub(super) async fn upload(ground: &Ground, stores: &Stores, call: &mut Call) -> Result<Answer, ArcError> {
    const FIELD: &str = "itemFile";
    let Call { head, fields, payload } = call;
    let payload = std::mem::replace(payload, Payload::empty());
    let check = |fields: &Fields, file: &FileHead| {
        fields.check_format()?;
        match auth::caller_so_far(ground, head, fields) {
            Some(caller) => new_of_file(&caller?, fields, file).map(drop),
            None => Ok(()),
        }
    };
    let file = receive::form_with_file(ground.engine(), &head.headers, payload, fields, FIELD, check).await?;
    fields.check_format()?;
    let caller = auth::caller(ground, head, fields)?;
    let store = stores.of(&caller, &head.context)?;
    let file = file.ok_or_else(|| ArcError::missing(FIELD))?;
    let new = new_of_file(&caller, fields, &file.head)?;
    let (id, item) = store.put(new, file.body).await?;
    Ok(made(ground, &caller, head, &id, &item))
}

/// `/admin/uploads/register`: an item that parts will be uploaded for.
pub(super) async fn register(ground: &Ground, stores: &Stores, call: &mut Call) -> Result<Answer, ArcError> {
    let caller = admit(ground, call).await?;
    let Call { head, fields, .. } = call;
    let store = stores.of(&caller, &head.context)?;
    let new = NewItem::new("itemName", fields.required("itemName")?, fields.get("description"), None)?;
    caller.spelling.check_extension(&new.name)?;
    let (id, item) = store.register(new).await?;
    let page = item_page(head, &id, &item);
    Ok(Answer::Value(json!({ "status": "success", "item": caller.spelling.item(&id, &item) }), page))
}

/// `/admin/uploads/{id}`.
pub(super) async fn item(store: &Store, caller: &Caller, head: &Head, id: &str) -> Result<Answer, ArcError> {
    let item = store.item(id).await?;
    Ok(Answer::Value(caller.spelling.item(id, &item), item_page(head, id, &item)))
}

/// `/admin/uploads/{id}/uploadPart`.
pub(super) async fn upload_part(
    ground: &Ground,
    stores: &Stores,
    call: &mut Call,
    id: &str,
) -> Result<Answer, ArcError> {
    const FIELD: &str = "partFile";
    let Call { head, fields, payload } = call;
    let payload = std::mem::replace(payload, Payload::empty());
    let check = |fields: &Fields, _: &FileHead| {
        fields.check_format()?;
        let Some(caller) = auth::caller_so_far(ground, head, fields) else { return Ok(()) };
        stores.of(&caller?, &head.context)?.check_open(id)?;
        fields.get("partNumber").map_or(Ok(()), |number| part_number(number).map(drop))
    };
    let file = receive::form_with_file(ground.engine(), &head.headers, payload, fields, FIELD, check).await?;
    fields.check_format()?;
    let caller = auth::caller(ground, head, fields)?;
    let store = stores.of(&caller, &head.context)?;
    store.check_open(id)?;
    let number = part_number(fields.required("partNumber")?)?;
    let file = file.ok_or_else(|| ArcError::missing(FIELD))?;
    store.put_part(id, number, file.body).await?;
    let page = Page::titled(format!("Part {number}")).link("Item", item_url(head, id));
    Ok(Answer::Value(success(), page))
}

/// `/admin/uploads/{id}/parts`.
pub(super) async fn parts(store: &Store, caller: &Caller, head: &Head, id: &str) -> Result<Answer, ArcError> {
    let (item, numbers) = store.parts(id).await?;
    let names: Vec<Value> = numbers.into_iter().map(|n| caller.spelling.part_name(&item, n).into()).collect();
    let page = Page::titled(format!("Parts of {}", item.name)).link("Item", item_url(head, id));
    Ok(Answer::Value(json!({ "parts": names }), page))
}

/// `/admin/uploads/{id}/commit`.
pub(super) async fn commit(store: &Store, call: &Call, id: &str) -> Result<Answer, ArcError> {
    store.commit(id, call.fields.get("parts")).await?;
    Ok(Answer::Value(success(), Page::titled("Committed").link("Item", item_url(&call.head, id))))
}

/// `/admin/uploads/{id}/delete`.
pub(super) async fn delete(store: &Store, head: &Head, id: &str) -> Result<Answer, ArcError> {
    store.delete(id).await?;
    Ok(Answer::Value(success(), Page::titled("Deleted").link("Uploads", uploads_url(head))))
}

/// `/admin/uploads/{id}/download`.
pub(super) async fn download(store: &Store, id: &str) -> Result<Answer, ArcError> {
    let (item, object) = store.open(id).await?;
    let size_bytes = object.object.size_bytes;
    let body = Body::object(object.read(0, size_bytes))
        .await
        .map_err(|error| ArcError::from(crate::engine::error::Error::Io(error)))?;
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, size_bytes.into());
    // What a client said of the file: a type that is none is shown as bytes.
    let content_type = HeaderValue::from_str(&item.content_type)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&disposition(&item.name)) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    Ok(Answer::File(response))
}

/// What the item of an uploaded file is to be.
fn new_of_file(caller: &Caller, fields: &Fields, file: &FileHead) -> Result<NewItem, ArcError> {
    let name = item::file_name(file.name.as_deref().unwrap_or_default());
    // A form whose file was not chosen has one without a name.
    let new = NewItem::new("itemFile", name, fields.get("description"), file.content_type.as_deref())?;
    caller.spelling.check_extension(name)?;
    Ok(new)
}

fn part_number(sent: &str) -> Result<PartNumber, ArcError> {
    parts::parse_number(sent.trim()).ok_or_else(|| {
        let max = PartNumber::MAX.get();
        ArcError::bad_request(format!("'partNumber' is '{sent}': it is a whole number from 1 to {max}."))
    })
}

/// The answer to an upload. People are sent to the item's page, with a token that lasts just long enough to see it: theirs
/// was in a form, and a secret key does not belong into a URL.
fn made(ground: &Ground, caller: &Caller, head: &Head, id: &str, item: &Item) -> Answer {
    let value = json!({ "status": "success", "item": caller.spelling.item(id, item) });
    let grant = Grant { spelling: caller.spelling, bound_to: Bound::Nothing };
    let token = auth::issue(ground, &caller.identity, &grant, REDIRECT_TOKEN_SECONDS);
    Answer::ValueOrSee(value, format!("{}?token={token}", item_url(head, id)))
}

fn item_page(head: &Head, id: &str, item: &Item) -> Page {
    let url = item_url(head, id);
    let page = Page::titled(item.name.clone()).link("Uploads", uploads_url(head)).link("Item", url.clone());
    let page = if item.is_committed() {
        page.link("Download", format!("{url}/download"))
    } else {
        page.link("Parts", format!("{url}/parts"))
            .form("Upload part", format!("{url}/uploadPart"), &[("partNumber", "number"), ("partFile", "file")])
            .form("Commit", format!("{url}/commit"), &[("parts", "text")])
    };
    page.form("Delete", format!("{url}/delete"), &[])
}

fn uploads_url(head: &Head) -> String {
    format!("{}/admin/uploads", head.site_url)
}

fn item_url(head: &Head, id: &str) -> String {
    format!("{}/{id}", uploads_url(head))
}

/// Saves as the item's name, in UTF-8 for those who read RFC 6266, else with `_` for what is not ASCII.
fn disposition(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '_' }).collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent::encode(name.as_bytes()))
}

//! Items in the engine: a multipart upload or an object under the item's key, and the item's document beside it. Bytes are
//! never moved by a commit.
//!
//! The document says what the item is, the engine whether it is open or whole. Where the server ended between the two, or
//! somebody changed the object over S3, the engine is right: [`Store::load`] puts the document right before it is used.

mod commit;

use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use self::commit::Turns;
use super::auth::Caller;
use super::error::ArcError;
use super::item::{self, Item, NewItem, State};
use crate::engine::Engine;
use crate::engine::blobs::writer::Sealed;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::ids::UploadId;
use crate::engine::object::{Deletion, OpenObject, PutObject};
use crate::engine::upload::{NewUpload, UploadRow};
use crate::facades::ground::Ground;
use crate::wire::bucket_name::BucketName;
use crate::wire::object_attributes::ObjectAttributes;
use crate::wire::object_key::ObjectKey;

/// Items that are listed at most, the newest: the API has no pages.
const MAX_LISTED: usize = 10_000;
/// Documents that are read at once.
const PAGE: usize = 1000;

/// The items of all contexts.
pub(super) struct Stores {
    ground: Ground,
    turns: Arc<Turns>,
}

/// The items of a context, as one caller may see them.
#[derive(Clone)]
pub(super) struct Store {
    ground: Ground,
    turns: Arc<Turns>,
    caller: Caller,
    context: String,
    bucket: BucketName,
}

/// An item whose document agrees with the engine.
struct Loaded {
    bucket: Bucket,
    item: Item,
    /// The engine's upload, unless the item is committed.
    upload: Option<UploadRow>,
}

impl Stores {
    pub(super) fn new(ground: &Ground) -> Stores {
        let turns = Arc::new(Turns::new());
        Stores { ground: ground.clone(), turns }
    }

    /// Those of a context. Fails when it has no place among buckets.
    pub(super) fn of(&self, caller: &Caller, context: &str) -> Result<Store, ArcError> {
        let bucket = bucket_name(context)?;
        let (ground, turns) = (self.ground.clone(), Arc::clone(&self.turns));
        Ok(Store { ground, turns, caller: caller.clone(), context: context.to_owned(), bucket })
    }
}

impl Store {
    /// An id of its own for the context: Kubernetes tells clients in which data store uploads are.
    pub(super) fn data_store_id(&self) -> String {
        let digest = Sha256::digest(format!("data store of {}", self.bucket));
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// Starts an item that is made of parts.
    pub(super) async fn register(&self, new: NewItem) -> Result<(String, Item), ArcError> {
        let store = self.clone();
        to_its_end(async move { store.register_whole(new).await }).await
    }

    async fn register_whole(&self, new: NewItem) -> Result<(String, Item), ArcError> {
        let bucket = self.open_bucket().await?;
        let id = self.caller.spelling.new_id();
        let key = item::key(&id, &new.name)?;
        let initiator = self.caller.identity.account.clone();
        let upload = NewUpload {
            key: key.clone(),
            headers: new.headers(&id),
            attributes: ObjectAttributes::default(),
            checksum: None,
            initiator,
        };
        let upload = self.engine().create_upload(&bucket, upload).await?;
        let item = new.into_item(self.ground.now().millis(), State::Open { upload: upload.as_str().to_owned() });
        if let Err(error) = self.ground.put_document(&bucket, &item::document(&id), &item).await {
            self.engine().abort_upload(&bucket, &key, &upload).await?;
            return Err(error.into());
        }
        Ok((id, item))
    }

    /// Makes an item of a file that has arrived.
    pub(super) async fn put(&self, new: NewItem, body: Sealed) -> Result<(String, Item), ArcError> {
        let store = self.clone();
        to_its_end(async move { store.put_whole(new, body).await }).await
    }

    async fn put_whole(&self, new: NewItem, body: Sealed) -> Result<(String, Item), ArcError> {
        let bucket = self.open_bucket().await?;
        let id = self.caller.spelling.new_id();
        let key = item::key(&id, &new.name)?;
        let headers = new.headers(&id);
        let put = PutObject::new(key.clone(), headers);
        self.engine().put_object(&self.watched(&bucket, "PutObject")?, put, body).await?;
        let item = new.into_item(self.ground.now().millis(), State::Committed { parts: Some(Vec::new()) });
        if let Err(error) = self.ground.put_document(&bucket, &item::document(&id), &item).await {
            self.engine().delete_object(&self.watched(&bucket, "DeleteObject")?, Deletion::of(key)).await?;
            return Err(error.into());
        }
        Ok((id, item))
    }

    /// The newest items, newest first.
    pub(super) async fn list(&self) -> Result<Vec<(String, Item)>, ArcError> {
        let Some(bucket) = self.find_bucket()? else { return Ok(Vec::new()) };
        let prefix = item::document("");
        let mut items: Vec<(String, Item)> = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.ground.list_documents::<Item>(&bucket, &prefix, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            items.extend(page.into_iter().map(|(name, item)| (name[prefix.len()..].to_owned(), item)));
            if items.len() > 2 * MAX_LISTED {
                keep_newest(&mut items);
            }
        }
        keep_newest(&mut items);
        Ok(items)
    }

    /// An item as it is.
    pub(super) async fn item(&self, id: &str) -> Result<Item, ArcError> {
        Ok(self.load(id).await?.item)
    }

    /// Whether a part may be uploaded now. Asked before its bytes are taken in; it is asked again with them.
    pub(super) fn check_open(&self, id: &str) -> Result<(), ArcError> {
        let no_such_item = || ArcError::no_such_item(id);
        let bucket = self.find_bucket()?.ok_or_else(no_such_item)?;
        match self.document(&bucket, id)?.ok_or_else(no_such_item)?.state {
            State::Open { .. } => Ok(()),
            State::Committed { .. } => Err(ArcError::already_committed(id)),
        }
    }

    /// Deletes an item with all that there is of it.
    pub(super) async fn delete(&self, id: &str) -> Result<(), ArcError> {
        let no_such_item = || ArcError::no_such_item(id);
        let bucket = self.find_bucket()?.ok_or_else(no_such_item)?;
        let item = self.document(&bucket, id)?.ok_or_else(no_such_item)?;
        let key = item::key(id, &item.name)?;
        // The upload first: once it has ended, no commit makes an object any more. The document last: what a crash leaves
        // can be deleted again.
        if let State::Open { upload } = &item.state {
            match self.engine().abort_upload(&bucket, &key, &UploadId::from_client(upload)).await {
                Ok(_) | Err(Error::NoSuchUpload) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.engine().delete_object(&self.watched(&bucket, "DeleteObject")?, Deletion::of(key)).await?;
        Ok(self.ground.delete_document(&bucket, &item::document(id)).await?)
    }

    /// An item that is whole, and its bytes.
    pub(super) async fn open(&self, id: &str) -> Result<(Item, OpenObject), ArcError> {
        let Loaded { bucket, item, .. } = self.load(id).await?;
        if !item.is_committed() {
            return Err(ArcError::not_committed(id));
        }
        match self.engine().open_object(&bucket, &item::key(id, &item.name)?) {
            Ok(object) => Ok((item, object)),
            Err(Error::NoSuchKey) => Err(ArcError::no_such_item(id)),
            Err(error) => Err(error.into()),
        }
    }

    fn engine(&self) -> &Engine {
        self.ground.engine()
    }

    /// The bucket, of which it is told what is done with it: the same as this operation of S3's does.
    fn watched(&self, bucket: &Bucket, operation: &'static str) -> Result<Bucket, ArcError> {
        Ok(self.ground.watched(bucket, operation, &self.caller.identity)?)
    }

    /// The context's bucket, made if need be.
    async fn open_bucket(&self) -> Result<Bucket, ArcError> {
        match self.ground.bucket(&self.bucket, &self.caller.identity).await {
            Ok(bucket) => Ok(bucket),
            Err(Error::BucketExists { .. }) => Err(ArcError::others_context(&self.context)),
            Err(error) => Err(error.into()),
        }
    }

    /// The context's bucket, if it was made.
    fn find_bucket(&self) -> Result<Option<Bucket>, ArcError> {
        match self.engine().bucket(&self.bucket) {
            Ok(bucket) if bucket.account == self.caller.identity.account => Ok(Some(bucket)),
            Ok(_) => Err(ArcError::others_context(&self.context)),
            Err(Error::NoSuchBucket) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn document(&self, bucket: &Bucket, id: &str) -> Result<Option<Item>, ArcError> {
        if !item::is_id(id) {
            return Ok(None);
        }
        Ok(self.ground.document(bucket, &item::document(id))?)
    }

    async fn load(&self, id: &str) -> Result<Loaded, ArcError> {
        let no_such_item = || ArcError::no_such_item(id);
        let bucket = self.find_bucket()?.ok_or_else(no_such_item)?;
        let item = self.document(&bucket, id)?.ok_or_else(no_such_item)?;
        let key = item::key(id, &item.name)?;
        if let State::Open { upload } = &item.state
            && let Some(upload) = self.find_upload(&bucket, &key, upload)?
        {
            return Ok(Loaded { bucket, item, upload: Some(upload) });
        }
        let item = match (self.engine().object(&bucket, &key), &item.state) {
            (Ok(_), State::Committed { .. }) => Some(item),
            (Ok(_), State::Open { .. }) => self.set_committed(&bucket, id, None).await?,
            (Err(Error::NoSuchKey), _) => {
                self.forget(&bucket, id, item).await?;
                None
            }
            (Err(error), _) => return Err(error.into()),
        };
        Ok(Loaded { bucket, item: item.ok_or_else(no_such_item)?, upload: None })
    }

    fn find_upload(&self, bucket: &Bucket, key: &ObjectKey, upload: &str) -> Result<Option<UploadRow>, ArcError> {
        match self.engine().upload(bucket, key, &UploadId::from_client(upload)) {
            Ok(upload) => Ok(Some(upload)),
            Err(Error::NoSuchUpload) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes down that an item is whole, and of which parts if nobody did before. `None`: there is no such item.
    async fn set_committed(
        &self,
        bucket: &Bucket,
        id: &str,
        parts: Option<Vec<u16>>,
    ) -> Result<Option<Item>, ArcError> {
        let change = move |document: &mut Option<Item>, _| {
            let item = document.as_mut()?;
            if !matches!(item.state, State::Committed { parts: Some(_) }) {
                item.state = State::Committed { parts };
            }
            Some(item.clone())
        };
        Ok(self.ground.change_document(bucket, &item::document(id), change).await?)
    }

    /// Forgets an item of which nothing is left in the engine, unless its document has changed meanwhile.
    async fn forget(&self, bucket: &Bucket, id: &str, seen: Item) -> Result<(), ArcError> {
        let change = move |document: &mut Option<Item>, _| {
            if document.as_ref() == Some(&seen) {
                *document = None;
            }
        };
        Ok(self.ground.change_document(bucket, &item::document(id), change).await?)
    }
}

/// Does all of it even if the client goes meanwhile: what is made in the engine shall have its document.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, ArcError>> + Send + 'static,
) -> Result<T, ArcError> {
    let bug = || Error::Bug { what: "work on an item does not panic".to_owned() };
    tokio::spawn(work).await.unwrap_or_else(|_| Err(bug().into()))
}

/// `arcgis-<context>`, in lower case and with `-` for `_`.
fn bucket_name(context: &str) -> Result<BucketName, ArcError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let shaped = context.bytes().all(allowed) && context.starts_with(|c: char| c.is_ascii_alphanumeric());
    let name = format!("arcgis-{}", context.to_ascii_lowercase().replace('_', "-"));
    let name = if shaped { BucketName::parse(&name).ok() } else { None };
    name.ok_or_else(|| ArcError::bad_context(context))
}

fn keep_newest(items: &mut Vec<(String, Item)>) {
    items.sort_unstable_by(|(a_id, a), (b_id, b)| b.created_ms.cmp(&a.created_ms).then_with(|| a_id.cmp(b_id)));
    items.truncate(MAX_LISTED);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_name_buckets() {
        let name = |context: &str| bucket_name(context).ok().map(|name| name.as_str().to_owned());
        assert_eq!(name("arcgis").as_deref(), Some("arcgis-arcgis"));
        assert_eq!(name("My_Site-2").as_deref(), Some("arcgis-my-site-2"));
        assert!(name(&"a".repeat(56)).is_some());
        for bad in ["", "-", "-a", "a-", "a.b", "č", "a b", "..", &"a".repeat(57)] {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}

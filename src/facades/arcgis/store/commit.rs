//! Parts of an item, and the commit that makes it whole of them. Not what comes before and after.

use super::super::error::ArcError;
use super::super::item::{self, Item, State};
use super::super::parts;
use super::{Loaded, Store, to_its_end};
use crate::engine::blobs::writer::Sealed;
use crate::engine::bucket::Bucket;
use crate::engine::error::Error;
use crate::engine::upload::{Completion, Part, PartNumbers, PartOrder, PartRules, UploadRow};
use crate::wire::etag::ETag;
use crate::wire::part::{ListedPart, PartList, PartNumber};

/// Parts of an item, and a page that holds them all.
const MAX_PARTS: usize = 10_000;
/// So often a commit is tried while its parts are being replaced.
const COMMIT_TRIES: usize = 3;

/// Any parts in the order of the list, of any size. Assumption 3.
const RULES: PartRules =
    PartRules { order: PartOrder::AsListed, numbers: PartNumbers::Any, min_size_bytes: 0, multiple_of_bytes: 1 };

/// Commits of the same item take turns, so that each sees which list the one before has written down.
pub(super) struct Turns([tokio::sync::Mutex<()>; 64]);

impl Turns {
    pub(super) fn new() -> Turns {
        Turns(std::array::from_fn(|_| tokio::sync::Mutex::new(())))
    }

    /// The turn of an item: others may share it.
    async fn of(&self, id: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let sum = id.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        self.0[sum % self.0.len()].lock().await
    }
}

impl Store {
    /// Stores a part, replacing the one of its number.
    pub(in crate::facades::arcgis) async fn put_part(
        &self,
        id: &str,
        number: PartNumber,
        body: Sealed,
    ) -> Result<(), ArcError> {
        let Loaded { bucket, upload, .. } = self.load(id).await?;
        let upload = upload.ok_or_else(|| ArcError::already_committed(id))?;
        match self.engine().put_part(&bucket, &upload, number, body).await {
            Ok(_) => Ok(()),
            Err(Error::NoSuchUpload) => Err(self.ended(id).await),
            Err(error) => Err(error.into()),
        }
    }

    /// The item, and the numbers of the parts that are there: none after the commit.
    pub(in crate::facades::arcgis) async fn parts(&self, id: &str) -> Result<(Item, Vec<u16>), ArcError> {
        let Loaded { item, upload, .. } = self.load(id).await?;
        let parts = match upload {
            Some(upload) => self.stored(&upload).await?,
            None => Vec::new(),
        };
        Ok((item, parts.iter().map(|part| part.number.get()).collect()))
    }

    /// Makes an item whole: of the listed parts in their order, or without a list of all in the order of their numbers.
    /// Again with the same list, it succeeds again.
    pub(in crate::facades::arcgis) async fn commit(&self, id: &str, listed: Option<&str>) -> Result<(), ArcError> {
        let (store, id, listed) = (self.clone(), id.to_owned(), listed.map(str::to_owned));
        to_its_end(async move {
            let _turn = store.turns.of(&id).await;
            store.commit_in_turn(&id, listed.as_deref()).await
        })
        .await
    }

    async fn commit_in_turn(&self, id: &str, listed: Option<&str>) -> Result<(), ArcError> {
        for _ in 0..COMMIT_TRIES {
            let Loaded { bucket, item, upload } = self.load(id).await?;
            let listed = listed.map(|text| parts::parse(text, &item.name)).transpose()?;
            let Some(upload) = upload else {
                return self.check_repeated(&bucket, id, &item, listed.as_deref());
            };
            let stored = self.stored(&upload).await?;
            let list = self.part_list(id, &item, &stored, listed.as_deref())?;
            let numbers: Vec<u16> = list.parts().iter().map(|part| part.number.get()).collect();
            let completion = Completion {
                parts: list,
                checksum: None,
                checksum_kind: None,
                size_bytes: None,
                condition: None,
                rules: RULES,
            };
            let upload_id = self.engine().upload_id(&bucket, &upload);
            let watched = self.watched(&bucket, "CompleteMultipartUpload")?;
            match self.engine().complete_upload(&watched, &upload.key, &upload_id, completion).await {
                Ok(_) => return self.note_committed(&bucket, id, numbers).await,
                // A part was replaced since the list was made.
                Err(Error::InvalidPart { .. }) => {}
                // It was deleted, or completed over S3.
                Err(Error::NoSuchUpload) => return Err(self.ended(id).await),
                Err(error) => return Err(error.into()),
            }
        }
        Err(ArcError::bad_request(format!(
            "The parts of item '{id}' are being replaced: commit again when that is done."
        )))
    }

    async fn stored(&self, upload: &UploadRow) -> Result<Vec<Part>, ArcError> {
        let (parts, _) = self.engine().list_parts(upload, 0, MAX_PARTS).await?;
        Ok(parts)
    }

    /// The list for the engine: the parts as they are stored, in the order that was asked for.
    fn part_list(
        &self,
        id: &str,
        item: &Item,
        stored: &[Part],
        listed: Option<&[PartNumber]>,
    ) -> Result<PartList, ArcError> {
        let find = |number: &PartNumber| {
            let found = stored.binary_search_by_key(number, |part| part.number);
            let name = || self.caller.spelling.part_name(item, number.get());
            found.map(|index| &stored[index]).map_err(|_| ArcError::part_not_uploaded(&name()))
        };
        let chosen: Vec<&Part> = match listed {
            Some(numbers) => numbers.iter().map(find).collect::<Result<_, _>>()?,
            None => stored.iter().collect(),
        };
        let chosen = chosen.into_iter().map(|part| ListedPart {
            number: part.number,
            etag: ETag::plain(part.md5).to_hex(),
            checksums: Vec::new(),
        });
        PartList::new(chosen.collect()).ok_or_else(|| ArcError::no_parts(id))
    }

    /// A commit of an item that is committed already.
    fn check_repeated(
        &self,
        bucket: &Bucket,
        id: &str,
        item: &Item,
        listed: Option<&[PartNumber]>,
    ) -> Result<(), ArcError> {
        let State::Committed { parts } = &item.state else { return Err(ArcError::already_committed(id)) };
        let Some(listed) = listed else { return Ok(()) };
        let is_same = if let Some(parts) = parts {
            listed.iter().map(|number| number.get()).eq(parts.iter().copied())
        } else {
            // Nobody wrote down which parts they were: their count has to do.
            let object = self.engine().object(bucket, &item::key(id, &item.name)?)?;
            object.etag.part_count().map(usize::from) == Some(listed.len())
        };
        if is_same { Ok(()) } else { Err(ArcError::already_committed(id)) }
    }

    async fn note_committed(&self, bucket: &Bucket, id: &str, numbers: Vec<u16>) -> Result<(), ArcError> {
        match self.set_committed(bucket, id, Some(numbers)).await? {
            Some(_) => Ok(()),
            // It was deleted meanwhile.
            None => Err(ArcError::no_such_item(id)),
        }
    }

    /// What to say of an item whose upload ended while a call was busy with it.
    async fn ended(&self, id: &str) -> ArcError {
        match self.load(id).await {
            Ok(_) => ArcError::already_committed(id),
            Err(error) => error,
        }
    }
}

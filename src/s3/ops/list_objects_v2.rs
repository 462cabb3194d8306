//! `ListObjectsV2`.

use super::listing::{self, Optional, Selection, ShowOwner, ShownOwners};
use crate::engine::list::{ListPage, More};
use crate::engine::object::{ListedObject, Owners};
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;

/// A page of a bucket's objects, paged by continuation token.
pub(crate) struct ListObjectsV2 {
    selection: Selection,
    from: From,
    fetch_owner: bool,
    optional: Optional,
}

/// Where the page begins.
enum From {
    /// After a key; empty is at the beginning.
    StartAfter(String),
    /// Where another page ended. `start-after` no longer counts then, and is no longer echoed.
    Token { sent: String, last: String },
}

impl Operation for ListObjectsV2 {
    const NAME: &'static str = "ListObjectsV2";
    const ACTION: &'static str = "s3:ListBucket";

    /// AWS judges the parameters before it decides whether the caller may list.
    fn before_access(call: &Call) -> Result<()> {
        Self::parse(call).map(drop)
    }

    fn parse(call: &Call) -> Result<Self> {
        let query = &call.head.query;
        let selection = Selection::parse(query, "max-keys")?;
        let from = match query.first("continuation-token") {
            Some(sent) => From::Token { sent: sent.to_owned(), last: listing::read_continuation_token(sent)? },
            None => From::StartAfter(query.first("start-after").unwrap_or_default().to_owned()),
        };
        let fetch_owner = query.first("fetch-owner") == Some("true");
        Ok(ListObjectsV2 { selection, from, fetch_owner, optional: Optional::parse(&call.head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        let after = match &self.from {
            From::StartAfter(key) => Some(key.clone()).filter(|key| !key.is_empty()),
            From::Token { last, .. } => Some(last.clone()),
        };
        let owners = if self.fetch_owner { listing::owners(&call, &bucket)? } else { Owners::Left };
        let page = listing::objects(&call, self.selection.query(after), owners, self.optional).await?;
        let owner = ShownOwners::of(&call, &bucket);
        let document = self.document(bucket.name.as_str(), &owner, &page);
        Ok(Reply::xml(document).amz("x-amz-bucket-region", super::create_bucket::region_of(&bucket)))
    }
}

impl ListObjectsV2 {
    fn document(&self, bucket: &str, owner: &ShownOwners<'_>, page: &ListPage<ListedObject>) -> String {
        let Selection { prefix, encoding, limit, .. } = &self.selection;
        let mut xml = listing::result("ListBucketResult");
        xml.text("Name", bucket).text("Prefix", &encoding.apply(prefix));
        self.selection.write_options(&mut xml);
        match &self.from {
            From::StartAfter(key) => {
                let key = encoding.apply(key);
                xml.optional("StartAfter", Some(&*key).filter(|key| !key.is_empty()));
            }
            // A token is not encoded: it is opaque.
            From::Token { sent, .. } => {
                xml.text("ContinuationToken", sent);
            }
        }
        if page.more == More::Follows {
            xml.optional("NextContinuationToken", listing::last_of(page).map(listing::continuation_token).as_deref());
        }
        xml.number("KeyCount", page.entries.len() as u64)
            .number("MaxKeys", *limit)
            .text("IsTruncated", listing::is_truncated(page.more));
        let owner = if self.fetch_owner { ShowOwner::Of(owner) } else { ShowOwner::No };
        listing::write_objects(&mut xml, page, *encoding, owner);
        xml.close();
        xml.finish()
    }
}

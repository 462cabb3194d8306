//! `ListObjects`, the first version.

use super::listing::{self, Optional, Selection, ShowOwner, ShownOwners};
use crate::engine::list::{ListPage, More};
use crate::engine::object::ListedObject;
use crate::s3::auth::Principal;
use crate::s3::call::Call;
use crate::s3::error::Result;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;

/// A page of a bucket's objects, paged by marker.
pub(crate) struct ListObjects {
    selection: Selection,
    marker: String,
    optional: Optional,
}

impl Operation for ListObjects {
    const NAME: &'static str = "ListObjects";
    const ACTION: &'static str = "s3:ListBucket";

    /// AWS judges the parameters before it decides whether the caller may list.
    fn before_access(call: &Call) -> Result<()> {
        Self::parse(call).map(drop)
    }

    fn parse(call: &Call) -> Result<Self> {
        let query = &call.head.query;
        let selection = Selection::parse(query, "max-keys")?;
        let marker = query.first("marker").unwrap_or_default().to_owned();
        Ok(ListObjects { selection, marker, optional: Optional::parse(&call.head)? })
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        let after = Some(self.marker.clone()).filter(|marker| !marker.is_empty());
        let owners = listing::owners(&call, &bucket)?;
        let page = listing::objects(&call, self.selection.query(after), owners, self.optional).await?;
        let owners = ShownOwners::of(&call, &bucket);
        // Who does not sign is not told whose the objects are (seen on AWS).
        let owner = match call.principal {
            Principal::Anonymous => ShowOwner::No,
            Principal::Identity(_) => ShowOwner::Of(&owners),
        };
        let document = self.document(bucket.name.as_str(), owner, &page);
        Ok(Reply::xml(document).amz("x-amz-bucket-region", super::create_bucket::region_of(&bucket)))
    }
}

impl ListObjects {
    fn document(&self, bucket: &str, owner: ShowOwner<'_>, page: &ListPage<ListedObject>) -> String {
        let Selection { prefix, delimiter, encoding, limit } = &self.selection;
        let mut xml = listing::result("ListBucketResult");
        xml.text("Name", bucket).text("Prefix", &encoding.apply(prefix)).text("Marker", &encoding.apply(&self.marker));
        self.selection.write_options(&mut xml);
        xml.number("MaxKeys", *limit).text("IsTruncated", listing::is_truncated(page.more));
        // Without a delimiter the client takes the last key.
        if page.more == More::Follows && !delimiter.is_empty() {
            let next = listing::last_of(page).map(|last| encoding.apply(last));
            xml.optional("NextMarker", next.as_deref());
        }
        listing::write_objects(&mut xml, page, *encoding, owner);
        xml.close();
        xml.finish()
    }
}

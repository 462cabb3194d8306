//! What listings have in common: their parameters, `encoding-type`, continuation tokens, owners. Not their documents.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::engine::bucket::Bucket;
use crate::engine::list::{ListEntry, ListPage, ListQuery, More};
use crate::engine::object::{ListedObject, Owners};
use crate::engine::upload::UploadRow;
use crate::http::identity::{Identities, Identity};
use crate::s3::Config;
use crate::s3::access::{BucketAccess, display_name};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::request::Head;
use crate::wire::acl::Owner;
use crate::wire::error_codes::Code;
use crate::wire::percent;
use crate::wire::query::Query;
use crate::wire::xml::{Declaration, XmlWriter};

/// Lines on a page at most, whatever was asked for.
pub(crate) const MAX_PAGE: u32 = 1000;

/// How a listing writes keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// As they are.
    None,
    /// `encoding-type=url`: percent-encoded, for keys that XML cannot hold.
    Url,
}

/// The parameters that every listing of keys takes.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) prefix: String,
    /// Empty is none.
    pub(crate) delimiter: String,
    pub(crate) encoding: Encoding,
    /// Lines on a page: what was asked for, at most [`MAX_PAGE`].
    pub(crate) limit: u32,
}

impl Selection {
    /// Reads them. `limit_name` is the operation's `max-keys`; it is judged first, `encoding-type` second:
    /// seen on AWS for `ListMultipartUploads`, taken to hold for the others.
    pub(crate) fn parse(query: &Query, limit_name: &str) -> Result<Selection> {
        let limit = number(query.first(limit_name), limit_name)?.unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let encoding = match query.first("encoding-type") {
            None => Encoding::None,
            Some("url") => Encoding::Url,
            Some(other) => {
                let message = "Invalid Encoding Method specified in Request";
                return Err(S3Error::invalid_argument(message, "encoding-type", other));
            }
        };
        let text = |name| query.first(name).unwrap_or_default().to_owned();
        Ok(Selection { prefix: text("prefix"), delimiter: text("delimiter"), encoding, limit })
    }

    /// The engine's query for what comes after `after`.
    pub(crate) fn query(&self, after: Option<String>) -> ListQuery {
        ListQuery {
            prefix: self.prefix.clone(),
            delimiter: self.delimiter.clone(),
            after,
            limit: usize::try_from(self.limit).unwrap_or(usize::MAX),
        }
    }

    /// Writes `Delimiter` and `EncodingType`, which stand only where there is one.
    pub(crate) fn write_options(&self, xml: &mut XmlWriter) {
        let delimiter = self.encoding.apply(&self.delimiter);
        xml.optional("Delimiter", Some(&*delimiter).filter(|text| !text.is_empty()));
        self.write_encoding(xml);
    }

    /// Writes `EncodingType`, if one was asked for.
    pub(crate) fn write_encoding(&self, xml: &mut XmlWriter) {
        if self.encoding == Encoding::Url {
            xml.text("EncodingType", "url");
        }
    }
}

impl Encoding {
    /// A key, prefix, delimiter or marker as the listing writes it.
    pub(crate) fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Encoding::None => Cow::Borrowed(text),
            Encoding::Url => Cow::Owned(percent::encode_listing(text.as_bytes())),
        }
    }
}

/// What a listing shows of objects only if it is asked to: `x-amz-optional-object-attributes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Optional {
    Nothing,
    /// `RestoreStatus`, of archived objects that are restored or being restored.
    RestoreStatus,
}

impl Optional {
    pub(crate) fn parse(head: &Head) -> Result<Optional> {
        const NAME: &str = "x-amz-optional-object-attributes";
        let Some(sent) = head.header_filled(NAME) else { return Ok(Optional::Nothing) };
        match sent.split(',').map(str::trim).find(|name| *name != "RestoreStatus") {
            None => Ok(Optional::RestoreStatus),
            // The sentence is inferred from that of GetObjectAttributes.
            Some(other) => Err(S3Error::invalid_argument("Invalid attribute name specified.", NAME, other)),
        }
    }
}

/// A number of a listing, from a query parameter or header: an int32 that is not negative. An empty one counts as not
/// sent.
pub(crate) fn number(sent: Option<&str>, name: &str) -> Result<Option<u32>> {
    let Some(sent) = sent.filter(|text| !text.is_empty()) else { return Ok(None) };
    // Rust takes a leading plus, as AWS does.
    let number: i32 = sent.parse().map_err(|_| {
        S3Error::invalid_argument(format!("Provided {name} not an integer or within integer range"), name, sent)
    })?;
    u32::try_from(number).map(Some).map_err(|_| {
        S3Error::invalid_argument(format!("Argument {name} must be an integer between 0 and 2147483647"), name, sent)
    })
}

/// The text of `IsTruncated`.
pub(crate) fn is_truncated(more: More) -> &'static str {
    match more {
        More::Follows => "true",
        More::Ended => "false",
    }
}

/// Starts a result document: it ends with `close` and `finish`.
pub(crate) fn result(root: &str) -> XmlWriter {
    let mut xml = XmlWriter::new(Declaration::Yes);
    xml.open_ns(root);
    xml
}

/// Whether a listing of objects shows whose they are.
#[derive(Clone, Copy)]
pub(crate) enum ShowOwner<'a> {
    /// The bucket's, unless the object says another.
    Of(&'a ShownOwners<'a>),
    No,
}

/// Writes `Contents` and `CommonPrefixes`: the two kinds apart, as S3 does, though they are counted together.
pub(crate) fn write_objects(
    xml: &mut XmlWriter,
    page: &ListPage<ListedObject>,
    encoding: Encoding,
    owner: ShowOwner<'_>,
) {
    for entry in &page.entries {
        let ListEntry::Item(object) = entry else { continue };
        xml.open("Contents")
            .text("Key", &encoding.apply(object.key.as_str()))
            .text("LastModified", &object.modified.iso8601_millis())
            .text("ETag", &object.etag.quoted())
            .text("ChecksumAlgorithm", object.checksum_algorithm.name())
            .text("ChecksumType", object.checksum_kind.name())
            .number("Size", object.size_bytes);
        if let ShowOwner::Of(owners) = owner {
            owners.write(xml, object.owner.as_ref());
        }
        xml.text("StorageClass", object.storage_class.name());
        object.restore.write(xml);
        xml.close();
    }
    write_common_prefixes(xml, page, encoding);
}

/// Whose the objects of a bucket are.
pub(crate) struct ShownOwners<'a> {
    config: &'a Config,
    of_bucket: String,
}

impl<'a> ShownOwners<'a> {
    pub(crate) fn of(call: &'a Call, bucket: &Bucket) -> ShownOwners<'a> {
        let config = &call.shared.config;
        ShownOwners { config, of_bucket: owner_id(&config.identities, bucket) }
    }

    /// Writes `Owner`: the bucket's, unless another is said.
    pub(crate) fn write(&self, xml: &mut XmlWriter, other: Option<&Owner>) {
        write_owner(xml, self.config, other.map_or(&self.of_bucket, |owner| &owner.id));
    }
}

/// Whether the owners of a bucket's objects have to be looked up: where ACLs are off, everything is the bucket's owner's.
pub(crate) fn owners(call: &Call, bucket: &Bucket) -> Result<Owners> {
    let acls_count = BucketAccess::of(&call.shared, bucket)?.acls_count();
    Ok(if acls_count { Owners::Read } else { Owners::Left })
}

/// A page of the objects of the call's bucket, with what is shown of them only if it is asked for.
pub(crate) async fn objects(
    call: &Call,
    query: ListQuery,
    owners: Owners,
    optional: Optional,
) -> Result<ListPage<ListedObject>> {
    let bucket = call.bucket()?;
    let listed = call.engine().list_objects_of(bucket, query, owners).await;
    let page = listed.map_err(|error| call.says(error))?;
    match optional {
        Optional::Nothing => Ok(page),
        Optional::RestoreStatus => call.engine().with_restores(bucket, page).await.map_err(|error| call.says(error)),
    }
}

/// The canonical id of whoever will own what an upload makes.
pub(crate) fn owner_of_upload(call: &Call, bucket: &Bucket, upload: &UploadRow) -> Result<String> {
    Ok(match (&upload.attributes.acl, owners(call, bucket)?) {
        (Some(acl), Owners::Read) => acl.owner.id.clone(),
        _ => owner_id(&call.shared.config.identities, bucket),
    })
}

/// Writes `CommonPrefixes`.
pub(crate) fn write_common_prefixes<T>(xml: &mut XmlWriter, page: &ListPage<T>, encoding: Encoding) {
    for entry in &page.entries {
        if let ListEntry::CommonPrefix(prefix) = entry {
            xml.open("CommonPrefixes").text("Prefix", &encoding.apply(prefix)).close();
        }
    }
}

/// The key or common prefix that a page ends with.
pub(crate) fn last_of(page: &ListPage<ListedObject>) -> Option<&str> {
    page.entries.last().map(|entry| match entry {
        ListEntry::Item(object) => object.key.as_str(),
        ListEntry::CommonPrefix(prefix) => prefix,
    })
}

/// Writes `Owner`. It has no `DisplayName` since November 2025.
pub(crate) fn write_owner(xml: &mut XmlWriter, config: &Config, id: &str) {
    xml.open("Owner").text("ID", id).optional("DisplayName", display_name(config, id)).close();
}

/// An account as listings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccountNames {
    /// The canonical user id.
    pub(crate) id: String,
    pub(crate) display_name: String,
}

/// How an account is named: as its identities say, or, where none of them is configured any more, by default.
pub(crate) fn account_names(identities: &Identities, account: &str) -> AccountNames {
    let named = |identity: &Identity| AccountNames {
        id: identity.canonical_id.clone(),
        display_name: identity.display_name.clone(),
    };
    match identities.iter().find(|identity| identity.account == account) {
        Some(identity) => named(identity),
        None => named(&Identity::of_account("", "", account)),
    }
}

/// The canonical id of a bucket's owner.
pub(crate) fn owner_id(identities: &Identities, bucket: &Bucket) -> String {
    account_names(identities, &bucket.account).id
}

/// The first byte of a continuation token. Others are for forms to come.
const TOKEN_VERSION: u8 = 1;

/// Bytes of digest in a continuation token: it tells a token from garbage. It keeps no secret, as a token holds none.
const TOKEN_DIGEST_BYTES: usize = 8;

/// The token of the page that follows `last`, a key, common prefix or bucket name.
pub(crate) fn continuation_token(last: &str) -> String {
    let mut bytes = vec![TOKEN_VERSION];
    bytes.extend_from_slice(&token_digest(last.as_bytes()));
    bytes.extend_from_slice(last.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What a token goes on after. Fails for whatever [`continuation_token`] did not write.
pub(crate) fn read_continuation_token(token: &str) -> Result<String> {
    read_token(token).ok_or_else(|| {
        Code::InvalidArgument
            .says("The continuation token provided is incorrect")
            .with("ArgumentName", "continuation-token")
    })
}

fn read_token(token: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (digest, last) = rest.split_at_checked(TOKEN_DIGEST_BYTES)?;
    if *version != TOKEN_VERSION || digest != token_digest(last) {
        return None;
    }
    String::from_utf8(last.to_vec()).ok()
}

fn token_digest(last: &[u8]) -> [u8; TOKEN_DIGEST_BYTES] {
    let full = Sha256::new().chain_update(b"staves continuation token").chain_update(last).finalize();
    let mut digest = [0; TOKEN_DIGEST_BYTES];
    digest.copy_from_slice(&full[..TOKEN_DIGEST_BYTES]);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(raw: &str) -> Query {
        Query::parse(raw).unwrap()
    }

    #[test]
    fn limits_are_clamped_and_judged() {
        let limit = |raw: &str| Selection::parse(&query(raw), "max-keys").map(|selection| selection.limit);
        for (raw, expected) in
            [("", 1000), ("max-keys=", 1000), ("max-keys=0", 0), ("max-keys=%2B7", 7), ("max-keys=1001", 1000)]
        {
            assert_eq!(limit(raw).unwrap(), expected, "{raw}");
        }
        for (raw, message) in [
            ("max-keys=x", "Provided max-keys not an integer or within integer range"),
            ("max-keys=2147483648", "Provided max-keys not an integer or within integer range"),
            ("max-keys=-1&encoding-type=x", "Argument max-keys must be an integer between 0 and 2147483647"),
            ("encoding-type=", "Invalid Encoding Method specified in Request"),
        ] {
            assert_eq!(limit(raw).unwrap_err().message(), message, "{raw}");
        }
    }

    #[test]
    fn tokens_are_read_back_and_garbage_is_not() {
        for last in ["a", "dir/", "ключ\u{1}"] {
            assert_eq!(read_continuation_token(&continuation_token(last)).unwrap(), last);
        }
        let mut changed = continuation_token("abc");
        changed.pop();
        for bad in ["", "abc", "not base64!", &changed, &"A".repeat(2000)] {
            assert_eq!(read_continuation_token(bad).unwrap_err().code(), Code::InvalidArgument, "{bad}");
        }
    }

    #[test]
    fn accounts_without_identity_have_their_default_names() {
        let names = account_names(&Identities::default(), "111122223333");
        assert_eq!(names.display_name, "111122223333");
        assert_eq!(names.id, Identity::of_account("x", "y", "111122223333").canonical_id);
    }
}

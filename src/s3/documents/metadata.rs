//! S3 Metadata: tables that describe a bucket's objects (`?metadataConfiguration`, `?metadataTable`). Kept and shown; there
//! are no tables.
//!
//! There are two versions of the configuration, and a bucket has one or none. What is stored is the result that GET shows,
//! whose root tells the version. The second version's operations serve both, the first version's only their own: AWS's
//! documentation promises 405 for the other.

use std::marker::PhantomData;

use http::Method;

use super::{MAX_DOCUMENT_BYTES, Name, fit, named, read, receive};
use crate::engine::document::Change;
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::{Level, Operation, Row, op};
use crate::s3::ops::region_of;
use crate::s3::reply::Reply;
use crate::s3::target::Scope;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, document, group, integer, text};

/// Under this name either version is stored.
const STORED: &str = "metadataConfiguration";

const V1_RESULT: &str = "GetBucketMetadataTableConfigurationResult";
const V2_RESULT: &str = "GetBucketMetadataConfigurationResult";

const STATES: &[&str] = &["ENABLED", "DISABLED"];
const MIN_RECORD_DAYS: u32 = 7;

const RECORD_EXPIRATION: Shape = group("RecordExpiration", &[among("Expiration", STATES), integer("Days").optional()]);
const ENCRYPTION: Shape =
    group("EncryptionConfiguration", &[among("SseAlgorithm", &["aws:kms", "AES256"]), text("KmsKeyArn").optional()])
        .optional();
const STATE: Shape = among("ConfigurationState", STATES);

const JOURNAL: Shape = group("JournalTableConfiguration", &[RECORD_EXPIRATION, ENCRYPTION]);
const INVENTORY: Shape = group("InventoryTableConfiguration", &[STATE, ENCRYPTION]);
const ANNOTATION: Shape = group("AnnotationTableConfiguration", &[STATE, ENCRYPTION, text("Role").optional()]);

/// A version of the configuration.
pub(crate) trait Version: 'static {
    const SUBRESOURCE: &'static str;
    const CREATE: Name;
    const GET: Name;
    const DELETE: Name;
    const SHAPE: Shape;

    /// What is stored and shown of a configuration.
    fn result(call: &Call, given: &Element) -> Result<Element>;

    /// What this version shows of what is stored; `None` if it cannot.
    fn shown(stored: &Element) -> Option<Element>;
}

/// A table that can be changed on its own, in the second version.
pub(crate) trait Table: 'static {
    const SUBRESOURCE: &'static str;
    const UPDATE: Name;
    const SHAPE: Shape;

    /// The table's element in the result.
    fn result(call: &Call, given: &Element) -> Result<Element>;
}

/// The first version: a table in a table bucket of the customer's.
pub(crate) struct MetadataTable;

/// The second version: a journal, and on demand an inventory and annotations.
pub(crate) struct Metadata;

/// What happened to objects.
pub(crate) struct JournalTable;

/// Which objects there are.
pub(crate) struct InventoryTable;

/// The annotations of objects.
pub(crate) struct AnnotationTable;

impl Version for MetadataTable {
    const SUBRESOURCE: &'static str = "metadataTable";
    const CREATE: Name = Name("CreateBucketMetadataTableConfiguration", "s3:CreateBucketMetadataTableConfiguration");
    const GET: Name = Name("GetBucketMetadataTableConfiguration", "s3:GetBucketMetadataTableConfiguration");
    const DELETE: Name = Name("DeleteBucketMetadataTableConfiguration", "s3:DeleteBucketMetadataTableConfiguration");
    const SHAPE: Shape = group(
        "MetadataTableConfiguration",
        &[group("S3TablesDestination", &[text("TableBucketArn"), text("TableName")])],
    );

    fn result(_call: &Call, given: &Element) -> Result<Element> {
        let asked =
            |name: &str| given.child("S3TablesDestination").and_then(|it| it.child_text(name)).unwrap_or_default();
        let (bucket, table) = (asked("TableBucketArn"), asked("TableName"));
        let destination = Element::group(
            "S3TablesDestinationResult",
            [
                Element::leaf("TableBucketArn", bucket),
                Element::leaf("TableName", table),
                Element::leaf("TableArn", table_arn(bucket)),
                Element::leaf("TableNamespace", "aws_s3_metadata"),
            ],
        );
        let configuration = Element::group("MetadataTableConfigurationResult", [destination]);
        Ok(Element::group(V1_RESULT, [configuration, Element::leaf("Status", "ACTIVE")]))
    }

    fn shown(stored: &Element) -> Option<Element> {
        (stored.name == V1_RESULT).then(|| stored.clone())
    }
}

impl Version for Metadata {
    const SUBRESOURCE: &'static str = "metadataConfiguration";
    /// The actions are those of the first version.
    const CREATE: Name = Name("CreateBucketMetadataConfiguration", MetadataTable::CREATE.1);
    const GET: Name = Name("GetBucketMetadataConfiguration", MetadataTable::GET.1);
    const DELETE: Name = Name("DeleteBucketMetadataConfiguration", MetadataTable::DELETE.1);
    const SHAPE: Shape = group("MetadataConfiguration", &[JOURNAL, INVENTORY.optional(), ANNOTATION.optional()]);

    fn result(call: &Call, given: &Element) -> Result<Element> {
        let part = |name: &str| given.child(name).cloned();
        let off = |name: &str| Element::group(name, [Element::leaf("ConfigurationState", "DISABLED")]);
        let inventory = part(INVENTORY_NAME).unwrap_or_else(|| off(INVENTORY_NAME));
        let mut tables = vec![
            Element::group(
                "DestinationResult",
                [
                    Element::leaf("TableBucketType", "aws"),
                    Element::leaf("TableBucketArn", table_bucket(call)?),
                    Element::leaf("TableNamespace", format!("b_{}", call.bucket()?.name).replace('.', "_")),
                ],
            ),
            JournalTable::result(call, &part(JOURNAL_NAME).unwrap_or_default())?,
            InventoryTable::result(call, &inventory)?,
        ];
        if let Some(annotation) = part(ANNOTATION_NAME) {
            tables.push(AnnotationTable::result(call, &annotation)?);
        }
        Ok(Element::group(V2_RESULT, [Element::group("MetadataConfigurationResult", tables)]))
    }

    fn shown(stored: &Element) -> Option<Element> {
        if stored.name == V2_RESULT {
            return Some(stored.clone());
        }
        // A configuration of the first version: a journal whose records stay, in a table bucket of the customer's.
        let first = stored.child("MetadataTableConfigurationResult")?.child("S3TablesDestinationResult")?;
        let leaf = |name: &str| Element::leaf(name, first.child_text(name).unwrap_or_default());
        let customer = Element::leaf("TableBucketType", "customer");
        let destination =
            Element::group("DestinationResult", [customer, leaf("TableBucketArn"), leaf("TableNamespace")]);
        let expiration = Element::group("RecordExpiration", [Element::leaf("Expiration", "DISABLED")]);
        let status = Element::leaf("TableStatus", stored.child_text("Status").unwrap_or_default());
        let journal = Element::group(
            "JournalTableConfigurationResult",
            [status, leaf("TableName"), leaf("TableArn"), expiration],
        );
        let result = Element::group("MetadataConfigurationResult", [destination, journal]);
        Some(Element::group(V2_RESULT, [result]))
    }
}

const JOURNAL_NAME: &str = "JournalTableConfiguration";
const INVENTORY_NAME: &str = "InventoryTableConfiguration";
const ANNOTATION_NAME: &str = "AnnotationTableConfiguration";

impl Table for JournalTable {
    const SUBRESOURCE: &'static str = "metadataJournalTable";
    const UPDATE: Name =
        Name("UpdateBucketMetadataJournalTableConfiguration", "s3:UpdateBucketMetadataJournalTableConfiguration");
    const SHAPE: Shape = group(JOURNAL_NAME, &[RECORD_EXPIRATION]);

    fn result(call: &Call, given: &Element) -> Result<Element> {
        check_encryption(given)?;
        let expiration = given.child("RecordExpiration").cloned().unwrap_or_default();
        let days = expiration.child_text("Days").and_then(|days| days.parse::<u32>().ok());
        match (expiration.child_text("Expiration"), expiration.child("Days")) {
            (Some("ENABLED"), Some(_)) if days.is_some_and(|days| days >= MIN_RECORD_DAYS) => {}
            (Some("ENABLED"), Some(_)) => return Err(Code::InvalidArgument.into()),
            (Some("DISABLED"), None) => {}
            _ => return Err(Code::MalformedXml.into()),
        }
        let table = [
            Element::leaf("TableStatus", "ACTIVE"),
            Element::leaf("TableName", "journal"),
            Element::leaf("TableArn", table_arn(&table_bucket(call)?)),
            expiration,
        ];
        Ok(Element::group("JournalTableConfigurationResult", table))
    }
}

impl Table for InventoryTable {
    const SUBRESOURCE: &'static str = "metadataInventoryTable";
    const UPDATE: Name =
        Name("UpdateBucketMetadataInventoryTableConfiguration", "s3:UpdateBucketMetadataInventoryTableConfiguration");
    const SHAPE: Shape = INVENTORY;

    fn result(call: &Call, given: &Element) -> Result<Element> {
        switched(call, given, "InventoryTableConfigurationResult", "inventory")
    }
}

impl Table for AnnotationTable {
    const SUBRESOURCE: &'static str = "metadataAnnotationTable";
    const UPDATE: Name =
        Name("UpdateBucketMetadataAnnotationTableConfiguration", "s3:UpdateBucketMetadataAnnotationTableConfiguration");
    const SHAPE: Shape = ANNOTATION;

    fn result(call: &Call, given: &Element) -> Result<Element> {
        let mut result = switched(call, given, "AnnotationTableConfigurationResult", "annotation")?;
        result.children.extend(given.child("Role").cloned());
        Ok(result)
    }
}

/// A table that is there or not.
fn switched(call: &Call, given: &Element, name: &str, table: &str) -> Result<Element> {
    check_encryption(given)?;
    let state = given.child_text("ConfigurationState").unwrap_or_default();
    let mut result = Element::group(name, [Element::leaf("ConfigurationState", state)]);
    if state == "ENABLED" {
        result.children.extend([
            Element::leaf("TableStatus", "ACTIVE"),
            Element::leaf("TableName", table),
            Element::leaf("TableArn", table_arn(&table_bucket(call)?)),
        ]);
    }
    Ok(result)
}

/// A key is for `aws:kms`, and only for that.
fn check_encryption(given: &Element) -> Result<()> {
    let Some(encryption) = given.child("EncryptionConfiguration") else { return Ok(()) };
    let is_kms = encryption.child_text("SseAlgorithm") == Some("aws:kms");
    if is_kms == encryption.child("KmsKeyArn").is_some() { Ok(()) } else { Err(Code::InvalidArgument.into()) }
}

/// The table bucket that AWS keeps for an account in a region.
fn table_bucket(call: &Call) -> Result<String> {
    let bucket = call.bucket()?;
    Ok(format!("arn:aws:s3tables:{}:{}:bucket/aws-s3", region_of(bucket), bucket.account))
}

fn table_arn(table_bucket: &str) -> String {
    format!("{table_bucket}/table/{}", uuid::Uuid::new_v4())
}

/// `CreateBucketMetadata…Configuration`.
pub(crate) const fn create<V: Version>() -> Row {
    op::<Create<V>>(Method::POST, Scope::Bucket).query(const { &[V::SUBRESOURCE] })
}

/// `GetBucketMetadata…Configuration`.
pub(crate) const fn show<V: Version>() -> Row {
    op::<Show<V>>(Method::GET, Scope::Bucket).query(const { &[V::SUBRESOURCE] })
}

/// `DeleteBucketMetadata…Configuration`.
pub(crate) const fn remove<V: Version>() -> Row {
    op::<Remove<V>>(Method::DELETE, Scope::Bucket).query(const { &[V::SUBRESOURCE] })
}

/// `UpdateBucketMetadata…TableConfiguration`.
pub(crate) const fn update<T: Table>() -> Row {
    op::<Update<T>>(Method::PUT, Scope::Bucket).query(const { &[T::SUBRESOURCE] })
}

struct Create<V>(PhantomData<fn() -> V>);
struct Show<V>(PhantomData<fn() -> V>);
struct Remove<V>(PhantomData<fn() -> V>);
struct Update<T>(PhantomData<fn() -> T>);

impl<V: Version> Operation for Create<V> {
    const NAME: &'static str = V::CREATE.0;
    const ACTION: &'static str = V::CREATE.1;
    const LEVEL: Level = Level::Stored;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(Create(PhantomData))
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let given = receive(&mut call, MAX_DOCUMENT_BYTES, DigestRule::Optional).await?;
        let result = V::result(&call, &fit(&V::SHAPE, &given)?)?;
        change(&call, move |before| match before {
            // AWS refuses a second configuration; its code was not seen.
            Some(_) => Err(Code::InvalidBucketState.says("A metadata configuration already exists for this bucket")),
            None => Ok(Some(result)),
        })
        .await?;
        Ok(Reply::ok())
    }
}

impl<V: Version> Operation for Show<V> {
    const NAME: &'static str = V::GET.0;
    const ACTION: &'static str = V::GET.1;
    const LEVEL: Level = Level::Stored;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(Show(PhantomData))
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let stored = read(&call, STORED)?.ok_or_else(|| not_found(&call))?;
        let stored = Element::parse(stored.as_bytes()).map_err(S3Error::internal)?;
        let shown = V::shown(&stored).ok_or_else(|| other_version(&call, V::SUBRESOURCE))?;
        Ok(Reply::xml(document(&shown)))
    }
}

impl<V: Version> Operation for Remove<V> {
    const NAME: &'static str = V::DELETE.0;
    const ACTION: &'static str = V::DELETE.1;
    const LEVEL: Level = Level::Stored;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(Remove(PhantomData))
    }

    async fn run(self, call: Call) -> Result<Reply> {
        let refusal = other_version(&call, V::SUBRESOURCE);
        change(&call, move |before| match before {
            Some(stored) if V::shown(&stored).is_none() => Err(refusal),
            _ => Ok(None),
        })
        .await?;
        Ok(Reply::no_content())
    }
}

impl<T: Table> Operation for Update<T> {
    const NAME: &'static str = T::UPDATE.0;
    const ACTION: &'static str = T::UPDATE.1;
    const LEVEL: Level = Level::Stored;

    fn parse(_call: &Call) -> Result<Self> {
        Ok(Update(PhantomData))
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let given = receive(&mut call, MAX_DOCUMENT_BYTES, DigestRule::Optional).await?;
        let table = T::result(&call, &fit(&T::SHAPE, &given)?)?;
        let (not_found, other_version) = (not_found(&call), other_version(&call, T::SUBRESOURCE));
        change(&call, move |before| {
            let mut stored = before.ok_or(not_found)?;
            let result = stored.child_mut("MetadataConfigurationResult").ok_or(other_version)?;
            put_table(&mut result.children, table);
            Ok(Some(stored))
        })
        .await?;
        Ok(Reply::ok())
    }
}

/// A table keeps its ARN when it is changed.
fn put_table(tables: &mut Vec<Element>, mut table: Element) {
    let Some(old) = tables.iter_mut().find(|old| old.name == table.name) else {
        tables.push(table);
        return;
    };
    if let (Some(arn), Some(old_arn)) = (table.child_mut("TableArn"), old.child_text("TableArn")) {
        old_arn.clone_into(&mut arn.text);
    }
    *old = table;
}

fn not_found(call: &Call) -> S3Error {
    let bucket = call.head.target.bucket().unwrap_or_default();
    Code::MetadataConfigurationNotFound.with("BucketName", bucket)
}

fn other_version(call: &Call, subresource: &str) -> S3Error {
    Code::MethodNotAllowed.with("Method", &call.head.method).with("ResourceType", subresource.to_uppercase())
}

/// Changes what is stored, with nobody between: to something, or to nothing.
async fn change(
    call: &Call,
    change: impl FnOnce(Option<Element>) -> Result<Option<Element>> + Send + 'static,
) -> Result<()> {
    let changed = call.engine().change_document(call.bucket()?, named(STORED), move |before, _| {
        let before = before.and_then(|stored| Element::parse(stored).ok());
        match change(before) {
            Ok(Some(after)) => (Change::Put(document(&after).into_bytes()), Ok(())),
            Ok(None) => (Change::Delete, Ok(())),
            Err(refusal) => (Change::Keep, Err(refusal)),
        }
    });
    changed.await.map_err(|error| call.says(error))?
}

//! A bucket's lifecycle: the document of `PutBucketLifecycleConfiguration`, what AWS says of one that is wrong, and its rules
//! as values. Nothing is run in here, and there is no clock.
//!
//! There are two versions of the document: in the first a rule has a `Prefix`, in the second a `Filter`. The first rule
//! decides which it is.

mod check;
mod due;

use super::error_codes::Code;
use super::storage_class::StorageClass;
use super::time::Timestamp;
use super::xml::Element;
use super::xml::schema::{Misfit, Shape, among, boolean, date, group, integer, long, text};

pub use due::{Calendar, Due, Subject, Succession};

/// The most rules of a document.
pub const MAX_RULES: usize = 1000;

/// The longest id of a rule, in characters.
pub const MAX_ID_CHARS: usize = 255;

/// The classes that a document may name. That objects cannot be moved to the first two is said apart.
const CLASSES: &[&str] = &[
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "INTELLIGENT_TIERING",
    "ONEZONE_IA",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
];

/// The largest size that a filter may name, in bytes.
const MAX_FILTER_SIZE_BYTES: u64 = 1_099_511_627_776_000;

const TAG: Shape = group("Tag", &[text("Key"), text("Value")]);
const PREFIX: Shape = text("Prefix").optional();
const LARGER: Shape = long("ObjectSizeGreaterThan").optional();
const SMALLER: Shape = long("ObjectSizeLessThan").optional();

const FILTER: Shape = group(
    "Filter",
    &[
        PREFIX,
        TAG.optional(),
        LARGER,
        SMALLER,
        group("And", &[PREFIX, TAG.any_number(), LARGER, SMALLER]).holding(2, usize::MAX).optional(),
    ],
)
.holding(0, 1);

/// The shape of the document, in the order in which S3 shows it.
pub const SHAPE: Shape = group(
    "LifecycleConfiguration",
    &[group(
        "Rule",
        &[
            text("ID").optional(),
            PREFIX,
            FILTER.optional(),
            among("Status", &["Enabled", "Disabled"]),
            group("Transition", &[date("Date").optional(), integer("Days").optional(), among("StorageClass", CLASSES)])
                .holding(2, 2)
                .any_number(),
            group(
                "Expiration",
                &[date("Date").optional(), integer("Days").optional(), boolean("ExpiredObjectDeleteMarker").optional()],
            )
            .one_of()
            .optional(),
            group(
                "NoncurrentVersionTransition",
                &[
                    integer("NoncurrentDays"),
                    among("StorageClass", CLASSES),
                    integer("NewerNoncurrentVersions").optional(),
                ],
            )
            .any_number(),
            group(
                "NoncurrentVersionExpiration",
                &[integer("NoncurrentDays"), integer("NewerNoncurrentVersions").optional()],
            )
            .optional(),
            group("AbortIncompleteMultipartUpload", &[integer("DaysAfterInitiation")]).optional(),
        ],
    )
    .repeated(MAX_RULES)],
);

/// The rules of a bucket, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleConfiguration {
    /// At least one.
    pub rules: Vec<LifecycleRule>,
    /// How large an object has to be for a move, where its rule does not say.
    pub minimum_size: MinimumSize,
}

/// `x-amz-transition-default-minimum-object-size`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MinimumSize {
    /// 128 KiB, whatever the class.
    #[default]
    All128K,
    /// 128 KiB, but any size for classes of archives.
    VariesByStorageClass,
}

impl MinimumSize {
    /// The element in which it stands in front of the stored rules: it is no part of AWS's document.
    pub const ELEMENT: &'static str = "TransitionDefaultMinimumObjectSize";

    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            MinimumSize::All128K => "all_storage_classes_128K",
            MinimumSize::VariesByStorageClass => "varies_by_storage_class",
        }
    }

    /// Reads AWS's name.
    pub fn parse(name: &str) -> Option<MinimumSize> {
        [MinimumSize::All128K, MinimumSize::VariesByStorageClass].into_iter().find(|size| size.name() == name)
    }
}

/// One rule. At least one of its actions is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Unique in the document.
    pub id: String,
    /// Whether it is carried out.
    pub status: RuleStatus,
    /// Which objects it is for.
    pub filter: LifecycleFilter,
    /// What becomes of current versions in the end.
    pub expiration: Option<Expiration>,
    /// To which classes current versions are moved.
    pub transitions: Vec<Transition>,
    /// When noncurrent versions are deleted.
    pub noncurrent_expiration: Option<Noncurrent>,
    /// To which classes noncurrent versions are moved.
    pub noncurrent_transitions: Vec<(Noncurrent, StorageClass)>,
    /// After how many days an upload that is still open is aborted.
    pub abort_uploads_after_days: Option<u32>,
}

/// Whether a rule is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleStatus {
    /// It is.
    Enabled,
    /// It is kept and rests.
    Disabled,
}

/// Which objects a rule is for: those to which all of it applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LifecycleFilter {
    /// Which version of the document it is written in.
    pub version: Version,
    /// How the key begins.
    pub prefix: Option<String>,
    /// Tags that the object has.
    pub tags: Vec<(String, String)>,
    /// It has more bytes.
    pub larger_than_bytes: Option<u64>,
    /// It has fewer bytes.
    pub smaller_than_bytes: Option<u64>,
}

/// A version of the document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Version {
    /// With `Prefix`.
    V1,
    /// With `Filter`.
    #[default]
    V2,
}

/// When something is done to a current version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// So many days after it was made.
    Days(u32),
    /// On this day, at midnight GMT.
    Date(Timestamp),
}

/// What becomes of current versions in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiration {
    /// They expire.
    At(When),
    /// A delete marker goes when it is the only version that is left.
    DeleteMarkers,
    /// It does not: `ExpiredObjectDeleteMarker` is `false`.
    Nothing,
}

/// A move to another class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub when: When,
    /// Where to.
    pub class: StorageClass,
}

/// When something is done to a noncurrent version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noncurrent {
    /// So many days after it became noncurrent.
    pub days: u32,
    /// And only if there are so many newer noncurrent versions.
    pub newer_versions: Option<u32>,
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifecycleProblem {
    /// `MalformedXML`. The sentence is for the log.
    Malformed(String),
    /// `InvalidArgument`, with S3's sentence, and the argument's name and value.
    Argument(String, &'static str, String),
    /// `InvalidRequest`, with S3's sentence.
    Request(String),
}

type Result<T> = std::result::Result<T, LifecycleProblem>;

impl LifecycleProblem {
    /// Its code.
    pub fn code(&self) -> Code {
        match self {
            LifecycleProblem::Malformed(_) => Code::MalformedXml,
            LifecycleProblem::Argument(..) => Code::InvalidArgument,
            LifecycleProblem::Request(_) => Code::InvalidRequest,
        }
    }
}

impl From<Misfit> for LifecycleProblem {
    fn from(misfit: Misfit) -> LifecycleProblem {
        LifecycleProblem::Malformed(misfit.to_string())
    }
}

impl LifecycleConfiguration {
    /// Reads a document that has been read against [`SHAPE`], or is stored, and checks what its rules say.
    pub fn parse(document: &Element) -> Result<LifecycleConfiguration> {
        let rules = document.children_named("Rule").map(LifecycleRule::parse).collect::<Result<Vec<_>>>()?;
        let minimum_size = document.child_text(MinimumSize::ELEMENT).and_then(MinimumSize::parse).unwrap_or_default();
        let configuration = LifecycleConfiguration { rules, minimum_size };
        configuration.check()?;
        Ok(configuration)
    }
}

impl LifecycleRule {
    fn parse(rule: &Element) -> Result<LifecycleRule> {
        let child = |name: &str| rule.child(name);
        let abort = child("AbortIncompleteMultipartUpload");
        Ok(LifecycleRule {
            id: rule.child_text("ID").unwrap_or_default().to_owned(),
            status: match rule.child_text("Status") {
                Some("Enabled") => RuleStatus::Enabled,
                _ => RuleStatus::Disabled,
            },
            filter: LifecycleFilter::parse(rule)?,
            expiration: child("Expiration").map(expiration).transpose()?,
            transitions: rule.children_named("Transition").map(transition).collect::<Result<_>>()?,
            noncurrent_expiration: child("NoncurrentVersionExpiration")
                .map(|it| noncurrent(it, "NoncurrentVersionExpiration", 1))
                .transpose()?,
            noncurrent_transitions: rule
                .children_named("NoncurrentVersionTransition")
                .map(|it| Ok((noncurrent(it, "NoncurrentVersionTransition", 0)?, class(it)?)))
                .collect::<Result<_>>()?,
            abort_uploads_after_days: abort
                .map(|it| number(it, "DaysAfterInitiation", "AbortIncompleteMultipartUpload", 1))
                .transpose()?
                .flatten(),
        })
    }
}

impl LifecycleFilter {
    fn parse(rule: &Element) -> Result<LifecycleFilter> {
        let (prefix, filter) = (rule.child_text("Prefix"), rule.child("Filter"));
        let filter = match (prefix, filter) {
            (Some(prefix), None) => {
                let prefix = Some(prefix.to_owned());
                return Ok(LifecycleFilter { version: Version::V1, prefix, ..LifecycleFilter::default() });
            }
            (None, Some(filter)) => filter,
            _ => return Err(LifecycleProblem::Malformed("a rule has either a Prefix or a Filter".to_owned())),
        };
        let inner = filter.child("And").unwrap_or(filter);
        let tag = |tag: &Element| {
            let text = |name: &str| tag.child_text(name).unwrap_or_default().to_owned();
            (text("Key"), text("Value"))
        };
        Ok(LifecycleFilter {
            version: Version::V2,
            prefix: inner.child_text("Prefix").map(str::to_owned),
            tags: inner.children_named("Tag").map(tag).collect(),
            larger_than_bytes: size_bytes(inner, "ObjectSizeGreaterThan", 0)?,
            smaller_than_bytes: size_bytes(inner, "ObjectSizeLessThan", 1)?,
        })
    }
}

fn expiration(element: &Element) -> Result<Expiration> {
    match element.child_text("ExpiredObjectDeleteMarker") {
        Some("true") => Ok(Expiration::DeleteMarkers),
        Some(_) => Ok(Expiration::Nothing),
        None => when(element, "Expiration", 1).map(Expiration::At),
    }
}

fn transition(element: &Element) -> Result<Transition> {
    Ok(Transition { when: when(element, "Transition", 0)?, class: class(element)? })
}

fn when(element: &Element, action: &str, least_days: u32) -> Result<When> {
    if let Some(days) = number(element, "Days", action, least_days)? {
        return Ok(When::Days(days));
    }
    let text = element.child_text("Date").unwrap_or_default();
    match Timestamp::parse_iso8601(text) {
        Some(date) if date.secs() % 86_400 == 0 => Ok(When::Date(date)),
        _ => Err(LifecycleProblem::Argument("'Date' must be at midnight GMT".to_owned(), "Date", text.to_owned())),
    }
}

fn noncurrent(element: &Element, action: &str, least_days: u32) -> Result<Noncurrent> {
    Ok(Noncurrent {
        days: number(element, "NoncurrentDays", action, least_days)?.unwrap_or_default(),
        newer_versions: number(element, "NewerNoncurrentVersions", action, 1)?,
    })
}

fn class(element: &Element) -> Result<StorageClass> {
    let name = element.child_text("StorageClass").unwrap_or_default();
    match StorageClass::parse(name) {
        Some(StorageClass::Standard | StorageClass::ReducedRedundancy) | None => {
            let message = "Invalid target Storage class for Transition action".to_owned();
            Err(LifecycleProblem::Argument(message, "StorageClass", name.to_owned()))
        }
        Some(class) => Ok(class),
    }
}

fn size_bytes(element: &Element, name: &str, least: u64) -> Result<Option<u64>> {
    let Some(text) = element.child_text(name) else { return Ok(None) };
    match text.parse().ok().filter(|size| (least..=MAX_FILTER_SIZE_BYTES).contains(size)) {
        Some(size) => Ok(Some(size)),
        None => {
            Err(LifecycleProblem::Request(format!("'{name}' should be between {least} and {MAX_FILTER_SIZE_BYTES}.")))
        }
    }
}

/// A number that is 1 or more, or 0 or more, in S3's words for either.
fn number(element: &Element, name: &'static str, action: &str, least: u32) -> Result<Option<u32>> {
    let Some(text) = element.child_text(name) else { return Ok(None) };
    if let Some(number) = text.parse::<u32>().ok().filter(|number| *number >= least) {
        return Ok(Some(number));
    }
    let message = match least {
        0 => format!("'{name}' in {action} action must be nonnegative"),
        _ => format!("'{name}' for {action} action must be a positive integer"),
    };
    Err(LifecycleProblem::Argument(message, name, text.to_owned()))
}

#[cfg(test)]
mod tests;

//! The archive tiers of S3 Intelligent-Tiering (`?intelligent-tiering`).

use super::{Configuration, MAX_ID_CHARS, is_id};
use crate::s3::documents::{FILTER, Name};
use crate::s3::error::{Result, S3Error};
use crate::s3::operation::Level;
use crate::wire::error_codes::Code;
use crate::wire::xml::Element;
use crate::wire::xml::schema::{Shape, among, group, integer, text};

/// After how many days objects may go to each tier, and at most to either.
const TIERS: [(&str, u32); 2] = [("ARCHIVE_ACCESS", 90), ("DEEP_ARCHIVE_ACCESS", 180)];
const MAX_DAYS: u32 = 730;

const TIERING: Shape = group("Tiering", &[integer("Days"), among("AccessTier", &[TIERS[0].0, TIERS[1].0])]);

/// Which objects go to which archive tier.
pub(crate) struct IntelligentTiering;

impl Configuration for IntelligentTiering {
    const SUBRESOURCE: &'static str = "intelligent-tiering";
    const GET: Name = Name("GetBucketIntelligentTieringConfiguration", "s3:GetIntelligentTieringConfiguration");
    const LIST: Name = Name("ListBucketIntelligentTieringConfigurations", "s3:GetIntelligentTieringConfiguration");
    const PUT: Name = Name("PutBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration");
    const DELETE: Name = Name("DeleteBucketIntelligentTieringConfiguration", "s3:PutIntelligentTieringConfiguration");
    const LEVEL: Level = Level::Exact;
    const LIST_ROOT: &'static str = "ListBucketIntelligentTieringConfigurationsOutput";
    const SHAPE: Shape = group(
        "IntelligentTieringConfiguration",
        &[
            text("Id"),
            FILTER.holding(0, 1).optional(),
            among("Status", &["Enabled", "Disabled"]),
            TIERING.repeated(TIERS.len()),
        ],
    );

    fn admit(given: &Element) -> Result<()> {
        let id = given.child_text("Id").unwrap_or_default();
        let message = if given.name != "IntelligentTieringConfiguration" || is_id(id) {
            return Ok(());
        } else if id.is_empty() {
            Code::InvalidConfigId.message()
        } else if id.len() > MAX_ID_CHARS {
            "Config Id should be more than 1 character and less than 64 characters in length."
        } else {
            r"Config Id does not match the pattern ^[a-zA-Z0-9\-_.]+$"
        };
        Err(Code::InvalidConfigId.says(message))
    }

    /// The bounds and the code are documented; AWS's sentence was not seen.
    fn check(configuration: &Element) -> Result<()> {
        let mut seen = Vec::new();
        for tiering in configuration.children_named("Tiering") {
            let tier = tiering.child_text("AccessTier").unwrap_or_default();
            let least = TIERS.into_iter().find(|(name, _)| *name == tier).map_or(0, |(_, least)| least);
            let days = tiering.child_text("Days").unwrap_or_default();
            if !days.parse().is_ok_and(|days: u32| (least..=MAX_DAYS).contains(&days)) {
                return Err(S3Error::invalid_argument(Code::InvalidArgument.message(), "Days", days));
            }
            if seen.contains(&tier) {
                return Err(Code::MalformedXml.into());
            }
            seen.push(tier);
        }
        Ok(())
    }
}

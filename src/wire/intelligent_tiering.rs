//! The archive tiers of S3 Intelligent-Tiering: to which of them an object has come that was left alone for some days. The
//! document's shape is S3's; in here it is read as it is stored.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/intelligent-tiering-overview.html>

use super::lifecycle::Calendar;
use super::tagging::TagSet;
use super::time::Timestamp;
use super::xml::Element;

/// A tier whose objects have to be restored before they can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArchiveTier {
    /// `ARCHIVE_ACCESS`.
    Archive,
    /// `DEEP_ARCHIVE_ACCESS`.
    DeepArchive,
}

/// A configuration that is enabled: which objects go to which tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TieringConfiguration {
    prefix: String,
    tags: Vec<(String, String)>,
    /// Each with the days after which it takes an object.
    tiers: Vec<(ArchiveTier, u32)>,
}

impl ArchiveTier {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            ArchiveTier::Archive => "ARCHIVE_ACCESS",
            ArchiveTier::DeepArchive => "DEEP_ARCHIVE_ACCESS",
        }
    }

    fn parse(name: &str) -> Option<ArchiveTier> {
        [ArchiveTier::Archive, ArchiveTier::DeepArchive].into_iter().find(|tier| tier.name() == name)
    }
}

impl TieringConfiguration {
    /// Reads a stored document; `None` if it is disabled.
    pub fn parse(document: &Element) -> Option<TieringConfiguration> {
        if document.child_text("Status") != Some("Enabled") {
            return None;
        }
        let filter = document.child("Filter").map(|filter| filter.child("And").unwrap_or(filter));
        let text = |element: &Element, name: &str| element.child_text(name).unwrap_or_default().to_owned();
        let tiers = document.children_named("Tiering").filter_map(|tiering| {
            let tier = ArchiveTier::parse(tiering.child_text("AccessTier")?)?;
            Some((tier, tiering.child_text("Days")?.parse().ok()?))
        });
        Some(TieringConfiguration {
            prefix: filter.map(|filter| text(filter, "Prefix")).unwrap_or_default(),
            tags: filter.map_or_else(Vec::new, |filter| {
                filter.children_named("Tag").map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
            }),
            tiers: tiers.collect(),
        })
    }

    /// The tier that an object is in that nobody has touched since.
    pub fn tier(
        &self,
        key: &str,
        tags: &TagSet,
        since: Timestamp,
        calendar: Calendar,
        now: Timestamp,
    ) -> Option<ArchiveTier> {
        let is_for = key.starts_with(&self.prefix)
            && self.tags.iter().all(|(key, value)| tags.value(key) == Some(value.as_str()));
        let come_to = self.tiers.iter().filter(|(_, days)| calendar.due(since, *days) <= now).map(|(tier, _)| *tier);
        come_to.max().filter(|_| is_for)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 86_400_000;

    fn configuration(inner: &str) -> Option<TieringConfiguration> {
        let document = format!("<IntelligentTieringConfiguration><Id>a</Id>{inner}</IntelligentTieringConfiguration>");
        TieringConfiguration::parse(&Element::parse(document.as_bytes()).unwrap())
    }

    #[test]
    fn objects_come_to_the_deepest_tier_that_takes_them() {
        let tiers = "<Status>Enabled</Status><Tiering><Days>180</Days><AccessTier>DEEP_ARCHIVE_ACCESS</AccessTier></Tiering>\
                     <Tiering><Days>90</Days><AccessTier>ARCHIVE_ACCESS</AccessTier></Tiering>";
        assert_eq!(configuration(&tiers.replace("Enabled", "Disabled")), None);
        let tier = |filter: &str, key: &str, tags: &str, day: i64| {
            let found = configuration(&format!("{filter}{tiers}")).unwrap();
            let (tags, now) = (TagSet::parse_header(tags).unwrap(), Timestamp::from_millis(day * DAY_MS));
            found.tier(key, &tags, Timestamp::from_millis(1), Calendar::default(), now)
        };
        let (archive, deep) = (Some(ArchiveTier::Archive), Some(ArchiveTier::DeepArchive));
        assert_eq!([90, 91, 180, 181].map(|day| tier("", "k", "", day)), [None, archive, archive, deep]);
        let filter = "<Filter><And><Prefix>a/</Prefix><Tag><Key>t</Key><Value>1</Value></Tag></And></Filter>";
        assert_eq!(tier(filter, "a/k", "t=1", 91), archive);
        assert_eq!((tier(filter, "b/k", "t=1", 91), tier(filter, "a/k", "t=2", 91)), (None, None));
    }
}

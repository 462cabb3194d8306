//! The shape of an XML document: which elements, how often, with which texts. Reading a document against its shape gives it
//! back as S3 shows it: known elements only, in the shape's order, texts in one form. What the elements mean together is up
//! to the document.
//!
//! S3 takes elements in any order, refuses those that it does not know, and says `MalformedXML` to everything that does not
//! fit, whatever it is.

use std::fmt;

use super::read::Element;
use super::write::{Declaration, XmlWriter};
use crate::wire::time::Timestamp;

/// What an element has to look like.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    name: &'static str,
    occurs: Occurs,
    content: Content,
    /// The values that its `xsi:type` may have; none: it has no such attribute.
    types: &'static [&'static str],
}

/// How often an element may stand where it stands.
#[derive(Debug, Clone, Copy)]
struct Occurs {
    least: usize,
    most: usize,
    /// The text of an element that is not there.
    default: Option<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum Content {
    Elements {
        shapes: &'static [Shape],
        least: usize,
        most: usize,
    },
    Any,
    Among(&'static [&'static str]),
    /// `true` or `false`.
    Boolean,
    Integer {
        least: i64,
        most: i64,
    },
    /// A moment, in whole seconds.
    Date,
}

/// Why a document does not fit, in one sentence for the log: S3 tells its client nothing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit(String);

/// An element that holds elements.
pub const fn group(name: &'static str, shapes: &'static [Shape]) -> Shape {
    Shape::new(name, Content::Elements { shapes, least: 0, most: usize::MAX })
}

/// An element with any text, the empty one too.
pub const fn text(name: &'static str) -> Shape {
    Shape::new(name, Content::Any)
}

/// An element with one of these texts, case included.
pub const fn among(name: &'static str, texts: &'static [&'static str]) -> Shape {
    Shape::new(name, Content::Among(texts))
}

/// An element that is `true` or `false`.
pub const fn boolean(name: &'static str) -> Shape {
    Shape::new(name, Content::Boolean)
}

/// An element with a whole number of 32 bits.
pub const fn integer(name: &'static str) -> Shape {
    Shape::new(name, Content::Integer { least: i32::MIN as i64, most: i32::MAX as i64 })
}

/// An element with a whole number of 64 bits.
pub const fn long(name: &'static str) -> Shape {
    Shape::new(name, Content::Integer { least: i64::MIN, most: i64::MAX })
}

/// An element with a moment in ISO 8601.
pub const fn date(name: &'static str) -> Shape {
    Shape::new(name, Content::Date)
}

impl Shape {
    const fn new(name: &'static str, content: Content) -> Shape {
        Shape { name, occurs: Occurs { least: 1, most: 1, default: None }, content, types: &[] }
    }

    /// It need not be there.
    #[must_use]
    pub const fn optional(mut self) -> Shape {
        self.occurs.least = 0;
        self
    }

    /// It need not be there, and then stands for this text.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Shape {
        self.occurs.default = Some(default);
        self.optional()
    }

    /// There is at least one, and at most so many.
    #[must_use]
    pub const fn repeated(mut self, most: usize) -> Shape {
        self.occurs.most = most;
        self
    }

    /// There are any number of them.
    #[must_use]
    pub const fn any_number(self) -> Shape {
        self.repeated(usize::MAX).optional()
    }

    /// It holds so many elements, whichever they are.
    #[must_use]
    pub const fn holding(mut self, at_least: usize, at_most: usize) -> Shape {
        if let Content::Elements { shapes, .. } = self.content {
            self.content = Content::Elements { shapes, least: at_least, most: at_most };
        }
        self
    }

    /// It holds exactly one of its elements.
    #[must_use]
    pub const fn one_of(self) -> Shape {
        self.holding(1, 1)
    }

    /// Its attribute `xsi:type` has one of these values.
    #[must_use]
    pub const fn typed(mut self, types: &'static [&'static str]) -> Shape {
        self.types = types;
        self
    }

    /// Reads a document whose root this is.
    pub fn read(&self, root: &Element) -> Result<Element, Misfit> {
        if root.name != self.name {
            return Err(Misfit(format!("the root is {:?}, not {:?}", root.name, self.name)));
        }
        self.read_element(root)
    }

    fn read_element(&self, given: &Element) -> Result<Element, Misfit> {
        let mut read = Element::leaf(self.name, "");
        if !self.types.is_empty() {
            let kind = given.attribute("type").filter(|kind| self.types.contains(kind));
            let kind =
                kind.ok_or_else(|| Misfit(format!("the xsi:type of {} is none of {:?}", self.name, self.types)))?;
            read.attributes.push(("type".to_owned(), kind.to_owned()));
        }
        match self.content {
            Content::Elements { shapes, least, most } => {
                read.children = self.read_children(shapes, given)?;
                let count = given.children.len();
                if !(least..=most).contains(&count) {
                    return Err(Misfit(format!("{} holds {count} elements", self.name)));
                }
            }
            content => {
                if let Some(inner) = given.children.first() {
                    return Err(Misfit(format!("{} stands in {}, which has no elements", inner.name, self.name)));
                }
                let text = content.read_text(&given.text);
                read.text = text.ok_or_else(|| Misfit(format!("{} is {:?}", self.name, given.text)))?;
            }
        }
        Ok(read)
    }

    fn read_children(&self, shapes: &'static [Shape], given: &Element) -> Result<Vec<Element>, Misfit> {
        if let Some(stranger) = given.children.iter().find(|child| shapes.iter().all(|shape| shape.name != child.name))
        {
            return Err(Misfit(format!("{} has no element {:?}", self.name, stranger.name)));
        }
        if !given.text.trim().is_empty() {
            return Err(Misfit(format!("there is text in {}", self.name)));
        }
        let mut children = Vec::new();
        for shape in shapes {
            let before = children.len();
            for child in given.children_named(shape.name) {
                children.push(shape.read_element(child)?);
            }
            let count = children.len() - before;
            if !(shape.occurs.least..=shape.occurs.most).contains(&count) {
                return Err(Misfit(format!("{} has {count} elements {}", self.name, shape.name)));
            }
            if let (0, Some(default)) = (count, shape.occurs.default) {
                children.push(Element::leaf(shape.name, default));
            }
        }
        Ok(children)
    }
}

impl Content {
    /// The text in its one form, if it fits.
    fn read_text(self, given: &str) -> Option<String> {
        let trimmed = given.trim();
        match self {
            Content::Any | Content::Elements { .. } => Some(given.to_owned()),
            Content::Among(texts) => texts.contains(&trimmed).then(|| trimmed.to_owned()),
            Content::Boolean => match trimmed {
                "true" | "1" => Some("true".to_owned()),
                "false" | "0" => Some("false".to_owned()),
                _ => None,
            },
            Content::Integer { least, most } => {
                let number = trimmed.parse().ok().filter(|number| (least..=most).contains(number))?;
                Some(number.to_string())
            }
            Content::Date => {
                // Without an offset it is GMT, which is what S3 counts in.
                let moment =
                    Timestamp::parse_iso8601(trimmed).or_else(|| Timestamp::parse_iso8601(&format!("{trimmed}Z")))?;
                Some(Timestamp::from_secs(moment.secs()).iso8601_millis())
            }
        }
    }
}

/// A document as S3 sends it, with this root.
pub fn document(root: &Element) -> String {
    let mut xml = XmlWriter::new(Declaration::Yes);
    xml.open_ns(&root.name);
    for child in &root.children {
        xml.element(child);
    }
    xml.close();
    xml.finish()
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misfit {}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Shape = group("Tag", &[text("Key"), text("Value")]);
    const GRANTEE: Shape = group("Grantee", &[text("URI").optional()]).typed(&["Group"]);
    const RULES: Shape = group(
        "Rules",
        &[group(
            "Rule",
            &[
                text("ID").optional(),
                among("Status", &["On", "Off"]),
                group("Filter", &[text("Prefix").optional(), TAG.optional()]).one_of().optional(),
                integer("Days").optional(),
                long("Size").optional(),
                date("Date").optional(),
                boolean("Key").or("false"),
                GRANTEE.any_number(),
            ],
        )
        .repeated(2)],
    );

    fn read(rules: &str) -> Result<String, Misfit> {
        let root = Element::parse(format!("<Rules>{rules}</Rules>").as_bytes()).unwrap();
        RULES.read(&root).map(|root| document(&root).split_once("2006-03-01/\">").unwrap().1.to_owned())
    }

    #[test]
    fn what_fits_is_given_back_in_order() {
        let given = "<Rule> <Key> 1 </Key> <Date>2024-01-01T00:00:00Z</Date><Days> +7 </Days><Size>5</Size>
            <Filter><Prefix> a </Prefix></Filter><Status>On</Status><ID/></Rule>";
        let shown = "<Rule><ID/><Status>On</Status><Filter><Prefix> a </Prefix></Filter><Days>7</Days><Size>5</Size>\
            <Date>2024-01-01T00:00:00.000Z</Date><Key>true</Key></Rule></Rules>";
        assert_eq!(read(given).unwrap(), shown);
        assert_eq!(
            read("<Rule><Status>Off</Status></Rule>").unwrap(),
            "<Rule><Status>Off</Status><Key>false</Key></Rule></Rules>"
        );
        let read_back = read(
            "<Rule><Status>On</Status><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\">\
             <URI>a&amp;b</URI></Grantee></Rule>",
        );
        let grantee = "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"Group\"><URI>a&amp;b</URI></Grantee>";
        assert_eq!(read_back.unwrap(), format!("<Rule><Status>On</Status><Key>false</Key>{grantee}</Rule></Rules>"));
    }

    #[test]
    fn what_does_not_fit() {
        let rule = |inner: &str| format!("<Rule><Status>On</Status>{inner}</Rule>");
        let misfits = [
            String::new(),
            "<Rule/>".to_owned(),
            "<Other/>".to_owned(),
            rule("").repeat(3),
            rule("<Status>On</Status>"),
            rule("<Other/>"),
            rule("text"),
            rule("<ID><a/></ID>"),
            rule("<Filter/>"),
            rule("<Filter><Prefix/><Tag><Key/><Value/></Tag></Filter>"),
            rule("<Filter><Tag><Key/></Tag></Filter>"),
            rule("<Days/>"),
            rule("<Days>1.5</Days>"),
            rule("<Days>2147483648</Days>"),
            rule("<Size>9223372036854775808</Size>"),
            rule("<Date>tomorrow</Date>"),
            rule("<Key>yes</Key>"),
            rule("<Grantee/>"),
            rule("<Grantee type=\"User\"/>"),
            "<Rule><Status>on</Status></Rule>".to_owned(),
        ];
        for misfit in misfits {
            assert!(read(&misfit).is_err(), "{misfit}");
        }
        let root = Element::parse(b"<rules/>").unwrap();
        assert_eq!(RULES.read(&root).unwrap_err().to_string(), "the root is \"rules\", not \"Rules\"");
    }
}

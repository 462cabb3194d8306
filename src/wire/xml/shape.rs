//! What a document's schema says about an element: its name, which children it has and how often. Not what their texts
//! mean.

use std::fmt;

use super::Element;

/// How an element differs from its schema. S3 answers `MalformedXML` (of ACLs `MalformedACLError`) to all of it; `Display`
/// says for the log which element it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShapeError {
    /// The document's root has another name.
    WrongRoot {
        /// Which it is.
        given: String,
        /// Which it should be.
        expected: &'static str,
    },
    /// An element that the schema does not have there.
    Unknown {
        /// In which element.
        parent: String,
        /// Which element.
        element: String,
    },
    /// A required element is not there.
    Missing {
        /// In which element.
        parent: String,
        /// Which element.
        element: &'static str,
    },
    /// There are two of an element that may stand once.
    Repeated {
        /// In which element.
        parent: String,
        /// Which element.
        element: &'static str,
    },
    /// The text is none of those that the schema allows.
    Text {
        /// In which element.
        element: String,
        /// The text.
        text: String,
    },
}

impl Element {
    /// Refuses a root of another name.
    pub fn expect_root(&self, expected: &'static str) -> Result<(), ShapeError> {
        if self.name == expected {
            return Ok(());
        }
        Err(ShapeError::WrongRoot { given: self.name.clone(), expected })
    }

    /// Refuses children other than those.
    pub fn expect_only(&self, allowed: &[&str]) -> Result<(), ShapeError> {
        match self.children.iter().find(|child| !allowed.contains(&child.name.as_str())) {
            None => Ok(()),
            Some(unknown) => Err(ShapeError::Unknown { parent: self.name.clone(), element: unknown.name.clone() }),
        }
    }

    /// The child of that name, of which there may be one.
    pub fn at_most_one(&self, name: &'static str) -> Result<Option<&Element>, ShapeError> {
        let mut found = self.children.iter().filter(|child| child.name == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(ShapeError::Repeated { parent: self.name.clone(), element: name }),
            (first, None) => Ok(first),
        }
    }

    /// The child of that name, of which there must be exactly one.
    pub fn exactly_one(&self, name: &'static str) -> Result<&Element, ShapeError> {
        let missing = || ShapeError::Missing { parent: self.name.clone(), element: name };
        self.at_most_one(name)?.ok_or_else(missing)
    }

    /// The text of an element without children, exactly as written.
    pub fn leaf_text(&self) -> Result<&str, ShapeError> {
        self.expect_only(&[]).map(|()| self.text.as_str())
    }

    /// The text of the only child of that name.
    pub fn exactly_one_text(&self, name: &'static str) -> Result<&str, ShapeError> {
        self.exactly_one(name)?.leaf_text()
    }

    /// The text of the child of that name, if there is one.
    pub fn at_most_one_text(&self, name: &'static str) -> Result<Option<&str>, ShapeError> {
        self.at_most_one(name)?.map(Element::leaf_text).transpose()
    }

    /// This element's text is none of those that the schema allows.
    pub fn wrong_text(&self) -> ShapeError {
        ShapeError::Text { element: self.name.clone(), text: self.text.clone() }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShapeError::WrongRoot { given, expected } => write!(f, "the root is {given:?}, not {expected:?}"),
            ShapeError::Unknown { parent, element } => write!(f, "{parent:?} has no element {element:?}"),
            ShapeError::Missing { parent, element } => write!(f, "{parent:?} has to have the element {element:?}"),
            ShapeError::Repeated { parent, element } => write!(f, "{parent:?} has the element {element:?} twice"),
            ShapeError::Text { element, text } => write!(f, "{text:?} is not a value of {element:?}"),
        }
    }
}

impl std::error::Error for ShapeError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(document: &str) -> Element {
        Element::parse(document.as_bytes()).unwrap()
    }

    #[test]
    fn an_element_is_named_in_what_is_wrong_with_it() {
        let root = parse("<A><B>x</B><C/><C/><D><E/></D></A>");
        assert_eq!(root.expect_root("A"), Ok(()));
        assert_eq!(root.expect_root("B").unwrap_err().to_string(), "the root is \"A\", not \"B\"");
        assert_eq!(root.expect_only(&["B", "C", "D"]), Ok(()));
        assert_eq!(root.expect_only(&["B"]).unwrap_err().to_string(), "\"A\" has no element \"C\"");
        assert_eq!(root.exactly_one_text("B"), Ok("x"));
        assert_eq!(root.at_most_one_text("X"), Ok(None));
        assert_eq!(root.exactly_one("X").unwrap_err().to_string(), "\"A\" has to have the element \"X\"");
        assert_eq!(root.at_most_one("C").unwrap_err().to_string(), "\"A\" has the element \"C\" twice");
        assert_eq!(root.exactly_one_text("D").unwrap_err().to_string(), "\"D\" has no element \"E\"");
        let b = root.exactly_one("B").unwrap();
        assert_eq!(b.wrong_text().to_string(), "\"x\" is not a value of \"B\"");
    }
}

//! The XML of S3: a small reader into a tree, and a writer. Both know XML, not the documents.

mod read;
mod write;

pub use read::{Element, MAX_DEPTH, MalformedXml};
pub use write::{DECLARATION, Declaration, NAMESPACE, XmlWriter};

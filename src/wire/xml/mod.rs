//! The XML of S3: a small reader into a tree, shapes that a tree has to fit, and a writer. They know XML, not the documents.

mod read;
pub mod schema;
mod write;

pub use read::{Element, MAX_DEPTH, MalformedXml};
pub use write::{DECLARATION, Declaration, NAMESPACE, XmlWriter};

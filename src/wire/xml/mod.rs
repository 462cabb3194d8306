//! The XML of S3: a small reader into a tree, what a schema says of the tree, and a writer. All know XML, not the documents.

mod read;
mod shape;
mod write;

pub use read::{Element, MAX_DEPTH, MalformedXml};
pub use shape::ShapeError;
pub use write::{DECLARATION, Declaration, NAMESPACE, XmlWriter};

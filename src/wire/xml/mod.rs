//! The XML of S3: a small reader into a tree, what a schema says of a tree (in code: `shape`; as a table: `schema`), and a
//! writer. They know XML, not the documents.

mod read;
pub mod schema;
mod shape;
mod write;

pub use read::{Element, MAX_DEPTH, MalformedXml};
pub use shape::ShapeError;
pub use write::{DECLARATION, Declaration, NAMESPACE, XmlWriter};

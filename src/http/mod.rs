//! What all dialects share about requests and responses. Not a dialect: nothing here knows S3's operations or XML.

pub mod body;
pub mod connection;
pub mod domains;
pub mod form;
pub mod identity;
pub mod keep_alive;
pub mod origin;
pub mod request_id;
pub mod suggest;

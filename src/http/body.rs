//! Bodies: [`Payload`] comes in with a request, [`Body`] goes out with an answer. Not framing, which is hyper's, and not
//! the `aws-chunked` coding, which is a codec of the wire floor.

mod object;
mod outgoing;
mod payload;

pub use outgoing::{Body, BodySender, BodyStream, ReceiverGone};
pub use payload::{CollectError, Drained, Payload, PayloadError};

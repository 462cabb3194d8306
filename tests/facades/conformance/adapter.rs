//! What the conformance suite asks of a dialect.

use serde_json::Value;

use crate::plain::World;
use crate::support::Reply;

/// What a product makes of something that products differ in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Taken,
    Refused,
}

/// What a product makes of a list whose numbers do not ascend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    HasToAscend,
    /// The parts are put together by their numbers all the same.
    ByNumber,
    AsTheListSays,
}

/// An upload that was started, as the adapter remembers it.
pub(crate) struct Started(pub(crate) Value);

/// A refusal on the wire.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Refusal {
    pub(crate) fn of(reply: &Reply) -> Refusal {
        Refusal { status: reply.status, text: String::from_utf8_lossy(&reply.body).into_owned() }
    }
}

/// A dialect. Ids are what an upload of a part is answered with and a list wants.
pub(crate) trait Adapter {
    /// The least size of a part that is not the last.
    const UNIT: usize;
    const LISTED: Listed;
    const GAPS: Rule;
    /// Parts below [`Adapter::UNIT`].
    const SMALL: Rule;
    /// Completing what is completed, with the same list.
    const AGAIN: Rule;
    /// Whether lists carry ids at all.
    const IDS: Rule = Rule::Taken;
    /// The life of upload URLs by default.
    const URL_SECONDS: Option<i64> = None;
    /// Whether a completion that the storage refuses ends the upload.
    const REFUSAL_ENDS_UPLOAD: bool = false;

    async fn start() -> World;

    /// For control planes: with another S3 endpoint behind.
    #[cfg_attr(not(feature = "upstream"), expect(dead_code, reason = "only builds that know upstreams ask for it"))]
    async fn over_upstream() -> World {
        unreachable!("this dialect is no control plane")
    }

    /// Starts an upload of `size_bytes` in `parts` parts.
    async fn start_upload(world: &World, size_bytes: usize, parts: u16) -> Started;

    /// Uploads a part, and returns its id.
    async fn part(world: &World, started: &Started, number: u16, bytes: &[u8]) -> Result<String, Refusal>;

    /// As [`Adapter::part`], with a digest of other bytes. `None`: the dialect knows no digests.
    async fn part_with_wrong_digest(
        world: &World,
        started: &Started,
        number: u16,
        bytes: &[u8],
    ) -> Option<Result<String, Refusal>>;

    async fn complete(world: &World, started: &Started, list: &[(u16, String)]) -> Result<(), Refusal>;

    /// `None`: the product knows no abort.
    async fn abort(world: &World, started: &Started) -> Option<Result<(), Refusal>>;

    /// The object's bytes, as S3 has them.
    async fn object(world: &World, started: &Started) -> Option<Vec<u8>>;

    /// Gets new URLs where those that were handed out lead to the port of before.
    async fn after_restart(_world: &World, _started: &mut Started) {}

    /// Whether an answer is a refusal by the product's own rules, whatever its status.
    fn says_no(_refusal: &Refusal) -> bool {
        false
    }
}

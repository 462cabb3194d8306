//! What an operation is, and the row that registers it.

use std::future::Future;
use std::pin::Pin;

use http::Method;

use super::call::Call;
use super::error::{Result, S3Error};
use super::reply::Reply;
use super::target::Scope;
use crate::wire::error_codes::Code;

/// An S3 operation: its input, parsed from the request, and what it does.
pub(crate) trait Operation: Sized + Send + 'static {
    /// AWS's name.
    const NAME: &'static str;
    /// The IAM action that allows it.
    const ACTION: &'static str;

    /// What a request's body may be.
    const BODY: BodyRule = BodyRule::Document;

    /// How far Staves goes with it.
    const LEVEL: Level = Level::Exact;
    /// Whether it settles how something is encrypted.
    const ENCRYPTS: Encrypts = Encrypts::Nothing;

    /// Whether its errors begin with an XML declaration.
    const ERRORS: ErrorDeclaration = ErrorDeclaration::Present;

    /// Checks that AWS makes before it decides whether the caller may do this at all, such as for an upload id that was
    /// never issued.
    fn before_access(_call: &Call) -> Result<()> {
        Ok(())
    }

    /// Reads the input. Nothing of the body has been read yet.
    fn parse(call: &Call) -> Result<Self>;

    /// Does it.
    fn run(self, call: Call) -> impl Future<Output = Result<Reply>> + Send;
}

type Answer = Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;

/// One row of the table.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) action: &'static str,
    pub(crate) method: Method,
    pub(crate) scope: Scope,
    /// Query parameters that select this row; all of them have to be there.
    pub(crate) query: &'static [&'static str],
    /// The value that the first of them has to have, if it matters.
    pub(crate) value: Option<&'static str>,
    /// A header that selects this row.
    pub(crate) header: Option<&'static str>,
    pub(crate) access: AccessRule,
    pub(crate) errors: ErrorDeclaration,
    pub(crate) level: Level,
    pub(crate) encrypts: Encrypts,
    pub(crate) handler: Handler,
}

/// Whom a row serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AccessRule {
    /// Those whom the bucket lets do it.
    ByBucket,
    /// As `ByBucket`, but only the operation itself knows who asks, or for what.
    InOperation,
    /// Anyone with an identity: there is no bucket yet, or none is meant.
    AnyIdentity,
}

/// What a request's body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyRule {
    /// None, or a document. Never in aws-chunked frames.
    Document,
    /// The bytes of an object or part.
    Stream,
}

/// Whether an operation settles how something is encrypted: only then may its request say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encrypts {
    /// The object that it makes, or is to make.
    NewObject,
    Nothing,
}

/// Whether an operation's errors begin with an XML declaration: a quirk of AWS's, seen on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorDeclaration {
    Present,
    Absent,
}

/// How far Staves goes with an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// It does what AWS does, and answers as AWS answers.
    Exact,
    /// It keeps and shows a document as AWS does; nothing acts on what the document says.
    Stored,
    /// It is refused by name.
    Refused,
}

impl Level {
    /// In one word.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Level::Exact => "exact",
            Level::Stored => "stored",
            Level::Refused => "refused",
        }
    }
}

/// What a row does.
pub(crate) enum Handler {
    /// An operation.
    Run { before_access: fn(&Call) -> Result<()>, run: fn(Call) -> Answer, body: BodyRule },
    /// Refused by name, once the caller is known: it does not exist here.
    Refuse,
    /// Refused once the caller is known, as AWS refuses those who did not use it before it was closed to new customers:
    /// 405 `MethodNotAllowed`.
    Closed,
}

/// A row for an operation.
pub(crate) const fn op<O: Operation>(method: Method, scope: Scope) -> Row {
    Row {
        name: O::NAME,
        action: O::ACTION,
        method,
        scope,
        query: &[],
        value: None,
        header: None,
        access: AccessRule::ByBucket,
        errors: O::ERRORS,
        level: O::LEVEL,
        encrypts: O::ENCRYPTS,
        handler: Handler::Run { before_access: O::before_access, run: run::<O>, body: O::BODY },
    }
}

/// A row for an operation of AWS that Staves refuses.
pub(crate) const fn refused(name: &'static str, method: Method, scope: Scope) -> Row {
    Row {
        name,
        action: "",
        method,
        scope,
        query: &[],
        value: None,
        header: None,
        access: AccessRule::ByBucket,
        errors: ErrorDeclaration::Present,
        level: Level::Refused,
        encrypts: Encrypts::Nothing,
        handler: Handler::Refuse,
    }
}

impl Row {
    pub(crate) const fn query(mut self, names: &'static [&'static str]) -> Row {
        self.query = names;
        self
    }

    pub(crate) const fn value(mut self, value: &'static str) -> Row {
        self.value = Some(value);
        self
    }

    pub(crate) const fn header(mut self, name: &'static str) -> Row {
        self.header = Some(name);
        self
    }

    pub(crate) const fn any_identity(mut self) -> Row {
        self.access = AccessRule::AnyIdentity;
        self
    }

    pub(crate) const fn decided_in_operation(mut self) -> Row {
        self.access = AccessRule::InOperation;
        self
    }

    /// An error as this row's operation writes it.
    pub(crate) fn declared(&self, error: S3Error) -> S3Error {
        match self.errors {
            ErrorDeclaration::Present => error,
            ErrorDeclaration::Absent => error.without_declaration(),
        }
    }

    /// How particular the row is: of several that fit a request, the most particular is meant.
    pub(crate) fn particularity(&self) -> usize {
        self.query.len() * 4 + usize::from(self.value.is_some()) * 2 + usize::from(self.header.is_some())
    }

    /// Of an operation that AWS has closed to new customers.
    pub(crate) const fn closed(mut self) -> Row {
        self.handler = Handler::Closed;
        self
    }

    /// The refusal of a row that does not exist here.
    pub(crate) fn refusal(&self) -> S3Error {
        if matches!(self.handler, Handler::Closed) {
            return Code::MethodNotAllowed.with("Method", &self.method).with("ResourceType", self.scope.name());
        }
        match (self.query.first(), self.header) {
            (_, Some(header)) => S3Error::header_not_implemented(header),
            (Some(query), None) => S3Error::query_not_implemented(query),
            (None, None) => Code::NotImplemented.says(format!("{} is not implemented", self.name)),
        }
    }
}

fn run<O: Operation>(call: Call) -> Answer {
    Box::pin(async move { O::parse(&call)?.run(call).await })
}

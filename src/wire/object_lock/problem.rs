//! What is wrong with a lock that a request asks for, and how S3 says it.

use std::fmt;

use super::{DATE_HEADER, HOLD_HEADER, MODE_HEADER};
use crate::wire::error_codes::Code;
use crate::wire::xml::ShapeError;

/// Why a document or a header is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectLockProblem {
    /// The document is not of the schema.
    Shape(ShapeError),
    /// A default retention with neither `Days` nor `Years`.
    NoPeriod,
    /// A default retention with both.
    TwoPeriods,
    /// A default retention of no days, or fewer.
    PeriodNotPositive {
        /// `Days` or `Years`.
        unit: &'static str,
        /// As sent.
        given: String,
    },
    /// A default retention of more than a hundred years.
    PeriodTooLarge {
        /// `Days` or `Years`.
        unit: &'static str,
        /// As sent.
        given: String,
    },
    /// Of mode and date, only one header was sent.
    HalfRetention {
        /// The other.
        missing: &'static str,
    },
    /// `x-amz-object-lock-mode` is not a mode.
    UnknownMode(String),
    /// `x-amz-object-lock-retain-until-date` is not a date.
    MalformedDate(String),
    /// `x-amz-object-lock-legal-hold` is neither `ON` nor `OFF`.
    UnknownHold(String),
    /// The retention would have ended already.
    Past {
        /// Which argument says so.
        argument: &'static str,
        /// Its value, as S3 shows it.
        given: String,
    },
}

impl ObjectLockProblem {
    /// `MalformedXML` or `InvalidArgument`.
    pub fn code(&self) -> Code {
        match self {
            ObjectLockProblem::Shape(_) | ObjectLockProblem::NoPeriod | ObjectLockProblem::TwoPeriods => {
                Code::MalformedXml
            }
            _ => Code::InvalidArgument,
        }
    }

    /// S3's sentence. Those of the date's form and of the legal hold are versitygw's transcription of AWS's.
    pub fn message(&self) -> &'static str {
        match self {
            ObjectLockProblem::Shape(_) | ObjectLockProblem::NoPeriod | ObjectLockProblem::TwoPeriods => {
                Code::MalformedXml.message()
            }
            ObjectLockProblem::PeriodNotPositive { .. } => "Default retention period must be a positive integer value.",
            ObjectLockProblem::PeriodTooLarge { .. } => "Default retention period too large.",
            ObjectLockProblem::HalfRetention { .. } => {
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
            }
            ObjectLockProblem::UnknownMode(_) => "Unknown wormMode directive.",
            ObjectLockProblem::MalformedDate(_) => "The retain until date must be provided in ISO 8601 format",
            ObjectLockProblem::UnknownHold(_) => "Legal Hold must be either of 'ON' or 'OFF'",
            ObjectLockProblem::Past { .. } => "The retain until date must be in the future!",
        }
    }

    /// The extra elements of the error.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let (name, value) = match self {
            ObjectLockProblem::Shape(_) | ObjectLockProblem::NoPeriod | ObjectLockProblem::TwoPeriods => {
                return Vec::new();
            }
            ObjectLockProblem::HalfRetention { missing } => return vec![("ArgumentName", (*missing).to_owned())],
            ObjectLockProblem::PeriodNotPositive { unit: name, given }
            | ObjectLockProblem::PeriodTooLarge { unit: name, given }
            | ObjectLockProblem::Past { argument: name, given } => (*name, given),
            ObjectLockProblem::UnknownMode(given) => (MODE_HEADER, given),
            ObjectLockProblem::MalformedDate(given) => (DATE_HEADER, given),
            ObjectLockProblem::UnknownHold(given) => (HOLD_HEADER, given),
        };
        vec![("ArgumentName", name.to_owned()), ("ArgumentValue", value.clone())]
    }
}

impl From<ShapeError> for ObjectLockProblem {
    fn from(error: ShapeError) -> ObjectLockProblem {
        ObjectLockProblem::Shape(error)
    }
}

impl fmt::Display for ObjectLockProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectLockProblem::Shape(error) => error.fmt(f),
            ObjectLockProblem::NoPeriod => f.write_str("DefaultRetention has neither Days nor Years"),
            ObjectLockProblem::TwoPeriods => f.write_str("DefaultRetention has both Days and Years"),
            _ => {
                f.write_str(self.message())?;
                self.fields().into_iter().try_for_each(|(name, value)| write!(f, " {name}={value:?}"))
            }
        }
    }
}

impl std::error::Error for ObjectLockProblem {}

//! The credential: whose key, and the scope (day, region, service) that it signs for. Not a lookup of keys.

use std::fmt;

use super::date::{AmzDate, is_day};
use super::{SERVICE, TERMINAL};

/// `AKID/yyyyMMdd/region/service/aws4_request`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The access key id.
    pub access_key: String,
    /// What follows it.
    pub scope: Scope,
}

impl Credential {
    /// Splits the five components. Their contents are judged by [`Scope::check_day`] and [`Scope::check`].
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        let pieces: Vec<&str> = text.split('/').collect();
        let &[access_key, date, region, service, terminal] = pieces.as_slice() else {
            return Err(ScopeError::Malformed);
        };
        if access_key.is_empty() {
            return Err(ScopeError::Malformed);
        }
        let scope = Scope {
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            terminal: terminal.to_owned(),
        };
        Ok(Self { access_key: access_key.to_owned(), scope })
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.access_key, self.scope)
    }
}

/// What a signing key is derived for, as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// `yyyyMMdd`.
    pub date: String,
    /// Such as `us-east-1`.
    pub region: String,
    /// `s3`.
    pub service: String,
    /// `aws4_request`.
    pub terminal: String,
}

impl Scope {
    /// The scope in which a client signs for S3.
    pub fn s3(date: AmzDate, region: &str) -> Self {
        Self { date: date.day(), region: region.to_owned(), service: SERVICE.to_owned(), terminal: TERMINAL.to_owned() }
    }

    /// Refuses a day that is not written `yyyyMMdd`.
    pub fn check_day(&self) -> Result<(), ScopeError> {
        if is_day(&self.date) { Ok(()) } else { Err(ScopeError::DayFormat { given: self.date.clone() }) }
    }

    /// Refuses another service, another terminal, and a region other than `expected_region`, in this order.
    pub fn check(&self, expected_region: &str) -> Result<(), ScopeError> {
        if self.service != SERVICE {
            return Err(ScopeError::Service { given: self.service.clone() });
        }
        if self.terminal != TERMINAL {
            return Err(ScopeError::Terminal { given: self.terminal.clone() });
        }
        if self.region != expected_region {
            let (given, expected) = (self.region.clone(), expected_region.to_owned());
            return Err(ScopeError::Region { given, expected });
        }
        Ok(())
    }

    /// Whether the scope's day is the day of this moment.
    pub fn is_of(&self, date: AmzDate) -> bool {
        self.date == date.day()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.date, self.region, self.service, self.terminal)
    }
}

/// What is wrong with a credential. Header and query authentication put different words before the same sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeError {
    /// Not five components.
    Malformed,
    /// The day is not `yyyyMMdd`.
    DayFormat {
        /// As sent.
        given: String,
    },
    /// Not for S3.
    Service {
        /// As sent.
        given: String,
    },
    /// Does not end in `aws4_request`.
    Terminal {
        /// As sent.
        given: String,
    },
    /// For another region: S3 adds the element `Region` with the expected one.
    Region {
        /// As sent.
        given: String,
        /// Where the endpoint (or the bucket) is.
        expected: String,
    },
}

impl ScopeError {
    /// AWS's sentence, without its prefix.
    pub fn sentence(&self) -> String {
        match self {
            Self::Malformed => {
                r#"the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"."#
                    .to_owned()
            }
            Self::DayFormat { given } => format!(
                r#"incorrect date format "{given}". This date in the credential must be in the format "yyyyMMdd"."#
            ),
            Self::Service { given } => format!(r#"incorrect service "{given}". This endpoint belongs to "s3"."#),
            Self::Terminal { given } => format!(r#"incorrect terminal "{given}". This endpoint uses "aws4_request"."#),
            Self::Region { given, expected } => format!("the region '{given}' is wrong; expecting '{expected}'"),
        }
    }

    /// The region to go to, when the region is what is wrong: the value of the error's `Region` element.
    pub fn expected_region(&self) -> Option<&str> {
        if let Self::Region { expected, .. } = self { Some(expected) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_components_make_a_credential() {
        let text = "AKID/20130524/us-east-1/s3/aws4_request";
        let credential = Credential::parse(text).unwrap();
        assert_eq!(credential.access_key, "AKID");
        assert_eq!(credential.to_string(), text);
        for wrong in ["", "AKID", "AKID/20130524/us-east-1/s3", "A/K/20130524/us-east-1/s3/aws4_request", "/a/b/c/d"] {
            assert_eq!(Credential::parse(wrong), Err(ScopeError::Malformed), "{wrong}");
        }
    }

    #[test]
    fn every_part_of_the_scope_is_checked() {
        let scope = |text: &str| Credential::parse(&format!("AKID/{text}")).unwrap().scope;
        assert_eq!(scope("20130524/us-east-1/s3/aws4_request").check("us-east-1"), Ok(()));
        assert!(scope("20130524/r/s3/aws4_request").is_of(AmzDate::parse_iso_basic("20130524T235959Z").unwrap()));
        let day = scope("2013-05-24/r/s3/aws4_request").check_day().unwrap_err();
        assert!(day.sentence().starts_with("incorrect date format \"2013-05-24\"."));
        assert!(scope("20130230/r/s3/aws4_request").check_day().is_err());
        let service = scope("20130524/us-west-2/iam/nope").check("us-east-1").unwrap_err();
        assert_eq!(service, ScopeError::Service { given: "iam".into() });
        let terminal = scope("20130524/us-west-2/s3/nope").check("us-east-1").unwrap_err();
        assert_eq!(terminal.sentence(), "incorrect terminal \"nope\". This endpoint uses \"aws4_request\".");
        let region = scope("20130524/us-west-2/s3/aws4_request").check("us-east-1").unwrap_err();
        assert_eq!(region.sentence(), "the region 'us-west-2' is wrong; expecting 'us-east-1'");
        assert_eq!(region.expected_region(), Some("us-east-1"));
    }
}

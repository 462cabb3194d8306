//! Keys in KMS, which does not exist here: any key that is named is one that exists, unless the settings list those that do.
//! Whatever a key is named by (its id, its ARN, an alias), S3 shows its ARN.
//!
//! Source: <https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id>; messages as recorded from AWS.

use sha2::{Digest as _, Sha256};

use crate::s3::error::S3Error;
use crate::wire::error_codes::Code;

/// The alias of the key that S3 makes in every account, for SSE-KMS without a key.
const MANAGED: &str = "alias/aws/s3";
/// KMS's own bound on what names a key.
const MAX_NAME_BYTES: usize = 2048;

/// Whether keys that clients bring (SSE-C) are taken over plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TlsForCustomerKeys {
    /// They are: a local server has no certificate.
    #[default]
    NotRequired,
    /// They are not, as on AWS.
    Required,
}

/// The keys that exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KmsKeys(Option<Vec<Listed>>);

/// A key that is listed, as it is written in the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    name: String,
    is: Is,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Is {
    Enabled,
    Disabled,
    PendingDeletion,
    /// Another name of this key.
    AliasOf(String),
}

/// Why a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KmsProblem {
    code: Code,
    message: String,
}

/// What a name means.
enum Named {
    /// The ARN of a key.
    Key(String),
    /// The ARN of an alias.
    Alias(String),
    /// Nothing that KMS would take; as it is written.
    Other(String),
}

impl KmsKeys {
    /// Only these exist, beside the keys `aws/s3`: ids, ARNs or other names, each also as `KEY=disabled` or
    /// `KEY=pending-deletion`; aliases as `alias/NAME=KEY`. Without any, every key exists.
    pub fn listed<'k>(keys: impl IntoIterator<Item = &'k str>) -> Result<KmsKeys, String> {
        let listed = keys.into_iter().map(Listed::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(KmsKeys(Some(listed).filter(|listed| !listed.is_empty())))
    }

    /// The ARN of the key that a request or a bucket names, or of the account's own for S3. Short names are those of an
    /// account and a region.
    pub(crate) fn resolve(&self, sent: Option<&str>, account: &str, region: &str) -> Result<String, KmsProblem> {
        let named = Named::parse(sent.unwrap_or(MANAGED), account, region)?;
        match (named, &self.0) {
            (Named::Alias(arn), _) if arn.ends_with(&format!(":{MANAGED}")) => Ok(target_of(&arn)),
            (Named::Key(arn), None) => Ok(arn),
            (Named::Alias(arn), None) => Ok(target_of(&arn)),
            (Named::Other(name), None) => Ok(name),
            (named, Some(listed)) => find(listed, &named, account, region),
        }
    }

    /// Whether a key by which an object was encrypted can be used still. Where keys are listed, one that is not there any more
    /// was deleted; the account's own for S3 is always there.
    pub(crate) fn check_usable(&self, arn: &str) -> Result<(), KmsProblem> {
        let Some(listed) = &self.0 else { return Ok(()) };
        let (account, region) = account_and_region(arn).unwrap_or_default();
        let is = |key: &&Listed| Named::parse(&key.name, account, region).is_ok_and(|named| named.text() == arn);
        let means = |key: &&Listed| key.target(account, region).is_some_and(|target| target == arn);
        match listed.iter().find(is).or_else(|| listed.iter().find(means)) {
            Some(key) => key.usable(arn).map(drop),
            None if arn == target_of(&format!("arn:aws:kms:{region}:{account}:{MANAGED}")) => Ok(()),
            None => Err(absent(arn)),
        }
    }
}

impl Listed {
    fn parse(text: &str) -> Result<Listed, String> {
        let (name, is) = match text.split_once('=') {
            None => (text, Is::Enabled),
            Some((name, "enabled")) => (name, Is::Enabled),
            Some((name, "disabled")) => (name, Is::Disabled),
            Some((name, "pending-deletion")) => (name, Is::PendingDeletion),
            Some((name, key)) if name.contains("alias/") && !key.is_empty() => (name, Is::AliasOf(key.to_owned())),
            Some(_) => {
                return Err(format!(
                    "{text:?} is no key of KMS; write KEY, KEY=disabled, KEY=pending-deletion or alias/NAME=KEY"
                ));
            }
        };
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(format!("{name:?} is no name of a key of KMS: an id, an ARN or alias/NAME is meant"));
        }
        Ok(Listed { name: name.to_owned(), is })
    }

    /// What an alias stands for.
    fn target(&self, account: &str, region: &str) -> Option<String> {
        match (Named::parse(&self.name, account, region), &self.is) {
            (Ok(Named::Alias(_)), Is::AliasOf(key)) => {
                Named::parse(key, account, region).ok().map(|target| target.text().to_owned())
            }
            (Ok(Named::Alias(arn)), _) => Some(target_of(&arn)),
            _ => None,
        }
    }

    /// The key's ARN, if it can be used.
    fn usable(&self, arn: &str) -> Result<String, KmsProblem> {
        match &self.is {
            Is::Enabled | Is::AliasOf(_) => Ok(arn.to_owned()),
            Is::Disabled => Err(KmsProblem::new(Code::KmsDisabledException, format!("{arn} is disabled."))),
            Is::PendingDeletion => {
                Err(KmsProblem::new(Code::KmsInvalidStateException, format!("{arn} is pending deletion.")))
            }
        }
    }
}

impl Named {
    fn parse(sent: &str, account: &str, region: &str) -> Result<Named, KmsProblem> {
        let arn = |resource: &str| format!("arn:aws:kms:{region}:{account}:{resource}");
        if sent.starts_with("arn:") {
            return of_arn(sent, region);
        }
        if sent.starts_with("alias/") {
            return Ok(Named::Alias(arn(sent)));
        }
        if is_key_id(sent) {
            return Ok(Named::Key(arn(&format!("key/{sent}"))));
        }
        let possible = sent.len() <= MAX_NAME_BYTES && sent.bytes().all(|byte| byte.is_ascii_graphic());
        // The key that S3 makes has an alias, and only that (seen on AWS).
        if possible && sent != "aws/s3" { Ok(Named::Other(sent.to_owned())) } else { Err(invalid_id(sent)) }
    }

    fn text(&self) -> &str {
        match self {
            Named::Key(text) | Named::Alias(text) | Named::Other(text) => text,
        }
    }
}

impl KmsProblem {
    fn new(code: Code, message: String) -> KmsProblem {
        KmsProblem { code, message }
    }
}

impl From<KmsProblem> for S3Error {
    fn from(problem: KmsProblem) -> S3Error {
        problem.code.says(problem.message)
    }
}

/// A key has to be where the bucket is.
fn of_arn(sent: &str, region: &str) -> Result<Named, KmsProblem> {
    let parts: Vec<&str> = sent.splitn(6, ':').collect();
    let &["arn", _, "kms", key_region, _, resource] = parts.as_slice() else {
        return Err(KmsProblem::new(Code::KmsNotFoundException, "Invalid arn".to_owned()));
    };
    if key_region != region {
        return Err(KmsProblem::new(Code::KmsNotFoundException, format!("Invalid arn {key_region}")));
    }
    match resource.split_once('/') {
        Some(("key", id)) if !id.is_empty() => Ok(Named::Key(sent.to_owned())),
        Some(("alias", name)) if !name.is_empty() => Ok(Named::Alias(sent.to_owned())),
        _ => Err(KmsProblem::new(Code::KmsNotFoundException, "Invalid arn".to_owned())),
    }
}

fn find(listed: &[Listed], named: &Named, account: &str, region: &str) -> Result<String, KmsProblem> {
    let same =
        |key: &&Listed| Named::parse(&key.name, account, region).is_ok_and(|listed| listed.text() == named.text());
    match (listed.iter().find(same), named) {
        (Some(Listed { is: Is::AliasOf(key), .. }), _) => match Named::parse(key, account, region)? {
            // One step, as in KMS: an alias names a key.
            target @ (Named::Key(_) | Named::Other(_)) => {
                let known = listed.iter().find(|key| {
                    Named::parse(&key.name, account, region).is_ok_and(|listed| listed.text() == target.text())
                });
                known.map_or_else(|| Ok(target.text().to_owned()), |key| key.usable(target.text()))
            }
            Named::Alias(arn) => Err(no_alias(&arn)),
        },
        (Some(key), Named::Alias(arn)) => key.usable(&target_of(arn)),
        (Some(key), named) => key.usable(named.text()),
        (None, Named::Key(arn)) => Err(absent(arn)),
        (None, Named::Alias(arn)) => Err(no_alias(arn)),
        (None, Named::Other(name)) => Err(invalid_id(name)),
    }
}

fn absent(arn: &str) -> KmsProblem {
    KmsProblem::new(Code::KmsNotFoundException, format!("Key '{arn}' does not exist"))
}

fn no_alias(arn: &str) -> KmsProblem {
    KmsProblem::new(Code::KmsNotFoundException, format!("Alias {arn} is not found."))
}

fn invalid_id(sent: &str) -> KmsProblem {
    KmsProblem::new(Code::KmsNotFoundException, format!("Invalid keyId '{sent}'"))
}

/// A UUID, or the id of a key of several regions.
fn is_key_id(text: &str) -> bool {
    let hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    match text.strip_prefix("mrk-") {
        Some(rest) => rest.len() == 32 && hex(rest),
        None => text.len() == 36 && uuid::Uuid::try_parse(text).is_ok(),
    }
}

/// The key that an alias stands for: always the same one, as long as nothing else is said.
fn target_of(alias_arn: &str) -> String {
    let digest = Sha256::digest(alias_arn.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    let place = alias_arn.rsplit_once(':').map_or(alias_arn, |(place, _)| place);
    format!("{place}:key/{id}")
}

fn account_and_region(arn: &str) -> Option<(&str, &str)> {
    let mut parts = arn.splitn(6, ':').skip(3);
    let (region, account) = (parts.next()?, parts.next()?);
    Some((account, region))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111111111111";
    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    fn resolve(keys: &KmsKeys, sent: &str) -> Result<String, String> {
        keys.resolve(Some(sent), ACCOUNT, "us-east-1")
            .map_err(|problem| format!("{}: {}", problem.code, problem.message))
    }

    #[test]
    fn any_key_exists_unless_some_are_listed() {
        let any = KmsKeys::default();
        let arn = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}");
        assert_eq!(resolve(&any, ID), Ok(arn.clone()));
        assert_eq!(resolve(&any, &arn), Ok(arn.clone()));
        assert_eq!(resolve(&any, "testkey-1"), Ok("testkey-1".to_owned()));
        let managed = any.resolve(None, ACCOUNT, "us-east-1").unwrap();
        assert!(managed.starts_with("arn:aws:kms:us-east-1:111111111111:key/"), "{managed}");
        assert_eq!(resolve(&any, MANAGED), Ok(managed.clone()));
        assert_ne!(resolve(&any, "alias/mine"), Ok(managed));
        assert_eq!(resolve(&any, "aws/s3"), Err("KMS.NotFoundException: Invalid keyId 'aws/s3'".to_owned()));
        let elsewhere = format!("arn:aws:kms:us-west-2:{ACCOUNT}:key/{ID}");
        assert_eq!(resolve(&any, &elsewhere), Err("KMS.NotFoundException: Invalid arn us-west-2".to_owned()));
        assert_eq!(resolve(&any, "arn:aws:s3:::b"), Err("KMS.NotFoundException: Invalid arn".to_owned()));
    }

    #[test]
    fn listed_keys_are_all_there_are() {
        let dead = "00000000-0000-0000-0000-000000000000=disabled";
        let gone = "00000000-0000-0000-0000-000000000001=pending-deletion";
        let keys = KmsKeys::listed([ID, "alias/mine=1234abcd-12ab-34cd-56ef-1234567890ab", "odd", dead, gone]).unwrap();
        let arn = format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{ID}");
        for name in [ID, "alias/mine", &arn] {
            assert_eq!(resolve(&keys, name).as_ref(), Ok(&arn));
        }
        assert_eq!(resolve(&keys, "odd"), Ok("odd".to_owned()));
        assert!(resolve(&keys, MANAGED).is_ok());
        let arn = |n: u8| format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/00000000-0000-0000-0000-00000000000{n}");
        let refused = [
            ("other", "KMS.NotFoundException: Invalid keyId 'other'".to_owned()),
            (&arn(7), format!("KMS.NotFoundException: Key '{}' does not exist", arn(7))),
            (
                "alias/x",
                "KMS.NotFoundException: Alias arn:aws:kms:us-east-1:111111111111:alias/x is not found.".to_owned(),
            ),
            ("00000000-0000-0000-0000-000000000000", format!("KMS.DisabledException: {} is disabled.", arn(0))),
            (&arn(1), format!("KMS.KMSInvalidStateException: {} is pending deletion.", arn(1))),
        ];
        for (name, error) in refused {
            assert_eq!(resolve(&keys, name), Err(error));
        }
        let refusal = |arn: &str| keys.check_usable(arn).unwrap_err().code;
        assert_eq!((refusal(&arn(0)), refusal(&arn(7))), (Code::KmsDisabledException, Code::KmsNotFoundException));
        // A key is there as long as something names it.
        let keys = KmsKeys::listed(["alias/a", "alias/b=1234abcd-12ab-34cd-56ef-1234567890ab", "odd"]).unwrap();
        let named = ["alias/a", "alias/b", MANAGED, "odd"].map(|name| resolve(&keys, name).unwrap());
        for arn in &named {
            assert!(keys.check_usable(arn).is_ok(), "{arn}");
        }
        let none = KmsKeys::listed(["other"]).unwrap();
        let usable = named.map(|arn| none.check_usable(&arn).is_ok());
        assert_eq!(usable, [false, false, true, false]);
        for bad in ["", "x=y", "k key", "alias/x="] {
            assert!(KmsKeys::listed([bad]).is_err(), "{bad}");
        }
    }
}

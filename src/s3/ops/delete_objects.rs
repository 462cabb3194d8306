//! `DeleteObjects`: up to 1,000 keys in one request, each with its own outcome.

use super::version_id;
use super::{listing, object_lock, write_conditions};
use crate::engine::bucket::Bucket;
use crate::engine::object::{Deleted, Deletion};
use crate::s3::access::{self, Demand};
use crate::s3::call::Call;
use crate::s3::error::{Result, S3Error};
use crate::s3::intake::DigestRule;
use crate::s3::operation::Operation;
use crate::s3::reply::Reply;
use crate::wire::error_codes::Code;
use crate::wire::object_key::{InvalidKey, MAX_KEY_BYTES, ObjectKey};
use crate::wire::object_lock::Bypass;
use crate::wire::xml::{Element, XmlWriter};

/// The largest document, seen on AWS.
const MAX_DOCUMENT_BYTES: u64 = 2_048_000;

/// Keys in one request at most.
const MAX_KEYS: usize = 1000;

/// Many keys to delete. They are in the body.
pub(crate) struct DeleteObjects {
    bypass: Bypass,
}

/// What the document asks for.
#[derive(Debug)]
struct Request {
    entries: Vec<Entry>,
    /// Whether successes are left out of the answer.
    quiet: bool,
}

/// One `Object`.
#[derive(Debug)]
struct Entry {
    key: ObjectKey,
    version_id: Option<String>,
    plan: Plan,
}

/// What becomes of an entry.
#[derive(Debug)]
enum Plan {
    Delete(Deletion),
    /// It cannot be done, which keeps none of the others.
    Refuse(Code),
}

impl Operation for DeleteObjects {
    const NAME: &'static str = "DeleteObjects";
    const ACTION: &'static str = "s3:DeleteObject";

    fn parse(call: &Call) -> Result<Self> {
        Ok(DeleteObjects { bypass: object_lock::bypass_of_deletion(call)? })
    }

    async fn run(self, mut call: Call) -> Result<Reply> {
        let bucket = call.bucket()?.clone();
        let body = call.document(MAX_DOCUMENT_BYTES, DigestRule::Required).await?;
        let mut request = Request::parse(&body).map_err(S3Error::without_declaration)?;
        for entry in &mut request.entries {
            if let Err(denied) = self.require(&call, &bucket, entry) {
                entry.plan = Plan::Refuse(denied.code());
            }
            if let Plan::Delete(deletion) = &mut entry.plan {
                deletion.bypass = self.bypass;
            }
        }
        let deletions = request.entries.iter().filter_map(|entry| match &entry.plan {
            Plan::Delete(deletion) => Some(deletion.clone()),
            Plan::Refuse(_) => None,
        });
        let outcome = call.engine().delete_objects(&bucket, deletions.collect()).await;
        let mut outcomes = outcome.map_err(|error| call.says(error))?.into_iter();
        let mut xml = listing::result("DeleteResult");
        for entry in &request.entries {
            let outcome = match entry.plan {
                Plan::Refuse(code) => Err(code.into()),
                Plan::Delete(_) => match outcomes.next() {
                    Some(outcome) => outcome.map_err(|error| call.says_of(Some(&entry.key), error)),
                    None => return Err(S3Error::internal("fewer outcomes than deletions")),
                },
            };
            match outcome {
                Err(error) => entry.write_error(&mut xml, &error),
                Ok(deleted) => {
                    if let Some(observed) = &call.observed {
                        observed.deleted(entry.key.as_str(), entry.version_id.as_deref());
                    }
                    if !request.quiet {
                        entry.write_deleted(&mut xml, deleted);
                    }
                }
            }
        }
        xml.close();
        Ok(Reply::xml(xml.finish()))
    }
}

impl DeleteObjects {
    /// The caller may delete it, and in this way.
    fn require(&self, call: &Call, bucket: &Bucket, entry: &Entry) -> Result<()> {
        let demand = |action| Demand::on_object(action, bucket, &entry.key, entry.version_id.as_deref());
        access::require(call, &demand(Self::ACTION))?;
        match self.bypass {
            Bypass::Granted => access::require(call, &demand("s3:BypassGovernanceRetention")),
            Bypass::None => Ok(()),
        }
    }
}

impl Request {
    fn parse(body: &[u8]) -> Result<Request> {
        let root = Element::parse(body).map_err(|_| Code::MalformedXml)?;
        let (mut entries, mut quiet) = (Vec::new(), None);
        if root.name != "Delete" {
            return Err(Code::MalformedXml.into());
        }
        for child in &root.children {
            match child.name.as_str() {
                "Object" if entries.len() < MAX_KEYS => entries.push(Entry::parse(child)?),
                "Quiet" if quiet.is_none() => quiet = Some(boolean(&child.text)?),
                _ => return Err(Code::MalformedXml.into()),
            }
        }
        if entries.is_empty() {
            return Err(Code::MalformedXml.into());
        }
        Ok(Request { entries, quiet: quiet.unwrap_or(false) })
    }
}

impl Entry {
    fn parse(element: &Element) -> Result<Entry> {
        const ELEMENTS: [&str; 5] = ["Key", "VersionId", "ETag", "Size", "LastModifiedTime"];
        let strange = |child: &Element| !ELEMENTS.contains(&child.name.as_str()) || !child.children.is_empty();
        let twice = ELEMENTS.iter().any(|name| element.children_named(name).count() > 1);
        if twice || element.children.iter().any(strange) {
            return Err(Code::MalformedXml.into());
        }
        let sent = element.child_text("Key").ok_or(Code::MalformedXml)?;
        let key = ObjectKey::parse(sent.to_owned()).map_err(|invalid| match invalid {
            InvalidKey::TooLong { size_bytes } => {
                Code::KeyTooLongError.with("Size", size_bytes).with("MaxSizeAllowed", MAX_KEY_BYTES)
            }
            InvalidKey::Empty | InvalidKey::Nul => Code::MalformedXml.into(),
        })?;
        let version_id = element.child_text("VersionId").map(str::to_owned);
        // Conditions of directory buckets: overlooked, they would delete what the client meant to keep.
        let unknown_condition = element.child("Size").is_some() || element.child("LastModifiedTime").is_some();
        let condition = element.child_text("ETag").map(|tag| write_conditions::if_match(tag.trim()));
        let plan = match version_id::parse(version_id.as_deref()) {
            Ok(_) if unknown_condition => Plan::Refuse(Code::NotImplemented),
            Ok(version) => Plan::Delete(Deletion { version, condition, ..Deletion::of(key.clone()) }),
            Err(_) => Plan::Refuse(Code::NoSuchVersion),
        };
        Ok(Entry { key, version_id, plan })
    }

    fn write_deleted(&self, xml: &mut XmlWriter, deleted: Deleted) {
        xml.open("Deleted").text("Key", self.key.as_str()).optional("VersionId", self.version_id.as_deref());
        let marker = match deleted {
            Deleted::Gone => None,
            Deleted::Unmarked => self.version_id.clone(),
            Deleted::Marked(marker) => Some(marker.to_string()),
        };
        if let Some(marker) = marker {
            xml.text("DeleteMarker", "true").text("DeleteMarkerVersionId", &marker);
        }
        xml.close();
    }

    fn write_error(&self, xml: &mut XmlWriter, error: &S3Error) {
        xml.open("Error")
            .text("Key", self.key.as_str())
            .optional("VersionId", self.version_id.as_deref())
            .text("Code", error.code().as_str())
            .text("Message", error.message())
            .close();
    }
}

fn boolean(text: &str) -> Result<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Code::MalformedXml.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(inner: &str) -> Result<Request> {
        Request::parse(format!("<Delete>{inner}</Delete>").as_bytes())
    }

    #[test]
    fn entries_have_their_own_plans() {
        let request = parse(
            "<Object><Key>a</Key></Object><Quiet>true</Quiet>\
             <Object><Key>b</Key><VersionId>null</VersionId><ETag>\"x\"</ETag></Object>\
             <Object><Key>c</Key><VersionId>nonsense</VersionId></Object>\
             <Object><Key>d</Key><Size>1</Size></Object>",
        )
        .unwrap();
        assert!(request.quiet);
        let plans: Vec<String> = request
            .entries
            .iter()
            .map(|entry| match &entry.plan {
                Plan::Delete(deletion) => format!("{} {:?}", deletion.key, deletion.condition),
                Plan::Refuse(code) => format!("{} {code}", entry.key),
            })
            .collect();
        assert_eq!(plans, ["a None", "b Some(IfMatch(\"x\"))", "c NoSuchVersion", "d NotImplemented"]);
    }

    #[test]
    fn documents_that_fail_whole() {
        let object = "<Object><Key>k</Key></Object>";
        assert_eq!(parse(&object.repeat(1000)).unwrap().entries.len(), 1000);
        let too_long = format!("<Object><Key>{}</Key></Object>", "k".repeat(1025));
        for (inner, code) in [
            (String::new(), Code::MalformedXml),
            ("<Object/>".to_owned(), Code::MalformedXml),
            ("<Object><Key/></Object>".to_owned(), Code::MalformedXml),
            (object.repeat(1001), Code::MalformedXml),
            (format!("{object}<Quiet>maybe</Quiet>"), Code::MalformedXml),
            (format!("{object}<Other/>"), Code::MalformedXml),
            (too_long, Code::KeyTooLongError),
        ] {
            assert_eq!(parse(&inner).unwrap_err().code(), code);
        }
    }
}

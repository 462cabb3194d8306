//! The S3 calls that several workloads make: buckets, objects, uploads. What is timed is up to the caller.

use std::fmt::Write as _;

use staves::wire::percent::encode;

use crate::client::{Client, Request, text_of, texts_of};
use crate::connection::{Keep, Reply};
use crate::failure::Failure;
use crate::payload::{Body, Mode};

impl Client {
    pub(crate) fn create_bucket(&mut self, bucket: &str) -> Result<(), Failure> {
        let path = format!("/{bucket}");
        let create = Request { method: "PUT", path: &path, ..Request::default() };
        match self.call(&create, 200, Keep::Text) {
            Err(Failure::Failed(reason)) if reason.contains("BucketAlready") => Ok(()),
            other => other.map(drop),
        }
    }

    /// Deletes everything in a bucket, and the bucket.
    pub(crate) fn delete_bucket(&mut self, bucket: &str) -> Result<(), Failure> {
        let path = format!("/{bucket}");
        loop {
            let list = Request { method: "GET", path: &path, query: "list-type=2", ..Request::default() };
            let keys = texts_of(&self.call(&list, 200, Keep::Text)?.body, "Key");
            if keys.is_empty() {
                break;
            }
            for key in keys {
                self.delete(&format!("{path}/{key}"))?;
            }
        }
        self.delete(&path)
    }

    /// Deletes what may or may not be there: S3 does not mind, others do.
    pub(crate) fn delete(&mut self, path: &str) -> Result<(), Failure> {
        match self.call(&Request { method: "DELETE", path, ..Request::default() }, 204, Keep::Text) {
            Err(Failure::Failed(reason)) if reason.ends_with("404 NoSuchKey") => Ok(()),
            other => other.map(drop),
        }
    }

    pub(crate) fn put(&mut self, path: &str, body: &Body, mode: Mode) -> Result<(), Failure> {
        self.call(&Request { method: "PUT", path, body: Some((body, mode)), ..Request::default() }, 200, Keep::Length)?;
        Ok(())
    }

    /// Reads an object of this length.
    pub(crate) fn read(&mut self, path: &str, length: u64) -> Result<(), Failure> {
        let reply = self.call(&Request { method: "GET", path, ..Request::default() }, 200, Keep::Length)?;
        check_length(&reply, length)
    }

    /// Reads `length` bytes from `first`.
    pub(crate) fn read_range(&mut self, path: &str, first: u64, length: u64) -> Result<(), Failure> {
        let range = format!("bytes={first}-{}", first + length - 1);
        let headers = [("range", range.as_str())];
        let request = Request { method: "GET", path, headers: &headers, ..Request::default() };
        check_length(&self.call(&request, 206, Keep::Length)?, length)
    }

    /// Returns the upload's id, encoded for a query.
    pub(crate) fn create_upload(&mut self, path: &str) -> Result<String, Failure> {
        let request = Request { method: "POST", path, query: "uploads", ..Request::default() };
        let reply = self.call(&request, 200, Keep::Text)?;
        let id = text_of(&reply.body, "UploadId");
        id.map(|id| encode(id.as_bytes())).ok_or_else(|| Failure::failed("an upload without an id"))
    }

    /// Returns the part's `ETag`.
    pub(crate) fn upload_part(
        &mut self,
        path: &str,
        upload: &str,
        number: u64,
        body: &Body,
        mode: Mode,
    ) -> Result<String, Failure> {
        let query = format!("partNumber={number}&uploadId={upload}");
        let request = Request { method: "PUT", path, query: &query, body: Some((body, mode)), ..Request::default() };
        let reply = self.call(&request, 200, Keep::Length)?;
        reply.etag.ok_or_else(|| Failure::failed("a part without an ETag"))
    }

    /// Makes a part of a whole object. Without a range: a range's MD5 would have to be computed from its bytes.
    pub(crate) fn copy_part(&mut self, path: &str, upload: &str, number: u64, source: &str) -> Result<String, Failure> {
        let query = format!("partNumber={number}&uploadId={upload}");
        let headers = [("x-amz-copy-source", source)];
        let request = Request { method: "PUT", path, query: &query, headers: &headers, ..Request::default() };
        let reply = self.call(&request, 200, Keep::Text)?;
        text_of(&reply.body, "ETag").ok_or_else(|| Failure::failed("a part without an ETag"))
    }

    pub(crate) fn complete_upload(&mut self, path: &str, upload: &str, parts: &Body) -> Result<(), Failure> {
        let query = format!("uploadId={upload}");
        let body = Some((parts, Mode::Sha256));
        self.call(&Request { method: "POST", path, query: &query, body, ..Request::default() }, 200, Keep::Text)?;
        Ok(())
    }
}

/// The body of a completion, hashed already.
pub(crate) fn part_list(etags: &[String]) -> Body {
    let mut xml = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">".to_owned();
    for (number, etag) in (1..).zip(etags) {
        let etag = etag.replace('"', "&quot;");
        let _infallible = write!(xml, "<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    }
    xml.push_str("</CompleteMultipartUpload>");
    let body = Body::text(xml);
    body.prepare(Mode::Sha256);
    body
}

fn check_length(reply: &Reply, length: u64) -> Result<(), Failure> {
    if reply.body_bytes == length {
        return Ok(());
    }
    Err(Failure::failed(format!("{} bytes instead of {length}", reply.body_bytes)))
}

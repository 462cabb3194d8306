//! Any S3 endpoint behind Staves as storage, through AWS's own SDK. The bytes of presigned URLs go there directly.

use std::io;
use std::time::{Duration, SystemTime};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation, SharedHttpClient};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::head_bucket::HeadBucketError;
use aws_sdk_s3::operation::head_object::{HeadObjectError, HeadObjectOutput};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    BucketLocationConstraint, CompletedMultipartUpload, CorsConfiguration, CorsRule, CreateBucketConfiguration,
};
use aws_smithy_async::time::TimeSource;
use aws_smithy_http_client::tls;
use bytes::{Bytes, BytesMut};

use super::{CompletedPart, ObjectReader, Place, Source, Storage, StorageError, StoredObject, StoredPart};
use crate::engine::clock::Clock;
use crate::facades::cors;
use crate::facades::ground::{Config, Upstream};
use crate::facades::intake::IntakeError;
use crate::facades::options::OptionError;
use crate::http::origin::Origin;
use crate::wire::metadata::ObjectHeaders;
use crate::wire::part::PartNumber;
use crate::wire::percent;
use crate::wire::time::Timestamp;

/// Parts of objects that come through Staves itself; 10,000 of them are 80 GiB.
const PART_BYTES: usize = 8 << 20;
/// The most that `CopyObject` takes, and what of a larger object is copied at once.
const MAX_COPY_BYTES: u64 = 5 << 30;
const COPY_PART_BYTES: u64 = 1 << 30;

pub(in crate::facades) struct UpstreamStorage {
    client: Client,
    /// Signs for the address by which clients reach the endpoint.
    presigner: Client,
    region: String,
    clock: Clock,
    cors_origins: Vec<String>,
}

impl UpstreamStorage {
    /// Fails when the endpoint is `https` and this machine has no certificates of those whom to trust.
    pub(in crate::facades) fn new(config: &Config, upstream: &Upstream) -> Result<UpstreamStorage, OptionError> {
        let clock = config.engine.clock().clone();
        let secret_key = upstream.secret_key.expose();
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(connector(&upstream.url)?)
            .force_path_style(true)
            .region(Region::new(upstream.region.clone()))
            .time_source(EngineTime(clock.clone()))
            // Presigned URLs shall not ask for checksums that clients do not send.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .credentials_provider(Credentials::new(&upstream.access_key, secret_key, None, None, "staves"));
        let at = |url: &str| Client::from_conf(settings.clone().endpoint_url(url).build());
        Ok(UpstreamStorage {
            client: at(&upstream.url),
            presigner: at(upstream.public_url.as_ref().unwrap_or(&upstream.url)),
            region: upstream.region.clone(),
            clock,
            cors_origins: cors::bucket_origins(&config.cors_origins),
        })
    }

    fn presigning(&self, expires_seconds: u32) -> Result<PresigningConfig, StorageError> {
        PresigningConfig::builder()
            .expires_in(Duration::from_secs(expires_seconds.into()))
            .start_time(time_of(&self.clock))
            .build()
            .map_err(|error| StorageError::Unavailable(format!("presigning: {error}")))
    }

    async fn create_bucket(&self, at: &Place<'_>) -> Result<(), StorageError> {
        let mut create = self.client.create_bucket().bucket(at.bucket.as_str());
        if self.region != "us-east-1" {
            let location = BucketLocationConstraint::from(self.region.as_str());
            create = create.create_bucket_configuration(
                CreateBucketConfiguration::builder().location_constraint(location).build(),
            );
        }
        match create.send().await {
            Ok(_) => {}
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => return Ok(()),
            Err(error) => return Err(refused(&error)),
        }
        let rule = CorsRule::builder()
            .allowed_headers("*")
            .set_allowed_methods(Some(cors::BUCKET_METHODS.map(str::to_owned).to_vec()))
            .set_allowed_origins(Some(self.cors_origins.clone()))
            .expose_headers("ETag")
            .build();
        let rules = rule.and_then(|rule| CorsConfiguration::builder().cors_rules(rule).build());
        let rules = rules.map_err(|error| StorageError::Unavailable(format!("CORS: {error}")))?;
        let put = self.client.put_bucket_cors().bucket(at.bucket.as_str()).cors_configuration(rules);
        if let Err(error) = put.send().await {
            // Not every store has it, and only pages need it.
            let error = DisplayErrorContext(&error);
            tracing::warn!(bucket = %at.bucket, %error, "the upstream took no CORS configuration");
        }
        Ok(())
    }

    async fn head_output(&self, at: &Place<'_>) -> Result<Option<HeadObjectOutput>, StorageError> {
        match self.client.head_object().bucket(at.bucket.as_str()).key(at.key).send().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.as_service_error().is_some_and(HeadObjectError::is_not_found) => Ok(None),
            Err(error) => Err(refused(&error)),
        }
    }

    async fn upload_part(
        &self,
        at: &Place<'_>,
        upload_id: &str,
        number: PartNumber,
        bytes: Bytes,
    ) -> Result<CompletedPart, StorageError> {
        let put = self.client.upload_part().bucket(at.bucket.as_str()).key(at.key).upload_id(upload_id);
        let put = put.part_number(number.get().into()).body(ByteStream::from(bytes)).send().await;
        let etag = put.map_err(|error| refused(&error))?.e_tag.unwrap_or_default();
        Ok(CompletedPart { number, etag })
    }

    /// Puts a body in parts, after a first one that is full.
    async fn put_parts(
        &self,
        at: &Place<'_>,
        upload_id: &str,
        first: Bytes,
        body: &mut Carver<'_>,
    ) -> Result<(), StorageError> {
        let (mut parts, mut next) = (Vec::new(), first);
        for number in (1..).map_while(PartNumber::new) {
            parts.push(self.upload_part(at, upload_id, number, next).await?);
            next = body.next().await?;
            if next.is_empty() {
                return self.complete_upload(at, upload_id, &parts).await;
            }
        }
        Err(StorageError::TooLarge)
    }

    /// Copies an object that `CopyObject` does not take, by ranges.
    async fn copy_parts(
        &self,
        source: &str,
        size_bytes: u64,
        to: &Place<'_>,
        upload_id: &str,
    ) -> Result<(), StorageError> {
        let mut parts = Vec::new();
        let mut first_byte = 0;
        for number in (1..).map_while(PartNumber::new) {
            let last_byte = (first_byte + COPY_PART_BYTES).min(size_bytes) - 1;
            let copy = self.client.upload_part_copy().bucket(to.bucket.as_str()).key(to.key).upload_id(upload_id);
            let copy = copy
                .part_number(number.get().into())
                .copy_source(source)
                .copy_source_range(format!("bytes={first_byte}-{last_byte}"));
            let copied = copy.send().await.map_err(|error| refused(&error))?;
            let etag = copied.copy_part_result.and_then(|part| part.e_tag).unwrap_or_default();
            parts.push(CompletedPart { number, etag });
            first_byte = last_byte + 1;
            if first_byte == size_bytes {
                return self.complete_upload(to, upload_id, &parts).await;
            }
        }
        Err(StorageError::TooLarge)
    }
}

#[async_trait::async_trait]
impl Storage for UpstreamStorage {
    async fn ensure_bucket(&self, at: &Place<'_>) -> Result<(), StorageError> {
        match self.client.head_bucket().bucket(at.bucket.as_str()).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(HeadBucketError::is_not_found) => {
                self.create_bucket(at).await
            }
            Err(error) if error.raw_response().is_some_and(|response| response.status().as_u16() == 403) => {
                Err(StorageError::BucketTaken)
            }
            Err(error) => Err(refused(&error)),
        }
    }

    async fn create_upload(&self, at: &Place<'_>, headers: ObjectHeaders) -> Result<String, StorageError> {
        let create = self.client.create_multipart_upload().bucket(at.bucket.as_str()).key(at.key);
        let create = create
            .set_content_type(headers.content_type)
            .set_content_encoding(headers.content_encoding)
            .set_metadata(Some(headers.user.into_iter().collect()));
        let created = create.send().await.map_err(|error| refused(&error))?;
        created.upload_id.ok_or_else(|| StorageError::Unavailable("the upstream gave no upload id".to_owned()))
    }

    async fn presigned_part(
        &self,
        at: &Place<'_>,
        _origin: &Origin,
        upload_id: &str,
        number: PartNumber,
        expires_seconds: u32,
    ) -> Result<String, StorageError> {
        let put = self.presigner.upload_part().bucket(at.bucket.as_str()).key(at.key).upload_id(upload_id);
        let put = put.part_number(number.get().into()).presigned(self.presigning(expires_seconds)?);
        url_of(put.await)
    }

    async fn presigned_put(
        &self,
        at: &Place<'_>,
        _origin: &Origin,
        content_type: Option<&str>,
        expires_seconds: u32,
    ) -> Result<String, StorageError> {
        let put = self.presigner.put_object().bucket(at.bucket.as_str()).key(at.key);
        let put = put.set_content_type(content_type.map(str::to_owned)).presigned(self.presigning(expires_seconds)?);
        url_of(put.await)
    }

    async fn presigned_get(
        &self,
        at: &Place<'_>,
        _origin: &Origin,
        expires_seconds: u32,
    ) -> Result<String, StorageError> {
        let get = self.presigner.get_object().bucket(at.bucket.as_str()).key(at.key);
        url_of(get.presigned(self.presigning(expires_seconds)?).await)
    }

    async fn parts(&self, at: &Place<'_>, upload_id: &str) -> Result<Vec<StoredPart>, StorageError> {
        let list = self.client.list_parts().bucket(at.bucket.as_str()).key(at.key).upload_id(upload_id);
        let mut pages = list.into_paginator().send();
        let mut parts = Vec::new();
        while let Some(page) = pages.next().await {
            for part in page.map_err(|error| refused(&error))?.parts.unwrap_or_default() {
                let number = part.part_number.and_then(|number| u16::try_from(number).ok()).and_then(PartNumber::new);
                parts.push(StoredPart {
                    number: number.ok_or_else(|| StorageError::Unavailable("a part without a number".to_owned()))?,
                    size_bytes: part.size.map_or(0, i64::cast_unsigned),
                    etag: part.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
                    modified: timestamp(part.last_modified),
                });
            }
        }
        Ok(parts)
    }

    async fn complete_upload(
        &self,
        at: &Place<'_>,
        upload_id: &str,
        parts: &[CompletedPart],
    ) -> Result<(), StorageError> {
        let listed = parts.iter().map(|part| {
            let number = part.number.get().into();
            aws_sdk_s3::types::CompletedPart::builder().part_number(number).e_tag(&part.etag).build()
        });
        let list = CompletedMultipartUpload::builder().set_parts(Some(listed.collect())).build();
        let complete = self.client.complete_multipart_upload().bucket(at.bucket.as_str()).key(at.key);
        let completed = complete.upload_id(upload_id).multipart_upload(list).send().await;
        completed.map(drop).map_err(|error| refused(&error))
    }

    async fn abort_upload(&self, at: &Place<'_>, upload_id: &str) -> Result<(), StorageError> {
        let abort = self.client.abort_multipart_upload().bucket(at.bucket.as_str()).key(at.key).upload_id(upload_id);
        abort.send().await.map(drop).map_err(|error| refused(&error))
    }

    async fn head(&self, at: &Place<'_>) -> Result<Option<StoredObject>, StorageError> {
        Ok(self.head_output(at).await?.map(|found| StoredObject {
            size_bytes: found.content_length.map_or(0, i64::cast_unsigned),
            etag: found.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            content_type: found.content_type,
            modified: timestamp(found.last_modified),
        }))
    }

    async fn read(
        &self,
        at: &Place<'_>,
        first_byte: u64,
        length_bytes: u64,
    ) -> Result<Box<dyn ObjectReader>, StorageError> {
        let Some(last_byte) = first_byte.saturating_add(length_bytes).checked_sub(1).filter(|_| length_bytes > 0)
        else {
            return Ok(Box::new(UpstreamReader(ByteStream::default())));
        };
        let get = self.client.get_object().bucket(at.bucket.as_str()).key(at.key);
        match get.range(format!("bytes={first_byte}-{last_byte}")).send().await {
            Ok(found) => Ok(Box::new(UpstreamReader(found.body))),
            // There is nothing at or behind that byte.
            Err(error) if error.code() == Some("InvalidRange") => Ok(Box::new(UpstreamReader(ByteStream::default()))),
            Err(error) => Err(refused(&error)),
        }
    }

    async fn put(
        &self,
        at: &Place<'_>,
        headers: ObjectHeaders,
        limit_bytes: u64,
        source: &mut dyn Source,
    ) -> Result<StoredObject, StorageError> {
        let mut body = Carver { source, held: BytesMut::new(), taken_bytes: 0, limit_bytes };
        let first = body.next().await?;
        if first.len() < PART_BYTES {
            let put = self.client.put_object().bucket(at.bucket.as_str()).key(at.key).body(ByteStream::from(first));
            let put = put
                .set_content_type(headers.content_type)
                .set_content_encoding(headers.content_encoding)
                .set_metadata(Some(headers.user.into_iter().collect()));
            put.send().await.map_err(|error| refused(&error))?;
        } else {
            let upload_id = self.create_upload(at, headers).await?;
            let undo = AbortUnlessDone::new(&self.client, at, &upload_id);
            self.put_parts(at, &upload_id, first, &mut body).await?;
            undo.done();
        }
        self.head(at).await?.ok_or(StorageError::NoSuchKey)
    }

    async fn copy(&self, from: &Place<'_>, to: &Place<'_>) -> Result<(), StorageError> {
        let found = self.head_output(from).await?.ok_or(StorageError::NoSuchKey)?;
        let source = format!("{}/{}", from.bucket, percent::encode_path(from.key.as_bytes()));
        let size_bytes = found.content_length.map_or(0, i64::cast_unsigned);
        if size_bytes <= MAX_COPY_BYTES {
            let copy = self.client.copy_object().bucket(to.bucket.as_str()).key(to.key).copy_source(source);
            return copy.send().await.map(drop).map_err(|error| refused(&error));
        }
        let headers = ObjectHeaders {
            content_type: found.content_type,
            content_encoding: found.content_encoding,
            user: found.metadata.unwrap_or_default().into_iter().collect(),
            ..ObjectHeaders::default()
        };
        let upload_id = self.create_upload(to, headers).await?;
        let undo = AbortUnlessDone::new(&self.client, to, &upload_id);
        self.copy_parts(&source, size_bytes, to, &upload_id).await?;
        undo.done();
        Ok(())
    }

    async fn delete(&self, at: &Place<'_>) -> Result<(), StorageError> {
        let delete = self.client.delete_object().bucket(at.bucket.as_str()).key(at.key);
        delete.send().await.map(drop).map_err(|error| refused(&error))
    }
}

struct UpstreamReader(ByteStream);

#[async_trait::async_trait]
impl ObjectReader for UpstreamReader {
    async fn next(&mut self) -> Option<io::Result<Bytes>> {
        Some(self.0.next().await?.map_err(io::Error::other))
    }
}

/// Ends an upload that was not completed, also when the request that made it is dropped half way.
struct AbortUnlessDone(
    Option<aws_sdk_s3::operation::abort_multipart_upload::builders::AbortMultipartUploadFluentBuilder>,
);

impl AbortUnlessDone {
    fn new(client: &Client, at: &Place<'_>, upload_id: &str) -> AbortUnlessDone {
        let abort = client.abort_multipart_upload().bucket(at.bucket.as_str()).key(at.key).upload_id(upload_id);
        AbortUnlessDone(Some(abort))
    }

    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for AbortUnlessDone {
    fn drop(&mut self) {
        let (Some(abort), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) else { return };
        runtime.spawn(async move {
            if let Err(error) = abort.send().await {
                let error = DisplayErrorContext(&error);
                tracing::warn!(%error, "an unfinished upload stays open on the upstream");
            }
        });
    }
}

/// Cuts what arrives into parts of one size, the last smaller.
struct Carver<'s> {
    source: &'s mut dyn Source,
    held: BytesMut,
    taken_bytes: u64,
    limit_bytes: u64,
}

impl Carver<'_> {
    /// The next part; empty at the end.
    async fn next(&mut self) -> Result<Bytes, StorageError> {
        while self.held.len() < PART_BYTES {
            let Some(piece) = self.source.next_piece().await.map_err(StorageError::Intake)? else { break };
            self.taken_bytes += piece.len() as u64;
            if self.taken_bytes > self.limit_bytes {
                return Err(StorageError::Intake(IntakeError::TooLarge { limit_bytes: self.limit_bytes }));
            }
            self.held.extend_from_slice(&piece);
        }
        let length = self.held.len().min(PART_BYTES);
        Ok(self.held.split_to(length).freeze())
    }
}

/// TLS only where it is asked for: a container without certificates can do without.
fn connector(url: &str) -> Result<SharedHttpClient, OptionError> {
    let builder = aws_smithy_http_client::Builder::new();
    if !url.starts_with("https://") {
        return Ok(builder.build_http());
    }
    // The builder would panic.
    if rustls_native_certs::load_native_certs().certs.is_empty() {
        return Err(OptionError::new(format!(
            "the upstream is {url}, but no certificates of authorities were found: install the package ca-certificates, \
             or name a file of them in SSL_CERT_FILE"
        )));
    }
    Ok(builder.tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring)).build_https())
}

/// The engine's time, so that a server has one clock.
#[derive(Debug)]
struct EngineTime(Clock);

impl TimeSource for EngineTime {
    fn now(&self) -> SystemTime {
        time_of(&self.0)
    }
}

fn time_of(clock: &Clock) -> SystemTime {
    let millis = u64::try_from(clock.now().millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn timestamp(time: Option<DateTime>) -> Timestamp {
    Timestamp::from_millis(time.and_then(|time| time.to_millis().ok()).unwrap_or_default())
}

fn url_of<E>(presigned: Result<PresignedRequest, SdkError<E>>) -> Result<String, StorageError>
where
    SdkError<E>: std::error::Error,
{
    match presigned {
        Ok(request) => Ok(request.uri().to_owned()),
        Err(error) => Err(StorageError::Unavailable(format!("presigning: {}", DisplayErrorContext(&error)))),
    }
}

/// The conditions that S3's error codes are.
fn refused<E>(error: &SdkError<E>) -> StorageError
where
    SdkError<E>: ProvideErrorMetadata + std::error::Error,
{
    match error.code() {
        Some("NoSuchBucket") => StorageError::NoSuchBucket,
        Some("BucketAlreadyExists") => StorageError::BucketTaken,
        Some("NoSuchKey" | "NotFound") => StorageError::NoSuchKey,
        Some("NoSuchUpload") => StorageError::NoSuchUpload,
        Some("InvalidPart") => StorageError::InvalidPart(None),
        Some("InvalidPartOrder") => StorageError::PartsOutOfOrder,
        Some("EntityTooSmall") => StorageError::PartTooSmall,
        Some("EntityTooLarge") => StorageError::TooLarge,
        _ => StorageError::Unavailable(format!("upstream: {}", DisplayErrorContext(error))),
    }
}

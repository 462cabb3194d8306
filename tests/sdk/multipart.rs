//! Multipart uploads: default checksums, asked ones, copies as parts, listings, and what is refused.

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, ObjectAttributes, Part,
};

use crate::client::bucket;
use crate::support::server::TestServer;

const SIZES: [usize; 3] = [100_000, 65_536, 1];

fn part(number: usize) -> Vec<u8> {
    (0..=250).cycle().skip(number).take(SIZES[number - 1]).collect()
}

fn whole() -> Vec<u8> {
    (1..=SIZES.len()).flat_map(part).collect()
}

async fn create(client: &Client, key: &str, algorithm: Option<ChecksumAlgorithm>) -> String {
    let create = client.create_multipart_upload().bucket("bkt").key(key).set_checksum_algorithm(algorithm);
    create.send().await.unwrap().upload_id.unwrap()
}

async fn upload_all(
    client: &Client,
    key: &str,
    id: &str,
    algorithm: Option<ChecksumAlgorithm>,
) -> CompletedMultipartUpload {
    let mut list = CompletedMultipartUpload::builder();
    for number in 1..=SIZES.len() {
        let done = client
            .upload_part()
            .bucket("bkt")
            .key(key)
            .upload_id(id)
            .part_number(i32::try_from(number).unwrap())
            .set_checksum_algorithm(algorithm.clone())
            .body(ByteStream::from(part(number)))
            .send()
            .await
            .unwrap();
        let mut part = CompletedPart::builder().part_number(i32::try_from(number).unwrap()).set_e_tag(done.e_tag);
        // Parts may name checksums in the completion only if the upload declared an algorithm.
        if algorithm.is_some() {
            part = part
                .set_checksum_crc32(done.checksum_crc32)
                .set_checksum_crc32_c(done.checksum_crc32_c)
                .set_checksum_crc64_nvme(done.checksum_crc64_nvme)
                .set_checksum_sha1(done.checksum_sha1)
                .set_checksum_sha256(done.checksum_sha256);
        }
        list = list.parts(part.build());
    }
    list.build()
}

async fn is_whole(client: &Client, key: &str) {
    let got = client.get_object().bucket("bkt").key(key).send().await.unwrap();
    assert!(got.body.collect().await.unwrap().into_bytes() == whole(), "other bytes came back");
}

#[tokio::test]
async fn default_checksums() {
    let server = TestServer::with_small_parts().await;
    let client = bucket(&server).await;
    let id = create(&client, "k", None).await;
    let list = upload_all(&client, "k", &id, None).await;
    let complete = client.complete_multipart_upload().bucket("bkt").key("k").upload_id(&id).multipart_upload(list);
    let done = complete.clone().send().await.unwrap();
    assert!(done.e_tag().unwrap().ends_with("-3\""), "{done:?}");
    is_whole(&client, "k").await;
    let again = complete.send().await.unwrap();
    assert_eq!(again.e_tag(), done.e_tag(), "a completion that is asked for again is answered again");

    let second = client.get_object().bucket("bkt").key("k").part_number(2).send().await.unwrap();
    assert_eq!(second.parts_count(), Some(3));
    assert!(second.body.collect().await.unwrap().into_bytes() == part(2), "another part came back");
}

#[tokio::test]
async fn every_algorithm_the_sdk_computes() {
    let server = TestServer::with_small_parts().await;
    let client = bucket(&server).await;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let key = algorithm.as_str();
        let id = create(&client, key, Some(algorithm.clone())).await;
        let list = upload_all(&client, key, &id, Some(algorithm.clone())).await;
        let complete = client.complete_multipart_upload().bucket("bkt").key(key).upload_id(&id).multipart_upload(list);
        let done = complete.send().await.unwrap();
        let full = algorithm == ChecksumAlgorithm::Crc64Nvme;
        let expected = if full { ChecksumType::FullObject } else { ChecksumType::Composite };
        assert_eq!(done.checksum_type(), Some(&expected), "{key}");
        is_whole(&client, key).await;
    }
}

#[tokio::test]
async fn attributes_of_parts() {
    let server = TestServer::with_small_parts().await;
    let client = bucket(&server).await;
    let id = create(&client, "k", Some(ChecksumAlgorithm::Sha256)).await;
    let list = upload_all(&client, "k", &id, Some(ChecksumAlgorithm::Sha256)).await;
    let complete = client.complete_multipart_upload().bucket("bkt").key("k").upload_id(&id).multipart_upload(list);
    complete.send().await.unwrap();
    let attributes = client.get_object_attributes().bucket("bkt").key("k");
    let attributes = attributes.object_attributes(ObjectAttributes::ObjectParts).max_parts(2).send().await.unwrap();
    let parts = attributes.object_parts().unwrap();
    assert_eq!((parts.total_parts_count(), parts.is_truncated(), parts.parts().len()), (Some(3), Some(true), 2));
    assert_eq!(parts.parts()[1].size(), Some(65_536));
    assert!(parts.parts()[1].checksum_sha256().is_some());
}

#[tokio::test]
async fn parts_are_copied() {
    let server = TestServer::with_small_parts().await;
    let client = bucket(&server).await;
    let source = ByteStream::from(whole());
    client.put_object().bucket("bkt").key("source").body(source).send().await.unwrap();
    let id = create(&client, "k", None).await;
    let mut list = CompletedMultipartUpload::builder();
    for (number, range) in [(1, "bytes=0-99999"), (2, "bytes=100000-165536")] {
        let copy = client.upload_part_copy().bucket("bkt").key("k").upload_id(&id).part_number(number);
        let copied = copy.copy_source("bkt/source").copy_source_range(range).send().await.unwrap();
        let result = copied.copy_part_result.unwrap();
        list = list.parts(CompletedPart::builder().part_number(number).set_e_tag(result.e_tag).build());
    }
    let complete = client.complete_multipart_upload().bucket("bkt").key("k").upload_id(&id);
    complete.multipart_upload(list.build()).send().await.unwrap();
    is_whole(&client, "k").await;
}

#[tokio::test]
async fn uploads_and_parts_are_listed_until_aborted() {
    let server = TestServer::with_small_parts().await;
    let client = bucket(&server).await;
    let id = create(&client, "k", None).await;
    upload_all(&client, "k", &id, None).await;
    let parts = client.list_parts().bucket("bkt").key("k").upload_id(&id).into_paginator().page_size(2).items().send();
    let parts: Vec<_> = parts.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(parts.iter().filter_map(Part::part_number).collect::<Vec<_>>(), [1, 2, 3]);
    let uploads = client.list_multipart_uploads().bucket("bkt").send().await.unwrap();
    assert_eq!(uploads.uploads()[0].upload_id(), Some(id.as_str()));

    client.abort_multipart_upload().bucket("bkt").key("k").upload_id(&id).send().await.unwrap();
    let late = client.upload_part().bucket("bkt").key("k").upload_id(&id).part_number(1);
    let late = late.body(ByteStream::from_static(b"late")).send().await.unwrap_err();
    assert_eq!(late.code(), Some("NoSuchUpload"));
    let uploads = client.list_multipart_uploads().bucket("bkt").send().await.unwrap();
    assert!(uploads.uploads().is_empty());
}

#[tokio::test]
async fn errors_are_typed() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let abort = client.abort_multipart_upload().bucket("bkt").key("k").upload_id("none").send().await;
    let error = abort.unwrap_err().into_service_error();
    assert!(error.is_no_such_upload(), "{error:?}");

    let id = create(&client, "k", None).await;
    let small = upload_all(&client, "k", &id, None).await;
    let complete = client.complete_multipart_upload().bucket("bkt").key("k").upload_id(&id);
    let refused = complete.clone().multipart_upload(small).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("EntityTooSmall"), "AWS's least part has 5 MiB");
    let strange = CompletedPart::builder().part_number(1).e_tag("strange").build();
    let strange = CompletedMultipartUpload::builder().parts(strange).build();
    let refused = complete.multipart_upload(strange).send().await.unwrap_err();
    assert_eq!(refused.code(), Some("InvalidPart"));
}

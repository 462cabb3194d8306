//! Buckets, objects, listings and copies.

use std::io::Write as _;

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Bucket, CommonPrefix, Delete, MetadataDirective, Object, ObjectAttributes, ObjectIdentifier};

use crate::client::{Addressing, bucket, client, client_as};
use crate::support::server::TestServer;

#[tokio::test]
async fn bucket_lifecycle() {
    let server = TestServer::start().await;
    let client = client(&server);
    client.create_bucket().bucket("first").send().await.unwrap();
    client.create_bucket().bucket("second").send().await.unwrap();
    client.head_bucket().bucket("first").send().await.unwrap();
    let listed = client.list_buckets().send().await.unwrap();
    let names: Vec<&str> = listed.buckets().iter().filter_map(Bucket::name).collect();
    assert_eq!(names, ["first", "second"]);

    let mut pages = client.list_buckets().into_paginator().page_size(1).items().send();
    assert_eq!(pages.next().await.unwrap().unwrap().name(), Some("first"));
    assert_eq!(pages.next().await.unwrap().unwrap().name(), Some("second"));
    assert!(pages.next().await.is_none());

    client.get_bucket_location().bucket("first").send().await.unwrap();
    client.put_object().bucket("first").key("k").send().await.unwrap();
    let full = client.delete_bucket().bucket("first").send().await.unwrap_err();
    assert_eq!(full.code(), Some("BucketNotEmpty"));
    client.delete_object().bucket("first").key("k").send().await.unwrap();
    client.delete_bucket().bucket("first").send().await.unwrap();
    let gone = client.head_bucket().bucket("first").send().await.unwrap_err().into_service_error();
    assert!(gone.is_not_found(), "{gone:?}");
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_put() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let key = "Ünïcode key/with spaces + plus?&#%.txt";
    let put = client
        .put_object()
        .bucket("bkt")
        .key(key)
        .content_type("text/plain; charset=utf-8")
        .content_encoding("identity")
        .cache_control("max-age=60")
        .metadata("colour", "blue")
        .body(ByteStream::from_static(b"hello, world"))
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some("\"e4d7f1b4ed2e42d15898f4b27b019da4\""));

    let head = client.head_object().bucket("bkt").key(key).send().await.unwrap();
    assert_eq!(head.content_length(), Some(12));
    assert_eq!(head.content_type(), Some("text/plain; charset=utf-8"));
    assert_eq!(head.cache_control(), Some("max-age=60"));
    assert_eq!(head.content_encoding(), Some("identity"));
    assert_eq!(head.metadata().unwrap()["colour"], "blue");
    assert_eq!(head.e_tag(), put.e_tag());

    let got = client.get_object().bucket("bkt").key(key).send().await.unwrap();
    assert_eq!(&got.body.collect().await.unwrap().into_bytes()[..], b"hello, world");
    let range = client.get_object().bucket("bkt").key(key).range("bytes=7-").send().await.unwrap();
    assert_eq!(range.content_range(), Some("bytes 7-11/12"));
    assert_eq!(&range.body.collect().await.unwrap().into_bytes()[..], b"world");

    client.delete_object().bucket("bkt").key(key).send().await.unwrap();
    let gone = client.get_object().bucket("bkt").key(key).send().await.unwrap_err().into_service_error();
    assert!(gone.is_no_such_key(), "{gone:?}");
    assert_eq!(gone.message(), Some("The specified key does not exist."));
    let gone = client.head_object().bucket("bkt").key(key).send().await.unwrap_err().into_service_error();
    assert!(gone.is_not_found(), "{gone:?}");
}

/// From a file, the SDK sends aws-chunked with the checksum in a trailer.
#[tokio::test]
async fn a_file_is_streamed_with_a_trailer() {
    let server = TestServer::on_disk(|builder| builder).await;
    let client = bucket(&server).await;
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&content).unwrap();
    let body = ByteStream::from_path(file.path()).await.unwrap();
    let put = client.put_object().bucket("bkt").key("file").body(body).send().await.unwrap();
    assert!(put.checksum_crc32().is_some() || put.checksum_crc64_nvme().is_some(), "{put:?}");
    let got = client.get_object().bucket("bkt").key("file").send().await.unwrap();
    assert!(got.body.collect().await.unwrap().into_bytes() == content, "other bytes came back");
}

#[tokio::test]
async fn listings_are_paged_and_deleted() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    for n in 0..25 {
        client.put_object().bucket("bkt").key(format!("dir {}/k{n:02}", n % 5)).send().await.unwrap();
    }
    let pages = client.list_objects_v2().bucket("bkt").into_paginator().page_size(7).send();
    let pages: Vec<_> = pages.collect::<Result<_, _>>().await.unwrap();
    assert_eq!(pages.iter().map(|page| page.contents().len()).collect::<Vec<_>>(), [7, 7, 7, 4]);
    let keys: Vec<_> = pages.iter().flat_map(ListObjectsV2Output::contents).filter_map(Object::key).collect();
    assert!(keys.is_sorted(), "{keys:?}");

    let folders = client.list_objects_v2().bucket("bkt").delimiter("/").send().await.unwrap();
    let folders: Vec<_> = folders.common_prefixes().iter().filter_map(CommonPrefix::prefix).collect();
    assert_eq!(folders, ["dir 0/", "dir 1/", "dir 2/", "dir 3/", "dir 4/"]);

    let identifier = |key: &&str| ObjectIdentifier::builder().key(*key).build().unwrap();
    let delete = Delete::builder().set_objects(Some(keys.iter().map(identifier).collect())).build().unwrap();
    let deleted = client.delete_objects().bucket("bkt").delete(delete).send().await.unwrap();
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (25, 0));
    let empty = client.list_objects_v2().bucket("bkt").send().await.unwrap();
    assert_eq!(empty.key_count(), Some(0));
}

#[tokio::test]
async fn a_copy_keeps_or_replaces_metadata() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let body = ByteStream::from_static(b"original");
    client.put_object().bucket("bkt").key("from").metadata("a", "1").body(body).send().await.unwrap();
    let copied = client.copy_object().bucket("bkt").key("kept").copy_source("bkt/from").send().await.unwrap();
    assert!(copied.copy_object_result().and_then(|result| result.e_tag()).is_some());
    let copy = client.copy_object().bucket("bkt").key("replaced").copy_source("bkt/from");
    copy.metadata_directive(MetadataDirective::Replace).metadata("b", "2").send().await.unwrap();
    let kept = client.head_object().bucket("bkt").key("kept").send().await.unwrap();
    let replaced = client.head_object().bucket("bkt").key("replaced").send().await.unwrap();
    assert_eq!(kept.metadata().unwrap()["a"], "1");
    assert_eq!(replaced.metadata().unwrap().keys().collect::<Vec<_>>(), ["b"]);

    let copy = client.copy_object().bucket("bkt").key("kept").copy_source("bkt/missing").send().await;
    assert_eq!(copy.unwrap_err().code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn object_attributes_of_a_whole_object() {
    let server = TestServer::start().await;
    let client = bucket(&server).await;
    let body = ByteStream::from_static(b"hello");
    client.put_object().bucket("bkt").key("k").body(body).send().await.unwrap();
    let attributes = client
        .get_object_attributes()
        .bucket("bkt")
        .key("k")
        .object_attributes(ObjectAttributes::Etag)
        .object_attributes(ObjectAttributes::ObjectSize)
        .object_attributes(ObjectAttributes::StorageClass)
        .send()
        .await
        .unwrap();
    assert_eq!(attributes.object_size(), Some(5));
    assert_eq!(attributes.e_tag(), Some("5d41402abc4b2a76b9719d911017c592"));
    assert!(attributes.checksum().is_none(), "not asked for");
}

#[tokio::test]
async fn virtual_hosted_addressing() {
    let server = TestServer::start().await;
    let client = client_as(&server, "test", Addressing::VirtualHost);
    client.create_bucket().bucket("bkt").send().await.unwrap();
    let body = ByteStream::from_static(b"by host");
    client.put_object().bucket("bkt").key("a/b c").body(body).send().await.unwrap();
    let got = client.get_object().bucket("bkt").key("a/b c").send().await.unwrap();
    assert_eq!(&got.body.collect().await.unwrap().into_bytes()[..], b"by host");
    let listed = client.list_objects_v2().bucket("bkt").send().await.unwrap();
    assert_eq!(listed.contents()[0].key(), Some("a/b c"));
}

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    let server = TestServer::start().await;
    let client = client_as(&server, "another", Addressing::Path);
    let refused = client.list_buckets().send().await.unwrap_err();
    assert_eq!(refused.code(), Some("SignatureDoesNotMatch"));
}

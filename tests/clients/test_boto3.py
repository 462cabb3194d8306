"""boto3: transfers, checksums, conditions, paging, copies, and what it raises. Presigned URLs: test_presigned.py."""

import base64
import hashlib
import io
import threading
import time
import zlib

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from staves import MIB

PART = 5 * MIB
SMALL = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=8)
ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]


def body_of(size):
    return (b"0123456789abcdef" * (size // 16 + 1))[:size]


def refused(code, call, **arguments):
    """Calls, expects this error, and returns its response."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code, caught.value.response
    return caught.value.response


def read(s3, key, **arguments):
    return s3.get_object(Bucket="bkt", Key=key, **arguments)["Body"].read()


def multipart(s3, key, bodies, create={}, **each):
    """Uploads `bodies` as parts; returns the upload id and the list for its completion."""
    upload = s3.create_multipart_upload(Bucket="bkt", Key=key, **create)["UploadId"]
    parts = []
    for number, body in enumerate(bodies, 1):
        done = s3.upload_part(Bucket="bkt", Key=key, UploadId=upload, PartNumber=number, Body=body, **each)
        # Parts may name checksums in the completion only if the upload declared an algorithm.
        checksums = {name: value for name, value in done.items() if create and name.startswith("Checksum")}
        parts.append({"PartNumber": number, "ETag": done["ETag"], **checksums})
    return upload, parts


def complete(s3, key, upload, parts, **arguments):
    return s3.complete_multipart_upload(
        Bucket="bkt", Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **arguments
    )


def test_managed_transfers(s3, tmp_path):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(body_of(33 * MIB + 7))
    seen = []
    s3.upload_file(str(source), "bkt", "k", ExtraArgs={"Metadata": {"a": "b"}}, Config=SMALL, Callback=seen.append)
    assert sum(seen) == source.stat().st_size
    head = s3.head_object(Bucket="bkt", Key="k")
    assert head["ETag"].endswith('-7"') and head["Metadata"] == {"a": "b"}
    s3.download_file("bkt", "k", str(target), Config=SMALL)
    assert target.read_bytes() == source.read_bytes()

    s3.copy({"Bucket": "bkt", "Key": "k"}, "bkt", "copy", Config=SMALL)
    assert s3.head_object(Bucket="bkt", Key="copy")["ETag"].endswith('-7"')
    target = io.BytesIO()
    s3.download_fileobj("bkt", "copy", target, Config=SMALL)
    assert target.getvalue() == source.read_bytes()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksums_of_whole_objects(s3, algorithm):
    field = f"Checksum{algorithm}"
    put = s3.put_object(Bucket="bkt", Key="k", Body=io.BytesIO(body_of(100_000)), ChecksumAlgorithm=algorithm)
    assert put[field]
    got = s3.get_object(Bucket="bkt", Key="k", ChecksumMode="ENABLED")
    assert got[field] == put[field] and got["ChecksumType"] == "FULL_OBJECT"
    assert got["Body"].read() == body_of(100_000)
    digest = base64.b64decode(put[field])
    wrong = base64.b64encode(bytes([digest[0] ^ 1]) + digest[1:]).decode()
    # botocore leaves a checksum alone that is given, so the server gets to see it.
    refused("BadDigest", s3.put_object, Bucket="bkt", Key="k", Body=body_of(100_000), **{field: wrong})
    assert s3.head_object(Bucket="bkt", Key="k", ChecksumMode="ENABLED")[field] == put[field]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_checksums_of_parts(s3, algorithm):
    kind = "FULL_OBJECT" if algorithm == "CRC64NVME" else "COMPOSITE"
    bodies = [body_of(PART), body_of(PART + 3), b"end"]
    upload, parts = multipart(s3, "k", bodies, {"ChecksumAlgorithm": algorithm}, ChecksumAlgorithm=algorithm)
    done = complete(s3, "k", upload, parts)
    assert done["ChecksumType"] == kind
    assert done[f"Checksum{algorithm}"].endswith("-3") == (kind == "COMPOSITE")
    got = s3.get_object(Bucket="bkt", Key="k", ChecksumMode="ENABLED")
    assert got["Body"].read() == b"".join(bodies)
    attributes = s3.get_object_attributes(Bucket="bkt", Key="k", ObjectAttributes=["Checksum", "ObjectParts"])
    assert attributes["Checksum"]["ChecksumType"] == kind
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_full_object_checksums_are_combined_from_the_parts(s3, algorithm):
    bodies = [body_of(PART), body_of(PART + 1), b"end"]
    create = {"ChecksumAlgorithm": algorithm, "ChecksumType": "FULL_OBJECT"}
    upload, parts = multipart(s3, "k", bodies, create, ChecksumAlgorithm=algorithm)
    field = f"Checksum{algorithm}"
    whole = s3.put_object(Bucket="bkt", Key="whole", Body=b"".join(bodies), ChecksumAlgorithm=algorithm)[field]
    if algorithm == "CRC32":
        assert whole == base64.b64encode(zlib.crc32(b"".join(bodies)).to_bytes(4, "big")).decode()
    refused(
        "BadDigest", complete, s3=s3, key="k", upload=upload, parts=parts, ChecksumType="FULL_OBJECT",
        **{field: "AAAAAAAAAAA=" if algorithm == "CRC64NVME" else "AAAAAA=="},
    )
    done = complete(s3, "k", upload, parts, ChecksumType="FULL_OBJECT", **{field: whole})
    assert (done[field], done["ChecksumType"]) == (whole, "FULL_OBJECT")


def test_the_etag_is_the_md5_of_the_parts_md5s(s3):
    bodies = [body_of(PART), b"end"]
    upload, parts = multipart(s3, "k", bodies)
    etag = complete(s3, "k", upload, parts)["ETag"]
    digests = b"".join(hashlib.md5(body).digest() for body in bodies)
    assert etag == f'"{hashlib.md5(digests).hexdigest()}-2"'
    assert complete(s3, "k", upload, parts)["ETag"] == etag, "asked for again, answered again"


def test_conditional_writes(s3):
    etag = s3.put_object(Bucket="bkt", Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    refused("PreconditionFailed", s3.put_object, Bucket="bkt", Key="k", Body=b"2", IfNoneMatch="*")
    s3.put_object(Bucket="bkt", Key="k", Body=b"2", IfMatch=etag)
    refused("PreconditionFailed", s3.put_object, Bucket="bkt", Key="k", Body=b"3", IfMatch=etag)
    assert read(s3, "k") == b"2"
    upload, parts = multipart(s3, "k", [b"parts"])
    refused("PreconditionFailed", complete, s3=s3, key="k", upload=upload, parts=parts, IfNoneMatch="*")
    refused("304", s3.get_object, Bucket="bkt", Key="k", IfNoneMatch=s3.head_object(Bucket="bkt", Key="k")["ETag"])

    # Of many who create, one succeeds.
    outcomes = []

    def create(n):
        try:
            s3.put_object(Bucket="bkt", Key="race", Body=str(n).encode(), IfNoneMatch="*")
            outcomes.append("won")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=create, args=(n,)) for n in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert outcomes.count("won") == 1, outcomes
    assert set(outcomes) <= {"won", "PreconditionFailed", "ConditionalRequestConflict"}, outcomes


def test_every_paginator(s3):
    keys = sorted(f"{folder}/{n:02}" for folder in "abc" for n in range(7))
    for key in keys:
        s3.put_object(Bucket="bkt", Key=key)

    def pages(operation, size, field, **arguments):
        paginator = s3.get_paginator(operation)
        arguments = arguments if operation == "list_buckets" else {"Bucket": "bkt", **arguments}
        found = [page.get(field, []) for page in paginator.paginate(**arguments, PaginationConfig={"PageSize": size})]
        return len(found), [item for page in found for item in page]

    for operation in ["list_objects", "list_objects_v2"]:
        count, objects = pages(operation, 4, "Contents")
        assert (count, [item["Key"] for item in objects]) == (6, keys), operation
        count, prefixes = pages(operation, 2, "CommonPrefixes", Delimiter="/")
        assert (count, [item["Prefix"] for item in prefixes]) == (2, ["a/", "b/", "c/"]), operation

    ids = {s3.create_multipart_upload(Bucket="bkt", Key=f"u{n % 3}")["UploadId"] for n in range(9)}
    count, uploads = pages("list_multipart_uploads", 2, "Uploads")
    assert (count, {item["UploadId"] for item in uploads}) == (5, ids)
    assert [item["Key"] for item in uploads] == ["u0"] * 3 + ["u1"] * 3 + ["u2"] * 3

    upload, _ = multipart(s3, "parts", [b"x"] * 5)
    count, parts = pages("list_parts", 2, "Parts", Key="parts", UploadId=upload)
    assert (count, [item["PartNumber"] for item in parts]) == (3, [1, 2, 3, 4, 5])

    for n in range(4):
        s3.create_bucket(Bucket=f"bkt-{n}")
    count, buckets = pages("list_buckets", 2, "Buckets")
    assert (count, [item["Name"] for item in buckets]) == (3, ["bkt", "bkt-0", "bkt-1", "bkt-2", "bkt-3"])


def test_strange_keys_are_only_keys(s3):
    keys = ["a", "a/b", "a//b", "//", ".", "..", "../x", "a/./b", "ünïcode/ключ/鍵/🪣", " leading", "trailing ",
            "plus+and space", "per%20cent", "quote'\"<>&", "new\nline", "tab\t", "k" * 1024, "a?b=c#d", "~!*()$,:;=@"]  # fmt: skip
    for key in keys:
        s3.put_object(Bucket="bkt", Key=key, Body=key.encode())
    for key in keys:
        assert read(s3, key) == key.encode(), key
    listed = s3.list_objects_v2(Bucket="bkt")["Contents"]
    assert [item["Key"] for item in listed] == sorted(keys, key=str.encode)
    answer = s3.delete_objects(Bucket="bkt", Delete={"Objects": [{"Key": key} for key in keys]})
    assert {item["Key"] for item in answer["Deleted"]} == set(keys) and "Errors" not in answer
    assert s3.list_objects_v2(Bucket="bkt")["KeyCount"] == 0


def test_headers_come_back_as_they_were_given(s3):
    given = {
        "ContentType": "application/x-test",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentDisposition": "attachment; filename=\"a b.txt\"",
        "CacheControl": "no-store",
        "Metadata": {"plain": "value", "spaces": "a  b"},
    }
    s3.put_object(Bucket="bkt", Key="k", Body=io.BytesIO(b"gzip, let us say"), **given)
    for answer in [s3.head_object(Bucket="bkt", Key="k"), s3.get_object(Bucket="bkt", Key="k")]:
        assert {name: answer[name] for name in given} == given, "aws-chunked is not part of the encoding"
        assert answer["AcceptRanges"] == "bytes" and answer["ServerSideEncryption"] == "AES256"


def test_metadata_in_unicode(server, s3):
    """boto3 refuses it before it is sent, other clients send UTF-8: S3 reads it as ISO 8859-1 and answers in RFC 2047.

    So does the example in AWS's user guide ("ÄMÄZÕÑ S3").
    """
    import requests

    url = s3.generate_presigned_url("put_object", Params={"Bucket": "bkt", "Key": "k"})
    # x-amz-* headers have to be signed, so the value is signed as it is sent.
    refusal = requests.put(url, headers={"x-amz-meta-city": "Köln".encode()})
    assert refusal.status_code == 403, refusal.text

    def unchecked(params, **_):
        params["headers"]["x-amz-meta-city"] = "Köln"

    s3.meta.events.register("before-call.s3.PutObject", unchecked)
    s3.put_object(Bucket="bkt", Key="k")
    assert s3.head_object(Bucket="bkt", Key="k")["Metadata"]["city"] == "=?UTF-8?Q?K=C3=83=C2=B6ln?="


def test_copies_keep_or_replace_metadata(s3):
    s3.put_object(Bucket="bkt", Key="from", Body=b"body", Metadata={"a": "1"}, ContentType="text/x-a")
    source = {"Bucket": "bkt", "Key": "from"}
    s3.copy_object(Bucket="bkt", Key="kept", CopySource=source)
    s3.copy_object(Bucket="bkt", Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"b": "2"})
    kept, new = s3.head_object(Bucket="bkt", Key="kept"), s3.head_object(Bucket="bkt", Key="new")
    assert (kept["Metadata"], kept["ContentType"]) == ({"a": "1"}, "text/x-a")
    assert (new["Metadata"], new["ContentType"]) == ({"b": "2"}, "binary/octet-stream")
    refused("InvalidRequest", s3.copy_object, Bucket="bkt", Key="from", CopySource=source)


def test_ranges(s3):
    s3.put_object(Bucket="bkt", Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket="bkt", Key="k", Range="bytes=2-4")
    assert (got["Body"].read(), got["ContentRange"]) == (b"234", "bytes 2-4/10")
    assert read(s3, "k", Range="bytes=-3") == b"789" and read(s3, "k", Range="bytes=8-99") == b"89"
    refused("InvalidRange", s3.get_object, Bucket="bkt", Key="k", Range="bytes=10-")


def test_virtual_hosted_addressing(server):
    """`bkt.localhost` need not resolve where tests run: the connection goes to the address, the name into Host."""
    s3 = server.s3(endpoint=f"http://localhost:{server.port}", s3={"addressing_style": "virtual"})

    def by_address(request, **_):
        assert request.url.startswith(f"http://bkt.localhost:{server.port}/"), request.url
        request.headers["Host"] = f"bkt.localhost:{server.port}"
        request.url = request.url.replace("bkt.localhost", "127.0.0.1")

    s3.meta.events.register("before-send.s3", by_address)
    s3.put_object(Bucket="bkt", Key="a/b c", Body=b"by host")
    assert read(s3, "a/b c") == b"by host"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="bkt")["Contents"]] == ["a/b c"]


def test_errors(s3):
    assert refused("NoSuchKey", s3.get_object, Bucket="bkt", Key="missing")["Error"]["Key"] == "missing"
    refused("404", s3.head_object, Bucket="bkt", Key="missing")
    refused("NoSuchBucket", s3.list_objects_v2, Bucket="missing")
    s3.create_bucket(Bucket="bkt")  # us-east-1 answers 200 to the owner who creates again; elsewhere see below
    refused(
        "InvalidLocationConstraint",
        s3.create_bucket, Bucket="new", CreateBucketConfiguration={"LocationConstraint": "us-east-1"},
    )
    with pytest.raises(s3.exceptions.NoSuchUpload):
        s3.abort_multipart_upload(Bucket="bkt", Key="k", UploadId="none")
    upload, parts = multipart(s3, "k", [b"small", b"end"])
    refused("EntityTooSmall", complete, s3=s3, key="k", upload=upload, parts=parts)
    refused("InvalidPartOrder", complete, s3=s3, key="k", upload=upload, parts=parts[::-1])
    refused("NotImplemented", s3.get_object_torrent, Bucket="bkt", Key="k")
    s3.put_object(Bucket="bkt", Key="k")
    refused("BucketNotEmpty", s3.delete_bucket, Bucket="bkt")


def test_a_bucket_is_created_once_outside_of_us_east_1(start):
    s3 = start("--region", "eu-west-1").s3()
    create = {"Bucket": "bkt", "CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    s3.create_bucket(**create)
    with pytest.raises(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(**create)
    assert s3.get_bucket_location(Bucket="bkt")["LocationConstraint"] == "eu-west-1"


def test_days_of_lifecycles_can_be_short(start):
    s3 = start("--lifecycle-day", "1s", "--bucket", "bkt").s3()
    for key in ("log/1", "kept"):
        s3.put_object(Bucket="bkt", Key=key, Body=b"x")
    s3.put_object(Bucket="bkt", Key="cold", Body=b"cold", StorageClass="GLACIER")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "log/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="bkt", LifecycleConfiguration={"Rules": [rule]})
    refused("InvalidObjectState", s3.get_object, Bucket="bkt", Key="cold")
    s3.restore_object(Bucket="bkt", Key="cold", RestoreRequest={"Days": 30})
    deadline = time.monotonic() + 10
    while [item["Key"] for item in s3.list_objects_v2(Bucket="bkt")["Contents"]] != ["cold", "kept"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert read(s3, "cold") == b"cold"


def test_a_wrong_secret_is_refused(server):
    response = refused("SignatureDoesNotMatch", server.s3(secret_key="mistaken").list_buckets)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "StringToSign" in response["Error"]
    server.says("signature mismatch")
    server.stop()
    assert "mistaken" not in server.log

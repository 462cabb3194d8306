"""Presigned URLs: made by boto3, used by a plain HTTP client."""

import time
from urllib.parse import urlsplit

import pytest
import requests

from staves import MIB


@pytest.fixture
def sign(s3):
    def sign(operation, seconds=60, **params):
        return s3.generate_presigned_url(operation, Params={"Bucket": "bkt", **params}, ExpiresIn=seconds)

    return sign


def is_error(reply, status, code):
    assert reply.status_code == status and f"<Code>{code}</Code>" in reply.text, (reply.status_code, reply.text)


@pytest.fixture(params=["s3v4", "s3"], ids=["v4", "v2"])
def sign_as(server, request):
    """By both signature versions: boto3's own default for presigned URLs in us-east-1 is the old one."""
    s3 = server.s3(signature_version=request.param)

    def sign_as(operation, **params):
        return s3.generate_presigned_url(operation, Params={"Bucket": "bkt", **params}, ExpiresIn=60)

    return sign_as


def test_each_part_is_put(s3, sign_as):
    upload = s3.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    bodies = [bytes([number]) * (5 * MIB) for number in range(1, 5)] + [b"end"]
    parts = []
    # Out of order, as browsers do.
    for number in [3, 1, 5, 2, 4]:
        url = sign_as("upload_part", Key="k", UploadId=upload, PartNumber=number)
        reply = requests.put(url, data=bodies[number - 1])
        assert reply.status_code == 200, reply.text
        parts.append({"PartNumber": number, "ETag": reply.headers["ETag"]})
    parts.sort(key=lambda part: part["PartNumber"])
    s3.complete_multipart_upload(Bucket="bkt", Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    assert requests.get(sign_as("get_object", Key="k")).content == b"".join(bodies)


def test_completion_by_url(s3, sign_as):
    upload = s3.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    etag = requests.put(sign_as("upload_part", Key="k", UploadId=upload, PartNumber=1), data=b"one").headers["ETag"]
    body = f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    reply = requests.post(sign_as("complete_multipart_upload", Key="k", UploadId=upload), data=body)
    assert reply.status_code == 200 and "CompleteMultipartUploadResult" in reply.text
    assert requests.get(sign_as("get_object", Key="k")).content == b"one"


def test_answer_headers_are_overridden(s3, sign):
    s3.put_object(Bucket="bkt", Key="k", Body=b"x")
    reply = requests.get(
        sign(
            "get_object",
            Key="k",
            ResponseContentType="text/x-test",
            ResponseContentDisposition='attachment; filename="ä b.txt"',
            ResponseCacheControl="no-store",
        )
    )
    assert reply.headers["Content-Type"] == "text/x-test"
    assert reply.headers["Cache-Control"] == "no-store"
    assert "attachment" in reply.headers["Content-Disposition"]


def test_an_expired_url(s3, sign):
    s3.put_object(Bucket="bkt", Key="k", Body=b"x")
    url = sign("get_object", Key="k", seconds=1)
    time.sleep(2.1)
    reply = requests.get(url)
    is_error(reply, 403, "AccessDenied")
    assert "<Message>Request has expired</Message>" in reply.text and "<Expires>" in reply.text


def test_a_tampered_url(s3, sign):
    s3.put_object(Bucket="bkt", Key="mine", Body=b"x")
    is_error(requests.get(sign("get_object", Key="other").replace("/other", "/mine")), 403, "SignatureDoesNotMatch")
    is_error(requests.put(sign("get_object", Key="mine"), data=b"y"), 403, "SignatureDoesNotMatch")
    is_error(requests.get(sign("get_object", Key="mine") + "&response-expires=0"), 403, "SignatureDoesNotMatch")
    is_error(requests.get(sign("get_object", Key="mine").split("?")[0]), 403, "AccessDenied")


def test_the_log_says_which_host_was_signed(start):
    """In a container, clients sign for the container's name and people open the URL on localhost."""
    server = start("--bucket", "bkt", "--host-alias", "staves:9000")
    s3 = server.s3(endpoint="http://staves:9000")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bkt", "Key": "k"})
    parts = urlsplit(url)
    reply = requests.get(f"{server.endpoint}{parts.path}?{parts.query}")
    is_error(reply, 403, "SignatureDoesNotMatch")
    sentence = f"signing with host `staves:9000` instead of `127.0.0.1:{server.port}` would have matched"
    server.says(f"signature mismatch: {sentence}")

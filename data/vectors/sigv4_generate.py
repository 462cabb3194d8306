#!/usr/bin/env python3
"""Writes the sigv4-*.json files beside it. AWS's examples are copied from "Authenticating Requests (AWS Signature Version
4)"; the others are signed by botocore. Run: python3 sigv4_generate.py"""

import datetime
import hashlib
import json
import pathlib
import urllib.parse

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SCOPE = f"{ACCESS}/20130524/us-east-1/s3/aws4_request"
EMPTY = hashlib.sha256(b"").hexdigest()
HERE = pathlib.Path(__file__).parent


def write(name, vectors):
    text = json.dumps({"secret_key": SECRET, "region": "us-east-1", "vectors": vectors}, indent=1, ensure_ascii=False)
    (HERE / name).write_text(text + "\n")


def documented(name, method, path, query, payload_hash, headers, signature):
    headers = [("x-amz-content-sha256", payload_hash), *headers]
    signed = ";".join(sorted(header.lower() for header, _ in headers))
    authorization = f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={signed},Signature={signature}"
    return dict(name=name, method=method, path=path, query=query, payload_hash=payload_hash,
                headers=[*headers, ("Authorization", authorization)])


def aws_docs():
    virtual = ("Host", "examplebucket.s3.amazonaws.com")
    path_style = ("Host", "s3.amazonaws.com")
    date = ("x-amz-date", "20130524T000000Z")
    reduced = ("x-amz-storage-class", "REDUCED_REDUNDANCY")
    chunked = [("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "66560"), path_style, date, reduced]
    url = ("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + SCOPE.replace("/", "%2F") +
           "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
           "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
    return [
        documented("GET Object", "GET", "/test.txt", "", EMPTY, [virtual, ("Range", "bytes=0-9"), date],
                   "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        documented("PUT Object, with Date instead of x-amz-date in the headers", "PUT", "/test$file.text", "",
                   hashlib.sha256(b"Welcome to Amazon S3.").hexdigest(),
                   [virtual, ("Date", "Fri, 24 May 2013 00:00:00 GMT"), date, reduced],
                   "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        documented("GET Bucket Lifecycle", "GET", "/", "lifecycle", EMPTY, [virtual, date],
                   "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        documented("Get Bucket (List Objects)", "GET", "/", "max-keys=2&prefix=J", EMPTY, [virtual, date],
                   "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
        documented("PUT Object, chunked upload", "PUT", "/examplebucket/chunkObject.txt", "",
                   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", [*chunked, ("Content-Length", "66824")],
                   "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
        documented("PUT Object, chunked upload with trailing headers", "PUT", "/examplebucket/chunkObject.txt", "",
                   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", [*chunked, ("x-amz-trailer", "x-amz-checksum-crc32c")],
                   "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"),
        dict(name="presigned GET", method="GET", path="/test.txt", query=url, headers=[virtual], payload_hash=None),
    ]


PATHS = ["/", "/b", "/b/", "/b//", "//b", "/b/./k", "/b/../k", "/b/a b", "/b/a+b", "/b/a%b", "/b/ä/日本", "/b/~_-.", "/b/a=b&c",
         "/b/(x)*'!@$,;:", "/b/a\\b\"<>{}|^`", "/b/%2F", "/b/a?b#c", "/b/\x01\x7f", "/b/k/", "/b/[1]"]
QUERIES = [[], [("uploads", "")], [("prefix", "a/b c+d"), ("delimiter", "/")], [("b", "2"), ("a", "1"), ("a-b", "3")],
           [("prefix", "ä日本"), ("marker", "~_-.*'()!")], [("uploadId", "a=b==&c"), ("partNumber", "1")],
           [("response-content-disposition", 'attachment; filename="x y.txt"')], [("key", "%41%2F")]]
HEADERS = [[], [("x-amz-meta-a", "  one   two  ")], [("x-amz-tagging", "a=b&c=d"), ("Content-Type", "text/plain")],
           [("x-amz-meta-list", "a"), ("x-amz-meta-list", "b,  c")], [("x-amz-meta-empty", "")]]


def signed_by_botocore(auth, kind, path, pairs, headers, token):
    raw_path = urllib.parse.quote(path, safe="/~")
    credentials = Credentials(ACCESS, SECRET, token)
    request = AWSRequest(method="PUT", url="http://localhost:9000" + raw_path, params=dict(pairs), data=b"")
    for name, value in headers:
        request.headers.add_header(name, value)
    request.context.update(payload_signing_enabled=True)
    auth(credentials, "s3", "us-east-1").add_auth(request)
    raw_query = urllib.parse.urlsplit(request.prepare().url).query
    sent = [("Host", "localhost:9000")]
    sent += [(name, value.decode() if isinstance(value, bytes) else value) for name, value in request.headers.items()]
    sent = [pair for pair in sent if pair[0] != "Content-Length"]
    payload_hash = dict(sent).get("X-Amz-Content-SHA256")
    return dict(name=f"botocore {kind} {path} {pairs} {headers}", method="PUT", path=raw_path, query=raw_query, headers=sent,
                payload_hash=payload_hash)


def botocore_vectors():
    moment = datetime.datetime(2013, 5, 24, 12, 34, 56)
    botocore.auth.get_current_datetime = lambda **_: moment
    combinations = [(path, QUERIES[n % 8], HEADERS[n % 5]) for n, path in enumerate(PATHS)]
    combinations += [("/b/k", query, HEADERS[n % 5]) for n, query in enumerate(QUERIES)]
    vectors = []
    for n, (path, query, headers) in enumerate(combinations):
        token = "a/session+token==" if n % 3 == 0 else None
        vectors.append(signed_by_botocore(botocore.auth.S3SigV4Auth, "header", path, query, headers, token))
        vectors.append(signed_by_botocore(botocore.auth.S3SigV4QueryAuth, "query", path, query, headers, token))
    return vectors


write("sigv4-aws-docs.json", aws_docs())
write("sigv4-botocore.json", botocore_vectors())

"""The AWS CLI, as the README tells people to use it."""

import json
import os
import subprocess

import pytest
import requests
from conftest import sha256

from staves import MIB, clean_environment, tool


@pytest.fixture
def aws(server, tmp_path):
    """Runs `aws` and returns its output, or, where it has to fail, what it says of that."""

    def aws(*arguments, fails=False):
        env = clean_environment(
            AWS_ACCESS_KEY_ID=server.ready["access_key"],
            AWS_SECRET_ACCESS_KEY=server.ready["secret_key"],
            AWS_DEFAULT_REGION=server.ready["region"],
            AWS_CONFIG_FILE=os.devnull,
        )
        command = [tool("aws"), "--endpoint-url", server.endpoint, *map(str, arguments)]
        done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stderr if fails else done.stdout

    return aws


def test_a_large_file_goes_up_and_comes_back_also_after_a_restart(aws, server, big_file, tmp_path):
    assert "make_bucket: photos" in aws("s3", "mb", "s3://photos")
    aws("s3", "cp", "--no-progress", big_file, "s3://photos/big.bin")
    assert "big.bin" in aws("s3", "ls", "s3://photos")
    head = json.loads(aws("s3api", "head-object", "--bucket", "photos", "--key", "big.bin"))
    assert head["ContentLength"] == big_file.stat().st_size
    assert head["ETag"].endswith('-38"'), "the CLI sends parts of 8 MiB"

    aws("s3", "cp", "--no-progress", "s3://photos/big.bin", tmp_path / "back.bin")
    assert sha256(tmp_path / "back.bin") == sha256(big_file)

    url = aws("s3", "presign", "s3://photos/big.bin").strip()
    assert "AWSAccessKeyId=" in url, "version 1 of the CLI presigns by Signature Version 2 in us-east-1"
    with requests.get(url, stream=True) as reply:
        assert reply.status_code == 200
        assert next(reply.iter_content(16)) == big_file.open("rb").read(16)

    server.restart()
    aws("s3", "cp", "--no-progress", "s3://photos/big.bin", tmp_path / "later.bin")
    assert sha256(tmp_path / "later.bin") == sha256(big_file)


def test_folders_are_synced_listed_moved_and_removed(aws, tmp_path):
    folder = tmp_path / "site"
    for name in ["index.html", "img/a.png", "img/b c.png", "ünï/c.txt"]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
        # S3 keeps whole seconds: a file written within the second of its upload would count as newer than the object.
        os.utime(folder / name, (1_700_000_000, 1_700_000_000))
    aws("s3", "sync", folder, "s3://bkt/site")
    assert aws("s3", "sync", folder, "s3://bkt/site") == "", "nothing has changed"
    listing = aws("s3", "ls", "--recursive", "--summarize", "s3://bkt/")
    assert "Total Objects: 4" in listing and "site/img/b c.png" in listing
    assert "PRE img/" in aws("s3", "ls", "s3://bkt/site/")
    head = json.loads(aws("s3api", "head-object", "--bucket", "bkt", "--key", "site/index.html"))
    assert head["ContentType"] == "text/html"

    aws("s3", "sync", "s3://bkt/site", tmp_path / "back")
    assert (tmp_path / "back/ünï/c.txt").read_text() == "ünï/c.txt"
    aws("s3", "mv", "s3://bkt/site/index.html", "s3://bkt/start.html")
    aws("s3", "sync", "s3://bkt/site", "s3://bkt/copy")
    aws("s3", "rm", "--recursive", "s3://bkt/site")
    listing = aws("s3", "ls", "--recursive", "s3://bkt/")
    assert "site/" not in listing and "copy/img/a.png" in listing and "start.html" in listing
    aws("s3", "rb", "--force", "s3://bkt")
    assert aws("s3", "ls") == ""


def test_multipart_step_by_step(aws, tmp_path):
    (tmp_path / "one").write_bytes(b"1" * 5 * MIB)
    (tmp_path / "two").write_bytes(b"2")
    key = ["--bucket", "bkt", "--key", "k"]
    upload = json.loads(aws("s3api", "create-multipart-upload", *key))["UploadId"]
    part = ["s3api", "upload-part", *key, "--upload-id", upload]
    parts = []
    for number, name in [(1, "one"), (2, "two")]:
        done = json.loads(aws(*part, "--part-number", number, "--body", tmp_path / name))
        parts.append({"PartNumber": number, "ETag": done["ETag"]})
    listed = json.loads(aws("s3api", "list-parts", *key, "--upload-id", upload))
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, 5 * MIB), (2, 1)]
    uploads = json.loads(aws("s3api", "list-multipart-uploads", "--bucket", "bkt"))
    assert [upload["Key"] for upload in uploads["Uploads"]] == ["k"]
    complete = ["s3api", "complete-multipart-upload", *key, "--upload-id", upload]
    done = json.loads(aws(*complete, "--multipart-upload", json.dumps({"Parts": parts})))
    assert done["ETag"].endswith('-2"')

    aborted = json.loads(aws("s3api", "create-multipart-upload", *key))["UploadId"]
    aws("s3api", "abort-multipart-upload", *key, "--upload-id", aborted)
    assert "NoSuchUpload" in aws("s3api", "list-parts", *key, "--upload-id", aborted, fails=True)


def test_errors_are_said_in_aws_words(aws):
    assert "(NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist" in aws(
        "s3", "ls", "s3://missing", fails=True
    )
    assert "(404)" in aws("s3", "cp", "s3://bkt/missing", "-", fails=True)
    assert "(NoSuchBucketPolicy)" in aws("s3api", "get-bucket-policy", "--bucket", "bkt", fails=True)

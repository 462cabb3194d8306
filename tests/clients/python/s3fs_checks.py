"""s3fs, fsspec's file system of S3, as its users use it: files, globs, a transaction. `s3fs_checks.py FILE`."""

import hashlib
import os
import sys
import urllib.request
from pathlib import Path

import s3fs

PART = 5 * 1024 * 1024
KEYS = ["a b", "a+b", "ü/鍵 🪣", "a%2Bb", "quote'\"<>&", "~!$(),:;=@"]
DATA = Path(sys.argv[1]).read_bytes()
fs = s3fs.S3FileSystem(
    endpoint_url=os.environ["AWS_ENDPOINT_URL"], use_listings_cache=False, default_block_size=PART,
    version_aware=True, config_kwargs={"retries": {"total_max_attempts": 1}},
)  # fmt: skip


def same(path):
    assert hashlib.sha256(fs.cat_file(path)).digest() == hashlib.sha256(DATA).digest(), path


def refused(kind, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except kind:
        return
    raise AssertionError(f"{call.__name__}{arguments} was not refused")


fs.mkdir("s3fs")
assert fs.exists("s3fs") and "s3fs" in fs.ls("")

# Small ones, empty ones, keys that need care.
fs.pipe_file("s3fs/empty", b"")
assert (fs.cat_file("s3fs/empty"), fs.size("s3fs/empty")) == (b"", 0)
for key in KEYS:
    fs.pipe_file(f"s3fs/keys/{key}", key.encode())
for key in KEYS:
    assert fs.cat_file(f"s3fs/keys/{key}") == key.encode(), key
assert sorted(fs.find("s3fs/keys")) == sorted(f"s3fs/keys/{key}" for key in KEYS)
fs.pipe_file("s3fs/digits", b"0123456789")
assert (fs.cat_file("s3fs/digits", start=2, end=5), fs.tail("s3fs/digits", 3)) == (b"234", b"789")
assert fs.cat_ranges(["s3fs/digits"] * 2, [0, 7], [2, 10]) == [b"01", b"789"]

# In parts: a file that is written, one that is put, one that is appended to (its old bytes are copied as a part).
with fs.open("s3fs/big", "wb", Metadata={"a": "b"}, ContentType="text/x-a") as file:
    for at in range(0, len(DATA), 1_000_000):
        file.write(DATA[at : at + 1_000_000])
same("s3fs/big")
seen = fs.info("s3fs/big")
assert "-" in seen["ETag"] and seen["ContentType"] == "text/x-a"
assert fs.metadata("s3fs/big", refresh=True) == {"a": "b"}
fs.put_file(sys.argv[1], "s3fs/put", chunksize=PART)
same("s3fs/put")
with fs.open("s3fs/put", "ab") as file:
    file.write(b"more")
assert fs.cat_file("s3fs/put") == DATA + b"more"
with fs.open("s3fs/big", "rb", block_size=1_000_000) as file:
    file.seek(9_999_999)
    assert file.read(1_000) == DATA[9_999_999:10_000_999]
fs.copy("s3fs/big", "s3fs/copied")
same("s3fs/copied")
fs.mv("s3fs/copied", "s3fs/moved")
assert not fs.exists("s3fs/copied") and fs.exists("s3fs/moved")

# A transaction that fails leaves nothing.
try:
    with fs.transaction, fs.open("s3fs/never", "wb") as file:
        file.write(DATA)
        raise InterruptedError
except InterruptedError:
    pass
assert not fs.exists("s3fs/never")
fs.clear_multipart_uploads("s3fs")
assert not fs.list_multipart_uploads("s3fs")

# Listings, globs, and deleting many.
fs.pipe({f"s3fs/list/{folder}/{n}": b"x" for folder in "xyz" for n in range(4)})
assert sorted(fs.ls("s3fs/list", detail=False)) == ["s3fs/list/x", "s3fs/list/y", "s3fs/list/z"]
assert fs.glob("s3fs/list/*/2") == ["s3fs/list/x/2", "s3fs/list/y/2", "s3fs/list/z/2"]
assert fs.du("s3fs/list") == 12
fs.rm("s3fs/list", recursive=True)
assert fs.find("s3fs/list") == []

# Conditions, tags, versions, presigned URLs.
fs.pipe_file("s3fs/once", b"1", mode="create")
refused(FileExistsError, fs.pipe_file, "s3fs/once", b"2", mode="create")
fs.put_tags("s3fs/once", {"a b": "+ü"})
assert fs.get_tags("s3fs/once") == {"a b": "+ü"}
fs.setxattr("s3fs/once", x="y")
assert fs.getxattr("s3fs/once", "x") == "y"
fs.mkdir("s3fs-versions")
fs.make_bucket_versioned("s3fs-versions")
for body in (b"1", b"2"):
    fs.pipe_file("s3fs-versions/k", body)
versions = {item["VersionId"]: item["IsLatest"] for item in fs.object_version_info("s3fs-versions/k")}
assert sorted(versions.values()) == [False, True]
old = next(name for name, latest in versions.items() if not latest)
assert fs.cat_file("s3fs-versions/k", version_id=old) == b"1"
with urllib.request.urlopen(fs.sign(f"s3fs/keys/{KEYS[2]}", expiration=60)) as answer:
    assert answer.read() == KEYS[2].encode()
put = urllib.request.Request(fs.sign("s3fs/signed", client_method="put_object"), data=b"signed", method="PUT")
put.add_unredirected_header("Content-Type", "")
urllib.request.urlopen(put).close()
assert fs.cat_file("s3fs/signed") == b"signed"

refused(FileNotFoundError, fs.cat_file, "s3fs/none")
refused(FileNotFoundError, fs.ls, "s3fs-none-at-all")

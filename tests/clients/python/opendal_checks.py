"""Apache OpenDAL's service of S3, as its users use it. The bucket `bkt` exists. `opendal_checks.py FILE`."""

import asyncio
import hashlib
import os
import sys
import urllib.request
from pathlib import Path

import opendal
from opendal import exceptions

MIB = 1024 * 1024
KEYS = ["a b", "a+b", "ü/鍵 🪣", "a%2Bb", "quote'\"<>&", "~!$(),:;=@"]
DATA = Path(sys.argv[1]).read_bytes()


def operator(bucket, **more):
    return opendal.AsyncOperator(
        "s3", bucket=bucket, region=os.environ["AWS_REGION"], endpoint=os.environ["AWS_ENDPOINT_URL"], **more
    )


def same(data):
    assert hashlib.sha256(data).digest() == hashlib.sha256(DATA).digest()


async def refused(kind, call):
    try:
        await call
    except kind:
        return
    raise AssertionError(f"{kind.__name__} was not raised")


async def names(of):
    return [entry.path async for entry in await of]


async def main():
    op = operator("bkt")
    await op.check()

    # Small ones, empty ones, keys that need care, metadata.
    await op.write("empty", b"")
    assert (await op.stat("empty")).content_length == 0 and await op.read("empty") == b""
    for key in KEYS:
        await op.write(f"keys/{key}", key.encode(), content_type="text/x-a", user_metadata={"a": "b"})
    for key in KEYS:
        assert await op.read(f"keys/{key}") == key.encode(), key
        seen = await op.stat(f"keys/{key}")
        assert (seen.content_type, seen.user_metadata) == ("text/x-a", {"a": "b"})
    await op.write("digits", b"0123456789")
    assert await op.read("digits", offset=2, size=3) == b"234"

    # In parts, from many hands; a copy; an upload whose checksums are CRC32C.
    await op.write("big", DATA, chunk=5 * MIB, concurrent=4)
    same(await op.read("big", chunk=3 * MIB, concurrent=4))
    assert (await op.stat("big")).etag.endswith('-4"')
    await op.copy("big", "copied")
    same(await op.read("copied"))
    summed = operator("bkt", checksum_algorithm="crc32c")
    await summed.write("summed", DATA, chunk=5 * MIB)
    same(await summed.read("summed"))
    async with await op.open("streamed", "wb") as file:
        for at in range(0, len(DATA), MIB):
            await file.write(DATA[at : at + MIB])
    same(await op.read("streamed"))

    # Listings and deleting many.
    made = [f"list/{folder}/{n}" for folder in "xyz" for n in range(4)]
    for key in made:
        await op.write(key, b"x")
    assert await names(op.list("list/", limit=5, recursive=True)) == made
    assert [name for name in await names(op.list("list/")) if name != "list/"] == ["list/x/", "list/y/", "list/z/"]
    assert await names(op.list("list/", recursive=True, start_after="list/z/1")) == ["list/z/2", "list/z/3"]
    await op.remove_all("list/")
    assert await names(op.list("list/", recursive=True)) == []

    # Conditions, presigned requests, what it raises.
    await op.write("once", b"1", if_not_exists=True)
    await refused(exceptions.ConditionNotMatch, op.write("once", b"2", if_not_exists=True))
    await refused(exceptions.ConditionNotMatch, op.read("once", if_match='"other"'))
    for signed, data in [
        (await op.presign_write("signed", 60, content_type="text/x-b"), b"signed"),
        (await op.presign_read("signed", 60), None),
        (await op.presign_stat("signed", 60), None),
    ]:
        request = urllib.request.Request(signed.url, data=data, method=signed.method, headers=signed.headers)
        with urllib.request.urlopen(request) as answer:
            assert signed.method != "GET" or answer.read() == b"signed"
    assert (await op.stat("signed")).content_type == "text/x-b"
    await refused(exceptions.NotFound, op.read("none"))
    # NoSuchBucket is to OpenDAL a wrong setting.
    await refused(exceptions.ConfigInvalid, names(operator("none-at-all").list("/")))

    # Versions.
    versioned = operator("versions", enable_versioning="true")
    await versioned.write("k", b"1")
    await versioned.write("k", b"2")
    listed = [entry async for entry in await versioned.list("k", versions=True)]
    assert len(listed) == 2
    bodies = {await versioned.read("k", version=entry.metadata.version) for entry in listed}
    assert bodies == {b"1", b"2"}


asyncio.run(main())

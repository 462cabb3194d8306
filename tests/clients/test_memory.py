"""Bodies are never in memory whole: many large uploads and downloads at once leave the process small.

16 x 256 MiB by default; STAVES_FULL=1: 16 x 1 GiB.
"""

import hashlib
import os
import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

from staves import MIB

CLIENTS = 16
SIZE_MIB = 1024 if os.environ.get("STAVES_FULL") == "1" else 256
LIMIT_MIB = 100
BLOCK = bytes(range(256)) * (MIB // 256)


def piece(client, index):
    """A MiB that no other client sends, and that differs from the one before."""
    return bytes([client, index % 256]) + BLOCK[2:]


def upload(port, url, client):
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    body = (piece(client, index) for index in range(SIZE_MIB))
    connection.request("PUT", url, body=body, headers={"Content-Length": str(SIZE_MIB * MIB)})
    reply = connection.getresponse()
    assert reply.status == 200, reply.read()


def download(port, url, client):
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    connection.request("GET", url)
    reply = connection.getresponse()
    assert reply.status == 200, reply.read()
    expected, received = hashlib.blake2b(), hashlib.blake2b()
    for index in range(SIZE_MIB):
        expected.update(piece(client, index))
        received.update(reply.read(MIB))
    assert reply.read() == b"" and received.digest() == expected.digest()


def all_at_once(do, server, urls):
    failures = []

    def guarded(client, url):
        try:
            parts = urlsplit(url)
            do(server.port, f"{parts.path}?{parts.query}", client)
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=guarded, args=each) for each in enumerate(urls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    used = server.high_water_mib()
    print(f"\n{do.__name__}: {CLIENTS} x {SIZE_MIB} MiB, at most {used:.0f} MiB resident")
    assert used < LIMIT_MIB


def test_many_large_bodies_at_once(server, s3):
    def urls(operation, **params):
        for n in range(CLIENTS):
            yield s3.generate_presigned_url(operation, Params={"Bucket": "bkt", "Key": f"k{n}", **params})

    all_at_once(upload, server, urls("put_object"))
    all_at_once(download, server, urls("get_object"))

"""Gjirafa VP's Upload API: a client as one writes it from the documentation, against the real binary."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from staves import MIB

PART = 6 * MIB


class Client:
    """Knows the product's documentation and nothing of Staves but its address."""

    def __init__(self, base, key, project="p1a2b3c4"):
        self.base = f"{base}/api/projects/{project}"
        self.session = requests.Session()
        self.session.headers["Authorization"] = key

    def call(self, method, path, body=None):
        answer = self.session.request(method, f"{self.base}{path}", json=body)
        envelope = answer.json()
        assert envelope["statusCode"] == answer.status_code
        if not envelope["success"]:
            raise RuntimeError(answer.status_code, envelope["errors"])
        return envelope["result"]

    def upload(self, path, workers=4):
        """Starts, uploads the parts at once, and completes; returns what was started."""
        size = path.stat().st_size
        started = self.call("POST", "/uploads/multipart", {
            "fileName": path.name,
            "partsNumber": -(-size // PART),
            "contentLength": str(size),
            "mimeType": "video/mp4",
        })
        with ThreadPoolExecutor(workers) as pool:
            parts = list(pool.map(lambda part: self.put(path, part), reversed(started["presignedUrl"])))
        self.complete(started, sorted(parts, key=lambda part: part["partNumber"]))
        return started

    def put(self, path, part):
        with path.open("rb") as file:
            file.seek((part["partNumber"] - 1) * PART)
            # Without the key: the URL is the credential.
            answer = requests.put(part["presignedUrl"], data=file.read(PART))
        answer.raise_for_status()
        return {"partNumber": part["partNumber"], "eTag": answer.headers["ETag"]}

    def complete(self, started, parts, **more):
        body = {"requestKey": started["requestKey"], "parts": parts, **more}
        assert self.call("PUT", "/uploads/multipart-complete", body) is True


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "film.mp4"
    path.write_bytes(os.urandom(2 * PART + 12345))
    return path


def sha256_over_s3(server, key):
    body = server.s3().get_object(Bucket="gjirafa-p1a2b3c4", Key=key)
    assert body["ContentType"] == "video/mp4"
    return hashlib.sha256(body["Body"].read()).hexdigest()


def test_upload_is_an_object(start, film):
    server = start()
    client = Client(server.ready["facades"]["gjirafa"], "Bearer " + server.ready["secret_key"])
    started = client.upload(film)
    key = f"uploads/{started['requestKey']}/film.mp4"
    assert sha256_over_s3(server, key) == hashlib.sha256(film.read_bytes()).hexdigest()


def test_interrupted_upload_is_resumed_after_kill(start, film):
    server = start()
    client = Client(server.ready["facades"]["gjirafa"], server.ready["secret_key"])
    started = client.call("POST", "/uploads/multipart", {"fileName": "film.mp4", "partsNumber": 3, "mimeType": "video/mp4"})
    client.put(film, started["presignedUrl"][1])
    server.process.kill()
    server.process.wait()
    server.start()
    client = Client(server.ready["facades"]["gjirafa"], server.ready["secret_key"])
    resumed = client.call("POST", "/uploads/multipart-resume", {"requestKey": started["requestKey"]})
    assert [part["partNumber"] for part in resumed["presignedUrl"]] == [1, 3]
    for part in resumed["presignedUrl"]:
        client.put(film, part)
    listed = client.call("GET", f"/uploads/url/multipart/{started['requestKey']}/parts")
    assert [part["size"] for part in listed] == [PART, PART, 12345]
    client.complete(started, listed, allowPartialComplete=False)
    key = f"uploads/{started['requestKey']}/film.mp4"
    assert sha256_over_s3(server, key) == hashlib.sha256(film.read_bytes()).hexdigest()


def test_port_of_its_own_hands_out_urls_of_its_own(start, film):
    server = start("--facade", "gjirafa=:0", "--public-url", "http://127.0.0.1:1")
    own = server.ready["facades"]["gjirafa"]
    assert own != server.endpoint
    client = Client(own, server.ready["secret_key"])
    single = client.call("POST", "/uploads/url", {"fileName": "a.txt"})
    # The public URL is the address for S3, whatever port was asked.
    assert single["url"].startswith("http://127.0.0.1:1/gjirafa-")
    server.stop()
    server.flags = ["--facade", "gjirafa=:0"]
    server.start()
    own = server.ready["facades"]["gjirafa"]
    client = Client(own, server.ready["secret_key"])
    single = client.call("POST", "/uploads/url", {"fileName": "a.txt"})
    assert single["url"].startswith(f"{own}/gjirafa-")
    requests.put(single["url"], data=b"text").raise_for_status()
    download = client.call("POST", f"/uploads/success/{single['requestKey']}")["downloadPath"]
    assert requests.get(download).content == b"text"


def test_wrong_key_is_refused(start):
    server = start()
    client = Client(server.ready["facades"]["gjirafa"], "Bearer nothing")
    with pytest.raises(RuntimeError) as refused:
        client.call("POST", "/uploads/multipart", {"fileName": "a", "partsNumber": 1})
    assert refused.value.args[0] == 401
    assert server.blob_files() == []

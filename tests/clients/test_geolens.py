"""GeoLens's ingest API: a client as one writes it from the documentation, against the real binary."""

import hashlib
import io
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from botocore.exceptions import ClientError

from staves import MIB


class Client:
    """Knows the product's documentation and nothing of Staves but its address."""

    def __init__(self, base, username, password):
        self.base = base
        self.session = requests.Session()
        self.tokens = self.call("POST", "/auth/login", data={"username": username, "password": password})
        self.session.headers["Authorization"] = f"Bearer {self.tokens['access_token']}"

    def call(self, method, path, **more):
        answer = self.session.request(method, f"{self.base}{path}", **more)
        if not answer.ok:
            raise RuntimeError(answer.status_code, answer.json()["detail"])
        return answer.json()

    def upload(self, path, file_name=None, content_type="text/csv", start="/ingest/upload/presigned"):
        """Starts, uploads all parts at once, and completes; returns what was started."""
        started = self.call("POST", start, json={
            "filename": file_name or path.name,
            "file_size": path.stat().st_size,
            "content_type": content_type,
        })
        if started["upload_id"] is None:
            with path.open("rb") as file:
                # Without the token: the URL is the credential. The type is signed.
                answer = requests.put(started["urls"][0], data=file, headers={"Content-Type": content_type})
            answer.raise_for_status()
            parts = []
        else:
            with ThreadPoolExecutor(4) as pool:
                parts = list(pool.map(lambda part: self.put(path, started["part_size"], *part), enumerate(started["urls"])))
        self.call("POST", f"{start}/{started['job_id']}/complete", json={"parts": parts})
        return started

    def put(self, path, part_size, index, url):
        with path.open("rb") as file:
            file.seek(index * part_size)
            answer = requests.put(url, data=file.read(part_size))
        answer.raise_for_status()
        return {"part_number": index + 1, "etag": answer.headers["ETag"]}

    def wait(self, job):
        for _ in range(600):
            status = self.call("GET", f"/jobs/{job}")
            assert status["progress"] is None or 0 <= status["progress"] <= 1
            if status["status"] not in ("pending", "running"):
                return status
            time.sleep(0.1)
        raise AssertionError(f"{status} does not end")


def client_of(server, base=None):
    return Client(base or server.ready["facades"]["geolens"], server.ready["access_key"], server.ready["secret_key"])


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table of more than 100 MiB, no two rows the same, and how many rows it has."""
    path, rows = tmp_path_factory.mktemp("table") / "cities.csv", 0
    with path.open("w") as file:
        file.write("id,name,lon,lat\n")
        while file.tell() <= 101 * MIB:
            file.write("".join(f"{n},city {n},{n % 360 - 180}.5,{n % 180 - 90}.25\n" for n in range(rows, rows + 10_000)))
            rows += 10_000
    return path, rows


def sha256_over_s3(server, started, name):
    body = server.s3().get_object(Bucket="geolens", Key=f"staging/{started['job_id']}/frozen/{name}")
    assert body["ContentType"] == "text/csv"
    digest = hashlib.sha256()
    for piece in body["Body"].iter_chunks(MIB):
        digest.update(piece)
    return digest.hexdigest()


def test_from_login_to_replaced_dataset(start, table, tmp_path):
    path, rows = table
    server = start()
    client = client_of(server, server.ready["facades"]["geolens"] + "/api")
    config = client.call("GET", "/ingest/upload/config")
    assert config["presigned_uploads"] and config["presigned_threshold_bytes"] == 100 * MIB < path.stat().st_size
    started = client.upload(path)
    assert started["part_size"] == 10 * MIB and len(started["urls"]) == 11
    with path.open("rb") as file:
        assert sha256_over_s3(server, started, "cities.csv") == hashlib.file_digest(file, "sha256").hexdigest()
    preview = client.call("POST", f"/ingest/preview/{started['job_id']}")
    assert preview["feature_count"] == rows and preview["detected_geometry_columns"]["x_column"] == "lon"
    assert [column["name"] for column in preview["columns"]] == ["id", "name", "lon", "lat"]
    client.call("POST", f"/ingest/commit/{started['job_id']}", json={"title": "Cities", "x_column": "lon", "y_column": "lat"})
    status = client.wait(started["job_id"])
    assert (status["status"], status["rows_processed"]) == ("complete", rows)
    # None of it was ever in memory whole.
    assert server.high_water_mib() < 100
    # A small file takes its place.
    small = tmp_path / "few.csv"
    small.write_text("id,name,lon,lat\n1,a,14.5,46\n")
    dataset = status["dataset_id"]
    again = client.upload(small, start=f"/datasets/{dataset}/reupload/presigned")
    diff = client.call("POST", f"/datasets/{dataset}/reupload/{again['job_id']}/preview")["schema_diff"]
    assert diff["row_count_delta"] == 1 - rows
    client.call("POST", f"/datasets/{dataset}/reupload/{again['job_id']}/commit", json={})
    status = client.wait(again["job_id"])
    assert (status["status"], status["dataset_id"]) == ("complete", dataset)
    assert sha256_over_s3(server, again, "few.csv") == hashlib.sha256(small.read_bytes()).hexdigest()
    with pytest.raises(ClientError):
        server.s3().head_object(Bucket="geolens", Key=f"staging/{started['job_id']}/frozen/cities.csv")


def test_parts_of_a_killed_server_are_completed(start, table):
    path, _ = table
    server = start()
    client = client_of(server)
    started = client.call("POST", "/ingest/upload/presigned", json={"filename": "c.csv", "file_size": path.stat().st_size, "content_type": "text/csv"})
    parts = [client.put(path, started["part_size"], *part) for part in enumerate(started["urls"])]
    server.process.kill()
    server.process.wait()
    server.start()
    client = client_of(server)
    client.call("POST", f"/ingest/upload/presigned/{started['job_id']}/complete", json={"parts": parts})
    client.call("POST", f"/ingest/commit/{started['job_id']}", json={"title": "C"})
    # In the middle of the import, or before it.
    server.process.kill()
    server.process.wait()
    server.start()
    assert client_of(server).wait(started["job_id"])["status"] == "complete"


def test_single_put_signs_its_type(start, tmp_path):
    server = start()
    client = client_of(server)
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    started = client.call("POST", "/ingest/upload/presigned", json={"filename": "a.csv", "file_size": 8, "content_type": "text/csv"})
    assert requests.put(started["urls"][0], data=path.read_bytes(), headers={"Content-Type": "text/plain"}).status_code == 403
    with pytest.raises(RuntimeError) as early:
        client.call("POST", f"/ingest/upload/presigned/{started['job_id']}/complete", json={"parts": []})
    assert early.value.args == (400, "File not found in S3 after upload")
    started = client.upload(path)
    assert sha256_over_s3(server, started, "a.csv") == hashlib.sha256(path.read_bytes()).hexdigest()


def test_direct_upload_with_keys(start):
    server = start()
    base, key = server.ready["facades"]["geolens"], server.ready["secret_key"]
    for more in ({"headers": {"X-Api-Key": key}}, {"params": {"api_key": key}}):
        file = ("a.geojson", io.BytesIO(b'{"type": "Point", "coordinates": [1, 2]}'), "application/geo+json")
        answer = requests.post(f"{base}/ingest/upload", files={"file": file}, **more)
        assert answer.status_code == 201, answer.text
        preview = requests.post(f"{base}/ingest/preview/{answer.json()['job_id']}", **more).json()
        assert (preview["geometry_type"], preview["feature_count"], preview["crs"]) == ("Point", 1, 4326)
    refused = requests.post(f"{base}/ingest/upload", files={"file": file}, headers={"X-Api-Key": "nothing"})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_large_direct_upload_is_streamed(start, table):
    path, rows = table
    server = start()
    client = client_of(server)
    # By hand: requests would read the whole form into memory first.
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\nContent-Type: text/csv\r\n\r\n'

    def form():
        yield head
        with path.open("rb") as file:
            while piece := file.read(MIB):
                yield piece
        yield b"\r\n--x--\r\n"

    job = client.call("POST", "/ingest/upload", data=form(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert client.call("POST", f"/ingest/preview/{job['job_id']}")["feature_count"] == rows
    assert server.high_water_mib() < 100


def test_a_page_of_another_origin(start):
    server = start("--facade", "geolens=:0")
    base, origin = server.ready["facades"]["geolens"], {"Origin": "http://localhost:5173"}
    asked = {**origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    preflight = requests.options(f"{base}/api/ingest/upload/presigned", headers=asked)
    assert preflight.headers["Access-Control-Allow-Origin"] == origin["Origin"]
    client = client_of(server, f"{base}/api")
    started = client.call("POST", "/ingest/upload/presigned", json={"filename": "a.csv", "file_size": 101 * MIB}, headers=origin)
    # The URLs lead to the port that was asked.
    assert started["urls"][0].startswith(f"{base}/geolens/staging/")
    asked["Access-Control-Request-Method"] = "PUT"
    assert requests.options(started["urls"][0], headers=asked).headers["Access-Control-Allow-Origin"] == origin["Origin"]
    put = requests.put(started["urls"][0], data=b"x", headers=origin)
    assert put.ok and "ETag" in put.headers["Access-Control-Expose-Headers"]

"""HERE's own TypeScript SDK from npm, end to end through the HERE facade."""

import hashlib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from staves import MIB, clean_environment, npm_ci, tool

HRN = "hrn:here:data::olp-here:my-catalog"


@pytest.fixture(scope="module")
def sdk():
    return npm_ci("here") / "upload.mjs"


def test_sdk_uploads_in_parts_by_key_and_by_handle(start, sdk, tmp_path):
    server = start()
    file = tmp_path / "map.bin"
    file.write_bytes(os.urandom(7 * 5 * MIB + 12345))
    facade = server.ready["facades"]["here"]
    done = subprocess.run(
        [tool("node"), sdk, facade, server.ready["access_key"], server.ready["secret_key"], file, HRN],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{server.log}"
    saw = json.loads(done.stdout.splitlines()[-1])
    # Those that got a 503 were sent again, under the same number.
    assert sorted(saw["failed"]) == [2, 5]
    assert sorted(saw["order"]) == list(range(1, 9))
    assert saw["order"] != sorted(saw["order"]), "the list was in finishing order"
    assert saw["status"] == {"status": "completed"}
    assert saw["exists"] == 200
    assert saw["names"] == ["tiles/map.bin"]
    assert (saw["rangeSame"], saw["v1Same"]) == (True, True)
    assert (saw["small"], saw["gone"], saw["again"]) == ({"a": 1}, 404, 409)

    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    s3 = server.s3()
    for key in ["layer-1/keys/tiles/map.bin", "layer-1/keys/copy.bin", "layer-1/data/handle-1"]:
        got = s3.get_object(Bucket="here-my-catalog", Key=key)
        assert hashlib.sha256(got["Body"].read()).hexdigest() == expected
        assert got["ContentType"] == "application/x-map"
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="here-my-catalog")


def test_largest_parts_are_not_held_in_memory(start):
    server = start("--durability", "process")
    layer = server.ready["facades"]["here"] + "/layers/l1"
    session = requests.Session()
    session.headers["Authorization"] = "Bearer " + server.ready["secret_key"]
    started = session.post(f"{layer}/keys/k", json={"contentType": "a/b"}).json()
    part = f"{layer}/keysMultipart/{started['multipartToken']}/parts"
    block = os.urandom(MIB)

    def upload(number):
        answer = requests.post(
            part,
            params={"partNumber": number},
            data=(block for _ in range(96)),
            headers={**session.headers, "Content-Type": "a/b", "X-HERE-Digest": f"SHA256:{digest}"},
        )
        answer.raise_for_status()
        return {"id": answer.json()["id"], "number": number}

    digest = hashlib.sha256(block * 96).hexdigest()
    before = server.high_water_mib()
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(upload, range(1, 5)))
    grown = server.high_water_mib() - before
    assert grown < 48, f"four parts of 96 MiB at once took {grown:.0f} MiB more"
    too_large = requests.post(part, params={"partNumber": 5}, data=(block for _ in range(97)), headers=session.headers)
    assert too_large.status_code == 413
    done = session.put(f"{layer}/keysMultipart/{started['multipartToken']}", json={"parts": parts})
    assert done.status_code == 204
    assert server.s3().head_object(Bucket="here-default", Key="l1/keys/k")["ContentLength"] == 4 * 96 * MIB
    assert len(server.blob_files()) == 4

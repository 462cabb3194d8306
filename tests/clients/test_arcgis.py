"""ArcGIS uploads: Esri's own package `arcgis` (2.4.4, PyPI) against the real binary, and a form that is larger than memory.

The package is driven as it comes: its classes for ArcGIS Server, with its own login, and for Kubernetes, with a token of the
portal's, since the class that would log in wants a whole portal. It runs in a Python of its own (esri/), where only what its upload part
imports is installed.
"""

import json
import subprocess
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conftest import sha256
from staves import MIB, clean_environment

ESRI = Path(__file__).parent / "esri"
PYTHON = ESRI / ".venv/bin/python"
BOUNDARY = "----staves"


def drive(kind, site, whole, split, folder, **env):
    """What the package was answered."""
    command = [PYTHON, ESRI / "uploads.py", kind, site, whole, split]
    environment = clean_environment(TMPDIR=str(folder), PYTHONDONTWRITEBYTECODE="1", **env)
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def files(tmp_path, big_file):
    """A small file, and one of 11 MB that no two parts have in common."""
    whole, split = tmp_path / "places.csv", tmp_path / "Test.sd"
    whole.write_text("x,y\n14.5,46.05\n")
    with big_file.open("rb") as file:
        split.write_bytes(file.read(11_000_000))
    return whole, split


def object_of(server, bucket, item):
    return server.s3().get_object(Bucket=bucket, Key=f"uploads/{item['itemID']}/{item['itemName']}")


def check(server, bucket, files, said):
    """What holds for both classes."""
    whole, split = files
    assert said["uploaded"] is True
    item = said["upload"]["item"]
    assert item["itemName"] == "places.csv" and item["description"] == "In one piece" and item["committed"] is True
    uploaded, refusal = said["refused"]
    assert uploaded is False and refusal["code"] == 400 and "'uploads.py' may not be uploaded" in refusal["messages"][0]
    for made, count in [(said["in_parts"], 4), (said["reversed"], 3)]:
        assert made["registered"]["committed"] is False and made["item"]["committed"] is True
        assert made["answers"] == [{"status": "success"}] * count and len(made["parts"]) == count
        assert made["committed"] is True and made["parts_after"] == []
    data = split.read_bytes()
    made = object_of(server, bucket, said["in_parts"]["item"])
    assert made["Metadata"] == {"itemid": said["in_parts"]["item"]["itemID"], "description": "In parts"}
    assert made["Body"].read() == data
    backwards = object_of(server, bucket, said["reversed"]["item"])["Body"].read()
    assert backwards == data[10_000_000:] + data[5_000_000:10_000_000] + data[:5_000_000]
    assert said["deleted"] is True and said["deleted_again"] is False
    keys = [entry["Key"] for entry in server.s3().list_objects_v2(Bucket=bucket)["Contents"]]
    assert len(keys) == 2 and not any(item["itemID"] in key for key in keys)


@pytest.mark.parametrize("tls", [[], ["--tls"]], ids=["http", "https"])
def test_esris_server_client(start, tmp_path, files, tls):
    server = start("--facade", "arcgis=127.0.0.1:0", *tls)
    if tls:
        server.s3 = lambda s3=server.s3: s3(verify=str(server.data / "tls/ca.pem"))
    said = drive("server", server.ready["facades"]["arcgis"] + "/arcgis", *files, tmp_path)
    check(server, "arcgis-arcgis", files, said)
    assert said["before"] == {"items": []} and len(said["list"]["items"]) == 3 and len(said["after"]["items"]) == 2
    assert said["in_parts"]["parts"] == ["Test.sd.1", "Test.sd.2", "Test.sd.3", "Test.sd.4"]
    assert said["upload"]["item"]["itemID"].startswith("i") and "pathOnServer" in said["upload"]["item"]


@pytest.mark.parametrize("flags", [[], ["--facade", "arcgis=127.0.0.1:0"]], ids=["prefix", "own-port"])
def test_esris_kubernetes_client(start, tmp_path, files, flags):
    server = start(*flags)
    said = drive("kubernetes", server.ready["facades"]["arcgis"] + "/k8s", *files, tmp_path)
    check(server, "arcgis-k8s", files, said)
    assert said["before"] == {"uploadItems": []} and len(said["list"]["uploadItems"]) == 3
    assert said["in_parts"]["parts"] == ["1", "2", "3", "4"]
    assert Path(said["downloaded"]).read_bytes() == files[1].read_bytes()


def send_form(url, path, field, fields):
    """A multipart form, streamed."""
    text = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields
    )
    head = f'{text}--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="big.zip"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()

    def body():
        yield head
        with path.open("rb") as file:
            while block := file.read(MIB):
                yield block
        yield tail

    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=120)
    length = len(head) + path.stat().st_size + len(tail)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Content-Length": str(length)}
    connection.request("POST", parts.path, body=body(), headers=headers)
    reply = connection.getresponse()
    answer = json.loads(reply.read())
    assert reply.status == 200 and answer["status"] == "success", answer
    return answer


def test_large_forms_are_never_in_memory(start, big_file):
    server = start()
    before = server.high_water_mib()
    uploads = server.ready["facades"]["arcgis"] + "/arcgis/admin/uploads"
    fields = [("f", "json"), ("token", server.ready["secret_key"])]
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(send_form(f"{uploads}/upload", big_file, "itemFile", fields)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4
    grown = server.high_water_mib() - before
    print(f"\n4 forms of {big_file.stat().st_size / MIB:.0f} MiB: {grown:.1f} MiB more", file=sys.stderr)
    assert grown < 40
    copy = big_file.with_name("copy.bin")
    with copy.open("wb") as file:
        body = object_of(server, "arcgis-arcgis", answers[0]["item"])["Body"]
        for block in body.iter_chunks(MIB):
            file.write(block)
    assert sha256(copy) == sha256(big_file)
    copy.unlink()

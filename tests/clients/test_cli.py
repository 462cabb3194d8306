"""The binary itself: what it prints, how it ends, and what it says when something is wrong."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
import requests
from conftest import sha256

import staves
from staves import MIB, Staves, run, tool

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def put(server, key, body):
    server.s3().put_object(Bucket="bkt", Key=key, Body=body)


def test_help_says_how_to_start():
    done = run("--help")
    assert done.returncode == 0
    for word in ["serve", "presign", "check", "health", "--data", "--port", "--durability", "STAVES_", "staves.toml"]:
        assert word in done.stdout, word
    assert run("--version").stdout.startswith("staves ")


def test_the_first_line_is_json_when_ready(start):
    server = start("--access-key", "alice", "--secret-key", "rabbit-hole", "--region", "eu-west-1")
    assert list(server.ready) == ["endpoint", "access_key", "secret_key", "region", "pid", "facades"]
    assert server.ready["pid"] == server.process.pid
    assert [server.ready[name] for name in ["access_key", "secret_key", "region"]] == ["alice", "rabbit-hole", "eu-west-1"]
    assert server.s3().list_buckets()["Buckets"] == []
    server.stop()
    assert "rabbit-hole" not in server.log, "one's own secret does not go into logs"


def test_buckets_and_a_seed_are_there_from_the_start(start, tmp_path):
    files = {"site/index.html": "text/html", "site/a/b.json": "application/json", "site/ü.png": "image/png"}
    for name in files:
        (tmp_path / "seed" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "seed" / name).write_text(name)
    server = start("--seed", tmp_path / "seed", "--bucket", "more", "--bucket", "logs")
    for _ in range(2):
        s3 = server.s3()
        assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["logs", "more", "site"]
        for name, content_type in files.items():
            got = s3.get_object(Bucket="site", Key=name.removeprefix("site/"))
            assert (got["ContentType"], got["Body"].read()) == (content_type, name.encode())
        # Again on the same directory: what is there already is no error.
        server.restart()


def test_presigned_lines_work_in_a_shell(server, tmp_path):
    curl = tool("curl")
    (tmp_path / "FILE").write_bytes(b"by curl")

    def presign(*arguments):
        done = run("presign", *arguments, "--endpoint", server.endpoint, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def shell(line):
        assert line.startswith("curl ")
        line = line.replace("curl ", f"{curl} --silent --show-error --noproxy '*' ", 1)
        done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr

    shell(presign("s3://bkt/a b/ü.txt", "--method", "PUT", "--curl"))
    shell(presign("s3://bkt/a b/ü.txt", "--curl"))
    assert (tmp_path / "ü.txt").read_bytes() == b"by curl"
    assert requests.get(presign("s3://bkt/a b/ü.txt")).content == b"by curl"
    assert requests.get(presign("s3://bkt/a b/ü.txt", "--secret-key", "no", "--access-key", "test")).status_code == 403

    s3 = server.s3()
    upload = s3.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    shell(presign("s3://bkt/k", "--upload-id", upload, "--part-number", "1", "--curl"))
    assert [part["Size"] for part in s3.list_parts(Bucket="bkt", Key="k", UploadId=upload)["Parts"]] == [7]


def test_check_finds_what_was_changed(server):
    put(server, "small", b"small")
    put(server, "large", b"x" * MIB)
    refused = run("check", "--data", server.data)
    assert refused.returncode == 2 and "another" in refused.stderr.lower(), refused.stderr
    server.stop()
    clean = run("check", "--data", server.data)
    assert (clean.returncode, "all is well" in clean.stdout) == (0, True), clean.stdout + clean.stderr

    (blob,) = server.blob_files()
    with blob.open("r+b") as file:
        file.seek(4711)
        file.write(b"y")
    damaged = run("check", "--data", server.data)
    assert damaged.returncode == 1 and "not those that were stored" in damaged.stdout, damaged.stdout
    assert blob.name in damaged.stdout and "s3://bkt/large" in damaged.stdout, damaged.stdout
    report = json.loads(run("check", "--data", server.data, "--json").stdout)
    assert report["clean"] is False and len(report["differences"]) == 1

    blob.unlink()
    missing = run("check", "--data", server.data)
    assert missing.returncode == 1 and "1 difference" in missing.stdout, missing.stdout
    assert run("check", "--data", server.data / "none").returncode == 2


def test_a_newer_data_directory_is_refused(server):
    server.stop()
    database = sqlite3.connect(server.data / "staves.db")
    database.execute("PRAGMA user_version = 99")
    database.close()
    for done in [run("check", "--data", server.data), run("--data", server.data, "--port", "0")]:
        assert done.returncode in (1, 2) and "99" in done.stderr and "newer" in done.stderr, done.stderr


def test_a_corrupt_database_is_refused(server):
    server.stop()
    for file in server.data.glob("staves.db*"):
        file.write_bytes(b"no database at all" * 1000)
    done = run("--data", server.data, "--port", "0")
    assert done.returncode == 1 and "staves.db" in done.stderr and "panicked" not in done.stderr, done.stderr


def test_health(server):
    well = run("health", "--url", server.endpoint)
    assert well.returncode == 0 and '"status":"ok"' in well.stdout
    assert requests.get(server.endpoint + "/_staves/health").json()["status"] == "ok"
    server.stop()
    ill = run("health", "--url", server.endpoint)
    assert ill.returncode == 1 and "is not well" in ill.stderr


def test_one_server_per_directory_and_port(server, tmp_path):
    same = run("--data", server.data, "--port", "0")
    assert same.returncode == 1 and str(server.data) in same.stderr, same.stderr
    assert "another" in same.stderr.lower(), same.stderr
    port = run("--data", tmp_path / "other", "--host", "127.0.0.1", "--port", server.port)
    assert port.returncode == 1 and "already in use" in port.stderr and "--port" in port.stderr
    put(server, "k", b"still well")


def test_misspelt_settings_are_answered_with_the_nearest(tmp_path):
    flag = run("--prot", "1", cwd=tmp_path)
    assert flag.returncode == 2 and "--port" in flag.stderr
    variable = run(cwd=tmp_path, env={"STAVES_DURABILTY": "memory"})
    assert variable.returncode == 1 and "STAVES_DURABILITY" in variable.stderr, variable.stderr
    (tmp_path / "staves.toml").write_text('min_part_sise = "1"\n')
    key = run(cwd=tmp_path)
    assert key.returncode == 1 and "min_part_size" in key.stderr and "staves.toml" in key.stderr, key.stderr
    value = run("--durability", "forever", cwd=tmp_path)
    assert value.returncode != 0 and "process" in value.stderr


def test_flags_win_over_variables_over_the_file(start, tmp_path):
    (tmp_path / "staves.toml").write_text('region = "file"\naccess_key = "file"\nmin_part_size = 1\n')
    server = start("--region", "flag", env={"STAVES_REGION": "variable", "STAVES_ACCESS_KEY": "variable"})
    assert (server.ready["region"], server.ready["access_key"]) == ("flag", "variable")


def test_memory_durability_leaves_nothing(start):
    server = start("--bucket", "bkt", "--durability", "memory")
    put(server, "k", b"x" * 5 * MIB)
    assert server.s3().head_object(Bucket="bkt", Key="k")["ContentLength"] == 5 * MIB
    server.stop()
    assert not server.data.exists()


def test_tls_with_the_ca_that_is_named(start):
    server = start("--bucket", "bkt", "--tls")
    assert server.endpoint.startswith("https://") and os.path.exists(server.ready["ca_file"])
    s3 = server.s3(verify=server.ready["ca_file"])
    s3.put_object(Bucket="bkt", Key="k", Body=b"secretly")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "bkt", "Key": "k"})
    assert requests.get(url, verify=server.ready["ca_file"]).content == b"secretly"
    by_name = f"https://localhost:{server.port}/_staves/health"
    assert requests.get(by_name, verify=server.ready["ca_file"]).json()["status"] == "ok"
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(url)
    assert run("health", "--url", server.endpoint).returncode == 0
    before = sha256(server.ready["ca_file"])
    server.restart()
    assert sha256(server.ready["ca_file"]) == before, "clients go on trusting it"


def test_sigterm_lets_an_upload_finish(server):
    put(server, "before", b"x")
    url = urlsplit(server.s3().generate_presigned_url("put_object", Params={"Bucket": "bkt", "Key": "k"}))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", str(4 * MIB))
    connection.endheaders()
    connection.send(b"x" * MIB)
    time.sleep(0.3)
    server.process.send_signal(signal.SIGTERM)
    for _ in range(3):
        time.sleep(0.2)
        assert server.running()
        connection.send(b"x" * MIB)
    assert connection.getresponse().status == 200
    assert server.process.wait(timeout=30) == 0
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    server.start()
    assert server.s3().head_object(Bucket="bkt", Key="k")["ContentLength"] == 4 * MIB


def test_a_vanished_client_leaves_nothing(server):
    url = urlsplit(server.s3().generate_presigned_url("put_object", Params={"Bucket": "bkt", "Key": "k"}))
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", str(4 * MIB))
    connection.endheaders()
    connection.send(b"x" * MIB)
    connection.close()
    eventually(lambda: server.blob_files() == [])
    assert server.s3().list_objects_v2(Bucket="bkt")["KeyCount"] == 0


@as_root
def test_a_directory_that_cannot_be_written(tmp_path):
    # As nobody, who has to reach both the binary and the directory.
    where = tmp_path / "readonly"
    where.mkdir()
    binary = shutil.copy(staves.BIN, tmp_path / "staves")
    for directory in [where, *where.parents][:4]:
        directory.chmod(0o755)
    command = [tool("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", binary]
    done = subprocess.run(
        [*command, "--data", where / "data", "--port", "0"],
        cwd="/", env=staves.clean_environment(), capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 1 and str(where / "data") in done.stderr, done.stderr
    assert "ermission denied" in done.stderr and "panicked" not in done.stderr, done.stderr


@pytest.fixture
def small_disk(tmp_path):
    where = tmp_path / "small"
    where.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(where)]
    mounted = subprocess.run(command, capture_output=True, text=True) if shutil.which("mount") else None
    if mounted is None or mounted.returncode != 0:
        pytest.skip(f"cannot mount a small disk: {mounted.stderr.strip() if mounted else 'no mount'}")
    yield where
    subprocess.run(["umount", "--lazy", str(where)], check=True)


@as_root
def test_a_full_disk(small_disk, tmp_path):
    server = Staves(tmp_path, "--bucket", "bkt", data=small_disk / "data")
    s3 = server.s3()
    put(server, "before", b"b" * MIB)
    upload = s3.create_multipart_upload(Bucket="bkt", Key="parts")["UploadId"]
    params = {"Bucket": "bkt", "Key": "parts", "UploadId": upload, "PartNumber": 1}
    for url in [
        s3.generate_presigned_url("put_object", Params={"Bucket": "bkt", "Key": "large"}),
        s3.generate_presigned_url("upload_part", Params=params),
    ]:
        reply = requests.put(url, data=b"x" * 16 * MIB)
        assert reply.status_code == 507 and "<Code>InsufficientStorage</Code>" in reply.text, reply.text
    eventually(lambda: len(server.blob_files()) == 1)
    assert [item["Key"] for item in s3.list_objects_v2(Bucket="bkt")["Contents"]] == ["before"]
    assert "Parts" not in s3.list_parts(Bucket="bkt", Key="parts", UploadId=upload)
    put(server, "after", b"a" * MIB)
    assert s3.get_object(Bucket="bkt", Key="before")["Body"].read() == b"b" * MIB
    server.stop()
    assert run("check", "--data", server.data).returncode == 0


def eventually(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never"
        time.sleep(0.05)

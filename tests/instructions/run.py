#!/usr/bin/env python3
"""Counts the server's instructions per request under Callgrind, and compares them with what was counted before.

Instructions hold on a noisy machine, where times do not. Requests go one after the other, so that bodies are hashed by the
plain MD5: Valgrind does not know the widest vectors.

  tests/instructions/run.py             fails if a request takes more than 10 % more than in baseline.json
  tests/instructions/run.py --update    writes baseline.json
  tests/instructions/run.py --keep DIR  keeps Callgrind's files, for callgrind_annotate (build with symbols for that)

Needs valgrind. STAVES_BIN is the binary to run (default: target/release/staves).
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).parent
BASELINE = HERE / "baseline.json"
TOLERANCE = 0.10
BIN = os.environ.get("STAVES_BIN", str(HERE.parents[1] / "target/release/staves"))
SECRET = b"AWS4test"
BODY = bytes(range(256)) * 16
LARGE = BODY * 256


class Client:
    """One connection, and requests signed with SigV4 in the header."""

    def __init__(self, endpoint):
        self.host = endpoint.removeprefix("http://")
        self.connection = http.client.HTTPConnection(self.host, timeout=600)

    def send(self, method, path, query=None, body=b"", headers=None):
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{now[:8]}/us-east-1/s3/aws4_request"
        query = "&".join(f"{quote(k, safe='')}={quote(str(v), safe='')}" for k, v in sorted((query or {}).items()))
        headers = {"host": self.host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD", "x-amz-date": now, **(headers or {})}
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD"
        to_sign = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = SECRET
        for step in [*scope.split("/"), to_sign]:
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential=test/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        )
        self.connection.request(method, f"{path}?{query}" if query else path, body=body, headers=headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 204):
            sys.exit(f"{method} {path}: {answer.status} {content.decode(errors='replace')}")
        return content.decode(errors="replace") if len(content) < 1 << 20 else ""


def crc32(body):
    return {"x-amz-checksum-crc32": base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()}


def upload_of(client, parts):
    """An upload with its parts, and the list that completes it."""
    upload = re.search("<UploadId>(.*?)</UploadId>", client.send("POST", "/bkt/whole", {"uploads": ""})).group(1)
    etag = hashlib.md5(b"x").hexdigest()
    for number in range(1, parts + 1):
        client.send("PUT", "/bkt/whole", {"partNumber": number, "uploadId": upload}, b"x")
    listed = "".join(f"<Part><PartNumber>{n}</PartNumber><ETag>{etag}</ETag></Part>" for n in range(1, parts + 1))
    return upload, f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()


def workloads(client):
    """Name, how often, and what is done each time. What each needs is there before it is counted."""
    small, large = crc32(BODY), crc32(LARGE)
    yield "PUT of 4 KiB", 300, lambda n: client.send("PUT", f"/bkt/put-{n:05}", body=BODY, headers=small)
    yield "GET of 4 KiB", 300, lambda n: client.send("GET", f"/bkt/put-{n % 300:05}")
    yield "HEAD", 300, lambda n: client.send("HEAD", f"/bkt/put-{n % 300:05}")
    yield "PUT of 1 MiB", 20, lambda n: client.send("PUT", f"/bkt/large-{n}", body=LARGE, headers=large)
    yield "GET of 1 MiB", 50, lambda n: client.send("GET", f"/bkt/large-{n % 20}")
    found = client.send("POST", "/bkt/parts", {"uploads": ""})
    upload = re.search("<UploadId>(.*?)</UploadId>", found).group(1)
    part = lambda n: client.send("PUT", "/bkt/parts", {"uploadId": upload, "partNumber": n + 1}, b"x")  # noqa: E731
    yield "UploadPart of 1 byte", 300, part
    for n in range(700):
        client.send("PUT", f"/bkt/list-{n:05}", body=b"")
    yield "list of 1,000 keys", 5, lambda n: client.send("GET", "/bkt", {"list-type": 2, "prefix": ""})
    yield "list of 1,000 keys by a delimiter", 5, lambda n: client.send("GET", "/bkt", {"list-type": 2, "delimiter": "-"})
    uploads = [upload_of(client, 500) for _ in range(2)]
    yield "Complete of 500 parts", 2, lambda n: client.send(
        "POST", "/bkt/whole", {"uploadId": uploads[n][0]}, uploads[n][1]
    )


class Counted:
    """A server under Callgrind."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.dumps = 0
        out = f"--callgrind-out-file={self.directory}/callgrind"
        serve = [BIN, "--data", f"{directory}/data", "--host", "127.0.0.1", "--port", "0", "--ready-json"]
        flags = ["--bucket", "bkt", "--min-part-size", "1", "--log", "warn"]
        command = ["valgrind", "--tool=callgrind", "--quiet", out, *serve, *flags]
        env = {name: value for name, value in os.environ.items() if not name.startswith("STAVES_")}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the server did not start: {self.process.stderr.read()}")
        self.endpoint = json.loads(line)["endpoint"]

    def control(self, *arguments):
        command = ["callgrind_control", *arguments, str(self.process.pid)]
        subprocess.run(command, check=True, capture_output=True, text=True)

    def count(self, work):
        self.control("--zero")
        work()
        self.control("--dump")
        self.dumps += 1
        text = (self.directory / f"callgrind.{self.dumps}").read_text()
        # A dump has a section for each thread, or one for all.
        return sum(int(total) for total in re.findall(r"^totals: (\d+)", text, re.MULTILINE))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=120)


def measure(directory):
    server = Counted(directory)
    client = Client(server.endpoint)
    counted = {}
    for name, times, once in workloads(client):
        counted[name] = server.count(lambda: [once(n) for n in range(times)]) // times
        print(f"  {name:<36} {counted[name]:>12,}", flush=True)
    server.stop()
    return counted


def compare(counted, before):
    """What to say of each, and whether anything is worse than it may be."""
    worse = []
    for name, now in counted.items():
        if name not in before:
            print(f"{name}: not counted before; run with --update")
            continue
        change = now / before[name] - 1
        if change > TOLERANCE:
            worse.append(f"{name}: {now:,} instructions, {change:+.1%} on {before[name]:,}")
        elif change < -TOLERANCE:
            print(f"{name}: {change:+.1%}; keep it with --update")
    return worse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write baseline.json")
    parser.add_argument("--keep", metavar="DIR", help="keep Callgrind's files there")
    arguments = parser.parse_args()
    print("instructions per request")
    if arguments.keep:
        Path(arguments.keep).mkdir(parents=True, exist_ok=True)
        counted = measure(arguments.keep)
    else:
        with tempfile.TemporaryDirectory() as directory:
            counted = measure(directory)
    if arguments.update:
        BASELINE.write_text(json.dumps(counted, indent=2) + "\n")
        return
    worse = compare(counted, json.loads(BASELINE.read_text()))
    if worse:
        sys.exit("slower than it was:\n  " + "\n  ".join(worse) + "\nIf that is the price of something, say so and --update.")


if __name__ == "__main__":
    main()

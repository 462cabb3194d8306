"""A web page from another origin uploads by presigned part URLs in headless Chromium, so that CORS is seen to work."""

import json
import os
import queue
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from staves import MIB

PART = 5 * MIB
SIZE = 2 * PART + 12345
PAGE = Path(__file__).parent / "browser/page.html"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--no-proxy-server",
]  # fmt: skip

if os.environ.get("CI") or os.environ.get("STAVES_BROWSER") == "required":
    assert CHROMIUM, "Chromium is not installed"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


def content():
    return bytes((at * 31 + (at >> 8)) % 251 for at in range(SIZE))


@pytest.fixture
def web(tmp_path):
    """The web application: serves its page and the plan, and takes the outcome. Yields a function that runs it."""
    outcomes = queue.Queue()
    plan = {}

    class Application(BaseHTTPRequestHandler):
        def do_GET(self):
            pages = {"/": (PAGE.read_bytes(), "text/html"), "/plan": (json.dumps(plan).encode(), "application/json")}
            body, content_type = pages.get(self.path, (b"", "text/plain"))
            self.answer(200 if self.path in pages else 404, body, content_type)

        def do_POST(self):
            outcomes.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(200, b"", "text/plain")

        def answer(self, status, body, content_type):
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{application.server_port}"

    def browse(new_plan):
        plan.update(new_plan)
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--remote-debugging-port=0", origin + "/"]
        with (tmp_path / "chromium.log").open("wb") as log:
            browser = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            return outcomes.get(timeout=90)
        except queue.Empty:
            raise AssertionError((tmp_path / "chromium.log").read_text()[-4000:]) from None
        finally:
            browser.terminate()
            browser.wait(timeout=30)

    browse.origin = origin
    yield browse
    application.shutdown()


@pytest.fixture
def plan(s3):
    upload = s3.create_multipart_upload(Bucket="bkt", Key="k")["UploadId"]
    key = {"Bucket": "bkt", "Key": "k"}

    def part(number):
        url = s3.generate_presigned_url("upload_part", Params={**key, "UploadId": upload, "PartNumber": number})
        return {"number": number, "url": url, "from": (number - 1) * PART, "to": min(number * PART, SIZE)}

    return {
        "size": SIZE,
        "parts": [part(number) for number in (1, 2, 3)],
        "complete": s3.generate_presigned_url("complete_multipart_upload", Params={**key, "UploadId": upload}),
        "get": s3.generate_presigned_url("get_object", Params=key),
    }


def allow(s3, origin, **more):
    rule = {"AllowedOrigins": [origin], "AllowedMethods": ["GET", "PUT", "POST"], **more}
    s3.put_bucket_cors(Bucket="bkt", CORSConfiguration={"CORSRules": [rule]})


def test_a_page_uploads_in_parts(s3, web, plan):
    allow(s3, web.origin, AllowedHeaders=["content-type"], ExposeHeaders=["ETag"], MaxAgeSeconds=60)
    outcome = web(plan)
    assert "failure" not in outcome, outcome
    assert (outcome["status"], outcome["same"]) == (200, True)
    assert outcome["hidden"] is None, "what is not exposed stays hidden"
    assert s3.get_object(Bucket="bkt", Key="k")["Body"].read() == content()


def test_without_cors_the_page_fails(s3, server, web, plan):
    outcome = web(plan)
    assert outcome == {"failure": "TypeError: Failed to fetch"}
    server.says("CORS: the bucket has no configuration")


def test_for_another_origin_the_page_fails_and_the_log_says_why(s3, server, web, plan):
    allow(s3, "https://example.com", AllowedHeaders=["*"], ExposeHeaders=["ETag"])
    assert web(plan) == {"failure": "TypeError: Failed to fetch"}
    server.says(f"does not match \"{web.origin}\"")


def test_an_etag_that_is_not_exposed_is_not_seen(s3, web, plan):
    allow(s3, web.origin, AllowedHeaders=["content-type"])
    assert "the ETag is not exposed" in web(plan)["failure"]

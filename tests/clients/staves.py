"""The real binary as a process: started on a free port in a directory of its own, stopped by SIGTERM.

Not a client: those are in the tests.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

BIN = os.environ.get("STAVES_BIN", str(Path(__file__).parents[2] / "target/release/staves"))
START_SECONDS = 30
MIB = 1024 * 1024


def clean_environment(**more):
    """The environment without anybody's AWS or Staves settings, and without proxies."""
    lowered = ("aws_", "staves_", "http_proxy", "https_proxy", "all_proxy", "no_proxy")
    env = {name: value for name, value in os.environ.items() if not name.lower().startswith(lowered)}
    env["AWS_EC2_METADATA_DISABLED"] = "true"
    return {**env, **more}


def run(*arguments, cwd=None, env=None, timeout=60, prefix=()):
    """Runs the binary until it ends by itself."""
    command = [*prefix, BIN, *map(str, arguments)]
    env = clean_environment(**(env or {}))
    return subprocess.run(command, cwd=cwd, env=env, timeout=timeout, capture_output=True, text=True)


def client_environment(server, **more):
    """The environment in which AWS's own SDKs find `server` and its keys by themselves."""
    return clean_environment(
        AWS_ACCESS_KEY_ID=server.ready["access_key"],
        AWS_SECRET_ACCESS_KEY=server.ready["secret_key"],
        AWS_REGION=server.ready["region"],
        AWS_ENDPOINT_URL=server.endpoint,
        AWS_CONFIG_FILE="/dev/null",
        AWS_SHARED_CREDENTIALS_FILE="/dev/null",
        **more,
    )


def check_with(server, *command, cwd=None, timeout=180, **environment):
    """Runs a client's own checks: it prints those that failed, and ends with 0 where there are none."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=client_environment(server, **environment),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{server.log}"
    leftovers = server.s3().list_buckets()["Buckets"]
    assert leftovers, "the client has talked to this server"
    for bucket in leftovers:
        assert "Uploads" not in server.s3().list_multipart_uploads(Bucket=bucket["Name"]), "uploads are finished or aborted"


def npm_ci(name):
    """The pinned packages of the client in this directory, installed once and again when they change; returns it."""
    client = Path(__file__).parent / name
    lock, installed = client / "package-lock.json", client / "node_modules" / "installed.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        subprocess.run([tool("npm"), "ci", "--silent", "--no-audit", "--no-fund"], cwd=client, check=True, timeout=300)
        shutil.copyfile(lock, installed)
    return client


class Staves:
    """A running server."""

    def __init__(self, directory, *flags, data=None, env=None, prefix=()):
        self.directory = Path(directory)
        self.data = Path(data) if data else self.directory / "data"
        self.flags = [str(flag) for flag in flags]
        self.env = env or {}
        self.prefix = list(prefix)
        self.start()

    def start(self):
        command = [*self.prefix, BIN, "--data", str(self.data), "--host", "127.0.0.1", "--port", "0", "--ready-json"]
        self.process = subprocess.Popen(
            [*command, *self.flags],
            cwd=self.directory,
            env=clean_environment(**self.env),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines = []
        # Standard error is always read: a full pipe would stop the server.
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()
        watchdog = threading.Timer(START_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        if not line:
            code = self.process.wait()
            self.reader.join()
            raise AssertionError(f"staves ended with {code} before it was ready:\n{self.log}")
        self.ready = json.loads(line)
        self.endpoint = self.ready["endpoint"]
        self.port = int(self.endpoint.rsplit(":", 1)[1])

    def read_log(self):
        for line in self.process.stderr:
            self.lines.append(line)

    @property
    def log(self):
        return "".join(self.lines)

    def says(self, words, seconds=5):
        """Waits until the log has these words: it is read by a thread of its own."""
        deadline = time.monotonic() + seconds
        while words not in self.log:
            assert time.monotonic() < deadline, f"not in the log: {words}\n{self.log}"
            time.sleep(0.02)

    def stop(self):
        """SIGTERM; the exit code has to be 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.reader.join()
        assert code == 0, f"exit code {code}:\n{self.log}"
        assert "panicked" not in self.log, self.log

    def restart(self):
        self.stop()
        self.start()

    def running(self):
        return self.process.poll() is None

    def high_water_mib(self):
        """The most memory that was ever resident."""
        status = Path(f"/proc/{self.ready['pid']}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    def blob_files(self):
        """Every file that holds bytes of bodies, arrived or arriving."""
        files = [*self.data.glob("blobs/**/*"), *self.data.glob("tmp/**/*")]
        return [file for file in files if file.is_file()]

    def s3(self, endpoint=None, secret_key=None, verify=None, **config):
        """A boto3 client that does not retry: each answer is seen as it is."""
        config = {
            "retries": {"total_max_attempts": 1},
            "s3": {"addressing_style": "path"},
            "signature_version": "s3v4",
            "proxies": {},
            **config,
        }
        return boto3.session.Session().client(
            "s3",
            endpoint_url=endpoint or self.endpoint,
            aws_access_key_id=self.ready["access_key"],
            aws_secret_access_key=secret_key or self.ready["secret_key"],
            region_name=self.ready["region"],
            verify=verify,
            config=Config(**config),
        )


def wanted(name):
    """Skips the tests of a file where this program is not installed, but never where everything has to be tested."""
    missing = shutil.which(name) is None
    assert not missing or os.environ.get("STAVES_CLIENTS") != "required", f"{name} is not installed"
    return pytest.mark.skipif(missing, reason=f"{name} is not installed")


def tool(name):
    """A program beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    assert found, f"{name} is not installed"
    return found

"""Fixtures: a server of its own for every test that asks for one."""

import hashlib
import os
import random

import pytest

import staves
from staves import MIB, Staves

# Nobody's own settings may reach the clients in this process either. STAVES_* are for the tests; the server never sees them.
for name in set(os.environ) - set(staves.clean_environment()):
    if not name.startswith("STAVES_"):
        del os.environ[name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"


@pytest.fixture
def start(tmp_path):
    """Starts servers that are stopped, and have to end well, at the end of the test."""
    servers = []

    def start(*flags, **more):
        servers.append(Staves(tmp_path, *flags, **more))
        return servers[-1]

    yield start
    for server in servers:
        if server.running():
            server.stop()


@pytest.fixture
def server(start):
    """A server with a bucket `bkt`."""
    return start("--bucket", "bkt")


@pytest.fixture
def s3(server):
    """A boto3 client of `server`."""
    return server.s3()


@pytest.fixture(scope="session")
def big_file(tmp_path_factory):
    """300 MiB and a bit, no two blocks the same."""
    path = tmp_path_factory.mktemp("big") / "big.bin"
    randomness = random.Random(300)
    with path.open("wb") as file:
        for _ in range(300):
            file.write(randomness.randbytes(MIB))
        file.write(b"and a bit")
    return path


@pytest.fixture(scope="session")
def some_file(tmp_path_factory):
    """17 MiB and a bit: four parts of 5 MiB."""
    path = tmp_path_factory.mktemp("some") / "some.bin"
    path.write_bytes(random.Random(17).randbytes(17 * MIB + 11))
    return path


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

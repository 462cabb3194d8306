"""rclone, as its users use it: trees, streams, links, versions. Debian's, whichever version that is."""

import shutil
import subprocess

import pytest
import requests

from staves import client_environment, wanted

pytestmark = wanted("rclone")
NAMES = ["a b", "a+b", "folder/ü 鍵 🪣", "a%2Bb", "folder/deep/quote'\"&", "empty", "~!$(),;=@"]


@pytest.fixture
def rclone(server, tmp_path):
    def rclone(*arguments, status=0, stdin=subprocess.DEVNULL):
        environment = client_environment(
            server,
            RCLONE_CONFIG=str(tmp_path / "rclone.conf"),
            RCLONE_CONFIG_S_TYPE="s3",
            RCLONE_CONFIG_S_PROVIDER="Other",
            RCLONE_CONFIG_S_ENV_AUTH="true",
            RCLONE_CONFIG_S_ENDPOINT=server.endpoint,
            # Debian's 1.60 asks for `private` unless told: new buckets refuse that, AWS's as well as these.
            RCLONE_CONFIG_S_ACL="bucket-owner-full-control",
            RCLONE_CONFIG_S_BUCKET_ACL="private",
            RCLONE_CONFIG_S_CHUNK_SIZE="5Mi",
            RCLONE_CONFIG_S_UPLOAD_CUTOFF="5Mi",
            RCLONE_RETRIES="1",
            RCLONE_LOW_LEVEL_RETRIES="1",
        )
        command = ["rclone", *map(str, arguments)]
        done = subprocess.run(command, env=environment, stdin=stdin, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}\n{server.log}"
        return done.stdout

    return rclone


@pytest.fixture
def tree(tmp_path, some_file):
    """Files with names that need care, and one that goes in parts."""
    tree = tmp_path / "tree"
    for name in NAMES:
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("" if name == "empty" else name)
    shutil.copy(some_file, tree / "big.bin")
    return tree


def test_a_tree_goes_there_and_back(rclone, tree, tmp_path, s3):
    rclone("mkdir", "s:tree-bucket")
    rclone("copy", tree, "s:tree-bucket/in", "--metadata")
    assert sorted(rclone("lsf", "--recursive", "--files-only", "s:tree-bucket/in").splitlines()) == sorted([*NAMES, "big.bin"])
    assert sorted(rclone("lsf", "s:tree-bucket/in/folder").splitlines()) == ["deep/", "ü 鍵 🪣"]
    assert '-4"' in s3.head_object(Bucket="tree-bucket", Key="in/big.bin")["ETag"]
    # By MD5, which rclone keeps in the metadata of what goes in parts, then by the bytes, then by modification times.
    rclone("check", tree, "s:tree-bucket/in")
    rclone("check", "--download", tree, "s:tree-bucket/in")
    back = tmp_path / "back"
    rclone("sync", "s:tree-bucket/in", back)
    for name in [*NAMES, "big.bin"]:
        assert (back / name).read_bytes() == (tree / name).read_bytes(), name
        assert abs((back / name).stat().st_mtime - (tree / name).stat().st_mtime) < 1e-3, name


def test_what_is_on_the_server_is_copied_and_moved_there(rclone, tree, s3):
    rclone("copy", tree, "s:bkt/in")
    # Above this size the copy is of parts.
    rclone("copy", "s:bkt/in", "s:bkt/copied", "--s3-copy-cutoff", "6Mi")
    assert '-3"' in s3.head_object(Bucket="bkt", Key="copied/big.bin")["ETag"]
    rclone("move", "s:bkt/copied", "s:bkt/moved")
    rclone("check", "--download", tree, "s:bkt/moved")
    assert rclone("lsf", "s:bkt").splitlines() == ["in/", "moved/"]

    # A second sync sends what changed, and deletes what is gone.
    (tree / "a b").write_text("changed")
    (tree / "a+b").unlink()
    rclone("sync", tree, "s:bkt/in", "--fast-list")
    rclone("check", "--download", tree, "s:bkt/in")
    assert s3.list_objects_v2(Bucket="bkt", Prefix="in/")["KeyCount"] == len(NAMES)


def test_streams_links_versions_and_refusals(rclone, s3, some_file):
    s3.put_object(Bucket="bkt", Key="a b/ü", Body=b"0123456789")
    assert rclone("cat", "--offset", "2", "--count", "3", "s:bkt/a b/ü") == "234"
    assert requests.get(rclone("link", "--expire", "60s", "s:bkt/a b/ü").strip()).content == b"0123456789"
    with some_file.open("rb") as file:
        rclone("rcat", "s:bkt/streamed", stdin=file)
    assert s3.get_object(Bucket="bkt", Key="streamed")["Body"].read() == some_file.read_bytes()

    s3.put_bucket_versioning(Bucket="bkt", VersioningConfiguration={"Status": "Enabled"})
    rclone("copyto", some_file, "s:bkt/streamed-again")
    rclone("deletefile", "s:bkt/streamed-again")
    assert rclone("lsf", "s:bkt").splitlines() == ["a b/", "streamed"]
    shown = rclone("lsf", "--s3-versions", "s:bkt").splitlines()
    # The one that is deleted has the time of its version in its name.
    assert [name[:16] for name in shown] == ["a b/", "streamed", "streamed-again-v"], shown

    s3.create_multipart_upload(Bucket="bkt", Key="left")
    assert '"Key": "left"' in rclone("backend", "list-multipart-uploads", "s:bkt")
    rclone("backend", "cleanup", "s:bkt", "-o", "max-age=0s")
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="bkt")
    rclone("purge", "s:bkt/a b")
    rclone("lsf", "s:none-at-all", status=3)
    rclone("deletefile", "s:bkt/none", status=1)

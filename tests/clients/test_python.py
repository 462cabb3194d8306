"""Python's other clients, each by its own checks in python/: s3fs, OpenDAL, and DuckDB.

They run in a Python of their own, since s3fs wants an older botocore.
"""

from pathlib import Path

from staves import check_with

HERE = Path(__file__).parent / "python"
PYTHON = HERE / ".venv/bin/python"


def test_s3fs(server, some_file):
    check_with(server, PYTHON, HERE / "s3fs_checks.py", some_file)


def test_opendal(server, s3, some_file):
    s3.create_bucket(Bucket="versions")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    check_with(server, PYTHON, HERE / "opendal_checks.py", some_file)


def test_duckdb(server, s3):
    check_with(server, PYTHON, HERE / "duckdb_checks.py")
    table = s3.head_object(Bucket="bkt", Key="tables/t.parquet")
    assert "-" in table["ETag"], "it was uploaded in parts"

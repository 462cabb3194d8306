"""DuckDB reads and writes tables in S3 by its extension httpfs. The bucket `bkt` exists. `duckdb_checks.py`."""

import os
from importlib.resources import files
from urllib.parse import urlsplit

import duckdb

ROWS = 3_000_000
# DuckDB would fetch the extension from its own site; this is the same file, signed by DuckDB, from PyPI.
extension = next(files("duckdb_extension_httpfs").joinpath("extensions", f"v{duckdb.__version__}").iterdir())
db = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
db.execute(f"LOAD '{extension}'")
db.execute(f"""CREATE SECRET (
    TYPE s3, KEY_ID '{os.environ["AWS_ACCESS_KEY_ID"]}', SECRET '{os.environ["AWS_SECRET_ACCESS_KEY"]}', USE_SSL false,
    REGION '{os.environ["AWS_REGION"]}', ENDPOINT '{urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc}', URL_STYLE 'path'
)""")
# Its largest file in 10,000 parts is the size of its parts: these have the least that S3 takes.
db.execute("SET s3_uploader_max_filesize = '50GB'")


def one(query):
    return db.execute(query).fetchone()


# A table in parts; a query that needs few of its bytes, and one that needs all.
db.execute(f"CREATE TABLE t AS SELECT range AS n, hash(range) AS h, 'row ' || range AS name FROM range({ROWS})")
db.execute("COPY t TO 's3://bkt/tables/t.parquet' (ROW_GROUP_SIZE 100000)")
assert one("SELECT name FROM 's3://bkt/tables/t.parquet' WHERE n = 1234567") == ("row 1234567",)
found = one("SELECT count(*), sum(n), bit_xor(h) FROM 's3://bkt/tables/t.parquet'")
assert found == one("SELECT count(*), sum(n), bit_xor(h) FROM t"), found

# Many files by one pattern, keys that need care, and a partitioned table.
for number, key in enumerate(["a b", "a+b", "ü 鍵", "a=1&c"]):
    db.execute(f"COPY (SELECT {number} AS n) TO 's3://bkt/many/{key}.csv'")
assert one("SELECT sum(n), count(*) FROM 's3://bkt/many/*.csv'") == (6, 4)
db.execute("COPY (SELECT n % 5 AS bucket, n FROM t LIMIT 50000) TO 's3://bkt/parts' (FORMAT parquet, PARTITION_BY bucket)")
assert one("SELECT count(*), min(n) FROM 's3://bkt/parts/*/*.parquet' WHERE bucket = 3") == (10_000, 3)
assert db.execute("SELECT file FROM glob('s3://bkt/tables/**')").fetchall() == [("s3://bkt/tables/t.parquet",)]

for missing in ["s3://bkt/none.parquet", "s3://none-at-all/t.parquet"]:
    try:
        one(f"SELECT * FROM '{missing}'")
    except duckdb.HTTPException as refusal:
        assert refusal.status_code == 404, refusal
    else:
        raise AssertionError(f"{missing} was found")

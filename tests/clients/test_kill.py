"""SIGKILL under load: whatever was acknowledged is there after the restart, whole, and nothing else is left."""

import hashlib
import random
import signal
import threading
import time

import pytest
import staves
from botocore.exceptions import BotoCoreError, ClientError

ROUNDS = 3
WRITERS = 4
MIB = staves.MIB


class Writers:
    """Threads that put objects and parts, and remember what was acknowledged."""

    def __init__(self, server, round_number):
        self.objects, self.on_the_way, self.parts = {}, {}, {}
        self.lock = threading.Lock()
        self.threads = [
            threading.Thread(target=self.write, args=(server.s3(), round_number, n), daemon=True) for n in range(WRITERS)
        ]
        for thread in self.threads:
            thread.start()

    def write(self, s3, round_number, writer):
        randomness = random.Random(round_number * 100 + writer)
        key = f"upload-{round_number}-{writer}"
        try:
            upload = s3.create_multipart_upload(Bucket="bkt", Key=key)["UploadId"]
            for step in range(1, 10_000):
                body = randomness.randbytes(randomness.choice([10, 4096, 9000, 100_000, MIB]))
                name = f"{round_number}/{writer}/{randomness.randrange(50)}"
                digest = hashlib.md5(body).hexdigest()
                with self.lock:
                    self.on_the_way[name] = digest
                s3.put_object(Bucket="bkt", Key=name, Body=body)
                with self.lock:
                    self.objects[name] = digest
                    del self.on_the_way[name]
                etag = s3.upload_part(Bucket="bkt", Key=key, UploadId=upload, PartNumber=step, Body=body)["ETag"]
                with self.lock:
                    self.parts.setdefault((key, upload), {})[step] = etag
        except (BotoCoreError, ClientError):
            return  # The server is gone.

    def join(self):
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


@pytest.mark.parametrize("durability", ["process", "power"])
def test_sigkill_loses_nothing_that_was_acknowledged(start, durability):
    server = start("--bucket", "bkt", "--durability", durability)
    acknowledged = 0
    for round_number in range(ROUNDS):
        writers = Writers(server, round_number)
        time.sleep(0.5 + 0.5 * round_number)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        writers.join()
        checked = staves.run("check", "--data", server.data)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        server.start()
        s3 = server.s3()
        for key, digest in writers.objects.items():
            body = s3.get_object(Bucket="bkt", Key=key)["Body"].read()
            # A PUT whose answer never came may have happened, or not; anything else may not.
            assert hashlib.md5(body).hexdigest() in {digest, writers.on_the_way.get(key)}, key
        acknowledged += len(writers.objects)
        for (key, upload), etags in writers.parts.items():
            listed = {}
            for page in s3.get_paginator("list_parts").paginate(Bucket="bkt", Key=key, UploadId=upload):
                listed.update({part["PartNumber"]: part["ETag"] for part in page.get("Parts", [])})
            assert etags.items() <= listed.items(), key
            acknowledged += len(etags)
    assert acknowledged > 0

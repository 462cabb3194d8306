"""Server access logs through boto3, over TLS: what only a handshake tells stands in the record, and conditions see it."""

import json
import time

from botocore.exceptions import ClientError


def allow(principal, action, resource, condition):
    return {"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource, "Condition": condition}


def test_records_over_tls(start):
    server = start("--bucket", "bkt", "--bucket", "logs", "--tls", "--log-delivery", "100ms")
    s3 = server.s3(verify=str(server.data / "tls/ca.pem"))
    service = {"Service": "logging.s3.amazonaws.com"}
    source = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::bkt"}}
    policy = {"Version": "2012-10-17", "Statement": [allow(service, "s3:PutObject", "arn:aws:s3:::logs/*", source)]}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
    target = {"TargetBucket": "logs", "TargetPrefix": "l/"}
    s3.put_bucket_logging(Bucket="bkt", BucketLoggingStatus={"LoggingEnabled": target})
    assert s3.get_bucket_logging(Bucket="bkt")["LoggingEnabled"] == target
    s3.put_object(Bucket="bkt", Key="a/b c", Body=b"12345")

    deadline = time.monotonic() + 10
    while not (listed := s3.list_objects_v2(Bucket="logs").get("Contents")):
        assert time.monotonic() < deadline, server.log
        time.sleep(0.1)
    record = s3.get_object(Bucket="logs", Key=listed[0]["Key"])["Body"].read().decode()
    assert " REST.PUT.OBJECT a/b%20c \"PUT /bkt/a/b%20c HTTP/1.1\" 200 - - 5 " in record
    assert " SigV4 TLS_" in record and " TLSv1.3 - - -\n" in record

    old = {"NumericLessThan": {"s3:TlsVersion": "1.3"}}
    deny = allow("*", "s3:*", ["arn:aws:s3:::bkt", "arn:aws:s3:::bkt/*"], old) | {"Effect": "Deny"}
    s3.put_bucket_policy(Bucket="bkt", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    s3.head_object(Bucket="bkt", Key="a/b c")
    deny["Condition"] = {"NumericEquals": {"s3:TlsVersion": "1.3"}}
    s3.put_bucket_policy(Bucket="bkt", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    try:
        s3.get_object(Bucket="bkt", Key="a/b c")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDenied"
        assert "explicit deny" in error.response["Error"]["Message"]
    else:
        raise AssertionError("it is denied")

"""Every operation of botocore's model of S3 is sent, and gets a correct answer or a refusal by name: never a silent 200.

What a correct answer is stands beside each call. `staves operations --json` says which are to be refused; an operation that
botocore knows and this file does not fails the test.
"""

import datetime
import json

import pytest
from botocore.exceptions import ClientError

from staves import Staves, run

BODY = b"Every operation."
LATER = datetime.datetime(2035, 1, 1, tzinfo=datetime.timezone.utc)
TAGS = [{"Key": "k", "Value": "v"}]
FRIEND = "arn:aws:iam::222222222222:root"
KMS_KEY = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"

# Names that botocore keeps for requests which have another name now.
OLD_NAMES = {"GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification"}
# What AWS answers for a general-purpose bucket as another operation, which botocore cannot read.
ELSEWHERE = {"CreateSession"}
# Refused in words of their own, as AWS does.
REFUSALS = {
    "SelectObjectContent": "MethodNotAllowed",
    # botocore signs these for a service of another name, which is refused first.
    "ListDirectoryBuckets": "AuthorizationHeaderMalformed",
    "WriteGetObjectResponse": "AuthorizationHeaderMalformed",
}


def holds(wanted, got, path=""):
    """What was put is in what came back; what the server added does not matter."""
    if isinstance(wanted, dict):
        for name, value in wanted.items():
            assert name in got, f"{path}.{name} is missing in {got}"
            holds(value, got[name], f"{path}.{name}")
    elif isinstance(wanted, list):
        assert len(wanted) == len(got), f"{path}: {got}"
        for at, value in enumerate(wanted):
            holds(value, got[at], f"{path}[{at}]")
    else:
        assert wanted == got, f"{path}: {got!r} instead of {wanted!r}"


class Caller:
    """Sends operations by their names in the model, and keeps which were sent."""

    def __init__(self, server):
        # The one operation with a host of its own is sent here too.
        self.s3 = server.s3(inject_host_prefix=False)
        self.model = self.s3.meta.service_model
        self.methods = {operation: method for method, operation in self.s3.meta.method_to_api_mapping.items()}
        self.levels = {each["name"]: each["level"] for each in json.loads(run("operations", "--json").stdout)}
        self.sent = set()

    def __call__(self, operation, /, **parameters):
        """The answer; `None` where it is refused, which is checked."""
        self.sent.add(operation)
        send = getattr(self.s3, self.methods[operation])
        if self.levels[operation] != "refused":
            return send(**parameters)
        with pytest.raises(ClientError) as refusal:
            send(**parameters)
        error = refusal.value.response["Error"]
        status = refusal.value.response["ResponseMetadata"]["HTTPStatusCode"]
        if operation in REFUSALS:
            assert error["Code"] == REFUSALS[operation], (operation, error)
        else:
            named = error.get("Header") or error.get("QueryParameter") or operation in error["Message"]
            assert (status, error["Code"]) == (501, "NotImplemented") and named, (operation, error)
        return None

    def documents(self, name, put, get=None, delete=None, bucket="bkt", shown=None):
        """A document is put, shown as it was put, and where it can be, deleted."""
        member = next(iter(put))
        self(f"Put{name}", Bucket=bucket, **put)
        got = self(f"Get{name}", Bucket=bucket, **(get or {}))
        if got is not None:
            holds(shown or put[member], got if shown or member not in got else got[member], name)
        if delete:
            self(delete, Bucket=bucket, **(get or {}))


@pytest.fixture
def call(tmp_path):
    server = Staves(tmp_path)
    yield Caller(server)
    server.stop()


def test_every_operation_is_answered_correctly_or_refused_by_name(call):
    buckets(call)
    objects(call)
    multipart(call)
    access(call)
    documents(call)
    configurations(call)
    metadata_tables(call)
    marks_of_objects(call)
    refused(call)
    the_end(call)
    unsent = set(call.model.operation_names) - call.sent - OLD_NAMES - ELSEWHERE
    assert not unsent, f"never sent: {sorted(unsent)}"
    unknown = set(call.model.operation_names) - set(call.levels)
    assert not unknown, f"not in `staves operations`: {sorted(unknown)}"


def buckets(call):
    call("CreateBucket", Bucket="bkt")
    call("CreateBucket", Bucket="locked", ObjectLockEnabledForBucket=call.levels["PutObjectLockConfiguration"] != "refused")
    names = [bucket["Name"] for bucket in call("ListBuckets")["Buckets"]]
    assert names == ["bkt", "locked"]
    assert call("HeadBucket", Bucket="bkt")["BucketRegion"] == "us-east-1"
    assert call("GetBucketLocation", Bucket="bkt")["LocationConstraint"] is None
    call.documents("BucketVersioning", {"VersioningConfiguration": {"Status": "Enabled"}}, shown={"Status": "Enabled"})


def objects(call):
    put = call("PutObject", Bucket="bkt", Key="a/1", Body=BODY, Metadata={"m": "1"})
    got = call("GetObject", Bucket="bkt", Key="a/1")
    assert (got["Body"].read(), got["ETag"], got["Metadata"]) == (BODY, put["ETag"], {"m": "1"})
    assert call("HeadObject", Bucket="bkt", Key="a/1")["ContentLength"] == len(BODY)
    copied = call("CopyObject", Bucket="bkt", Key="a/2", CopySource="bkt/a/1")
    assert copied["CopyObjectResult"]["ETag"] == put["ETag"]
    attributes = call("GetObjectAttributes", Bucket="bkt", Key="a/1", ObjectAttributes=["ETag", "ObjectSize"])
    assert (attributes["ETag"], attributes["ObjectSize"]) == (put["ETag"].strip('"'), len(BODY))
    for operation in ("ListObjects", "ListObjectsV2"):
        assert [line["Key"] for line in call(operation, Bucket="bkt", Prefix="a/")["Contents"]] == ["a/1", "a/2"]
    call("DeleteObject", Bucket="bkt", Key="a/2")
    versions = call("ListObjectVersions", Bucket="bkt")
    assert ([v["Key"] for v in versions["Versions"]], len(versions["DeleteMarkers"])) == (["a/1", "a/2"], 1)
    call("PutObject", Bucket="bkt", Key="a/3", Body=BODY)
    deleted = call("DeleteObjects", Bucket="bkt", Delete={"Objects": [{"Key": "a/3"}]})
    assert [line["Key"] for line in deleted["Deleted"]] == ["a/3"]


def multipart(call):
    upload = {"Bucket": "bkt", "Key": "mp"}
    upload["UploadId"] = call("CreateMultipartUpload", **upload)["UploadId"]
    assert [u["Key"] for u in call("ListMultipartUploads", Bucket="bkt")["Uploads"]] == ["mp"]
    first = call("UploadPart", **upload, PartNumber=1, Body=bytes(5 << 20))
    second = call("UploadPartCopy", **upload, PartNumber=2, CopySource="bkt/a/1")
    parts = [{"PartNumber": 1, "ETag": first["ETag"]}, {"PartNumber": 2, "ETag": second["CopyPartResult"]["ETag"]}]
    holds(parts, call("ListParts", **upload)["Parts"])
    call("CompleteMultipartUpload", **upload, MultipartUpload={"Parts": parts})
    assert call("GetObject", Bucket="bkt", Key="mp")["ContentLength"] == (5 << 20) + len(BODY)
    other = call("CreateMultipartUpload", Bucket="bkt", Key="other")["UploadId"]
    call("AbortMultipartUpload", Bucket="bkt", Key="other", UploadId=other)
    assert "Uploads" not in call("ListMultipartUploads", Bucket="bkt")


def access(call):
    owner = call("GetBucketAcl", Bucket="bkt")["Owner"]
    controls = {"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    call.documents("BucketOwnershipControls", {"OwnershipControls": controls})
    block = {"BlockPublicAcls": False, "IgnorePublicAcls": False, "BlockPublicPolicy": False, "RestrictPublicBuckets": True}
    call.documents("PublicAccessBlock", {"PublicAccessBlockConfiguration": block}, delete="DeletePublicAccessBlock")
    call("PutBucketAcl", Bucket="bkt", ACL="public-read")
    assert len(call("GetBucketAcl", Bucket="bkt")["Grants"]) == 2
    call("PutObjectAcl", Bucket="bkt", Key="a/1", ACL="authenticated-read")
    acl = call("GetObjectAcl", Bucket="bkt", Key="a/1")
    assert (acl["Owner"], len(acl["Grants"])) == (owner, 2)
    call("PutBucketAcl", Bucket="bkt", ACL="private")
    call("DeleteBucketOwnershipControls", Bucket="bkt")
    allow = {"Effect": "Allow", "Principal": {"AWS": FRIEND}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bkt/*"}
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    call("PutBucketPolicy", Bucket="bkt", Policy=json.dumps(policy))
    assert json.loads(call("GetBucketPolicy", Bucket="bkt")["Policy"]) == policy
    assert call("GetBucketPolicyStatus", Bucket="bkt")["PolicyStatus"] == {"IsPublic": False}
    call("DeleteBucketPolicy", Bucket="bkt")


def documents(call):
    role, topic = "arn:aws:iam::000000000000:role/r", "arn:aws:sns:us-east-1:000000000000:t"
    cors = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    call.documents("BucketCors", {"CORSConfiguration": cors}, shown=cors, delete="DeleteBucketCors")
    tagging = {"TagSet": TAGS}
    call.documents("BucketTagging", {"Tagging": tagging}, shown=tagging, delete="DeleteBucketTagging")
    sse = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS_KEY}}]}
    call.documents("BucketEncryption", {"ServerSideEncryptionConfiguration": sse}, delete="DeleteBucketEncryption")
    rule = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}
    lifecycle = {"Rules": [rule]}
    call.documents("BucketLifecycleConfiguration", {"LifecycleConfiguration": lifecycle}, shown=lifecycle)
    call("DeleteBucketLifecycle", Bucket="bkt")
    site = {"IndexDocument": {"Suffix": "index.html"}}
    call.documents("BucketWebsite", {"WebsiteConfiguration": site}, shown=site, delete="DeleteBucketWebsite")
    events = {"TopicConfigurations": [{"Id": "t", "TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    call.documents("BucketNotificationConfiguration", {"NotificationConfiguration": events}, shown=events)
    call("PutBucketNotificationConfiguration", Bucket="bkt", NotificationConfiguration={})
    logging = {"LoggingEnabled": {"TargetBucket": "bkt", "TargetPrefix": "log/"}}
    call.documents("BucketLogging", {"BucketLoggingStatus": logging}, shown=logging)
    call("PutBucketLogging", Bucket="bkt", BucketLoggingStatus={})
    payer = {"Payer": "Requester"}
    call.documents("BucketRequestPayment", {"RequestPaymentConfiguration": payer}, shown=payer)
    call("PutBucketRequestPayment", Bucket="bkt", RequestPaymentConfiguration={"Payer": "BucketOwner"})
    faster = {"Status": "Enabled"}
    call.documents("BucketAccelerateConfiguration", {"AccelerateConfiguration": faster}, shown=faster)
    call.documents("BucketAbac", {"AbacStatus": {"Status": "Disabled"}})
    call("PutBucketVersioning", Bucket="locked", VersioningConfiguration={"Status": "Enabled"})
    replica = {"Status": "Enabled", "Priority": 1, "Filter": {}, "DeleteMarkerReplication": {"Status": "Disabled"}}
    replication = {"Role": role, "Rules": [{"ID": "r", **replica, "Destination": {"Bucket": "arn:aws:s3:::locked"}}]}
    call.documents("BucketReplication", {"ReplicationConfiguration": replication}, delete="DeleteBucketReplication")


def configurations(call):
    destination = {"S3BucketDestination": {"Bucket": "arn:aws:s3:::locked", "Format": "CSV"}}
    analysis = {"DataExport": {"OutputSchemaVersion": "V_1", "Destination": destination}}
    frequency = {"Schedule": {"Frequency": "Daily"}, "IncludedObjectVersions": "All", "IsEnabled": True}
    given = {
        "Analytics": {"Id": "i", "StorageClassAnalysis": analysis},
        "IntelligentTiering": {
            "Id": "i",
            "Status": "Enabled",
            "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
        },
        "Inventory": {"Id": "i", "Destination": destination, **frequency},
        "Metrics": {"Id": "i"},
    }
    for kind, configuration in given.items():
        member = f"{kind}Configuration"
        call.documents(f"Bucket{member}", {member: configuration, "Id": "i"}, get={"Id": "i"})
        holds([configuration], call(f"ListBucket{member}s", Bucket="bkt")[f"{member}List"])
        call(f"DeleteBucket{member}", Bucket="bkt", Id="i")
        assert f"{member}List" not in call(f"ListBucket{member}s", Bucket="bkt")


def metadata_tables(call):
    journal = {"RecordExpiration": {"Expiration": "DISABLED"}}
    call("CreateBucketMetadataConfiguration", Bucket="bkt", MetadataConfiguration={"JournalTableConfiguration": journal})
    inventory = {"ConfigurationState": "ENABLED"}
    call("UpdateBucketMetadataInventoryTableConfiguration", Bucket="bkt", InventoryTableConfiguration=inventory)
    expiring = {"RecordExpiration": {"Expiration": "ENABLED", "Days": 30}}
    call("UpdateBucketMetadataJournalTableConfiguration", Bucket="bkt", JournalTableConfiguration=expiring)
    annotations = {"ConfigurationState": "ENABLED", "Role": "arn:aws:iam::000000000000:role/r"}
    call("UpdateBucketMetadataAnnotationTableConfiguration", Bucket="bkt", AnnotationTableConfiguration=annotations)
    shown = call("GetBucketMetadataConfiguration", Bucket="bkt")["GetBucketMetadataConfigurationResult"]
    shown = shown["MetadataConfigurationResult"]
    assert shown["JournalTableConfigurationResult"]["RecordExpiration"] == expiring["RecordExpiration"]
    assert shown["InventoryTableConfigurationResult"]["ConfigurationState"] == "ENABLED"
    call("DeleteBucketMetadataConfiguration", Bucket="bkt")
    to = {"S3TablesDestination": {"TableBucketArn": "arn:aws:s3tables:us-east-1:000000000000:bucket/b", "TableName": "t"}}
    call("CreateBucketMetadataTableConfiguration", Bucket="bkt", MetadataTableConfiguration=to)
    shown = call("GetBucketMetadataTableConfiguration", Bucket="bkt")["GetBucketMetadataTableConfigurationResult"]
    holds({"S3TablesDestinationResult": to["S3TablesDestination"]}, shown["MetadataTableConfigurationResult"])
    call("DeleteBucketMetadataTableConfiguration", Bucket="bkt")


def marks_of_objects(call):
    call("PutObject", Bucket="locked", Key="k", Body=BODY)
    call("PutObjectTagging", Bucket="locked", Key="k", Tagging={"TagSet": TAGS})
    if tags := call("GetObjectTagging", Bucket="locked", Key="k"):
        assert tags["TagSet"] == TAGS
    call("DeleteObjectTagging", Bucket="locked", Key="k")
    default = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lock = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", "Rule": default}}
    call("PutObjectLockConfiguration", Bucket="locked", **lock)
    if got := call("GetObjectLockConfiguration", Bucket="locked"):
        holds(lock, got)
    call("PutObjectRetention", Bucket="locked", Key="k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": LATER})
    if got := call("GetObjectRetention", Bucket="locked", Key="k"):
        assert got["Retention"] == {"Mode": "GOVERNANCE", "RetainUntilDate": LATER}
    for status in ("ON", "OFF"):
        call("PutObjectLegalHold", Bucket="locked", Key="k", LegalHold={"Status": status})
        if got := call("GetObjectLegalHold", Bucket="locked", Key="k"):
            assert got["LegalHold"] == {"Status": status}
    call("PutObject", Bucket="bkt", Key="cold", Body=BODY, StorageClass="GLACIER")
    restore = {"Days": 1, "GlacierJobParameters": {"Tier": "Expedited"}}
    if got := call("RestoreObject", Bucket="bkt", Key="cold", RestoreRequest=restore):
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 202
    annotation = {"Bucket": "bkt", "Key": "a/1", "AnnotationName": "note"}
    call("PutObjectAnnotation", **annotation, AnnotationPayload="of an object")
    if got := call("GetObjectAnnotation", **annotation):
        assert got["AnnotationPayload"].read() == b"of an object"
    if got := call("ListObjectAnnotations", Bucket="bkt", Key="a/1"):
        assert [line["AnnotationName"] for line in got["Annotations"]] == ["note"]
    call("DeleteObjectAnnotation", **annotation)
    key = {"SSEKMS": {"KMSKeyArn": KMS_KEY}}
    if call("UpdateObjectEncryption", Bucket="bkt", Key="a/1", ObjectEncryption=key):
        assert call("HeadObject", Bucket="bkt", Key="a/1")["SSEKMSKeyId"] == KMS_KEY


def refused(call):
    call("RenameObject", Bucket="bkt", Key="b", RenameSource="/bkt/a/1")
    call("GetObjectTorrent", Bucket="bkt", Key="a/1")
    call("ListDirectoryBuckets")
    call("WriteGetObjectResponse", RequestRoute="r", RequestToken="t")
    call(
        "SelectObjectContent",
        Bucket="bkt",
        Key="a/1",
        Expression="SELECT * FROM S3Object",
        ExpressionType="SQL",
        InputSerialization={"CSV": {}},
        OutputSerialization={"CSV": {}},
    )


def the_end(call):
    for bucket in ("bkt", "locked"):
        versions = call("ListObjectVersions", Bucket=bucket)
        for version in versions.get("Versions", []) + versions.get("DeleteMarkers", []):
            name = {"Key": version["Key"], "VersionId": version["VersionId"]}
            bypass = {"BypassGovernanceRetention": True} if bucket == "locked" else {}
            call("DeleteObject", Bucket=bucket, **name, **bypass)
        call("DeleteBucket", Bucket=bucket)
    assert call("ListBuckets")["Buckets"] == []

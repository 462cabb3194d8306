"""Documents on buckets through boto3: what is put is read back the same by botocore's own parsers, and can be put again."""

import datetime

import pytest

TAGS = [{"Key": "k", "Value": "v"}, {"Key": "l", "Value": ""}]
MIDNIGHT = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)
TO = "arn:aws:s3:::dest"

LIFECYCLE = {
    "Rules": [
        {
            "ID": "a",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "p", "Tags": TAGS, "ObjectSizeGreaterThan": 5, "ObjectSizeLessThan": 50}},
            "Expiration": {"Days": 400},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 90, "NewerNoncurrentVersions": 3},
        },
        {"ID": "b", "Status": "Disabled", "Filter": {}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3}},
        {"ID": "c", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Date": MIDNIGHT}},
    ]
}
NOTIFICATION = {
    "TopicConfigurations": [
        {"Id": "t", "TopicArn": "arn:aws:sns:us-east-1:000000000000:t", "Events": ["s3:ObjectCreated:*"]}
    ],
    "QueueConfigurations": [
        {
            "Id": "q",
            "QueueArn": "arn:aws:sqs:us-east-1:000000000000:q",
            "Events": ["s3:ObjectRemoved:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "x"}]}},
        }
    ],
    "EventBridgeConfiguration": {},
}
LOGGING = {
    "LoggingEnabled": {
        "TargetBucket": "dest",
        "TargetPrefix": "l/",
        "TargetGrants": [{"Grantee": {"Type": "CanonicalUser", "ID": "x"}, "Permission": "READ"}],
        "TargetObjectKeyFormat": {"PartitionedPrefix": {"PartitionDateSource": "DeliveryTime"}},
    }
}
WEBSITE = {
    "IndexDocument": {"Suffix": "i"},
    "ErrorDocument": {"Key": "e"},
    "RoutingRules": [{"Condition": {"KeyPrefixEquals": "a"}, "Redirect": {"ReplaceKeyPrefixWith": "b"}}],
}
ENCRYPTION = {
    "Rules": [
        {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"},
            "BucketKeyEnabled": True,
            "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
        }
    ]
}
ANALYTICS = {
    "Id": "i",
    "Filter": {"And": {"Prefix": "p", "Tags": TAGS}},
    "StorageClassAnalysis": {
        "DataExport": {
            "OutputSchemaVersion": "V_1",
            "Destination": {"S3BucketDestination": {"Format": "CSV", "Bucket": TO}},
        }
    },
}
INVENTORY = {
    "Id": "i",
    "IsEnabled": False,
    "IncludedObjectVersions": "Current",
    "Schedule": {"Frequency": "Weekly"},
    "OptionalFields": ["Size"],
    "Destination": {"S3BucketDestination": {"Bucket": TO, "Format": "Parquet", "Encryption": {"SSES3": {}}}},
}
TIERING = {
    "Id": "i",
    "Status": "Enabled",
    "Filter": {"Tag": TAGS[0]},
    "Tierings": [{"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}],
}


@pytest.mark.parametrize(
    "operation, argument, document, more",
    [
        ("accelerate_configuration", "AccelerateConfiguration", {"Status": "Enabled"}, {}),
        ("abac", "AbacStatus", {"Status": "Enabled"}, {}),
        ("request_payment", "RequestPaymentConfiguration", {"Payer": "Requester"}, {}),
        ("encryption", "ServerSideEncryptionConfiguration", ENCRYPTION, {}),
        ("lifecycle_configuration", "LifecycleConfiguration", LIFECYCLE, {}),
        ("logging", "BucketLoggingStatus", LOGGING, {}),
        ("website", "WebsiteConfiguration", WEBSITE, {}),
        ("notification_configuration", "NotificationConfiguration", NOTIFICATION, {}),
        ("analytics_configuration", "AnalyticsConfiguration", ANALYTICS, {"Id": "i"}),
        ("metrics_configuration", "MetricsConfiguration", {"Id": "i", "Filter": {"Prefix": "p"}}, {"Id": "i"}),
        ("intelligent_tiering_configuration", "IntelligentTieringConfiguration", TIERING, {"Id": "i"}),
        ("inventory_configuration", "InventoryConfiguration", INVENTORY, {"Id": "i"}),
    ],
)
def test_documents_are_read_back_as_they_were_put(s3, operation, argument, document, more):
    # Grants on logs are taken where ACLs count.
    s3.create_bucket(Bucket="dest", ObjectOwnership="ObjectWriter")
    put, get = (getattr(s3, f"{verb}_bucket_{operation}") for verb in ("put", "get"))
    for _ in range(2):
        put(Bucket="bkt", **{argument: document}, **more)
        shown = get(Bucket="bkt", **more)
        del shown["ResponseMetadata"]
        shown.pop("TransitionDefaultMinimumObjectSize", None)
        shown = shown.get(argument, shown)
        assert shown == document
        document = shown


def test_metadata_configuration(s3):
    journal = {"RecordExpiration": {"Expiration": "ENABLED", "Days": 30}}
    s3.create_bucket_metadata_configuration(
        Bucket="bkt", MetadataConfiguration={"JournalTableConfiguration": journal}
    )
    enabled = {"ConfigurationState": "ENABLED"}
    s3.update_bucket_metadata_inventory_table_configuration(Bucket="bkt", InventoryTableConfiguration=enabled)
    result = s3.get_bucket_metadata_configuration(Bucket="bkt")["GetBucketMetadataConfigurationResult"]
    result = result["MetadataConfigurationResult"]
    assert result["JournalTableConfigurationResult"]["RecordExpiration"] == journal["RecordExpiration"]
    assert result["InventoryTableConfigurationResult"]["TableName"] == "inventory"
    s3.delete_bucket_metadata_configuration(Bucket="bkt")

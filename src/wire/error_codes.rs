//! Every S3 error code with its status and AWS's default sentence. One table; where an operation words an error in its own
//! way, the operation brings the sentence.

use std::fmt;

macro_rules! codes {
    ($($variant:ident = $code:literal, $status:literal, $message:literal;)+) => {
        /// An S3 error code.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "the variants are AWS's codes, explained by their sentences")]
        pub enum Code { $($variant,)+ }

        /// In the order of the enum.
        static TABLE: &[(Code, &str, u16, &str)] = &[$((Code::$variant, $code, $status, $message),)+];
    };
}

codes! {
    AccessControlListNotSupported = "AccessControlListNotSupported", 400, "The bucket does not allow ACLs";
    AccessDenied = "AccessDenied", 403, "Access Denied";
    AccessForbidden = "AccessForbidden", 403, "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";
    AccountProblem = "AccountProblem", 403, "There is a problem with your AWS account that prevents the operation from completing successfully.";
    AllAccessDisabled = "AllAccessDisabled", 403, "All access to this Amazon S3 resource has been disabled.";
    AmbiguousGrantByEmailAddress = "AmbiguousGrantByEmailAddress", 400, "The email address you provided is associated with more than one account.";
    AnnotationLimitExceeded = "AnnotationLimitExceeded", 400, "The request would exceed the maximum number of annotations allowed per object.";
    AnnotationNameTooLong = "AnnotationNameTooLong", 400, "The annotation name exceeds 512 bytes.";
    AuthorizationHeaderMalformed = "AuthorizationHeaderMalformed", 400, "The authorization header is malformed; the authorization header requires three components: Credential, SignedHeaders, and Signature.";
    AuthorizationQueryParametersError = "AuthorizationQueryParametersError", 400, "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.";
    BadDigest = "BadDigest", 400, "The Content-MD5 you specified did not match what we received.";
    BadRequest = "BadRequest", 400, "Bad Request";
    BucketAlreadyExists = "BucketAlreadyExists", 409, "The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.";
    BucketAlreadyOwnedByYou = "BucketAlreadyOwnedByYou", 409, "Your previous request to create the named bucket succeeded and you already own it.";
    BucketNotEmpty = "BucketNotEmpty", 409, "The bucket you tried to delete is not empty";
    ConditionalRequestConflict = "ConditionalRequestConflict", 409, "The conditional request cannot succeed due to a conflicting operation against this resource.";
    CredentialsNotSupported = "CredentialsNotSupported", 400, "This request does not support credentials.";
    CrossLocationLoggingProhibitted = "CrossLocationLoggingProhibitted", 403, "Cross S3 location logging not allowed.";
    EncryptionTypeMismatch = "EncryptionTypeMismatch", 400, "The existing object was created with a different encryption type. Subsequent write requests must include the appropriate encryption parameters in the request or while creating the session.";
    EntityTooLarge = "EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size";
    EntityTooSmall = "EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size";
    ExpiredToken = "ExpiredToken", 400, "The provided token has expired.";
    IdempotencyParameterMismatch = "IdempotencyParameterMismatch", 400, "Parameters on this idempotent request are inconsistent with parameters used in previous request(s).";
    IdMismatch = "IdMismatch", 400, "Document ID does not match the specified configuration ID.";
    IllegalLocationConstraintException = "IllegalLocationConstraintException", 400, "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to.";
    IllegalVersioningConfigurationException = "IllegalVersioningConfigurationException", 400, "The Versioning element must be specified";
    IncompleteBody = "IncompleteBody", 400, "The request body terminated unexpectedly";
    IncorrectNumberOfFilesInPostRequest = "IncorrectNumberOfFilesInPostRequest", 400, "POST requires exactly one file upload per request.";
    InlineDataTooLarge = "InlineDataTooLarge", 400, "Inline data exceeds the maximum allowed size.";
    InsufficientStorage = "InsufficientStorage", 507, "The disk that holds the data directory is full. Free some space and try again.";
    InternalError = "InternalError", 500, "We encountered an internal error. Please try again.";
    InvalidAccessKeyId = "InvalidAccessKeyId", 403, "The AWS Access Key Id you provided does not exist in our records.";
    InvalidAnnotationName = "InvalidAnnotationName", 400, "The annotation name you provided is invalid.";
    InvalidArgument = "InvalidArgument", 400, "Invalid Argument";
    InvalidBucketAclWithBlockPublicAccessError = "InvalidBucketAclWithBlockPublicAccessError", 400, "Bucket cannot have public ACLs set with BlockPublicAccess enabled";
    InvalidBucketAclWithObjectOwnership = "InvalidBucketAclWithObjectOwnership", 400, "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
    InvalidBucketName = "InvalidBucketName", 400, "The specified bucket is not valid.";
    InvalidBucketOwnerAwsAccountId = "InvalidBucketOwnerAWSAccountID", 400, "The value of the expected bucket owner parameter must be an AWS Account ID...";
    InvalidBucketState = "InvalidBucketState", 409, "The request is not valid for the current state of the bucket.";
    InvalidChunkSizeError = "InvalidChunkSizeError", 403, "Only the last chunk is allowed to have a size less than 8192 bytes";
    InvalidConfigId = "InvalidConfigId", 400, "Config Id cannot be null or empty.";
    InvalidConfigurationId = "InvalidConfigurationId", 400, "The specified configuration id is invalid.";
    InvalidDigest = "InvalidDigest", 400, "The Content-MD5 you specified was invalid.";
    InvalidEncryptionAlgorithmError = "InvalidEncryptionAlgorithmError", 400, "The Encryption request you specified is not valid. Supported value: AES256.";
    InvalidLocationConstraint = "InvalidLocationConstraint", 400, "The specified location-constraint is not valid";
    InvalidObjectState = "InvalidObjectState", 403, "The operation is not valid for the object's storage class";
    InvalidPart = "InvalidPart", 400, "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    InvalidPartNumber = "InvalidPartNumber", 416, "The requested partnumber is not satisfiable";
    InvalidPartOrder = "InvalidPartOrder", 400, "The list of parts was not in ascending order. Parts must be ordered by part number.";
    InvalidPayer = "InvalidPayer", 403, "All access to this object has been disabled.";
    InvalidPolicyDocument = "InvalidPolicyDocument", 400, "Invalid Policy: Invalid JSON.";
    InvalidPrefix = "InvalidPrefix", 400, "The annotation prefix you provided is invalid.";
    InvalidRange = "InvalidRange", 416, "The requested range is not satisfiable";
    InvalidRedirectLocation = "InvalidRedirectLocation", 400, "The website redirect location must have a prefix of 'http://' or 'https://' or '/'.";
    InvalidRequest = "InvalidRequest", 400, "Invalid Request";
    InvalidS3DestinationBucket = "InvalidS3DestinationBucket", 400, "Invalid bucket ARN.";
    InvalidSecurity = "InvalidSecurity", 403, "The provided security credentials are not valid.";
    InvalidStorageClass = "InvalidStorageClass", 400, "The storage class you specified is not valid";
    InvalidTag = "InvalidTag", 400, "The TagKey you have provided is invalid";
    InvalidTargetBucketForLogging = "InvalidTargetBucketForLogging", 400, "The target bucket for logging does not exist, is not owned by you, or does not have the appropriate grants for the log-delivery group.";
    InvalidToken = "InvalidToken", 400, "The provided token is malformed or otherwise invalid.";
    InvalidUri = "InvalidURI", 400, "Couldn't parse the specified URI.";
    InvalidWriteOffset = "InvalidWriteOffset", 400, "The write offset value that you specified does not match the current object size.";
    KeyTooLongError = "KeyTooLongError", 400, "Your key is too long";
    KmsDisabledException = "KMS.DisabledException", 400, "The request was rejected because the specified KMS key is not enabled.";
    KmsInvalidStateException = "KMS.KMSInvalidStateException", 400, "The request was rejected because the state of the specified KMS key is not valid for this request.";
    KmsNotFoundException = "KMS.NotFoundException", 400, "The request was rejected because the specified KMS key could not be found.";
    MalformedAclError = "MalformedACLError", 400, "The XML you provided was not well-formed or did not validate against our published schema";
    MalformedContinuationToken = "MalformedContinuationToken", 400, "The continuation-token you provided invalid.";
    MalformedPolicy = "MalformedPolicy", 400, "Policies must be valid JSON and the first byte must be '{'";
    MalformedPostRequest = "MalformedPOSTRequest", 400, "The body of your POST request is not well-formed multipart/form-data.";
    MalformedTrailerError = "MalformedTrailerError", 400, "The request contained trailing data that was not well-formed or did not conform to our published schema.";
    MalformedXml = "MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema";
    MaxMessageLengthExceeded = "MaxMessageLengthExceeded", 400, "Your request was too big.";
    MaxPostPreDataLengthExceededError = "MaxPostPreDataLengthExceededError", 400, "Your POST request fields preceding the upload file were too large.";
    MetadataConfigurationNotFound = "MetadataConfigurationNotFound", 404, "The metadata configuration was not found";
    MetadataTooLarge = "MetadataTooLarge", 400, "Your metadata headers exceed the maximum allowed metadata size";
    MethodNotAllowed = "MethodNotAllowed", 405, "The specified method is not allowed against this resource.";
    MissingContentLength = "MissingContentLength", 411, "You must provide the Content-Length HTTP header.";
    MissingRequestBodyError = "MissingRequestBodyError", 400, "Request Body is empty";
    MissingSecurityHeader = "MissingSecurityHeader", 400, "Your request was missing a required header";
    MissingStorageClassAnalysis = "MissingStorageClassAnalysis", 400, "Storage Class Analysis cannot be null.";
    NoSuchAnnotation = "NoSuchAnnotation", 404, "The specified annotation does not exist on this object.";
    NoSuchBucket = "NoSuchBucket", 404, "The specified bucket does not exist";
    NoSuchBucketPolicy = "NoSuchBucketPolicy", 404, "The bucket policy does not exist";
    NoSuchConfiguration = "NoSuchConfiguration", 404, "The specified configuration does not exist.";
    NoSuchCorsConfiguration = "NoSuchCORSConfiguration", 404, "The CORS configuration does not exist";
    NoSuchKey = "NoSuchKey", 404, "The specified key does not exist.";
    NoSuchLifecycleConfiguration = "NoSuchLifecycleConfiguration", 404, "The lifecycle configuration does not exist";
    NoSuchObjectLockConfiguration = "NoSuchObjectLockConfiguration", 404, "The specified object does not have a ObjectLock configuration";
    NoSuchPublicAccessBlockConfiguration = "NoSuchPublicAccessBlockConfiguration", 404, "The public access block configuration was not found";
    NoSuchTagSet = "NoSuchTagSet", 404, "The TagSet does not exist";
    NoSuchUpload = "NoSuchUpload", 404, "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    NoSuchVersion = "NoSuchVersion", 404, "The specified version does not exist.";
    NoSuchWebsiteConfiguration = "NoSuchWebsiteConfiguration", 404, "The specified bucket does not have a website configuration";
    NotImplemented = "NotImplemented", 501, "A header you provided implies functionality that is not implemented";
    NotSignedUp = "NotSignedUp", 403, "Your account is not signed up for the Amazon S3 service.";
    ObjectAlreadyInActiveTierError = "ObjectAlreadyInActiveTierError", 403, "This action is not allowed against this storage tier.";
    ObjectLockConfigurationNotFoundError = "ObjectLockConfigurationNotFoundError", 404, "Object Lock configuration does not exist for this bucket";
    ObjectNotInActiveTierError = "ObjectNotInActiveTierError", 403, "The source object of the COPY action is not in the active tier and is only stored in Amazon S3 Glacier.";
    OperationAborted = "OperationAborted", 409, "A conflicting conditional operation is currently in progress against this resource. Please try again.";
    OwnershipControlsNotFoundError = "OwnershipControlsNotFoundError", 404, "The bucket ownership controls were not found";
    PermanentRedirect = "PermanentRedirect", 301, "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.";
    PreconditionFailed = "PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold";
    ReplicationConfigurationNotFoundError = "ReplicationConfigurationNotFoundError", 404, "The replication configuration was not found";
    RequestHeaderSectionTooLarge = "RequestHeaderSectionTooLarge", 400, "Your request header section exceeds the maximum allowed size.";
    RequestTimeout = "RequestTimeout", 400, "Your socket connection to the server was not read from or written to within the timeout period. Idle connections will be closed.";
    RequestTimeTooSkewed = "RequestTimeTooSkewed", 403, "The difference between the request time and the current time is too large.";
    RestoreAlreadyInProgress = "RestoreAlreadyInProgress", 409, "Object restore is already in progress";
    ServerSideEncryptionConfigurationNotFoundError = "ServerSideEncryptionConfigurationNotFoundError", 404, "The server side encryption configuration was not found";
    ServiceUnavailable = "ServiceUnavailable", 503, "Service is unable to handle request.";
    SignatureDoesNotMatch = "SignatureDoesNotMatch", 403, "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
    SlowDown = "SlowDown", 503, "Please reduce your request rate.";
    TemporaryRedirect = "TemporaryRedirect", 307, "Please re-send this request to the specified temporary endpoint. Continue to use the original request endpoint for future requests.";
    TokenRefreshRequired = "TokenRefreshRequired", 400, "The provided token must be refreshed.";
    TooManyBuckets = "TooManyBuckets", 400, "You have attempted to create more buckets than allowed";
    TooManyConfigurations = "TooManyConfigurations", 400, "You have attempted to create more configurations than the 1000 allowed.";
    TooManyParts = "TooManyParts", 400, "You have attempted to add more parts than the maximum of 10000 that are allowed for this object.";
    UnexpectedContent = "UnexpectedContent", 400, "This request does not support content";
    UnresolvableGrantByEmailAddress = "UnresolvableGrantByEmailAddress", 400, "The email address you provided does not match any account on record.";
    UnsupportedArgument = "UnsupportedArgument", 400, "The request contained an unsupported argument.";
    UnsupportedMediaType = "UnsupportedMediaType", 415, "The annotation payload is not valid UTF-8 encoded text.";
    UserKeyMustBeSpecified = "UserKeyMustBeSpecified", 400, "The bucket POST must contain the specified field name. If it is specified, check the order of the fields.";
    XAmzContentSha256Mismatch = "XAmzContentSHA256Mismatch", 400, "The provided 'x-amz-content-sha256' header does not match what was computed.";
}

impl Code {
    /// Every code, in alphabetical order (without regard to case and dots).
    pub fn all() -> impl Iterator<Item = Code> {
        TABLE.iter().map(|row| row.0)
    }

    /// Finds a code by its wire name.
    pub fn parse(name: &str) -> Option<Code> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The wire name: the text of `<Code>`.
    pub fn as_str(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        TABLE[self as usize].2
    }

    /// AWS's sentence, or the most common of several.
    pub fn message(self) -> &'static str {
        TABLE[self as usize].3
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_consistent() {
        let mut previous = String::new();
        for (position, code) in Code::all().enumerate() {
            assert_eq!(code as usize, position);
            assert_eq!(Code::parse(code.as_str()), Some(code));
            assert!((300..600).contains(&code.status()), "{code}");
            assert!(!code.message().is_empty(), "{code}");
            let name = code.as_str().to_lowercase().replace('.', "");
            assert!(previous < name, "{previous} and {code} are not in order");
            previous = name;
        }
    }

    #[test]
    fn wire_strings() {
        let cases = [
            (Code::NoSuchKey, "NoSuchKey", 404, "The specified key does not exist."),
            (Code::NoSuchBucket, "NoSuchBucket", 404, "The specified bucket does not exist"),
            (Code::InvalidPartNumber, "InvalidPartNumber", 416, "The requested partnumber is not satisfiable"),
            (
                Code::XAmzContentSha256Mismatch,
                "XAmzContentSHA256Mismatch",
                400,
                "The provided 'x-amz-content-sha256' header does not match what was computed.",
            ),
        ];
        for (code, name, status, message) in cases {
            assert_eq!((code.as_str(), code.status(), code.message()), (name, status, message));
        }
        assert_eq!(Code::KmsNotFoundException.as_str(), "KMS.NotFoundException");
        assert!(Code::InvalidPart.message().contains("could not be found.  The part"));
    }
}

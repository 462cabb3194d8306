// The AWS SDK for Java, as its users use it. Every check runs; those that failed are printed, and the exit code is 1.
//
//     java -cp 'jars/*' Client.java FILE    (the environment names the endpoint and the keys)

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.*;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

public class Client {
    static final String BUCKET = "java-client";
    static final int PART = 5 << 20;
    static final List<String> KEYS = List.of("a b", "a+b", "a/ü/鍵 🪣", "a%2Bb", "a//b", "quote'\"<>&", "~!*()$,:;=@");

    /** XXHASH and CRC64NVME it computes only with its native runtime, MD5 not at all. */
    static final List<ChecksumAlgorithm> COMPUTED = List.of(
        ChecksumAlgorithm.CRC32, ChecksumAlgorithm.CRC32_C, ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256, ChecksumAlgorithm.SHA512);

    static byte[] data;
    static S3Client s3;
    static S3AsyncClient async;

    interface Check {
        void run() throws Exception;
    }

    static void equal(Object found, Object expected) {
        if (!Objects.equals(found, expected)) throw new AssertionError("found " + found + ", expected " + expected);
    }

    /** Refused by this error, as the SDK's class for it where it has one. */
    static void refused(Check call, String code, Class<? extends S3Exception> kind) throws Exception {
        try {
            call.run();
        } catch (CompletionException | S3Exception thrown) {
            var refusal = (S3Exception) (thrown instanceof CompletionException ? thrown.getCause() : thrown);
            equal(refusal.awsErrorDetails().errorCode(), code);
            equal(kind.isInstance(refusal), true);
            return;
        }
        throw new AssertionError(code + " was not thrown");
    }

    static String hash(String algorithm, byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    }

    static PutObjectResponse put(String key, String body) {
        return s3.putObject(r -> r.bucket(BUCKET).key(key), RequestBody.fromString(body));
    }

    static String read(String key) {
        return s3.getObjectAsBytes(r -> r.bucket(BUCKET).key(key)).asUtf8String();
    }

    static void same(byte[] found) throws Exception {
        equal(hash("SHA-256", found), hash("SHA-256", data));
    }

    static void same(String key) throws Exception {
        same(s3.getObjectAsBytes(r -> r.bucket(BUCKET).key(key)).asByteArray());
    }

    static void smallAndEmpty() throws Exception {
        var sent = s3.putObject(
            r -> r.bucket(BUCKET).key("small").contentType("text/x-a").metadata(Map.of("a", "b")), RequestBody.fromString("hello"));
        equal(sent.eTag(), '"' + hash("MD5", "hello".getBytes()) + '"');
        var got = s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("small"));
        equal(got.asUtf8String(), "hello");
        equal(List.of(got.response().metadata(), got.response().contentType()), List.of(Map.of("a", "b"), "text/x-a"));
        put("empty", "");
        equal(read("empty"), "");
        equal(s3.headObject(r -> r.bucket(BUCKET).key("empty")).contentLength(), 0L);
    }

    static void keys() {
        for (var key : KEYS) put(key, key);
        for (var key : KEYS) equal(read(key), key);
        s3.copyObject(r -> r.sourceBucket(BUCKET).sourceKey(KEYS.get(2)).destinationBucket(BUCKET).destinationKey("copied"));
        equal(read("copied"), KEYS.get(2));
    }

    static void ranges() throws Exception {
        put("digits", "0123456789");
        var got = s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("digits").range("bytes=2-4"));
        equal(List.of(got.asUtf8String(), got.response().contentRange()), List.of("234", "bytes 2-4/10"));
        equal(s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("digits").range("bytes=-3")).asUtf8String(), "789");
        refused(() -> s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("digits").range("bytes=10-")), "InvalidRange", S3Exception.class);
    }

    /** The asynchronous client splits by itself, and gets by parts; the length of a stream need not be known. */
    static void multipartClient() throws Exception {
        var sent = async.putObject(r -> r.bucket(BUCKET).key("split"), AsyncRequestBody.fromBytes(data)).join();
        equal(sent.eTag().endsWith("-4\""), true);
        same(async.getObject(r -> r.bucket(BUCKET).key("split"), AsyncResponseTransformer.toBytes()).join().asByteArray());
        var threads = Executors.newSingleThreadExecutor();
        try {
            var stream = new ByteArrayInputStream(data);
            async.putObject(r -> r.bucket(BUCKET).key("stream"), AsyncRequestBody.fromInputStream(stream, null, threads)).join();
        } finally {
            threads.shutdown();
        }
        same("stream");
        var copy = async.copyObject(r -> r.sourceBucket(BUCKET).sourceKey("split").destinationBucket(BUCKET).destinationKey("copy"));
        equal(copy.join().copyObjectResult().eTag().endsWith("-4\""), true);
        same("copy");
    }

    static void transferManager(Path file) throws Exception {
        var back = Files.createTempDirectory("staves");
        var there = back.resolve("there");
        try (var manager = S3TransferManager.builder().s3Client(async).build()) {
            manager.uploadFile(r -> r.source(file).putObjectRequest(p -> p.bucket(BUCKET).key("managed/file"))).completionFuture().join();
            manager.downloadFile(r -> r.destination(there).getObjectRequest(g -> g.bucket(BUCKET).key("managed/file")))
                .completionFuture().join();
            same(Files.readAllBytes(there));
            var all = manager.uploadDirectory(r -> r.source(back).bucket(BUCKET).s3Prefix("directory")).completionFuture().join();
            equal(all.failedTransfers(), List.of());
            same("directory/there");
        } finally {
            Files.deleteIfExists(there);
            Files.delete(back);
        }
    }

    static void abort() throws Exception {
        var id = s3.createMultipartUpload(r -> r.bucket(BUCKET).key("never")).uploadId();
        s3.uploadPart(r -> r.bucket(BUCKET).key("never").uploadId(id).partNumber(1), RequestBody.fromString("part"));
        s3.abortMultipartUpload(r -> r.bucket(BUCKET).key("never").uploadId(id));
        refused(() -> s3.listParts(r -> r.bucket(BUCKET).key("never").uploadId(id)), "NoSuchUpload", S3Exception.class);
        refused(() -> s3.abortMultipartUpload(r -> r.bucket(BUCKET).key("k").uploadId("none")), "NoSuchUpload", NoSuchUploadException.class);
    }

    static void listings() {
        var made = new ArrayList<String>();
        for (var folder : List.of("x", "y", "z")) for (int n = 0; n < 4; n++) made.add("list/" + folder + "/" + n);
        for (var key : made) put(key, "");
        var pages = s3.listObjectsV2Paginator(r -> r.bucket(BUCKET).prefix("list/").maxKeys(5));
        equal(pages.stream().count(), 3L);
        equal(pages.contents().stream().map(S3Object::key).toList(), made);
        var top = s3.listObjectsV2(r -> r.bucket(BUCKET).prefix("list/").delimiter("/"));
        equal(top.commonPrefixes().stream().map(CommonPrefix::prefix).toList(), List.of("list/x/", "list/y/", "list/z/"));
        var gone = made.stream().map(key -> ObjectIdentifier.builder().key(key).build()).toList();
        var answer = s3.deleteObjects(r -> r.bucket(BUCKET).delete(d -> d.objects(gone)));
        equal(List.of(answer.deleted().size(), answer.hasErrors()), List.of(made.size(), false));
        equal(s3.listObjectsV2(r -> r.bucket(BUCKET).prefix("list/")).keyCount(), 0);
    }

    static void conditions() throws Exception {
        Check create = () -> s3.putObject(r -> r.bucket(BUCKET).key("once").ifNoneMatch("*"), RequestBody.fromString("1"));
        create.run();
        refused(create, "PreconditionFailed", S3Exception.class);
        refused(() -> async.putObject(r -> r.bucket(BUCKET).key("once").ifNoneMatch("*"), AsyncRequestBody.fromBytes(data)).join(),
            "PreconditionFailed", S3Exception.class);
        equal(read("once"), "1");
    }

    static void presigned() throws Exception {
        var http = HttpClient.newHttpClient();
        var style = S3Configuration.builder().pathStyleAccessEnabled(true).build();
        var endpoint = URI.create(System.getenv("AWS_ENDPOINT_URL"));
        try (var signer = S3Presigner.builder().endpointOverride(endpoint).serviceConfiguration(style).build()) {
            var write = signer.presignPutObject(r -> r.signatureDuration(Duration.ofMinutes(1))
                .putObjectRequest(p -> p.bucket(BUCKET).key(KEYS.get(2)).contentType("text/x-signed").metadata(Map.of("a", "b"))));
            var request = HttpRequest.newBuilder(write.url().toURI()).PUT(HttpRequest.BodyPublishers.ofString("presigned"));
            write.signedHeaders().forEach((name, values) -> {
                if (!name.equalsIgnoreCase("host")) request.header(name, values.get(0));
            });
            equal(http.send(request.build(), BodyHandlers.ofString()).statusCode(), 200);
            request.setHeader("content-type", "text/x-other");
            equal(http.send(request.build(), BodyHandlers.ofString()).statusCode(), 403);
            var get = signer.presignGetObject(r -> r.signatureDuration(Duration.ofMinutes(1))
                .getObjectRequest(g -> g.bucket(BUCKET).key(KEYS.get(2)).responseContentType("text/x-answer")));
            var got = http.send(HttpRequest.newBuilder(get.url().toURI()).build(), BodyHandlers.ofString());
            equal(List.of(got.statusCode(), got.body()), List.of(200, "presigned"));
            equal(got.headers().firstValue("content-type").get(), "text/x-answer");
            equal(s3.headObject(r -> r.bucket(BUCKET).key(KEYS.get(2))).metadata(), Map.of("a", "b"));
        }
    }

    static void checksums() throws Exception {
        var crc32 = new java.util.zip.CRC32();
        crc32.update(data);
        var expected = Base64.getEncoder().encodeToString(java.nio.ByteBuffer.allocate(4).putInt((int) crc32.getValue()).array());
        for (var algorithm : COMPUTED) {
            var sent = s3.putObject(r -> r.bucket(BUCKET).key("sum").checksumAlgorithm(algorithm), RequestBody.fromBytes(data));
            // The SDK compares the checksum while it reads.
            var got = s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("sum").checksumMode(ChecksumMode.ENABLED));
            same(got.asByteArray());
            var field = "Checksum" + algorithm;
            equal(got.response().getValueForField(field, String.class), sent.getValueForField(field, String.class));
            equal(sent.getValueForField(field, String.class).isPresent(), true);
            if (algorithm == ChecksumAlgorithm.CRC32) equal(sent.checksumCRC32(), expected);
            async.putObject(r -> r.bucket(BUCKET).key("sums").checksumAlgorithm(algorithm), AsyncRequestBody.fromBytes(data)).join();
            same("sums");
        }
        refused(() -> s3.putObject(r -> r.bucket(BUCKET).key("sum").checksumCRC32("AAAAAA=="), RequestBody.fromBytes(data)),
            "BadDigest", S3Exception.class);
    }

    static void versionsAndTags() throws Exception {
        var there = "java-versions";
        s3.createBucket(r -> r.bucket(there));
        s3.putBucketVersioning(r -> r.bucket(there).versioningConfiguration(v -> v.status(BucketVersioningStatus.ENABLED)));
        var ids = new ArrayList<String>();
        for (var body : List.of("1", "2")) {
            var tag = Tagging.builder().tagSet(Tag.builder().key("a b").value("ü" + body).build()).build();
            ids.add(0, s3.putObject(r -> r.bucket(there).key("k").tagging(tag), RequestBody.fromString(body)).versionId());
        }
        equal(s3.getObjectAsBytes(r -> r.bucket(there).key("k").versionId(ids.get(1))).asUtf8String(), "1");
        equal(s3.getObjectTagging(r -> r.bucket(there).key("k")).tagSet().get(0).value(), "ü2");
        equal(s3.deleteObject(r -> r.bucket(there).key("k")).deleteMarker(), true);
        refused(() -> s3.getObjectAsBytes(r -> r.bucket(there).key("k")), "NoSuchKey", NoSuchKeyException.class);
        var listed = s3.listObjectVersionsPaginator(r -> r.bucket(there).maxKeys(1));
        equal(listed.versions().stream().map(ObjectVersion::versionId).toList(), ids);
        equal(listed.deleteMarkers().stream().count(), 1L);
    }

    static void errors() throws Exception {
        refused(() -> s3.getObjectAsBytes(r -> r.bucket(BUCKET).key("none")), "NoSuchKey", NoSuchKeyException.class);
        refused(() -> s3.listObjectsV2(r -> r.bucket("none-at-all")), "NoSuchBucket", NoSuchBucketException.class);
        refused(() -> s3.deleteBucket(r -> r.bucket(BUCKET)), "BucketNotEmpty", S3Exception.class);
    }

    public static void main(String[] arguments) throws Exception {
        var file = Path.of(arguments[0]);
        data = Files.readAllBytes(file);
        s3 = S3Client.builder().forcePathStyle(true).overrideConfiguration(c -> c.retryStrategy(r -> r.maxAttempts(1))).build();
        async = S3AsyncClient.builder().forcePathStyle(true).multipartEnabled(true)
            .multipartConfiguration(m -> m.minimumPartSizeInBytes((long) PART).thresholdInBytes((long) PART)).build();
        s3.createBucket(r -> r.bucket(BUCKET));
        s3.waiter().waitUntilBucketExists(r -> r.bucket(BUCKET));
        var checks = new LinkedHashMap<String, Check>();
        checks.put("small and empty objects", Client::smallAndEmpty);
        checks.put("keys that need care", Client::keys);
        checks.put("ranges", Client::ranges);
        checks.put("the client that splits", Client::multipartClient);
        checks.put("the transfer manager", () -> transferManager(file));
        checks.put("an upload that is aborted", Client::abort);
        checks.put("pages, a delimiter, and deleting many", Client::listings);
        checks.put("conditions", Client::conditions);
        checks.put("presigned URLs", Client::presigned);
        checks.put("checksums", Client::checksums);
        checks.put("versions and tags", Client::versionsAndTags);
        checks.put("typed errors", Client::errors);
        var failed = false;
        for (var check : checks.entrySet()) {
            try {
                check.getValue().run();
            } catch (Exception | AssertionError found) {
                System.out.println("FAILED: " + check.getKey());
                found.printStackTrace(System.out);
                failed = true;
            }
        }
        System.exit(failed ? 1 : 0);
    }
}

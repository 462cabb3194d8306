// The AWS SDK for JavaScript, as its users use it. Every check runs; those that failed are printed, and the exit code is 1.
//
//   node client.mjs ENDPOINT FILE

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import * as sdk from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const [endpoint, file] = process.argv.slice(2);
const Bucket = "javascript";
const PART = 5 * 1024 * 1024;
const ALGORITHMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"];
const KEYS = ["a b", "a+b", "a/ü/鍵 🪣", "a%2Bb", "a//b", "quote'\"<>&", "~!*()$,:;=@"];
const client = new sdk.S3Client({ endpoint, forcePathStyle: true, maxAttempts: 1 });
const bytes = await readFile(file);

/** Sends the command `name` for the bucket, unless `input` names another. */
const send = (name, input = {}) => client.send(new sdk[`${name}Command`]({ Bucket, ...input }));
const put = (Key, Body = "", more = {}) => send("PutObject", { Key, Body, ...more });
const read = async (Key, more = {}) => Buffer.from(await (await send("GetObject", { Key, ...more })).Body.transformToByteArray());
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const same = async (Key) => assert.equal(sha256(await read(Key)), sha256(bytes));
const refused = (call, type, status) =>
    assert.rejects(call, (error) => {
        assert.equal(error.name, typeof type === "string" ? type : type.name);
        if (typeof type !== "string") assert.ok(error instanceof type, `${error.name} is not of its class`);
        assert.equal(error.$metadata.httpStatusCode, status);
        return true;
    });

const checks = {
    async "small and empty objects"() {
        const { ETag } = await put("small", "hello", { Metadata: { a: "b" }, ContentType: "text/x-a", CacheControl: "no-store" });
        assert.equal(ETag, `"${createHash("md5").update("hello").digest("hex")}"`);
        const got = await send("GetObject", { Key: "small" });
        assert.equal(await got.Body.transformToString(), "hello");
        assert.deepEqual([got.Metadata, got.ContentType, got.CacheControl, got.ETag], [{ a: "b" }, "text/x-a", "no-store", ETag]);
        await put("empty");
        assert.equal((await read("empty")).length, 0);
        assert.equal((await send("HeadObject", { Key: "empty" })).ContentLength, 0);
    },

    async "keys that need care"() {
        for (const key of KEYS) await put(key, key);
        for (const key of KEYS) assert.equal((await read(key)).toString(), key);
        await send("CopyObject", { Key: "copied", CopySource: `${Bucket}/${encodeURIComponent(KEYS[2])}` });
        assert.equal((await read("copied")).toString(), KEYS[2]);
    },

    async "a stream of unknown length in one request"() {
        // Sent in chunks, its checksum in a trailer.
        await put("stream", createReadStream(file), { ContentLength: bytes.length });
        await same("stream");
    },

    async "ranges"() {
        await put("digits", "0123456789");
        const got = await send("GetObject", { Key: "digits", Range: "bytes=2-4" });
        assert.deepEqual([await got.Body.transformToString(), got.ContentRange], ["234", "bytes 2-4/10"]);
        assert.equal((await read("digits", { Range: "bytes=-3" })).toString(), "789");
        await refused(send("GetObject", { Key: "digits", Range: "bytes=10-" }), "InvalidRange", 416);
    },

    async "a managed upload in parts"() {
        for (const [Key, body] of [["managed", Readable.from(createReadStream(file))], ["managed-bytes", bytes]]) {
            const params = { Bucket, Key, Body: body, Metadata: { a: "b" } };
            const done = await new Upload({ client, params, partSize: PART, queueSize: 4 }).done();
            assert.match(done.ETag, /-4"$/);
            assert.equal(done.Key, Key);
            await same(Key);
        }
    },

    async "a managed upload that is aborted"() {
        const endless = Readable.from((function* () { for (;;) yield Buffer.alloc(PART); })());
        const upload = new Upload({ client, params: { Bucket, Key: "aborted", Body: endless }, partSize: PART, queueSize: 2 });
        upload.on("httpUploadProgress", () => upload.abort());
        await assert.rejects(upload.done(), { name: "AbortError" });
        // The upload aborts itself in the background.
        for (let tries = 0; (await send("ListMultipartUploads", { Prefix: "aborted" })).Uploads !== undefined; tries++) {
            assert.ok(tries < 100, "the upload is still there");
            await new Promise((wake) => setTimeout(wake, 50));
        }
        await refused(send("HeadObject", { Key: "aborted" }), "NotFound", 404);
    },

    async "parts that are copied"() {
        await put("source", bytes);
        const { UploadId } = await send("CreateMultipartUpload", { Key: "copy" });
        const parts = [];
        for (let at = 0; at < bytes.length; at += PART) {
            const last = Math.min(at + PART, bytes.length) - 1;
            const range = { CopySource: `${Bucket}/source`, CopySourceRange: `bytes=${at}-${last}`, PartNumber: parts.length + 1 };
            const { CopyPartResult } = await send("UploadPartCopy", { Key: "copy", UploadId, ...range });
            parts.push({ ETag: CopyPartResult.ETag, PartNumber: range.PartNumber });
        }
        assert.equal((await send("ListParts", { Key: "copy", UploadId })).Parts.length, 4);
        await send("CompleteMultipartUpload", { Key: "copy", UploadId, MultipartUpload: { Parts: parts } });
        await same("copy");
    },

    async "an upload that is aborted by name"() {
        const { UploadId } = await send("CreateMultipartUpload", { Key: "never" });
        await send("UploadPart", { Key: "never", UploadId, PartNumber: 1, Body: "part" });
        await send("AbortMultipartUpload", { Key: "never", UploadId });
        await refused(send("ListParts", { Key: "never", UploadId }), "NoSuchUpload", 404);
    },

    async "pages, a delimiter, and deleting many"() {
        const keys = ["x", "y", "z"].flatMap((folder) => [0, 1, 2, 3].map((n) => `list/${folder}/${n}`));
        for (const key of keys) await put(key);
        const listed = [];
        let pages = 0;
        for await (const page of sdk.paginateListObjectsV2({ client, pageSize: 5 }, { Bucket, Prefix: "list/" })) {
            listed.push(...page.Contents.map((item) => item.Key));
            pages += 1;
        }
        assert.deepEqual([pages, listed], [3, keys]);
        const { CommonPrefixes } = await send("ListObjectsV2", { Prefix: "list/", Delimiter: "/" });
        assert.deepEqual(CommonPrefixes.map((item) => item.Prefix), ["list/x/", "list/y/", "list/z/"]);
        const gone = await send("DeleteObjects", { Delete: { Objects: [...keys, "list/none"].map((Key) => ({ Key })) } });
        assert.deepEqual([gone.Deleted.length, gone.Errors], [keys.length + 1, undefined]);
        assert.equal((await send("ListObjectsV2", { Prefix: "list/" })).KeyCount, 0);
    },

    async "conditions"() {
        const { ETag } = await put("once", "1", { IfNoneMatch: "*" });
        await refused(put("once", "2", { IfNoneMatch: "*" }), "PreconditionFailed", 412);
        await put("once", "3", { IfMatch: ETag });
        await refused(send("GetObject", { Key: "once", IfMatch: ETag }), "PreconditionFailed", 412);
        assert.equal((await read("once")).toString(), "3");
    },

    async "presigned URLs"() {
        const sign = (command, more = {}) => getSignedUrl(client, command, { expiresIn: 60, ...more });
        const Key = KEYS[2];
        const type = { "Content-Type": "text/x-signed" };
        const putUrl = await sign(new sdk.PutObjectCommand({ Bucket, Key, ContentType: type["Content-Type"], Metadata: { a: "b" } }), {
            signableHeaders: new Set(["content-type"]),
        });
        assert.equal((await fetch(putUrl, { method: "PUT", body: "presigned", headers: type })).status, 200);
        assert.equal((await fetch(putUrl, { method: "PUT", body: "x", headers: { "Content-Type": "other" } })).status, 403);
        const getUrl = await sign(new sdk.GetObjectCommand({ Bucket, Key, ResponseContentType: "text/x-other" }));
        const got = await fetch(getUrl);
        assert.deepEqual([got.status, await got.text(), got.headers.get("content-type")], [200, "presigned", "text/x-other"]);
        assert.deepEqual((await send("HeadObject", { Key })).Metadata, { a: "b" });
        assert.equal((await fetch(getUrl.replace("other", "wrong"))).status, 403);
    },

    async "every checksum that the SDK computes"() {
        for (const ChecksumAlgorithm of ALGORITHMS) {
            const field = `Checksum${ChecksumAlgorithm}`;
            const sent = await put("sum", "checked", { ChecksumAlgorithm });
            const got = await send("GetObject", { Key: "sum", ChecksumMode: "ENABLED" });
            assert.equal(await got.Body.transformToString(), "checked", "the SDK compares the checksum while it reads");
            assert.ok(sent[field]);
            assert.deepEqual([got[field], got.ChecksumType], [sent[field], "FULL_OBJECT"]);
            const wrong = Buffer.from(sent[field], "base64");
            wrong[0] ^= 1;
            await refused(put("sum", "checked", { [field]: wrong.toString("base64") }), "BadDigest", 400);
        }
    },

    async "checksums of parts"() {
        for (const ChecksumAlgorithm of ALGORITHMS) {
            const params = { Bucket, Key: "sums", Body: bytes, ChecksumAlgorithm };
            const done = await new Upload({ client, params, partSize: 2 * PART }).done();
            const whole = ChecksumAlgorithm === "CRC64NVME";
            assert.deepEqual([done.ChecksumType, done[`Checksum${ChecksumAlgorithm}`].endsWith("-2")], [whole ? "FULL_OBJECT" : "COMPOSITE", !whole]);
            await same("sums");
        }
    },

    async "versions"() {
        const there = { Bucket: "javascript-versions" };
        await send("CreateBucket", there);
        await send("PutBucketVersioning", { ...there, VersioningConfiguration: { Status: "Enabled" } });
        const first = await put("k", "1", there);
        const second = await put("k", "2", there);
        assert.equal((await read("k", { ...there, VersionId: first.VersionId })).toString(), "1");
        const marker = await send("DeleteObject", { ...there, Key: "k" });
        assert.equal(marker.DeleteMarker, true);
        await refused(send("GetObject", { ...there, Key: "k" }), sdk.NoSuchKey, 404);
        const { Versions, DeleteMarkers } = await send("ListObjectVersions", there);
        assert.deepEqual(Versions.map((item) => item.VersionId), [second.VersionId, first.VersionId]);
        assert.deepEqual(DeleteMarkers.map((item) => [item.VersionId, item.IsLatest]), [[marker.VersionId, true]]);
        await send("DeleteObject", { ...there, Key: "k", VersionId: marker.VersionId });
        assert.equal((await read("k", there)).toString(), "2");
    },

    async "tags"() {
        const tags = (TagSet) => TagSet.map((tag) => `${tag.Key}=${tag.Value}`).sort();
        await put("tagged", "", { Tagging: "a=1&b%20c=%C3%BC" });
        assert.deepEqual(tags((await send("GetObjectTagging", { Key: "tagged" })).TagSet), ["a=1", "b c=ü"]);
        await send("PutObjectTagging", { Key: "tagged", Tagging: { TagSet: [{ Key: "d", Value: "+ -" }] } });
        assert.deepEqual(tags((await send("GetObjectTagging", { Key: "tagged" })).TagSet), ["d=+ -"]);
        await send("DeleteObjectTagging", { Key: "tagged" });
        assert.deepEqual((await send("GetObjectTagging", { Key: "tagged" })).TagSet, []);
    },

    async "typed errors"() {
        await refused(send("GetObject", { Key: "none" }), sdk.NoSuchKey, 404);
        await refused(send("HeadObject", { Key: "none" }), sdk.NotFound, 404);
        await refused(send("ListObjectsV2", { Bucket: "none-at-all" }), sdk.NoSuchBucket, 404);
        await refused(send("DeleteBucket"), "BucketNotEmpty", 409);
    },
};

await send("CreateBucket");
await sdk.waitUntilBucketExists({ client, maxWaitTime: 30 }, { Bucket });
for (const [name, check] of Object.entries(checks)) {
    try {
        await check();
    } catch (error) {
        console.log(`FAILED: ${name}\n${error.stack}`);
        process.exitCode = 1;
    }
}

// HERE's own SDK, driven as HERE's MultiPartUploadWrapper drives it: six parts at a time, the list in finishing order, and
// the same part again after a 5xx. The SDK's requests go through a proxy that answers some of them with 503.
//
//   node upload.mjs STAVES_FACADE_URL ACCESS_KEY SECRET_KEY FILE CATALOG_HRN
//
// Prints what it saw as one line of JSON.

import { readFile } from "node:fs/promises";
import http from "node:http";
import core from "@here/olp-sdk-core";
import api from "@here/olp-sdk-dataservice-api";
import authentication from "@here/olp-sdk-authentication";

const [facade, accessKeyId, accessKeySecret, file, hrn] = process.argv.slice(2);
const PART_BYTES = 5 * 1024 * 1024;
const AT_ONCE = 6;
const LAYER = "layer-1";

/** Passes requests on, host name included; each part that is first asked for here is answered with 503. */
function proxy(target, failing) {
    const failed = [];
    const server = http.createServer((request, response) => {
        const part = /partNumber=(\d+)/.exec(request.url)?.[1];
        const fails = part !== undefined && failing.delete(part);
        const options = { host: target.hostname, port: target.port, method: request.method, path: request.url };
        const onward = http.request({ ...options, headers: request.headers }, (answer) => {
            if (fails) {
                // The part has arrived, but its client will not know.
                failed.push(Number(part));
                answer.resume();
                response.writeHead(503).end();
                return;
            }
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        request.pipe(onward);
    });
    return new Promise((ready) => server.listen(0, "127.0.0.1", () => ready({ server, failed })));
}

/** Runs tasks, so many at a time. */
async function atOnce(limit, tasks) {
    const left = [...tasks];
    await Promise.all(Array.from({ length: limit }, async () => {
        for (let task = left.shift(); task !== undefined; task = left.shift()) await task();
    }));
}

function chunks(bytes) {
    return Array.from({ length: Math.ceil(bytes.length / PART_BYTES) }, (_, n) => ({
        number: n + 1,
        bytes: bytes.subarray(n * PART_BYTES, (n + 1) * PART_BYTES),
    }));
}

const target = new URL(facade);
const { server, failed } = await proxy(target, new Set(["2", "5"]));
const base = `http://127.0.0.1:${server.address().port}${target.pathname}`;

const user = new authentication.UserAuth({
    credentials: { accessKeyId, accessKeySecret },
    customUrl: `${base}/oauth2/token`,
    tokenRequester: authentication.requestToken,
});
const settings = new core.OlpClientSettings({ environment: `${base}/lookup/v1`, getToken: () => user.getToken() });
const catalog = core.HRN.fromString(hrn);
const v2 = await core.RequestFactory.create("blob", "v2", settings, catalog);
const v1 = await core.RequestFactory.create("blob", "v1", settings, catalog);
const bytes = await readFile(file);
const order = [];

// v2, by key.
const key = "tiles/map.bin";
const contentType = "application/x-map";
const { multipartToken } = await api.ObjectStoreApi.startMultipartUploadByKey(v2, { layerId: LAYER, key, body: { contentType } });
const parts = [];
await atOnce(AT_ONCE, chunks(bytes).map((chunk) => async () => {
    const { id } = await api.ObjectStoreApi.uploadPartByKey(v2, {
        layerId: LAYER,
        multipartToken,
        partNumber: chunk.number,
        body: chunk.bytes,
        contentLength: chunk.bytes.length,
        contentType,
    });
    order.push(chunk.number);
    parts.push({ id, number: chunk.number });
}));
await api.ObjectStoreApi.completeMultipartUploadByKey(v2, { layerId: LAYER, multipartToken, body: { parts } });
const status = await api.ObjectStoreApi.getMultipartUploadStatusByKey(v2, { layerId: LAYER, multipartToken });
const exists = await api.ObjectStoreApi.checkKeyExists(v2, { layerId: LAYER, key });
const listed = await api.ObjectStoreApi.listKeys(v2, { layerId: LAYER, deep: true });
const range = await api.ObjectStoreApi.getBlobByKey(v2, { layerId: LAYER, key, range: "bytes=10-19" });
const rangeBytes = Buffer.from(await range.arrayBuffer());
await api.ObjectStoreApi.putBlobByKey(v2, { layerId: LAYER, key: "small.json", body: { a: 1 } });
await api.ObjectStoreApi.putBlobByKey(v2, { layerId: LAYER, key: "copy.bin", source: key });
const small = await (await api.ObjectStoreApi.getBlobByKey(v2, { layerId: LAYER, key: "small.json" })).json();
const cancelled = await api.ObjectStoreApi.startMultipartUploadByKey(v2, { layerId: LAYER, key: "never", body: { contentType } });
await api.ObjectStoreApi.cancelMultipartUploadByKey(v2, { layerId: LAYER, multipartToken: cancelled.multipartToken });
await api.ObjectStoreApi.deleteBlobByKey(v2, { layerId: LAYER, key: "small.json" });
const gone = await api.ObjectStoreApi.getBlobByKey(v2, { layerId: LAYER, key: "small.json" }).catch((error) => error.status);

// v1, by data handle.
const dataHandle = "handle-1";
const { links } = await api.BlobApi.startMultipartUpload(v1, { layerId: LAYER, dataHandle, body: { contentType } });
const etags = [];
await atOnce(AT_ONCE, chunks(bytes).map((chunk) => async () => {
    const answer = await api.BlobApi.doUploadPart(v1, {
        url: links.uploadPart.href,
        partNumber: chunk.number,
        body: chunk.bytes,
        contentLength: chunk.bytes.length,
        contentType,
    });
    etags.push({ etag: answer.headers.get("etag"), number: chunk.number });
}));
await api.BlobApi.doCompleteMultipartUpload(v1, { url: links.complete.href, parts: { parts: etags } });
const blob = await api.BlobApi.getBlob(v1, { layerId: LAYER, dataHandle });
const v1Same = Buffer.from(await blob.arrayBuffer()).equals(bytes);
const again = await api.BlobApi.startMultipartUpload(v1, { layerId: LAYER, dataHandle, body: { contentType } })
    .then(() => "started", (error) => error.status);

server.close();
server.closeAllConnections();
console.log(JSON.stringify({
    failed,
    order,
    status,
    exists: exists.status,
    names: listed.items.map((item) => item.name),
    rangeSame: rangeBytes.equals(bytes.subarray(10, 20)),
    small,
    gone,
    v1Same,
    again,
}));

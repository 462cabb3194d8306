//! What of an object with SSE-C is on disk: neither its bytes nor its key, in no file of the data directory; and that what is
//! there is checked, survives a restart, and is never served when it is damaged.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use staves::engine::{Engine, Options};

use super::{K, bytes, get, key, multipart, put, with_headers, with_key, with_source_key};
use crate::support::RawClient;
use crate::support::server::TestServer;

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Every file of the directory, searched for pieces of the plaintext and for all spellings of the key.
fn assert_nothing_of(directory: &Path, plain: &[u8], keys: &[[u8; 32]]) {
    let mut searched = 0;
    for path in files(directory) {
        let content = fs::read(&path).unwrap();
        searched += content.len();
        for piece in plain.chunks(40_000).map(|chunk| &chunk[..chunk.len().min(16)]).filter(|piece| piece.len() == 16) {
            assert!(!contains(&content, piece), "plaintext in {}", path.display());
        }
        for key in keys {
            let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key);
            let base64 = STANDARD.encode(key);
            let spellings = [
                &key[..16],
                &key[16..],
                hex::encode(key).as_bytes(),
                hex::encode_upper(key).as_bytes(),
                base64.trim_end_matches('=').as_bytes(),
                url_safe.as_bytes(),
            ]
            .map(<[u8]>::to_vec);
            for spelling in spellings {
                assert!(!contains(&content, &spelling), "the key in {}", path.display());
            }
        }
    }
    assert!(searched > 100_000, "{searched} bytes searched");
}

#[tokio::test]
async fn no_plaintext_and_no_key_in_any_file() {
    let server = TestServer::on_disk(|builder| builder).await;
    let data = server.data.as_ref().unwrap().path().to_owned();
    let client = server.bucket().await;
    let plain = bytes(700_000);
    let keys = [key(1), key(2)];
    // Small bodies stay in SQLite, large ones go to files.
    put(&client, "/bkt/small", &plain[..4000], &key(1)).await.expect_status(200);
    put(&client, "/bkt/large", &plain, &key(1)).await.expect_status(200);
    // An open upload, its parts of both kinds.
    let create = with_key(client.post("/bkt/open?uploads"), &key(2)).send().await.expect_status(200);
    let id = create.xml_text("UploadId").unwrap();
    for (number, part) in [(1, &plain[..400_000]), (2, &plain[..3000])] {
        let request = client.put(&format!("/bkt/open?partNumber={number}&uploadId={id}")).body(part);
        with_key(request, &key(2)).send().await.expect_status(200);
    }
    multipart(&client, "/bkt/multipart", &[&plain[..5000]], &key(2)).await.expect_status(200);
    let copy = client.put("/bkt/copy").header("x-amz-copy-source", "/bkt/large");
    with_source_key(with_key(copy, &key(2)), &key(1)).send().await.expect_status(200);
    // A body that is cut off half way leaves nothing either.
    let request =
        with_key(client.put("/bkt/cut").body(&plain).header("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="), &key(1));
    request.send().await.expect_error(400, "BadDigest");
    assert_nothing_of(&data, &plain, &keys);
    server.running.shutdown().await;
    assert_nothing_of(&data, &plain, &keys);

    // The same search finds what is not encrypted.
    let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(&data);
    let running = builder.start().await.unwrap();
    let client = RawClient::new(running.addr(), "test", "test");
    assert!(get(&client, "/bkt/large", &key(1)).await.expect_status(200).body == plain);
    assert_eq!(get(&client, "/bkt/small", &key(1)).await.expect_status(200).body, &plain[..4000]);
    client.put("/bkt/plain").body(&plain).send().await.expect_status(200);
    running.shutdown().await;
    let found = files(&data).iter().any(|path| contains(&fs::read(path).unwrap(), &plain[..16]));
    assert!(found);
}

#[tokio::test]
async fn check_needs_no_key_and_damage_is_not_served() {
    let server = TestServer::on_disk(|builder| builder).await;
    let data = server.data.as_ref().unwrap().path().to_owned();
    let client = server.bucket().await;
    let plain = bytes(300_000);
    put(&client, K, &plain, &key(1)).await.expect_status(200);
    put(&client, "/bkt/small", b"small", &key(1)).await.expect_status(200);
    server.running.shutdown().await;
    let check = || {
        let engine = Engine::open(Options::new(&data)).unwrap();
        engine.check(|_| {}).unwrap()
    };
    let report = check();
    assert_eq!((report.blobs_hashed, report.differences), (2, Vec::new()));

    let blob = files(&data.join("blobs")).pop().unwrap();
    let mut stored = fs::read(&blob).unwrap();
    stored[200_000] ^= 1;
    fs::write(&blob, stored).unwrap();
    assert_eq!(check().differences.len(), 1);
    let builder = staves::Server::builder().hosts(["127.0.0.1"]).port(0).data_dir(&data);
    let running = builder.start().await.unwrap();
    let client = RawClient::new(running.addr(), "test", "test");
    let sound = with_key(client.get(K), &key(1)).header("range", "bytes=0-99999").send().await.expect_status(206);
    assert!(sound.body == plain[..100_000]);
    let damaged = with_key(client.get(K), &key(1)).header("range", "bytes=200000-200001").send().await;
    damaged.expect_error(500, "InternalError");
    running.shutdown().await;
}

#[tokio::test]
async fn no_answer_shows_a_key() {
    let server = TestServer::start().await;
    let client = server.bucket().await;
    put(&client, K, b"hello", &key(1)).await.expect_status(200);
    let spelt = STANDARD.encode(key(1));
    let answers = [
        get(&client, K, &key(1)).await,
        get(&client, K, &key(2)).await,
        with_key(client.put("/bkt/other").header("x-amz-server-side-encryption", "AES256"), &key(1)).send().await,
        with_headers(client.get(K), "AES256", &spelt, "AAAAAAAAAAAAAAAAAAAAAA==").send().await,
    ];
    for reply in answers {
        assert!(!reply.headers.iter().any(|(_, value)| value.contains(&spelt)), "{reply:?}");
        assert!(!contains(&reply.body, spelt.as_bytes()), "{reply:?}");
    }
}

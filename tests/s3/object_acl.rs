//! ACLs of objects: given with the object or later, documents, headers, canned lists, whose the objects are, and refusals.
//! What they let happen is also in `access_matrix`.

use crate::access_support::{
    ALL_USERS, ANNA_ACCOUNT, BERTA_ACCOUNT, Two, Who, account, block, canonical_id, grants, ownership, statement,
};
use crate::answers::{DENIED, bad_argument, refused};
use crate::support::Reply;
use crate::support::server::{complete, create_upload, part_list, upload_part};

const NO_ACLS: &str = "The bucket does not allow ACLs";

fn document(owner: &str, grantee: &str, permission: &str) -> String {
    format!(
        "<AccessControlPolicy><Owner><ID>{owner}</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>{grantee}</ID></Grantee><Permission>{permission}</Permission></Grant></AccessControlList></AccessControlPolicy>"
    )
}

fn ids() -> (String, String) {
    (canonical_id(ANNA_ACCOUNT), canonical_id(BERTA_ACCOUNT))
}

/// Lets berta put objects into the bucket of old.
async fn berta_writes(two: &Two) {
    let (_, berta) = ids();
    two.anna.put("/bkt?acl").header("x-amz-grant-write", format!("id={berta}")).send().await.expect_status(200);
}

fn version(reply: &Reply) -> String {
    reply.header("x-amz-version-id").unwrap().to_owned()
}

#[tokio::test]
async fn object_acl_of_todays_buckets() {
    let two = Two::start().await;
    let (anna, _) = ids();
    two.anna.put("/bkt/k").body("x").send().await.expect_status(200);
    let private = [format!("owner:{anna}"), format!("{anna}:FULL_CONTROL")];
    assert_eq!(grants(&two.anna.get("/bkt/k?acl").send().await.expect_status(200)), private);
    for acl in ["private", "public-read", "bucket-owner-read"] {
        let reply = two.anna.put("/bkt/k?acl").header("x-amz-acl", acl).send().await;
        refused(&reply, 400, "AccessControlListNotSupported", NO_ACLS, &[]);
        let reply = two.anna.put("/bkt/new").header("x-amz-acl", acl).body("x").send().await;
        refused(&reply, 400, "AccessControlListNotSupported", NO_ACLS, &[]);
        two.anna.get("/bkt/new").send().await.expect_status(404);
    }
    for target in ["/bkt/k?acl", "/bkt/new"] {
        let put = two.anna.put(target).header("x-amz-acl", "bucket-owner-full-control");
        put.send().await.expect_status(200);
    }
    assert_eq!(grants(&two.anna.get("/bkt/k?acl").send().await.expect_status(200)), private);
}

#[tokio::test]
async fn object_acl_canned_headers_and_documents() {
    let two = Two::legacy().await;
    let (anna, berta) = ids();
    let (owner, full) = (format!("owner:{anna}"), format!("{anna}:FULL_CONTROL"));
    two.anna.put("/bkt/k").body("x").send().await.expect_status(200);
    let shown = async || grants(&two.anna.get("/bkt/k?acl").send().await.expect_status(200));
    assert_eq!(shown().await, [owner.clone(), full.clone()]);
    for (acl, further) in [
        ("public-read", vec![format!("{ALL_USERS}:READ")]),
        ("public-read-write", vec![format!("{ALL_USERS}:READ"), format!("{ALL_USERS}:WRITE")]),
        ("authenticated-read", vec!["http://acs.amazonaws.com/groups/global/AuthenticatedUsers:READ".to_owned()]),
        ("private", vec![]),
    ] {
        two.anna.put("/bkt/k?acl").header("x-amz-acl", acl).send().await.expect_status(200);
        let expected: Vec<String> = [owner.clone(), full.clone()].into_iter().chain(further).collect();
        assert_eq!(shown().await, expected, "{acl}");
    }
    let granted = format!("id={berta}");
    two.anna.put("/bkt/k?acl").header("x-amz-grant-read", &granted).send().await.expect_status(200);
    assert_eq!(shown().await, [owner.clone(), format!("{berta}:READ")]);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k").await, 200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k?acl").await, 403);
    two.anna.put("/bkt/k?acl").body(document(&anna, &berta, "WRITE_ACP")).send().await.expect_status(200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k").await, 403);
    // Whoever may write the list may let himself in.
    two.berta.put("/bkt/k?acl").header("x-amz-grant-full-control", &granted).send().await.expect_status(200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k?acl").await, 200);
    // But the object stays whose it is, who may always change the list.
    let reply = two.berta.put("/bkt/k?acl").body(document(&berta, &berta, "READ")).send().await;
    refused(&reply, 403, "AccessDenied", DENIED, &[]);
    two.anna.put("/bkt/k?acl").header("x-amz-acl", "private").send().await.expect_status(200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k").await, 403);
}

#[tokio::test]
async fn object_acl_given_with_the_object() {
    let two = Two::legacy().await;
    let public = |reply: &Reply| grants(reply).contains(&format!("{ALL_USERS}:READ"));
    let acl = ("x-amz-acl", "public-read");
    two.anna.put("/bkt/put").header(acl.0, acl.1).body("x").send().await.expect_status(200);
    let copy = two.anna.put("/bkt/copied").header("x-amz-copy-source", "bkt/put");
    copy.header(acl.0, acl.1).send().await.expect_status(200);
    let id = create_upload(&two.anna, "/bkt/parts", &[acl]).await;
    let etag = upload_part(&two.anna, "/bkt/parts", &id, 1, b"x").await.header("etag").unwrap().to_owned();
    assert_eq!(two.status(Who::Anonymous, "GET", "/bkt/parts").await, 403);
    complete(&two.anna, "/bkt/parts", &id, &part_list([(1, etag.as_str())])).await.expect_status(200);
    for key in ["put", "copied", "parts"] {
        assert!(public(&two.anna.get(&format!("/bkt/{key}?acl")).send().await.expect_status(200)), "{key}");
        assert_eq!(two.status(Who::Anonymous, "GET", &format!("/bkt/{key}")).await, 200, "{key}");
    }
    // The source's list is not copied, nor is the overwritten object's kept.
    two.anna.put("/bkt/silent").header("x-amz-copy-source", "bkt/put").send().await.expect_status(200);
    two.anna.put("/bkt/put").body("y").send().await.expect_status(200);
    for key in ["silent", "put"] {
        assert!(!public(&two.anna.get(&format!("/bkt/{key}?acl")).send().await.expect_status(200)), "{key}");
        assert_eq!(two.status(Who::Anonymous, "GET", &format!("/bkt/{key}")).await, 403, "{key}");
    }
    // Public ones count for nothing where they are ignored, and are not taken where they are blocked.
    two.anna.put("/bkt?publicAccessBlock").body(block("I")).send().await.expect_status(200);
    assert_eq!(two.status(Who::Anonymous, "GET", "/bkt/copied").await, 403);
    two.anna.put("/bkt?publicAccessBlock").body(block("A")).send().await.expect_status(200);
    assert_eq!(two.status(Who::Anonymous, "GET", "/bkt/copied").await, 200);
    two.anna.put("/bkt/blocked").header(acl.0, acl.1).body("x").send().await.expect_error(403, "AccessDenied");
    two.anna.put("/bkt/copied?acl").header(acl.0, acl.1).send().await.expect_error(403, "AccessDenied");
    two.anna.get("/bkt/blocked").send().await.expect_status(404);
}

#[tokio::test]
async fn object_acl_of_what_others_own() {
    let two = Two::legacy().await;
    let (anna, berta) = ids();
    berta_writes(&two).await;
    two.berta.put("/bkt/hers").body("x").send().await.expect_status(200);
    // The bucket's owner may not read it, but delete it.
    for target in ["/bkt/hers", "/bkt/hers?acl", "/bkt/hers?attributes"] {
        let get = two.anna.get(target).header("x-amz-object-attributes", "ETag");
        get.send().await.expect_error(403, "AccessDenied");
    }
    let copy = two.anna.put("/bkt/mine").header("x-amz-copy-source", "bkt/hers");
    assert_eq!(copy.send().await.status, 403);
    // The policy of the bucket does not open it either.
    two.policy(&statement("Allow", &account(ANNA_ACCOUNT), "s3:*", "")).await;
    assert_eq!(two.status(Who::Anna, "GET", "/bkt/hers").await, 403);
    two.anna.delete("/bkt?policy").send().await.expect_status(204);
    for (acl, read, read_acl) in [("bucket-owner-read", 200, 403), ("bucket-owner-full-control", 200, 200)] {
        two.berta.put("/bkt/hers?acl").header("x-amz-acl", acl).send().await.expect_status(200);
        assert_eq!(two.status(Who::Anna, "GET", "/bkt/hers").await, read, "{acl}");
        assert_eq!(two.status(Who::Anna, "GET", "/bkt/hers?acl").await, read_acl, "{acl}");
    }
    let shown = grants(&two.anna.get("/bkt/hers?acl").send().await);
    assert_eq!(shown, [format!("owner:{berta}"), format!("{berta}:FULL_CONTROL"), format!("{anna}:FULL_CONTROL")]);
    // Once ACLs are off, all of it is the bucket's owner's.
    two.berta.put("/bkt/hers?acl").header("x-amz-acl", "private").send().await.expect_status(200);
    let put = two.anna.put("/bkt?ownershipControls").body(ownership("BucketOwnerEnforced"));
    put.send().await.expect_error(400, "InvalidBucketAclWithObjectOwnership");
    two.anna.put("/bkt?acl").header("x-amz-acl", "private").send().await.expect_status(200);
    two.anna.put("/bkt?ownershipControls").body(ownership("BucketOwnerEnforced")).send().await.expect_status(200);
    assert_eq!(two.status(Who::Anna, "GET", "/bkt/hers").await, 200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/hers").await, 403);
}

#[tokio::test]
async fn object_acl_given_away_where_the_owner_is_preferred() {
    let two = Two::legacy().await;
    let (anna, berta) = ids();
    two.anna.put("/bkt?ownershipControls").body(ownership("BucketOwnerPreferred")).send().await.expect_status(200);
    berta_writes(&two).await;
    let put = |key: &str| two.berta.put(&format!("/bkt/{key}")).body("x");
    put("given").header("x-amz-acl", "bucket-owner-full-control").send().await.expect_status(200);
    put("kept").send().await.expect_status(200);
    assert_eq!(grants(&two.anna.get("/bkt/given?acl").send().await)[0], format!("owner:{anna}"));
    assert_eq!(grants(&two.berta.get("/bkt/kept?acl").send().await)[0], format!("owner:{berta}"));
}

#[tokio::test]
async fn object_acl_owners_in_listings() {
    let two = Two::legacy().await;
    let (anna, berta) = ids();
    berta_writes(&two).await;
    two.anna
        .put("/bkt?versioning")
        .body("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")
        .send()
        .await
        .expect_status(200);
    two.anna.put("/bkt/a").body("x").send().await.expect_status(200);
    two.berta.put("/bkt/b").body("x").send().await.expect_status(200);
    two.anna.put("/bkt/b").body("y").send().await.expect_status(200);
    two.berta.put("/bkt/c").body("x").send().await.expect_status(200);
    let id = create_upload(&two.berta, "/bkt/up", &[]).await;
    let owners = async |target: &str| {
        let reply = two.anna.get(target).send().await.expect_status(200);
        let owners = reply.text().split("<Owner><ID>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
        owners.collect::<Vec<String>>()
    };
    let of_keys = [anna.clone(), anna.clone(), berta.clone()];
    assert_eq!(owners("/bkt").await, of_keys);
    assert_eq!(owners("/bkt?list-type=2&fetch-owner=true").await, of_keys);
    assert_eq!(owners("/bkt?list-type=2").await, [""; 0]);
    assert_eq!(owners("/bkt?versions").await, [anna.clone(), anna.clone(), berta.clone(), berta.clone()]);
    assert_eq!(owners("/bkt?uploads").await, std::slice::from_ref(&berta));
    assert_eq!(owners(&format!("/bkt/up?uploadId={id}")).await, std::slice::from_ref(&berta));
    two.anna.put("/bkt?acl").header("x-amz-acl", "private").send().await.expect_status(200);
    two.anna.put("/bkt?ownershipControls").body(ownership("BucketOwnerEnforced")).send().await.expect_status(200);
    assert_eq!(owners("/bkt?versions").await, [anna.clone(), anna.clone(), anna.clone(), anna.clone()]);
    assert_eq!(owners("/bkt?uploads").await, [anna]);
}

#[tokio::test]
async fn object_acl_of_versions() {
    let two = Two::legacy().await;
    let enable = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    two.anna.put("/bkt?versioning").body(enable).send().await.expect_status(200);
    let old = version(&two.anna.put("/bkt/k").body("old").send().await.expect_status(200));
    let new = version(&two.anna.put("/bkt/k").body("new").send().await.expect_status(200));
    let of_old = format!("/bkt/k?acl&versionId={old}");
    let reply = two.anna.put(&of_old).header("x-amz-acl", "public-read").send().await.expect_status(200);
    assert_eq!(version(&reply), old);
    assert_eq!(two.status(Who::Anonymous, "GET", "/bkt/k").await, 403);
    assert_eq!(two.status(Who::Anonymous, "GET", &format!("/bkt/k?versionId={old}")).await, 200);
    assert_eq!(two.status(Who::Anonymous, "GET", &format!("/bkt/k?versionId={new}")).await, 403);
    let reply = two.anna.get("/bkt/k?acl").send().await.expect_status(200);
    assert_eq!((version(&reply), grants(&reply).len()), (new.clone(), 2));
    assert_eq!(grants(&two.anna.get(&of_old).send().await.expect_status(200)).len(), 3);
    // By policy the list of a version has an action of its own.
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:GetObjectVersionAcl", "")).await;
    assert_eq!(two.status(Who::Berta, "GET", &of_old).await, 200);
    assert_eq!(two.status(Who::Berta, "GET", "/bkt/k?acl").await, 403);
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObjectAcl", "")).await;
    let put = |target: &str| two.berta.put(target).header("x-amz-acl", "private");
    put(&of_old).send().await.expect_error(403, "AccessDenied");
    put("/bkt/k?acl").send().await.expect_status(200);
    two.anna.delete("/bkt?policy").send().await.expect_status(204);
    // A delete marker has none.
    let marker = version(&two.anna.delete("/bkt/k").send().await.expect_status(204));
    two.anna.get("/bkt/k?acl").send().await.expect_error(404, "NoSuchKey");
    let reply = two.anna.put("/bkt/k?acl").header("x-amz-acl", "public-read").send().await;
    let fields = [("Method", "PUT"), ("ResourceType", "DeleteMarker")];
    refused(&reply, 405, "MethodNotAllowed", "The specified method is not allowed against this resource.", &fields);
    let of_marker = format!("/bkt/k?acl&versionId={marker}");
    two.anna.get(&of_marker).send().await.expect_error(405, "MethodNotAllowed");
    let put = two.anna.put(&of_marker).header("x-amz-acl", "private");
    put.send().await.expect_error(405, "MethodNotAllowed");
}

#[tokio::test]
async fn object_acl_refusals() {
    let two = Two::legacy().await;
    let (anna, berta) = ids();
    for method in ["GET", "PUT"] {
        let request = two.request(Who::Anna, method, "/bkt/k?acl");
        let request = if method == "PUT" { request.header("x-amz-acl", "private") } else { request };
        let reply = request.send().await;
        refused(&reply, 404, "NoSuchKey", "The specified key does not exist.", &[("Key", "k")]);
        let request = two.request(Who::Anna, method, "/bkt/k?acl&versionId=nZJcnZ3P4ibSk9oNty_b.6npYpp8DJOi");
        let request = if method == "PUT" { request.header("x-amz-acl", "private") } else { request };
        request.send().await.expect_error(404, "NoSuchVersion");
    }
    two.anna.put("/bkt/k").body("x").send().await.expect_status(200);
    let put = || two.anna.put("/bkt/k?acl");
    let reply = put().send().await;
    let header = [("MissingHeaderName", "x-amz-acl")];
    refused(&reply, 400, "MissingSecurityHeader", "Your request was missing a required header", &header);
    bad_argument(&put().header("x-amz-acl", "public").send().await, "", "x-amz-acl", "public");
    let both = || put().header("x-amz-acl", "private").header("x-amz-grant-read", format!("id={berta}"));
    both().send().await.expect_error(400, "InvalidRequest");
    let reply = put().header("x-amz-acl", "private").body(document(&anna, &berta, "READ")).send().await;
    refused(&reply, 400, "UnexpectedContent", "This request does not support content", &[]);
    put().body("<AccessControlPolicy/>").send().await.expect_error(400, "MalformedACLError");
    put().body(document(&anna, &berta, "EAT")).send().await.expect_error(400, "MalformedACLError");
    put().body(document(&anna, "nobody", "READ")).send().await.expect_error(400, "InvalidArgument");
    // Also of an object that is to be, and then nothing is made.
    for (name, value) in [("x-amz-acl", "public"), ("x-amz-grant-read", "id=nobody"), ("x-amz-grant-read", "berta")] {
        two.anna.put("/bkt/new").header(name, value).body("x").send().await.expect_error(400, "InvalidArgument");
        two.anna.post("/bkt/new?uploads").header(name, value).send().await.expect_error(400, "InvalidArgument");
        let copy = two.anna.put("/bkt/new").header("x-amz-copy-source", "bkt/k").header(name, value);
        copy.send().await.expect_error(400, "InvalidArgument");
    }
    two.anna.get("/bkt/new").send().await.expect_status(404);
    assert_eq!(grants(&two.anna.get("/bkt/k?acl").send().await).len(), 2);
}

#[tokio::test]
async fn object_acl_under_conditions_of_the_policy() {
    let two = Two::legacy().await;
    let (anna, berta) = ids();
    let condition = ",\"Condition\":{\"StringEquals\":{\"s3:x-amz-acl\":\"bucket-owner-full-control\"}}";
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", condition)).await;
    let put = || two.berta.put("/bkt/k").body("x");
    put().send().await.expect_error(403, "AccessDenied");
    put().header("x-amz-acl", "bucket-owner-full-control").send().await.expect_status(200);
    // What gives the object to others than the bucket's owner asks for an action of its own.
    let to_owner = format!("id={anna}");
    two.policy(&statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", "")).await;
    put().header("x-amz-grant-full-control", &to_owner).send().await.expect_status(200);
    put().header("x-amz-grant-full-control", format!("id=\"{anna}\"")).send().await.expect_status(200);
    for (name, value) in [
        ("x-amz-acl", "public-read"),
        ("x-amz-grant-read", to_owner.as_str()),
        ("x-amz-grant-full-control", &format!("id={berta}")),
        ("x-amz-grant-full-control", &format!("{to_owner}, id={berta}")),
    ] {
        put().header(name, value).send().await.expect_error(403, "AccessDenied");
    }
    let more = statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObjectAcl", "");
    two.policy(&format!("{},{more}", statement("Allow", &account(BERTA_ACCOUNT), "s3:PutObject", ""))).await;
    put().header("x-amz-acl", "public-read").send().await.expect_status(200);
}

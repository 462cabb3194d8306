//! Servers with two accounts, and what tests of access say again and again. No test is in here.

use staves::http::identity::{Identities, Identity};
use staves::s3::AclDefaults;
use staves::wire::sigv4::Credentials;

use crate::support::server::TestServer;
use crate::support::{RawClient, Reply, RequestBuilder};

pub(crate) const ANNA_ACCOUNT: &str = "111111111111";
pub(crate) const BERTA_ACCOUNT: &str = "222222222222";
pub(crate) const ALL_USERS: &str = "http://acs.amazonaws.com/groups/global/AllUsers";

/// A server with the bucket `bkt` of `anna`, and `berta` of another account.
pub(crate) struct Two {
    pub(crate) _server: TestServer,
    pub(crate) anna: RawClient,
    pub(crate) berta: RawClient,
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Anna,
    Berta,
    Anonymous,
}

impl Two {
    /// With the defaults of a bucket of today.
    pub(crate) async fn start() -> Two {
        Two::with(AclDefaults::Aws).await
    }

    /// With those of a bucket of old: ACLs count, nothing is blocked.
    pub(crate) async fn legacy() -> Two {
        Two::with(AclDefaults::Legacy).await
    }

    async fn with(defaults: AclDefaults) -> Two {
        let identities = Identities::new([
            Identity::of_account("anna", "anna", ANNA_ACCOUNT),
            Identity::of_account("berta", "berta", BERTA_ACCOUNT),
        ]);
        let server = TestServer::with(|builder| builder.identities(identities.unwrap()).acl_defaults(defaults)).await;
        let [anna, berta] =
            ["anna", "berta"].map(|name| server.client().with_credentials(Credentials::new(name, name)));
        anna.put("/bkt").send().await.expect_status(200);
        Two { _server: server, anna, berta }
    }

    /// A request of one of them.
    pub(crate) fn request(&self, who: Who, method: &str, target: &str) -> RequestBuilder {
        match who {
            Who::Anna => self.anna.request(method, target),
            Who::Berta => self.berta.request(method, target),
            Who::Anonymous => self.anna.request(method, target).anonymous(),
        }
    }

    pub(crate) async fn status(&self, who: Who, method: &str, target: &str) -> u16 {
        self.request(who, method, target).send().await.status
    }

    /// Sets the policy of `bkt`: statements without their principal's bucket.
    pub(crate) async fn policy(&self, statements: &str) {
        self.anna.put("/bkt?policy").body(policy(statements)).send().await.expect_status(204);
    }
}

/// A policy with these statements.
pub(crate) fn policy(statements: &str) -> String {
    format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{statements}]}}")
}

/// A statement about `bkt` and all that is in it.
pub(crate) fn statement(effect: &str, principal: &str, action: &str, more: &str) -> String {
    let resource = "[\"arn:aws:s3:::bkt\",\"arn:aws:s3:::bkt/*\"]";
    format!(
        "{{\"Sid\":\"S\",\"Effect\":\"{effect}\",\"Principal\":{principal},\"Action\":\"{action}\",\"Resource\":{resource}{more}}}"
    )
}

/// An account as a policy names it.
pub(crate) fn account(number: &str) -> String {
    format!("{{\"AWS\":\"arn:aws:iam::{number}:root\"}}")
}

/// The canonical id of a test account.
pub(crate) fn canonical_id(account: &str) -> String {
    Identity::of_account("x", "x", account).canonical_id
}

/// The XML of a public access block: which of `A`cls, `I`gnore, `P`olicy, `R`estrict are on.
pub(crate) fn block(on: &str) -> String {
    let switches = [
        ('A', "BlockPublicAcls"),
        ('I', "IgnorePublicAcls"),
        ('P', "BlockPublicPolicy"),
        ('R', "RestrictPublicBuckets"),
    ];
    let switches = switches.map(|(letter, name)| format!("<{name}>{}</{name}>", on.contains(letter)));
    format!("<PublicAccessBlockConfiguration>{}</PublicAccessBlockConfiguration>", switches.concat())
}

/// The XML of ownership controls.
pub(crate) fn ownership(name: &str) -> String {
    format!("<OwnershipControls><Rule><ObjectOwnership>{name}</ObjectOwnership></Rule></OwnershipControls>")
}

/// The grants of an ACL as `grantee:PERMISSION`, in their order; the owner's first, as `owner:ID`.
pub(crate) fn grants(reply: &Reply) -> Vec<String> {
    let mut shown = vec![format!("owner:{}", reply.xml_text("ID").unwrap())];
    for grant in reply.text().split("<Grant>").skip(1) {
        let text = |tag: &str| {
            grant.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once('<')).map(|(text, _)| text)
        };
        let grantee = text("ID").or(text("URI")).unwrap();
        shown.push(format!("{}:{}", grantee, text("Permission").unwrap()));
    }
    shown
}

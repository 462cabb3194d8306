//! The document of an ACL: `AccessControlPolicy`.

use super::{Accounts, Acl, AclProblem, ByEmail, Grant, Grantee, Group, MAX_GRANTS, Owner, Permission};
use crate::wire::xml::{Declaration, Element, ShapeError, XmlWriter};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

impl Acl {
    /// Reads the document. The structure of all grants is checked before it is looked up whom they name, as S3 does; names
    /// in the document are not used.
    pub fn parse(document: &Element, accounts: &dyn Accounts) -> Result<Acl, AclProblem> {
        document.expect_root("AccessControlPolicy")?;
        document.expect_only(&["Owner", "AccessControlList"])?;
        let owner = document.exactly_one("Owner")?;
        owner.expect_only(&["ID", "DisplayName"])?;
        owner.at_most_one_text("DisplayName")?;
        let owner = owner.exactly_one_text("ID")?;
        let list = document.exactly_one("AccessControlList")?;
        list.expect_only(&["Grant"])?;
        if list.children.len() > MAX_GRANTS {
            return Err(AclProblem::TooManyGrants(list.children.len()));
        }
        let named = list.children.iter().map(NamedGrant::parse).collect::<Result<Vec<_>, _>>()?;
        let owner = by_id(owner, accounts)?;
        let grants = named.into_iter().map(|grant| grant.resolve(accounts)).collect::<Result<Vec<_>, _>>()?;
        Ok(Acl { owner, grants })
    }

    /// The document of `GetBucketAcl` and `GetObjectAcl`.
    pub fn to_xml(&self) -> String {
        let mut xml = XmlWriter::new(Declaration::Yes);
        xml.open_ns("AccessControlPolicy").open("Owner");
        write_owner(&mut xml, &self.owner);
        xml.close().open("AccessControlList");
        for grant in &self.grants {
            xml.open("Grant");
            match &grant.grantee {
                Grantee::User(user) => {
                    xml.open_with("Grantee", &[("xmlns:xsi", XSI), ("xsi:type", "CanonicalUser")]);
                    write_owner(&mut xml, user);
                }
                Grantee::Group(group) => {
                    xml.open_with("Grantee", &[("xmlns:xsi", XSI), ("xsi:type", "Group")]).text("URI", group.uri());
                }
            }
            xml.close().text("Permission", grant.permission.name()).close();
        }
        xml.close().close();
        xml.finish()
    }
}

fn write_owner(xml: &mut XmlWriter, owner: &Owner) {
    xml.text("ID", &owner.id).optional("DisplayName", owner.display_name.as_deref());
}

/// A grant as the document has it, before anyone is looked up.
struct NamedGrant<'a> {
    grantee: NamedGrantee<'a>,
    permission: Permission,
}

enum NamedGrantee<'a> {
    Id(&'a str),
    Uri(&'a str),
    Email(&'a str),
}

impl<'a> NamedGrant<'a> {
    fn parse(element: &'a Element) -> Result<NamedGrant<'a>, ShapeError> {
        element.expect_only(&["Grantee", "Permission"])?;
        let grantee = element.exactly_one("Grantee")?;
        let only = |name: &'static str| {
            grantee.expect_only(&[name, "DisplayName"])?;
            grantee.exactly_one_text(name)
        };
        let grantee = match grantee.attribute("type") {
            Some("CanonicalUser") => NamedGrantee::Id(only("ID")?),
            Some("Group") => NamedGrantee::Uri(only("URI")?),
            Some("AmazonCustomerByEmail") => NamedGrantee::Email(only("EmailAddress")?),
            other => {
                let (element, text) = ("Grantee xsi:type".to_owned(), other.unwrap_or_default().to_owned());
                return Err(ShapeError::Text { element, text });
            }
        };
        let permission = element.exactly_one("Permission")?;
        let permission = Permission::parse(permission.leaf_text()?).ok_or_else(|| permission.wrong_text())?;
        Ok(NamedGrant { grantee, permission })
    }

    fn resolve(self, accounts: &dyn Accounts) -> Result<Grant, AclProblem> {
        let grantee = match self.grantee {
            NamedGrantee::Id(id) => Grantee::User(by_id(id, accounts)?),
            NamedGrantee::Email(email) => Grantee::User(by_email(email, accounts)?),
            NamedGrantee::Uri(uri) => {
                let unknown = || AclProblem::UnknownGroup { argument: "Group/URI", given: uri.to_owned() };
                Grantee::Group(Group::parse(uri).ok_or_else(unknown)?)
            }
        };
        Ok(Grant { grantee, permission: self.permission })
    }
}

/// The grants of a list elsewhere than in an ACL, those left out that name nobody who is there.
pub fn parse_grants(list: &Element, accounts: &dyn Accounts) -> Vec<Grant> {
    list.children.iter().filter_map(|grant| NamedGrant::parse(grant).ok()?.resolve(accounts).ok()).collect()
}

fn by_id(id: &str, accounts: &dyn Accounts) -> Result<Owner, AclProblem> {
    accounts.by_id(id).ok_or_else(|| AclProblem::UnknownId { argument: "CanonicalUser/ID", given: id.to_owned() })
}

/// The account of an email address, or why there is none.
pub(super) fn by_email(email: &str, accounts: &dyn Accounts) -> Result<Owner, AclProblem> {
    match accounts.by_email(email) {
        ByEmail::Account(owner) => Ok(owner),
        ByEmail::Discontinued => Err(AclProblem::EmailDiscontinued(email.to_owned())),
        ByEmail::Nobody => Err(AclProblem::UnknownEmail(email.to_owned())),
        ByEmail::Ambiguous => Err(AclProblem::AmbiguousEmail(email.to_owned())),
    }
}

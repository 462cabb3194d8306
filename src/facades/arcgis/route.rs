//! Which resource or operation a path names: `/<context>/admin/uploads/…`, and where a client logs in. Not what it does.

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The first segment: the site that the client believes to speak to.
    pub(super) context: String,
    pub(super) resource: Resource,
}

/// The resources and operations that are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resource {
    /// `/rest/info` and `/sharing/rest/info`: where tokens are generated.
    Info(TokenService),
    /// `generateToken`.
    GenerateToken(TokenService),
    /// `/admin`: which resources there are.
    Site,
    /// `/admin/uploads`: all items.
    Uploads,
    /// `/admin/uploads/upload`.
    Upload,
    /// `/admin/uploads/register`.
    Register,
    /// `/admin/uploads/config`.
    Config,
    /// `/admin/uploads/{id}`.
    Item(String),
    /// `/admin/uploads/{id}/uploadPart`.
    UploadPart(String),
    /// `/admin/uploads/{id}/commit`.
    Commit(String),
    /// `/admin/uploads/{id}/parts`.
    Parts(String),
    /// `/admin/uploads/{id}/download`.
    Download(String),
    /// `/admin/uploads/{id}/delete`.
    Delete(String),
}

/// The places where tokens are generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenService {
    /// `/sharing/rest/generateToken`: the portal's, which is also Kubernetes'.
    Sharing,
    /// `/tokens/generateToken`: Server's.
    Tokens,
    /// `/admin/generateToken`: Server's, too.
    Admin,
}

impl Route {
    /// Reads the decoded segments of a path. A slash at the end changes nothing.
    pub(super) fn parse(segments: &[String]) -> Option<Route> {
        let mut segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if segments.last() == Some(&"") {
            segments.pop();
        }
        let (context, rest) = segments.split_first()?;
        let resource = match rest {
            ["admin", "uploads", rest @ ..] => uploads(rest)?,
            ["admin"] => Resource::Site,
            // Esri's client for Python (2.4.4) forgets the slash before the id.
            ["admin", item, "uploadPart"] => Resource::UploadPart(item.strip_prefix("uploads")?.to_owned()),
            ["admin", "generateToken"] => Resource::GenerateToken(TokenService::Admin),
            ["tokens"] | ["tokens", "generateToken"] => Resource::GenerateToken(TokenService::Tokens),
            ["sharing", "generateToken"] | ["sharing", "rest", "generateToken"] => {
                Resource::GenerateToken(TokenService::Sharing)
            }
            ["rest", "info"] => Resource::Info(TokenService::Tokens),
            ["sharing", "rest", "info"] => Resource::Info(TokenService::Sharing),
            _ => return None,
        };
        Some(Route { context: (*context).to_owned(), resource })
    }
}

fn uploads(rest: &[&str]) -> Option<Resource> {
    let owned = |id: &&str| (*id).to_owned();
    Some(match rest {
        [] => Resource::Uploads,
        ["upload"] => Resource::Upload,
        ["register"] => Resource::Register,
        ["config"] => Resource::Config,
        [id] => Resource::Item(owned(id)),
        [id, "uploadPart"] => Resource::UploadPart(owned(id)),
        [id, "commit"] => Resource::Commit(owned(id)),
        [id, "parts"] => Resource::Parts(owned(id)),
        [id, "download"] => Resource::Download(owned(id)),
        [id, "delete"] => Resource::Delete(owned(id)),
        _ => return None,
    })
}

impl Resource {
    /// Whether it changes something, and therefore takes POST; everything else is read by GET.
    pub(super) fn takes_post(&self) -> bool {
        match self {
            Resource::GenerateToken(_)
            | Resource::Upload
            | Resource::Register
            | Resource::UploadPart(_)
            | Resource::Commit(_)
            | Resource::Delete(_) => true,
            Resource::Info(_)
            | Resource::Site
            | Resource::Uploads
            | Resource::Config
            | Resource::Item(_)
            | Resource::Parts(_)
            | Resource::Download(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(path: &str) -> Option<Resource> {
        let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
        Route::parse(&segments).map(|route| route.resource)
    }

    #[test]
    fn paths_name_resources() {
        assert_eq!(resource("c/admin/uploads"), Some(Resource::Uploads));
        assert_eq!(resource("c/admin/uploads/"), Some(Resource::Uploads));
        assert_eq!(resource("c/admin/uploads/7/commit"), Some(Resource::Commit("7".to_owned())));
        assert_eq!(resource("c/admin/uploads7/uploadPart"), Some(Resource::UploadPart("7".to_owned())));
        assert_eq!(resource("c/tokens/"), Some(Resource::GenerateToken(TokenService::Tokens)));
        assert_eq!(resource("c/sharing/rest/info"), Some(Resource::Info(TokenService::Sharing)));
        for nothing in [
            "",
            "c",
            "admin/uploads",
            "c/admin/uploads/7/other",
            "c/admin/uploads7/commit",
            "c/admin/7/uploadPart",
            "c//admin",
        ] {
            assert_eq!(resource(nothing), None, "{nothing}");
        }
    }
}

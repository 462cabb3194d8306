//! `staves presign`: a URL that works without credentials. Not the signature, which is the wire floor's, and no request:
//! the server need not run.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, Method};

use super::args::{PresignArgs, Switch};
use super::banner::quoted;
use super::settings::Settings;
use crate::http::identity::Identity;
use crate::wire::percent;
use crate::wire::sigv4::{AmzDate, Credentials, PresignRequest};

/// SigV4's limit.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// What is signed: everything but the time, which is now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Presigned {
    method: Method,
    /// Scheme and authority, without a slash at the end.
    endpoint: String,
    /// `/bucket/key`, percent-encoded.
    path: String,
    /// Name and value, not encoded yet.
    query: Vec<(String, String)>,
    expires: Duration,
    region: String,
    identity: Identity,
}

/// Prints the URL or a curl line.
pub(super) fn run(args: &PresignArgs) -> Result<ExitCode, String> {
    let settings = Settings::without_flags(args.config.as_deref())?;
    let presigned = presigned(args, &settings)?;
    let url = url(&presigned)?;
    println!("{}", if args.curl { curl_line(args, &presigned, &url) } else { url });
    Ok(ExitCode::SUCCESS)
}

/// The whole URL, signed as of now.
fn url(presigned: &Presigned) -> Result<String, String> {
    let since_epoch =
        SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| "the clock stands before 1970".to_owned())?;
    Ok(signed(presigned, AmzDate::from_unix(since_epoch.as_secs().cast_signed())))
}

fn signed(presigned: &Presigned, date: AmzDate) -> String {
    let identity = &presigned.identity;
    let (scheme, authority) = presigned.endpoint.split_once("://").unwrap_or(("http", &presigned.endpoint));
    // Clients leave the scheme's own port out of the Host header, which is signed.
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    let query: Vec<_> = presigned.query.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    PresignRequest {
        method: presigned.method.as_str(),
        host: authority.strip_suffix(own_port).unwrap_or(authority),
        raw_path: &presigned.path,
        query: &query,
        headers: &HeaderMap::new(),
        expires_seconds: presigned.expires.as_secs().cast_signed(),
        credentials: &Credentials {
            access_key: identity.access_key.clone(),
            secret_key: identity.secret_key.expose().to_owned(),
            session_token: identity.session_token.as_ref().map(|token| token.expose().to_owned()),
        },
        region: &presigned.region,
        date,
    }
    .url(scheme)
}

fn presigned(args: &PresignArgs, settings: &Settings) -> Result<Presigned, String> {
    let (bucket, key) = args
        .object
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
        .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
        .ok_or_else(|| format!("{:?} names no object; write s3://bucket/key", args.object))?;
    if args.expires > LONGEST || args.expires < Duration::from_secs(1) {
        return Err("a presigned URL works for 1 second to 7 days; choose --expires between them".to_owned());
    }
    let mut query = Vec::new();
    let mut method = args.method.clone();
    if let (Some(upload_id), Some(part_number)) = (&args.upload_id, args.part_number) {
        // Parts are only ever PUT, so saying --method PUT as well would be a chore.
        method = Method::PUT;
        query.push(("partNumber".to_owned(), part_number.to_string()));
        query.push(("uploadId".to_owned(), upload_id.clone()));
    }
    let identity = match (&args.access_key, &args.secret_key) {
        (Some(access_key), Some(secret_key)) => Identity::new(access_key, secret_key),
        _ => settings.identities.default_identity().as_ref().clone(),
    };
    Ok(Presigned {
        method,
        endpoint: endpoint(args, settings)?,
        path: format!("/{bucket}/{}", percent::encode_path(key.as_bytes())),
        query,
        expires: args.expires,
        region: args.region.clone().unwrap_or_else(|| settings.serve.region.clone()),
        identity,
    })
}

fn endpoint(args: &PresignArgs, settings: &Settings) -> Result<String, String> {
    let serve = &settings.serve;
    if let Some(url) = args.endpoint.as_ref().or(serve.public_url.as_ref()) {
        let parsed: Option<http::Uri> = url.parse().ok();
        let good = parsed.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.path() == "/");
        return if good {
            Ok(url.trim_end_matches('/').to_owned())
        } else {
            Err(format!("the endpoint {url:?} is not of the form http://host:port"))
        };
    }
    if serve.port == 0 {
        return Err("the port is chosen by the server (port 0), so say where it is with --endpoint".to_owned());
    }
    let scheme = if serve.tls == Switch::On || serve.tls_cert.is_some() { "https" } else { "http" };
    Ok(format!("{scheme}://127.0.0.1:{}", serve.port))
}

fn curl_line(args: &PresignArgs, presigned: &Presigned, url: &str) -> String {
    if presigned.method == Method::PUT {
        return format!("curl --fail-with-body --upload-file FILE {}", quoted(url));
    }
    let name = args.object.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("object");
    format!("curl --fail-with-body --output {} {}", quoted(name), quoted(url))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::{Cli, Command};
    use crate::cli::settings::tests::settings_of;
    use clap::Parser as _;

    fn args(line: &[&str]) -> PresignArgs {
        let cli = Cli::try_parse_from(["staves", "presign"].iter().chain(line)).unwrap();
        match cli.command {
            Some(Command::Presign(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    fn of(line: &[&str]) -> Result<Presigned, String> {
        presigned(&args(line), &settings_of(&["--port", "9100"]))
    }

    #[test]
    fn the_object_becomes_a_path() {
        let get = of(&["s3://b/a b/ü~.txt"]).unwrap();
        assert_eq!((get.method, get.path.as_str()), (Method::GET, "/b/a%20b/%C3%BC~.txt"));
        assert_eq!((get.endpoint.as_str(), get.region.as_str()), ("http://127.0.0.1:9100", "us-east-1"));
        assert_eq!((get.expires, get.identity.access_key.as_str()), (Duration::from_hours(1), "test"));
        for bad in ["b/k", "s3://b", "s3://b/", "s3:///k"] {
            assert!(of(&[bad]).unwrap_err().contains("s3://bucket/key"), "{bad}");
        }
    }

    #[test]
    fn parts_are_put() {
        let part = of(&["s3://b/k", "--upload-id", "u", "--part-number", "7"]).unwrap();
        assert_eq!(part.method, Method::PUT);
        assert_eq!(part.query, [("partNumber".into(), "7".into()), ("uploadId".into(), "u".into())]);
        assert!(Cli::try_parse_from(["staves", "presign", "s3://b/k", "--upload-id", "u"]).is_err());
        assert!(of(&["s3://b/k", "--expires", "8d"]).unwrap_err().contains("7 days"));
    }

    #[test]
    fn urls_are_signed_for_the_host_that_clients_send() {
        let url = |endpoint| {
            let part = of(&["s3://b/k", "--upload-id", "u", "--part-number", "7", "--endpoint", endpoint]).unwrap();
            signed(&part, AmzDate::from_unix(0))
        };
        let plain = url("https://s3.test");
        assert!(plain.starts_with("https://s3.test/b/k?"), "{plain}");
        for parameter in
            ["partNumber=7", "uploadId=u", "X-Amz-Expires=3600", "X-Amz-Date=19700101T000000Z", "X-Amz-Signature="]
        {
            assert!(plain.contains(parameter), "{plain}");
        }
        assert_eq!(url("https://s3.test:443"), plain);
        assert_ne!(url("https://s3.test:80"), plain);
    }

    #[test]
    fn curl_lines_can_be_pasted() {
        let get = args(&["s3://b/dir/cat.jpg"]);
        let line = curl_line(&get, &of(&["s3://b/dir/cat.jpg"]).unwrap(), "http://h/b?a=1&b=2");
        assert_eq!(line, "curl --fail-with-body --output cat.jpg 'http://h/b?a=1&b=2'");
        let put = args(&["s3://b/k", "--method", "put"]);
        let line = curl_line(&put, &of(&["s3://b/k", "--method", "put"]).unwrap(), "http://h/b");
        assert_eq!(line, "curl --fail-with-body --upload-file FILE http://h/b");
    }
}

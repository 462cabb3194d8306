//! Every flag with its help. Not where values come from: environment and file are laid under the flags by `settings`,
//! which parses all of them by what is written here.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use super::units;
use crate::engine::Durability;
use crate::engine::open::MultipartOrder;
use crate::facades::OriginPattern;
use crate::http::domains;
use crate::http::origin::Origin;
use crate::s3::{AclDefaults, AuthMode, Destinations, KmsKeys};
use crate::server::FacadeSetting;

const EXAMPLES: &str = "\
Examples:
  staves                                       serve on http://127.0.0.1:9000, data in ./staves-data
  staves --bucket photos --bucket logs         … with two buckets from the start
  staves --durability memory --port 0 --ready-json
                                               for tests: nothing is kept, a free port, one line of JSON when ready
  staves --seed ./fixtures                     load fixtures/<bucket>/<key…> first
  staves --tls                                 https, with a CA of its own to give to AWS_CA_BUNDLE
  staves presign s3://photos/cat.jpg --curl    a curl line that downloads without credentials
  staves --facade geolens=:9101 --facade arcgis=off
                                               GeoLens's API at the root of a port, and none of ArcGIS's
  staves check                                 is everything in ./staves-data as it should be?

Settings:
  Each flag is also an environment variable and a key of staves.toml. Flags win over variables, variables over the file:
  --min-part-size 1  =  STAVES_MIN_PART_SIZE=1  =  min_part_size = 1
  What can be given several times is a list with commas in a variable, and an array in the file:
  --host 0.0.0.0 --host ::  =  STAVES_HOST=0.0.0.0,::  =  host = [\"0.0.0.0\", \"::\"]
  Other identities are [[identity]] tables in staves.toml, or the same as JSON in STAVES_IDENTITIES. The first of them
  replaces test/test, unless --access-key or --secret-key says that the default identity is there as well:
  [[identity]]
  access_key = \"alice\"
  secret_key = \"…\"
  account = \"111111111111\"     # also: canonical_id, display_name, email, session_token
  The keys of KMS may also stand in a table of their own, and so may webhooks:
  [kms] keys = [\"…\"]      [[notifications]] arn = \"arn:aws:sqs:…\", url = \"http://…\"

What 200 means (--durability):
  memory   nothing is kept: it ends with the process. --data is neither read nor written.
  process  survives the end of Staves, kill -9 included. After a power loss, the last seconds may be missing.
  power    survives a power loss: everything is synced to disk before the answer, which takes its time.";

/// An AWS-faithful local S3 for development and tests: `staves` alone serves; point any AWS client at what it prints
#[derive(Debug, Parser)]
#[command(name = "staves", version, after_help = EXAMPLES, args_conflicts_with_subcommands = true, max_term_width = 120)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) serve: ServeArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve S3 (what `staves` does when nothing else is said)
    #[command(after_help = EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Print a URL that works without credentials for a while
    Presign(PresignArgs),
    /// Verify a data directory: rows against blobs, blobs against their hashes
    Check(CheckArgs),
    /// Ask a running server whether it is well: for container health checks
    Health(HealthArgs),
    /// List the operations of S3, and how far this version goes with each
    Operations(OperationsArgs),
}

/// On or off, so that a flag can also take back what the file says (`--tls=off`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    On,
    Off,
}

/// The settings of a server. The names of the fields are the keys of staves.toml.
#[derive(Debug, Clone, Args)]
pub(super) struct ServeArgs {
    /// Read settings from FILE [default: ./staves.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,

    /// Keep everything in DIR
    #[arg(long, value_name = "DIR", default_value = "./staves-data", help_heading = "Storage")]
    pub(super) data: PathBuf,
    /// What survives what: memory, process or power (see below)
    #[arg(long, value_name = "MODE", default_value = "process", help_heading = "Storage")]
    pub(super) durability: Durability,
    /// The least size of a part that is not the last: 1, 64KiB, 5MiB … [AWS: 5MiB]
    #[arg(long, value_name = "SIZE", default_value = "5MiB", value_parser = units::size, help_heading = "Storage")]
    pub(super) min_part_size: u64,
    /// Which upload of a key is the newest: by `initiation`, as on AWS, or by `completion`
    #[arg(long, value_name = "ORDER", default_value = "initiation", value_parser = multipart_order, help_heading = "Storage")]
    pub(super) multipart_order: MultipartOrder,
    /// How long the days are by which lifecycles and restores go: 10s for tests
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = units::duration, help_heading = "Storage")]
    pub(super) lifecycle_day: Duration,

    /// Create a bucket at the start, unless it is there (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Contents")]
    pub(super) bucket: Vec<String>,
    /// Load DIR/<bucket>/<key…> at the start
    #[arg(long, value_name = "DIR", help_heading = "Contents")]
    pub(super) seed: Option<PathBuf>,

    /// Listen on this address (repeatable)
    #[arg(
        long,
        help = "Listen on this address (repeatable) [default: 127.0.0.1 and ::1]",
        value_name = "ADDRESS",
        help_heading = "Network"
    )]
    pub(super) host: Vec<String>,
    /// Listen on this port; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value = "9000", help_heading = "Network")]
    pub(super) port: u16,
    /// Find buckets also at <bucket>.DOMAIN, besides <bucket>.localhost (repeatable)
    #[arg(long, value_name = "DOMAIN", value_parser = domains::checked, help_heading = "Network")]
    pub(super) domain: Vec<String>,
    /// Serve buckets as websites also at <bucket>.DOMAIN, besides <bucket>.s3-website.localhost (repeatable)
    #[arg(long, value_name = "DOMAIN", value_parser = domains::checked, help_heading = "Network")]
    pub(super) website_domain: Vec<String>,
    /// How long records of access logs wait until they are delivered together
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = units::duration, help_heading = "Storage")]
    pub(super) log_delivery: Duration,
    /// A further host name that clients sign for, such as a container's name (repeatable)
    #[arg(long, value_name = "HOST", help_heading = "Network")]
    pub(super) host_alias: Vec<String>,
    /// The URL that clients use, where it is not the one listened on
    #[arg(long, value_name = "URL", help_heading = "Network")]
    pub(super) public_url: Option<String>,
    /// Serve https, with certificates signed by a CA that is made once and kept in the data directory
    #[arg(long, value_name = "on|off", default_value = "off", default_missing_value = "on", num_args = 0..=1,
          require_equals = true, value_parser = switch, hide_default_value = true, help_heading = "Network")]
    pub(super) tls: Switch,
    /// Serve https with this certificate chain (PEM)
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    pub(super) tls_cert: Option<PathBuf>,
    /// The private key of --tls-cert (PEM)
    #[arg(long, value_name = "FILE", help_heading = "Network")]
    pub(super) tls_key: Option<PathBuf>,
    /// How long a client may be silent in the middle of a body
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = units::duration, help_heading = "Network")]
    pub(super) idle_timeout: Duration,

    /// Serve a facade at the root of a port of its own, or not at all: geolens=:9101, here=0.0.0.0:9102, arcgis=off
    /// (repeatable)
    #[arg(long, value_name = "NAME=WHERE", value_parser = facade, help_heading = "Facades (Gjirafa VP, HERE Blob, GeoLens, ArcGIS)",
          help = "Serve a facade at the root of a port of its own, or not at all: geolens=:9101, arcgis=off (repeatable) \
                  [default: all, under /_staves/NAME/]")]
    pub(super) facade: Vec<(String, FacadeSetting)>,
    /// Set an option of a facade (repeatable)
    #[arg(
        long,
        value_name = "NAME.OPTION=VALUE",
        help_heading = "Facades (Gjirafa VP, HERE Blob, GeoLens, ArcGIS)",
        help = "Set an option of a facade, such as geolens.max_file_size=1GiB (repeatable; docs/ lists them)"
    )]
    pub(super) facade_option: Vec<String>,
    /// Let pages of this origin use the facades
    #[arg(long, value_name = "ORIGIN", value_parser = OriginPattern::parse, help_heading = "Facades (Gjirafa VP, HERE Blob, GeoLens, ArcGIS)",
          help = "Let pages of this origin use the facades and their buckets, besides those of this machine: \
                  https://app.example.com, https://*.example.com, * (repeatable)")]
    pub(super) cors_origin: Vec<OriginPattern>,

    /// Put what Gjirafa VP and GeoLens upload on this S3 endpoint instead
    #[arg(long, value_name = "URL", value_parser = endpoint, help_heading = "Upstream (a real S3 endpoint behind Gjirafa VP and GeoLens)",
          help = "Put what Gjirafa VP and GeoLens upload on this S3 endpoint, instead of in the data directory")]
    pub(super) upstream: Option<String>,
    /// The address by which clients reach the upstream, if it is another
    #[arg(long, value_name = "URL", value_parser = endpoint, help_heading = "Upstream (a real S3 endpoint behind Gjirafa VP and GeoLens)",
          help = "The address by which clients reach it, for presigned URLs [default: that of --upstream]")]
    pub(super) upstream_public_url: Option<String>,
    /// The region of the upstream
    #[arg(
        long,
        value_name = "REGION",
        default_value = "us-east-1",
        help_heading = "Upstream (a real S3 endpoint behind Gjirafa VP and GeoLens)"
    )]
    pub(super) upstream_region: String,
    /// The access key for the upstream
    #[arg(long, value_name = "KEY", help_heading = "Upstream (a real S3 endpoint behind Gjirafa VP and GeoLens)")]
    pub(super) upstream_access_key: Option<String>,
    /// The secret key for the upstream
    #[arg(long, value_name = "SECRET", help_heading = "Upstream (a real S3 endpoint behind Gjirafa VP and GeoLens)")]
    pub(super) upstream_secret_key: Option<String>,

    /// The access key of the default identity
    #[arg(long, value_name = "KEY", default_value = "test", help_heading = "Who may call")]
    pub(super) access_key: String,
    /// The secret key of the default identity
    #[arg(long, value_name = "SECRET", default_value = "test", help_heading = "Who may call")]
    pub(super) secret_key: String,
    /// `off` takes requests without looking at their signatures
    #[arg(long, value_name = "on|off", default_value = "on", value_parser = auth_mode, help_heading = "Who may call")]
    pub(super) auth: AuthMode,
    /// What new buckets do with ACLs: `aws` as since 2023 (ACLs off, public access blocked), `legacy` as before
    #[arg(long, value_name = "aws|legacy", default_value = "aws", help_heading = "Who may call")]
    pub(super) acl_defaults: AclDefaults,
    /// Send the events of buckets for this ARN to this URL
    #[arg(long, value_name = "ARN=URL", value_parser = notify, help_heading = "Contents",
          help = "Send what buckets tell ARN (a queue, topic or function of ?notification) to the webhook URL (repeatable)")]
    pub(super) notify: Vec<String>,
    /// A key that exists in KMS
    #[arg(long, value_name = "KEY", value_parser = kms_key, help_heading = "Encryption",
          help = "A key that exists in KMS: its id, its ARN, KEY=disabled, or alias/NAME=KEY (repeatable) [default: all exist]")]
    pub(super) kms_key: Vec<String>,
    /// Refuse keys of clients (SSE-C) over plain HTTP, as AWS does
    #[arg(long, value_name = "on|off", default_value = "off", default_missing_value = "on", num_args = 0..=1,
          require_equals = true, value_parser = switch, hide_default_value = true, help_heading = "Encryption")]
    pub(super) tls_required_for_sse_c: Switch,
    /// The region of the endpoint
    #[arg(long, value_name = "REGION", default_value = "us-east-1", help_heading = "Who may call")]
    pub(super) region: String,
    /// Refuse signatures that are made for another region
    #[arg(long, value_name = "on|off", default_value = "off", default_missing_value = "on", num_args = 0..=1,
          require_equals = true, value_parser = switch, hide_default_value = true, help_heading = "Who may call")]
    pub(super) region_strict: Switch,

    /// When ready, print one line of JSON on standard output (endpoint, credentials, region, pid)
    #[arg(long, value_name = "on|off", default_value = "off", default_missing_value = "on", num_args = 0..=1,
          require_equals = true, value_parser = switch, hide_default_value = true, help_heading = "Output")]
    pub(super) ready_json: Switch,
    /// What to log on standard error: error, warn, info, debug, or a filter
    #[arg(
        long,
        help = "What to log on standard error: error, warn, info, debug, or a filter such as staves::s3=debug,warn",
        value_name = "FILTER",
        default_value = "info",
        help_heading = "Output"
    )]
    pub(super) log: String,
}

/// Presigned URLs are signed here, without asking the server: it need not run.
#[derive(Debug, Clone, Args)]
pub(super) struct PresignArgs {
    /// The object
    #[arg(help = "The object, as s3://bucket/key", value_name = "S3_URL")]
    pub(super) object: String,
    /// GET or PUT
    #[arg(long, default_value = "GET", value_parser = presign_method)]
    pub(super) method: http::Method,
    /// The upload whose part is PUT
    #[arg(long, value_name = "ID", requires = "part_number")]
    pub(super) upload_id: Option<String>,
    /// The number of the part that is PUT
    #[arg(long, value_name = "N", requires = "upload_id", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(super) part_number: Option<u16>,
    /// How long the URL works: 300s, 15m, 2h, 7d (7 days at most)
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = units::duration)]
    pub(super) expires: Duration,
    /// The endpoint [default: by the settings of `serve`]
    #[arg(long, value_name = "URL")]
    pub(super) endpoint: Option<String>,
    /// Print a curl line instead of the URL alone
    #[arg(long)]
    pub(super) curl: bool,
    /// The access key [default: by the settings of `serve`]
    #[arg(long, value_name = "KEY", requires = "secret_key")]
    pub(super) access_key: Option<String>,
    /// The secret key [default: by the settings of `serve`]
    #[arg(long, value_name = "SECRET", requires = "access_key")]
    pub(super) secret_key: Option<String>,
    /// The region [default: by the settings of `serve`]
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Read settings from FILE [default: ./staves.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Exit code: 0 all is well, 1 differences were found, 2 the check could not run.
#[derive(Debug, Clone, Args)]
pub(super) struct CheckArgs {
    /// The data directory [default: by the settings of `serve`]
    #[arg(long, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Read settings from FILE [default: ./staves.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Exit code: 0 the server answers, 1 it does not.
#[derive(Debug, Clone, Args)]
pub(super) struct HealthArgs {
    /// The endpoint [default: by the settings of `serve`]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<String>,
    /// How long to wait for the answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = units::duration)]
    pub(super) timeout: Duration,
    /// Read settings from FILE [default: ./staves.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
}

/// Asks no server.
#[derive(Debug, Clone, Args)]
pub(super) struct OperationsArgs {
    /// Print them as JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Print them as the page docs/operations.md
    #[arg(long, conflicts_with = "json")]
    pub(super) markdown: bool,
}

fn switch(text: &str) -> Result<Switch, String> {
    match text {
        "on" | "true" | "1" | "yes" => Ok(Switch::On),
        "off" | "false" | "0" | "no" => Ok(Switch::Off),
        _ => Err("use on or off".to_owned()),
    }
}

fn notify(text: &str) -> Result<String, String> {
    let pair = text.split_once('=').ok_or_else(|| "write ARN=URL".to_owned())?;
    Destinations::new([pair]).map(|_| text.to_owned())
}

fn kms_key(text: &str) -> Result<String, String> {
    KmsKeys::listed([text]).map(|_| text.to_owned())
}

fn auth_mode(text: &str) -> Result<AuthMode, String> {
    switch(text).map(|switch| if switch == Switch::On { AuthMode::On } else { AuthMode::Off })
}

fn endpoint(text: &str) -> Result<String, String> {
    let origin =
        Origin::parse(text).ok_or_else(|| "write http://host:port or https://host:port, without a path".to_owned())?;
    Ok(origin.to_string())
}

/// `NAME=on`, `NAME=off`, `NAME=:PORT`, `NAME=HOST:PORT`.
fn facade(text: &str) -> Result<(String, FacadeSetting), String> {
    let malformed = || "write NAME=:PORT, NAME=HOST:PORT or NAME=off, such as geolens=:9101".to_owned();
    let (name, place) = text.split_once('=').ok_or_else(malformed)?;
    let setting = match switch(place) {
        Ok(Switch::On) => FacadeSetting::On,
        Ok(Switch::Off) => FacadeSetting::Off,
        Err(_) => {
            let (host, port) = place.rsplit_once(':').ok_or_else(malformed)?;
            let port = port.parse().map_err(|_| malformed())?;
            FacadeSetting::Listen { host: (!host.is_empty()).then(|| host.to_owned()), port }
        }
    };
    Ok((name.to_owned(), setting))
}

fn multipart_order(text: &str) -> Result<MultipartOrder, String> {
    match text {
        "initiation" => Ok(MultipartOrder::Initiation),
        "completion" => Ok(MultipartOrder::Completion),
        _ => Err("use initiation or completion".to_owned()),
    }
}

fn presign_method(text: &str) -> Result<http::Method, String> {
    match text.to_ascii_uppercase().as_str() {
        "GET" => Ok(http::Method::GET),
        "PUT" => Ok(http::Method::PUT),
        _ => Err("use GET or PUT".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn settings_may_stand_alone_or_after_serve() {
        for line in [&["staves", "--port", "1", "--tls"][..], &["staves", "serve", "--port", "1", "--tls"]] {
            let cli = Cli::try_parse_from(line).unwrap();
            let serve = cli.command.map_or(cli.serve, |command| match command {
                Command::Serve(serve) => *serve,
                other => panic!("{other:?}"),
            });
            assert_eq!((serve.port, serve.tls), (1, Switch::On));
        }
        assert!(Cli::try_parse_from(["staves", "--port", "1", "check"]).is_err());
    }
}

//! The settings of a server, laid over each other: flags, environment, file, defaults. Not their meaning: every layer is
//! turned into flags and parsed by `args`, so that all of them know the same names and take the same values.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::error::{ContextKind, ContextValue};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser};

use super::args::ServeArgs;
use super::config_file;
use crate::http::identity::{Identities, Identity};
use crate::http::suggest;

const PREFIX: &str = "STAVES_";
const IDENTITIES: &str = "STAVES_IDENTITIES";
const DEFAULT_FILE: &str = "staves.toml";

/// All settings, and who may call.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) serve: ServeArgs,
    pub(super) identities: Identities,
    /// The file that was read, for the banner.
    pub(super) file: Option<PathBuf>,
    /// What may not be as it was meant, for the log.
    pub(super) warnings: Vec<String>,
}

/// Where settings come from besides the flags.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    /// The `STAVES_*` variables.
    pub(super) variables: BTreeMap<String, String>,
    /// Where `staves.toml` is looked for.
    pub(super) directory: PathBuf,
}

/// One setting as a layer gives it: its values, and where they stand, for errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) values: Vec<String>,
    pub(super) origin: String,
}

/// Key of staves.toml → what was given.
pub(super) type Layer = BTreeMap<String, Given>;

#[derive(Debug, Parser)]
#[command(name = "staves", no_binary_name = true)]
struct Flags {
    #[command(flatten)]
    serve: ServeArgs,
}

impl Settings {
    /// The settings for flags that clap has parsed as `ServeArgs`.
    pub(super) fn resolve(flags: &ArgMatches) -> Result<Settings, String> {
        resolve(&layer_of_flags(flags), &Surroundings::of_process()?)
    }

    /// The settings of a server that would be started without flags: what the other commands go by.
    pub(super) fn without_flags(config: Option<&Path>) -> Result<Settings, String> {
        let mut flags = Layer::new();
        if let Some(file) = config {
            let values = vec![file.display().to_string()];
            flags.insert("config".to_owned(), Given { values, origin: "--config".to_owned() });
        }
        resolve(&flags, &Surroundings::of_process()?)
    }
}

impl Surroundings {
    fn of_process() -> Result<Surroundings, String> {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            let value = value.into_string().map_err(|_| format!("{name} is not UTF-8"))?;
            variables.insert(name.to_owned(), value);
        }
        Ok(Surroundings { variables, directory: PathBuf::from(".") })
    }
}

fn resolve(flags: &Layer, surroundings: &Surroundings) -> Result<Settings, String> {
    let variables = layer_of_variables(&surroundings.variables)?;
    let named = flags.get("config").or_else(|| variables.get("config")).and_then(|given| given.values.first());
    let file = match named {
        Some(file) => Some(PathBuf::from(file)),
        None => Some(surroundings.directory.join(DEFAULT_FILE)).filter(|file| file.exists()),
    };
    let (from_file, mut identities) = match &file {
        Some(file) => config_file::read(file, &keys_of_file())?,
        None => (Layer::new(), Vec::new()),
    };

    let given = flags.get(config_file::NOTIFY).or_else(|| variables.get(config_file::NOTIFY));
    let warnings = match (given, from_file.get(config_file::NOTIFY)) {
        // Tables of a file are easily thought to be added to.
        (Some(given), Some(file)) => {
            vec![format!("{} replaces {}, of which nothing counts", given.origin, file.origin)]
        }
        _ => Vec::new(),
    };

    let mut settled = from_file;
    settled.extend(variables);
    settled.extend(flags.clone());
    let serve = parse(&settled)?;

    if let Some(json) = surroundings.variables.get(IDENTITIES).filter(|json| !json.trim().is_empty()) {
        identities = Identity::list_from_json(json).map_err(|error| format!("{IDENTITIES}: {error}"))?;
    }
    // The default pair is a convenience: who names identities of their own means those alone.
    let default_is_given = settled.contains_key("access_key") || settled.contains_key("secret_key");
    if identities.is_empty() || default_is_given {
        identities.insert(0, Identity::new(&serve.access_key, &serve.secret_key));
    }
    let identities = Identities::new(identities).map_err(|error| error.to_string())?;
    check(&serve)?;
    Ok(Settings { serve, identities, file, warnings })
}

/// What no single value can tell.
fn check(serve: &ServeArgs) -> Result<(), String> {
    match (&serve.tls_cert, &serve.tls_key) {
        (Some(_), None) => return Err("--tls-cert needs its private key: add --tls-key FILE".to_owned()),
        (None, Some(_)) => return Err("--tls-key needs its certificate: add --tls-cert FILE".to_owned()),
        _ => {}
    }
    let credentials = (&serve.upstream_access_key, &serve.upstream_secret_key);
    match (&serve.upstream, credentials) {
        (None, (None, None)) if serve.upstream_public_url.is_none() => Ok(()),
        (None, _) => Err("what is set for the upstream needs one: add --upstream URL".to_owned()),
        (Some(_), (Some(_), Some(_))) => Ok(()),
        (Some(_), _) => {
            Err("--upstream needs credentials: add --upstream-access-key and --upstream-secret-key".to_owned())
        }
    }
}

/// Every setting once, by its key.
fn settings() -> Vec<clap::Arg> {
    Flags::command().get_arguments().filter(|argument| argument.get_long().is_some()).cloned().collect()
}

fn keys_of_file() -> Vec<String> {
    // A file that names another file would be a riddle.
    settings().iter().map(|argument| argument.get_id().to_string()).filter(|key| key != "config").collect()
}

fn layer_of_flags(matches: &ArgMatches) -> Layer {
    let mut layer = Layer::new();
    for argument in settings() {
        let key = argument.get_id().as_str();
        if matches.value_source(key) == Some(ValueSource::CommandLine) {
            let raw = matches.get_raw(key).into_iter().flatten();
            let values = raw.map(|value| value.to_string_lossy().into_owned()).collect();
            layer.insert(key.to_owned(), Given { values, origin: flag_of(key) });
        }
    }
    layer
}

fn layer_of_variables(variables: &BTreeMap<String, String>) -> Result<Layer, String> {
    let settings = settings();
    let variable_of = |argument: &clap::Arg| format!("{PREFIX}{}", argument.get_id().as_str().to_ascii_uppercase());
    let mut layer = Layer::new();
    for (name, value) in variables {
        if name == IDENTITIES || is_of_kubernetes(name, value) {
            continue;
        }
        let Some(argument) = settings.iter().find(|argument| variable_of(argument) == *name) else {
            let known: Vec<_> = settings.iter().map(variable_of).chain([IDENTITIES.to_owned()]).collect();
            let hint = suggest::hint(name, known.iter().map(String::as_str));
            return Err(format!("the environment variable {name} is not a setting of Staves{hint}"));
        };
        // Compose files pass variables on that are not set as empty ones.
        if value.is_empty() {
            continue;
        }
        let values = match argument.get_action() {
            ArgAction::Append => {
                value.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
            }
            _ => vec![value.clone()],
        };
        layer.insert(argument.get_id().to_string(), Given { values, origin: name.clone() });
    }
    Ok(layer)
}

/// For a service named `staves`, Kubernetes sets `STAVES_PORT=tcp://10.0.0.1:9000` and a handful more in every pod.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    name.starts_with("STAVES_SERVICE_")
        || name.starts_with("STAVES_PORT_")
        || (name == "STAVES_PORT" && (value.starts_with("tcp://") || value.starts_with("udp://")))
}

/// Parses the settled values as flags, one by one first, so that an error can say where its value stands.
fn parse(settled: &Layer) -> Result<ServeArgs, String> {
    let mut all: Vec<OsString> = Vec::new();
    for (key, given) in settled {
        let flags = given.values.iter().map(|value| OsString::from(format!("{}={value}", flag_of(key))));
        let flags: Vec<_> = flags.collect();
        if let Err(error) = Flags::try_parse_from(&flags) {
            return Err(format!("{}: {}", given.origin, reason(&error)));
        }
        all.extend(flags);
    }
    let matches = Flags::command().try_get_matches_from(&all).map_err(|error| reason(&error))?;
    Flags::from_arg_matches(&matches).map(|flags| flags.serve).map_err(|error| reason(&error))
}

fn flag_of(key: &str) -> String {
    format!("--{}", key.replace('_', "-"))
}

/// clap's errors are paragraphs about a command line; here one sentence about a value is wanted.
fn reason(error: &clap::Error) -> String {
    let value = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) => format!("{value:?} is not valid"),
        _ => "it is not valid".to_owned(),
    };
    match error.source() {
        Some(source) => format!("{value}: {source}"),
        None => format!("{value}: {}", error.kind()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cli::args::Switch;
    use crate::engine::Durability;
    use crate::server::FacadeSetting;

    struct Case {
        surroundings: Surroundings,
        _directory: tempfile::TempDir,
    }

    fn case(variables: &[(&str, &str)], file: Option<&str>) -> Case {
        let directory = tempfile::tempdir().unwrap();
        if let Some(text) = file {
            std::fs::write(directory.path().join(DEFAULT_FILE), text).unwrap();
        }
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let surroundings = Surroundings { variables, directory: directory.path().to_owned() };
        Case { surroundings, _directory: directory }
    }

    impl Case {
        fn settle(&self, flags: &[&str]) -> Result<Settings, String> {
            let matches = Flags::command().try_get_matches_from(flags).unwrap();
            resolve(&layer_of_flags(&matches), &self.surroundings)
        }
    }

    /// The settings for some flags, with nothing around them.
    pub(in crate::cli) fn settings_of(flags: &[&str]) -> Settings {
        case(&[], None).settle(flags).unwrap()
    }

    #[test]
    fn defaults_need_nothing() {
        let settings = case(&[], None).settle(&[]).unwrap();
        assert_eq!((settings.serve.port, settings.serve.durability), (9000, Durability::Process));
        assert_eq!(settings.serve.min_part_size, 5 << 20);
        assert_eq!(settings.identities.default_identity().access_key, "test");
        assert!(settings.serve.host.is_empty() && settings.file.is_none());
    }

    #[test]
    fn flags_win_over_variables_and_variables_over_the_file() {
        let file = "port = 1\nregion = 'file'\ntls = true\nhost = ['1.1.1.1', '2.2.2.2']\ndata = '/file'";
        let case =
            case(&[("STAVES_PORT", "2"), ("STAVES_REGION", "variable"), ("STAVES_HOST", "::1, ::2,")], Some(file));
        let settings = case.settle(&["--port", "3", "--tls=off"]).unwrap();
        let serve = settings.serve;
        assert_eq!((serve.port, serve.region.as_str(), serve.tls), (3, "variable", Switch::Off));
        assert_eq!(serve.host, ["::1", "::2"]);
        assert_eq!(serve.data, Path::new("/file"));
        assert!(settings.file.is_some());
    }

    #[test]
    fn unknown_names_are_refused_with_the_nearest() {
        let file = case(&[], Some("prot = 1")).settle(&[]).unwrap_err();
        assert!(file.contains("unknown key `prot`; did you mean `port`?"), "{file}");
        let variable = case(&[("STAVES_ACESS_KEY", "x")], None).settle(&[]).unwrap_err();
        assert!(variable.contains("STAVES_ACESS_KEY") && variable.contains("`STAVES_ACCESS_KEY`"), "{variable}");
    }

    #[test]
    fn bad_values_say_where_they_stand() {
        let variable = case(&[("STAVES_PORT", "http")], None).settle(&[]).unwrap_err();
        assert!(variable.starts_with("STAVES_PORT: \"http\" is not valid: "), "{variable}");
        let file = case(&[], Some("durability = 'fast'")).settle(&[]).unwrap_err();
        assert!(file.contains("staves.toml: `durability`: \"fast\" is not valid: unknown durability"), "{file}");
        let kind = case(&[], Some("port = {a = 1}")).settle(&[]).unwrap_err();
        assert!(kind.contains("`port`"), "{kind}");
    }

    #[test]
    fn empty_variables_and_those_of_kubernetes_are_not_settings() {
        let variables =
            [("STAVES_REGION", ""), ("STAVES_PORT", "tcp://10.0.0.1:9000"), ("STAVES_PORT_9000_TCP_ADDR", "10.0.0.1")];
        let serve = case(&variables, None).settle(&[]).unwrap().serve;
        assert_eq!((serve.port, serve.region.as_str()), (9000, "us-east-1"));
    }

    #[test]
    fn identities_replace_the_default_pair_unless_it_is_given() {
        let file = "[[identity]]\naccess_key = 'alice'\nsecret_key = 'x'";
        let keys = |settings: Settings| -> Vec<String> {
            settings.identities.iter().map(|identity| identity.access_key.clone()).collect()
        };
        assert_eq!(keys(case(&[], Some(file)).settle(&[]).unwrap()), ["alice"]);
        assert_eq!(keys(case(&[], Some(file)).settle(&["--access-key", "root"]).unwrap()), ["root", "alice"]);
        let json = r#"[{"access_key": "bob", "secret_key": "y"}]"#;
        assert_eq!(keys(case(&[(IDENTITIES, json)], Some(file)).settle(&[]).unwrap()), ["bob"]);
        let bad = case(&[(IDENTITIES, "[{}]")], None).settle(&[]).unwrap_err();
        assert!(bad.starts_with("STAVES_IDENTITIES: "), "{bad}");
    }

    #[test]
    fn identities_that_break_documents_or_headers_are_refused() {
        let with = |more: &str| {
            let file = format!("[[identity]]\naccess_key = 'a'\nsecret_key = 'x'\n{more}");
            case(&[], Some(&file)).settle(&[]).map(drop)
        };
        for good in ["canonical_id = 'testid-main-00000000000000000000000000000000000000000000000000001'", ""] {
            assert_eq!(with(good), Ok(()), "{good}");
        }
        for bad in ["canonical_id = ''", "canonical_id = 'a<b'", "canonical_id = 'a\"b'", "canonical_id = 'a,b'"] {
            assert!(with(bad).unwrap_err().contains("canonical_id"), "{bad}");
        }
        assert!(with("session_token = ''").unwrap_err().contains("empty session_token"));
    }

    #[test]
    fn domains_are_names_of_hosts() {
        for flag in ["--domain", "--website-domain"] {
            for good in ["s3.example.test", ".dotted.test", "a_b-c"] {
                assert!(Flags::command().try_get_matches_from([flag, good]).is_ok(), "{good}");
            }
            for bad in ["a b", "", ".", "a..b", "http://a.test", "a.test:9000", "a/b", "\u{e4}.test"] {
                assert!(Flags::command().try_get_matches_from([flag, bad]).is_err(), "{bad}");
            }
        }
        let error = case(&[("STAVES_WEBSITE_DOMAIN", "ok.test,a b")], None).settle(&[]).unwrap_err();
        assert!(error.contains("STAVES_WEBSITE_DOMAIN") && error.contains("\"a b\""), "{error}");
    }

    #[test]
    fn a_named_file_must_be_there() {
        let error = case(&[("STAVES_CONFIG", "/nowhere/staves.toml")], None).settle(&[]).unwrap_err();
        assert!(error.contains("/nowhere/staves.toml"), "{error}");
    }

    #[test]
    fn facades_are_set_one_by_one() {
        let serve = case(&[("STAVES_FACADE", "geolens=:9101,arcgis=off")], Some("cors_origin = 'https://a.test'"));
        let serve = serve.settle(&[]).unwrap().serve;
        let listen = FacadeSetting::Listen { host: None, port: 9101 };
        assert_eq!(serve.facade, [("geolens".to_owned(), listen), ("arcgis".to_owned(), FacadeSetting::Off)]);
        assert_eq!(serve.cors_origin.len(), 1);
        let bad = case(&[("STAVES_FACADE", "geolens:9101")], None).settle(&[]).unwrap_err();
        assert!(bad.contains("STAVES_FACADE") && bad.contains("geolens=:9101"), "{bad}");
    }

    #[test]
    fn keys_of_kms_stand_in_a_table_of_their_own() {
        let keys = |file: &str| case(&[], Some(file)).settle(&[]).map(|settings| settings.serve.kms_key);
        assert_eq!(keys("[kms]\nkeys = ['a', 'alias/b=a']").unwrap(), ["a", "alias/b=a"]);
        for bad in ["[kms]\nkeys = 'a'", "[kms]\nkey = ['a']", "[kms]\nkeys = ['a=b']"] {
            assert!(keys(bad).unwrap_err().contains("kms"), "{bad}");
        }
        let serve = case(&[("STAVES_KMS_KEY", "a,b")], None).settle(&["--tls-required-for-sse-c"]).unwrap().serve;
        assert_eq!((serve.kms_key.len(), serve.tls_required_for_sse_c), (2, Switch::On));
    }

    #[test]
    fn webhooks_stand_in_tables_of_their_own() {
        let notify = |file: &str| case(&[], Some(file)).settle(&[]).map(|settings| settings.serve.notify);
        let table = "[[notifications]]\narn = 'arn:aws:sqs:us-east-1:000000000000:q'\nurl = 'http://h/'\n";
        assert_eq!(notify(table).unwrap(), ["arn:aws:sqs:us-east-1:000000000000:q=http://h/"]);
        let warnings = |variables, flags: &[&str]| case(variables, Some(table)).settle(flags).unwrap().warnings;
        let other = "arn:aws:sqs:us-east-1:000000000000:r=http://h/";
        assert_eq!(warnings(&[], &[]), Vec::<String>::new());
        let by_flag = warnings(&[], &["--notify", other]);
        assert!(by_flag[0].starts_with("--notify replaces ") && by_flag[0].contains("`notifications`"), "{by_flag:?}");
        assert!(warnings(&[("STAVES_NOTIFY", other)], &[])[0].starts_with("STAVES_NOTIFY replaces "));
        for bad in ["[[notifications]]\narn = 'x'", "[notifications]\narn = 'x'", &table.replace("http", "ftp")] {
            assert!(notify(bad).unwrap_err().contains("notifications"), "{bad}");
        }
    }

    #[test]
    fn certificate_and_key_go_together() {
        assert!(case(&[], None).settle(&["--tls-cert", "c.pem"]).unwrap_err().contains("--tls-key"));
    }

    #[test]
    fn an_upstream_needs_credentials_and_they_need_it() {
        let refused = |flags: &[&str]| case(&[], None).settle(flags).unwrap_err();
        assert!(refused(&["--upstream", "http://s3:9000"]).contains("--upstream-access-key"));
        assert!(refused(&["--upstream-access-key", "a"]).contains("--upstream URL"));
        let bad = case(&[("STAVES_UPSTREAM", "s3:9000/path")], None).settle(&[]).unwrap_err();
        assert!(bad.contains("http://host:port"), "{bad}");
        let flags = ["--upstream", "https://S3.test/", "--upstream-access-key", "a", "--upstream-secret-key", "b"];
        assert_eq!(settings_of(&flags).serve.upstream.as_deref(), Some("https://s3.test"));
    }
}

//! `staves serve`: settings into a server, then waiting for the end. Not the server: that is `server`.

use std::process::ExitCode;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::args::Switch;
use super::settings::Settings;
use super::{banner, log, progress};
use crate::engine::limits::Limits;
use crate::facades::{self, Upstream};
use crate::http::identity::Secret;
use crate::s3::{Destinations, KmsKeys, RegionRule, TlsForCustomerKeys};
use crate::server::{RunningServer, Server, ServerBuilder, Tls};

/// Serves until SIGTERM or SIGINT.
pub(super) fn run(settings: Settings) -> Result<ExitCode, String> {
    log::start(&settings.serve.log)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("the runtime cannot start: {error}"))?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: Settings) -> Result<ExitCode, String> {
    // Before anything else: the first process of a container ignores signals that nobody handles.
    let mut stop = Stop::listen()?;
    let server = tokio::select! {
        started = builder(&settings)?.start() => started.map_err(|error| error.to_string())?,
        () = stop.asked() => return Err("stopped before it was ready".to_owned()),
    };
    announce(&settings, &server);
    stop.asked().await;
    tracing::info!("stopping: finishing the requests in flight (ask again to stop at once)");
    tokio::select! {
        () = server.shutdown() => {
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
        () = stop.asked() => Err("stopped at once, as asked".to_owned()),
    }
}

fn builder(settings: &Settings) -> Result<ServerBuilder, String> {
    let serve = settings.serve.clone();
    let tls = match (serve.tls_cert, serve.tls_key) {
        (Some(cert), Some(key)) => Tls::Files { cert, key },
        _ if serve.tls == Switch::On => Tls::SelfSigned,
        _ => Tls::Off,
    };
    let region_rule = if serve.region_strict == Switch::On { RegionRule::Exact } else { RegionRule::Any };
    let kms_keys = KmsKeys::listed(serve.kms_key.iter().map(String::as_str))?;
    let tls_for_customer_keys = match serve.tls_required_for_sse_c {
        Switch::On => TlsForCustomerKeys::Required,
        Switch::Off => TlsForCustomerKeys::NotRequired,
    };
    let destinations = Destinations::new(serve.notify.iter().filter_map(|pair| pair.split_once('=')))?;
    let limits = Limits { min_part_size_bytes: serve.min_part_size, ..Limits::default() };
    let mut builder = Server::builder()
        .data_dir(serve.data)
        .durability(serve.durability)
        .limits(limits)
        .multipart_order(serve.multipart_order)
        .lifecycle_day(serve.lifecycle_day)
        .hosts(serve.host)
        .port(serve.port)
        .identities(settings.identities.clone())
        .region(serve.region)
        .region_rule(region_rule)
        .auth(serve.auth)
        .acl_defaults(serve.acl_defaults)
        .kms_keys(kms_keys)
        .tls_for_customer_keys(tls_for_customer_keys)
        .destinations(destinations)
        .domains(serve.domain)
        .website_domains(serve.website_domain)
        .log_delivery(serve.log_delivery)
        .host_aliases(serve.host_alias)
        .tls(tls)
        .buckets(serve.bucket)
        .idle_timeout(serve.idle_timeout);
    let mut options = facades::Options::default();
    for option in &serve.facade_option {
        options.add(option).map_err(|error| error.to_string())?;
    }
    builder = builder.facade_options(options).cors_origins(serve.cors_origin);
    if let (Some(url), Some(access_key), Some(secret_key)) =
        (serve.upstream, serve.upstream_access_key, serve.upstream_secret_key)
    {
        let (public_url, region) = (serve.upstream_public_url, serve.upstream_region);
        let secret_key = Secret::new(secret_key);
        builder = builder.upstream(Upstream { url, public_url, region, access_key, secret_key });
    }
    for (name, setting) in serve.facade {
        builder = builder.facade(name, setting);
    }
    if let Some(url) = serve.public_url {
        builder = builder.public_url(url);
    }
    if let Some(directory) = serve.seed {
        if !directory.is_dir() {
            return Err(format!(
                "the seed directory {} is not there; give --seed a directory of buckets",
                directory.display()
            ));
        }
        builder = builder.seed(directory).on_seed(progress::of_seed());
    }
    Ok(builder)
}

fn announce(settings: &Settings, server: &RunningServer) {
    if settings.serve.ready_json == Switch::On {
        banner::ready_json(server);
        banner::show(settings, server, banner::Place::StandardError);
    } else {
        banner::show(settings, server, banner::Place::StandardOutput);
    }
}

/// The signals that ask a process to end.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn listen() -> Result<Stop, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("signals cannot be handled: {error}"));
        Ok(Stop { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

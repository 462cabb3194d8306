//! `staves health`: one GET of the health page, for images that have no curl. Not a client for anything else: over https
//! it takes any certificate, since it only asks whether somebody answers, and tells no secret.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::args::{HealthArgs, ServeArgs, Switch};
use super::settings::Settings;

const PATH: &str = "/_staves/health";
/// The answer has some 200 bytes; whatever sends more is no Staves.
const MAX_ANSWER_BYTES: u64 = 64 * 1024;

/// Asks; the error says why there is no good answer.
pub(super) fn run(args: &HealthArgs) -> Result<ExitCode, String> {
    let url = match &args.url {
        Some(url) => url.clone(),
        None => default_url(&Settings::without_flags(args.config.as_deref())?.serve)?,
    };
    let answer = ask(&url, args.timeout).map_err(|reason| format!("{url} is not well: {reason}"))?;
    println!("{answer}");
    Ok(ExitCode::SUCCESS)
}

/// Where a server with these settings listens.
fn default_url(serve: &ServeArgs) -> Result<String, String> {
    if serve.port == 0 {
        return Err("the port is chosen by the server (port 0), so say where it is with --url".to_owned());
    }
    let scheme = if serve.tls == Switch::On || serve.tls_cert.is_some() { "https" } else { "http" };
    let host = serve.host.first().map_or("127.0.0.1", String::as_str);
    let host = match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) if ip.is_unspecified() => "127.0.0.1".to_owned(),
        Ok(IpAddr::V6(ip)) if ip.is_unspecified() => "[::1]".to_owned(),
        Ok(IpAddr::V6(ip)) => format!("[{ip}]"),
        _ => host.to_owned(),
    };
    Ok(format!("{scheme}://{host}:{}", serve.port))
}

fn ask(url: &str, timeout: Duration) -> Result<String, String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("{error}"))?;
    let host = uri.host().ok_or("the URL has no host; write http://127.0.0.1:9000")?;
    let authority = uri.authority().map_or(host, http::uri::Authority::as_str);
    let bare = host.trim_matches(['[', ']']);
    let request = format!("GET {PATH} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n");
    match uri.scheme_str() {
        Some("http") => exchange(connect(bare, uri.port_u16().unwrap_or(80), timeout)?, &request, timeout),
        Some("https") => {
            let stream = connect(bare, uri.port_u16().unwrap_or(443), timeout)?;
            let name = ServerName::try_from(bare.to_owned()).map_err(|error| error.to_string())?;
            let client = ClientConnection::new(Arc::new(tls_config()?), name).map_err(|error| error.to_string())?;
            exchange(StreamOwned::new(client, stream), &request, timeout)
        }
        _ => Err("the URL must start with http:// or https://".to_owned()),
    }
}

fn connect(host: &str, port: u16, timeout: Duration) -> Result<TcpStream, String> {
    let mut last = format!("{host} has no address");
    for address in (host, port).to_socket_addrs().map_err(|error| format!("{host}: {error}"))? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => {
                let limited =
                    stream.set_read_timeout(Some(timeout)).and_then(|()| stream.set_write_timeout(Some(timeout)));
                return limited.map(|()| stream).map_err(|error| error.to_string());
            }
            Err(error) => last = error.to_string(),
        }
    }
    Err(last)
}

fn exchange(mut stream: impl Read + Write, request: &str, timeout: Duration) -> Result<String, String> {
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let deadline = Instant::now() + timeout;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&chunk[..n]),
            // Some servers end TLS without saying so; what counts is whether the answer is whole, which is seen below.
            Err(_) if !answer.is_empty() => break,
            Err(error) => return Err(error.to_string()),
        }
        if answer.len() as u64 > MAX_ANSWER_BYTES || Instant::now() > deadline {
            return Err("it answers without an end".to_owned());
        }
    }
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("it does not speak HTTP")?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    if status == "200" && json["status"] == "ok" {
        return Ok(body.to_owned());
    }
    Err(format!("it answers {} (is it Staves?)", head.lines().next().unwrap_or_default()))
}

fn tls_config() -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(AnyCertificate(Arc::clone(&provider)));
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// Takes every certificate, but not every signature: a server must hold the key of the certificate that it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::tests::settings_of;
    use crate::engine::Durability;
    use crate::server::{Server, Tls};

    fn url(flags: &[&str]) -> Result<String, String> {
        default_url(&settings_of(flags).serve)
    }

    #[test]
    fn the_default_url_follows_the_settings() {
        assert_eq!(url(&[]).unwrap(), "http://127.0.0.1:9000");
        assert_eq!(url(&["--host", "0.0.0.0", "--port", "8080", "--tls"]).unwrap(), "https://127.0.0.1:8080");
        assert_eq!(url(&["--host", "::"]).unwrap(), "http://[::1]:9000");
        assert!(url(&["--port", "0"]).unwrap_err().contains("--url"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_is_well_until_it_is_shut_down() {
        for tls in [Tls::Off, Tls::SelfSigned] {
            let builder = Server::builder().durability(Durability::Memory).port(0).tls(tls);
            let server = builder.start().await.unwrap();
            let url = server.endpoint().to_owned();
            let asking = url.clone();
            let ask_once = move || ask(&asking, Duration::from_secs(5));
            let answer = tokio::task::spawn_blocking(ask_once.clone()).await.unwrap().unwrap();
            assert!(answer.contains(r#""status":"ok""#), "{answer}");
            server.shutdown().await;
            assert!(tokio::task::spawn_blocking(ask_once).await.unwrap().is_err());
        }
    }
}

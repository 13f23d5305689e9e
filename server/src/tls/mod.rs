//! TLS by the server itself, for an office without a proxy or without the internet: browsers give
//! the tablet's app its camera, place, keys and offline work over HTTPS only.

mod authority;
mod page;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};

use authority::Authority;

/// Whose certificate the server shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// One that was given, with everything up to its authority (PEM).
    Own {
        /// The file of certificates, the server's first.
        certificate: PathBuf,
        /// The file of its key.
        key: PathBuf,
    },
    /// One by an authority that the server itself makes, which tablets trust once.
    Local {
        /// Where the authority is kept.
        folder: PathBuf,
        /// What tablets call the server by.
        names: Vec<ServerName<'static>>,
        /// Where the authority is handed out, without TLS.
        plain: SocketAddr,
    },
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum TlsProblem {
    /// A file can't be read, written or understood.
    #[error("{}: {what}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// The certificate is not the key's.
    #[error(
        "--tls-certificate {} and --tls-key {} don't belong together: the first certificate in the \
         file has to be the server's, made for this key", certificate.display(), key.display()
    )]
    Apart {
        /// The file of certificates.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The authority may not vouch for a name.
    #[error(
        "--tls-names / RUHU_TLS_NAMES: the authority in {} may not vouch for {name}. It was made \
         for other names; move it away to have a new one, which every tablet must then trust", file.display()
    )]
    Name {
        /// The authority's file.
        file: PathBuf,
        /// The name.
        name: String,
    },
    /// A certificate can't be made.
    #[error("no certificate can be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The library of TLS.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// The certificate that is shown now. It is looked at anew every hour, so one that was renewed
/// takes effect without a restart.
#[derive(Debug)]
pub struct Certificates {
    tls: Tls,
    shown: RwLock<Arc<CertifiedKey>>,
}

impl Certificates {
    /// Reads or makes the certificate.
    ///
    /// # Errors
    /// Where there is none that can be shown.
    pub fn open(tls: Tls) -> Result<Arc<Self>, TlsProblem> {
        let shown = RwLock::new(Arc::new(load(&tls)?));
        Ok(Arc::new(Self { tls, shown }))
    }

    /// How connections are made: TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// Where the library lacks what it needs.
    pub fn config(self: &Arc<Self>) -> Result<ServerConfig, TlsProblem> {
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth();
        Ok(config.with_cert_resolver(self.clone()))
    }

    /// What a server that listens at `address` is called by others: where that is every address of
    /// this machine, by the first name there is.
    pub fn called(&self, address: SocketAddr) -> String {
        match &self.tls {
            Tls::Local { names, .. } => called(address, names.first()),
            Tls::Own { .. } => called(address, None),
        }
    }

    /// Looks every hour whether there is a newer certificate.
    pub async fn keep_fresh(self: Arc<Self>) {
        let mut every = tokio::time::interval(Duration::from_secs(3600));
        every.tick().await;
        loop {
            every.tick().await;
            let tls = self.tls.clone();
            let loaded = tokio::task::spawn_blocking(move || load(&tls)).await;
            match loaded {
                Ok(Ok(key)) => {
                    *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                }
                Ok(Err(problem)) => {
                    tracing::error!(%problem, "the certificate could not be renewed");
                }
                Err(error) => tracing::error!(%error, "the certificate could not be renewed"),
            }
        }
    }

    /// Hands out the local authority where there is one, without TLS, until told to stop.
    ///
    /// # Errors
    /// Where the address can't be listened at.
    pub fn hand_out(&self, port: u16) -> Result<Option<HandingOut>, String> {
        let Tls::Local { folder, names, plain } = &self.tls else { return Ok(None) };
        let listener = TcpListener::bind(plain)
            .map_err(|error| format!("--tls-help / RUHU_TLS_HELP {plain}: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let authority = Authority::open(folder, names).map_err(|error| error.to_string())?;
        let called = called(address, names.first());
        let names = names.iter().map(|name| name.to_str().into_owned()).collect();
        let page = page::Page { root: authority.root().clone(), names, port };
        let fingerprint = page.fingerprint();
        let server = page::serve(page, listener).map_err(|error| error.to_string())?;
        Ok(Some(HandingOut { called, fingerprint, server }))
    }
}

/// The page that hands out a local authority.
pub struct HandingOut {
    /// Where it is, for who comes from elsewhere.
    pub called: String,
    /// The root's SHA-256, in hexadecimal by fours.
    pub fingerprint: String,
    /// What serves it.
    pub server: actix_web::dev::Server,
}

/// A host and a port that others can open; nobody can open `0.0.0.0`.
pub fn called(address: SocketAddr, name: Option<&ServerName<'_>>) -> String {
    if !address.ip().is_unspecified() {
        return address.to_string();
    }
    let name = name.map_or("127.0.0.1".into(), ServerName::to_str);
    let port = address.port();
    if name.contains(':') { format!("[{name}]:{port}") } else { format!("{name}:{port}") }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

fn load(tls: &Tls) -> Result<CertifiedKey, TlsProblem> {
    match tls {
        Tls::Own { certificate, key } => {
            let wrong =
                |file: &PathBuf, what: String| TlsProblem::File { file: file.clone(), what };
            let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
                .and_then(Iterator::collect)
                .map_err(|error| wrong(certificate, error.to_string()))?;
            if chain.is_empty() {
                return Err(wrong(certificate, "there is no certificate in it".to_owned()));
            }
            let secret =
                PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error.to_string()))?;
            let secret = provider()
                .key_provider
                .load_private_key(secret)
                .map_err(|error| wrong(key, error.to_string()))?;
            let pair = CertifiedKey::new(chain, secret);
            match pair.keys_match() {
                // A kind of key whose public half the library can't compare may well be right.
                Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {
                    Ok(pair)
                }
                Err(rustls::Error::InconsistentKeys(_)) => {
                    Err(TlsProblem::Apart { certificate: certificate.clone(), key: key.clone() })
                }
                Err(error) => Err(wrong(certificate, error.to_string())),
            }
        }
        Tls::Local { folder, names, .. } => {
            Authority::open(folder, names)?.server_certificate(names, SystemTime::now())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with a key and its certificate.
    fn pair(folder: &std::path::Path, name: &str) -> PathBuf {
        let folder = folder.join(name);
        let names = [ServerName::try_from("ruhu.local").unwrap()];
        let authority = Authority::open(&folder, &names).unwrap();
        authority.server_certificate(&names, SystemTime::now()).unwrap();
        folder.join("server.pem")
    }

    #[test]
    fn a_server_is_called_by_what_others_can_open() {
        let name = |name: &'static str| ServerName::try_from(name).unwrap();
        let at =
            |address: &str, named: Option<&ServerName<'_>>| called(address.parse().unwrap(), named);
        assert_eq!(at("0.0.0.0:8443", Some(&name("192.168.1.10"))), "192.168.1.10:8443");
        assert_eq!(at("[::]:8443", Some(&name("fd00::1"))), "[fd00::1]:8443");
        assert_eq!(at("0.0.0.0:8081", Some(&name("ruhu.local"))), "ruhu.local:8081");
        assert_eq!(at("10.0.0.5:8443", Some(&name("ruhu.local"))), "10.0.0.5:8443");
        assert_eq!(at("0.0.0.0:8080", None), "127.0.0.1:8080");
    }

    #[test]
    fn a_certificate_and_a_key_that_do_not_belong_together_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (pair(folder.path(), "one"), pair(folder.path(), "other"));
        let own = |certificate: &PathBuf, key: &PathBuf| {
            load(&Tls::Own { certificate: certificate.clone(), key: key.clone() })
        };
        own(&one, &one).expect("they belong together");
        let told = |certificate, key| own(certificate, key).map(drop).unwrap_err().to_string();
        let apart = told(&one, &other);
        assert!([&one, &other].iter().all(|file| apart.contains(&file.display().to_string())));
        assert!(apart.contains("don't belong together"), "{apart}");
        let garbled = folder.path().join("garbled.pem");
        let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&garbled, pem).unwrap();
        assert!(told(&garbled, &one).starts_with(&garbled.display().to_string()));
        let secret = folder.path().join("secret.pem");
        std::fs::write(&secret, pem.replace("CERTIFICATE", "PRIVATE KEY")).unwrap();
        assert!(told(&one, &secret).starts_with(&secret.display().to_string()));
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").unwrap();
        assert!(told(&empty, &one).starts_with(&empty.display().to_string()));
        let missing = folder.path().join("missing.pem");
        assert!(told(&one, &missing).starts_with(&missing.display().to_string()));
    }
}

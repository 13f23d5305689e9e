//! An authority of the server's own, whose root tablets install once. It can vouch for names of
//! local networks, and for those it was made for, and for nothing else: whoever takes its key can't
//! pretend to be a bank.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use mobile_schema::Hash;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, PublicKeyData,
};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;

use super::{TlsProblem, provider};
use crate::files;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// A root is installed by hand, so it outlives the machine: twenty years.
const ROOT_LASTS: Duration = Duration::from_secs(20 * 366 * 24 * 3600);
/// What browsers accept at most of public authorities is 398 days.
const SERVER_LASTS: Duration = Duration::from_secs(397 * 24 * 3600);
/// A certificate is renewed when it has less left.
const RENEWED_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);
/// Names of local networks: RFC 6761, RFC 6762, RFC 8375, and what networks and routers use.
const LOCAL_NAMES: [&str; 5] = ["local", "lan", "internal", "home.arpa", "localhost"];
/// Addresses of local networks: RFC 1918, RFC 3927, RFC 4193, and the machine itself.
const LOCAL_ADDRESSES: [(&str, u8); 8] = [
    ("10.0.0.0", 8),
    ("172.16.0.0", 12),
    ("192.168.0.0", 16),
    ("169.254.0.0", 16),
    ("127.0.0.0", 8),
    ("fc00::", 7),
    ("fe80::", 10),
    ("::1", 128),
];

/// The authority, with what it signs with.
pub(super) struct Authority {
    folder: PathBuf,
    root: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Reads the authority in this folder; makes it first, where there is none.
    pub(super) fn open(folder: &Path, names: &[ServerName<'_>]) -> Result<Self, TlsProblem> {
        let file = folder.join("authority.pem");
        if !file.exists() {
            let key = KeyPair::generate()?;
            let mut params = root_params(&key);
            params.not_before = (SystemTime::now() - DAY).into();
            params.not_after = (SystemTime::now() + ROOT_LASTS).into();
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees: may_vouch_for(names),
                excluded_subtrees: Vec::new(),
            });
            let root = params.self_signed(&key)?;
            write(&file, &key, &root.pem(), files::create)?;
        }
        let (key, root) = read(&file)?;
        Ok(Self { folder: folder.to_owned(), root, issuer: Issuer::new(root_params(&key), key) })
    }

    /// What tablets install.
    pub(super) fn root(&self) -> &CertificateDer<'static> {
        &self.root
    }

    /// The server's certificate for these names: the one that is kept, or else a new one.
    pub(super) fn server_certificate(
        &self,
        names: &[ServerName<'static>],
        now: SystemTime,
    ) -> Result<CertifiedKey, TlsProblem> {
        let file = self.folder.join("server.pem");
        let own = ["localhost", "127.0.0.1"].map(|name| ServerName::try_from(name).ok());
        let names: Vec<ServerName<'static>> =
            names.iter().cloned().chain(own.into_iter().flatten()).collect();
        let kept = read(&file).ok().filter(|(_, leaf)| {
            names.iter().all(|name| self.vouches(leaf, name, now + RENEWED_BEFORE).is_ok())
        });
        let (key, leaf) = match kept {
            Some(kept) => kept,
            None => {
                let key = KeyPair::generate()?;
                let list: Vec<String> =
                    names.iter().map(|name| name.to_str().into_owned()).collect();
                let mut params = CertificateParams::new(list)?;
                params.distinguished_name = distinguished("Ruhu 入户");
                params.not_before = (now - DAY).into();
                params.not_after = (now + SERVER_LASTS).into();
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
                params.use_authority_key_identifier_extension = true;
                let leaf = params.signed_by(&key, &self.issuer)?;
                for name in &names {
                    self.vouches(leaf.der(), name, now)
                        .map_err(|error| self.cannot_vouch(name, error))?;
                }
                write(&file, &key, &leaf.pem(), files::replace)?;
                (key, leaf.der().clone())
            }
        };
        let secret = PrivateKeyDer::try_from(key.serialize_der())
            .map_err(|what| TlsProblem::File { file, what: what.to_owned() })?;
        Ok(CertifiedKey::from_der(vec![leaf, self.root.clone()], secret, &provider())?)
    }

    fn cannot_vouch(&self, name: &ServerName<'_>, error: rustls::Error) -> TlsProblem {
        match error {
            rustls::Error::InvalidCertificate(_) => TlsProblem::Name {
                file: self.folder.join("authority.pem"),
                name: name.to_str().into_owned(),
            },
            other => TlsProblem::Tls(other),
        }
    }

    /// Whether a tablet that trusts the root would believe this certificate, then.
    fn vouches(
        &self,
        leaf: &CertificateDer<'_>,
        name: &ServerName<'_>,
        at: SystemTime,
    ) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        verifier.verify_server_cert(leaf, &[], name, &[], UnixTime::since_unix_epoch(at)).map(drop)
    }
}

fn distinguished(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// What the root says of itself; the same for the same key, so an issuer can be had from the key.
fn root_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let print = HEXLOWER.encode(&Hash::of(key.der_bytes()).as_bytes()[..4]);
    params.distinguished_name = distinguished(&format!("Ruhu 入户 {print}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn may_vouch_for(names: &[ServerName<'_>]) -> Vec<GeneralSubtree> {
    let address = |address: IpAddr, prefix| {
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
    };
    let local = LOCAL_ADDRESSES
        .iter()
        .filter_map(|(text, prefix)| Some(address(text.parse().ok()?, *prefix)));
    let own = names.iter().map(|name| match name {
        ServerName::IpAddress(ip) => {
            let ip = IpAddr::from(*ip);
            address(ip, if ip.is_ipv4() { 32 } else { 128 })
        }
        name => GeneralSubtree::DnsName(name.to_str().into_owned()),
    });
    let named = LOCAL_NAMES.iter().map(|name| GeneralSubtree::DnsName((*name).to_owned()));
    local.chain(named).chain(own).collect()
}

/// A key and its certificate are one file, so that they can't be of different times.
fn write(
    file: &Path,
    key: &KeyPair,
    certificate: &str,
    put: fn(&Path, &[u8]) -> std::io::Result<()>,
) -> Result<(), TlsProblem> {
    let both = format!("{}{certificate}", key.serialize_pem());
    put(file, both.as_bytes())
        .map_err(|error| TlsProblem::File { file: file.to_owned(), what: error.to_string() })
}

fn read(file: &Path) -> Result<(KeyPair, CertificateDer<'static>), TlsProblem> {
    let wrong = |what: String| TlsProblem::File { file: file.to_owned(), what };
    let secret = PrivateKeyDer::from_pem_file(file).map_err(|error| wrong(error.to_string()))?;
    let key = KeyPair::try_from(&secret).map_err(|error| wrong(error.to_string()))?;
    let certificate =
        CertificateDer::from_pem_file(file).map_err(|error| wrong(error.to_string()))?;
    Ok((key, certificate))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<ServerName<'static>> {
        list.iter().map(|name| ServerName::try_from((*name).to_owned()).unwrap()).collect()
    }

    fn leaf(key: &CertifiedKey) -> CertificateDer<'static> {
        key.cert[0].clone()
    }

    #[test]
    fn a_certificate_is_kept_until_it_nears_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let called = names(&["192.168.1.10", "ruhu.local"]);
        let now = SystemTime::now();
        let show = |at| {
            let authority = Authority::open(folder.path(), &called).unwrap();
            leaf(&authority.server_certificate(&called, at).unwrap())
        };
        let first = show(now);
        assert_eq!(show(now + 360 * DAY), first, "it is kept");
        let renewed = show(now + 370 * DAY);
        assert_ne!(renewed, first, "it is renewed in time");
        assert_eq!(show(now + 371 * DAY), renewed);
        let authority = Authority::open(folder.path(), &called).unwrap();
        for name in &called {
            authority.vouches(&renewed, name, now + 700 * DAY).expect("the same root vouches");
        }
    }

    #[test]
    fn another_address_of_the_office_needs_no_new_root() {
        let folder = tempfile::tempdir().unwrap();
        let before = Authority::open(folder.path(), &names(&["192.168.1.10"])).unwrap();
        let root = before.root().clone();
        let moved = names(&["10.1.2.3", "box.lan"]);
        let after = Authority::open(folder.path(), &moved).unwrap();
        assert_eq!(*after.root(), root);
        after.server_certificate(&moved, SystemTime::now()).unwrap();
    }

    #[test]
    fn a_root_vouches_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let own = names(&["ruhu.county.example", "203.0.113.7"]);
        let authority = Authority::open(folder.path(), &own).unwrap();
        authority.server_certificate(&own, SystemTime::now()).expect("what it was made for");
        for other in ["bank.example", "203.0.113.8", "8.8.8.8"] {
            let refused = authority.server_certificate(&names(&[other]), SystemTime::now());
            let told = refused.map(drop).unwrap_err().to_string();
            assert!(told.contains(other), "{told}");
        }
    }

    #[test]
    fn only_the_owner_reads_the_keys() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let own = names(&["ruhu.local"]);
        let authority = Authority::open(folder.path(), &own).unwrap();
        authority.server_certificate(&own, SystemTime::now()).unwrap();
        for file in ["authority.pem", "server.pem"] {
            let mode = folder.path().join(file).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{file}");
        }
    }
}

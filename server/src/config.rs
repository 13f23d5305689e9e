//! Settings: from flags, else the environment, else a file, else what serves a small county.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use rustls::pki_types::ServerName;
use serde::Deserialize;

use crate::db::DatabaseUrl;
use crate::http::origin::TrustedProxies;
use crate::media_store::{MediaUrl, S3Settings};
use crate::seal::SealingKeys;
use crate::tls::Tls;

/// Settings as they are given. Every one has a name in the file, a variable, and a flag of the
/// commands that use it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address to listen at [default: 127.0.0.1:8080]
    pub listen: Option<String>,
    /// Folder for everything that is not put elsewhere [default: ./data]
    pub data: Option<PathBuf>,
    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: ruhu.sqlite in the data folder]
    pub database_url: Option<String>,
    /// The file of keys that sensitive values are encrypted with in the database [default:
    /// sealing-keys.json in the data folder]
    pub sealing_keys: Option<PathBuf>,
    /// A folder, or s3://BUCKET/PREFIX [default: media in the data folder]
    pub media: Option<String>,
    /// Where the S3 service is, such as https://minio.county.example [default: Amazon's]
    pub s3_endpoint: Option<String>,
    /// Whether the bucket stands in the path; most self-hosted services want it [default: true
    /// with an endpoint]
    pub s3_path_style: Option<bool>,
    /// Whether originals are fetched from the bucket itself, by links that count for five minutes;
    /// browsers and tablets must reach it [default: false]
    pub s3_direct: Option<bool>,
    /// The server's certificate and those up to its authority (PEM); with it, the server speaks TLS
    pub tls_certificate: Option<PathBuf>,
    /// The certificate's key (PEM)
    pub tls_key: Option<PathBuf>,
    /// Names and addresses tablets call this server by, such as 192.168.1.10,ruhu.local: it speaks
    /// TLS with a certificate by an authority of its own, which tablets trust once
    pub tls_names: Option<String>,
    /// Where the own authority is handed out, without TLS [default: port 8081 beside --listen]
    pub tls_help: Option<String>,
    /// Whether supervisors, admins and auditors can do nothing in a browser before they sign in
    /// with an authenticator app, too [default: false]
    pub require_second_factor: Option<bool>,
    /// Proxies whose X-Forwarded-For is believed, such as 10.0.0.5,10.1.0.0/16: behind one that is
    /// not named here, everybody shares its address when sign-ins are counted [default: none]
    pub trusted_proxies: Option<String>,
    /// Address where Prometheus finds counts and times, such as 127.0.0.1:9464; nobody signs in
    /// there [default: none]
    pub metrics: Option<String>,
    /// What to log, such as info or ruhu=debug [default: info when serving, else warn]
    pub log: Option<String>,
}

/// Where the database is.
#[derive(Args, Clone, Debug, Default)]
pub struct Store {
    /// Folder for everything that is not put elsewhere [default: ./data]
    #[arg(long, env = "RUHU_DATA", global = true)]
    data: Option<PathBuf>,
    /// sqlite://FILE or postgres://USER:PASSWORD@HOST/NAME [default: ruhu.sqlite in the data folder]
    #[arg(long, env = "RUHU_DATABASE_URL", global = true, hide_env_values = true)]
    database_url: Option<String>,
    /// The file of keys that sensitive values are encrypted with in the database [default:
    /// sealing-keys.json in the data folder]
    #[arg(long, env = "RUHU_SEALING_KEYS", global = true)]
    sealing_keys: Option<PathBuf>,
}

/// Where photos are.
#[derive(Args, Clone, Debug, Default)]
pub struct Photos {
    /// A folder, or s3://BUCKET/PREFIX [default: media in the data folder]
    #[arg(long, env = "RUHU_MEDIA", global = true)]
    media: Option<String>,
    /// Where the S3 service is, such as https://minio.county.example [default: Amazon's]
    #[arg(long, env = "RUHU_S3_ENDPOINT", global = true)]
    s3_endpoint: Option<String>,
    /// Whether the bucket stands in the path; most self-hosted services want it [default: true
    /// with an endpoint]
    #[arg(long, env = "RUHU_S3_PATH_STYLE", global = true)]
    s3_path_style: Option<bool>,
    /// Whether originals are fetched from the bucket itself, by links that count for five minutes;
    /// browsers and tablets must reach it [default: false]
    #[arg(long, env = "RUHU_S3_DIRECT", global = true)]
    s3_direct: Option<bool>,
}

/// How tablets and browsers are served.
#[derive(Args, Clone, Debug, Default)]
pub struct Serving {
    /// Address to listen at [default: 127.0.0.1:8080]
    #[arg(long, env = "RUHU_LISTEN", global = true)]
    listen: Option<String>,
    /// The server's certificate and those up to its authority (PEM); with it, the server speaks TLS
    #[arg(long, env = "RUHU_TLS_CERTIFICATE", global = true)]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key (PEM)
    #[arg(long, env = "RUHU_TLS_KEY", global = true)]
    tls_key: Option<PathBuf>,
    /// Names and addresses tablets call this server by, such as 192.168.1.10,ruhu.local: it speaks
    /// TLS with a certificate by an authority of its own, which tablets trust once
    #[arg(long, env = "RUHU_TLS_NAMES", global = true)]
    tls_names: Option<String>,
    /// Where the own authority is handed out, without TLS [default: port 8081 beside --listen]
    #[arg(long, env = "RUHU_TLS_HELP", global = true)]
    tls_help: Option<String>,
    /// Whether supervisors, admins and auditors can do nothing in a browser before they sign in
    /// with an authenticator app, too [default: false]
    #[arg(long, env = "RUHU_REQUIRE_SECOND_FACTOR", global = true)]
    require_second_factor: Option<bool>,
    /// Proxies whose X-Forwarded-For is believed, such as 10.0.0.5,10.1.0.0/16: behind one that is
    /// not named here, everybody shares its address when sign-ins are counted [default: none]
    #[arg(long, env = "RUHU_TRUSTED_PROXIES", global = true)]
    trusted_proxies: Option<String>,
    /// Address where Prometheus finds counts and times, such as 127.0.0.1:9464; nobody signs in
    /// there [default: none]
    #[arg(long, env = "RUHU_METRICS", global = true)]
    metrics: Option<String>,
}

/// What every command has.
#[derive(Args, Clone, Debug, Default)]
pub struct Common {
    /// What to log, such as info or ruhu=debug [default: info when serving, else warn]
    #[arg(long, env = "RUHU_LOG", global = true)]
    log: Option<String>,
}

impl From<Store> for Settings {
    fn from(given: Store) -> Self {
        let Store { data, database_url, sealing_keys } = given;
        Self { data, database_url, sealing_keys, ..Self::default() }
    }
}

impl From<Photos> for Settings {
    fn from(given: Photos) -> Self {
        let Photos { media, s3_endpoint, s3_path_style, s3_direct } = given;
        Self { media, s3_endpoint, s3_path_style, s3_direct, ..Self::default() }
    }
}

impl From<Serving> for Settings {
    fn from(given: Serving) -> Self {
        let Serving {
            listen,
            tls_certificate,
            tls_key,
            tls_names,
            tls_help,
            require_second_factor,
            trusted_proxies,
            metrics,
        } = given;
        Self {
            listen,
            tls_certificate,
            tls_key,
            tls_names,
            tls_help,
            require_second_factor,
            trusted_proxies,
            metrics,
            ..Self::default()
        }
    }
}

impl From<Common> for Settings {
    fn from(given: Common) -> Self {
        let Common { log } = given;
        Self { log, ..Self::default() }
    }
}

/// Settings that were checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the database is.
    pub database: DatabaseUrl,
    /// Where media is.
    pub media: MediaUrl,
    /// How to reach an S3 service.
    pub s3: S3Settings,
    /// The keys that sensitive values are encrypted with.
    pub sealing_keys: SealingKeys,
    /// The certificate to show, where the server speaks TLS itself.
    pub tls: Option<Tls>,
    /// Whether who is more than a cadre has to sign in with an authenticator app, too.
    pub require_second_factor: bool,
    /// The proxies whose word counts about where a request comes from.
    pub trusted_proxies: TrustedProxies,
    /// Where counts and times are told.
    pub metrics: Option<SocketAddr>,
    /// What to log, if it was said.
    pub log: Option<String>,
}

/// A setting that can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {message}")]
pub struct ConfigProblem {
    /// The setting, as a flag and a variable.
    pub setting: String,
    /// What is wrong with it.
    pub message: String,
}

fn problem(setting: &str, message: impl std::fmt::Display) -> ConfigProblem {
    ConfigProblem { setting: setting.to_owned(), message: message.to_string() }
}

impl Settings {
    /// Reads a settings file (TOML).
    pub fn read(path: &Path) -> Result<Self, ConfigProblem> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| problem(&name, error))?;
        toml::from_str(&text).map_err(|error| problem(&name, error.to_string().trim_end()))
    }

    /// These settings, and those of `other` where these say nothing.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            listen: self.listen.or(other.listen),
            data: self.data.or(other.data),
            database_url: self.database_url.or(other.database_url),
            media: self.media.or(other.media),
            s3_endpoint: self.s3_endpoint.or(other.s3_endpoint),
            s3_path_style: self.s3_path_style.or(other.s3_path_style),
            s3_direct: self.s3_direct.or(other.s3_direct),
            sealing_keys: self.sealing_keys.or(other.sealing_keys),
            tls_certificate: self.tls_certificate.or(other.tls_certificate),
            tls_key: self.tls_key.or(other.tls_key),
            tls_names: self.tls_names.or(other.tls_names),
            tls_help: self.tls_help.or(other.tls_help),
            require_second_factor: self.require_second_factor.or(other.require_second_factor),
            trusted_proxies: self.trusted_proxies.or(other.trusted_proxies),
            metrics: self.metrics.or(other.metrics),
            log: self.log.or(other.log),
        }
    }

    /// Checks the settings. `environment` is where the AWS variables are.
    pub fn check(self, environment: &BTreeMap<String, String>) -> Result<Config, ConfigProblem> {
        let data = self.data.unwrap_or_else(|| PathBuf::from("data"));
        let listen = self.listen.as_deref().unwrap_or("127.0.0.1:8080");
        let database = match self.database_url {
            Some(url) => parse("--database-url / RUHU_DATABASE_URL", &url)?,
            None => DatabaseUrl::Sqlite(data.join("ruhu.sqlite")),
        };
        let media = match self.media {
            Some(url) => parse("--media / RUHU_MEDIA", &url)?,
            None => MediaUrl::Folder(data.join("media")),
        };
        let variable =
            |name: &str| environment.get(name).filter(|value| !value.is_empty()).cloned();
        let endpoint = self.s3_endpoint.or_else(|| variable("AWS_ENDPOINT_URL_S3"));
        if let Some(endpoint) = &endpoint
            && !endpoint.starts_with("http://")
            && !endpoint.starts_with("https://")
        {
            return Err(problem(
                "--s3-endpoint / RUHU_S3_ENDPOINT",
                "starts with http:// or https://",
            ));
        }
        let s3 = S3Settings {
            path_style: self.s3_path_style.unwrap_or(endpoint.is_some()),
            direct: self.s3_direct.unwrap_or(false),
            endpoint,
            region: variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION")),
            access_key: variable("AWS_ACCESS_KEY_ID"),
            secret_key: variable("AWS_SECRET_ACCESS_KEY"),
            session_token: variable("AWS_SESSION_TOKEN"),
        };
        let on_s3 = matches!(media, MediaUrl::S3 { .. });
        if on_s3 && (s3.access_key.is_none() || s3.secret_key.is_none()) {
            let names = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
            return Err(problem(names, "are needed for media in a bucket"));
        }
        if self.tls_certificate.is_some() != self.tls_key.is_some() {
            let names = "--tls-certificate and --tls-key";
            return Err(problem(names, "go together"));
        }
        if let Some(log) = &self.log {
            let read = tracing_subscriber::EnvFilter::try_new(log);
            read.map_err(|error| problem("--log / RUHU_LOG", error))?;
        }
        let listen = parse("--listen / RUHU_LISTEN", listen)?;
        let tls = tls(
            self.tls_certificate.zip(self.tls_key),
            self.tls_names.as_deref(),
            self.tls_help.as_deref(),
            listen,
            &data,
        )?;
        let sealing_keys = self.sealing_keys.unwrap_or_else(|| data.join("sealing-keys.json"));
        let sealing_keys = SealingKeys(sealing_keys);
        let trusted_proxies = self.trusted_proxies.unwrap_or_default();
        let trusted_proxies = parse("--trusted-proxies / RUHU_TRUSTED_PROXIES", &trusted_proxies)?;
        let require_second_factor = self.require_second_factor.unwrap_or_default();
        let metrics = self.metrics.map(|at| parse("--metrics / RUHU_METRICS", &at)).transpose()?;
        Ok(Config {
            metrics,
            listen,
            database,
            media,
            s3,
            sealing_keys,
            tls,
            require_second_factor,
            trusted_proxies,
            log: self.log,
        })
    }
}

/// How TLS is spoken, if it is.
fn tls(
    own: Option<(PathBuf, PathBuf)>,
    names: Option<&str>,
    help: Option<&str>,
    listen: SocketAddr,
    data: &Path,
) -> Result<Option<Tls>, ConfigProblem> {
    let setting = "--tls-names / RUHU_TLS_NAMES";
    match (own, names) {
        (None, None) => Ok(None),
        (Some((certificate, key)), None) => Ok(Some(Tls::Own { certificate, key })),
        (Some(_), Some(_)) => Err(problem(setting, "is for a server without --tls-certificate")),
        (None, Some(names)) => {
            let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
            let names: Vec<ServerName<'static>> = names
                .map(|name| {
                    ServerName::try_from(name.to_owned())
                        .map_err(|_| problem(setting, format!("{name} is no name or address")))
                })
                .collect::<Result<_, _>>()?;
            if names.is_empty() {
                return Err(problem(setting, "what do tablets call this server by?"));
            }
            let plain = match help {
                Some(text) => parse("--tls-help / RUHU_TLS_HELP", text)?,
                None => SocketAddr::new(listen.ip(), 8081),
            };
            Ok(Some(Tls::Local { folder: data.join("tls"), names, plain }))
        }
    }
}

fn parse<T: FromStr<Err: std::fmt::Display>>(
    setting: &str,
    text: &str,
) -> Result<T, ConfigProblem> {
    text.parse().map_err(|error| problem(setting, error))
}

/// Whether the environment's language (POSIX: `LC_ALL`, `LC_MESSAGES`, `LANG`) is Chinese.
pub(crate) fn speaks_chinese() -> bool {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    set.is_some_and(|value| value.starts_with("zh"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(settings: Settings, environment: &[(&str, &str)]) -> Result<Config, String> {
        let pairs =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        settings.check(&pairs.collect()).map_err(|problem| problem.setting)
    }

    #[test]
    fn a_small_county_needs_no_settings() {
        let config = check(Settings::default(), &[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database, DatabaseUrl::Sqlite("data/ruhu.sqlite".into()));
    }

    #[test]
    fn a_wrong_setting_is_named() {
        let wrong = |settings| check(settings, &[]).unwrap_err();
        let some = |text: &str| Some(text.to_owned());
        let named = wrong(Settings { listen: some("here"), ..Settings::default() });
        assert_eq!(named, "--listen / RUHU_LISTEN");
        let named = wrong(Settings { database_url: some("mysql://x"), ..Settings::default() });
        assert_eq!(named, "--database-url / RUHU_DATABASE_URL");
        let named = wrong(Settings { log: some("ruhu=loud"), ..Settings::default() });
        assert_eq!(named, "--log / RUHU_LOG");
        let named = wrong(Settings { trusted_proxies: some("proxy"), ..Settings::default() });
        assert_eq!(named, "--trusted-proxies / RUHU_TRUSTED_PROXIES");
        let named = wrong(Settings { media: some("s3://bucket"), ..Settings::default() });
        assert_eq!(named, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    }

    #[test]
    fn tls_is_by_a_certificate_or_by_names() {
        let some = |text: &str| Some(text.to_owned());
        let names = Settings { tls_names: some("192.168.1.10, ruhu.local"), ..Settings::default() };
        let Some(Tls::Local { names, plain, .. }) = check(names, &[]).unwrap().tls else {
            panic!("the authority is the server's own");
        };
        let names: Vec<_> = names.iter().map(ServerName::to_str).collect();
        assert_eq!(names, ["192.168.1.10", "ruhu.local"]);
        assert_eq!(plain.to_string(), "127.0.0.1:8081");
        let wrong = |settings| check(settings, &[]).unwrap_err();
        for names in ["", " ,", "no name", "https://ruhu.local"] {
            let named = wrong(Settings { tls_names: some(names), ..Settings::default() });
            assert_eq!(named, "--tls-names / RUHU_TLS_NAMES", "{names}");
        }
        let file = || Some(PathBuf::from("x.pem"));
        let half = Settings { tls_key: file(), ..Settings::default() };
        assert_eq!(wrong(half), "--tls-certificate and --tls-key");
        let both = Settings {
            tls_certificate: file(),
            tls_key: file(),
            tls_names: some("ruhu.local"),
            ..Settings::default()
        };
        assert_eq!(wrong(both), "--tls-names / RUHU_TLS_NAMES");
    }

    #[test]
    fn a_bucket_takes_the_usual_variables() {
        let media = Some("s3://photos/county".to_owned());
        let keys = [("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", "b")];
        let config = check(Settings { media, ..Settings::default() }, &keys).unwrap();
        let prefix = "county".to_owned();
        assert_eq!(config.media, MediaUrl::S3 { bucket: "photos".to_owned(), prefix });
        assert!(!config.s3.path_style);
    }

    #[test]
    fn a_flag_goes_before_the_file() {
        let flag = Settings { listen: Some("127.0.0.1:1".into()), ..Settings::default() };
        let file: Settings = toml::from_str("listen = '127.0.0.1:2'\nmedia = 'm'").unwrap();
        let both = flag.or(file);
        assert_eq!(
            (both.listen.as_deref(), both.media.as_deref()),
            (Some("127.0.0.1:1"), Some("m"))
        );
        assert!(toml::from_str::<Settings>("lisen = 'x'").is_err());
    }
}

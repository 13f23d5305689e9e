//! The command line.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use actix_web::web;
use clap::{Parser, Subcommand};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use sync_protocol::UserId;

use crate::accounts::{self, NewUser, Role};
use crate::app::{self, App};
use crate::audit::{self, Did};
use crate::config::{self, Config, Settings};
use crate::db::{self, Database, Failed, Timestamp};
use crate::evidence::EvidenceCommand;
use crate::form_command::{self, FormCommand};
use crate::media_store::MediaStore;
use crate::notices::NoticeCommand;
use crate::privacy::PrivacyCommand;
use crate::tls::Certificates;
use crate::{
    areas, backup, checks, demo, devices, evidence, jobs, media, notices, privacy, seal, sync,
};

/// Ruhu 入户: household visits, photo evidence and signed notification forms for a county.
#[derive(Parser)]
#[command(name = "ruhu", version, arg_required_else_help = true)]
struct Cli {
    /// Settings file (TOML); flags and variables go before it
    #[arg(long, env = "RUHU_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve tablets and browsers until told to stop
    Serve,
    /// Bring the database to the layout this program knows, and leave
    Migrate,
    /// Write a backup into a new folder inside FOLDER, while the server runs, and read it back
    Backup {
        /// Where backups are kept
        folder: PathBuf,
    },
    /// Fill an empty database from a backup, and begin a new epoch: tablets send again what it lacks
    Restore {
        /// The backup: a folder with a manifest.json
        backup: PathBuf,
        /// Put a SQLite database that is there aside
        #[arg(long)]
        replace: bool,
    },
    /// The lives of the database that tablets know
    Epoch {
        #[command(subcommand)]
        command: EpochCommand,
    },
    /// Invented data to try the system with
    Demo {
        #[command(subcommand)]
        command: DemoCommand,
    },
    /// The areas that people work in
    Area {
        #[command(subcommand)]
        command: AreaCommand,
    },
    /// People who sign in
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Tablets
    Device {
        #[command(subcommand)]
        command: DeviceCommand,
    },
    /// Survey forms: XLSForm and XForm
    Form {
        #[command(subcommand)]
        command: FormCommand,
    },
    /// What stands behind visits: photos, what is flagged about them, and why
    Evidence {
        #[command(subcommand)]
        command: EvidenceCommand,
    },
    /// Photos and documents in the media store
    Media {
        #[command(subcommand)]
        command: MediaCommand,
    },
    /// Signed notifications: receipts, and the log they stand in
    Notice {
        #[command(subcommand)]
        command: NoticeCommand,
    },
    /// How long things are kept, and the keys that sensitive values are encrypted with
    Privacy {
        #[command(subcommand)]
        command: PrivacyCommand,
    },
    /// The keys that sign access tokens
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
}

#[derive(Subcommand)]
enum EpochCommand {
    /// Begin a new epoch, after the database was replaced by other means than `restore`: a copy
    /// that took over, a recovery to a point in time. Stop every server first
    New,
}

#[derive(Subcommand)]
enum AreaCommand {
    /// Add areas out of a CSV with the columns `code` and `name`, such as national codes; a county
    /// that lies in nothing begins a tree
    Import {
        /// The table
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum DemoCommand {
    /// Load the demo county: 2 townships, 6 villages, 312 invented households
    Load {
        /// How many visits with painted photos there are to review
        #[arg(long, default_value_t = demo::VISITS)]
        visits: usize,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a person with a role in an area; the password is read from RUHU_PASSWORD, or asked for
    Add {
        /// What the person signs in with
        login: String,
        /// What others read
        #[arg(long)]
        name: String,
        /// What the person does
        #[arg(long)]
        role: Role,
        /// The code of the area the role is for
        #[arg(long)]
        area: String,
    },
    /// Give a person a new password (from RUHU_PASSWORD, or asked for) and take the code of their
    /// authenticator app away: for an admin whom no other admin can help
    Reset {
        /// What the person signs in with
        login: String,
    },
}

#[derive(Subcommand)]
enum DeviceCommand {
    /// Print a one-time code to enrol a tablet for a person
    Enrol {
        /// The person's login
        login: String,
    },
}

#[derive(Subcommand)]
enum MediaCommand {
    /// Read every photo again and say which are missing, changed, or named by nothing; fails if
    /// anything is lost. Nothing is removed
    Check {
        /// Look only for what is missing
        #[arg(long)]
        quick: bool,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make a new key; tokens signed with the old one stay valid until they expire
    Rotate,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if !matches!(cli.command, Command::Serve) {
        end_with_the_reader();
    }
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("ruhu: {message}");
            ExitCode::FAILURE
        }
    }
}

/// Who reads no further (`ruhu … | head`) does no harm: the command ends without a word, with the
/// status that others have then.
fn end_with_the_reader() {
    const STATUS: i32 = 128 + 13;
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let words = panic.payload().downcast_ref::<String>().map_or("", String::as_str);
        if words.starts_with("failed printing to stdout") && words.contains("Broken pipe") {
            std::process::exit(STATUS);
        }
        tell(panic);
    }));
}

fn run(cli: Cli) -> Result<(), String> {
    // Forms need neither a database nor settings.
    if let Command::Form { command } = cli.command {
        return form_command::run(command);
    }
    // Who verifies a receipt has nothing but the receipt and the keys.
    if let Command::Notice { command: NoticeCommand::Verify { file, keys, photo } } = &cli.command {
        return notices::verify(file, keys, photo);
    }
    if let Command::Notice { command: NoticeCommand::Sample { file, output, language } } =
        &cli.command
    {
        return notices::sample(file, output, language);
    }
    let file = cli.config.as_deref().map(Settings::read).transpose().map_err(in_words)?;
    let settings = cli.settings.or(file.unwrap_or_default());
    let config = settings.check(&environment()).map_err(in_words)?;
    // A server's log says what it does; a command's only what went wrong.
    let quiet = !matches!(cli.command, Command::Serve);
    start_log(config.log.as_deref().unwrap_or(if quiet { "warn" } else { "info" }));
    if let Command::Migrate = cli.command {
        let ran = db::migrate(&config.database).map_err(in_words)?;
        println!("{} migrations applied; the database is up to date", ran.len());
        return Ok(());
    }
    actix_web::rt::System::new().block_on(async {
        match cli.command {
            Command::Serve => serve(&config).await,
            Command::Migrate | Command::Form { .. } => Ok(()),
            Command::Backup { folder } => back_up(&config, &folder).await,
            Command::Restore { backup, replace } => restore(&config, &backup, replace).await,
            Command::Epoch { command: EpochCommand::New } => new_epoch(&config).await,
            Command::Demo { command: DemoCommand::Load { visits } } => {
                load_demo(&config, visits).await
            }
            Command::Area { command: AreaCommand::Import { file } } => {
                let table = std::fs::read_to_string(&file)
                    .map_err(|error| format!("{}: {error}", file.display()))?;
                let database = database(&config).await?;
                let told =
                    areas::command::import(&database, table, config::speaks_chinese()).await?;
                println!("{told}");
                Ok(())
            }
            Command::User { command: UserCommand::Add { login, name, role, area } } => {
                add_user(&config, login, name, role, area).await
            }
            Command::User { command: UserCommand::Reset { login } } => {
                reset_user(&config, login).await
            }
            Command::Device { command: DeviceCommand::Enrol { login } } => {
                enrol(&config, login).await
            }
            Command::Evidence { command } => {
                evidence::run(command, &database(&config).await?, config::speaks_chinese()).await
            }
            Command::Media { command: MediaCommand::Check { quick } } => {
                check_media(&config, quick).await
            }
            Command::Notice { command } => {
                let media = MediaStore::open(&config.media, &config.s3).map_err(in_words)?;
                notices::run(command, &database(&config).await?, &media).await
            }
            Command::Privacy { command: PrivacyCommand::RotateKeys } => {
                privacy::rotate_keys(&config)
            }
            Command::Privacy { command } => privacy::run(command, &open(&config).await?).await,
            Command::Keys { command: KeysCommand::Rotate } => rotate(&config).await,
        }
    })
}

async fn serve(config: &Config) -> Result<(), String> {
    let metrics = PrometheusBuilder::new().install_recorder().map_err(in_words)?;
    let listener = TcpListener::bind(config.listen)
        .map_err(|error| format!("--listen / RUHU_LISTEN {}: {error}", config.listen))?;
    let address = listener.local_addr().map_err(in_words)?;
    let certificates = config.tls.clone().map(Certificates::open).transpose().map_err(in_words)?;
    let app = App::open(config, metrics).await.map_err(in_words)?;
    if let Err(error) = app.media.ready().await {
        tracing::error!(%error, "the media store is not ready; photos wait on the tablets until it is");
    }
    let app = web::Data::new(app);
    let tls = certificates.as_ref().map(Certificates::config).transpose().map_err(in_words)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let server = app::serve(app.clone(), listener, tls).map_err(in_words)?;
    actix_web::rt::spawn(tidy(app.clone()));
    actix_web::rt::spawn(expire(app.clone()));
    actix_web::rt::spawn(checks::work(app.clone()));
    // A photo takes a core for a tenth of a second, and up to some hundred megabytes.
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    (0..workers).for_each(|_| drop(actix_web::rt::spawn(jobs::work(app.clone()))));
    actix_web::rt::spawn(know_photos(app.clone()));
    actix_web::rt::spawn(end_streams(app));
    let help = certificates.as_ref().map(|one| one.hand_out(address.port())).transpose()?.flatten();
    println!("Ruhu is ready at {scheme}://{address}");
    if let Some(certificates) = certificates {
        if let Some(page) = help {
            println!("Tablets come to trust it at http://{}", page.address);
            println!("The authority's SHA-256 fingerprint: {}", page.fingerprint);
            actix_web::rt::spawn(page.server);
        }
        actix_web::rt::spawn(certificates.keep_fresh());
    }
    server.await.map_err(in_words)
}

/// Reads how photos look before anybody asks, so that nobody waits for it.
async fn know_photos(app: web::Data<App>) {
    let similar = app.similar.clone();
    if let Err(problem) = app.read(move |connection| similar.catch_up(connection)).await {
        tracing::warn!(%problem, "similar photos are read when the first is asked about");
    }
}

/// Ends live streams when the server is told to stop: it finishes what has begun, and they never
/// would.
async fn end_streams(app: web::Data<App>) {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    app.live.close();
}

/// Erases what has expired, and removes what nothing names, once a day.
async fn expire(app: web::Data<App>) {
    let mut every = tokio::time::interval(Duration::from_secs(24 * 3600));
    loop {
        every.tick().await;
        if let Err(problem) = privacy::expire(&app).await {
            tracing::warn!(%problem, "what has expired could not be erased");
        }
        if let Err(problem) = media::collect_garbage(&app).await {
            tracing::warn!(%problem, "blobs that nothing names could not be removed");
        }
    }
}

/// Throws away what is over, every few minutes.
async fn tidy(app: web::Data<App>) {
    let mut every = tokio::time::interval(Duration::from_secs(600));
    loop {
        every.tick().await;
        app.throttle.forget_idle();
        if let Err(problem) = notices::sweep(&app).await {
            tracing::warn!(%problem, "what was printed long ago could not be removed");
        }
        if let Err(problem) = media::sweep(&app).await {
            tracing::warn!(%problem, "expired uploads could not be swept");
        }
        if let Err(problem) = sync::tidy_log(&app).await {
            tracing::warn!(%problem, "the sync log could not be tidied");
        }
        if let Err(problem) = sync::forget_old(&app).await {
            tracing::warn!(%problem, "old departures could not be forgotten");
        }
        app.metrics.run_upkeep();
    }
}

async fn back_up(config: &Config, folder: &Path) -> Result<(), String> {
    db::migrate(&config.database).map_err(in_words)?;
    let media = MediaStore::open(&config.media, &config.s3).map_err(in_words)?;
    let made = backup::make(&config.database, &media, folder, photo_progress).await;
    let (place, manifest) = made.map_err(in_words)?;
    println!(
        "{}\n{} chains of operations, {} photos ({} bytes, in the media store)\n\
         read back, restored on trial, and complete: tablets may let go of what it has",
        place.display(),
        manifest.chains.len(),
        manifest.blobs,
        manifest.blob_bytes,
    );
    Ok(())
}

async fn restore(config: &Config, place: &Path, replace: bool) -> Result<(), String> {
    let media = MediaStore::open(&config.media, &config.s3).map_err(in_words)?;
    let restored = backup::restore(&config.database, &media, place, replace, photo_progress).await;
    let restored = restored.map_err(in_words)?;
    println!("the backup is restored, and epoch {} has begun", restored.epoch);
    println!("{} photos are in the media store", restored.photos);
    if !restored.missing.is_empty() {
        println!("{} are not; tablets that have them send them again:", restored.missing.len());
        for hash in restored.missing.iter().take(20) {
            println!("  {hash}");
        }
    }
    Ok(())
}

/// Says how far the photos are, every thousand.
fn photo_progress(done: usize, all: usize) {
    if done.is_multiple_of(1_000) {
        eprintln!("photos: {done} of {all}");
    }
}

async fn new_epoch(config: &Config) -> Result<(), String> {
    let begun: Result<_, Failed> = database(config)
        .await?
        .write(|connection| Ok(backup::begin_epoch(connection, Timestamp::now())?.current()))
        .await;
    println!("epoch {} has begun", begun.map_err(in_words)?);
    Ok(())
}

async fn load_demo(config: &Config, visits: usize) -> Result<(), String> {
    let app = open(config).await?;
    let loaded = demo::load(&app).await.map_err(in_words)?;
    demo::load_evidence(&app, visits).await.map_err(in_words)?;
    println!("{loaded}");
    Ok(())
}

async fn add_user(
    config: &Config,
    login: String,
    display_name: String,
    role: Role,
    area: String,
) -> Result<(), String> {
    let password = password()?;
    let password_hash = accounts::hash_password(&password)?;
    let database = database(config).await?;
    let new = NewUser { login, display_name, password_hash };
    let login = new.login.clone();
    let code = area.clone();
    let known: Result<_, Failed> =
        database.read(move |connection| Ok(areas::paths_of(connection, &[code])?)).await;
    if known.map_err(in_words)?.is_empty() {
        return Err(format!("--area {area}: no area has this code"));
    }
    let added: Result<UserId, Failed> = database
        .write(move |connection| {
            let user = accounts::add_user(connection, &new, Timestamp::now())?;
            accounts::add_grant(connection, user, role, &area, Timestamp::now())?;
            Ok(user)
        })
        .await;
    added.map_err(|error| match error {
        Failed::Database(diesel::result::Error::DatabaseError(
            diesel::result::DatabaseErrorKind::UniqueViolation,
            _,
        )) => format!("somebody else signs in as {login} already"),
        other => format!("{login} was not added: {other}"),
    })?;
    println!("{login} may sign in");
    Ok(())
}

async fn reset_user(config: &Config, login: String) -> Result<(), String> {
    let password_hash = accounts::hash_password(&password()?)?;
    let database = database(config).await?;
    let wanted = login.clone();
    let reset: Result<bool, Failed> = database
        .write(move |connection| match accounts::find_user(connection, &wanted)? {
            Some((user, _)) => {
                let now = Timestamp::now();
                accounts::reset(connection, user, &password_hash, now)?;
                audit::prepare(connection)?;
                audit::note(connection, user, Did::ResetByKeeper, user, json!({}), now)?;
                Ok(true)
            }
            None => Ok(false),
        })
        .await;
    if !reset.map_err(in_words)? {
        return Err(format!("nobody signs in as {login}"));
    }
    println!("{login} has a new password, and signs in without a code");
    Ok(())
}

async fn enrol(config: &Config, login: String) -> Result<(), String> {
    let database = database(config).await?;
    let wanted = login.clone();
    let code: Result<Option<String>, Failed> = database
        .write(move |connection| match accounts::find_user(connection, &wanted)? {
            Some((user, _)) => {
                Ok(Some(devices::make_code(connection, user, None, Timestamp::now())?))
            }
            None => Ok(None),
        })
        .await;
    let code = code.map_err(in_words)?.ok_or_else(|| format!("nobody signs in as {login}"))?;
    println!("{code}");
    Ok(())
}

async fn rotate(config: &Config) -> Result<(), String> {
    let rotated: Result<String, Failed> = database(config)
        .await?
        .write(|connection| Ok(accounts::rotate(connection, Timestamp::now())?))
        .await;
    println!("tokens are signed with the key {} from now on", rotated.map_err(in_words)?);
    Ok(())
}

async fn check_media(config: &Config, quick: bool) -> Result<(), String> {
    let media = MediaStore::open(&config.media, &config.s3).map_err(in_words)?;
    let checked = media::check(&database(config).await?, &media, !quick, Timestamp::now()).await?;
    let say = |zh: &'static str, en| if config::speaks_chinese() { zh } else { en };
    let lists = [
        (say("缺失", "missing"), &checked.missing),
        (say("内容有改动", "changed"), &checked.changed),
        (
            say(
                "数据库中没有（可能是中断的上传）",
                "not in the database (an upload that was cut off)",
            ),
            &checked.orphaned,
        ),
        (say("30 天来没有记录引用", "named by nothing for 30 days"), &checked.unnamed),
    ];
    for (what, hashes) in lists {
        hashes.iter().for_each(|hash| println!("{hash} {what}"));
    }
    println!(
        "{} {}, {} {}, {} {}, {} {}, {} {}",
        checked.well,
        say("完好", "as they should be"),
        checked.missing.len(),
        say("缺失", "missing"),
        checked.changed.len(),
        say("有改动", "changed"),
        checked.orphaned.len(),
        say("无登记", "not in the database"),
        checked.unnamed.len(),
        say("无引用", "named by nothing"),
    );
    if checked.is_whole() {
        Ok(())
    } else {
        Err(say("媒体库不完整", "the media store is not whole").to_owned())
    }
}

/// Opens everything for a command that is not a server.
async fn open(config: &Config) -> Result<App, String> {
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    App::open(config, metrics).await.map_err(in_words)
}

async fn database(config: &Config) -> Result<Database, String> {
    db::migrate(&config.database).map_err(in_words)?;
    let database = Database::open(&config.database).map_err(in_words)?;
    seal::prepare(&config.sealing_keys, &database).await.map_err(in_words)?;
    Ok(database)
}

fn password() -> Result<String, String> {
    let given = match std::env::var("RUHU_PASSWORD") {
        Ok(password) => password,
        Err(_) => {
            if std::io::stdin().is_terminal() {
                eprint!("Password: ");
            }
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map_err(in_words)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    if given.chars().count() < 8 {
        Err("a password has 8 characters or more".to_owned())
    } else {
        Ok(given)
    }
}

fn start_log(directives: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(directives).unwrap_or_default();
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only the first of several starts in one process sets the log up.
    let started = if std::io::stderr().is_terminal() {
        builder.compact().try_init()
    } else {
        builder.json().flatten_event(true).try_init()
    };
    drop(started);
}

fn environment() -> BTreeMap<String, String> {
    std::env::vars().collect()
}

fn in_words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

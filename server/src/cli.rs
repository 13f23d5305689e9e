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

use crate::accounts::{self, NewUser, Role, Unfit};
use crate::app::{self, App};
use crate::audit::{self, Did};
use crate::backup::BackupProblem;
use crate::clock::{self, Doubt};
use crate::config::{self, Config, Settings};
use crate::db::{self, Database, DatabaseUrl, Failed, Hold, Timestamp, Use};
use crate::doctor::DoctorCommand;
use crate::evidence::EvidenceCommand;
use crate::form_command::{self, FormCommand};
use crate::media_store::{FOLDERS, MediaStore, MediaUrl};
use crate::notices::NoticeCommand;
use crate::privacy::PrivacyCommand;
use crate::tls::{self, Certificates};
use crate::{
    areas, backup, checks, demo, devices, doctor, evidence, files, health, jobs, limits, media,
    notices, privacy, seal, sync,
};

/// Ruhu 入户: household visits, photo evidence and signed notification forms for a county.
#[derive(Parser)]
#[command(name = "ruhu", version, arg_required_else_help = true)]
struct Cli {
    /// Settings file (TOML); flags and variables go before it
    #[arg(long, env = "RUHU_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    common: config::Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve tablets and browsers until told to stop
    Serve {
        #[command(flatten)]
        serving: config::Serving,
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
    },
    /// Bring the database to the layout this program knows, and leave
    Migrate {
        #[command(flatten)]
        store: config::Store,
    },
    /// Write a backup into a new folder inside FOLDER, while the server runs, and read it back
    Backup {
        /// Where backups are kept
        folder: PathBuf,
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
    },
    /// Fill an empty database from a backup, and begin a new epoch: tablets send again what it lacks
    Restore {
        /// The backup: a folder with a manifest.json
        backup: PathBuf,
        /// Put a SQLite database that is there aside
        #[arg(long)]
        replace: bool,
        /// Restore it even if the sealing keys it needs are lost: what was sealed can't be read
        #[arg(long)]
        without_sealing_keys: bool,
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
    },
    /// The lives of the database that tablets know
    Epoch {
        #[command(flatten)]
        store: config::Store,
        #[command(subcommand)]
        command: EpochCommand,
    },
    /// Invented data to try the system with
    Demo {
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
        #[command(subcommand)]
        command: DemoCommand,
    },
    /// The areas that people work in
    Area {
        #[command(flatten)]
        store: config::Store,
        #[command(subcommand)]
        command: AreaCommand,
    },
    /// People who sign in
    User {
        #[command(flatten)]
        store: config::Store,
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Tablets
    Device {
        #[command(flatten)]
        store: config::Store,
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
        #[command(flatten)]
        store: config::Store,
        #[command(subcommand)]
        command: EvidenceCommand,
    },
    /// Photos and documents in the media store
    Media {
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
        #[command(subcommand)]
        command: MediaCommand,
    },
    /// Signed notifications: receipts, and the log they stand in
    Notice {
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
        #[command(subcommand)]
        command: NoticeCommand,
    },
    /// How long things are kept, and the keys that sensitive values are encrypted with
    Privacy {
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
        #[command(subcommand)]
        command: PrivacyCommand,
    },
    /// What was kept wrongly before, and what can be done about it
    Doctor {
        #[command(flatten)]
        store: config::Store,
        #[command(flatten)]
        photos: config::Photos,
        #[command(subcommand)]
        command: DoctorCommand,
    },
    /// The keys that sign access tokens
    Keys {
        #[command(flatten)]
        store: config::Store,
        #[command(subcommand)]
        command: KeysCommand,
    },
}

impl Command {
    /// Whether it may be the first that a new county sees; any other looks at one that is there.
    fn begins_a_county(&self) -> bool {
        matches!(
            self,
            Self::Serve { .. }
                | Self::Migrate { .. }
                | Self::Restore { .. }
                | Self::Demo { .. }
                | Self::Area { .. }
                | Self::User { .. }
        )
    }

    /// Whom it shares the database with while it runs, if it uses it at all. What a server that
    /// runs knows of its database does not go together with another database in its place, nor with
    /// another epoch.
    fn database_use(&self) -> Option<Use> {
        match self {
            Self::Form { .. } | Self::Privacy { command: PrivacyCommand::RotateKeys, .. } => None,
            Self::Restore { .. } | Self::Epoch { command: EpochCommand::New { .. }, .. } => {
                Some(Use::Alone)
            }
            _ => Some(Use::Shared),
        }
    }

    /// The settings that were given to it.
    fn settings(&self) -> Settings {
        match self {
            Self::Form { .. } => Settings::default(),
            Self::Serve { serving, store, photos } => {
                let serving: Settings = serving.clone().into();
                serving.or(store.clone().into()).or(photos.clone().into())
            }
            Self::Backup { store, photos, .. }
            | Self::Restore { store, photos, .. }
            | Self::Demo { store, photos, .. }
            | Self::Media { store, photos, .. }
            | Self::Notice { store, photos, .. }
            | Self::Privacy { store, photos, .. }
            | Self::Doctor { store, photos, .. } => {
                let store: Settings = store.clone().into();
                store.or(photos.clone().into())
            }
            Self::Migrate { store }
            | Self::Epoch { store, .. }
            | Self::Area { store, .. }
            | Self::User { store, .. }
            | Self::Device { store, .. }
            | Self::Evidence { store, .. }
            | Self::Keys { store, .. } => store.clone().into(),
        }
    }
}

#[derive(Subcommand)]
enum EpochCommand {
    /// Begin a new epoch, after the database was replaced by other means than `restore`: a copy
    /// that took over, a recovery to a point in time. Stop every server first; it is refused while
    /// one runs
    New {
        /// Begin it without asking: every tablet fetches its villages anew
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Subcommand)]
enum AreaCommand {
    /// Add areas out of a table (Excel or CSV) with the columns `code` and `name`, or as the
    /// statistics bureau has them; a county that lies in nothing begins a tree
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
        /// Load it beside people and areas that are there, too: its six logins have a password that
        /// anybody can read in the manual
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add a person with a role in an area; the password is read from RUHU_PASSWORD, or asked for,
    /// and the person changes it when they first sign in
    Add {
        /// What the person signs in with: 2 to 50 of a–z, 0–9, - . _
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
    /// Read every photo again and say which are missing, changed, not here yet, or named by nothing;
    /// fails if anything is lost. What was put back after a restore is known again. Nothing is
    /// removed
    Check {
        /// Look only for what is missing, or was put back
        #[arg(long)]
        quick: bool,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Make a new key; running servers sign with it within seconds, and tokens signed with the old
    /// one stay valid until they expire, for a quarter of an hour at most
    Rotate {
        /// Make all tokens void at once that others signed: somebody else may have a key
        #[arg(long)]
        leaked: bool,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    // What is made is its owner's: the database, media, backups and keys.
    files::keep_to_owner();
    let cli = Cli::parse();
    if !matches!(cli.command, Command::Serve { .. }) {
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
    if let Command::Notice { command: NoticeCommand::Verify { file, keys, photo }, .. } =
        &cli.command
    {
        return notices::verify(file, keys, photo);
    }
    if let Command::Notice { command: NoticeCommand::Sample { file, output, language }, .. } =
        &cli.command
    {
        return notices::sample(file, output, language);
    }
    let file = cli.config.as_deref().map(Settings::read).transpose().map_err(in_words)?;
    let given: Settings = cli.common.clone().into();
    let settings = given.or(cli.command.settings()).or(file.unwrap_or_default());
    let config = settings.check(&environment()).map_err(in_words)?;
    // A server's log says what it does; a command's only what went wrong.
    let quiet = !matches!(cli.command, Command::Serve { .. });
    start_log(config.log.as_deref().unwrap_or(if quiet { "warn" } else { "info" }));
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !cli.command.begins_a_county()
        && !path.exists()
    {
        // An empty county would be as it should be, whatever is asked of it.
        let path = path.display();
        return Err(if config::speaks_chinese() {
            format!("{path} 没有数据库；请核对 --data")
        } else {
            format!("there is no database at {path}; check --data")
        });
    }
    close_to_others(&config);
    let _held = hold(&config, &cli.command)?;
    if let Command::Migrate { .. } = cli.command {
        let ran = db::migrate(&config.database).map_err(in_words)?;
        println!("{} migrations applied; the database is up to date", ran.len());
        return Ok(());
    }
    actix_web::rt::System::new().block_on(async {
        match cli.command {
            Command::Serve { .. } => serve(&config).await,
            Command::Migrate { .. } | Command::Form { .. } => Ok(()),
            Command::Backup { folder, .. } => back_up(&config, &folder).await,
            Command::Restore { backup, replace, without_sealing_keys, .. } => {
                restore(&config, &backup, replace, without_sealing_keys).await
            }
            Command::Epoch { command: EpochCommand::New { yes }, .. } => {
                new_epoch(&config, yes).await
            }
            Command::Demo { command: DemoCommand::Load { visits, yes }, .. } => {
                load_demo(&config, visits, yes).await
            }
            Command::Area { command: AreaCommand::Import { file }, .. } => {
                let table =
                    std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
                let database = database(&config).await?;
                let told =
                    areas::command::import(&database, table, config::speaks_chinese()).await?;
                println!("{told}");
                Ok(())
            }
            Command::User { command: UserCommand::Add { login, name, role, area }, .. } => {
                add_user(&config, login, name, role, area).await
            }
            Command::User { command: UserCommand::Reset { login }, .. } => {
                reset_user(&config, login).await
            }
            Command::Device { command: DeviceCommand::Enrol { login }, .. } => {
                enrol(&config, login).await
            }
            Command::Evidence { command, .. } => {
                evidence::run(command, &database(&config).await?, config::speaks_chinese()).await
            }
            Command::Media { command: MediaCommand::Check { quick }, .. } => {
                check_media(&config, quick).await
            }
            Command::Notice { command, .. } => {
                let media = MediaStore::open(&config.media, &config.s3).map_err(in_words)?;
                notices::run(command, &database(&config).await?, &media).await
            }
            Command::Privacy { command: PrivacyCommand::RotateKeys, .. } => {
                privacy::rotate_keys(&config)
            }
            Command::Privacy { command, .. } => privacy::run(command, &open(&config).await?).await,
            Command::Doctor { command, .. } => doctor::run(command, &open(&config).await?).await,
            Command::Keys { command: KeysCommand::Rotate { leaked }, .. } => {
                rotate(&config, leaked).await
            }
        }
    })
}

async fn serve(config: &Config) -> Result<(), String> {
    let metrics = PrometheusBuilder::new().install_recorder().map_err(in_words)?;
    let listener = TcpListener::bind(config.listen)
        .map_err(|error| format!("--listen / RUHU_LISTEN {}: {error}", config.listen))?;
    let address = listener.local_addr().map_err(in_words)?;
    let counts = config.metrics.map(|at| {
        let bound = TcpListener::bind(at);
        bound.map_err(|error| format!("--metrics / RUHU_METRICS {at}: {error}"))
    });
    let counts = counts.transpose()?;
    let certificates = config.tls.clone().map(Certificates::open).transpose().map_err(in_words)?;
    let app = App::open(config, metrics).await.map_err(in_words)?;
    let media = tokio::time::timeout(limits::READY_WITHIN, app.media.ready()).await;
    if let Err(error) = media.map_err(in_words).and_then(|ready| ready.map_err(in_words)) {
        tracing::error!(%error, "the media store is not ready; photos wait on the tablets until it is");
    }
    let app = web::Data::new(app);
    let tls = certificates.as_ref().map(Certificates::config).transpose().map_err(in_words)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let server = app::serve(app.clone(), listener, tls).map_err(in_words)?;
    let counted = counts.as_ref().map(TcpListener::local_addr).transpose().map_err(in_words)?;
    if let Some(listener) = counts {
        actix_web::rt::spawn(health::serve_metrics(app.clone(), listener).map_err(in_words)?);
    }
    actix_web::rt::spawn(tidy(app.clone()));
    actix_web::rt::spawn(expire(app.clone()));
    actix_web::rt::spawn(accounts::keep_fresh(app.clone()));
    actix_web::rt::spawn(sync::keep_lineage_fresh(app.clone()));
    actix_web::rt::spawn(checks::work(app.clone()));
    // A photo takes a core for a tenth of a second, and up to some hundred megabytes.
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    (0..workers).for_each(|_| drop(actix_web::rt::spawn(jobs::work(app.clone()))));
    actix_web::rt::spawn(know_photos(app.clone()));
    actix_web::rt::spawn(note_awaited(app.clone()));
    actix_web::rt::spawn(end_streams(app));
    let help = certificates.as_ref().map(|one| one.hand_out(address.port())).transpose()?.flatten();
    let called = match &certificates {
        Some(certificates) => certificates.called(address),
        None => tls::called(address, None),
    };
    say(format_args!("Ruhu is ready at {scheme}://{called}"));
    if address.ip().is_unspecified() {
        let port = address.port();
        say(format_args!("It listens at every address of this machine, port {port}"));
    }
    if let Some(address) = counted {
        say(format_args!("Counts and times for Prometheus are at http://{address}/metrics"));
    }
    if let Some(certificates) = certificates {
        if let Some(page) = help {
            say(format_args!("Tablets come to trust it at http://{}", page.called));
            say(format_args!("The authority's SHA-256 fingerprint: {}", page.fingerprint));
            actix_web::rt::spawn(page.server);
        }
        actix_web::rt::spawn(certificates.keep_fresh());
    }
    server.await.map_err(in_words)
}

/// Tells whoever started the server, if anybody still listens: it serves on without.
fn say(words: std::fmt::Arguments<'_>) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{words}");
}

/// What waited for its record before servers tried again is tried again.
async fn note_awaited(app: web::Data<App>) {
    if let Err(problem) = sync::note_awaited(&app).await {
        tracing::warn!(%problem, "what waits for records is not looked at before the next start");
    }
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

/// Erases what has expired, and removes what nothing names, once a day: one replica for all, and
/// never by a clock that is not believed.
async fn expire(app: web::Data<App>) {
    const DAY: i64 = 23 * 3600;
    let mut every = tokio::time::interval(Duration::from_secs(3600));
    loop {
        every.tick().await;
        match clock::look(&app).await {
            Ok(None) => {}
            Ok(Some(doubt @ Doubt::Ahead { .. })) => {
                tracing::warn!("{}", doubt.in_words(false));
                continue;
            }
            Ok(Some(Doubt::Settling { .. })) => continue,
            Err(problem) => {
                tracing::warn!(%problem, "the newest time could not be kept");
                continue;
            }
        }
        let Some(turn) = turn(&app, "expire", DAY).await else { continue };
        if let Err(problem) = privacy::expire(&app).await {
            tracing::warn!(%problem, "what has expired could not be erased");
        }
        if let Err(problem) = media::collect_garbage(&app).await {
            tracing::warn!(%problem, "blobs that nothing names could not be removed");
        }
        if let Err(problem) = turn.done(&app, DAY).await {
            tracing::warn!(%problem, "the day's work is done again");
        }
    }
}

/// Throws away what is over, every few minutes: what is in memory each replica, the rest one.
async fn tidy(app: web::Data<App>) {
    const ROUND: i64 = 9 * 60;
    let mut every = tokio::time::interval(Duration::from_secs(600));
    loop {
        every.tick().await;
        app.throttle.forget_idle();
        app.metrics.run_upkeep();
        let Some(turn) = turn(&app, "tidy", ROUND).await else { continue };
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
        if let Err(problem) = turn.done(&app, ROUND).await {
            tracing::warn!(%problem, "what is over is looked for again");
        }
    }
}

/// The turn for some work, if it is due and no other replica is at it.
async fn turn(app: &App, name: &'static str, every: i64) -> Option<jobs::Turn> {
    match jobs::take_turn(app, name, every).await {
        Ok(turn) => {
            tracing::debug!(work = name, is_ours = turn.is_some(), "work that one replica does");
            turn
        }
        Err(problem) => {
            tracing::warn!(%problem, work = name, "work waits for the database");
            None
        }
    }
}

async fn back_up(config: &Config, folder: &Path) -> Result<(), String> {
    db::migrate(&config.database).map_err(in_words)?;
    let media = MediaStore::open(&config.media, &config.s3).map_err(in_words)?;
    for left in backup::clear_unfinished(folder).map_err(in_words)? {
        println!("removed {}, which a backup that was cut off had left", left.display());
    }
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
    if manifest.awaited > 0 {
        println!(
            "{} photos that records name have not arrived: they are on tablets, or lost",
            manifest.awaited
        );
    }
    Ok(())
}

async fn restore(
    config: &Config,
    place: &Path,
    replace: bool,
    without_keys: bool,
) -> Result<(), String> {
    let media = MediaStore::open(&config.media, &config.s3).map_err(in_words)?;
    let how = backup::How { replace, keys: &config.sealing_keys, without_keys };
    let restored = backup::restore(&config.database, &media, place, how, photo_progress).await;
    let restored = restored.map_err(|problem| match problem {
        BackupProblem::KeysLacking(lacking) => format!(
            "{lacking}. Nothing was changed. If the keys are lost for good, \
             --without-sealing-keys restores what is not sealed"
        ),
        other => other.to_string(),
    })?;
    println!("the backup is restored, and epoch {} has begun", restored.epoch);
    println!("{} photos are in the media store", restored.photos);
    if !restored.missing.is_empty() {
        println!("{} are not; tablets that have them send them again:", restored.missing.len());
        for hash in restored.missing.iter().take(20) {
            println!("  {hash}");
        }
    }
    match restored.keys_lacking {
        // Whatever runs this is not to take it for done.
        Some(lacking) => Err(lacking.to_string()),
        None => Ok(()),
    }
}

/// Says how far the photos are, every thousand.
fn photo_progress(done: usize, all: usize) {
    if done.is_multiple_of(1_000) {
        eprintln!("photos: {done} of {all}");
    }
}

async fn new_epoch(config: &Config, yes: bool) -> Result<(), String> {
    confirm(
        yes,
        [
            "新纪元开始后，每台平板都会重新下载所负责的村，并重新上传自己保留的内容；只在数据库被更换之后才需要",
            "in a new epoch every tablet fetches its villages anew and sends again what it kept; it is \
             needed only after the database was replaced",
        ],
    )?;
    let begun: Result<_, Failed> = database(config)
        .await?
        .write(|connection| Ok(backup::begin_epoch(connection, Timestamp::now())?.current()))
        .await;
    println!("epoch {} has begun", begun.map_err(in_words)?);
    Ok(())
}

async fn load_demo(config: &Config, visits: usize, yes: bool) -> Result<(), String> {
    let app = open(config).await?;
    if demo::is_in_earnest(&app).await.map_err(in_words)? {
        confirm(
            yes,
            [
                "这里已有演示以外的人员或区域：载入演示会加入六个人人都知道密码的登录名",
                "there are people or areas here that are not the demo's: it would add six logins whose \
                 password anybody knows",
            ],
        )?;
    }
    let loaded = demo::load(&app).await.map_err(in_words)?;
    demo::load_evidence(&app, visits).await.map_err(in_words)?;
    println!("{loaded}");
    Ok(())
}

/// Goes on only where `--yes` was given, or a person at a terminal says so.
pub(crate) fn confirm(yes: bool, [zh, en]: [&str; 2]) -> Result<(), String> {
    if yes {
        return Ok(());
    }
    let chinese = config::speaks_chinese();
    let words = if chinese { zh } else { en };
    if !std::io::stdin().is_terminal() {
        return Err(match chinese {
            true => format!("{words}。没有做任何改动；确定要做，请加 --yes"),
            false => format!("{words}; nothing was done (--yes does it all the same)"),
        });
    }
    match chinese {
        true => eprint!("{words}。确定要继续，请输入 yes："),
        false => eprint!("{words}. Go on all the same? Type yes: "),
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(in_words)?;
    match (line.trim() == "yes", chinese) {
        (true, _) => Ok(()),
        (false, true) => Err("没有做任何改动".to_owned()),
        (false, false) => Err("nothing was done".to_owned()),
    }
}

async fn add_user(
    config: &Config,
    login: String,
    display_name: String,
    role: Role,
    area: String,
) -> Result<(), String> {
    accounts::check_login(&login).map_err(unfit)?;
    let display_name = accounts::check_name(&display_name).map_err(unfit)?;
    let database = database(config).await?;
    let code = area.clone();
    let (of, name) = (login.clone(), display_name.clone());
    let known: Result<_, Failed> = database
        .read(move |connection| {
            let there = areas::paths_of(connection, &[code])?;
            Ok((there, accounts::known_words(connection, &of, &name)?))
        })
        .await;
    let (there, words) = known.map_err(in_words)?;
    if there.is_empty() {
        return Err(format!("--area {area}: no area has this code"));
    }
    let password_hash = accounts::hash_password(&password(&words)?)?;
    let new = NewUser { login, display_name, password_hash };
    let login = new.login.clone();
    let added: Result<(), Failed> = database
        .write(move |connection| {
            let now = Timestamp::now();
            let user = accounts::add_user(connection, &new, now)?;
            accounts::mark_issued(connection, user)?;
            accounts::add_grant(connection, user, role, &area, now)?;
            audit::prepare(connection)?;
            let grant = json!({ "role": role, "area": area });
            let detail = json!({ "login": new.login, "grant": grant });
            audit::note(connection, user, Did::AddByKeeper, user, detail, now)?;
            Ok(())
        })
        .await;
    added.map_err(|error| match error {
        Failed::Database(diesel::result::Error::DatabaseError(
            diesel::result::DatabaseErrorKind::UniqueViolation,
            _,
        )) => format!("somebody else signs in as {login} already"),
        other => format!("{login} was not added: {other}"),
    })?;
    println!("{login} may sign in, and then first changes the password");
    Ok(())
}

async fn reset_user(config: &Config, login: String) -> Result<(), String> {
    let database = database(config).await?;
    let wanted = login.clone();
    let found: Result<Option<(UserId, Vec<String>)>, Failed> = database
        .read(move |connection| {
            let Some((user, _)) = accounts::find_user(connection, &wanted)? else {
                return Ok(None);
            };
            let (_, name) = accounts::name_of(connection, user)?;
            Ok(Some((user, accounts::known_words(connection, &wanted, &name)?)))
        })
        .await;
    let (user, words) =
        found.map_err(in_words)?.ok_or_else(|| format!("nobody signs in as {login}"))?;
    let password_hash = accounts::hash_password(&password(&words)?)?;
    let reset: Result<(), Failed> = database
        .write(move |connection| {
            let now = Timestamp::now();
            accounts::reset(connection, user, &password_hash, now)?;
            audit::prepare(connection)?;
            audit::note(connection, user, Did::ResetByKeeper, user, json!({}), now)?;
            Ok(())
        })
        .await;
    reset.map_err(in_words)?;
    println!(
        "{login} has a new password, which is changed at the next sign-in, and signs in without a \
         code"
    );
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

async fn rotate(config: &Config, leaked: bool) -> Result<(), String> {
    let rotated: Result<String, Failed> = database(config)
        .await?
        .write(move |connection| {
            let kid = accounts::rotate(connection, Timestamp::now())?;
            if leaked {
                accounts::forget_retired(connection)?;
            }
            Ok(kid)
        })
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
                "有记录引用而这里没有（还在平板上，或已丢失）",
                "named by records and not here (on a tablet, or lost)",
            ),
            &checked.awaited,
        ),
        (say("已放回，重新登记", "was put back, and is known again"), &checked.returned),
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
        "{} {}, {} {}, {} {}, {} {}, {} {}, {} {}, {} {}",
        checked.well,
        say("完好", "as they should be"),
        checked.missing.len(),
        say("缺失", "missing"),
        checked.changed.len(),
        say("有改动", "changed"),
        checked.awaited.len(),
        say("未到", "named and not here"),
        checked.returned.len(),
        say("已放回", "put back"),
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

/// Takes from others what they could read of a county when files were made for all to read. What is
/// no database, and a folder that others use as well, stays as it is: a setting may be wrong.
fn close_to_others(config: &Config) {
    let mut paths = Vec::new();
    if let DatabaseUrl::Sqlite(path) = &config.database
        && db::is_sqlite(path)
    {
        let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
        paths.extend(["", "-wal", "-shm"].map(beside));
    }
    if let MediaUrl::Folder(path) = &config.media {
        paths.extend(FOLDERS.map(|name| path.join(name)));
    }
    for (folder, error) in open_to_others(&paths) {
        tracing::warn!(folder = %folder.display(), %error, "others may read what only the server should");
    }
}

/// Closes each to others. The folders in which that failed, each once and with why.
fn open_to_others(paths: &[PathBuf]) -> BTreeMap<&Path, std::io::Error> {
    let mut failed = BTreeMap::new();
    for path in paths {
        if let Err(error) = files::close(path) {
            failed.entry(path.parent().unwrap_or(path)).or_insert(error);
        }
    }
    failed
}

/// Says that the database is used, for as long as the command runs.
fn hold(config: &Config, command: &Command) -> Result<Option<Hold>, String> {
    let held = command.database_use().map(|how| Hold::take(&config.database, how)).transpose();
    held.map_err(|problem| problem.in_words(config::speaks_chinese()))
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

/// What does not do, in words.
fn unfit(unfit: Unfit) -> String {
    unfit.in_words(config::speaks_chinese())
}

/// A new password: from a variable, from a person who types it twice and does not see it, or from
/// whatever is piped in. It is not made of words that are known.
fn password(known: &[String]) -> Result<String, String> {
    let given = match std::env::var("RUHU_PASSWORD") {
        Ok(password) => password,
        Err(_) if std::io::stdin().is_terminal() => {
            let once = rpassword::prompt_password("Password: ").map_err(in_words)?;
            let again = rpassword::prompt_password("The same again: ").map_err(in_words)?;
            if once != again {
                return Err("these are two different passwords".to_owned());
            }
            once
        }
        Err(_) => {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).map_err(in_words)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    accounts::check_password(&given, known).map_err(unfit)?;
    Ok(given)
}

/// What lies below would log whole requests at `debug`, photos and all, unless it is named by itself.
const QUIET: &str = "aws_config=info,aws_runtime=info,aws_sdk_s3=info,aws_sigv4=info,\
    aws_smithy_checksums=info,aws_smithy_http_client=info,aws_smithy_runtime=info,\
    aws_smithy_runtime_api=info,h2=info,hyper=info,hyper_util=info,rustls=info";

fn start_log(directives: &str) {
    let filter = tracing_subscriber::EnvFilter::try_new(format!("{QUIET},{directives}"));
    let filter = filter.unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_can_not_be_closed_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let media = folder.path().join("media");
        std::fs::write(&media, b"no folder").unwrap();
        let database = folder.path().join("ruhu.sqlite");
        let mut paths: Vec<PathBuf> = FOLDERS.map(|name| media.join(name)).to_vec();
        paths.push(database);
        let failed = open_to_others(&paths);
        assert_eq!(failed.into_keys().collect::<Vec<_>>(), [media.as_path()]);
    }
}

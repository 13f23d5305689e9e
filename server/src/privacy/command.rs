//! `ruhu privacy`.

use clap::Subcommand;

use super::retention;
use crate::app::App;
use crate::cli::confirm;
use crate::clock::{self, Doubt};
use crate::config::{Config, speaks_chinese};
use crate::db::Timestamp;
use crate::seal::{self, KeyFile};

/// What is kept, and how it is encrypted.
#[derive(Subcommand)]
pub enum PrivacyCommand {
    /// Say what would expire now by the periods that are set, and change nothing
    DryRun,
    /// Erase what has expired now; the server does so once a day. It is refused by a clock that is
    /// days ahead of all that was written
    Expire,
    /// Say that this machine's clock is right, after it was found to be days ahead
    ConfirmClock {
        /// Say it without being asked: what has expired by this clock is then erased for good
        #[arg(long)]
        yes: bool,
    },
    /// Open everything that is encrypted, and name what was changed or whose key is not here
    Check,
    /// Add a sealing key: what is written from now on is encrypted with it. Copy the file to every
    /// server and into your safe, and start the servers anew
    RotateKeys,
}

/// Adds a key to the file.
///
/// # Errors
/// Where there is no file, or it can't be written.
pub fn rotate_keys(config: &Config) -> Result<(), String> {
    let path = &config.sealing_keys.0;
    let mut file = KeyFile::read(path).map_err(|error| error.to_string())?;
    file.rotate(Timestamp::now());
    file.replace(path).map_err(|error| error.to_string())?;
    let words = match speaks_chinese() {
        true => "已加入新密钥；请把此文件复制到每台服务器并妥善备份，然后重启服务",
        false => "has a new key; copy the file to every server and keep a backup, then restart",
    };
    println!("{}: {words}", path.display());
    Ok(())
}

/// Runs a command that needs the database.
///
/// # Errors
/// Where the database can't be reached.
pub async fn run(command: PrivacyCommand, app: &App) -> Result<(), String> {
    let chinese = speaks_chinese();
    let expired = match command {
        PrivacyCommand::Check => return check(app, chinese).await,
        PrivacyCommand::ConfirmClock { yes } => return confirm_clock(app, yes, chinese).await,
        PrivacyCommand::DryRun => retention::dry_run(app).await,
        PrivacyCommand::Expire => {
            let doubt = clock::look(app).await.map_err(|problem| problem.in_full())?;
            // Who runs it is there to look at the date; a leap is refused all the same.
            if let Some(doubt @ Doubt::Ahead { .. }) = doubt {
                return Err(doubt.in_words(chinese));
            }
            retention::run(app).await
        }
        PrivacyCommand::RotateKeys => Ok(Vec::new()),
    };
    let expired = expired.map_err(|problem| problem.in_full())?;
    if expired.is_empty() {
        println!("{}", if chinese { "没有设置保存期限" } else { "no periods are set" });
    }
    for one in expired {
        let (name, days) = (&one.collection, one.days);
        let (records, operations, photos) = (one.records, one.operations, one.photos);
        if chinese {
            println!("{name}（{days} 天）：记录 {records}，操作 {operations}，照片 {photos}");
        } else {
            println!(
                "{name} ({days} days): {records} records, {operations} operations, {photos} photos"
            );
        }
    }
    Ok(())
}

async fn confirm_clock(app: &App, yes: bool, chinese: bool) -> Result<(), String> {
    let now = app.now();
    let [zh, en] = [
        format!("服务器的时钟是 {}；确认后，按此时间已到期的内容将被永久删除", now.in_china()),
        format!(
            "this machine's clock says {now}; once confirmed, what has expired by it is erased for good"
        ),
    ];
    confirm(yes, [&zh, &en])?;
    let now = app.now();
    let kept = app.write(move |connection| clock::confirm(connection, now)).await;
    kept.map_err(|problem| problem.in_full())?;
    match chinese {
        true => println!("已确认现在是 {}；到期内容将照常删除", now.in_china()),
        false => println!("it is {now}; what expires is erased again"),
    }
    Ok(())
}

async fn check(app: &App, chinese: bool) -> Result<(), String> {
    let checked = seal::check(&app.database).await.map_err(|error| error.to_string())?;
    for one in &checked.damaged {
        println!("{one}");
    }
    let (records, operations) = (checked.records, checked.operations);
    match (checked.damaged.len(), chinese) {
        (0, true) => println!("{records} 条记录、{operations} 条操作，全部能打开"),
        (0, false) => println!("{records} records and {operations} operations: all can be opened"),
        (count, true) => return Err(format!("{count} 处打不开，见上")),
        (count, false) => return Err(format!("{count} can't be opened, see above")),
    }
    Ok(())
}

//! `ruhu notice`.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use mobile_schema::Hash;
use mobile_schema::notice::{NoticeContent, NoticeTemplate, Outcome};

use super::audit::audit;
use super::countersign::photos_of;
use super::receipt::{PublishedKeys, Receipt};
use super::{pdf, sheet, store};
use crate::config::speaks_chinese;
use crate::db::{Database, Failed, Timestamp};
use crate::limits::MAX_BLOB;
use crate::media_store::{MediaError, MediaStore, ObjectName};

/// A receipt or a file of keys is no larger.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// Signed notifications.
#[derive(Subcommand)]
pub enum NoticeCommand {
    /// Verify a receipt without asking anybody: its JSON, the content of its QR code, or a printed
    /// file (PDF)
    Verify {
        /// The receipt or printed file; `-` reads it from standard input
        file: PathBuf,
        /// The published keys: /.well-known/ruhu-notice-keys.json, saved while it could be trusted
        #[arg(long)]
        keys: PathBuf,
        /// A photo that is said to belong to it; may be given several times
        #[arg(long)]
        photo: Vec<PathBuf>,
    },
    /// Print a template that is being written with its sample data, as PDF
    Sample {
        /// The template, TOML
        file: PathBuf,
        /// Where to write the PDF
        #[arg(long)]
        output: PathBuf,
        /// The language, a BCP 47 tag
        #[arg(long, default_value = "zh-CN")]
        language: String,
    },
    /// Go through the whole log: whether anything was changed in the database or the media store
    Check {
        /// Hash the photos again, too
        #[arg(long)]
        photos: bool,
    },
    /// Print the published keys
    Keys,
    /// Make a new key; receipts of the old ones stay valid
    Rotate,
}

fn say<'a>(zh: &'a str, en: &'a str) -> &'a str {
    if speaks_chinese() { zh } else { en }
}

/// Verifies a receipt and prints what it proves and what it doesn't.
///
/// # Errors
/// Where anything in it does not hold.
pub fn verify(file: &Path, keys: &Path, photos: &[PathBuf]) -> Result<(), String> {
    let published: PublishedKeys = serde_json::from_str(&text_of(keys)?).map_err(|error| {
        let words = say("不是公布的密钥文件", "these are no published keys");
        format!("{}: {words} ({error})", keys.display())
    })?;
    let bytes = bytes_of(file, MAX_BLOB)?;
    if bytes.starts_with(b"%PDF-") {
        return verify_pdf(&bytes, &published);
    }
    if bytes.len() as u64 > MAX_FILE {
        return Err(format!("{}: {}", file.display(), say("文件太大", "the file is too large")));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_| format!("{}: {}", file.display(), say("不是文本", "not a text")))?;
    let receipt = Receipt::read(&text).map_err(|[zh, en]| say(&zh, &en).to_owned())?;
    let verified = receipt.verify(&published);
    for verdict in &verified.verdicts {
        let mark = if verdict.holds { "✓" } else { "✗" };
        println!("{mark} {}", say(&verdict.zh, &verdict.en));
    }
    let mut holds = verified.holds();
    for photo in photos {
        let hash = Hash::of(&bytes_of(photo, MAX_BLOB)?);
        let named =
            verified.content.as_ref().is_some_and(|content| photos_of(content).contains(&hash));
        holds &= named;
        let (mark, words) = match (named, verified.content.is_some()) {
            (true, _) => ("✓", say("照片与签名时一致", "the photo is what was signed for")),
            (false, true) => (
                "✗",
                say(
                    "照片不在签名内容中，或有改动",
                    "the photo is not what was signed for, or was changed",
                ),
            ),
            (false, false) => (
                "✗",
                say("回执中没有正文，无法核对照片", "without the text, photos can't be compared"),
            ),
        };
        println!("{mark} {}: {words}", photo.display());
    }
    println!();
    if let Some(content) = &verified.content {
        print_content(content);
    }
    if let (Some(leaf), true) = (&verified.leaf, holds) {
        let at = Timestamp(leaf.at).in_china();
        println!("{}", say("它证明：", "It proves:"));
        println!(
            "  {} {} {} {at}",
            say("摘要", "that the notification of digest"),
            leaf.digest,
            say(
                "的告知书由该平板签名，服务器回签于",
                "was signed by that tablet and countersigned at"
            ),
        );
        println!(
            "  {} {}",
            say("它在登记簿中的序号是", "and that it stands in the log at position"),
            receipt.position,
        );
    }
    println!("{}", say("它不能证明：", "It doesn't prove:"));
    println!(
        "  {}",
        say("签字的人是谁；照片里的事情属实", "who held the pen, or that what photos show is true")
    );
    println!(
        "  {}",
        say(
            "之后有没有更正（请联网查询或咨询办理单位）",
            "that it was not replaced since (ask the office, or look online)"
        )
    );
    if verified.content.is_none() {
        println!(
            "  {}",
            say(
                "纸上的文字与签名时一致（二维码不含正文，请用回执文件核对）",
                "that the words on paper are what was signed (a QR code has no text: use the receipt's file)"
            )
        );
    }
    if holds {
        Ok(())
    } else {
        Err(say("回执核验不通过", "the receipt does not hold").to_owned())
    }
}

fn verify_pdf(bytes: &[u8], published: &PublishedKeys) -> Result<(), String> {
    let verdict = pdf::verify(bytes, published);
    match verdict {
        Ok(()) => println!("✓ {}", say("文件与印制时一致", "the file is as it was printed")),
        Err([zh, en]) => println!("✗ {}", say(zh, en)),
    }
    println!();
    println!("{}", say("它不能证明：", "It doesn't prove:"));
    println!(
        "  {}",
        say(
            "之后有没有更正；请再核验文件上的二维码",
            "that it was not replaced since; verify the QR code on it, too"
        )
    );
    verdict.map_err(|_| say("文件核验不通过", "the file does not hold").to_owned())
}

/// Prints a template that is being written.
///
/// # Errors
/// Everything that is wrong with it.
pub fn sample(file: &Path, output: &Path, language: &str) -> Result<(), String> {
    let template = NoticeTemplate::from_toml(&text_of(file)?).map_err(|error| error.to_string())?;
    let problems: Vec<String> = template.check().iter().map(ToString::to_string).collect();
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let today = Timestamp::now().in_china();
    let sheet = sheet::preview(&template, language, today.get(..10).unwrap_or_default())
        .map_err(|error| error.to_string())?;
    let printed = paper::print(&[sheet]).map_err(|error| error.to_string())?;
    std::fs::write(output, printed).map_err(|error| format!("{}: {error}", output.display()))
}

fn print_content(content: &NoticeContent) {
    let outcome = match &content.outcome {
        Outcome::Signed { .. } => say("已签字", "signed").to_owned(),
        Outcome::Refused { reason } => format!("{}{reason}", say("拒签：", "refused: ")),
        Outcome::Paper { .. } => say("纸质签字", "signed on paper").to_owned(),
    };
    println!(
        "{} {outcome}, {}",
        say("结果：", "Outcome:"),
        Timestamp(content.signed_at).in_china()
    );
    for line in content.text.lines() {
        println!("  {line}");
    }
    println!();
}

fn bytes_of(file: &Path, most: u64) -> Result<Vec<u8>, String> {
    let wrong = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().take(most + 1).read_to_end(&mut bytes).map_err(wrong)?;
    } else {
        let opened = std::fs::File::open(file).map_err(wrong)?;
        opened.take(most + 1).read_to_end(&mut bytes).map_err(wrong)?;
    }
    if bytes.len() as u64 > most {
        return Err(format!("{}: {}", file.display(), say("文件太大", "the file is too large")));
    }
    Ok(bytes)
}

fn text_of(file: &Path) -> Result<String, String> {
    String::from_utf8(bytes_of(file, MAX_FILE)?)
        .map_err(|_| format!("{}: {}", file.display(), say("不是文本", "not a text")))
}

/// Runs a command that needs the database.
pub(crate) async fn run(
    command: NoticeCommand,
    database: &Database,
    media: &MediaStore,
) -> Result<(), String> {
    let in_words = |error: Failed| error.to_string();
    match command {
        // They were run without a database.
        NoticeCommand::Verify { .. } | NoticeCommand::Sample { .. } => Ok(()),
        NoticeCommand::Keys => {
            let keys: Result<PublishedKeys, Failed> =
                database.read(|connection| Ok(store::published(connection)?)).await;
            let keys = serde_json::to_string_pretty(&keys.map_err(in_words)?);
            println!("{}", keys.map_err(|error| error.to_string())?);
            Ok(())
        }
        NoticeCommand::Rotate => {
            let id: Result<String, Failed> =
                database.write(|connection| Ok(store::rotate(connection, Timestamp::now())?)).await;
            let id = id.map_err(in_words)?;
            println!(
                "{} {id}",
                say(
                    "从现在起用新密钥回签：",
                    "notifications are countersigned from now on with the key"
                )
            );
            Ok(())
        }
        NoticeCommand::Check { photos } => {
            let audited: Result<_, Failed> =
                database.read(|connection| Ok(audit(connection)?)).await;
            let mut audited = audited.map_err(in_words)?;
            if photos {
                for (position, photo) in std::mem::take(&mut audited.photos) {
                    let found = media.whole(ObjectName::Blob(photo), MAX_BLOB).await;
                    let wrong = match found {
                        Ok(bytes) if Hash::of(&bytes) == photo => continue,
                        Ok(_) => ["照片有改动", "the photo was changed"],
                        Err(MediaError::Missing) => ["照片不见了", "the photo is gone"],
                        Err(error) => return Err(error.to_string()),
                    };
                    let [zh, en] = wrong;
                    audited.wrong.push([
                        format!("第 {position} 号：{zh}（{photo}）"),
                        format!("position {position}: {en} ({photo})"),
                    ]);
                }
            }
            for [zh, en] in &audited.wrong {
                println!("✗ {}", say(zh, en));
            }
            let count = audited.entries;
            if audited.erased > 0 {
                let erased = say(
                    "份已应农户要求或到期删除：登记仍可核验，内容不再保存",
                    "were erased on request or by their time: the log still proves them, their words are gone",
                );
                println!("  {} {erased}", audited.erased);
            }
            if audited.wrong.is_empty() {
                let whole = say(
                    "份告知书，登记簿完整，没有改动",
                    "notifications; the log is whole and nothing was changed",
                );
                println!("✓ {count} {whole}");
                Ok(())
            } else {
                let wrong = audited.wrong.len();
                Err(format!(
                    "{count} / {wrong} {}",
                    say("处不符", "things are not as they were signed")
                ))
            }
        }
    }
}

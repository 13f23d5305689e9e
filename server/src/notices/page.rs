//! A page on which anybody verifies a receipt, without signing in. It knows what the QR code says,
//! and shows no more than that: no name, no words, no photo.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, get, web};
use data_encoding::BASE64;
use mobile_schema::Hash;
use serde::Deserialize;
use utoipa::IntoParams;

use super::receipt::{Receipt, Verified};
use super::store;
use crate::app::App;
use crate::db::Timestamp;
use crate::http::problem::Language;
use crate::http::{Problem, Query};

const STYLE: &str = "body{font:1.15rem/1.6 system-ui,sans-serif;max-width:40rem;margin:2rem auto;\
padding:0 1rem;color:#1a1a1a;background:#fff}textarea{width:100%;box-sizing:border-box;font:inherit;\
min-height:7rem}button{font:inherit;min-height:3rem;padding:0 1.5rem;margin-block:1rem}\
ul{list-style:none;padding:0}li{margin-block:.4rem}h2{font-size:1.3rem}.no{color:#a30000;font-weight:bold}.yes{color:#00572b}";

/// What is to be verified.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Asked {
    /// The content of the QR code, or a receipt.
    receipt: Option<String>,
}

/// A page that verifies a receipt: whether it holds, when and where it stands in the log, and
/// whether it was replaced since.
#[utoipa::path(tag = "notices", params(Asked), responses((status = 200, description = "A page (HTML)")))]
#[get("/verify")]
pub(super) async fn verify(
    app: web::Data<App>,
    request: HttpRequest,
    query: Query<Asked>,
) -> Result<HttpResponse, Problem> {
    app.throttle.stranger(request.peer_addr().map(|peer| peer.ip()))?;
    let chinese = Language::of(&request) == Language::Chinese;
    let asked = query.read()?.receipt.filter(|text| !text.trim().is_empty());
    let body = match asked {
        None => String::new(),
        Some(text) => match Receipt::read(&text) {
            Err(wrong) => format!("<p class=no>{}</p>", escape(&wrong[usize::from(!chinese)])),
            Ok(receipt) => {
                let leaf = super::Leaf::read(&receipt.leaf.0);
                let (published, superseded) = app
                    .read(move |connection| {
                        let superseded = match &leaf {
                            Some(leaf) => store::is_superseded(connection, &leaf.digest)?,
                            None => false,
                        };
                        Ok((store::published(connection)?, superseded))
                    })
                    .await?;
                result(&receipt, &receipt.verify(&published), superseded, chinese)
            }
        },
    };
    let style = BASE64.encode(Hash::of(STYLE.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, policy))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(page(&body, chinese)))
}

fn page(body: &str, chinese: bool) -> String {
    let (tag, title, what, button) = if chinese {
        ("zh-CN", "核验告知书回执", "扫描纸上的二维码，把内容粘贴在这里：", "核验")
    } else {
        (
            "en",
            "Verify a notification's receipt",
            "Scan the QR code on the paper and paste its content here:",
            "Verify",
        )
    };
    format!(
        "<!doctype html><html lang={tag}><head><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{body}\
         <form method=get><label for=receipt>{what}</label>\
         <textarea id=receipt name=receipt required></textarea>\
         <button>{button}</button></form></body></html>"
    )
}

fn result(receipt: &Receipt, verified: &Verified, superseded: bool, chinese: bool) -> String {
    let say = |zh: &'static str, en: &'static str| if chinese { zh } else { en };
    let mut lines: Vec<(bool, String)> = verified
        .verdicts
        .iter()
        .map(|verdict| (verdict.holds, if chinese { &verdict.zh } else { &verdict.en }.clone()))
        .collect();
    let holds = verified.holds();
    if holds && superseded {
        let words = say("已被后来的告知书替代", "it was replaced by a later notification");
        lines.push((false, words.to_owned()));
    }
    let lines: String = lines
        .iter()
        .map(|(holds, words)| {
            let (class, mark) = if *holds { ("yes", "✓") } else { ("no", "✗") };
            format!("<li class={class}>{mark} {}</li>", escape(words))
        })
        .collect();
    let stands = match (&verified.leaf, holds) {
        (Some(leaf), true) => format!(
            "<p>{} {}, {} {}</p>",
            say("回签时间（北京时间）", "Countersigned at (Beijing time)"),
            Timestamp(leaf.at).in_china(),
            say("登记序号", "position in the log"),
            receipt.position
        ),
        _ => String::new(),
    };
    let rest = say(
        "它不能证明签字的人是谁，也不能证明纸上的文字没有改动：请用回执文件核对。",
        "It doesn't prove who held the pen, nor that the words on paper were not changed: use the \
         receipt's file for that.",
    );
    let (class, verdict) = match (holds, superseded) {
        (true, false) => ("yes", say("回执有效", "The receipt is valid")),
        (true, true) => {
            ("no", say("回执有效，但已被替代", "The receipt is valid, but was replaced"))
        }
        (false, _) => ("no", say("回执无效", "The receipt is not valid")),
    };
    format!("<h2 class={class}>{verdict}</h2><ul>{lines}</ul>{stands}<p>{rest}</p>")
}

/// Text as it stands in a page.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

//! A page on which anybody verifies a receipt, without signing in. It knows what the QR code says,
//! and shows no more than that: no name, no words, no photo.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::receipt::{Receipt, Verified};
use super::store;
use crate::app::App;
use crate::db::Timestamp;
use crate::http::problem::Language;
use crate::http::{Problem, Query, html};

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
    app.throttle.stranger(app.origin(&request))?;
    let chinese = Language::of(&request) == Language::Chinese;
    let asked = query.read()?.receipt.filter(|text| !text.trim().is_empty());
    let body = match asked {
        None => String::new(),
        Some(text) => match Receipt::read(&text) {
            Err(wrong) => {
                format!("<p class=no>{}</p>", html::escape(&wrong[usize::from(!chinese)]))
            }
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
    Ok(html::page(title(chinese), &(body + &form(chinese)), chinese))
}

fn title(chinese: bool) -> &'static str {
    if chinese { "核验告知书回执" } else { "Verify a notification's receipt" }
}

fn form(chinese: bool) -> String {
    let (what, button) = if chinese {
        ("扫描纸上的二维码，把内容粘贴在这里：", "核验")
    } else {
        ("Scan the QR code on the paper and paste its content here:", "Verify")
    };
    format!(
        "<form method=get><label for=receipt>{what}</label>\
         <textarea id=receipt name=receipt required></textarea>\
         <button>{button}</button></form>"
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
            format!("<li class={class}>{mark} {}</li>", html::escape(words))
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
    format!("<h2 class={class}>{verdict}</h2><ul class=words>{lines}</ul>{stands}<p>{rest}</p>")
}

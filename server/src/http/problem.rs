//! Problem details for HTTP APIs (RFC 9457), in the caller's language.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

use crate::db::Failed;

/// A kind of problem. Its name is stable: programs act on `urn:ruhu:problem:<name>`.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last part of the problem's `type`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What people read in Chinese.
    pub zh: &'static str,
    /// What people read in English.
    pub en: &'static str,
}

macro_rules! kinds {
    ($($constant:ident = $name:literal $status:literal $zh:literal $en:literal;)*) => {
        impl Kind {
            $(
                #[doc = $en]
                pub const $constant: Kind = Kind { name: $name, status: $status, zh: $zh, en: $en };
            )*

            /// Every kind there is, for the documentation.
            pub const ALL: &[Kind] = &[$(Kind::$constant),*];
        }
    };
}

kinds! {
    NOT_FOUND = "not-found" 404 "没有这个内容，或您无权查看。" "There is no such thing, or you may not see it.";
    UNAUTHENTICATED = "unauthenticated" 401 "请先登录。" "Sign in first.";
    TOKEN_EXPIRED = "token-expired" 401 "登录已过期，请重新获取令牌。" "The token has expired; refresh it.";
    SIGN_IN_REFUSED = "sign-in-refused" 401 "用户名或密码不对。" "The name or the password is wrong.";
    CODE_NEEDED = "code-needed" 401 "请输入验证器中的动态码。" "Enter the code of your authenticator app.";
    CODE_WRONG = "code-wrong" 401 "动态码不对或已用过，请等验证器显示下一个动态码再试；手机不在身边时，可以输入一个备用码。" "The code is wrong, or was used before: wait for the next one of your app, or use a recovery code.";
    CODE_REFUSED = "code-refused" 422 "动态码不对或已用过。" "The code is wrong, or was used before.";
    PASSWORD_COMMON = "password-common" 422 "这个密码太容易被猜到：很多人在用，或者由登录名、姓名、县名组成。请换一个。" "This password is too easily guessed: many have it, or it is made of the login, the name or the county's. Choose another one.";
    LOGIN_TAKEN = "login-taken" 409 "这个登录名已有人用。" "Somebody has this login already.";
    NOT_ONESELF = "not-oneself" 409 "不能对自己这样做，请让另一位管理员来做。" "Nobody does this to themselves; ask another admin.";
    OWN_WORK = "own-work" 409 "这次走访里有您自己采集、更正或补录的内容，请由另一位审核员审核；本级没有别人的，由上一级审核。" "You recorded, corrected or typed in some of this visit yourself; another reviewer decides about it, or one of the next level up.";
    DEVICE_REVOKED = "device-revoked" 409 "这台平板已报失，不能恢复使用；找回的，请用新的绑定码重新绑定。" "This tablet was reported lost and can't be let work again; if it was found, enrol it anew with a new code.";
    AREAS_INVALID = "areas-invalid" 422 "区划表有错误，没有保存。" "The list of areas has errors; nothing was stored.";
    AREA_IN_USE = "area-in-use" 409 "这里还有记录，不能关闭；请先把农户迁到别的村。" "There are records here, so it can't be closed; move the households to another village first.";
    IMPORT_INVALID = "import-invalid" 422 "表格有错误，没有导入。" "The table has errors; nothing was taken in.";
    ROSTER_INVALID = "roster-invalid" 422 "名册读不出来，没有保存。" "The roster can't be read; nothing was stored.";
    SESSION_ENDED = "session-ended" 401 "登录已失效，请重新登录。" "The session has ended; sign in again.";
    FORBIDDEN = "forbidden" 403 "您的角色不能做这件事。" "Your role may not do this.";
    SECOND_FACTOR_NEEDED = "second-factor-needed" 403 "请先在“我的账号”里设置动态码。" "Set up an authenticator app for your account first.";
    PASSWORD_CHANGE_NEEDED = "password-change-needed" 403 "您现在用的是别人发的密码，请先在“我的账号”里改成自己的。" "Your password was issued by somebody else; change it to one of your own first.";
    CONFIRMATION_NEEDED = "confirmation-needed" 403 "请再输一次密码，确认是您本人。" "Enter your password once more, to show that it is you.";
    EVERYWHERE = "everywhere" 403 "这会影响全部区域，请由负责全部区域的管理员来做。" "This concerns every area; an admin of all of them has to do it.";
    TABLET_ONLY = "tablet-only" 403 "只有已绑定的平板可以这样做。" "Only an enrolled tablet may do this.";
    ENROLMENT_REFUSED = "enrolment-refused" 403 "绑定码不对、已用过或已过期。" "The enrolment code is wrong, used or expired.";
    HAND_IN_REFUSED = "hand-in-refused" 422 "这不是这里绑定的平板导出的文件，或内容有改动。没有收下任何内容。" "No tablet enrolled here exported this file, or it was changed. Nothing was taken in.";
    METHOD_NOT_ALLOWED = "method-not-allowed" 405 "不能用这种方法请求这个地址。" "This address does not take this method.";
    MALFORMED = "malformed" 400 "提交的内容格式不对。" "What was sent is malformed.";
    TOO_LARGE = "too-large" 413 "提交的内容太大。" "What was sent is too large.";
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type" 415 "不支持这种内容类型或压缩方式。" "This media type or encoding is not supported.";
    TOO_MANY_REQUESTS = "too-many-requests" 429 "请求太频繁，请稍后再试。" "Too many requests; try again later.";
    DAY_SPENT = "day-spent" 429 "这台平板今天上传得太多，内容仍保存在平板上，稍后会自动再传；如经常出现，请联系管理员。" "This tablet has sent more than fits a day. It keeps what is left and sends it later; if this happens often, tell your admin.";
    TOO_SLOW = "too-slow" 408 "网络太慢，没有传完。请到信号好的地方再试，您的数据没有丢失。" "The network was too slow for it to arrive. Try again where the signal is better; nothing is lost.";
    OFFSET_MISMATCH = "offset-mismatch" 409 "上传位置不对，请先查询已收到的位置。" "The offset is not where the upload stands; ask first.";
    CHECKSUM_MISMATCH = "checksum-mismatch" 460 "这一段在传输中损坏，请重传这一段。" "The chunk was damaged on the way; send it again.";
    HASH_MISMATCH = "hash-mismatch" 422 "文件与它的摘要不符，请从头重传。" "The file does not have the hash it was announced with; upload it again.";
    UPLOAD_GONE = "upload-gone" 410 "这次上传已过期或已取消。" "The upload has expired or was cancelled.";
    UPLOAD_TAKEN_OVER = "upload-taken-over" 423 "同一文件有更新的上传请求，本请求已停止。" "A newer request has taken this upload over.";
    UPLOAD_UNFINISHED = "upload-unfinished" 423 "已全部收到，但暂时存不下来，请稍后再查。" "All bytes are here but could not be stored and verified yet; ask again later.";
    TUS_VERSION = "tus-version" 412 "不支持这个上传协议版本。" "This version of the upload protocol is not supported.";
    MISMATCH = "mismatch" 409 "请求中的平板与令牌不一致。" "The request names another tablet than the token does.";
    STALE_VIEW = "stale-view" 409 "您看到的内容已有变化，请刷新后再处理。" "What you saw has changed meanwhile; look again.";
    SETTLED_ALREADY = "settled-already" 409 "已有人处理过了。" "Somebody has settled it already.";
    CLAIMED = "claimed" 409 "另一位审核人正在看这次走访。" "Another reviewer is looking at this visit.";
    PASSED_ALREADY = "passed-already" 409 "您已审核通过，还需要另一位审核人。" "You have passed it; another person has to, too.";
    NOT_APPLICABLE = "not-applicable" 409 "现在不能应用这条记录，它仍然保留。" "It can't take effect now; it is kept.";
    REASON_NEEDED = "reason-needed" 403 "其中有敏感信息，请说明查看理由，理由会留存。" "It holds sensitive information: say why you need it; the reason is kept.";
    RANGE_NOT_SATISFIABLE = "range-not-satisfiable" 416 "请求的范围超出文件。" "The file has no such range.";
    FORM_INVALID = "form-invalid" 422 "问卷有错误，没有保存。" "The form has errors; it was not stored.";
    FORM_UNTRIED = "form-untried" 409 "发布前请先用样例数据试填，并且全部通过。" "Fill the version in with sample data first, until nothing is wrong.";
    FORM_INCOMPLETE = "form-incomplete" 409 "问卷还缺附件或台账，不能发布。" "The form lacks files or registers; it can't be published.";
    UNPRINTABLE = "unprintable" 422 "无法印制，原因见说明。" "It can't be printed; the detail says why.";
    PACK_INVALID = "pack-invalid" 422 "包有错误，没有安装。" "The pack has errors; it was not installed.";
    TEMPLATE_INVALID = "template-invalid" 422 "告知书模板有错误，原因见说明。" "The template of the notification has errors; they are listed.";
    RULES_INVALID = "rules-invalid" 422 "校验规则有错误，原因见说明。" "The rules have errors; they are listed.";
    UNAVAILABLE = "unavailable" 503 "服务暂时不可用，请稍后再试，您的数据没有丢失。" "The service is unavailable for the moment; nothing is lost, try again.";
    DATABASE_UNAVAILABLE = "database-unavailable" 503 "数据库暂时不可用，请稍后再试，您的数据没有丢失。" "The database is unavailable for the moment; nothing is lost, try again.";
    BUSY = "busy" 503 "现在使用的人太多，请稍后再试，您的数据没有丢失。" "Too much is going on at the moment; nothing is lost, try again.";
    MEDIA_FULL = "media-full" 507 "服务器存放照片的空间已满，照片请保留，稍后会再试。" "The server has no room for photos; keep them, it is tried again.";
    STORAGE_FULL = "storage-full" 507 "服务器的空间快满了，暂时不能上传；内容请保留，稍后会自动再传。请告诉管理员。" "The server has hardly any room left and takes nothing in for now. Keep what you have, it is tried again; tell your admin.";
    INTERNAL = "internal" 500 "服务器出错了，已记录。" "The server failed; the cause is logged.";
}

/// A problem as it is told to a client.
#[derive(Debug)]
pub struct Problem {
    kind: &'static Kind,
    detail: Option<String>,
    retry_after: Option<u64>,
    allow: Option<String>,
    members: Map<String, Value>,
}

impl Problem {
    /// A problem of this kind.
    pub fn new(kind: &'static Kind) -> Self {
        Self { kind, detail: None, retry_after: None, allow: None, members: Map::new() }
    }

    /// What exactly is wrong, in the terms of the protocol.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        Self { detail: Some(detail.into()), ..self }
    }

    /// When it is worth trying again.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// What the address may be asked with.
    #[must_use]
    pub fn allow(self, methods: &[&str]) -> Self {
        Self { allow: Some(methods.join(", ")), ..self }
    }

    /// One more member for programs to act on.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// What a member that is text says.
    pub(crate) fn member(&self, name: &str) -> Option<String> {
        self.members.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// Its kind, and what exactly is wrong.
    pub(crate) fn in_full(&self) -> String {
        match &self.detail {
            Some(detail) => format!("{}: {detail}", self.kind.name),
            None => self.kind.name.to_owned(),
        }
    }

    /// What kind of problem it is.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Its members, in words of a language.
    pub(super) fn members(&self, language: Language) -> Map<String, Value> {
        let mut body = self.members.clone();
        body.insert("type".into(), format!("urn:ruhu:problem:{}", self.kind.name).into());
        let title = match language {
            Language::Chinese => self.kind.zh,
            Language::English => self.kind.en,
        };
        body.insert("title".into(), title.into());
        body.insert("status".into(), self.kind.status.into());
        if let Some(detail) = &self.detail {
            body.insert("detail".into(), json!(detail));
        }
        if let Some(seconds) = self.retry_after {
            body.insert("retry_after".into(), seconds.into());
        }
        body
    }

    /// The response, in the language the request asks for.
    pub fn respond(&self, language: Language) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status_code());
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if self.kind.status == 401 {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        response.body(Value::Object(self.members(language)).to_string())
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.kind.name)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        self.respond(Language::Chinese)
    }
}

impl<E: Into<Problem>> From<Failed<E>> for Problem {
    fn from(failed: Failed<E>) -> Self {
        match failed {
            Failed::Rule(rule) => rule.into(),
            Failed::Database(error) => {
                tracing::error!(%error, "a query failed");
                Self::new(&Kind::INTERNAL)
            }
            Failed::Unavailable(cause) => {
                tracing::error!(%cause, "the database is unavailable");
                Self::new(&Kind::DATABASE_UNAVAILABLE).retry_after(5)
            }
            Failed::Busy(cause) => {
                tracing::warn!(%cause, "the database is busy");
                Self::new(&Kind::BUSY).retry_after(3)
            }
        }
    }
}

impl From<std::convert::Infallible> for Problem {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// The languages problems are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// zh-CN
    Chinese,
    /// en
    English,
}

impl Language {
    /// The language the request prefers (RFC 9110, section 12.5.4); Chinese unless it asks for
    /// English first.
    pub fn of(request: &HttpRequest) -> Self {
        let accepted = request.headers().get(header::ACCEPT_LANGUAGE);
        Self::preferred(accepted.and_then(|value| value.to_str().ok()).unwrap_or_default())
    }

    fn preferred(accepted: &str) -> Self {
        let mut best = (0.0, Self::Chinese);
        for range in accepted.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight: f32 = weight.trim().trim_start_matches("q=").parse().unwrap_or(0.0);
            let tag = tag.trim().to_ascii_lowercase();
            let language = match tag.split('-').next() {
                Some("zh") => Self::Chinese,
                Some("en") => Self::English,
                _ => continue,
            };
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// The BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_language_is_told() {
        let cases = [
            ("", Language::Chinese),
            ("en", Language::English),
            ("en-GB,en;q=0.9,zh;q=0.8", Language::English),
            ("en;q=0.5, zh-Hans-CN", Language::Chinese),
            ("fr, en;q=0.1", Language::English),
            ("*;q=nonsense", Language::Chinese),
        ];
        for (accepted, language) in cases {
            assert_eq!(Language::preferred(accepted), language, "{accepted}");
        }
    }

    #[test]
    fn names_are_unique_and_both_languages_complete() {
        let names: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| kind.zh.ends_with('。') && kind.en.ends_with('.')));
    }
}

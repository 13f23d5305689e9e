//! Signed notifications: countersigned, proved by receipts, and every change noticed.

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use diesel::prelude::*;
use ed25519_dalek::SigningKey;
use harness::{DatabaseKind, Stage, ruhu_binary, story};
use mobile_schema::Hash;
use mobile_schema::notice::{NoticeContent, Outcome, Point, RecordVersion, Signer, Witness};
use reqwest::Method;
use ruhu::db::Timestamp;
use ruhu::notices::{PublishedKeys, Receipt, tree};
use ruhu::{checks, jobs};
use scenery::Photo;
use serde_json::{Value as Json, json};
use sync_protocol::op::{Change, Fields};
use sync_protocol::{RecordId, Row};
use tablets::{Client, HeadlessTablet, day};

use crate::probe::{Probe, kind};

const LIMIT: Duration = Duration::from_secs(60);

/// A tablet, a household that is there, and the template it is told by.
pub(crate) struct Desk {
    pub(crate) stage: Arc<Stage>,
    pub(crate) tablet: HeadlessTablet,
    pub(crate) supervisor: Client,
    pub(crate) household: Row,
    pub(crate) template: Hash,
}

impl Desk {
    pub(crate) async fn new(stage: &Arc<Stage>) -> Self {
        let mut tablet = stage.tablet("cadre").await;
        let household = tablet.rows().find(|row| row.collection == "household").unwrap().clone();
        let bundles = tablet.client().call(Method::GET, "/api/v1/bundles", None).await.unwrap();
        let bundles = bundles.as_array().unwrap();
        let is_aid = |one: &&Json| one["kind"] == "notice" && one["name"] == "student_aid";
        let template = bundles.iter().find(is_aid).expect("a template");
        let template = template["hash"].as_str().unwrap().parse().unwrap();
        let supervisor = stage.person("supervisor").await;
        Self { stage: stage.clone(), tablet, supervisor, household, template }
    }

    pub(crate) fn content(&self, text: &str, outcome: Outcome) -> NoticeContent {
        NoticeContent {
            template: self.template,
            household: *self.household.id.0.as_bytes(),
            language: "zh-CN".into(),
            text: text.into(),
            photos: Vec::new(),
            outcome,
            signed_at: self.tablet.clock().wall * 1_000,
            device: *self.tablet.machine().identity().device.0.as_bytes(),
            supersedes: None,
            signer: Default::default(),
            witness: None,
            records: Vec::new(),
        }
    }

    /// Signs with a key, pushes, and lets the server look at it.
    async fn sign_with(&mut self, content: &NoticeContent, key: &SigningKey) -> RecordId {
        let draft = day::sign(&self.tablet, &self.household, "资助告知书", content, key);
        let id = draft.record;
        self.tablet.edit(vec![draft]).unwrap();
        self.tablet.sync_again(LIMIT).await.unwrap();
        checks::run_due(self.stage.app()).await.unwrap();
        id
    }

    /// Signs again, and says why.
    async fn sign_because(&mut self, content: &NoticeContent, reason: &str) -> RecordId {
        let key = self.tablet.key().clone();
        let mut draft = day::sign(&self.tablet, &self.household, "资助告知书", content, &key);
        let Change::Sign { fields } = &mut draft.change else { panic!("{draft:?}") };
        fields.insert(12, reason.into());
        let id = draft.record;
        self.tablet.edit(vec![draft]).unwrap();
        self.tablet.sync_again(LIMIT).await.unwrap();
        checks::run_due(self.stage.app()).await.unwrap();
        id
    }

    pub(crate) async fn sign(&mut self, content: &NoticeContent) -> RecordId {
        let key = self.tablet.key().clone();
        self.sign_with(content, &key).await
    }

    /// Signs for an award as a tablet does, which says what it tells of and why it does so again.
    async fn sign_for(
        &mut self,
        content: &NoticeContent,
        award: RecordId,
        reason: Option<&str>,
    ) -> RecordId {
        let key = self.tablet.key().clone();
        let mut draft = day::sign(&self.tablet, &self.household, "资助告知书", content, &key);
        let Change::Sign { fields } = &mut draft.change else { panic!("{draft:?}") };
        fields.insert(11, award.to_string().into());
        if let Some(earlier) = &content.supersedes {
            fields.insert(9, RecordId::derived(earlier).to_string().into());
        }
        fields.extend(reason.map(|reason| (12, reason.into())));
        let id = draft.record;
        self.tablet.edit(vec![draft]).unwrap();
        self.tablet.sync_again(LIMIT).await.unwrap();
        checks::run_due(self.stage.app()).await.unwrap();
        id
    }

    pub(crate) async fn receipt(&mut self, id: RecordId) -> Option<Json> {
        let path = format!("/api/v1/notices/{id}/receipt");
        self.tablet.client().call(Method::GET, &path, None).await.ok()
    }

    /// What the supervisor reads of a notification.
    async fn read(&mut self, id: RecordId) -> Json {
        let path = format!("/api/v1/notices/{id}?reason=%E6%A0%B8%E5%AF%B9");
        self.supervisor.call(Method::GET, &path, None).await.expect("it is read")
    }

    /// What the checks found about a notification.
    pub(crate) async fn findings(&mut self, id: RecordId) -> Vec<String> {
        let path = "/api/v1/records?collection=finding&limit=500&reason=核对";
        let page = self.supervisor.call(Method::GET, path, None).await.unwrap();
        let about =
            page["items"].as_array().unwrap().iter().filter(|one| one["subject"] == json!(id));
        about.map(|one| one["fields"]["2"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn published(&self) -> PublishedKeys {
        let url = format!("{}/.well-known/ruhu-notice-keys.json", self.stage.address());
        let text = reqwest::get(url).await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// `ruhu notice …` on this stage.
    pub(crate) fn ruhu(&self, arguments: &[&str], language: &str) -> (bool, String) {
        let (_, environment) = self.stage.process_settings();
        let Output { status, stdout, stderr } = Command::new(ruhu_binary())
            .arg("notice")
            .args(arguments)
            .envs(environment)
            .env("LC_ALL", language)
            .output()
            .unwrap();
        let text = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        (status.success(), text)
    }
}

pub(crate) fn signed() -> Outcome {
    Outcome::Signed {
        strokes: vec![[[0, 0, 0], [900, 400, 120], [1_700, 200, 260]].map(Point::from).to_vec()],
    }
}

story!(an_award_is_signed_for_once_and_again_only_with_a_reason, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let scope = desk.tablet.machine().scope_of(desk.household.id).unwrap().clone();
    let mut awards = Vec::new();
    for programme in ["国家助学金", "生活补助"] {
        let home = desk.household.id.to_string();
        let fields = Fields::from([(1, home.into()), (3, programme.into())]);
        let (id, change) = (RecordId(uuid::Uuid::now_v7()), Change::Create { fields });
        desk.tablet.edit(vec![day::draft(&desk.tablet, "aid_award", id, &scope, change)]).unwrap();
        desk.tablet.sync_again(LIMIT).await.unwrap();
        awards.push(desk.tablet.rows().find(|row| row.id == id).unwrap().clone());
    }
    let version = |row: &Row| RecordVersion {
        record: *row.id.0.as_bytes(),
        epoch: row.version.epoch.0,
        n: row.version.n,
    };
    let told = |desk: &Desk, text: &str, supersedes: Option<Hash>| {
        let mut records = vec![version(&desk.household), version(&awards[0])];
        records.sort();
        NoticeContent { supersedes, records, ..desk.content(text, signed()) }
    };
    let award = awards[0].id;

    // An older tablet does not say what it tells of: of one award there is no doubt.
    let first = told(&desk, "资助：625.00 元", None);
    let old = desk.sign(&first).await;
    assert!(desk.receipt(old).await.is_some());

    // Signed once more, whatever the words: it stays as it came, and is not taken.
    let twice = told(&desk, "资助：625.00 元。请核对。", None);
    let twice = desk.sign_for(&twice, award, None).await;
    assert_eq!(desk.findings(twice).await, ["notice/again"]);
    assert_eq!(desk.receipt(twice).await, None);
    let unexplained = told(&desk, "资助：1250.00 元", Some(first.digest()));
    let unexplained = desk.sign_for(&unexplained, award, Some(" ")).await;
    assert_eq!(desk.findings(unexplained).await, ["notice/again"]);

    // As what replaces the first, with a reason, it is; and then that is the one to replace.
    let right = told(&desk, "资助：1250.00 元（金额更正）", Some(first.digest()));
    let new = desk.sign_for(&right, award, Some("金额发错，已补发")).await;
    assert_eq!(desk.findings(new).await, [] as [String; 0]);
    assert!(desk.receipt(new).await.is_some());
    let late = told(&desk, "资助：1250.00 元（另一台平板）", Some(first.digest()));
    let late = desk.sign_for(&late, award, Some("对方要求重签")).await;
    assert_eq!(desk.findings(late).await, ["notice/again"]);

    // What it says it tells of is among what its text was made from.
    let another = told(&desk, "另一项资助", None);
    let another = desk.sign_for(&another, awards[1].id, None).await;
    assert_eq!(desk.findings(another).await, ["notice/records"]);
});

story!(a_notification_is_countersigned_and_its_receipt_proves_it_offline, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let first = desk.content("资助告知书\n王（虚构）：1250.00 元", signed());
    let refused =
        desk.content("资助告知书\n李（虚构）", Outcome::Refused { reason: "不在家".into() });
    let one = desk.sign(&first).await;
    desk.sign(&refused).await;
    let told = desk.receipt(one).await.expect("it is in the log");
    let receipt: Receipt = serde_json::from_value(told["receipt"].clone()).unwrap();
    let published = desk.published().await;
    let verified = receipt.verify(&published);
    assert!(verified.holds(), "{:#?}", verified.verdicts);
    assert_eq!(verified.verdicts.len(), 7);
    assert_eq!(verified.content, Some(first.clone()));
    let qr = Receipt::read(told["qr"].as_str().unwrap()).unwrap();
    assert!(qr.verify(&published).holds());
    assert!(told["qr"].as_str().unwrap().len() < 500);

    // Whatever byte is changed, it says that something is not as it was.
    let text = serde_json::to_string(&told["receipt"]).unwrap();
    for at in (0..text.len()).step_by(7) {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
        let Ok(changed) = String::from_utf8(changed) else { continue };
        if let Ok(read) = Receipt::read(&changed) {
            assert!(read == receipt || !read.verify(&published).holds(), "{at}: {changed}");
        }
    }
    // By hand: the receipt's file, in both languages; the photo that was not signed for.
    let folder = desk.stage.folder();
    let (file, keys) = (folder.join("receipt.json"), folder.join("keys.json"));
    std::fs::write(&file, &text).unwrap();
    std::fs::write(&keys, serde_json::to_string(&published).unwrap()).unwrap();
    let [file, keys] = [&file, &keys].map(|path| path.to_str().unwrap());
    let (well, chinese) = desk.ruhu(&["verify", file, "--keys", keys], "zh_CN.UTF-8");
    assert!(
        well && chinese.contains("✓ 已列入登记簿") && chinese.contains("1250.00 元"),
        "{chinese}"
    );
    assert!(chinese.contains("它不能证明"));
    let (well, english) = desk.ruhu(&["verify", file, "--keys", keys, "--photo", file], "C");
    assert!(!well && english.contains("✗") && english.contains("is not what was signed for"));
    // What the server answers with, the receipt in it.
    std::fs::write(file, told.to_string()).unwrap();
    let (well, wrapped) = desk.ruhu(&["verify", file, "--keys", keys], "zh_CN.UTF-8");
    assert_eq!((well, wrapped), (true, chinese));
    let mut other = told.clone();
    other["receipt"]["position"] = json!(99);
    std::fs::write(file, other.to_string()).unwrap();
    assert!(!desk.ruhu(&["verify", file, "--keys", keys], "C").0);
    std::fs::write(file, told["qr"].as_str().unwrap()).unwrap();
    assert!(desk.ruhu(&["verify", file, "--keys", keys], "C").0);
    // Whoever reads only the first lines hears no complaint.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let verify = ["notice", "verify", file, "--keys", keys];
    let unread = Command::new(ruhu_binary()).args(verify).stdout(writer).output().unwrap();
    assert_eq!(
        (unread.status.code(), String::from_utf8(unread.stderr).unwrap()),
        (Some(141), String::new())
    );
    std::fs::write(file, "rubbish").unwrap();
    assert!(desk.ruhu(&["verify", file, "--keys", keys], "C").1.contains("not a receipt"));

    // A new key countersigns from now on; what the old one signed stays valid.
    assert!(desk.ruhu(&["rotate"], "C").0);
    let later = desk.content("资助告知书\n张（虚构）", signed());
    let later = desk.sign(&later).await;
    let published = desk.published().await;
    assert_eq!(published.keys.len(), 2);
    assert!(receipt.verify(&published).holds());
    let newer = desk.receipt(later).await.unwrap()["receipt"].clone();
    let newer: Receipt = serde_json::from_value(newer).unwrap();
    assert_ne!(newer.key, receipt.key);
    assert!(newer.verify(&published).holds());
    // A receipt of another county.
    let other = PublishedKeys { keys: published.keys[1..].to_vec(), ..published };
    let foreign = receipt.verify(&other);
    assert!(foreign.verdicts.iter().any(|one| one.en.contains("another county")));

    // Who kept a head elsewhere can see that the log only grew.
    let kept = receipt.head.clone().unwrap();
    let url = format!(
        "{}/.well-known/ruhu-notice-log/consistency?from={}&to=3",
        desk.stage.address(),
        kept.size
    );
    let grown: Json =
        serde_json::from_str(&reqwest::get(url).await.unwrap().text().await.unwrap()).unwrap();
    let hash = |json: &Json| json.as_str().unwrap().parse::<Hash>().unwrap();
    let proof: Vec<Hash> = grown["proof"].as_array().unwrap().iter().map(hash).collect();
    let now = hash(&grown["to"]["root"]);
    assert!(tree::is_consistent((kept.size, &kept.root), (3, &now), &proof));
    // At the office it is read with a reason, as it was signed.
    let path = format!("/api/v1/notices/{one}");
    let refused = desk.supervisor.call(Method::GET, &path, None).await.unwrap_err();
    assert_eq!(refused.kind(), "reason-needed");
    let shown = desk.read(one).await;
    assert_eq!(shown["content"]["text"], json!(first.text));
    assert_eq!((&shown["position"], &shown["findings"]), (&json!(0), &json!([])));
    let image = shown["content"]["signature"].as_str().unwrap();
    assert!(image.contains("M0 0L900 400L1700 200"), "{image}");
    assert_eq!(shown["content"]["device_label"], json!("测试平板"));
    // They are listed by their place in the log, the newest first, a page at a time.
    let mut listed = Vec::new();
    let mut next = String::new();
    for _ in 0..3 {
        let path = format!("/api/v1/notices?limit=1{next}");
        let page = desk.supervisor.call(Method::GET, &path, None).await.unwrap();
        listed.push((page["items"][0]["position"].clone(), page["items"][0]["outcome"].clone()));
        next = format!("&after={}", page["next"].as_str().unwrap());
    }
    let third = (json!(2), json!("signed"));
    assert_eq!(listed, [third, (json!(1), json!("refused")), (json!(0), json!("signed"))]);
    // Or found by words of the household's line, none of which is a pattern.
    let page = desk.supervisor.call(Method::GET, "/api/v1/notices", None).await.unwrap();
    let household = page["items"][0]["household_title"].as_str().unwrap().to_owned();
    for (words, count) in [(household.as_str(), 3), ("%25", 0), ("没有这户", 0)] {
        let path = format!("/api/v1/notices?household={words}");
        let page = desk.supervisor.call(Method::GET, &path, None).await.unwrap();
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{words}");
    }
    // Nobody else gets the receipt, or sees that there is one.
    let mut neighbour = stage.neighbour().await;
    let none = neighbour.call(Method::GET, "/api/v1/notices", None).await.unwrap();
    assert_eq!(none["items"], json!([]));
    let path = format!("/api/v1/notices/{one}/receipt");
    assert_eq!(neighbour.call(Method::GET, &path, None).await.unwrap_err().kind(), "not-found");
});

story!(what_is_not_as_it_should_be_is_kept_and_not_countersigned, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let good = desk.content("告知", signed());
    let stranger = SigningKey::from_bytes(&[7; 32]);
    let other_key = desk.sign_with(&good, &stranger).await;
    assert_eq!(desk.findings(other_key).await, ["notice/signature"]);
    assert_eq!(desk.receipt(other_key).await, None);
    let shown = desk.read(other_key).await;
    assert_eq!((&shown["position"], &shown["logged_at"]), (&Json::Null, &Json::Null));
    assert_eq!(shown["findings"][0]["fields"]["2"], json!("notice/signature"));
    let open = desk.supervisor.call(Method::GET, "/api/v1/notices?standing=open", None).await;
    let open = &open.unwrap()["items"][0];
    assert_eq!(
        (&open["id"], &open["position"], &open["findings"]),
        (&json!(other_key), &Json::Null, &json!(["notice/signature"]))
    );
    let empty = desk.content("告知", Outcome::Signed { strokes: vec![vec![]] });
    let empty = desk.sign(&empty).await;
    assert_eq!(desk.findings(empty).await, ["notice/no-stroke"]);
    let scribble = vec![(0..25_000).map(|at| [at % 999, at % 777, at].into()).collect()];
    let scribble = desk.content("告知", Outcome::Signed { strokes: scribble });
    let scribble = desk.sign(&scribble).await;
    assert_eq!(desk.findings(scribble).await, ["notice/too-many-points"]);
    let unknown = NoticeContent { template: Hash::of(b"none"), ..desk.content("告知", signed()) };
    let unknown = desk.sign(&unknown).await;
    assert_eq!(desk.findings(unknown).await, ["notice/template"]);
    let device = *uuid::Uuid::now_v7().as_bytes();
    let nobody = NoticeContent { device, ..desk.content("告知", signed()) };
    let nobody = desk.sign(&nobody).await;
    assert_eq!(desk.findings(nobody).await, ["notice/device"]);
    let before =
        NoticeContent { supersedes: Some(Hash::of(b"none")), ..desk.content("告知", signed()) };
    let before = desk.sign(&before).await;
    assert_eq!(desk.findings(before).await, ["notice/supersedes"]);

    // A correction replaces what is there, and both stay.
    let first = desk.content("金额 1000 元", signed());
    let old = desk.sign(&first).await;
    let corrected = NoticeContent {
        supersedes: Some(first.digest()),
        ..desk.content("金额 1200 元", signed())
    };
    let new = desk.sign_because(&corrected, "金额写错了").await;
    for id in [old, new] {
        assert_eq!(desk.findings(id).await, [] as [String; 0]);
        assert!(desk.receipt(id).await.is_some());
    }

    // One that came before what it replaces waits, and is looked at again when that has come.
    let late = desk.content("后到的", signed());
    let early =
        NoticeContent { supersedes: Some(late.digest()), ..desk.content("先到的", signed()) };
    let early = desk.sign_because(&early, "后一份先到").await;
    assert_eq!(desk.findings(early).await, ["notice/supersedes"]);
    assert_eq!(desk.receipt(early).await, None);
    desk.sign(&late).await;
    assert!(desk.receipt(early).await.is_some());

    // Who signs, with whom, with which photos and of which records is the template's to say.
    let nameless = Signer::Relative { name: "王芳".into(), relation: " ".into() };
    let nameless = NoticeContent { signer: nameless, ..desk.content("家属", signed()) };
    let nameless = desk.sign(&nameless).await;
    assert_eq!(desk.findings(nameless).await, ["notice/signer"]);
    let version = desk.household.version;
    let made_from = |record, n| vec![RecordVersion { record, epoch: version.epoch.0, n }];
    let of_nothing = made_from(*uuid::Uuid::now_v7().as_bytes(), 1);
    let of_the_future = made_from(*desk.household.id.0.as_bytes(), version.n + 7);
    for records in [of_nothing, of_the_future] {
        let content = NoticeContent { records, ..desk.content("引用", signed()) };
        let content = desk.sign(&content).await;
        assert_eq!(desk.findings(content).await, ["notice/records"]);
    }
    let relative = NoticeContent {
        signer: Signer::Relative { name: "王芳".into(), relation: "女儿".into() },
        witness: Some(Witness {
            name: "李四".into(),
            strokes: vec![vec![Point { x: 1, y: 2, ms: 3, pressure: Some(500) }]],
        }),
        records: made_from(*desk.household.id.0.as_bytes(), version.n),
        ..desk.content("家属代签", signed())
    };
    let relative = desk.sign(&relative).await;
    assert_eq!(desk.findings(relative).await, [] as [String; 0]);
    assert!(desk.receipt(relative).await.is_some());
    let bundles = desk.tablet.client().call(Method::GET, "/api/v1/bundles", None).await.unwrap();
    let is_card = |one: &&Json| one["kind"] == "notice" && one["name"] == "chronic_card";
    let card = bundles.as_array().unwrap().iter().find(is_card).expect("a template");
    let card = card["hash"].as_str().unwrap().parse().unwrap();
    let without = NoticeContent { template: card, ..desk.content("签收", signed()) };
    let without = desk.sign(&without).await;
    assert_eq!(desk.findings(without).await, ["notice/photos"]);
    let outcome = Outcome::Refused { reason: "不需要".into() };
    let refused = NoticeContent { template: card, ..desk.content("签收", outcome) };
    let refused = desk.sign(&refused).await;
    assert_eq!(desk.findings(refused).await, [] as [String; 0]);

    // Anybody may ask, and learns no more than the paper shows.
    let page = async |receipt: &str, language: &str| {
        let mut url = reqwest::Url::parse(&format!("{}/verify", stage.address())).unwrap();
        url.query_pairs_mut().append_pair("receipt", receipt);
        let request = reqwest::Client::new().get(url).header("Accept-Language", language);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers()["content-security-policy"].to_str().unwrap().contains("'none'"));
        answer.text().await.unwrap()
    };
    let qr = desk.receipt(new).await.unwrap()["qr"].as_str().unwrap().to_owned();
    let shown = page(&qr, "zh-CN").await;
    assert!(shown.contains("✓ 服务器回签有效") && !shown.contains("✗"), "{shown}");
    assert!(!shown.contains("1200") && !shown.contains(&desk.household.id.to_string()));
    let qr = desk.receipt(old).await.unwrap()["qr"].as_str().unwrap().to_owned();
    assert!(page(&qr, "en").await.contains("✗ it was replaced by a later notification"));
    let shown = page("<script>alert(1)</script>", "en").await;
    assert!(shown.contains("not a receipt") && !shown.contains("<script>"), "{shown}");
    assert!(page(&qr[..qr.len() - 4], "en").await.contains("incomplete or changed"));

    // On paper: it waits for the photo, and is countersigned when it comes.
    let photo = Photo { width: 640, ..Photo::of(3) }.jpeg();
    let hash = Hash::of(&photo);
    let paper = desk.content("纸质签字", Outcome::Paper { photo: hash });
    let draft = day::sign(&desk.tablet, &desk.household, "纸质签字", &paper, desk.tablet.key());
    let paper_id = draft.record;
    // It comes over a link that lets operations through and no photos.
    let tablet = Desk::new(&stage).await.tablet;
    let mut probe = Probe { incarnation: uuid::Uuid::now_v7(), next: 1, tablet };
    let mut op = probe.op("notice", paper_id, None, json!(draft.change));
    op["blobs"] = json!([hash]);
    op["scope"] = json!(draft.scope);
    let outcomes = probe.push(&[op]).await;
    assert_eq!(kind(&outcomes[0]), "applied");
    checks::run_due(stage.app()).await.unwrap();
    assert_eq!(desk.receipt(paper_id).await, None, "the photo is still to come");
    assert_eq!(desk.findings(paper_id).await, [] as [String; 0]);
    desk.tablet.keep_photo(&photo).unwrap();
    let mut visit = day::visit(&desk.tablet, &desk.household, hash, 1);
    visit.truncate(1);
    desk.tablet.edit(visit).unwrap();
    desk.tablet.sync_again(LIMIT).await.unwrap();
    // It need not be looked at for that.
    checks::run_due(stage.app()).await.unwrap();
    let receipt = desk.receipt(paper_id).await.expect("now it is countersigned");
    jobs::run_due(stage.app()).await.unwrap();
    checks::run_due(stage.app()).await.unwrap();

    // The tablet is reported lost: from then on it signs for nothing, and receipts say so.
    let mut admin = stage.person("admin").await;
    let device = desk.tablet.machine().identity().device;
    let path = format!("/api/v1/devices/{device}/revocations");
    let from = paper.signed_at;
    let body = json!({ "from": from, "reason": "丢失" });
    let mut neighbour = stage.neighbour().await;
    let refused = neighbour.call(Method::POST, &path, Some(&body)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    admin.call(Method::POST, &path, Some(&body)).await.unwrap();
    let devices = admin.call(Method::GET, "/api/v1/devices", None).await.unwrap();
    let listed = devices["items"].as_array().unwrap().iter().find(|one| one["id"] == json!(device));
    assert_eq!(listed.unwrap()["revoked_from"], json!(Timestamp(from)));
    assert_eq!(listed_state(&mut admin, device).await, "blocked");
    let release = format!("/api/v1/devices/{device}/release");
    let refused = admin.call(Method::POST, &release, None).await.unwrap_err();
    assert_eq!(refused.kind(), "device-revoked");
    // Whoever has it dates back what they sign; what it sends waits for a person, and if one takes
    // it over, it is still not in the log.
    let mut lost = desk.content("报失以后", signed());
    lost.signed_at = from - 24 * 3_600_000_000;
    let lost = desk.sign(&lost).await;
    let held = desk.supervisor.call(Method::GET, "/api/v1/quarantine", None).await.unwrap();
    let held = held.as_array().unwrap().iter().find(|one| one["record"] == json!(lost)).unwrap();
    let path = format!(
        "/api/v1/quarantine/{}/{}/settle",
        held["incarnation"].as_str().unwrap(),
        held["seq"]
    );
    let apply = json!({ "decision": "apply", "reason": "核实过" });
    desk.supervisor.call(Method::POST, &path, Some(&apply)).await.unwrap();
    checks::run_due(stage.app()).await.unwrap();
    assert_eq!(desk.findings(lost).await, ["notice/revoked"]);
    let receipt: Receipt = serde_json::from_value(receipt["receipt"].clone()).unwrap();
    let verified = receipt.verify(&desk.published().await);
    assert!(!verified.holds());
    assert!(verified.verdicts.iter().any(|one| one.en.contains("reported lost")));
});

async fn listed_state(admin: &mut Client, device: sync_protocol::DeviceId) -> String {
    let devices = admin.call(Method::GET, "/api/v1/devices", None).await.unwrap();
    let all = devices["items"].as_array().unwrap();
    let one = all.iter().find(|one| one["id"] == json!(device)).unwrap();
    one["state"].as_str().unwrap().to_owned()
}

story!(a_notification_replaces_only_what_it_succeeds, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let first = desk.content("第一份", signed());
    let first_id = desk.sign(&first).await;
    assert!(desk.receipt(first_id).await.is_some());
    let of_household = desk.household.clone();
    let others = desk.tablet.rows().filter(|row| row.collection == "household");
    desk.household = others.filter(|row| row.id != of_household.id).last().unwrap().clone();
    // Another household's is not replaced, whoever signs.
    let foreign =
        NoticeContent { supersedes: Some(first.digest()), ..desk.content("别户的", signed()) };
    let foreign_id = desk.sign(&foreign).await;
    assert_eq!(desk.findings(foreign_id).await, ["notice/supersedes"]);
    assert!(desk.receipt(foreign_id).await.is_none());
    desk.household = of_household;
    let second = |desk: &Desk, text: &str| NoticeContent {
        supersedes: Some(first.digest()),
        ..desk.content(text, signed())
    };
    let silent = second(&desk, "没有写明理由");
    let silent = desk.sign(&silent).await;
    assert_eq!(desk.findings(silent).await, ["notice/again"]);
    let own = second(&desk, "第二份");
    let own = desk.sign_because(&own, "金额写错了").await;
    assert_eq!(desk.findings(own).await, [] as [String; 0]);
    assert!(desk.receipt(own).await.is_some());
    // What stands now is the second; the first is not replaced once more.
    let third = second(&desk, "第三份");
    let third = desk.sign_because(&third, "再签一次").await;
    assert_eq!(desk.findings(third).await, ["notice/again"]);
});

/// Changes the database behind its triggers, once more.
async fn tamper_again(stage: &Arc<Stage>, table: &str, statement: &str) {
    tamper_behind(stage, table, statement, stage.backend.database == DatabaseKind::Postgres).await;
}

/// Does what nobody may: changes the database behind its triggers.
async fn tamper(stage: &Arc<Stage>, table: &str, statement: &str) {
    tamper_behind(stage, table, statement, true).await;
}

async fn tamper_behind(stage: &Arc<Stage>, table: &str, statement: &str, triggers: bool) {
    let (off, on) = match stage.backend.database {
        DatabaseKind::Sqlite => {
            let name = if table == "records" { "notices" } else { table };
            (format!("DROP TRIGGER {name}_refuse_update"), String::new())
        }
        DatabaseKind::Postgres => (
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
            format!("ALTER TABLE {table} ENABLE TRIGGER ALL"),
        ),
    };
    let statements = match triggers {
        true => vec![off, statement.to_owned(), on],
        false => vec![statement.to_owned()],
    };
    let done: Result<(), ruhu::db::Failed> = stage
        .app()
        .database
        .write(move |connection| {
            for statement in statements.iter().filter(|one| !one.is_empty()) {
                diesel::sql_query(statement.as_str()).execute(connection)?;
            }
            Ok(())
        })
        .await;
    done.expect("it is changed");
}

story!(whatever_is_changed_in_the_database_or_the_store_is_found_and_named, async |stage| {
    let mut desk = Desk::new(&stage).await;
    let photo = Photo { width: 640, ..Photo::of(3) }.jpeg();
    let hash = desk.tablet.keep_photo(&photo).unwrap();
    let mut ids = Vec::new();
    for number in 0..5 {
        let mut content = desk.content(&format!("第 {number} 份"), signed());
        if number == 4 {
            content.photos = vec![hash];
        }
        ids.push(desk.sign(&content).await);
    }
    jobs::run_due(stage.app()).await.unwrap();
    checks::run_due(stage.app()).await.unwrap();
    let (well, said) = desk.ruhu(&["check", "--photos"], "C");
    assert!(well && said.contains("✓ 5 notifications"), "{said}");
    // What the database refuses, even by hand.
    for statement in
        ["UPDATE log_entries SET position = 9", "DELETE FROM log_heads", "DELETE FROM log_nodes"]
    {
        let statement = statement.to_owned();
        let done: Result<usize, ruhu::db::Failed> = stage
            .app()
            .database
            .write(move |connection| Ok(diesel::sql_query(statement.as_str()).execute(connection)?))
            .await;
        assert!(done.unwrap_err().to_string().contains("append-only"));
    }
    use ruhu::media_store::ObjectName;
    stage.app().media.delete(ObjectName::Blob(hash)).await.unwrap();
    stage
        .app()
        .media
        .put(ObjectName::Blob(hash), photo[..photo.len() - 1].to_vec().into())
        .await
        .unwrap();
    let (well, said) = desk.ruhu(&["check", "--photos"], "C");
    assert!(!well && said.contains("position 4: the photo was changed"), "{said}");
    assert!(desk.ruhu(&["check"], "C").0, "the database is as it was");
    let fields = match stage.backend.database {
        DatabaseKind::Sqlite => "json_set(fields, '$.\"6\"', 'refused')",
        DatabaseKind::Postgres => "jsonb_set(fields, '{6}', '\"refused\"')",
    };
    let one = ids[1].0.simple();
    let id = match stage.backend.database {
        DatabaseKind::Sqlite => format!("x'{one}'"),
        DatabaseKind::Postgres => format!("'{one}'"),
    };
    tamper(&stage, "records", &format!("UPDATE records SET fields = {fields} WHERE id = {id}"))
        .await;
    let (_, said) = desk.ruhu(&["check"], "zh_CN.UTF-8");
    assert!(said.contains("第 1 号：告知书记录的摘要、结果、模板或签名有改动"), "{said}");
    // A byte of the sealed text, whatever stands there: a letter that is looked for may be in none.
    let sealed = match stage.backend.database {
        DatabaseKind::Sqlite => "json_extract(fields, '$.\"3\"')",
        DatabaseKind::Postgres => "(fields ->> '3')",
    };
    let other = format!(
        "substr({sealed}, 1, 40) || CASE substr({sealed}, 41, 1) WHEN 'A' THEN 'B' ELSE 'A' END \
         || substr({sealed}, 42)"
    );
    let fields = match stage.backend.database {
        DatabaseKind::Sqlite => format!("json_set(fields, '$.\"3\"', {other})"),
        DatabaseKind::Postgres => format!("jsonb_set(fields, '{{3}}', to_jsonb({other}))"),
    };
    let two = ids[2].0.simple();
    let id = match stage.backend.database {
        DatabaseKind::Sqlite => format!("x'{two}'"),
        DatabaseKind::Postgres => format!("'{two}'"),
    };
    let statement = format!("UPDATE records SET fields = {fields} WHERE id = {id}");
    // The trigger is gone already where it was dropped.
    tamper_again(&stage, "records", &statement).await;
    let (_, said) = desk.ruhu(&["check"], "C");
    assert!(said.contains("position 2: the text is not what was signed"), "{said}");
    tamper(&stage, "log_nodes", "UPDATE log_nodes SET hash = (SELECT hash FROM log_nodes WHERE level = 0 AND place = 0) WHERE level = 0 AND place = 2").await;
    let (_, said) = desk.ruhu(&["check"], "C");
    assert!(said.contains("position 2: the tree does not follow"), "{said}");
    tamper(&stage, "log_entries", "UPDATE log_entries SET signature = (SELECT signature FROM log_entries WHERE position = 0) WHERE position = 3").await;
    let (_, said) = desk.ruhu(&["check"], "C");
    assert!(said.contains("position 3: the entry or its countersignature was changed"), "{said}");
    tamper(
        &stage,
        "log_heads",
        "UPDATE log_heads SET root = (SELECT root FROM log_heads WHERE size = 1) WHERE size = 5",
    )
    .await;
    let (_, said) = desk.ruhu(&["check"], "C");
    assert!(said.contains("position 4: what was signed of the log"), "{said}");
    assert!(!said.contains("position 0:"), "{said}");
});

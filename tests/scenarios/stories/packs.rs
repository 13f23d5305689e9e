//! A county brings its own pack: what it would do is told first, and nothing that is published changes.

use std::io::{Cursor, Write};

use harness::{Stage, story};
use reqwest::Method;
use serde_json::{Value as Json, json};
use tablets::Client;

const PACK: &str = "name = \"wells\"\nversion = VERSION\nlabels = { zh-CN = \"水井\", en = \"Wells\" }\n\
    [description]\nzh-CN = \"村里的水井\"\nen = \"A village's wells\"\n";

const REGISTER: &str = "name = \"well\"\nversion = VERSION\nlabels = { zh-CN = \"水井\", en = \"Well\" }\n\
    [[field]]\nid = 1\nname = \"household\"\ntype = \"reference\"\ncollection = \"household\"\n\
    role = \"subject\"\nlabels = { zh-CN = \"农户\", en = \"Household\" }\n\
    [[field]]\nid = 2\nname = \"depth\"\ntype = \"integer\"\nlabels = { zh-CN = \"深度\", en = \"Depth\" }\n";

const RULES: &str = "name = \"wells\"\nversion = VERSION\nlabels = { zh-CN = \"水井\", en = \"Wells\" }\n\
    [[rule]]\nid = \"named\"\nabout = \"household\"\nseverity = \"doubt\"\n\
    check = { expression = \"head_name != 'NAME'\" }\n\
    message = { zh-CN = \"名字不对\", en = \"The name is wrong\" }\n";

fn pack(version: u32, register: &str) -> Vec<u8> {
    pack_of(version, &[("registers/well.toml", register)])
}

fn pack_of(version: u32, files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let version = version.to_string();
    for (path, text) in [("pack.toml", PACK)].iter().chain(files) {
        let path = format!("wells/{path}");
        archive.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text.replace("VERSION", &version).as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Sends a pack: the status, and what is said.
async fn send(stage: &Stage, who: &Client, pack: Vec<u8>, query: &str) -> (u16, Json) {
    send_in("en", stage, who, pack, query).await
}

async fn send_in(
    language: &str,
    stage: &Stage,
    who: &Client,
    pack: Vec<u8>,
    query: &str,
) -> (u16, Json) {
    let url = format!("{}/api/v1/packs?{query}", stage.address());
    let request = reqwest::Client::new().post(url).bearer_auth(who.access_token()).body(pack);
    let response = request.header("accept-language", language).send().await.unwrap();
    let (status, told) = (response.status().as_u16(), response.bytes().await.unwrap());
    (status, serde_json::from_slice(&told).unwrap())
}

const INSTALL: &str = "reason=%E6%9D%91%E9%87%8C%E8%A6%81%E7%94%A8";

fn words(told: &Json) -> String {
    told["problems"].to_string()
}

story!(a_pack_is_looked_at_installed_and_followed_by_the_next, async |stage| {
    let mut admin = stage.person("admin").await;
    let (status, told) = send(&stage, &admin, pack(1, REGISTER), "dry_run=true").await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["changes"][0]["kind"], "register");
    assert_eq!(
        (&told["changes"][0]["version"], &told["changes"][0]["installed"]),
        (&json!(1), &Json::Null)
    );
    let packs = admin.call(Method::GET, "/api/v1/packs", None).await.unwrap();
    assert!(!packs.to_string().contains("wells"), "it was only told");
    let (status, told) = send(&stage, &admin, pack(1, REGISTER), "").await;
    assert_eq!(
        (status, told["type"].as_str()),
        (400, Some("urn:ruhu:problem:malformed")),
        "say why"
    );

    let (status, told) = send(&stage, &admin, pack(1, REGISTER), INSTALL).await;
    assert_eq!(status, 200, "{told}");
    // Once more changes nothing.
    assert_eq!(send(&stage, &admin, pack(1, REGISTER), INSTALL).await.0, 200);
    let bundles = admin.call(Method::GET, "/api/v1/bundles", None).await.unwrap();
    let wells: Vec<&Json> =
        bundles.as_array().unwrap().iter().filter(|one| one["name"] == "well").collect();
    assert_eq!(wells.len(), 1);
    assert_eq!(wells[0]["pack"], "wells");

    // What tablets hold records of can't be taken away, or be something else.
    let changed = REGISTER.replace("\"integer\"", "\"text\"");
    let (status, told) = send(&stage, &admin, pack(1, &changed), INSTALL).await;
    assert_eq!(status, 422);
    assert!(words(&told).contains("raise the version"), "{told}");
    let (status, told) = send(&stage, &admin, pack(2, &changed), "dry_run=true").await;
    assert_eq!((status, told["problems"][0]["file"].as_str()), (422, Some("registers/well.toml")));
    assert!(words(&told).contains("keeps its type"), "{told}");
    let grown = format!(
        "{REGISTER}[[field]]\nid = 3\nname = \"dug_by\"\ntype = \"text\"\n\
         labels = {{ zh-CN = \"挖井人\", en = \"Dug by\" }}\n"
    );
    let (status, told) = send(&stage, &admin, pack(2, &grown), INSTALL).await;
    assert_eq!((status, &told["changes"][0]["installed"]), (200, &json!(1)), "{told}");
    let (status, told) = send(&stage, &admin, pack(1, REGISTER), INSTALL).await;
    assert_eq!(status, 422, "{told}");
    let trail = admin.call(Method::GET, "/api/v1/audit?action=install_pack", None).await.unwrap();
    assert_eq!(trail[0]["detail"]["version"], 2);
});

story!(a_pack_takes_nothing_from_others_and_rubbish_is_refused, async |stage| {
    let admin = stage.person("admin").await;
    for (name, why) in
        [("household", "program's own"), ("aid_award", "belongs to `aid-notification`")]
    {
        let stolen = REGISTER.replace("name = \"well\"", &format!("name = \"{name}\""));
        let stolen = stolen.replace("VERSION", "99");
        let (status, told) = send(&stage, &admin, pack(1, &stolen), "dry_run=true").await;
        assert_eq!(status, 422);
        assert!(words(&told).contains(why), "{told}");
    }
    // What is wrong inside is told in the reader's language.
    let odd = REGISTER.replace("\"integer\"", "\"count\"\npolicy = \"latest\"");
    for (language, why) in
        [("zh-CN", "计数只能按增减合并"), ("en", "a count is merged by differences")]
    {
        let odd = pack(1, &odd);
        let (status, told) = send_in(language, &stage, &admin, odd, "dry_run=true").await;
        assert_eq!(status, 422);
        assert!(words(&told).contains(why), "{told}");
    }
    let (status, told) = send(&stage, &admin, pack(1, "name = 5"), "dry_run=true").await;
    assert_eq!((status, told["problems"][0]["file"].as_str()), (422, Some("registers/well.toml")));
    let (status, told) = send(&stage, &admin, b"PK rubbish".to_vec(), "dry_run=true").await;
    assert_eq!((status, told["type"].as_str()), (422, Some("urn:ruhu:problem:pack-invalid")));
    let (status, _) = send(&stage, &admin, vec![0; 9 * 1024 * 1024], "dry_run=true").await;
    assert_eq!(status, 413);
    let neighbour = stage.neighbour().await;
    let (status, told) = send(&stage, &neighbour, pack(1, REGISTER), INSTALL).await;
    assert_eq!((status, told["type"].as_str()), (403, Some("urn:ruhu:problem:everywhere")));
});

story!(a_pack_goes_back_and_forward_by_further_versions, async |stage| {
    let mut admin = stage.person("admin").await;
    let files = |name: &str| RULES.replace("NAME", name);
    let (first, second) = (files("one"), files("two"));
    let of = |rules: &str, version| {
        pack_of(version, &[("registers/well.toml", REGISTER), ("rules/wells.toml", rules)])
    };
    assert_eq!(send(&stage, &admin, of(&first, 1), INSTALL).await.0, 200);
    let newest = async |admin: &mut Client| {
        let path = "/api/v1/definitions?kind=rules";
        let all = admin.call(Method::GET, path, None).await.unwrap();
        let set = all.as_array().unwrap().iter().find(|one| one["name"] == "wells").unwrap();
        let hash = set["versions"][0]["hash"].as_str().unwrap().to_owned();
        let bytes = admin.bytes(&format!("/sync/v1/bundles/{hash}")).await.unwrap();
        serde_json::from_slice::<Json>(&bytes).unwrap()
    };
    let says = |rules: &Json| rules["rule"][0]["check"]["expression"].as_str().map(str::to_owned);
    let say = |name: &str| Some(format!("head_name != '{name}'"));

    // It is changed here; the pack's next version takes its place, and says so before.
    let mut own = newest(&mut admin).await;
    own["version"] = json!(2);
    own["rule"][0]["check"]["expression"] = json!("head_name != 'own'");
    let body = json!({ "rules": own, "reason": "先改一下" });
    admin.call(Method::POST, "/api/v1/rules", Some(&body)).await.unwrap();
    let (status, told) = send(&stage, &admin, of(&second, 2), "dry_run=true").await;
    assert_eq!(status, 422, "{told}");
    assert!(words(&told).contains("raise the version"), "{told}");
    let (status, told) = send(&stage, &admin, of(&second, 3), "dry_run=true").await;
    assert_eq!(status, 200, "{told}");
    let changed = told["changes"].as_array().unwrap().iter().find(|one| one["kind"] == "rules");
    assert_eq!(changed.unwrap()["changed_here"], true);
    assert_eq!(send(&stage, &admin, of(&second, 3), INSTALL).await.0, 200);
    assert_eq!(says(&newest(&mut admin).await), say("two"));
    let packs = admin.call(Method::GET, "/api/v1/packs", None).await.unwrap();
    let wells = packs.as_array().unwrap().iter().find(|one| one["name"] == "wells").unwrap();
    assert_eq!((&wells["version"], &wells["earlier"][0]["version"]), (&json!(3), &json!(1)));

    let back = async |admin: &mut Client, body: Json| {
        admin.call(Method::POST, "/api/v1/packs/wells/back", Some(&body)).await
    };
    let looked = back(&mut admin, json!({ "version": 1, "dry_run": true })).await.unwrap();
    let of_kind = |told: &Json, kind: &str| {
        let all = told["definitions"].as_array().unwrap();
        let found = all.iter().find(|one| one["kind"] == kind).unwrap();
        ["now", "then", "becomes"].map(|name| found[name].as_u64())
    };
    assert_eq!(of_kind(&looked, "rules"), [Some(3), Some(2), Some(4)]);
    assert_eq!(of_kind(&looked, "register"), [Some(3), Some(1), None], "records are kept in it");
    assert_eq!(says(&newest(&mut admin).await), say("two"), "it was only told");
    let unsaid = back(&mut admin, json!({ "version": 1 })).await.unwrap_err();
    assert_eq!(unsaid.kind(), "malformed");
    back(&mut admin, json!({ "version": 1, "reason": "新版有误" })).await.unwrap();
    let now = newest(&mut admin).await;
    assert_eq!(
        (says(&now), &now["version"]),
        (say("own"), &json!(4)),
        "with what was changed here"
    );
    // Again changes nothing, and forward is the same way.
    let looked = back(&mut admin, json!({ "version": 1, "dry_run": true })).await.unwrap();
    assert_eq!(of_kind(&looked, "rules"), [Some(4), Some(2), None]);
    back(&mut admin, json!({ "version": 3, "reason": "又可以了" })).await.unwrap();
    assert_eq!(says(&newest(&mut admin).await), say("two"));
    let missing = back(&mut admin, json!({ "version": 2, "reason": "没有这一版" })).await;
    assert_eq!(missing.unwrap_err().kind(), "not-found");
    let trail = admin.call(Method::GET, "/api/v1/audit?action=pack_back", None).await.unwrap();
    assert_eq!(trail.as_array().unwrap().len(), 2);
    let mut neighbour = stage.neighbour().await;
    let refused = back(&mut neighbour, json!({ "version": 1, "reason": "新版有误" })).await;
    assert_eq!(refused.unwrap_err().kind(), "everywhere");
});

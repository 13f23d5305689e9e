//! Forms on the server: uploaded, tried, published area by area, fetched by tablets.

use std::sync::Arc;

use harness::{Stage, story};
use mobile_schema::Hash;
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::probe::{Probe, VILLAGE, county, kind};

/// A form whose choices come from a list, in two versions.
pub(crate) fn markdown(version: &str, question: &str) -> String {
    format!(
        "| survey |
| | type | name | label::中文 (zh) | label::English (en) | required | constraint | constraint_message |
| | text | head | 户主 | Head | yes | | |
| | integer | {question} | 人口 | Persons | | . < 30 | 人数太多 |
| | select_one_from_file wells.csv | well | 水井 | Well | | | |
| settings |
| | form_title | form_id | version |
| | 饮水 | water | {version} |
"
    )
}

pub(crate) const WELLS: &str = "name,label\nw1,东井\nw2,西井\n";

/// Sends a form, and files that go with it; the status and what was answered.
pub(crate) async fn send(
    stage: &Stage,
    client: &Client,
    path: &str,
    form: (&str, &[u8]),
    files: &[(&str, &[u8])],
) -> (u16, Json) {
    let (media_type, body) = tablets::form_parts(form, files);
    let answer = reqwest::Client::new()
        .post(format!("{}{path}", stage.address()))
        .bearer_auth(client.access_token())
        .header("Content-Type", media_type)
        .header("Accept-Language", "en")
        .body(body)
        .send()
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
}

/// Uploads a version with its list, and gives the form's id and the version's hash.
pub(crate) async fn upload(
    stage: &Stage,
    admin: &Client,
    version: &str,
    question: &str,
) -> (String, String) {
    let text = markdown(version, question);
    let files: &[(&str, &[u8])] = &[("wells.csv", WELLS.as_bytes())];
    let (status, told) =
        send(stage, admin, "/api/v1/forms", ("water.md", text.as_bytes()), files).await;
    assert_eq!(status, 201, "{told}");
    let text = |value: &Json| value.as_str().expect("text").to_owned();
    (text(&told["form"]["id"]), text(&told["hash"]))
}

/// Fills a version in so that it may be published.
pub(crate) async fn try_out(admin: &mut Client, form: &str, hash: &str, answers: Json) -> Json {
    let path = format!("/api/v1/forms/{form}/versions/{hash}/trials");
    let body = json!({ "answers": answers });
    admin.call(Method::POST, &path, Some(&body)).await.expect("the trial is answered")
}

pub(crate) async fn release(
    admin: &mut Client,
    form: &str,
    version: Option<&str>,
    area: &str,
) -> Result<Json, tablets::ClientError> {
    let body = json!({ "version": version, "area": area, "reason": "试点" });
    admin.call(Method::POST, &format!("/api/v1/forms/{form}/releases"), Some(&body)).await
}

/// What a tablet is offered: version by name, and where.
async fn offered(stage: &Arc<Stage>, login: &str) -> Vec<(String, String, Vec<String>)> {
    let mut tablet = stage.tablet(login).await;
    let list = tablet.client().call(Method::GET, "/sync/v1/forms", None).await.expect("the list");
    let line = |form: &Json| {
        let text = |name: &str| form[name].as_str().unwrap().to_owned();
        let scopes = serde_json::from_value(form["scopes"].clone()).unwrap();
        (text("name"), text("hash"), scopes)
    };
    list.as_array().unwrap().iter().map(line).collect()
}

story!(a_form_is_uploaded_tried_and_published_village_by_village, async |stage| {
    let mut admin = stage.person("admin").await;
    let (form, one) = upload(&stage, &admin, "1", "persons").await;
    let (same, two) = upload(&stage, &admin, "2", "people").await;
    assert_eq!(form, same, "another version of the same form");

    // Nobody publishes what nobody has filled in.
    let county = county();
    let untried = release(&mut admin, &form, Some(&one), &county).await.unwrap_err();
    assert_eq!(untried.kind(), "form-untried");
    let failed = try_out(&mut admin, &form, &one, json!({ "persons": 99, "well": "w9" })).await;
    assert_eq!(failed["passed"], false);
    let reasons: Vec<_> =
        failed["invalid"].as_array().unwrap().iter().map(|one| one["reason"].clone()).collect();
    assert_eq!(reasons, ["required", "constraint"]);
    assert_eq!(failed["untaken"][0]["reason"], "no such choice");
    let still = release(&mut admin, &form, Some(&one), &county).await.unwrap_err();
    assert_eq!(still.kind(), "form-untried", "it was tried, in vain");
    let sample = json!({ "head": "王", "persons": 4, "well": "w2" });
    let passed = try_out(&mut admin, &form, &one, sample.clone()).await;
    assert_eq!(passed["passed"], true, "{passed}");
    assert_eq!(passed["answers"]["well"], "w2");
    assert!(passed["submission"].as_str().unwrap().contains("<well>w2</well>"));

    // The county has the first version, one village the second.
    release(&mut admin, &form, Some(&one), &county).await.unwrap();
    let sample = json!({ "head": "王", "people": 4, "well": "w1" });
    assert_eq!(try_out(&mut admin, &form, &two, sample).await["passed"], true);
    let village = VILLAGE.trim_start_matches("area:");
    let shown = release(&mut admin, &form, Some(&two), village).await.unwrap();
    assert_eq!(shown["versions"][0]["state"], "published");
    assert_eq!(shown["versions"][1]["state"], "published");
    let lines = offered(&stage, "cadre").await;
    let water: Vec<_> = lines.iter().filter(|(name, ..)| name == "water").collect();
    let of = |hash: &str| water.iter().find(|(_, version, _)| version == hash).unwrap().2.clone();
    assert_eq!(of(&two), [VILLAGE]);
    assert_eq!(of(&one).len(), 1, "the cadre's other village");
    assert!(lines.iter().any(|(name, ..)| name == "household_visit"), "the pack's is there, too");

    // What is decided for the county afterwards holds in the village as well.
    let back = release(&mut admin, &form, Some(&one), &county).await.unwrap();
    assert_eq!(back["versions"][0]["state"], "retired");
    assert_eq!(back["releases"][1]["stands"], false);
    let lines = offered(&stage, "cadre").await;
    assert!(!lines.iter().any(|(_, version, _)| *version == two));
    release(&mut admin, &form, None, &county).await.unwrap();
    let lines = offered(&stage, "cadre").await;
    assert!(!lines.iter().any(|(name, ..)| name == "water"), "it is retired everywhere");
});

story!(a_tablet_fetches_a_version_whole_and_runs_it, async |stage| {
    let mut admin = stage.person("admin").await;
    let (form, hash) = upload(&stage, &admin, "1", "persons").await;
    let sample = json!({ "head": "王" });
    try_out(&mut admin, &form, &hash, sample).await;
    let mut tablet = stage.tablet("cadre").await;
    let bundle = format!("/sync/v1/bundles/{hash}");
    let early = tablet.client().call(Method::GET, &bundle, None).await.unwrap_err();
    assert_eq!(early.kind(), "not-found", "a draft is the admins'");
    release(&mut admin, &form, Some(&hash), &county()).await.unwrap();
    let fetched = tablet.client().call(Method::GET, &bundle, None).await.unwrap();
    let bundle: mobile_schema::form::FormBundle = serde_json::from_value(fetched).unwrap();
    assert_eq!(Hash::of(&bundle.bytes()).to_string(), hash, "its name is its hash");
    let opened = bundle.open().expect("the form runs");
    let (id, file) = bundle.lists(&opened).next().expect("its list");
    let path = format!("{}/sync/v1/forms/{hash}/files/{}", stage.address(), file.name);
    let token = tablet.client().access_token().to_owned();
    let fetch = async |token: &str, tag: Option<&str>| {
        let mut request = reqwest::Client::new().get(&path).bearer_auth(token);
        if let Some(tag) = tag {
            request = request.header("If-None-Match", tag);
        }
        request.send().await.unwrap()
    };
    let answer = fetch(&token, None).await;
    let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(Hash::of(&bytes), file.hash);
    assert_eq!(fetch(&token, Some(&tag)).await.status(), 304);
    let lists = mobile_schema::form::read_lists([(id, file.name.as_str(), &bytes[..])]);
    assert_eq!(lists[id].elements().count(), 2);
    // Those of another county learn nothing of it.
    let neighbour = stage.neighbour().await;
    assert_eq!(fetch(neighbour.access_token(), None).await.status(), 404);
});

story!(a_form_with_mistakes_is_refused_with_all_of_them, async |stage| {
    let admin = stage.person("admin").await;
    let wrong = "| survey |
| | type | name | label |
| | txet | a | A |
| | text | b | B ${nobody} |
";
    for path in ["/api/v1/forms", "/api/v1/forms/check"] {
        let (status, told) = send(&stage, &admin, path, ("wrong.md", wrong.as_bytes()), &[]).await;
        assert_eq!((status, told["type"].as_str()), (422, Some("urn:ruhu:problem:form-invalid")));
        let problems = told["problems"].as_array().unwrap();
        assert_eq!(problems.len(), 2, "{told}");
        assert_eq!((&problems[0]["sheet"], &problems[0]["row"]), (&json!("survey"), &json!(2)));
        assert!(problems[0]["message"].as_str().unwrap().contains("Did you mean “text”?"));
    }
    let broken: &[(&str, &[u8])] = &[
        ("rubbish.xlsx", b"PK\x03\x04rubbish"),
        ("rubbish.xml", b"<h:html"),
        ("empty.md", b""),
        ("entities.xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
    ];
    for (name, bytes) in broken {
        let (status, told) = send(&stage, &admin, "/api/v1/forms", (name, bytes), &[]).await;
        assert_eq!(status, 422, "{name}: {told}");
        assert!(!told["problems"].as_array().unwrap().is_empty());
    }
    let deep: String = (0..20)
        .map(|at| format!("| | begin group | g{at} | G |\n"))
        .chain(["| | text | q | Q |\n".to_owned()])
        .chain((0..20).map(|_| "| | end group | | |\n".to_owned()))
        .collect();
    let deep = format!("| survey |\n| | type | name | label |\n{deep}");
    let (status, _) =
        send(&stage, &admin, "/api/v1/forms", ("deep.md", deep.as_bytes()), &[]).await;
    assert_eq!(status, 422, "a visit could not hold its answers");

    let good = markdown("1", "persons");
    let good = ("water.md", good.as_bytes());
    let not_text: &[u8] = b"name,label\n\xff\xfe";
    let (status, told) =
        send(&stage, &admin, "/api/v1/forms", good, &[("wells.csv", not_text)]).await;
    assert_eq!((status, &told["problems"][0]["sheet"]), (422, &json!("wells.csv")));
    // What can be read, and nobody could fill in right: a part that tablets don't carry out, a
    // list without the column of its choices. The check reads the files as well.
    let silent = "| survey |
| | type | name | label |
| | audit | | |
| | text | b | B |
";
    for path in ["/api/v1/forms", "/api/v1/forms/check"] {
        let silent = ("silent.md", silent.as_bytes());
        let (status, told) = send(&stage, &admin, path, silent, &[]).await;
        assert_eq!(status, 422, "{told}");
        let problem = &told["problems"][0];
        assert_eq!((&problem["severity"], &problem["row"]), (&json!("error"), &json!(2)));
        assert!(problem["message"].as_str().unwrap().contains("“audit” isn't supported"));
        let files: &[(&str, &[u8])] = &[("wells.csv", "code,label\nw1,东井\n".as_bytes())];
        let (status, told) = send(&stage, &admin, path, good, files).await;
        let message = told["problems"][0]["message"].as_str().unwrap_or_default();
        assert!(status == 422 && message.contains("no column “name”"), "{told}");
    }
    // Semicolons are read as what they stand for.
    let files: &[(&str, &[u8])] = &[("wells.csv", "name;label\nw1;东井\n".as_bytes())];
    let (status, told) = send(&stage, &admin, "/api/v1/forms/check", good, files).await;
    let problems = told["problems"].as_array().unwrap();
    let is_about_words = |one: &Json| one["message"].as_str().unwrap().contains(" lacks: ");
    assert!(status == 200 && problems.iter().all(is_about_words), "{told}");

    let (status, told) = send(&stage, &admin, "/api/v1/forms?area=529999999999", good, &[]).await;
    assert_eq!((status, told["status"].as_u64()), (404, Some(404)));
    let client = reqwest::Client::new().post(format!("{}/api/v1/forms", stage.address()));
    let no_parts = client.bearer_auth(admin.access_token()).body("{}").send().await.unwrap();
    assert_eq!(no_parts.status(), 415);
    // Nothing of all this is there.
    let mut admin = admin;
    let list = admin.call(Method::GET, "/api/v1/forms", None).await.unwrap();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["household_visit"]);
});

story!(versions_never_change_and_files_stay_with_the_form, async |stage| {
    let mut admin = stage.person("admin").await;
    let text = markdown("1", "persons");
    let form = ("water.md", text.as_bytes());
    let (status, bare) = send(&stage, &admin, "/api/v1/forms", form, &[]).await;
    assert_eq!((status, &bare["missing_files"]), (201, &json!(["wells.csv"])));
    let id = bare["form"]["id"].as_str().unwrap().to_owned();
    let hash = bare["hash"].as_str().unwrap().to_owned();
    let tried = try_out(&mut admin, &id, &hash, json!({ "head": "王" })).await;
    assert_eq!(tried["missing_files"], json!(["wells"]));
    let lacking = release(&mut admin, &id, Some(&hash), &county()).await.unwrap_err();
    assert_eq!(lacking.kind(), "form-incomplete");

    let files: &[(&str, &[u8])] =
        &[("wells.csv", WELLS.as_bytes()), ("other.png", b"not asked for")];
    let (_, whole) = send(&stage, &admin, "/api/v1/forms", form, files).await;
    assert_eq!(whole["unused_files"], json!(["other.png"]));
    assert_eq!(whole["missing_files"], json!([]));
    assert_ne!(whole["hash"], bare["hash"], "another file, another version");
    let (status, again) = send(&stage, &admin, "/api/v1/forms", form, files).await;
    assert_eq!((status, &again["hash"]), (200, &whole["hash"]), "the same once more is the same");
    // The next version has the list without its being sent again.
    let text = markdown("2", "people");
    let (_, next) = send(&stage, &admin, "/api/v1/forms", ("water.md", text.as_bytes()), &[]).await;
    assert_eq!(next["missing_files"], json!([]));
    let (from, to) = (whole["hash"].as_str().unwrap(), next["hash"].as_str().unwrap());
    let path = format!("/api/v1/forms/{id}/diff?from={from}&to={to}");
    let told = admin.call(Method::GET, &path, None).await.unwrap();
    let kinds: Vec<_> =
        told["changes"].as_array().unwrap().iter().map(|one| one["change"].clone()).collect();
    assert!(kinds.contains(&json!("removed")) && kinds.contains(&json!("added")), "{told}");
    let detail = format!("/api/v1/forms/{id}/versions/{to}");
    let shown = admin.call(Method::GET, &detail, None).await.unwrap();
    assert_eq!(shown["files"][0]["name"], "wells.csv");
    assert_eq!(shown["summary"]["questions"]["integer"], 1);
    assert_eq!(shown["trial_passed"], Json::Null);
    let get = async |what: &str| {
        let request = reqwest::Client::new().get(format!("{}{detail}/{what}", stage.address()));
        request.bearer_auth(admin.access_token()).send().await.unwrap().text().await.unwrap()
    };
    assert_eq!(get("source").await, text, "what was uploaded comes back as it was");
    assert!(get("xform").await.contains("jr://file-csv/wells.csv"));
});

story!(a_new_version_says_what_becomes_of_stored_visits_and_changes_none, async |stage| {
    let mut admin = stage.person("admin").await;
    let (form, one) = upload(&stage, &admin, "1", "persons").await;
    let (_, two) = upload(&stage, &admin, "2", "people").await;
    let mut probe = Probe::new(&stage, "cadre").await;
    let ids = [(); 3].map(|()| RecordId(Uuid::now_v7()));
    let visits = [
        json!({ "head": "甲（虚构）", "persons": 4 }),
        json!({ "head": "乙（虚构）" }),
        json!({ "head": "丙（虚构）", "persons": 2 }),
    ];
    let ops: Vec<Json> = ids
        .iter()
        .zip(&visits)
        .map(|(id, answers)| {
            let household = probe.household(0).id;
            let fields = json!({ "1": household, "2": one, "3": answers, "9": "submitted" });
            probe.op("visit", *id, None, json!({ "kind": "create", "fields": fields }))
        })
        .collect();
    let outcomes = probe.push(&ops).await;
    assert!(outcomes.iter().all(|outcome| kind(outcome) == "applied"), "{outcomes:?}");
    // The last one is passed: it can't be changed any more.
    let seen = probe.read(&stage, ids[2]).await["version"].clone();
    let approved = json!({ "version": seen, "verdict": "approved", "reason": "看过" });
    let path = format!("/api/v1/visits/{}/decisions", ids[2]);
    admin.call(Method::POST, &path, Some(&approved)).await.unwrap();

    let path = format!("/api/v1/forms/{form}/diff?from={one}&to={two}");
    let told = admin.call(Method::GET, &path, None).await.unwrap();
    assert_eq!(told["touched"], json!({ "visits": 3, "open": 2, "tried": 2, "broken": 1 }));
    let back = format!("/api/v1/forms/{form}/diff?from={two}&to={one}");
    let told = admin.call(Method::GET, &back, None).await.unwrap();
    assert_eq!(told["touched"], json!({ "visits": 0, "open": 0, "tried": 0, "broken": 0 }));

    let path =
        |visit: RecordId| format!("/api/v1/forms/{form}/versions/{two}/visits/{visit}?reason=核对");
    let carried = admin.call(Method::GET, &path(ids[0]), None).await.unwrap();
    assert_eq!((&carried["from"], &carried["kept"]), (&json!(one), &json!(1)));
    assert_eq!(carried["answers"]["head"], "甲（虚构）");
    let aside = &carried["set_aside"][0];
    assert_eq!((&aside["path"], &aside["value"]), (&json!("/data/persons"), &json!("4")));
    let stored = probe.read(&stage, ids[0]).await;
    assert_eq!((&stored["fields"]["2"], &stored["fields"]["3"]), (&json!(one), &visits[0]));
    // Neither a household nor somebody else's visit is looked at.
    let household = probe.household(0).id;
    let refused = admin.call(Method::GET, &path(household), None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    let mut neighbour = stage.neighbour().await;
    let refused = neighbour.call(Method::GET, &path(ids[0]), None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
});

story!(another_county_neither_sees_nor_touches_a_form, async |stage| {
    let mut admin = stage.person("admin").await;
    let (form, hash) = upload(&stage, &admin, "1", "persons").await;
    try_out(&mut admin, &form, &hash, json!({ "head": "王" })).await;
    let mut neighbour = stage.neighbour().await;
    let list = neighbour.call(Method::GET, "/api/v1/forms", None).await.unwrap();
    let names: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["household_visit"], "what came with a pack is everybody's");
    let bundles = neighbour.call(Method::GET, "/api/v1/bundles", None).await.unwrap();
    let bundles = bundles.as_array().unwrap();
    assert!(!bundles.is_empty() && bundles.iter().all(|one| one["name"] != "water"), "{bundles:?}");
    for path in [
        format!("/api/v1/forms/{form}"),
        format!("/api/v1/forms/{form}/versions/{hash}"),
        format!("/api/v1/forms/{form}/versions/{hash}/xform"),
        format!("/api/v1/forms/{form}/diff?from={hash}&to={hash}"),
        format!("/sync/v1/bundles/{hash}"),
    ] {
        let refused = neighbour.call(Method::GET, &path, None).await.unwrap_err();
        assert_eq!(refused.kind(), "not-found", "{path}");
    }
    let refused = release(&mut neighbour, &form, Some(&hash), "539902000000").await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    // Nor does this county decide for the other.
    let refused = release(&mut admin, &form, Some(&hash), "539902000000").await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    // A form of the same name is another form there.
    let (theirs, _) = upload(&stage, &neighbour, "1", "persons").await;
    assert_ne!(theirs, form);
    let shown = neighbour.call(Method::GET, &format!("/api/v1/forms/{theirs}"), None).await;
    assert_eq!(shown.unwrap()["versions"].as_array().unwrap().len(), 1);
});

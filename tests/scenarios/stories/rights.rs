//! Who may do what: every route, every role, in and out of scope.

use std::collections::BTreeMap;
use std::sync::Arc;

use harness::{Stage, story};
use reqwest::Method;
use serde_json::{Value as Json, json};
use sync_protocol::RecordId;
use tablets::Client;
use uuid::Uuid;

use crate::probe::{Probe, kind};

/// Who may call a route. The order is: nobody signed in, cadre, supervisor, admin, auditor, and
/// a cadre's tablet.
const NOBODY: [bool; 6] = [true; 6];
const ANYONE: [bool; 6] = [false, true, true, true, true, true];
const IN_A_BROWSER: [bool; 6] = [false, true, true, true, true, false];
const READERS: [bool; 6] = [false, false, true, true, true, false];
const REVIEWERS: [bool; 6] = [false, false, true, true, false, false];
const ADMINS: [bool; 6] = [false, false, false, true, false, false];
const AUDITORS: [bool; 6] = [false, false, false, true, true, false];
const VIEWERS: [bool; 6] = [false, true, true, true, false, true];
const TABLETS: [bool; 6] = [false, false, false, false, false, true];

/// Every route there is. A route that is not here fails the test.
const ROUTES: &[(&str, &str, [bool; 6])] = &[
    ("get", "/healthz", NOBODY),
    ("get", "/readyz", NOBODY),
    ("get", "/.well-known/jwks.json", NOBODY),
    ("post", "/api/v1/session", NOBODY),
    ("post", "/api/v1/session/refresh", NOBODY),
    ("post", "/api/v1/devices/enrol", NOBODY),
    ("get", "/api/v1/me", ANYONE),
    ("get", "/api/v1/areas", ANYONE),
    ("get", "/api/v1/bundles", ANYONE),
    ("get", "/api/v1/packs", READERS),
    ("post", "/api/v1/packs", ADMINS),
    ("post", "/api/v1/packs/{name}/back", ADMINS),
    ("get", "/api/v1/definitions", READERS),
    ("post", "/api/v1/rules", ADMINS),
    ("post", "/api/v1/rules/trial", ADMINS),
    ("get", "/sync/v1/bundles/{hash}", ANYONE),
    ("get", "/api/v1/records", READERS),
    ("get", "/api/v1/records/{id}", READERS),
    ("get", "/api/v1/records.csv", READERS),
    ("get", "/api/v1/records.xlsx", READERS),
    ("get", "/api/v1/forms/{id}/answers.zip", REVIEWERS),
    ("get", "/api/v1/forms/{id}/answers.xlsx", REVIEWERS),
    ("get", "/api/v1/records/{id}/history", READERS),
    ("post", "/api/v1/records/search", REVIEWERS),
    ("post", "/api/v1/records/import", ADMINS),
    ("get", "/api/v1/registers/importable", ADMINS),
    ("get", "/api/v1/quarantine", REVIEWERS),
    ("post", "/api/v1/quarantine/{incarnation}/{seq}/settle", REVIEWERS),
    ("get", "/api/v1/conflicts", READERS),
    ("get", "/api/v1/conflicts/{id}", READERS),
    ("post", "/api/v1/conflicts/{id}/settle", REVIEWERS),
    ("get", "/api/v1/live", READERS),
    ("get", "/sync/v1/live", TABLETS),
    ("get", "/api/v1/forms", READERS),
    ("post", "/api/v1/forms", ADMINS),
    ("post", "/api/v1/forms/check", ADMINS),
    ("get", "/api/v1/forms/{id}", READERS),
    ("get", "/api/v1/forms/{id}/diff", READERS),
    ("post", "/api/v1/forms/{id}/releases", ADMINS),
    ("get", "/api/v1/forms/{id}/versions/{hash}", READERS),
    ("get", "/api/v1/forms/{id}/versions/{hash}/source", READERS),
    ("get", "/api/v1/forms/{id}/versions/{hash}/translations", READERS),
    ("get", "/api/v1/forms/{id}/versions/{hash}/visits/{visit}", READERS),
    ("get", "/api/v1/forms/{id}/versions/{hash}/xform", READERS),
    ("post", "/api/v1/forms/{id}/versions/{hash}/trials", ADMINS),
    ("get", "/sync/v1/forms", TABLETS),
    ("get", "/sync/v1/conflicts/{id}", TABLETS),
    ("get", "/sync/v1/forms/{hash}/files/{name}", ANYONE),
    ("get", "/api/v1/devices/{id}/log", REVIEWERS),
    ("get", "/api/v1/devices", ADMINS),
    ("post", "/api/v1/enrolment-codes", ADMINS),
    ("post", "/api/v1/devices/hand-in", ADMINS),
    ("post", "/api/v1/devices/{id}/block", ADMINS),
    ("post", "/api/v1/devices/{id}/wipe", ADMINS),
    ("post", "/api/v1/devices/{id}/release", ADMINS),
    ("get", "/api/v1/media/{hash}", VIEWERS),
    ("get", "/api/v1/media/{hash}/thumbnails/{size}", ANYONE),
    ("get", "/api/v1/jobs/dead", ADMINS),
    ("post", "/api/v1/findings/{id}/answers", REVIEWERS),
    ("post", "/api/v1/visits/{id}/decisions", REVIEWERS),
    ("get", "/api/v1/tasks", READERS),
    ("get", "/api/v1/tasks/counts", READERS),
    ("post", "/api/v1/tasks", REVIEWERS),
    ("put", "/api/v1/tasks/{id}", REVIEWERS),
    ("get", "/api/v1/visits", READERS),
    ("get", "/api/v1/visits/counts", READERS),
    ("get", "/api/v1/visits/{id}", READERS),
    ("post", "/api/v1/review/claims", REVIEWERS),
    ("delete", "/api/v1/review/claims", REVIEWERS),
    ("put", "/api/v1/review/claims/{visit}", REVIEWERS),
    ("post", "/api/v1/review/claims/{visit}/look", REVIEWERS),
    ("get", "/api/v1/review/waiting", REVIEWERS),
    ("get", "/api/v1/review/policy", REVIEWERS),
    ("put", "/api/v1/review/policy", ADMINS),
    ("post", "/api/v1/samples", REVIEWERS),
    ("get", "/api/v1/samples", READERS),
    ("get", "/api/v1/samples/{id}", REVIEWERS),
    ("post", "/api/v1/samples/{id}/items/{place}/outcomes", REVIEWERS),
    ("post", "/api/v1/rosters", ADMINS),
    ("post", "/api/v1/rosters/compare", ADMINS),
    ("get", "/api/v1/rosters", REVIEWERS),
    ("get", "/api/v1/rosters/{id}", REVIEWERS),
    ("get", "/api/v1/rosters/{id}/differences", REVIEWERS),
    ("get", "/api/v1/rosters/{id}/reply.csv", REVIEWERS),
    ("get", "/api/v1/ledgers", READERS),
    ("get", "/api/v1/ledgers/{name}", READERS),
    ("get", "/api/v1/ledgers/{name}/sheet.xlsx", READERS),
    ("get", "/api/v1/ledgers/{name}/sheet.csv", READERS),
    ("get", "/api/v1/overview", READERS),
    ("get", "/api/v1/findings", REVIEWERS),
    ("get", "/api/v1/overview/unvisited", REVIEWERS),
    ("get", "/api/v1/me/views", IN_A_BROWSER),
    ("put", "/api/v1/me/views", IN_A_BROWSER),
    ("delete", "/api/v1/me/views/{id}", IN_A_BROWSER),
    ("get", "/api/v1/audit", AUDITORS),
    ("get", "/api/v1/audit.csv", AUDITORS),
    ("get", "/api/v1/audit/check", AUDITORS),
    ("get", "/api/v1/people", ADMINS),
    ("post", "/api/v1/people", ADMINS),
    ("post", "/api/v1/people/{id}/grants", ADMINS),
    ("delete", "/api/v1/people/{id}/grants/{grant}", ADMINS),
    ("post", "/api/v1/people/{id}/disable", ADMINS),
    ("post", "/api/v1/people/{id}/enable", ADMINS),
    ("post", "/api/v1/people/{id}/password", ADMINS),
    ("post", "/api/v1/areas/import", ADMINS),
    ("post", "/api/v1/areas/{code}/close", ADMINS),
    ("post", "/api/v1/me/password", IN_A_BROWSER),
    ("get", "/api/v1/me/sessions", ANYONE),
    ("delete", "/api/v1/me/sessions/{id}", IN_A_BROWSER),
    ("post", "/api/v1/session/confirmation", IN_A_BROWSER),
    ("get", "/api/v1/me/second-factor", IN_A_BROWSER),
    ("post", "/api/v1/me/second-factor", IN_A_BROWSER),
    ("delete", "/api/v1/me/second-factor", IN_A_BROWSER),
    ("post", "/api/v1/me/second-factor/confirmation", IN_A_BROWSER),
    ("get", "/verify", NOBODY),
    ("get", "/.well-known/ruhu-notice-keys.json", NOBODY),
    ("get", "/.well-known/ruhu-notice-log.json", NOBODY),
    ("get", "/.well-known/ruhu-notice-log/consistency", NOBODY),
    ("get", "/api/v1/notices", READERS),
    ("get", "/api/v1/notices/{id}", VIEWERS),
    ("get", "/api/v1/notices/{id}/receipt", VIEWERS),
    ("get", "/api/v1/notices/{id}/sheet.pdf", VIEWERS),
    ("get", "/api/v1/notices/templates/{hash}/sample.pdf", ANYONE),
    ("post", "/api/v1/notices/templates/sample.pdf", ADMINS),
    ("post", "/api/v1/notices/templates", ADMINS),
    ("post", "/api/v1/notices/prints", REVIEWERS),
    ("get", "/api/v1/notices/prints/{id}", REVIEWERS),
    ("get", "/api/v1/notices/prints/{id}/{part}.pdf", REVIEWERS),
    ("get", "/api/v1/deliveries", READERS),
    ("get", "/api/v1/deliveries/undelivered", REVIEWERS),
    ("get", "/api/v1/households/{id}/holding", ADMINS),
    ("post", "/api/v1/households/{id}/erasure", ADMINS),
    ("get", "/api/v1/accesses", AUDITORS),
    ("get", "/api/v1/accesses.csv", AUDITORS),
    ("get", "/api/v1/erasures", AUDITORS),
    ("get", "/api/v1/retention", AUDITORS),
    ("get", "/api/v1/retention/dry-run", ADMINS),
    ("get", "/api/v1/retention/pause", AUDITORS),
    ("put", "/api/v1/retention/{collection}", ADMINS),
    ("post", "/api/v1/devices/{id}/revocations", ADMINS),
    ("post", "/api/v1/jobs/{id}/requeue", ADMINS),
    ("post", "/sync/v1/sync", TABLETS),
    ("get", "/sync/v1/standing", TABLETS),
    ("post", "/sync/v1/blobs/missing", TABLETS),
    ("options", "/sync/v1/uploads", TABLETS),
    ("post", "/sync/v1/uploads", TABLETS),
    ("head", "/sync/v1/uploads/{id}", TABLETS),
    ("patch", "/sync/v1/uploads/{id}", TABLETS),
    ("delete", "/sync/v1/uploads/{id}", TABLETS),
    // Last, since it ends the sessions of those who walk through the table.
    ("delete", "/api/v1/session", ANYONE),
];

#[test]
fn every_route_is_in_the_table() {
    let api = serde_json::to_value(ruhu::app::openapi()).unwrap();
    let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (method, path, _) in ROUTES {
        *known.entry(((*method).to_owned(), (*path).to_owned())).or_default() += 1;
    }
    for (path, methods) in api["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let rights = known.remove(&(method.clone(), path.clone()));
            assert_eq!(rights, Some(1), "{method} {path}: say who may call it");
        }
    }
    assert!(known.is_empty(), "routes that are gone: {known:?}");
}

story!(each_role_may_do_its_own_and_nothing_else, async |stage| {
    let nothing = "0".repeat(64);
    let mut people = callers(&stage).await;
    for (method, path, rights) in ROUTES {
        let nobody = uuid::Uuid::nil().to_string();
        let path =
            path.replace("{id}", &nobody).replace("{visit}", &nobody).replace("{hash}", &nothing);
        let path =
            path.replace("{incarnation}", &nobody).replace("{seq}", "1").replace("{name}", "x.csv");
        let path = path.replace("{grant}", &nobody).replace("{place}", "0");
        let path = path.replace("{part}", "0").replace("{collection}", "visit");
        let who = ["nobody", "cadre", "supervisor", "admin", "auditor", "tablet"];
        for ((client, allowed), who) in people.iter_mut().zip(rights).zip(who) {
            let status = call(&stage, client, method, &path).await;
            let denied = matches!(status, 401 | 403);
            let refused_for_content =
                path.starts_with("/api/v1/session") || path.ends_with("/enrol");
            if !(refused_for_content && *rights == NOBODY) {
                assert_eq!(denied, !allowed, "{method} {path} as {who}: {status}");
            }
        }
    }
});

/// One caller of each kind: nobody, four people, a tablet.
async fn callers(stage: &Arc<Stage>) -> Vec<Client> {
    let mut callers = vec![Client::new(stage.address())];
    for login in ["cadre", "supervisor", "admin", "auditor"] {
        callers.push(stage.person(login).await);
    }
    let mut tablet = stage.tablet("cadre").await;
    callers.push(Client::with_access_token(stage.address(), tablet.client().access_token()));
    callers
}

async fn call(stage: &Stage, client: &Client, method: &str, path: &str) -> u16 {
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let mut request = reqwest::Client::new().request(method, format!("{}{path}", stage.address()));
    if !client.access_token().is_empty() {
        request = request.bearer_auth(client.access_token());
    }
    request.send().await.unwrap().status().as_u16()
}

story!(an_admin_of_another_county_sees_and_does_nothing_here, async |stage| {
    let probe = Probe::new(&stage, "cadre").await;
    let device = probe.tablet.machine().identity().device;
    let household = probe.household(0).id;
    let cadre = probe.tablet.machine().identity().author;
    let mut neighbour = stage.neighbour().await;
    let empty = async |neighbour: &mut Client, path: &str| {
        let page = neighbour.call(Method::GET, path, None).await.unwrap();
        let items = page.get("items").unwrap_or(&page).as_array().unwrap().len();
        assert_eq!(items, 0, "{path}");
    };
    empty(&mut neighbour, "/api/v1/records?collection=household").await;
    empty(&mut neighbour, "/api/v1/devices").await;
    empty(&mut neighbour, "/api/v1/visits").await;
    empty(&mut neighbour, "/api/v1/quarantine").await;
    let areas = neighbour.call(Method::GET, "/api/v1/areas", None).await.unwrap();
    assert_eq!(areas.as_array().unwrap().len(), 1);
    for (method, path) in [
        (Method::GET, format!("/api/v1/records/{household}")),
        (Method::GET, format!("/api/v1/records/{household}/history")),
        (Method::POST, format!("/api/v1/devices/{device}/block")),
        (Method::POST, format!("/api/v1/devices/{device}/wipe")),
        (Method::POST, format!("/api/v1/devices/{device}/release")),
        (Method::GET, format!("/api/v1/visits/{household}")),
        (Method::POST, format!("/api/v1/people/{cadre}/disable")),
        (Method::POST, format!("/api/v1/people/{cadre}/password")),
    ] {
        let refused = neighbour.call(method, &path, None).await.unwrap_err();
        assert_eq!(refused.kind(), "not-found", "{path}");
    }
    let body = serde_json::json!({ "login": "cadre" });
    let code = neighbour.call(Method::POST, "/api/v1/enrolment-codes", Some(&body)).await;
    assert_eq!(code.unwrap_err().kind(), "not-found");
});

story!(a_supervisor_sees_their_own_township_only, async |stage| {
    let mut supervisor = stage.person("supervisor").await;
    let page = supervisor.call(Method::GET, "/api/v1/records?collection=household&limit=500", None);
    let page = page.await.unwrap();
    let scopes: std::collections::BTreeSet<&str> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|item| item["scope"].as_str())
        .collect();
    assert_eq!(scopes.len(), 3);
    assert!(scopes.iter().all(|scope| scope.starts_with("area:529901100")), "{scopes:?}");
    let mut admin = stage.person("admin").await;
    let all = admin.call(Method::GET, "/api/v1/records?collection=household&limit=500", None).await;
    let far = |item: &&Json| item["scope"].as_str().is_some_and(|scope| !scopes.contains(scope));
    let all = all.unwrap();
    let far = all["items"].as_array().unwrap().iter().find(far).unwrap()["id"].clone();
    let path = format!("/api/v1/records/{}", far.as_str().unwrap());
    let refused = supervisor.call(Method::GET, &path, None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
});

story!(what_a_tablet_says_of_a_household_elsewhere_tells_nobody_who_it_is, async |stage| {
    let mut probe = Probe::new(&stage, "cadre").await;
    let mut admin = stage.person("admin").await;
    let path = "/api/v1/records?collection=household&area=529901101201&limit=1";
    let far = admin.call(Method::GET, path, None).await.unwrap()["items"][0].clone();
    let title = far["title"].as_str().unwrap();
    let about = RecordId(far["id"].as_str().unwrap().parse().unwrap());
    // Whatever a tablet writes, a visit and an alert of its village may name any household.
    let (visit, alert) = (RecordId(Uuid::now_v7()), RecordId(Uuid::now_v7()));
    let of_visit = json!({ "1": about, "9": "submitted" });
    let of_alert =
        json!({ "1": about, "2": "i", "4": "self_report", "5": "reported", "6": "情况" });
    let (award, of_award) = (RecordId(Uuid::now_v7()), json!({ "1": about, "3": "助学金" }));
    let made =
        [("visit", visit, of_visit), ("alert", alert, of_alert), ("aid_award", award, of_award)];
    for (collection, id, fields) in made {
        let made = probe.op(collection, id, None, json!({ "kind": "create", "fields": fields }));
        assert_eq!(kind(&probe.push(&[made]).await[0]), "applied");
    }
    probe.doubt(&stage, about, "photo/reused").await;
    let today = stage.app().now().in_china()[..10].to_owned();
    let ledger = format!("/api/v1/ledgers/alert_half_month?from={today}&until={today}");
    let sample = json!({
        "area": "529901100000", "collection": "visit", "per_group": 100, "reason": "电话核实",
    });
    let about = json!(about);
    // Who answers for both sees it; who answers for one township sees that there is something.
    for (login, is_theirs) in [("admin", true), ("supervisor", false)] {
        let mut person = stage.person(login).await;
        let found = person.call(Method::GET, "/api/v1/findings?limit=500", None).await.unwrap();
        let mut found = found["items"].as_array().unwrap().iter();
        let found = found.find(|one| one["subject"] == about).expect("the finding");
        assert_eq!(found["title"] == json!(title), is_theirs, "{login}: {found}");
        assert_eq!(found["household_title"] == json!(title), is_theirs, "{login}: {found}");
        let drawn = person.call(Method::POST, "/api/v1/samples", Some(&sample)).await.unwrap();
        let path = format!("/api/v1/samples/{}", drawn["sample"]["id"].as_str().unwrap());
        let again = person.call(Method::GET, &path, None).await.unwrap();
        for file in [drawn, again] {
            let mut items = file["items"].as_array().unwrap().iter();
            let item = items.find(|one| one["record"] == json!(visit)).expect("it is drawn");
            assert_eq!(item["household"].is_string(), is_theirs, "{login}: {item}");
            assert_eq!(item["household_id"].is_string(), is_theirs, "{login}: {item}");
            assert_eq!(item["phone"].is_string(), is_theirs, "{login}: {item}");
        }
        let told = person.call(Method::GET, &ledger, None).await.unwrap();
        let mut missing = told["exceptions"].as_array().unwrap().iter();
        let missing = missing.find(|one| one["record"] == json!(alert)).expect("it is missing");
        assert_eq!(missing["title"] == json!(title), is_theirs, "{login}: {missing}");
        let path = "/api/v1/deliveries/undelivered?template=student_aid&limit=500";
        let told = person.call(Method::GET, path, None).await.unwrap();
        let mut untold = told["items"].as_array().unwrap().iter();
        let untold = untold.find(|one| one["record"] == json!(award)).expect("it is not told");
        assert_eq!(untold["household_title"] == json!(title), is_theirs, "{login}: {untold}");
    }
});

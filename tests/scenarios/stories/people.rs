//! People are added, granted roles and taken them from; they sign in with a code where they want.

use std::process::Command;

use harness::{ruhu_binary, story};
use reqwest::Method;
use serde_json::{Value as Json, json};
use tablets::Client;
use totp_rs::{Builder, Secret};

const VILLAGE: &str = "529901100201";

async fn sign_in(address: &str, body: &Json) -> Result<Json, String> {
    let mut client = Client::new(address);
    let answer = client.call(Method::POST, "/api/v1/session", Some(body)).await;
    answer.map_err(|error| error.kind().to_owned())
}

async fn add(admin: &mut Client, login: &str, grant: Json) -> Result<Json, String> {
    let body = json!({ "login": login, "display_name": "新来的（虚构）", "grant": grant });
    let added = admin.call(Method::POST, "/api/v1/people", Some(&body)).await;
    added.map_err(|error| error.kind().to_owned())
}

async fn person(admin: &mut Client, id: &str) -> Json {
    let page = admin.call(Method::GET, "/api/v1/people?limit=500", None).await.unwrap();
    page["items"].as_array().unwrap().iter().find(|one| one["id"] == id).unwrap().clone()
}

story!(a_person_is_added_granted_more_and_let_go, async |stage| {
    let mut admin = stage.person("admin").await;
    let cadre = json!({ "role": "cadre", "area": VILLAGE });
    let issued = add(&mut admin, "xin", cadre.clone()).await.unwrap();
    let id = issued["id"].as_str().unwrap();
    let login = json!({ "login": "xin", "password": issued["password"] });
    sign_in(stage.address(), &login).await.unwrap();
    assert_eq!(add(&mut admin, "xin", cadre.clone()).await.unwrap_err(), "login-taken");
    assert_eq!(add(&mut admin, "Xin!", cadre).await.unwrap_err(), "malformed");
    let far = json!({ "role": "admin", "area": "110000000000" });
    assert_eq!(add(&mut admin, "far", far.clone()).await.unwrap_err(), "not-found");

    let more = json!({ "role": "supervisor", "area": "529901100000", "from": "2020-01-01", "until": "2020-02-01" });
    let path = format!("/api/v1/people/{id}/grants");
    admin.call(Method::POST, &path, Some(&more)).await.unwrap();
    let refused = admin.call(Method::POST, &path, Some(&far)).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    let seen = person(&mut admin, id).await;
    assert_eq!(seen["grants"].as_array().unwrap().len(), 2);
    assert_eq!(seen["manageable"], true);
    let mut client = Client::new(stage.address());
    let password = issued["password"].as_str().unwrap();
    client.sign_in("xin", password).await.unwrap();
    let me = client.call(Method::GET, "/api/v1/me", None).await.unwrap();
    assert_eq!(me["password_change_needed"], true, "an admin has read it");
    let early = client.call(Method::GET, "/api/v1/areas", None).await.unwrap_err();
    assert_eq!(early.kind(), "password-change-needed");
    let own = json!({ "old": password, "new": "one-of-my-own-2026" });
    client.call(Method::POST, "/api/v1/me/password", Some(&own)).await.unwrap();
    client.call(Method::GET, "/api/v1/areas", None).await.expect("everything opens");
    let login = json!({ "login": "xin", "password": "one-of-my-own-2026" });
    let me = client.call(Method::GET, "/api/v1/me", None).await.unwrap();
    assert_eq!(me["grants"].as_array().unwrap().len(), 1, "the other was over in 2020");

    let grant = seen["grants"].as_array().unwrap().iter().find(|one| one["role"] == "cadre");
    let grant = format!("{path}/{}", grant.unwrap()["id"].as_str().unwrap());
    admin.call(Method::DELETE, &grant, None).await.unwrap();
    let me = client.call(Method::GET, "/api/v1/me", None).await.unwrap_err();
    assert_eq!(me.kind(), "forbidden", "nothing is granted any more");
    let seen = person(&mut admin, id).await;
    assert_eq!(seen["grants"].as_array().unwrap().len(), 2, "that it was granted stays on record");

    let disable = format!("/api/v1/people/{id}/disable");
    admin.call(Method::POST, &disable, None).await.unwrap();
    assert_eq!(sign_in(stage.address(), &login).await.unwrap_err(), "sign-in-refused");
    admin.call(Method::POST, &format!("/api/v1/people/{id}/enable"), None).await.unwrap();
    sign_in(stage.address(), &login).await.unwrap();
    let again = admin.call(Method::POST, &format!("/api/v1/people/{id}/password"), None).await;
    assert_eq!(sign_in(stage.address(), &login).await.unwrap_err(), "sign-in-refused");
    let login = json!({ "login": "xin", "password": again.unwrap()["password"] });
    sign_in(stage.address(), &login).await.unwrap();

    let me = admin.call(Method::GET, "/api/v1/me", None).await.unwrap()["id"].clone();
    let myself = format!("/api/v1/people/{}/disable", me.as_str().unwrap());
    let refused = admin.call(Method::POST, &myself, None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-oneself");
});

story!(people_of_two_counties_are_managed_by_neither_alone, async |stage| {
    let mut neighbour = stage.neighbour().await;
    let mut admin = stage.person("admin").await;
    let both = add(&mut admin, "both", json!({ "role": "cadre", "area": VILLAGE })).await.unwrap();
    let id = both["id"].as_str().unwrap();
    // As the server's own command does it.
    let user = sync_protocol::UserId(id.parse().unwrap());
    let now = stage.app().now();
    let granted = stage.app().write(move |connection| {
        let role = ruhu::accounts::Role::Auditor;
        ruhu::accounts::add_grant(connection, user, role, "539902000000", now)
    });
    granted.await.unwrap();
    let seen = person(&mut admin, id).await;
    assert_eq!(
        (seen["manageable"].clone(), seen["grants"].as_array().unwrap().len()),
        (json!(false), 1)
    );
    for client in [&mut admin, &mut neighbour] {
        let path = format!("/api/v1/people/{id}/password");
        let refused = client.call(Method::POST, &path, None).await.unwrap_err();
        assert_eq!(refused.kind(), "not-found");
    }
});

/// The code of an authenticator app, so many steps from now.
fn code(secret: &str, steps: i64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let generator = Builder::new().with_secret(secret).build().unwrap();
    let now = ruhu::db::Timestamp::now().seconds() + steps * 30;
    generator.generate(u64::try_from(now).unwrap()).to_string()
}

/// The code of the step before this one, which passes as long as this one lasts: for some seconds.
async fn code_of_before(secret: &str) -> String {
    let left = 30 - ruhu::db::Timestamp::now().seconds().rem_euclid(30);
    if left < 5 {
        tokio::time::sleep(std::time::Duration::from_secs(left.unsigned_abs())).await;
    }
    code(secret, -1)
}

story!(whoever_wants_signs_in_with_a_code_too_and_each_code_once, async |stage| {
    let mut supervisor = stage.person("supervisor").await;
    let factor = "/api/v1/me/second-factor";
    assert_eq!(supervisor.call(Method::GET, factor, None).await.unwrap()["is_on"], false);
    let offer = supervisor.call(Method::POST, factor, None).await.unwrap();
    let secret = offer["secret"].as_str().unwrap();
    assert!(offer["uri"].as_str().unwrap().starts_with("otpauth://totp/Ruhu:supervisor?secret="));
    let password = json!({ "login": "supervisor", "password": ruhu::demo::PASSWORD });
    sign_in(stage.address(), &password).await.expect("it counts once it is confirmed");
    let confirm = format!("{factor}/confirmation");
    let wrong = supervisor.call(Method::POST, &confirm, Some(&json!({ "code": "000000" }))).await;
    assert_eq!(wrong.unwrap_err().kind(), "code-refused");
    let first = json!({ "code": code_of_before(secret).await });
    let told = supervisor.call(Method::POST, &confirm, Some(&first)).await.unwrap();
    let spare = told["recovery_codes"].as_array().unwrap();
    assert_eq!(spare.len(), 10);
    let again = supervisor.call(Method::POST, factor, None).await.unwrap_err();
    assert_eq!(again.kind(), "not-applicable", "there is one");

    assert_eq!(sign_in(stage.address(), &password).await.unwrap_err(), "code-needed");
    let with = |code: String| {
        let mut body = password.clone();
        body["code"] = json!(code);
        body
    };
    let used = with(first["code"].as_str().unwrap().to_owned());
    assert_eq!(sign_in(stage.address(), &used).await.unwrap_err(), "code-wrong");
    let right = with(code(secret, 0));
    sign_in(stage.address(), &right).await.unwrap();
    let twice = sign_in(stage.address(), &right).await.unwrap_err();
    assert_eq!(twice, "code-wrong", "a code passes once");
    // Without the phone, a code that was kept on paper signs in: once, and however it is typed.
    let kept = with(spare[3].as_str().unwrap().to_uppercase().replace('-', " "));
    sign_in(stage.address(), &kept).await.expect("a recovery code");
    assert_eq!(sign_in(stage.address(), &kept).await.unwrap_err(), "code-wrong");
    let wrong_password = json!({ "login": "supervisor", "password": "x", "code": code(secret, 1) });
    assert_eq!(sign_in(stage.address(), &wrong_password).await.unwrap_err(), "sign-in-refused");

    let off = json!({ "code": code(secret, 1) });
    supervisor.call(Method::DELETE, factor, Some(&off)).await.unwrap();
    sign_in(stage.address(), &password).await.unwrap();
});

story!(where_a_second_factor_is_asked_for_nothing_goes_without, async |stage| {
    let strict = stage.strict_replica().await;
    let mut tablet = stage.tablet("cadre").await;
    let mut admin = stage.person("admin").await;
    let mut cadre = stage.person("cadre").await;
    for client in [&mut admin, &mut cadre, tablet.client()] {
        client.move_to(&strict.address);
    }
    let me = admin.call(Method::GET, "/api/v1/me", None).await.unwrap();
    assert_eq!(me["second_factor_needed"], true);
    for path in ["/api/v1/people", "/api/v1/areas", "/api/v1/bundles", "/api/v1/visits"] {
        let refused = admin.call(Method::GET, path, None).await.unwrap_err();
        assert_eq!(refused.kind(), "second-factor-needed", "{path}");
    }
    // Cadres work on tablets, which have keys of their own.
    let me = cadre.call(Method::GET, "/api/v1/me", None).await.unwrap();
    assert_eq!(me["second_factor_needed"], false);
    cadre.call(Method::GET, "/api/v1/areas", None).await.unwrap();
    tablet.sync_again(std::time::Duration::from_secs(60)).await.unwrap();

    let factor = "/api/v1/me/second-factor";
    let offer = admin.call(Method::POST, factor, None).await.unwrap();
    let secret = offer["secret"].as_str().unwrap();
    let refused = admin.call(Method::GET, "/api/v1/people", None).await.unwrap_err();
    assert_eq!(refused.kind(), "second-factor-needed", "an offer is no factor");
    let first = json!({ "code": code_of_before(secret).await });
    admin.call(Method::POST, &format!("{factor}/confirmation"), Some(&first)).await.unwrap();
    admin.call(Method::GET, "/api/v1/people", None).await.unwrap();
    let off = json!({ "code": code(secret, 0) });
    admin.call(Method::DELETE, factor, Some(&off)).await.unwrap();
    let refused = admin.call(Method::GET, "/api/v1/people", None).await.unwrap_err();
    assert_eq!(refused.kind(), "second-factor-needed");
});

story!(a_password_is_changed_by_who_knows_the_old_one, async |stage| {
    let mut auditor = stage.person("auditor").await;
    let mut elsewhere = stage.person("auditor").await;
    let path = "/api/v1/me/password";
    let body = |old: &str, new: &str| json!({ "old": old, "new": new });
    for short in ["short", "eleven-long", ruhu::demo::PASSWORD] {
        let asked = body(ruhu::demo::PASSWORD, short);
        let refused = auditor.call(Method::POST, path, Some(&asked)).await;
        assert_eq!(refused.unwrap_err().kind(), "malformed", "{short}");
    }
    let common = [
        "password1234",
        "123456789012",
        "auditorauditor",
        "Ruhu20261234",
        "示范县示范县示范县示范县",
    ];
    for common in common {
        let asked = body(ruhu::demo::PASSWORD, common);
        let refused = auditor.call(Method::POST, path, Some(&asked)).await;
        assert_eq!(refused.unwrap_err().kind(), "password-common", "{common}");
    }
    let wrong = auditor.call(Method::POST, path, Some(&body("wrong", "a-long-enough-one"))).await;
    assert_eq!(wrong.unwrap_err().kind(), "sign-in-refused");
    let right = body(ruhu::demo::PASSWORD, "a-long-enough-one");
    auditor.call(Method::POST, path, Some(&right)).await.unwrap();
    auditor.call(Method::GET, "/api/v1/me", None).await.expect("this browser stays signed in");
    let other = elsewhere.call(Method::GET, "/api/v1/me", None).await.unwrap_err();
    assert_eq!(other.kind(), "session-ended");
    let login = json!({ "login": "auditor", "password": "a-long-enough-one" });
    sign_in(stage.address(), &login).await.unwrap();
});

story!(an_admin_whom_nobody_else_can_help_is_reset_at_the_server, async |stage| {
    let mut admin = stage.person("admin").await;
    let offer = admin.call(Method::POST, "/api/v1/me/second-factor", None).await.unwrap();
    let first = json!({ "code": code(offer["secret"].as_str().unwrap(), 0) });
    let confirm = "/api/v1/me/second-factor/confirmation";
    admin.call(Method::POST, confirm, Some(&first)).await.unwrap();
    let old = json!({ "login": "admin", "password": ruhu::demo::PASSWORD });
    assert_eq!(sign_in(stage.address(), &old).await.unwrap_err(), "code-needed");
    let (_, environment) = stage.process_settings();
    let reset = |login: &'static str, password: &'static str| {
        let environment = environment.clone();
        tokio::task::spawn_blocking(move || {
            Command::new(ruhu_binary())
                .args(["user", "reset", login])
                .envs(environment)
                .env("RUHU_PASSWORD", password)
                .output()
                .unwrap()
        })
    };
    assert!(!reset("nobody-here", "a-password-of-its-own").await.unwrap().status.success());
    // What is no password in a browser is none here.
    for unfit in ["eleven-long", "password1234", "adminadminadmin"] {
        assert!(!reset("admin", unfit).await.unwrap().status.success(), "{unfit}");
    }
    assert!(reset("admin", "a-password-of-its-own").await.unwrap().status.success());
    assert_eq!(sign_in(stage.address(), &old).await.unwrap_err(), "sign-in-refused");
    let new = json!({ "login": "admin", "password": "a-password-of-its-own" });
    sign_in(stage.address(), &new).await.unwrap();
});

story!(who_is_added_at_the_server_changes_the_password_first, async |stage| {
    let (_, environment) = stage.process_settings();
    let added = tokio::task::spawn_blocking(move || {
        let add = ["user", "add", "hong", "--name", "洪某（虚构）", "--role", "supervisor"];
        Command::new(ruhu_binary())
            .args(add)
            .args(["--area", ruhu::demo::COUNTY])
            .envs(environment)
            .env("RUHU_PASSWORD", "told by telephone, once")
            .output()
            .unwrap()
    });
    assert!(added.await.unwrap().status.success());
    let mut hong = Client::new(stage.address());
    hong.sign_in("hong", "told by telephone, once").await.unwrap();
    let early = hong.call(Method::GET, "/api/v1/areas", None).await.unwrap_err();
    assert_eq!(early.kind(), "password-change-needed");
    let path = "/api/v1/me/password";
    let kept = json!({ "old": "told by telephone, once", "new": "told by telephone, once" });
    let kept = hong.call(Method::POST, path, Some(&kept)).await.unwrap_err();
    assert_eq!(kept.kind(), "malformed");
    let own = json!({ "old": "told by telephone, once", "new": "pines behind our house" });
    hong.call(Method::POST, path, Some(&own)).await.unwrap();
    hong.call(Method::GET, "/api/v1/areas", None).await.expect("everything opens");
    let mut admin = stage.person("admin").await;
    let trail = "/api/v1/audit?action=add_by_keeper";
    let trail = admin.call(Method::GET, trail, None).await.unwrap();
    let lines = trail.as_array().unwrap();
    assert_eq!(lines.len(), 1, "{trail}");
    let grant = json!({ "role": "supervisor", "area": ruhu::demo::COUNTY });
    assert_eq!(lines[0]["detail"], json!({ "login": "hong", "grant": grant }));
    assert_eq!(lines[0]["subject_name"], "洪某（虚构）", "{trail}");
});

story!(a_list_of_people_costs_the_same_however_many_they_are, async |stage| {
    let mut admin = stage.person("admin").await;
    let replica = stage.another_replica().await;
    let mut costs = Vec::new();
    for round in 0..3 {
        admin.move_to(&replica.address);
        let before = replica.app.database.statements();
        let page = admin.call(Method::GET, "/api/v1/people?limit=100", None).await.unwrap();
        costs.push(replica.app.database.statements() - before);
        let listed = page["items"].as_array().unwrap();
        assert_eq!(listed.len(), 6 + 3 * round);
        let mut grants = listed.iter().map(|person| person["grants"].as_array().unwrap().len());
        assert!(grants.all(|grants| grants > 0), "{listed:?}");
        admin.move_to(stage.address());
        for number in 0..3 {
            let person = json!({
                "login": format!("new-{round}-{number}"), "display_name": "新人",
                "grant": { "role": "cadre", "area": "529901100201" },
            });
            admin.call(Method::POST, "/api/v1/people", Some(&person)).await.unwrap();
        }
    }
    assert_eq!(costs[1], costs[2], "{costs:?}");
});

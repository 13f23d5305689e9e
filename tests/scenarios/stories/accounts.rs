//! Signing in and staying signed in.

use diesel::RunQueryDsl;
use harness::{Backend, DatabaseKind, MediaKind, ServerProcess, Stage, story};
use reqwest::Method;
use serde_json::json;
use tablets::Client;

story!(a_refresh_token_works_once_and_a_stolen_one_ends_the_session, async |stage| {
    let mut person = stage.person("cadre").await;
    let first = person.refresh_token().to_owned();
    person.refresh().await.unwrap();
    person.refresh().await.unwrap();
    let body = json!({ "refresh_token": first });
    let stolen = Client::new(stage.address())
        .call(Method::POST, "/api/v1/session/refresh", Some(&body))
        .await;
    assert_eq!(stolen.unwrap_err().kind(), "session-ended");
    assert_eq!(person.refresh().await.unwrap_err().kind(), "session-ended");
    let me = person.call(Method::GET, "/api/v1/me", None).await;
    assert_eq!(me.unwrap_err().kind(), "session-ended", "its access token is void, too");
});

story!(a_tablets_refresh_token_is_useless_without_its_key, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let body = json!({ "refresh_token": tablet.client().refresh_token() });
    let mut thief = Client::new(stage.address());
    let stolen = thief.call(Method::POST, "/api/v1/session/refresh", Some(&body)).await;
    assert_eq!(stolen.unwrap_err().kind(), "session-ended");
    tablet.client().refresh().await.expect("the tablet itself goes on");
});

story!(a_tablet_whose_answer_was_lost_refreshes_with_the_token_it_has, async |stage| {
    let mut tablet = stage.tablet("cadre").await;
    let (key, before) = (tablet.key().clone(), tablet.client().refresh_token().to_owned());
    tablet.client().refresh().await.unwrap();
    let mut again = Client::new(stage.address());
    again.resume(key, before);
    again.refresh().await.expect("the answer before was lost on the way");
});

story!(a_wrong_password_tells_nothing_and_guessing_is_slowed_down, async |stage| {
    let mut looked_at = 0;
    loop {
        let error = Client::new(stage.address()).sign_in("supervisor", "wrong").await.unwrap_err();
        match error.kind() {
            "sign-in-refused" => looked_at += 1,
            "too-many-requests" => break,
            other => panic!("{other}"),
        }
        // One may try again every few seconds, and a slow machine takes as long for a few.
        assert!(looked_at < 10 * ruhu::limits::SIGN_INS_PER_ACCOUNT, "guessing is not slowed down");
    }
    assert!(looked_at >= ruhu::limits::SIGN_INS_PER_ACCOUNT, "{looked_at}");
    let unknown = Client::new(stage.address()).sign_in("nobody", "wrong").await.unwrap_err();
    assert_eq!(unknown.kind(), "sign-in-refused");
});

/// A browser in which somebody signed in an hour ago, and which was left open since.
async fn left_open(stage: &Stage, login: &'static str) -> Client {
    let fresh = stage.person(login).await;
    let claims = fresh.access_token().split('.').nth(1).unwrap();
    let claims = data_encoding::BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let id = |name: &str| claims[name].as_str().unwrap().parse::<uuid::Uuid>().unwrap();
    let (fresh, user, now) = (id("sid"), sync_protocol::UserId(id("sub")), stage.app().now());
    let hour_ago = u64::try_from(now.seconds()).unwrap() - 3_600;
    let old = uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, hour_ago, 0));
    let place = |id: uuid::Uuid| match stage.backend.database {
        DatabaseKind::Sqlite => format!("X'{}'", id.simple()),
        DatabaseKind::Postgres => format!("'{id}'"),
    };
    let aged = format!("UPDATE sessions SET id = {} WHERE id = {}", place(old), place(fresh));
    let aged = stage.app().write(move |connection| diesel::sql_query(&*aged).execute(connection));
    assert_eq!(aged.await.unwrap(), 1);
    let session = ruhu::accounts::Session { id: old, user, device: None };
    let token = ruhu::accounts::issue(&stage.app().keys, &session, now).unwrap();
    Client::with_access_token(stage.address(), &token)
}

story!(what_gives_power_takes_more_than_a_browser_that_was_left_open, async |stage| {
    let mut admin = left_open(&stage, "admin").await;
    let people = admin.call(Method::GET, "/api/v1/people", None).await.unwrap();
    let cadre = people["items"].as_array().unwrap().iter().find(|one| one["login"] == "cadre");
    let cadre = cadre.unwrap()["id"].as_str().unwrap().to_owned();
    let grant = json!({ "role": "admin", "area": ruhu::demo::COUNTY });
    let new = json!({ "login": "fresh-one", "display_name": "新来的", "grant": grant });
    let powers = [
        ("/api/v1/enrolment-codes".to_owned(), json!({ "login": "cadre" })),
        ("/api/v1/people".to_owned(), new),
        (format!("/api/v1/people/{cadre}/grants"), grant),
        (format!("/api/v1/people/{cadre}/password"), json!({})),
        ("/api/v1/me/second-factor".to_owned(), json!({})),
    ];
    for (path, body) in &powers {
        let refused = admin.call(Method::POST, path, Some(body)).await.unwrap_err();
        assert_eq!(refused.kind(), "confirmation-needed", "{path}");
    }
    let prove = "/api/v1/session/confirmation";
    let wrong = json!({ "password": "not-this-one" });
    let refused = admin.call(Method::POST, prove, Some(&wrong)).await.unwrap_err();
    assert_eq!(refused.kind(), "sign-in-refused");
    let right = json!({ "password": ruhu::demo::PASSWORD });
    admin.call(Method::POST, prove, Some(&right)).await.unwrap();
    for (path, body) in &powers {
        admin.call(Method::POST, path, Some(body)).await.expect(path);
    }
    // A tablet proves nothing.
    let mut tablet = stage.tablet("cadre2").await;
    let refused = tablet.client().call(Method::POST, prove, Some(&right)).await.unwrap_err();
    assert_eq!(refused.kind(), "forbidden");
});

story!(somebody_sees_where_they_are_signed_in_and_ends_it_elsewhere, async |stage| {
    let code = stage.enrolment_code("cadre").await;
    let mut tablet = Client::new(stage.address());
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    tablet.enrol(&code, key.clone(), "测试平板").await.unwrap();
    let (mut here, mut there) = (stage.person("cadre").await, stage.person("cadre").await);
    let own = here.call(Method::GET, "/api/v1/me/sessions", None).await.unwrap();
    let own = own.as_array().unwrap();
    assert_eq!(own.len(), 3);
    assert_eq!(own.iter().filter(|one| one["is_this"] == true).count(), 1);
    let end = async |client: &mut Client, one: &serde_json::Value| {
        let path = format!("/api/v1/me/sessions/{}", one["id"].as_str().unwrap());
        client.call(Method::DELETE, &path, None).await
    };
    let mut stranger = stage.person("cadre2").await;
    assert_eq!(end(&mut stranger, &own[0]).await.unwrap_err().kind(), "not-found");
    let is_tablet = |one: &&serde_json::Value| one["tablet"] == "测试平板";
    for one in own.iter().filter(|one| one["is_this"] == false && !is_tablet(one)) {
        end(&mut here, one).await.unwrap();
    }
    let refused = there.call(Method::GET, "/api/v1/me", None).await.unwrap_err();
    assert_eq!(refused.kind(), "session-ended");
    // A tablet's is over at once, not in a quarter of an hour.
    let hashes = json!({ "hashes": [] });
    let missing = "/sync/v1/blobs/missing";
    tablet.call(Method::POST, missing, Some(&hashes)).await.unwrap();
    end(&mut here, own.iter().find(is_tablet).unwrap()).await.unwrap();
    let refused = tablet.call(Method::POST, missing, Some(&hashes)).await.unwrap_err();
    assert_eq!(refused.kind(), "session-ended");
    // The code that it was enrolled with opens nothing any more, not even with its key.
    let again = Client::new(stage.address()).enrol(&code, key, "测试平板").await;
    assert_eq!(again.unwrap_err().kind(), "enrolment-refused");
});

story!(signing_out_ends_the_session, async |stage| {
    let mut person = stage.person("auditor").await;
    person.call(Method::DELETE, "/api/v1/session", None).await.unwrap();
    let me = person.call(Method::GET, "/api/v1/me", None).await;
    assert_eq!(me.unwrap_err().kind(), "session-ended");
});

story!(tokens_of_a_retired_key_stay_valid_and_other_replicas_learn_the_new_one, async |stage| {
    let other = stage.another_replica().await;
    let mut before = stage.person("admin").await;
    let now = stage.app().now();
    let kid =
        stage.app().write(move |connection| ruhu::accounts::rotate(connection, now)).await.unwrap();
    let third = stage.another_replica().await;
    let mut after = Client::new(&third.address);
    after.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap();
    after.move_to(&other.address);
    after.call(Method::GET, "/api/v1/me", None).await.expect("a key this replica had not seen");
    before.call(Method::GET, "/api/v1/me", None).await.expect("an older token");
    let keys = after.call(Method::GET, "/.well-known/jwks.json", None).await.unwrap();
    assert!(keys.to_string().contains(&kid), "{keys}");
    assert_eq!(keys["keys"][0]["kty"], "OKP");
});

/// Wrong sign-ins of each place, each for another account: no more than an address may.
const GUESSES: usize = 58;

/// Wrong sign-ins at once, from several places; how many were looked at, and how many were told to
/// come again later.
async fn guess(address: &str, places: std::ops::Range<u8>) -> (usize, usize) {
    let of_a_place = move |place: u8| {
        let from = std::net::IpAddr::from([127, 0, 0, place]);
        let client = reqwest::Client::builder().local_address(from).build().unwrap();
        (0..GUESSES).map(move |number| {
            let body = json!({ "login": format!("nobody-{place}-{number}"), "password": "wrong" });
            let guess = client.post(format!("{address}/api/v1/session"));
            guess.header("content-type", "application/json").body(body.to_string())
        })
    };
    // To make a client takes as long as many guesses: all are made before the first is sent.
    let made: Vec<_> = places.flat_map(of_a_place).collect();
    let mut guesses = tokio::task::JoinSet::new();
    for guess in made {
        guesses.spawn(async move { guess.send().await.unwrap() });
    }
    let (mut refused, mut later) = (0, 0);
    for answer in guesses.join_all().await {
        match answer.status().as_u16() {
            401 => refused += 1,
            503 => {
                assert!(answer.headers().contains_key("retry-after"));
                assert!(answer.text().await.unwrap().contains("urn:ruhu:problem:busy"));
                later += 1;
            }
            other => panic!("{other}"),
        }
    }
    (refused, later)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_guesses_passwords_does_not_fill_the_servers_memory() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    let stage = Stage::open(backend).await;
    let (arguments, mut environment) = stage.process_settings();
    // Nobody reads its log.
    environment.push(("RUHU_LOG".into(), "off".into()));
    let server = ServerProcess::start(&arguments, &environment);
    let mut person = Client::new(server.address());
    person.sign_in("cadre", ruhu::demo::PASSWORD).await.unwrap();
    let before = server.resident();
    // 290 at once: 5.5 GB, if each was looked at at once.
    let (refused, later) = guess(server.address(), 2..7).await;
    assert_eq!(refused + later, 5 * GUESSES);
    assert!(refused > 0 && later > 0, "{refused} were looked at, {later} found no room");
    let (_, peak) = server.usage();
    let megabytes = |bytes: u64| bytes / 1_000_000;
    assert!(peak < before + 200_000_000, "from {} to {} MB", megabytes(before), megabytes(peak));
    // What is needed does not grow beyond a piece of memory for each turn, and others go on.
    person.sign_in("cadre", ruhu::demo::PASSWORD).await.expect("the others go on");
    let after = server.resident();
    let words = format!("{} to {} MB", megabytes(before), megabytes(after));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let turns = cores.min(ruhu::limits::PASSWORDS_AT_ONCE) as u64;
    assert!(after < before + 20_000_000 * (turns + 2), "{words}, with {turns} turns");
    // What nobody can have is not even looked at, whatever its size.
    for (login, password) in [("x".repeat(101), "wrong".into()), ("cadre".into(), "x".repeat(201))]
    {
        let long = Client::new(server.address()).sign_in(&login, &password).await.unwrap_err();
        assert_eq!(long.kind(), "malformed");
    }
    let long = Client::new(server.address()).sign_in("cadre", &"x".repeat(20_000)).await;
    assert_eq!(long.unwrap_err().kind(), "too-large");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_a_trusted_proxy_each_address_has_its_own_tries() {
    let backend = Backend { database: DatabaseKind::Sqlite, media: MediaKind::Folder };
    let stage = Stage::open(backend).await;
    let (mut arguments, mut environment) = stage.process_settings();
    environment.push(("RUHU_LOG".into(), "off".into()));
    arguments.extend(["--trusted-proxies".into(), "127.0.0.8/31, 10.9.9.9".into()]);
    let server = ServerProcess::start(&arguments, &environment);
    // One code after the other that nobody has, until there are too many: each costs a try, and no
    // password is looked at.
    let tries = async |proxy: u8, told: &str| {
        let from = std::net::IpAddr::from([127, 0, 0, proxy]);
        let client = reqwest::Client::builder().local_address(from).build().unwrap();
        let key = data_encoding::BASE64URL_NOPAD.encode(&[0; 32]);
        let body = json!({ "code": "none", "public_key": key, "label": "x" }).to_string();
        let mut tried = 0;
        loop {
            let request = client.post(format!("{}/api/v1/devices/enrol", server.address()));
            let request = request.header("x-forwarded-for", told).body(body.clone());
            let answer = request.header("content-type", "application/json").send().await;
            if answer.unwrap().status().as_u16() == 429 {
                return tried;
            }
            tried += 1;
            assert!(tried < 1_000, "whoever tries is never told that it is enough");
        }
    };
    let all = u64::from(ruhu::limits::SIGN_INS_PER_ADDRESS);
    // A bucket fills again by one a second.
    let begun = std::time::Instant::now();
    let come_back = || begun.elapsed().as_secs() + 1;
    let once = |tried: u64| (all..=all + come_back()).contains(&tried);
    let no_more = |tried: u64| tried <= come_back();
    assert!(once(tries(8, "198.51.100.1").await));
    assert!(once(tries(9, "198.51.100.2, 10.9.9.9").await), "another address, by two proxies");
    let invented = tries(9, "198.51.100.3, 198.51.100.1").await;
    assert!(no_more(invented), "what a client writes there itself");
    assert!(once(tries(7, "198.51.100.4").await), "who is no trusted proxy is itself");
    assert!(no_more(tries(7, "198.51.100.5").await), "whatever it tells");
}

/// A token as only somebody with the key's seed can make it.
fn forged(token: &str, (kid, seed): &(String, [u8; 32]), issued: i64, lasts: i64) -> String {
    use data_encoding::BASE64URL_NOPAD;
    use ed25519_dalek::{Signer, SigningKey};
    let claims = BASE64URL_NOPAD.decode(token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let mut claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    claims["iat"] = json!(issued);
    claims["exp"] = json!(issued + lasts);
    let header = json!({ "typ": "JWT", "alg": "EdDSA", "kid": kid }).to_string();
    let parts = [header, claims.to_string()].map(|part| BASE64URL_NOPAD.encode(part.as_bytes()));
    let signed = parts.join(".");
    let signature = SigningKey::from_bytes(seed).sign(signed.as_bytes()).to_bytes();
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature))
}

/// The key a server signs with now, as it is named in its tokens.
fn kid_of(token: &str) -> String {
    let header = token.split('.').next().unwrap();
    let header = data_encoding::BASE64URL_NOPAD.decode(header.as_bytes()).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn keys_that_are_rotated(database: DatabaseKind) {
    let stage = Stage::open(Backend { database, media: MediaKind::Folder }).await;
    let (arguments, mut environment) = stage.process_settings();
    environment.push(("RUHU_LOG".into(), "off".into()));
    let server = ServerProcess::start(&arguments, &environment);
    let mut person = Client::new(server.address());
    person.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap();
    let mut tablet = stage.tablet("cadre").await;
    let token = person.access_token().to_owned();
    let key = stolen(&stage, &kid_of(&token)).await;
    let opens = async |token: &str| {
        let asked = reqwest::Client::new().get(format!("{}/api/v1/me", server.address()));
        asked.bearer_auth(token).send().await.unwrap().status().as_u16()
    };
    let now = || stage.app().now().seconds();
    const TEN_YEARS: i64 = 10 * 365 * 24 * 3600;
    assert_eq!(opens(&forged(&token, &key, now(), 900)).await, 200, "whoever has it, has it");
    assert_eq!(opens(&forged(&token, &key, now(), TEN_YEARS)).await, 401);
    assert_eq!(opens(&forged(&token, &key, now() + 3_600, 900)).await, 401);

    let rotate = |further: Option<&'static str>| {
        let environment = environment.clone();
        tokio::task::spawn_blocking(move || {
            let mut command = std::process::Command::new(harness::ruhu_binary());
            command.args(["keys", "rotate"]).args(further).envs(environment);
            assert!(command.output().unwrap().status.success());
        })
    };
    rotate(None).await.unwrap();
    // The running server takes the new key by itself, and nobody is signed out.
    let begun = std::time::Instant::now();
    while kid_of(person.access_token()) == key.0 {
        assert!(begun.elapsed().as_secs() < 30, "it never signs with the new key");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        person.refresh().await.unwrap();
    }
    assert_eq!(opens(&token).await, 200, "it was signed before");
    // As if it was long ago.
    let hour_ago = stage.app().now().plus_seconds(-3_600);
    let retired = stage.app().write(move |connection| {
        use diesel::prelude::*;
        use ruhu::db::schema::token_keys::dsl;
        diesel::update(dsl::token_keys.filter(dsl::retired_at.is_not_null()))
            .set(dsl::retired_at.eq(Some(hour_ago)))
            .execute(connection)
    });
    assert_eq!(retired.await.unwrap(), 1);
    let begun = std::time::Instant::now();
    while opens(&forged(&token, &key, now(), 900)).await != 401 {
        assert!(begun.elapsed().as_secs() < 30, "a retired key still counts");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    assert_eq!(opens(&forged(&token, &key, now() - 3_700, TEN_YEARS)).await, 401);
    assert_eq!(opens(person.access_token()).await, 200);

    // One that somebody else has may not count at all.
    rotate(Some("--leaked")).await.unwrap();
    let begun = std::time::Instant::now();
    while opens(person.access_token()).await != 401 {
        assert!(begun.elapsed().as_secs() < 30, "a leaked key still counts");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    // A tablet takes a new token by itself: nobody has to enrol it again.
    tablet.go_offline().unwrap();
    let patience = std::time::Duration::from_secs(60);
    tablet.sync_at(server.address(), patience).await.expect("it goes on");
    person.refresh().await.unwrap();
    assert_eq!(opens(person.access_token()).await, 200);
}

/// `ruhu …` beside the server, with its settings.
fn run(environment: &[(String, String)], arguments: &[&str]) -> (bool, String) {
    let mut command = std::process::Command::new(harness::ruhu_binary());
    let environment = environment.iter().map(|(name, value)| (name, value));
    let ran = command.args(arguments).envs(environment).env("LC_ALL", "C").output().unwrap();
    let said = [ran.stdout, ran.stderr].concat();
    (ran.status.success(), String::from_utf8_lossy(&said).into_owned())
}

async fn sealing_keys_that_are_rotated(database: DatabaseKind) {
    let stage = Stage::open(Backend { database, media: MediaKind::Folder }).await;
    let (arguments, mut environment) = stage.process_settings();
    // Other tests have the file that this is a copy of.
    let file = stage.folder().join("sealing-keys.json");
    std::fs::copy(&stage.config().sealing_keys.0, &file).unwrap();
    environment.retain(|(name, _)| name != "RUHU_SEALING_KEYS");
    environment.push(("RUHU_SEALING_KEYS".into(), file.display().to_string()));
    environment.push(("RUHU_LOG".into(), "off".into()));
    let server = ServerProcess::start(&arguments, &environment);
    let mut person = Client::new(server.address());
    person.sign_in("admin", ruhu::demo::PASSWORD).await.unwrap();
    let before = kid_of(person.access_token());
    for arguments in [["privacy", "rotate-keys"], ["keys", "rotate"]] {
        let (well, said) = run(&environment, &arguments);
        assert!(well, "{said}");
    }
    // What the commands sealed with the new key is opened by the server that runs.
    let begun = std::time::Instant::now();
    while kid_of(person.access_token()) == before {
        assert!(begun.elapsed().as_secs() < 30, "it never signs with the new key");
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        person.refresh().await.unwrap();
    }
    let (well, said) = run(&environment, &["privacy", "check"]);
    assert!(well, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_sealing_key_is_read_by_a_running_server_on_sqlite() {
    sealing_keys_that_are_rotated(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_sealing_key_is_read_by_a_running_server_on_postgres() {
    sealing_keys_that_are_rotated(DatabaseKind::Postgres).await;
}

/// What a thief of the database and of the sealing keys would have.
async fn stolen(stage: &Stage, kid: &str) -> (String, [u8; 32]) {
    use diesel::prelude::*;
    use ruhu::db::schema::token_keys::dsl;
    let name = kid.to_owned();
    let seed: Vec<u8> = stage
        .app()
        .read(move |connection| dsl::token_keys.find(name).select(dsl::seed).first(connection))
        .await
        .unwrap();
    assert_ne!(seed.len(), 32, "seeds are not kept in the clear");
    let seed = ruhu::seal::open_seed(ruhu::seal::SeedOf::Tokens, kid, &seed).unwrap();
    (kid.to_owned(), seed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_key_counts_for_a_quarter_of_an_hour_on_sqlite() {
    keys_that_are_rotated(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_key_counts_for_a_quarter_of_an_hour_on_postgres() {
    keys_that_are_rotated(DatabaseKind::Postgres).await;
}

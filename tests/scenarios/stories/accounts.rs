//! Signing in and staying signed in.

use harness::story;
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
    let mut kinds = Vec::new();
    for _ in 0..12 {
        let error = Client::new(stage.address()).sign_in("supervisor", "wrong").await.unwrap_err();
        kinds.push(error.kind().to_owned());
    }
    assert_eq!(kinds[0], "sign-in-refused");
    assert_eq!(kinds[11], "too-many-requests");
    let unknown = Client::new(stage.address()).sign_in("nobody", "wrong").await.unwrap_err();
    assert_eq!(unknown.kind(), "sign-in-refused");
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

//! Views that people keep are theirs, wherever they sign in.

use harness::story;
use reqwest::Method;
use serde_json::json;

const PATH: &str = "/api/v1/me/views";

story!(a_view_is_kept_for_its_person_alone, async |stage| {
    let mut supervisor = stage.person("supervisor").await;
    let keep =
        |name: &str, query: &str| json!({ "screen": "visits", "name": name, "query": query });
    let first = keep("退回的", "status=returned");
    let kept = supervisor.call(Method::PUT, PATH, Some(&first)).await.unwrap();
    // The same name once more takes its place.
    let second = keep(" 退回的 ", "status=returned&shape=timeline");
    let kept_again = supervisor.call(Method::PUT, PATH, Some(&second)).await.unwrap();
    assert_ne!(kept["id"], kept_again["id"]);
    let mut elsewhere = stage.person("supervisor").await;
    let list = format!("{PATH}?screen=visits");
    let listed = elsewhere.call(Method::GET, &list, None).await.unwrap();
    assert_eq!(listed, json!([kept_again]));
    assert_eq!(listed[0]["query"], "status=returned&shape=timeline");
    let other = format!("{PATH}?screen=ledgers");
    assert_eq!(elsewhere.call(Method::GET, &other, None).await.unwrap(), json!([]));

    let mut admin = stage.person("admin").await;
    assert_eq!(admin.call(Method::GET, &list, None).await.unwrap(), json!([]));
    let one = format!("{PATH}/{}", kept_again["id"].as_str().unwrap());
    let refused = admin.call(Method::DELETE, &one, None).await.unwrap_err();
    assert_eq!(refused.kind(), "not-found");
    supervisor.call(Method::DELETE, &one, None).await.unwrap();
    assert_eq!(supervisor.call(Method::GET, &list, None).await.unwrap(), json!([]));
});

story!(a_view_that_makes_no_sense_is_refused, async |stage| {
    let mut supervisor = stage.person("supervisor").await;
    for wrong in [
        json!({ "screen": "visits", "name": " ", "query": "" }),
        json!({ "screen": "visits", "name": "长".repeat(41), "query": "" }),
        json!({ "screen": "../visits", "name": "一", "query": "" }),
        json!({ "screen": "visits", "name": "一", "query": "x".repeat(2_001) }),
        json!({ "screen": "visits", "name": "\0", "query": "" }),
    ] {
        let refused = supervisor.call(Method::PUT, PATH, Some(&wrong)).await.unwrap_err();
        assert_eq!(refused.kind(), "malformed", "{wrong}");
    }
    for number in 0..100 {
        let view = json!({ "screen": "visits", "name": number.to_string(), "query": "" });
        supervisor.call(Method::PUT, PATH, Some(&view)).await.unwrap();
    }
    let one_more = json!({ "screen": "visits", "name": "第一百零一", "query": "" });
    let refused = supervisor.call(Method::PUT, PATH, Some(&one_more)).await.unwrap_err();
    assert_eq!(refused.kind(), "too-large");
    // One that takes another's place is not one more.
    let again = json!({ "screen": "visits", "name": "7", "query": "status=returned" });
    let kept = supervisor.call(Method::PUT, PATH, Some(&again)).await.unwrap();
    assert_eq!(kept["query"], "status=returned");
});

//! The description of the interface is as it was, and comes with a viewer that needs no network.

use harness::story;

#[test]
fn the_interface_is_described_as_before() {
    let json = serde_json::to_string_pretty(&ruhu::app::openapi()).unwrap();
    insta::assert_snapshot!("openapi", json);
}

story!(the_viewer_fetches_nothing_from_elsewhere, async |stage| {
    let get = async |path: &str| {
        let response = reqwest::get(format!("{}{path}", stage.address())).await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.text().await.unwrap()
    };
    let page = get("/docs/").await;
    for source in page.split("src=\"").skip(1).chain(page.split("href=\"").skip(1)) {
        assert!(!source.starts_with("http") && !source.starts_with("//"), "{source}");
    }
    assert!(get("/docs/swagger-initializer.js").await.contains("/openapi.json"));
    assert!(get("/openapi.json").await.contains("/sync/v1/sync"));
});

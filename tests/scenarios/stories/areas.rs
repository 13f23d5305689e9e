//! Areas come out of a table of codes: all of it or nothing, and nobody else's.

use harness::story;
use reqwest::Method;
use serde_json::json;

const PATH: &str = "/api/v1/areas/import";

story!(a_table_of_codes_adds_areas_and_renames_them, async |stage| {
    let mut admin = stage.person("admin").await;
    let count = async |client: &mut tablets::Client| {
        let areas = client.call(Method::GET, "/api/v1/areas", None).await.unwrap();
        areas.as_array().unwrap().len()
    };
    let before = count(&mut admin).await;
    let table = "代码,名称\n529901199000,新设镇（虚构）\n529901199201,新村（虚构）\n529901100201,改名村（虚构）\n";
    let send = async |client: &mut tablets::Client, more: &str, table: &str| {
        client.send_file(&format!("{PATH}{more}"), table.as_bytes().to_vec()).await
    };
    let told = send(&mut admin, "?dry_run=true", table).await.unwrap();
    assert_eq!(told["added"].as_array().unwrap().len(), 2);
    assert_eq!(count(&mut admin).await, before, "it was only told");
    let told = send(&mut admin, "", table).await.unwrap();
    assert_eq!(told["renamed"].as_array().unwrap().len(), 1);
    assert_eq!(count(&mut admin).await, before + 2);
    let again = send(&mut admin, "", table).await.unwrap();
    assert_eq!((again["added"].clone(), again["unchanged"].clone()), (json!([]), json!(3)));

    let wrong = "code,name\n529901199202,好村\n52990119920,少一位\n";
    let refused = send(&mut admin, "", wrong).await.unwrap_err();
    assert_eq!(refused.kind(), "areas-invalid");
    assert_eq!(count(&mut admin).await, before + 2, "nothing of it is done");
    let mut neighbour = stage.neighbour().await;
    let theirs = "code,name,parent\n529901100201,抢来的,539902000000\n";
    let refused = send(&mut neighbour, "", theirs).await.unwrap_err();
    assert_eq!(refused.kind(), "areas-invalid");
});

story!(a_place_is_closed_once_nothing_is_recorded_there, async |stage| {
    let mut admin = stage.person("admin").await;
    let close = |code: &str| format!("/api/v1/areas/{code}/close");
    let used = admin.call(Method::POST, &close("529901100201"), None).await.unwrap_err();
    assert_eq!(used.kind(), "area-in-use");
    let (gbk, ..) = encoding_rs::GBK
        .encode("统计用区划代码,城乡分类代码,名称\n529901100299,220,空村委会（虚构）\n");
    let told = admin.send_file(PATH, gbk.into_owned()).await.unwrap();
    assert_eq!(told["added"][0]["name"], "空村委会（虚构）");
    admin.call(Method::POST, &close("529901100299"), None).await.unwrap();
    let left = admin.call(Method::GET, "/api/v1/areas", None).await.unwrap();
    assert!(!left.to_string().contains("529901100299"), "it is offered nowhere");
    // The county's own table still has it: it is no other county's, and is there again.
    let table = "code,name\n529901100299,空村（虚构）\n";
    let send = async |client: &mut tablets::Client, more: &str, table: &str| {
        client.send_file(&format!("{PATH}{more}"), table.as_bytes().to_vec()).await
    };
    let told = send(&mut admin, "?dry_run=true", table).await.unwrap();
    assert_eq!(told["reopened"][0]["code"], "529901100299", "{told}");
    let left = admin.call(Method::GET, "/api/v1/areas", None).await.unwrap();
    assert!(!left.to_string().contains("529901100299"), "it was only told");
    let told = send(&mut admin, "", table).await.unwrap();
    assert_eq!((told["reopened"].as_array().unwrap().len(), &told["added"]), (1, &json!([])));
    let there = admin.call(Method::GET, "/api/v1/areas", None).await.unwrap();
    assert!(there.to_string().contains("空村（虚构）"), "by the name it has now");
    // A village that is new in a township that was closed opens that, too.
    let township = "code,name\n529901198000,撤并镇（虚构）\n";
    send(&mut admin, "", township).await.unwrap();
    admin.call(Method::POST, &close("529901198000"), None).await.unwrap();
    let told = send(&mut admin, "", "code,name\n529901198201,新村（虚构）\n").await.unwrap();
    assert_eq!(told["added"][0]["code"], "529901198201", "{told}");
    assert_eq!(told["reopened"][0]["code"], "529901198000", "{told}");
    let own = admin.call(Method::POST, &close("529901000000"), None).await.unwrap_err();
    assert_eq!(own.kind(), "not-found", "nobody closes what their own rights hang on");
    let mut neighbour = stage.neighbour().await;
    let theirs = neighbour.call(Method::POST, &close("529901100202"), None).await.unwrap_err();
    assert_eq!(theirs.kind(), "not-found");
});

story!(a_server_gets_another_county_at_its_command_line, async |stage| {
    let import = async |table: &str| {
        ruhu::areas::command::import(&stage.app().database, table.as_bytes().to_vec(), false).await
    };
    let county = "code,name\n529902000000,邻县（虚构）\n529902100000,邻镇（虚构）\n";
    assert_eq!(import(county).await.unwrap(), "2 added, 0 renamed, 0 opened again, 0 as they were");
    assert_eq!(import(county).await.unwrap(), "0 added, 0 renamed, 0 opened again, 2 as they were");
    let wrong =
        import("code,name\n529902100201,邻村（虚构）\n52990210020,少一位\n").await.unwrap_err();
    assert!(wrong.starts_with("line 3: ") && wrong.contains("leading zero"), "{wrong}");
    let again = import("code,name\n529902100201,邻村（虚构）\n").await.unwrap();
    assert_eq!(
        again, "1 added, 0 renamed, 0 opened again, 0 as they were",
        "a mistake stores nothing"
    );
    let mut admin = stage.person("admin").await;
    let theirs = admin.call(Method::GET, "/api/v1/areas", None).await.unwrap();
    assert!(!theirs.to_string().contains("529902"), "it is nobody's yet");
});

//! A day in the village.

use harness::story;
use indicatif::ProgressBar;
use tablets::day::{Plan, play};

story!(three_tablets_work_offline_and_agree_in_the_end, async |stage| {
    let plan = Plan {
        server: stage.address().to_owned(),
        login: "admin".into(),
        password: ruhu::demo::PASSWORD.into(),
        visits: 3,
        photos: None,
        drop_after: 200,
        stores: None,
        seed: 7,
    };
    let report = play(&plan, ProgressBar::hidden()).await.expect("the day ends well");
    assert_eq!((report.photos, report.digests), (9, 7));
    assert!(report.conflicts >= 1 && report.drops >= 1, "{report}");
    // What was sent twice is little beside what had to be sent once.
    assert!(report.bytes_up < report.photo_bytes * 3 / 2, "{report}");
    // And the next days, in the same county: what stood there in the evening is changed again.
    for seed in [8, 9] {
        let plan = Plan { seed, visits: 1, drop_after: 0, ..plan.clone() };
        let report = play(&plan, ProgressBar::hidden()).await.expect("the next day ends well");
        assert!(report.conflicts >= 1, "{report}");
    }
});

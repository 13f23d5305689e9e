//! Who somebody is to the head of the household, in the many words there are (GB/T 4761).

/// What a county's lists call it, and the choice of the register of members that it is.
const WORDS: [(&str, &[&str]); 6] = [
    ("head", &["本人", "户主本人"]),
    ("spouse", &["夫", "妻", "丈夫", "妻子", "配偶"]),
    (
        "child",
        &[
            "子",
            "女",
            "儿子",
            "女儿",
            "长子",
            "次子",
            "二子",
            "三子",
            "四子",
            "五子",
            "长女",
            "次女",
            "二女",
            "三女",
            "四女",
            "五女",
            "独生子",
            "独生女",
            "养子",
            "养女",
            "继子",
            "继女",
            "之子",
            "之女",
        ],
    ),
    (
        "parent",
        &[
            "父", "母", "父亲", "母亲", "公公", "婆婆", "岳父", "岳母", "继父", "继母", "养父",
            "养母", "之父", "之母",
        ],
    ),
    (
        "grandchild",
        &["孙", "孙子", "孙女", "外孙", "外孙子", "外孙女", "曾孙子", "曾孙女", "之孙子", "之孙女"],
    ),
    (
        "other",
        &[
            "儿媳",
            "之儿媳",
            "女婿",
            "之女婿",
            "孙媳",
            "兄",
            "弟",
            "姐",
            "妹",
            "哥哥",
            "弟弟",
            "姐姐",
            "妹妹",
            "之兄弟姐妹",
            "兄弟姐妹",
            "祖父",
            "祖母",
            "爷爷",
            "奶奶",
            "外祖父",
            "外祖母",
            "之祖父",
            "之祖母",
            "侄",
            "侄子",
            "侄女",
            "外甥",
            "外甥女",
            "嫂",
            "弟媳",
            "其他亲属",
            "非亲属",
            "其他人员",
        ],
    ),
];

/// The choice that somebody's words mean.
pub(super) fn relation(words: &str) -> Option<&'static str> {
    WORDS.iter().find(|(_, called)| called.contains(&words)).map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_one_choice() {
        assert_eq!(
            (relation("长女"), relation("妻"), relation("邻居")),
            (Some("child"), Some("spouse"), None)
        );
        let mut all: Vec<&str> =
            WORDS.iter().flat_map(|(_, called)| called.iter().copied()).collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}

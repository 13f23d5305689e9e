//! Invented names and numbers, the same every time.

use mobile_schema::rule::citizen_id::check_character;

const SURNAMES: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "吴", "赵", "周", "徐", "孙", "马", "朱", "胡", "林",
    "郭", "何", "高", "罗", "欧阳", "龙", "石", "田",
];
const GIVEN: [&str; 30] = [
    "明", "华", "秀英", "建国", "桂兰", "志强", "丽", "军", "小红", "国庆", "春花", "大山", "玉梅",
    "海", "翠", "文", "小龙", "芳", "永福", "燕", "德贵", "小雨", "金凤", "成", "美玲", "阿宝",
    "长生", "兰", "子轩", "欣怡",
];

/// A small generator (SplitMix64) with a fixed start: the demo is the same everywhere.
pub(super) struct Invention(u64);

impl Invention {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit.max(1)
    }

    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }

    pub(super) fn surname(&mut self) -> &'static str {
        self.pick(&SURNAMES)
    }

    pub(super) fn given(&mut self) -> &'static str {
        self.pick(&GIVEN)
    }

    /// A citizen ID of a region that does not exist, with a right check character.
    pub(super) fn citizen_id(&mut self, year: u64) -> (String, String) {
        let (month, day) = (1 + self.below(12), 1 + self.below(28));
        let first = format!("529901{year:04}{month:02}{day:02}{:03}", self.below(1000));
        let mut digits = [b'0'; 17];
        digits.copy_from_slice(&first.as_bytes()[..17]);
        let id = format!("{first}{}", check_character(&digits));
        (id, format!("{year:04}-{month:02}-{day:02}"))
    }
}

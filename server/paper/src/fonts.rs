//! The fonts there are, and what they can write.

use std::io::Read as _;
use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;

/// Where distributions put Noto Sans CJK (Debian's `fonts-noto-cjk`, and others).
const ELSEWHERE: [&str; 3] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc",
];

/// Fonts, and an index of them.
pub(crate) struct Fonts {
    pub(crate) book: LazyHash<FontBook>,
    fonts: Vec<Font>,
}

/// The font that is part of the program, unpacked once.
static OWN: LazyLock<Bytes> = LazyLock::new(|| {
    let packed = include_bytes!("../fonts/noto-sans-sc-regular.ttf.zst");
    let mut font = Vec::with_capacity(10 << 20);
    zstd::Decoder::new(packed.as_slice())
        .and_then(|mut decoder| decoder.read_to_end(&mut font))
        .expect("the font was packed whole");
    Bytes::new(font)
});

static BASIC: LazyLock<Fonts> = LazyLock::new(|| Fonts::of(Font::iter(OWN.clone()).collect()));

static ALL: LazyLock<Fonts> = LazyLock::new(|| {
    let others = ELSEWHERE.iter().find_map(|path| std::fs::read(path).ok());
    let others = others.into_iter().flat_map(|bytes| Font::iter(Bytes::new(bytes)));
    let is_simplified = |font: &Font| font.info().family.contains("SC");
    Fonts::of(Font::iter(OWN.clone()).chain(others.filter(is_simplified)).collect())
});

impl Fonts {
    fn of(fonts: Vec<Font>) -> Self {
        let book = FontBook::from_fonts(&fonts);
        Self { book: LazyHash::new(book), fonts }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    pub(crate) fn families(&self) -> impl Iterator<Item = &str> {
        self.fonts.iter().map(|font| font.info().family.as_str())
    }

    fn cannot_write(&self, character: char) -> bool {
        let writes = |font: &Font| font.info().coverage.contains(u32::from(character));
        !character.is_control() && !self.fonts.iter().any(writes)
    }
}

/// Fonts that write these texts: those of the program, with others only where they are needed,
/// for what is printed must not depend on the machine.
///
/// # Errors
/// The first character that no font here has.
pub(crate) fn for_texts<'a>(
    texts: impl Iterator<Item = &'a str> + Clone,
) -> Result<&'static Fonts, char> {
    let lacking = |fonts: &Fonts| {
        texts.clone().flat_map(str::chars).find(|character| fonts.cannot_write(*character))
    };
    match lacking(&BASIC) {
        None => Ok(&BASIC),
        Some(_) => match lacking(&ALL) {
            None => Ok(&ALL),
            Some(character) => Err(character),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_surnames_are_written() {
        assert!(for_texts(["喆镕堃㛃䶮翀赟，。《》（）①□√ é €"].into_iter()).is_ok());
        // Hieroglyphs are in neither font.
        assert_eq!(for_texts(["王\u{13000}"].into_iter()).err(), Some('\u{13000}'));
    }
}

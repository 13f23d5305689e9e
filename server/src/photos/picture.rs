//! A file's pixels: told from other files, decoded within limits, turned as its EXIF says, shrunk.

use std::io::Cursor;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::limits::{MAX_PHOTO_MEMORY, MAX_PHOTO_PIXELS, MAX_PHOTO_SIDE};

/// What a file is, by its first bytes; what it is called counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Jpeg,
    Png,
    WebP,
    /// HEIC, HEIF or AVIF.
    Heif,
    /// No photo.
    Other,
}

impl Format {
    /// Looks at the first bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let brand =
            |brands: &[&[u8]]| bytes.get(8..12).is_some_and(|brand| brands.contains(&brand));
        match bytes {
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Self::Png,
            [b'R', b'I', b'F', b'F', ..] if brand(&[b"WEBP"]) => Self::WebP,
            [_, _, _, _, b'f', b't', b'y', b'p', ..]
                if brand(&[b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1", b"avif"]) =>
            {
                Self::Heif
            }
            _ => Self::Other,
        }
    }

    /// Its media type; none of what is no photo.
    pub(super) fn media_type(self) -> Option<&'static str> {
        match self {
            Self::Jpeg => Some("image/jpeg"),
            Self::Png => Some("image/png"),
            Self::WebP => Some("image/webp"),
            Self::Heif => Some("image/heif"),
            Self::Other => None,
        }
    }

    fn decoded_as(self) -> Option<ImageFormat> {
        match self {
            Self::Jpeg => Some(ImageFormat::Jpeg),
            Self::Png => Some(ImageFormat::Png),
            Self::WebP => Some(ImageFormat::WebP),
            Self::Heif | Self::Other => None,
        }
    }
}

/// The media type of a file by its first bytes.
pub(crate) fn media_type(first: &[u8]) -> &'static str {
    Format::of(first).media_type().unwrap_or("application/octet-stream")
}

/// Why a photo has no pixels here. The file itself is kept as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// HEIC and the like: tablets are to send JPEG.
    #[error("heif")]
    Heif,
    /// Too many pixels, or more memory than a photo may take.
    #[error("too-large")]
    TooLarge,
    /// It takes longer than a photo may, as one made of a hundred passes does.
    #[error("too-long")]
    TooLong,
    /// Not what its first bytes say.
    #[error("damaged")]
    Damaged,
    /// Not a photo at all.
    #[error("not-a-photo")]
    NotAPhoto,
}

impl Unreadable {
    /// Reads a name again.
    pub(super) fn named(name: &str) -> Option<Self> {
        let all = [Self::Heif, Self::TooLarge, Self::TooLong, Self::Damaged, Self::NotAPhoto];
        all.into_iter().find(|one| one.to_string() == name)
    }
}

/// Pixels, red, green and blue, 8 bits each, as a person would see them.
#[derive(Clone, Debug)]
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) rgb: Vec<u8>,
}

/// Decodes a photo; the longer side at most `longest`. `orientation` is EXIF's, 1 to 8.
pub(super) fn decode(
    bytes: &[u8],
    format: Format,
    orientation: u8,
    longest: u32,
) -> Result<Decoded, Unreadable> {
    let decoded_as = match format.decoded_as() {
        Some(decoded_as) => decoded_as,
        None if format == Format::Heif => return Err(Unreadable::Heif),
        None => return Err(Unreadable::NotAPhoto),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_PHOTO_SIDE);
    limits.max_image_height = Some(MAX_PHOTO_SIDE);
    limits.max_alloc = Some(MAX_PHOTO_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), decoded_as);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(why)?;
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(Unreadable::Damaged);
    }
    // JPEG's decoder knows no bound of memory; this is one.
    if u64::from(width) * u64::from(height) > MAX_PHOTO_PIXELS {
        return Err(Unreadable::TooLarge);
    }
    let whole = DynamicImage::from_decoder(decoder).map_err(why)?;
    let shrunk = shrink(&opaque(whole), longest).ok_or(Unreadable::Damaged)?;
    let size = if orientation >= 5 { (height, width) } else { (width, height) };
    Ok(Decoded { size, pixels: turned(shrunk, orientation) })
}

/// A photo's size as it is looked at, and its pixels, shrunk.
pub(super) struct Decoded {
    pub(super) size: (u32, u32),
    pub(super) pixels: Pixels,
}

fn why(error: image::ImageError) -> Unreadable {
    match error {
        image::ImageError::Limits(_) => Unreadable::TooLarge,
        _ => Unreadable::Damaged,
    }
}

/// Without transparency: what shows through is white, as paper is.
fn opaque(image: DynamicImage) -> Pixels {
    let (width, height) = (image.width(), image.height());
    if !image.color().has_alpha() {
        return Pixels { width, height, rgb: image.into_rgb8().into_raw() };
    }
    let rgba = image.into_rgba8().into_raw();
    let mut rgb = Vec::with_capacity(rgba.len() / 4 * 3);
    for pixel in rgba.chunks_exact(4) {
        let alpha = u16::from(pixel[3]);
        rgb.extend(
            pixel[..3]
                .iter()
                .map(|part| ((u16::from(*part) * alpha + 255 * (255 - alpha) + 127) / 255) as u8),
        );
    }
    Pixels { width, height, rgb }
}

/// The same, no side longer than `longest`; never enlarged.
pub(super) fn shrink(pixels: &Pixels, longest: u32) -> Option<Pixels> {
    let long = pixels.width.max(pixels.height);
    if long <= longest {
        return Some(pixels.clone());
    }
    let scaled = |side: u32| {
        let side = (u64::from(side) * u64::from(longest) + u64::from(long) / 2) / u64::from(long);
        (side as u32).max(1)
    };
    resample(pixels, scaled(pixels.width), scaled(pixels.height))
}

/// The same in another size, whatever its shape.
fn resample(pixels: &Pixels, width: u32, height: u32) -> Option<Pixels> {
    resample_middle(pixels, 0.0, width, height)
}

/// What is left of a picture without so large a part of each side, in another size.
pub(super) fn resample_middle(
    pixels: &Pixels,
    without: f64,
    width: u32,
    height: u32,
) -> Option<Pixels> {
    let (across, down) = (f64::from(pixels.width), f64::from(pixels.height));
    let rest = 1.0 - 2.0 * without;
    let from = ImageRef::new(pixels.width, pixels.height, &pixels.rgb, PixelType::U8x3).ok()?;
    let mut to = Image::new(width, height, PixelType::U8x3);
    let filter = ResizeAlg::Convolution(FilterType::CatmullRom);
    let options = ResizeOptions::new().resize_alg(filter).crop(
        across * without,
        down * without,
        across * rest,
        down * rest,
    );
    Resizer::new().resize(&from, &mut to, &options).ok()?;
    Some(Pixels { width, height, rgb: to.into_vec() })
}

fn turned(pixels: Pixels, orientation: u8) -> Pixels {
    let Some(orientation) = Orientation::from_exif(orientation) else { return pixels };
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let Pixels { width, height, rgb } = pixels;
    let Some(buffer) = image::RgbImage::from_raw(width, height, rgb) else {
        return Pixels { width: 0, height: 0, rgb: Vec::new() };
    };
    let mut image = DynamicImage::ImageRgb8(buffer);
    image.apply_orientation(orientation);
    Pixels { width: image.width(), height: image.height(), rgb: image.into_rgb8().into_raw() }
}

impl Pixels {
    /// As a JPEG without any metadata. Progressive where it is looked at while it loads.
    pub(super) fn jpeg(&self, quality: u8, progressive: bool) -> Option<Vec<u8>> {
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, quality);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.set_progressive(progressive);
        let (width, height) = (self.width.try_into().ok()?, self.height.try_into().ok()?);
        encoder.encode(&self.rgb, width, height, ColorType::Rgb).ok()?;
        Some(jpeg)
    }

    /// How light each pixel is, 0 to 255 (ITU-R BT.601).
    pub(super) fn light(&self) -> Vec<u8> {
        let light = |pixel: &[u8]| {
            let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
            ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
        };
        self.rgb.chunks_exact(3).map(light).collect()
    }
}

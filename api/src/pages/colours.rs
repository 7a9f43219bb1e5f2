//! An agency's two colours, made readable whatever they are.

use std::fmt;

/// The lightest and the darkest ground that a brand colour is used on as text; `page.css` names the same two values.
pub(super) const LIGHT_GROUND: Colour = Colour(0xf2, 0xf4, 0xf7);
pub(super) const DARK_GROUND: Colour = Colour(0x1d, 0x23, 0x2c);

const BLACK: Colour = Colour(0, 0, 0);
const WHITE: Colour = Colour(255, 255, 255);
/// WCAG 2 level AA: text, and the outline of something one can press.
const TEXT: f64 = 4.5;
const OUTLINE: f64 = 3.0;

/// An sRGB colour that came from `#rgb` or `#rrggbb` and nothing else, so that it can stand in a stylesheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(u8, u8, u8);

/// A colour that is not written as `#rgb` or `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is written as #rgb or #rrggbb")]
pub struct InvalidColour;

impl Colour {
    /// Reads `#rgb` or `#rrggbb`.
    ///
    /// # Errors
    /// When the text is anything else, a colour's name included: it goes into a stylesheet.
    pub fn parse(text: &str) -> Result<Self, InvalidColour> {
        let digits = text.trim().strip_prefix('#').ok_or(InvalidColour)?;
        let digits = digits
            .chars()
            .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
            .collect::<Option<Vec<u8>>>();
        match digits.as_deref() {
            Some(&[r, g, b]) => Ok(Self(r * 17, g * 17, b * 17)),
            Some(&[r1, r2, g1, g2, b1, b2]) => Ok(Self(r1 * 16 + r2, g1 * 16 + g2, b1 * 16 + b2)),
            _ => Err(InvalidColour),
        }
    }

    /// The WCAG contrast ratio of two colours, 1 to 21.
    pub fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Black or white, whichever is easier to read on this colour: always at least 4.5 to 1.
    #[must_use]
    pub fn readable_text(self) -> Self {
        if self.contrast(WHITE) >= self.contrast(BLACK) {
            WHITE
        } else {
            BLACK
        }
    }

    /// The same hue, moved towards `target` only as far as it must to stand out from `ground`.
    fn standing_out_from(self, ground: Self, target: Self, ratio: f64) -> Self {
        (0..=u16::from(u8::MAX))
            .map(|step| self.towards(target, step))
            .find(|colour| colour.contrast(ground) >= ratio)
            .unwrap_or(target)
    }

    fn towards(self, target: Self, step: u16) -> Self {
        let full = u16::from(u8::MAX);
        let mix = |from: u8, to: u8| {
            u8::try_from((u16::from(from) * (full - step) + u16::from(to) * step) / full).unwrap_or(to)
        };
        Self(mix(self.0, target.0), mix(self.1, target.1), mix(self.2, target.2))
    }

    fn luminance(self) -> f64 {
        let channel = |value: u8| {
            let share = f64::from(value) / 255.0;
            if share <= 0.040_45 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(self.0) + 0.7152 * channel(self.1) + 0.0722 * channel(self.2)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// The stylesheet `/c/assets/brand.css` of one agency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrandCss {
    /// The colour of the band at the top and of the one button that matters.
    pub primary: Colour,
    /// The colour of small marks: the line under the band, "best match".
    pub accent: Colour,
}

impl BrandCss {
    /// Takes the colours as an agency writes them.
    ///
    /// # Errors
    /// When one of them is not a hex colour.
    pub fn parse(primary: &str, accent: &str) -> Result<Self, InvalidColour> {
        Ok(Self {
            primary: Colour::parse(primary)?,
            accent: Colour::parse(accent)?,
        })
    }

    /// The primary colour where it outlines something on a light ground, and on a dark one.
    pub(crate) fn edges(self) -> (Colour, Colour) {
        let light = self.primary.standing_out_from(LIGHT_GROUND, BLACK, OUTLINE);
        let dark = self.primary.standing_out_from(DARK_GROUND, WHITE, OUTLINE);
        (light, dark)
    }

    /// The custom properties that `page.css` builds on: `ink` is the primary colour where it is text, `edge` where it outlines.
    pub fn css(&self) -> String {
        let Self { primary, accent } = *self;
        let dark_of = |ratio| primary.standing_out_from(LIGHT_GROUND, BLACK, ratio);
        let light_of = |ratio| primary.standing_out_from(DARK_GROUND, WHITE, ratio);
        let properties = [
            ("primary", primary),
            ("on-primary", primary.readable_text()),
            ("accent", accent),
            ("on-accent", accent.readable_text()),
            ("ink-light", dark_of(TEXT)),
            ("ink-dark", light_of(TEXT)),
            ("edge-light", dark_of(OUTLINE)),
            ("edge-dark", light_of(OUTLINE)),
        ];
        let lines = properties.map(|(name, colour)| format!("  --{name}: {colour};\n"));
        format!(":root {{\n{}}}\n", lines.concat())
    }
}

/// For an agency that has not chosen: a calm slate blue and a warm mark.
impl Default for BrandCss {
    fn default() -> Self {
        Self {
            primary: Colour(0x2f, 0x4b, 0x6e),
            accent: Colour(0xe0, 0xa4, 0x58),
        }
    }
}

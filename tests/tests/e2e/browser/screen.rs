//! The devices that people hold.

/// A kind of screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    /// A phone of today.
    Phone,
    /// The narrowest phone that is still around.
    NarrowPhone,
    /// A phone of some years ago.
    SmallPhone,
    /// A tablet, or half of a laptop's screen.
    Tablet,
    /// A laptop.
    Desktop,
}

/// Light or dark, as the device prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Light,
    Dark,
}

pub(super) const PHONE: &str = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) \
                                Chrome/140.0.0.0 Mobile Safari/537.36";
const LAPTOP: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

impl Screen {
    /// Where pages are looked at.
    pub(super) const ALL: [Self; 3] = [Self::Phone, Self::NarrowPhone, Self::Desktop];
    /// Where mails are looked at: mail programs give them all kinds of room.
    pub(super) const OF_MAILS: [Self; 5] = [
        Self::Phone,
        Self::NarrowPhone,
        Self::SmallPhone,
        Self::Tablet,
        Self::Desktop,
    ];

    pub(super) fn size(self) -> (u32, u32) {
        match self {
            Self::Phone => (390, 844),
            Self::NarrowPhone => (320, 568),
            Self::SmallPhone => (375, 667),
            Self::Tablet => (800, 1180),
            Self::Desktop => (1280, 900),
        }
    }

    pub(super) fn is_phone(self) -> bool {
        self != Self::Desktop
    }

    /// What the browser calls itself there.
    pub(super) fn user_agent(self) -> &'static str {
        if self.is_phone() { PHONE } else { LAPTOP }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::NarrowPhone => "narrow-phone",
            Self::SmallPhone => "small-phone",
            Self::Tablet => "tablet",
            Self::Desktop => "desktop",
        }
    }
}

impl Scheme {
    pub(super) const ALL: [Self; 2] = [Self::Light, Self::Dark];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

//! Every page in every state, filled with the words of one agency or of somebody hostile.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    super::{
        Ask, Brand, ConnectedAlready, Contact, Declined, Ended, Go, Icon, InAppBrowser, Invitation, MissingPermission,
        Notice, Problem, Provider, ProviderUrl, Reopen, Requester, Success, Template, Trouble, qr,
    },
    sample_pickers::pickers,
};

pub(super) const LINK: &str = "https://connect.bright.example/c/AcrYGf0kq2mV7xYt1n9wQe3uZb5Lh8Kd4RsP6o";
pub(super) const SIGN_IN: &str = "https://accounts.google.com/o/oauth2/v2/auth?client_id=1234&state=abc%2Ddef&scope=openid+email&prompt=select_account+consent";
const TOKEN: &str = "AcrYGf0kq2mV7xYt1n9wQe3uZb5Lh8Kd4RsP6o";

/// The texts that people outside choose.
pub(super) struct Words {
    pub(super) brand: Brand,
    pub(super) person: &'static str,
    pub(super) place: &'static str,
    pub(super) title: &'static str,
    pub(super) address: &'static str,
    pub(super) query: &'static str,
}

pub(super) fn friendly() -> Words {
    Words {
        brand: Brand {
            company: "Bright Side Marketing".to_owned(),
            support_contact: Contact::parse("help@bright.example").ok(),
            has_logo: false,
            monogram: Brand::monogram_of("Bright Side Marketing"),
            lang: "en".to_owned(),
        },
        person: "Jana Weber",
        place: "Café Luna, Hamburg",
        title: "Café Luna",
        address: "Lange Reihe 12, 20099 Hamburg",
        query: "luna",
    }
}

/// The same text wherever a text can come from outside.
pub(super) fn hostile(text: &'static str) -> Words {
    let brand = Brand {
        company: text.to_owned(),
        support_contact: None,
        has_logo: true,
        monogram: text.to_owned(),
        lang: text.to_owned(),
    };
    Words {
        brand,
        person: text,
        place: text,
        title: text,
        address: text,
        query: text,
    }
}

pub(super) fn google() -> Provider<'static> {
    Provider {
        name: "Google Business Profile",
        account: "Google",
        listing: "Business Profile",
        listings: "Business Profiles",
        icon: Icon::Google,
    }
}

fn facebook() -> Provider<'static> {
    Provider {
        name: "Facebook Page",
        account: "Facebook",
        listing: "Page",
        listings: "Pages",
        icon: Icon::Facebook,
    }
}

fn clickup() -> Provider<'static> {
    Provider {
        name: "ClickUp",
        account: "ClickUp",
        listing: "workspace",
        listings: "workspaces",
        icon: Icon::App,
    }
}

/// Every page in every state, under a name that says which.
pub(super) fn every_page(words: &Words) -> Vec<(String, String)> {
    [
        invitations(words),
        detours(words),
        pickers(words),
        endings(words),
        problems(words),
    ]
    .concat()
}

pub(super) fn page(name: &str, template: &impl Template) -> (String, String) {
    (name.to_owned(), template.render().unwrap())
}

pub(super) fn invitation(words: &Words) -> Invitation<'_> {
    Invitation {
        brand: &words.brand,
        token: TOKEN,
        csrf: "5f1c",
        requester: Some(Requester {
            name: words.person,
            email: Some("jana@bright.example"),
        }),
        provider: google(),
        location: Some(words.place),
        connection: None,
        permissions: vec![
            "Read your reviews and answer them for you",
            "See how often people find, call and visit you",
            "Keep your opening hours and address up to date",
        ],
        expires_at: DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_679) + TimeDelta::hours(16),
        can_reject: true,
        notice: None,
    }
}

fn invitations(words: &Words) -> Vec<(String, String)> {
    let mut pages = vec![
        page("invitation", &invitation(words)),
        page(
            "invitation-facebook",
            &Invitation {
                provider: facebook(),
                connection: Some(words.title),
                ..invitation(words)
            },
        ),
    ];
    let notices = [
        Notice::Denied,
        Notice::Interrupted,
        Notice::ProviderFailed,
        Notice::DifferentAccount,
    ];
    pages.extend(notices.map(|notice| {
        page(
            &format!("invitation-{notice:?}"),
            &Invitation {
                notice: Some(notice),
                ..invitation(words)
            },
        )
    }));
    pages
}

fn detours(words: &Words) -> Vec<(String, String)> {
    let brand = &words.brand;
    vec![
        page(
            "in-app",
            &InAppBrowser {
                brand,
                provider: google(),
                app: Some("WhatsApp"),
                url: LINK,
                qr: qr::svg(LINK).ok(),
                continue_path: "/c/abc?here=1",
            },
        ),
        page(
            "go",
            &Go {
                brand,
                provider: google(),
                url: ProviderUrl::parse(SIGN_IN).unwrap(),
            },
        ),
        page(
            "missing-permission",
            &MissingPermission {
                brand,
                provider: google(),
                token: TOKEN,
                csrf: "5f1c",
                missing: vec!["See, edit, create and delete your Google business listings"],
            },
        ),
    ]
}

fn endings(words: &Words) -> Vec<(String, String)> {
    let brand = &words.brand;
    let success = Success {
        brand,
        provider: google(),
        listing: Some(words.title),
        location: Some(words.place),
        connection: None,
        withdraw_at: Some("your Google Account, under Security, Third-party apps"),
    };
    vec![
        page("success", &success),
        page(
            "success-plain",
            &Success {
                provider: clickup(),
                listing: None,
                location: None,
                connection: Some(words.title),
                withdraw_at: None,
                ..success
            },
        ),
        page("declined", &Declined { brand }),
        page("connected-already", &ConnectedAlready { brand }),
        page(
            "ended",
            &Ended {
                brand,
                ask: Ask::Unavailable,
            },
        ),
        page(
            "ended-offered",
            &Ended {
                brand,
                ask: Ask::Offered {
                    token: TOKEN,
                    csrf: "5f1c",
                },
            },
        ),
        page("ended-told", &Ended { brand, ask: Ask::Done }),
        page("reopen", &Reopen { brand }),
    ]
}

fn problems(words: &Words) -> Vec<(String, String)> {
    let troubles = [
        Trouble::TooManyTries { retry_after: 150 },
        Trouble::TryAgain,
        Trouble::BadForm,
        Trouble::NotFound,
    ];
    troubles
        .map(|trouble| {
            page(
                &format!("problem-{trouble:?}").replace([' ', '{', '}', ':'], ""),
                &Problem {
                    brand: &words.brand,
                    trouble,
                },
            )
        })
        .to_vec()
}

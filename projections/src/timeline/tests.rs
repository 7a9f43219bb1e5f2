//! A whole story, read aloud.

use domain::connect_link::AttemptFailure;

use super::*;
use crate::stories::{LIFE, Story, World, google, integration, link, minute};

fn read_aloud(story: &Story) -> Vec<String> {
    let mut names = Names::default();
    for (recorded, event) in story.opened() {
        names.learn(recorded, event);
    }
    entries(story, &names).into_iter().map(|entry| entry.text).collect()
}

fn entries(story: &Story, names: &Names) -> Vec<TimelineEntry> {
    let entry = |(recorded, event): (&Recorded, &Event)| {
        let metadata = serde_json::from_str(&recorded.metadata).unwrap();
        TimelineEntry::new(recorded, event, &metadata, names)
    };
    story.opened().map(entry).collect()
}

/// A41, A42: issue, start, completion and everything between, told so that a person understands it.
#[test]
fn the_life_of_a_link_reads_as_a_story() {
    let story = Story::new()
        .anna_joined()
        .issued()
        .opened_by_a_scanner()
        .opened_by_a_person()
        .started()
        .failed(AttemptFailure::MissingScopes)
        .started()
        .answered_in_another_browser()
        .authorized()
        .completed();
    assert_eq!(
        read_aloud(&story),
        [
            "The operator added Anna Berg as owner",
            "Anna Berg (owner) issued a connect link “Reviews” for Google, valid until 28 November 2026, 10:01 UTC",
            "Anna Berg (owner) asked for the Google connection by link",
            "Somebody opened the link (probably a mail scanner)",
            "Somebody opened the link",
            "The customer accepted and went to sign in at Google",
            "The customer signed in at Google but left out a permission that the connection needs; the link stays usable",
            "The customer accepted and went to sign in at Google",
            "The provider's answer arrived in another browser and was refused; the link is untouched",
            "The customer signed in at Google and granted access",
            "The customer picked a listing; the link is used up",
            "Credentials from Google were stored with 1 permission (generation 1)",
            "The link did its work: the connection no longer waits for it",
            "“Café am Markt” (Markt 1, Leipzig) is connected through the account owner@cafe.example",
            "The first synchronisation with Google was asked for",
        ]
    );
}

/// B34: the date of expiry is told.
#[test]
fn the_ends_of_links_read_as_stories() {
    let ends = Story::new()
        .anna_joined()
        .issued()
        .declined()
        .about(World::default().with_link(2))
        .issued()
        .revoked()
        .about(World::default().with_link(3))
        .issued()
        .found_expired(minute(LIFE));
    let told = read_aloud(&ends);
    assert_eq!(told[3], "The customer declined; the link is over");
    assert_eq!(told[4], "The connection no longer waits for the link: it was declined");
    assert_eq!(told[7], "Anna Berg (owner) revoked the link");
    assert_eq!(told[11], "The link expired on 28 November 2026, 10:00 UTC");
}

/// Whoever was erased is nobody in particular; the story still stands.
#[test]
fn erased_people_leave_the_story_standing() {
    let story = Story::new().anna_joined().issued().completed().everybody_erased();
    let told = read_aloud(&story);
    assert_eq!(told[0], "The operator added a member as owner");
    assert_eq!(
        told[1],
        "A member (owner) issued a connect link for Google, valid until 28 November 2026, 10:01 UTC"
    );
    assert_eq!(told[6], "The picked listing is connected");
}

/// Whoever asks for a part of a story gets sentences all the same, and may tell what the link is for.
#[test]
fn a_part_of_a_story_reads_without_its_beginning() {
    let story = Story::new().started();
    let mut names = Names::default();
    let text = |names: &Names| entries(&story, names)[0].text.clone();
    assert_eq!(
        text(&names),
        "The customer accepted and went to sign in at the provider"
    );
    names.link_is_for(link(), google());
    names.provider_is_called(google(), "Google Workspace");
    assert_eq!(
        text(&names),
        "The customer accepted and went to sign in at Google Workspace"
    );
}

/// B59, and who acted for whom: position, time, actor and network stand beside the sentence.
#[test]
fn an_entry_says_when_who_for_whom_and_from_where() {
    let story = Story::new().anna_joined().started();
    let mut names = Names::default();
    let (recorded, event) = story.opened().next().unwrap();
    names.learn(recorded, event);
    let (recorded, event) = story.opened().nth(1).unwrap();
    let mut metadata: Metadata = serde_json::from_str(&recorded.metadata).unwrap();
    let entry = TimelineEntry::new(recorded, event, &metadata, &names);
    assert_eq!(
        entry.to_string(),
        "2026-11-21 10:01:00 UTC  #2  The customer accepted and went to sign in at the provider  [network 5f3a9c21]"
    );
    let anna = crate::stories::anna();
    metadata.insert(ACTOR.to_owned(), format!("api_key:3/{anna}"));
    metadata.insert(ON_BEHALF_OF.to_owned(), "customer".to_owned());
    let entry = TimelineEntry::new(recorded, event, &metadata, &names);
    assert_eq!(entry.who, "API key 3 of Anna Berg (owner)");
    assert_eq!(entry.on_behalf_of.as_deref(), Some("the customer"));
    assert_eq!(
        entry.text,
        "API key 3 of Anna Berg (owner), on behalf of the customer, accepted and went to sign in at the provider"
    );
}

/// What is done to a connection itself has no link to ask: the connection says which provider it is with, or none is named.
/// Mutant: without what the connection says, this fails.
#[test]
fn the_end_of_a_connection_names_its_provider() {
    let story = Story::new().issued().disconnected().deleted();
    let ends = |names: &Names| {
        let told: Vec<_> = entries(&story, names).into_iter().map(|entry| entry.text).collect();
        told[told.len() - 2..].to_vec()
    };
    let mut names = Names::default();
    assert_eq!(
        ends(&names),
        [
            "A member disconnected the connection",
            "The operator deleted the connection"
        ]
    );
    names.integration_is_with(integration(), google());
    assert_eq!(
        ends(&names),
        [
            "A member disconnected the Google connection",
            "The operator deleted the Google connection"
        ]
    );
}

/// A link's events never make a sentence with a token or its hash.
#[test]
fn no_sentence_gives_a_token_away() {
    let hash = serde_json::to_string(&domain::secret_hash::SecretHash::of("token")).unwrap();
    let told = read_aloud(&Story::new().issued()).join("\n");
    assert!(!told.contains(hash.trim_matches('"')));
}

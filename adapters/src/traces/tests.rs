//! What a caller may say of a trace, and what a configuration may.

use super::*;

fn parent(text: &str) -> Option<Parent> {
    text.parse().ok()
}

#[test]
fn a_parent_is_read_as_the_standard_says_and_everything_else_is_none() {
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let read = parent(&format!("00-{trace}-00f067aa0ba902b7-01")).unwrap();
    assert_eq!(format!("{:032x}", read.trace), trace);
    assert_eq!((read.step, read.is_sampled), (0x00f0_67aa_0ba9_02b7, true));
    assert!(!parent(&format!("00-{trace}-00f067aa0ba902b7-02")).unwrap().is_sampled);
    assert!(parent(&format!("01-{trace}-00f067aa0ba902b7-01-of-a-later-version")).is_some());
    for refused in [
        String::new(),
        format!("00-{trace}-00f067aa0ba902b7"),
        format!("00-{trace}-00f067aa0ba902b7-01-more"),
        format!("ff-{trace}-00f067aa0ba902b7-01"),
        format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()),
        format!("00-{trace}-0000000000000000-01"),
        format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
        format!("00-{}-00f067aa0ba902b7-01", "+".repeat(32)),
        format!("00-{trace}-00f067aa0ba902é-01"),
    ] {
        assert_eq!(parent(&refused), None, "{refused}");
    }
}

fn to(endpoint: &str) -> TracesConfig {
    TracesConfig {
        endpoint: Some(endpoint.to_owned()),
        ..TracesConfig::default()
    }
}

#[test]
fn steps_go_over_https_or_to_this_machine_and_a_complaint_repeats_no_secret() {
    for fine in [
        "http://127.0.0.1:4318",
        "http://localhost:4318/",
        "https://traces.example.com/otlp",
        "",
    ] {
        assert_eq!(to(fine).validate(), Ok(()), "{fine}");
    }
    for refused in [
        "http://collector:4318",
        "127.0.0.1:4318",
        "https://u:canary@traces.example.com",
        "http://c/?canary",
    ] {
        let complaint = to(refused).validate().unwrap_err().to_string();
        assert!(
            complaint.contains("traces.endpoint") && !complaint.contains("canary"),
            "{complaint}"
        );
    }
    let mut config = to("http://localhost:4318");
    config
        .headers
        .insert("authorization".to_owned(), "canary\n".to_owned().into());
    let complaint = config.validate().unwrap_err().to_string();
    assert!(
        complaint.contains("authorization") && !complaint.contains("canary"),
        "{complaint}"
    );
    assert!(!format!("{config:?}").contains("canary"));
    for ratio in [-0.1, 1.1, f64::NAN] {
        let config = TracesConfig {
            sample_ratio: ratio,
            ..TracesConfig::default()
        };
        assert_eq!(config.validate(), Err(TracesError::Ratio));
    }
}

//! As much HTML as the stories need: forms with their hidden fields, attributes, and text without its escapes.

/// The value of an attribute of the first tag in `html`.
pub(super) fn attribute(html: &str, name: &str) -> Option<String> {
    let tag = html.split('>').next()?;
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    Some(unescaped(rest.split('"').next()?))
}

/// The form of a page that posts to a path with that end: its address and its hidden fields.
pub(super) fn form(html: &str, end: &str) -> Option<Form> {
    html.split("<form").skip(1).find_map(|rest| {
        let inside = rest.split("</form>").next()?;
        let action = attribute(rest, "action")?;
        let posts = attribute(rest, "method").is_some_and(|method| method == "post");
        (posts && action.ends_with(end)).then(|| Form {
            action,
            hidden: hidden(inside),
        })
    })
}

/// A form of a page.
pub(super) struct Form {
    pub(super) action: String,
    pub(super) hidden: Vec<(String, String)>,
}

/// The check boxes of a page, and whether they are ticked.
pub(super) fn boxes(html: &str) -> Vec<(String, bool)> {
    inputs(html, "checkbox")
        .filter_map(|input| Some((attribute(input, "value")?, tag(input).contains(" checked"))))
        .collect()
}

/// The radio buttons of a page, and whether they can be chosen.
pub(super) fn choices(html: &str) -> Vec<(String, bool)> {
    inputs(html, "radio")
        .filter_map(|input| Some((attribute(input, "value")?, !tag(input).contains(" disabled"))))
        .collect()
}

fn hidden(html: &str) -> Vec<(String, String)> {
    inputs(html, "hidden")
        .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)))
        .collect()
}

fn inputs<'a>(html: &'a str, kind: &str) -> impl Iterator<Item = &'a str> {
    let wanted = format!(" type=\"{kind}\"");
    html.split("<input")
        .skip(1)
        .filter(move |rest| tag(rest).contains(&wanted))
}

fn tag(html: &str) -> &str {
    html.split('>').next().unwrap_or_default()
}

/// What a page reads, without its tags.
pub(super) fn text(html: &str) -> String {
    let parts = html
        .split('<')
        .map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    unescaped(&parts.collect::<String>())
}

/// The escapes that pages of ours and of the simulator use.
pub(super) fn unescaped(text: &str) -> String {
    let escapes = [
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#60;", "<"),
        ("&lt;", "<"),
        ("&#62;", ">"),
        ("&gt;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    escapes
        .iter()
        .fold(text.to_owned(), |text, (escape, plain)| text.replace(escape, plain))
}

//! Values that a configuration finds by JSON pointers.

use serde_json::Value;

/// A text, or a whole number as one; none where there is nothing, or no pointer.
pub(super) fn text_at(value: &Value, pointer: &str) -> Option<String> {
    if pointer.is_empty() {
        return None;
    }
    match value.pointer(pointer)? {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// Whether a text points somewhere in a JSON value (RFC 6901).
pub(super) fn is_pointer(text: &str) -> bool {
    let escapes = |part: &str| part.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.starts_with('/') && escapes(text)
}

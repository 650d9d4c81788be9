//! Why a body is refused, and in which words.

use crate::api::error::ApiError;
use crate::json::Malformed;

/// Why the edge refuses a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// It is not JSON in UTF-8.
    Malformed(Malformed),
    /// It is JSON, but not an object.
    NotAnObject,
    /// A key that decides something stands twice in one object.
    Duplicate(&'static str),
    /// A key is one that decides something but for its case: some parsers take the one for the other.
    OtherCase(&'static str),
    /// A field is of the wrong type; the second is the type that it must have.
    WrongType(&'static str, &'static str),
}

impl From<Malformed> for BodyFault {
    fn from(malformed: Malformed) -> BodyFault {
        BodyFault::Malformed(malformed)
    }
}

impl From<BodyFault> for ApiError {
    fn from(fault: BodyFault) -> ApiError {
        match fault {
            BodyFault::Malformed(malformed) => {
                let message = format!(
                    "The request's body could not be parsed as JSON: expected {} at byte {}.",
                    malformed.expected, malformed.at
                );
                ApiError::new(400, "invalid_json", message)
            }
            BodyFault::NotAnObject => ApiError::new(
                400,
                "invalid_json",
                "The request's body is JSON, but not an object: write the fields between `{` and `}`.",
            ),
            BodyFault::Duplicate(key) => {
                let message = format!("The key `{key}` stands twice in one object of the body: leave one of them out.");
                ApiError::new(400, "duplicate_key", message).about(key)
            }
            BodyFault::OtherCase(key) => {
                let message = format!("A key of the body is `{key}` in another case: write `{key}`.");
                ApiError::new(400, "invalid_key", message).about(key)
            }
            BodyFault::WrongType(key, wanted) => {
                ApiError::new(400, "invalid_type", format!("`{key}` has to be {wanted}.")).about(key)
            }
        }
    }
}

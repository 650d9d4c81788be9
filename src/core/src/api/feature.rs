//! The features of a request that not every target has.

use crate::name::Named;

/// One such feature. A request that uses it is never sent to a target that lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Feature {
    /// `tools` or `functions`.
    Tools,
    /// Image parts.
    Images,
    /// Image parts that the cloud has to fetch (`https:`).
    ImageUrls,
    /// Audio parts, or an answer in audio.
    Audio,
    /// File parts.
    Files,
    /// `response_format` / `text.format` of type `json_object`.
    JsonObject,
    /// `response_format` / `text.format` of type `json_schema`.
    JsonSchema,
    /// `logprobs: true`, or `top_logprobs` above 0.
    Logprobs,
    /// `n` above 1.
    Choices,
    /// State that one account keeps: `previous_response_id`, `conversation`, an `item_reference`.
    State,
    /// `background: true`.
    Background,
    /// `web_search_options`, or a tool of type `web_search…`.
    WebSearch,
    /// `prompt`: a template stored in one account.
    StoredPrompt,
    /// `stop`.
    Stop,
    /// Trailers behind the body (HTTP/2).
    Trailers,
}

impl Named for Feature {
    const ALL: &'static [Feature] = &[
        Feature::Tools,
        Feature::Images,
        Feature::ImageUrls,
        Feature::Audio,
        Feature::Files,
        Feature::JsonObject,
        Feature::JsonSchema,
        Feature::Logprobs,
        Feature::Choices,
        Feature::State,
        Feature::Background,
        Feature::WebSearch,
        Feature::StoredPrompt,
        Feature::Stop,
        Feature::Trailers,
    ];

    fn name(self) -> &'static str {
        match self {
            Feature::Tools => "tools",
            Feature::Images => "images",
            Feature::ImageUrls => "image_urls",
            Feature::Audio => "audio",
            Feature::Files => "files",
            Feature::JsonObject => "json_object",
            Feature::JsonSchema => "json_schema",
            Feature::Logprobs => "logprobs",
            Feature::Choices => "choices",
            Feature::State => "state",
            Feature::Background => "background",
            Feature::WebSearch => "web_search",
            Feature::StoredPrompt => "stored_prompt",
            Feature::Stop => "stop",
            Feature::Trailers => "trailers",
        }
    }
}

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features(u32);

impl Features {
    /// Puts `feature` in.
    pub fn add(&mut self, feature: Feature) {
        self.0 |= 1 << feature as u8;
    }

    /// Puts `feature` in if the request uses it.
    pub fn add_if(&mut self, feature: Feature, used: bool) {
        if used {
            self.add(feature);
        }
    }

    /// Both sets together.
    pub fn union(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }

    /// Whether the request names what one account keeps, by an id that it gave: any other account could only say that it
    /// knows no such thing.
    pub fn of_one_account(self) -> bool {
        self.has(Feature::State) || self.has(Feature::StoredPrompt)
    }

    /// Whether `feature` is in.
    pub fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u8) != 0
    }

    /// Whether nothing is in.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in both.
    pub fn shared(self, other: Features) -> Features {
        Features(self.0 & other.0)
    }

    /// The features in it.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::ALL.iter().copied().filter(move |feature| self.has(*feature))
    }
}

impl FromIterator<Feature> for Features {
    fn from_iter<I: IntoIterator<Item = Feature>>(features: I) -> Features {
        let mut set = Features::default();
        set.extend(features);
        set
    }
}

impl Extend<Feature> for Features {
    fn extend<I: IntoIterator<Item = Feature>>(&mut self, features: I) {
        features.into_iter().for_each(|feature| self.add(feature));
    }
}

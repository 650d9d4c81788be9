//! The features of a request that not every target has.

use crate::name::Named;

/// One such feature. A request that uses it is never sent to a target that lacks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Feature {
    /// `tools` or `functions`, wherever they stand.
    Tools,
    /// A tool of type `code_interpreter`.
    CodeInterpreter,
    /// A tool of type `file_search`.
    FileSearch,
    /// `web_search_options`, or a tool of type `web_search…`.
    WebSearch,
    /// A tool of type `image_generation`.
    ImageGeneration,
    /// A tool of type `mcp`: a server that the cloud calls.
    Mcp,
    /// A tool of type `computer…`.
    Computer,
    /// A tool of type `shell` or `local_shell`.
    Shell,
    /// A tool of type `apply_patch`.
    ApplyPatch,
    /// A tool of a type that is none of the above and not `function`, `custom`, `namespace` or `tool_search`.
    OtherTools,
    /// Input items of types that only some clouds take: `agent_message`, `context_compaction`, `local_shell_call`.
    AgentItems,
    /// Image parts.
    Images,
    /// Image parts that the cloud has to fetch (`https:`).
    ImageUrls,
    /// Image parts that stand in Amazon S3 (`s3:`).
    S3Images,
    /// Image parts in what a function or custom tool has put out.
    ToolImages,
    /// Audio parts, or a completion in audio.
    Audio,
    /// File parts.
    Files,
    /// File parts that the cloud has to fetch (`file_url`).
    FileUrls,
    /// `response_format` / `text.format` of type `json_object`.
    JsonObject,
    /// `response_format` / `text.format` of type `json_schema`.
    JsonSchema,
    /// `logprobs: true`, `top_logprobs` above 0, or `include` of `message.output_text.logprobs`.
    Logprobs,
    /// `n` above 1.
    Choices,
    /// `stop`.
    Stop,
    /// A `service_tier` other than `auto` and `default`.
    ServiceTier,
    /// A `reasoning.summary` other than `auto`.
    ReasoningSummary,
    /// `background: true`.
    Background,
    /// Azure's `data_sources`.
    DataSources,
    /// What one account keeps of earlier turns: `previous_response_id`, `conversation`, an item that is given by its
    /// id.
    State,
    /// `encrypted_content`, of reasoning or compaction items for one: only the account that made it can read it.
    EncryptedContent,
    /// Files, containers and vector stores that one account keeps, by their ids.
    StoredFiles,
    /// `prompt`: a template stored in one account.
    StoredPrompt,
    /// An operation on a response that the account keeps: it is fetched, deleted, cancelled, or its input listed.
    KeptResponses,
    /// `/responses/compact`.
    Compact,
    /// `/responses/input_tokens`.
    InputTokens,
    /// Trailers behind the body (HTTP/2).
    Trailers,
}

impl Named for Feature {
    const ALL: &'static [Feature] = &[
        Feature::Tools,
        Feature::CodeInterpreter,
        Feature::FileSearch,
        Feature::WebSearch,
        Feature::ImageGeneration,
        Feature::Mcp,
        Feature::Computer,
        Feature::Shell,
        Feature::ApplyPatch,
        Feature::OtherTools,
        Feature::AgentItems,
        Feature::Images,
        Feature::ImageUrls,
        Feature::S3Images,
        Feature::ToolImages,
        Feature::Audio,
        Feature::Files,
        Feature::FileUrls,
        Feature::JsonObject,
        Feature::JsonSchema,
        Feature::Logprobs,
        Feature::Choices,
        Feature::Stop,
        Feature::ServiceTier,
        Feature::ReasoningSummary,
        Feature::Background,
        Feature::DataSources,
        Feature::State,
        Feature::EncryptedContent,
        Feature::StoredFiles,
        Feature::StoredPrompt,
        Feature::KeptResponses,
        Feature::Compact,
        Feature::InputTokens,
        Feature::Trailers,
    ];

    fn name(self) -> &'static str {
        match self {
            Feature::Tools => "tools",
            Feature::CodeInterpreter => "code_interpreter",
            Feature::FileSearch => "file_search",
            Feature::WebSearch => "web_search",
            Feature::ImageGeneration => "image_generation",
            Feature::Mcp => "mcp",
            Feature::Computer => "computer",
            Feature::Shell => "shell",
            Feature::ApplyPatch => "apply_patch",
            Feature::OtherTools => "other_tools",
            Feature::AgentItems => "agent_items",
            Feature::Images => "images",
            Feature::ImageUrls => "image_urls",
            Feature::S3Images => "s3_images",
            Feature::ToolImages => "tool_images",
            Feature::Audio => "audio",
            Feature::Files => "files",
            Feature::FileUrls => "file_urls",
            Feature::JsonObject => "json_object",
            Feature::JsonSchema => "json_schema",
            Feature::Logprobs => "logprobs",
            Feature::Choices => "choices",
            Feature::Stop => "stop",
            Feature::ServiceTier => "service_tier",
            Feature::ReasoningSummary => "reasoning_summary",
            Feature::Background => "background",
            Feature::DataSources => "data_sources",
            Feature::State => "state",
            Feature::EncryptedContent => "encrypted_content",
            Feature::StoredFiles => "stored_files",
            Feature::StoredPrompt => "stored_prompt",
            Feature::KeptResponses => "kept_responses",
            Feature::Compact => "compact",
            Feature::InputTokens => "input_tokens",
            Feature::Trailers => "trailers",
        }
    }
}

// `ALL` stands in the order of the features and misses none, and each has a bit in `Features`.
const _: () = assert!(Feature::Trailers as usize + 1 == Feature::ALL.len() && Feature::ALL.len() <= 64);

/// A set of features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features(u64);

impl Features {
    /// What only a Responses target can have, whatever else it has.
    pub const OF_RESPONSES: Features = Features(
        1 << Feature::Background as u8
            | 1 << Feature::KeptResponses as u8
            | 1 << Feature::Compact as u8
            | 1 << Feature::InputTokens as u8,
    );

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

    /// Whether the request holds what only one account can make sense of: an id that it gave, or what it encrypted. Any
    /// other account could only say that it knows no such thing.
    pub fn of_one_account(self) -> bool {
        [Feature::State, Feature::EncryptedContent, Feature::StoredFiles, Feature::StoredPrompt]
            .into_iter()
            .any(|feature| self.has(feature))
    }

    /// Whether `feature` is in.
    pub fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u8) != 0
    }

    /// Whether nothing is in.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `other` has all that are in this one.
    pub fn within(self, other: Features) -> bool {
        self.0 & !other.0 == 0
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

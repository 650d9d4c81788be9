//! The folder that `render envoy --out` writes and `apply` works on.
//!
//! ```text
//! bootstrap.yaml         what Envoy is started with
//! live/                  what Envoy watches
//! certificates/          which files its certificates are in, each to be read again when it is replaced
//! modules/DIGEST.wasm    each module that a release here needs
//! releases/VERSION.json  each rendering, whole: the one that serves, the one before it, the one to come
//! state.json             which is which
//! ```
//!
//! A file is replaced by renaming another over it: Envoy, and whoever reads, finds the former or the new one, and no half.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::render::digest;
use crate::render::live::release::Release;
use crate::render::rendered::Format;

/// The folder, locked: one command works on it at a time.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// Unlocks when it is closed.
    _lock: File,
}

/// Which release is which.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// The one that serves.
    pub live: String,
    /// The one that served before it.
    pub former: Option<String>,
    /// The one that was rendered last, where Envoy has not got it yet.
    pub next: Option<String>,
    /// The highest number of a generation that there was.
    pub latest: u32,
    /// A change that has begun and not ended.
    pub applying: Option<Applying>,
}

/// A change of releases under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applying {
    /// The release that served before it.
    pub from: String,
    /// The release that serves after it.
    pub to: String,
    /// Whether requests go by the new one already.
    pub switched: bool,
}

/// What went wrong with a file, for a person.
pub type Trouble = String;

impl Folder {
    /// The folder at `path`, which is made where `make` says so.
    pub fn open(path: &Path, make: bool) -> Result<Folder, Trouble> {
        let shown = path.display();
        if make {
            fs::create_dir_all(path).map_err(|error| format!("cannot make the folder {shown}: {error}"))?;
        }
        let root = path.canonicalize().map_err(|error| {
            format!(
                "cannot open the folder {shown}: {error}\n  help: `multihome render envoy POLICY --out DIR` makes it"
            )
        })?;
        let lock = File::create(root.join(".lock")).map_err(|error| format!("cannot write to {shown}: {error}"))?;
        lock.try_lock().map_err(|_| {
            format!("another `multihome` works on {shown} at this moment\n  help: wait until it has ended")
        })?;
        Ok(Folder { root, _lock: lock })
    }

    /// Where Envoy finds the files that it watches.
    pub fn live(&self) -> PathBuf {
        self.root.join("live")
    }

    /// What Envoy is started with.
    pub fn bootstrap(&self) -> PathBuf {
        self.root.join("bootstrap.yaml")
    }

    /// Which release is which; `None` in a new folder.
    pub fn state(&self) -> Result<Option<State>, Trouble> {
        let file = self.root.join("state.json");
        match fs::read(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("cannot read {}: {error}", file.display())),
            Ok(text) => {
                let state = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))?;
                Ok(Some(state))
            }
        }
    }

    /// Writes down which release is which, and forgets those that are none of them.
    pub fn set_state(&self, state: &State) -> Result<(), Trouble> {
        let text = serde_json::to_string_pretty(state).map_err(|error| error.to_string())?;
        replace(&self.root.join("state.json"), text.as_bytes())?;
        self.forget(state)
    }

    /// A release of that version.
    pub fn release(&self, version: &str) -> Result<Release, Trouble> {
        let file = self.root.join("releases").join(format!("{version}.json"));
        let trouble = |error: String| {
            format!("{}: {error}\n  help: render the policy again, or take the folder from a copy", file.display())
        };
        let text = fs::read(&file).map_err(|error| trouble(error.to_string()))?;
        serde_json::from_slice(&text).map_err(|error| trouble(error.to_string()))
    }

    /// Keeps a release.
    pub fn keep(&self, release: &Release) -> Result<(), Trouble> {
        let text = serde_json::to_vec(release).map_err(|error| error.to_string())?;
        replace(&self.root.join("releases").join(format!("{}.json", release.version)), &text)
    }

    /// Keeps a copy of a module, so that the one that serves stays what it is, whatever becomes of the file. Gives its digest
    /// and where it is.
    pub fn keep_module(&self, wasm: &Path) -> Result<(String, PathBuf), Trouble> {
        let module = fs::read(wasm).map_err(|error| {
            format!("cannot read the module {}: {error}\n  help: with `--out`, `--wasm` names a file of this machine, which is copied", wasm.display())
        })?;
        let digest = digest::of(&module, 8);
        let file = self.module(&digest);
        if !file.exists() {
            replace(&file, &module)?;
        }
        Ok((digest, file))
    }

    /// Replaces a file that Envoy watches.
    pub fn set_live(&self, file: &str, value: &Value) -> Result<(), Trouble> {
        replace(&self.live().join(file), Format::Yaml.text(HEADING, value).as_bytes())
    }

    /// Removes a file that Envoy watches no more.
    pub fn unset_live(&self, file: &str) {
        // It does no harm where it is.
        let _ = fs::remove_file(self.live().join(file));
    }

    /// Replaces what Envoy is started with; says whether it was another.
    pub fn set_bootstrap(&self, value: &Value) -> Result<bool, Trouble> {
        let text = Format::Yaml.text(HEADING, value);
        let file = self.bootstrap();
        if fs::read_to_string(&file).is_ok_and(|former| former == text) {
            return Ok(false);
        }
        replace(&file, text.as_bytes())?;
        Ok(true)
    }

    /// Writes a whole bootstrap for `work` to look at, and takes it away again.
    pub fn with_whole<T>(&self, whole: &Value, work: impl FnOnce(&Path) -> T) -> Result<T, Trouble> {
        let file = self.root.join(".whole.json");
        replace(&file, Format::Json.text("", whole).as_bytes())?;
        let done = work(&file);
        let _ = fs::remove_file(&file);
        Ok(done)
    }

    /// Where the files are by which Envoy is given certificates.
    pub fn certificates(&self) -> PathBuf {
        self.root.join("certificates")
    }

    /// Writes such a file. What it says never changes: another certificate's file has another name.
    pub fn keep_certificate(&self, name: &str, value: &Value) -> Result<(), Trouble> {
        replace(&self.certificates().join(name), Format::Yaml.text(HEADING, value).as_bytes())
    }

    fn module(&self, digest: &str) -> PathBuf {
        self.root.join("modules").join(format!("{digest}.wasm"))
    }

    fn forget(&self, state: &State) -> Result<(), Trouble> {
        let State { live, former, next, applying, .. } = state;
        let mut kept: Vec<&str> =
            [Some(live), former.as_ref(), next.as_ref()].into_iter().flatten().map(String::as_str).collect();
        kept.extend(applying.iter().flat_map(|applying| [applying.from.as_str(), applying.to.as_str()]));
        let mut modules = Vec::new();
        for version in &kept {
            modules.push(self.release(version)?.module);
        }
        self.keep_only("releases", |stem| kept.contains(&stem));
        self.keep_only("modules", |stem| modules.iter().any(|module| module == stem));
        Ok(())
    }

    fn keep_only(&self, folder: &str, kept: impl Fn(&str) -> bool) {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten().flatten();
        for path in entries.map(|entry| entry.path()) {
            if !path.file_stem().and_then(|stem| stem.to_str()).is_some_and(&kept) {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// Replaces a file: writes beside its place, then renames.
pub fn replace(file: &Path, content: &[u8]) -> Result<(), Trouble> {
    let written = || -> io::Result<()> {
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        // In the same folder, since a rename does not leave a file system; Envoy watches other names.
        let beside = folder.join(format!(".{}.new", file.file_name().unwrap_or_default().display()));
        let mut new = File::create(&beside)?;
        new.write_all(content)?;
        new.sync_all()?;
        fs::rename(&beside, file)
    };
    written().map_err(|error| format!("cannot write {}: {error}", file.display()))
}

const HEADING: &str = "\
# Made by `multihome render envoy --out` and `multihome apply`. Change the policy, render and apply again rather than this file.
";

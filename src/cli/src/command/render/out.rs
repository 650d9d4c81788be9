//! `render envoy --out DIR`: a release for a folder that Envoy watches.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::file;
use crate::folder::{Folder, State, Trouble};
use crate::outcome::Outcome;
use crate::print::note;
use crate::render::envoy;
use crate::render::envoy::options::Options;
use crate::render::live::pieces::{Pieces, name};
use crate::render::live::release::Release;
use crate::render::live::slot::Slot;
use crate::render::live::split::split;
use crate::render::names::Names;
use crate::render::piece::certificate;
use crate::render::piece::policy::Policy;

/// Writes the first release to where Envoy finds it, and any other one to where `apply` does. `envoy`: a binary that is to
/// validate it before.
pub fn write(
    file: &file::Policy,
    mut options: Options,
    out: &Path,
    envoy: Option<&PathBuf>,
) -> Result<String, Outcome> {
    let failed = |trouble: Trouble| Outcome::faults(format!("error: {trouble}\n"));
    let folder = Folder::open(out, true).map_err(failed)?;
    let state = folder.state().map_err(failed)?;
    if state.as_ref().is_some_and(|state| state.applying.is_some()) {
        return Err(failed(format!(
            "a change of {0} has begun and not ended\n  help: `multihome apply {0}` ends it, `multihome apply {0} --back` takes it back",
            out.display()
        )));
    }
    let (module, path) = folder.keep_module(Path::new(&options.paths.wasm)).map_err(failed)?;
    options.paths.wasm = path.display().to_string();
    let certificates = folder.certificates();
    options.paths.certificates = Some(certificates.display().to_string());
    let live = state.as_ref().map(|state| folder.release(&state.live)).transpose().map_err(failed)?;
    let latest = state.as_ref().map_or(0, |state| state.latest);
    let rendered = Rendering { file, options: &options, latest }.after(live.as_ref(), &module);
    if let Some(envoy) = envoy {
        folder.with_whole(&rendered.whole, |whole| validate(envoy, whole)).map_err(failed)?.map_err(failed)?;
    }
    for (name, value) in certificate::files(&file.config, &options.paths) {
        folder.keep_certificate(&name, &value).map_err(failed)?;
    }
    let policy = file.config.version.to_string();
    let version = Release::version_of(&policy, &rendered.whole);
    let slot = live.as_ref().map_or(Slot::A, |live| live.slot.other());
    let pieces = split(rendered.whole, slot, &folder.live().display().to_string());
    let Names { generation, module: vm } = rendered.names;
    let release = Release {
        base: live.as_ref().map(|live| live.version.clone()),
        generation: generation.unwrap_or_default(),
        vm: vm.unwrap_or_default(),
        version,
        policy,
        slot,
        module,
        pieces,
    };
    let latest = latest.max(release.generation);
    match (state, live) {
        (Some(state), Some(live)) => stage(&folder, out, State { latest, ..state }, &live, &release),
        _ => begin(&folder, latest, &release),
    }
    .map_err(failed)
}

/// A policy and what there is to render it with.
struct Rendering<'r> {
    file: &'r file::Policy,
    options: &'r Options,
    /// The highest number of a generation so far.
    latest: u32,
}

struct Rendered {
    names: Names,
    whole: Value,
}

impl Rendering<'_> {
    /// The bootstrap that can take over from `live`: what is in both under one name is the same.
    fn after(&self, live: Option<&Release>, module: &str) -> Rendered {
        let new = Some(self.latest + 1);
        let Some(live) = live else { return self.with(Names { generation: new, module: new }) };
        let vm = if live.module == module { Some(live.vm) } else { new };
        let rendered = self.with(Names { generation: Some(live.generation), module: vm });
        let clusters = rendered.whole.pointer("/static_resources/clusters").and_then(Value::as_array);
        let differs = |ours: &Value| {
            live.pieces.clusters.iter().any(|theirs| name(theirs) == name(ours) && !is_same_cluster(theirs, ours))
        };
        if clusters.is_some_and(|clusters| clusters.iter().any(differs)) {
            self.with(Names { generation: new, module: vm })
        } else {
            rendered
        }
    }

    fn with(&self, names: Names) -> Rendered {
        let policy = Policy { config: &self.file.config, node: &self.file.node, keys: self.file.keys.as_ref(), names };
        Rendered { names, whole: envoy::bootstrap(&policy, self.options) }
    }
}

/// Whether a cluster of a release is what is rendered now.
fn is_same_cluster(released: &Value, rendered: &Value) -> bool {
    let mut released = note::strip(released);
    if let Some(members) = released.as_object_mut() {
        members.remove("@type");
    }
    released == note::strip(rendered)
}

/// The first release: nothing runs yet that could be disturbed.
fn begin(folder: &Folder, latest: u32, release: &Release) -> Result<String, Trouble> {
    folder.keep(release)?;
    for (file, value) in release.files() {
        folder.set_live(&file, &value)?;
    }
    folder.set_bootstrap(&release.pieces.bootstrap)?;
    folder.set_state(&State { live: release.version.clone(), latest, ..State::default() })?;
    Ok(format!("{}\n  start Envoy with: envoy -c {}\n", release.version, folder.bootstrap().display()))
}

/// Another one: what serves stays until it is applied.
fn stage(folder: &Folder, out: &Path, state: State, live: &Release, release: &Release) -> Result<String, Trouble> {
    if release.version == live.version {
        folder.set_state(&State { next: None, ..state })?;
        return Ok(format!("{}\n  it is what Envoy has: nothing to apply\n", release.version));
    }
    folder.keep(release)?;
    folder.set_state(&State { next: Some(release.version.clone()), ..state })?;
    let mut lines = vec![release.version.clone(), format!("takes over from {}", live.version)];
    lines.extend(differences("cluster", &live.pieces, &release.pieces, |pieces| &pieces.clusters));
    lines.extend(differences("listener", &live.pieces, &release.pieces, |pieces| &pieces.listeners));
    if release.module != live.module {
        lines.push(format!("another module: {}", release.module));
    }
    if note::strip(&release.pieces.bootstrap) != note::strip(&live.pieces.bootstrap) {
        lines.push("another bootstrap: that part takes a restart".to_owned());
    }
    lines.push(format!("give it to Envoy with: multihome apply {}", out.display()));
    Ok(lines.join("\n  ") + "\n")
}

fn differences(what: &str, from: &Pieces, to: &Pieces, of: fn(&Pieces) -> &[Value]) -> Vec<String> {
    let (from, to) = (of(from), of(to));
    let lacking = |all: &[Value], one: &Value| !all.iter().any(|other| name(other) == name(one));
    let new = to.iter().filter(|one| lacking(from, one)).map(|one| format!("new {what} `{}`", name(one)));
    let gone = from.iter().filter(|one| lacking(to, one)).map(|one| format!("no more {what} `{}`", name(one)));
    let changed = to
        .iter()
        .filter(|one| from.iter().any(|former| name(former) == name(one) && note::strip(former) != note::strip(one)));
    let changed = changed.map(|one| format!("another {what} `{}`", name(one)));
    new.chain(changed).chain(gone).collect()
}

/// Has an Envoy look at a whole bootstrap.
fn validate(envoy: &Path, whole: &Path) -> Result<(), Trouble> {
    let output = Command::new(envoy)
        .args(["--mode", "validate", "--disable-hot-restart", "-l", "error", "-c"])
        .arg(whole)
        .output()
        .map_err(|error| format!("cannot run {}: {error}\n  help: name the Envoy binary itself", envoy.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(format!("{} refuses what would be rendered, so nothing was written:\n{}", envoy.display(), said.trim_end()))
}

//! Regions filled again whenever a text or a network changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use notify_debouncer_mini::notify::{RecommendedWatcher, RecursiveMode};
use notify_debouncer_mini::{DebounceEventResult, Debouncer, new_debouncer};

use super::Text;
use crate::cli::{Outcome, Stop, say};

/// How long a file has to be left alone: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// Fills the texts, and again after each change, until the process is ended.
pub(super) fn run(paths: &[PathBuf]) -> Result<Outcome, Stop> {
    let (sender, changes) = mpsc::channel();
    let debouncer = new_debouncer(QUIET, move |result: DebounceEventResult| {
        // A receiver that is gone wants no changes.
        let _ = sender.send(result);
    })
    .map_err(|error| failed(&error))?;
    let mut watched = Watched {
        debouncer,
        folders: BTreeSet::new(),
    };
    let mut texts: Vec<Watch> = Vec::new();
    for path in paths {
        let mut text = Watch {
            path: path.clone(),
            files: BTreeSet::new(),
        };
        text.weave(&mut watched)?;
        texts.push(text);
    }
    for change in changes {
        let changed: BTreeSet<PathBuf> = change
            .map_err(|error| failed(&error))?
            .into_iter()
            .map(|event| event.path)
            .collect();
        for text in &mut texts {
            if !text.files.is_disjoint(&changed) {
                text.weave(&mut watched)?;
            }
        }
    }
    Ok(Outcome::Done)
}

fn failed(error: &dyn std::fmt::Display) -> Stop {
    Stop::refused(format!("error: files cannot be watched: {error}"))
}

/// Folders are watched, not files: many editors put a new file in the place of the old one.
struct Watched {
    debouncer: Debouncer<RecommendedWatcher>,
    folders: BTreeSet<PathBuf>,
}

impl Watched {
    fn file(&mut self, path: &Path) -> Result<Option<PathBuf>, Stop> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // A folder that does not exist is said to be missing by the command that reads it.
        let (Ok(folder), Some(name)) = (folder.canonicalize(), path.file_name()) else {
            return Ok(None);
        };
        if self.folders.insert(folder.clone()) {
            self.debouncer
                .watcher()
                .watch(&folder, RecursiveMode::NonRecursive)
                .map_err(|error| failed(&error))?;
        }
        Ok(Some(folder.join(name)))
    }
}

/// A text and the files that its content depends on.
struct Watch {
    path: PathBuf,
    files: BTreeSet<PathBuf>,
}

impl Watch {
    /// Fills the text; what goes wrong is said, and can be mended while this goes on.
    fn weave(&mut self, watched: &mut Watched) -> Result<(), Stop> {
        self.files.extend(watched.file(&self.path)?);
        let done = Text::read(&self.path).and_then(|text| {
            for file in text.files() {
                self.files.extend(watched.file(file)?);
            }
            text.update()
        });
        if let Err(stop) = done {
            say(&stop.message);
        }
        Ok(())
    }
}

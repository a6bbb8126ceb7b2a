//! Files are read as text, and written whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::Stop;

fn failed(name: &str, error: &dyn std::fmt::Display) -> Stop {
    Stop::refused(format!("error: {name}: {error}"))
}

/// The text of a file.
pub(super) fn read_text(path: &Path) -> Result<String, Stop> {
    let name = path.display().to_string();
    let bytes = fs::read(path).map_err(|error| failed(&name, &error))?;
    text(&name, bytes)
}

/// Bytes as text.
pub(super) fn text(name: &str, bytes: Vec<u8>) -> Result<String, Stop> {
    String::from_utf8(bytes)
        .map_err(|error| failed(name, &format!("not UTF-8 text: {}", error.utf8_error())))
}

/// Writes a result to standard output, or to a file.
///
/// A reader that has seen enough and went away is no error.
pub(super) fn deliver(
    file: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Stop> {
    if let Some(path) = file {
        return replace(path, write);
    }
    let written = unbuffered().and_then(|mut out| write(&mut out).and_then(|()| out.flush()));
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(failed("standard output", &error)),
        Ok(()) => Ok(()),
    }
}

/// Standard output without the search for ends of lines: everything comes in large pieces.
#[cfg(unix)]
fn unbuffered() -> io::Result<impl Write> {
    use std::os::fd::AsFd;
    Ok(fs::File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn unbuffered() -> io::Result<impl Write> {
    Ok(io::stdout().lock())
}

/// Writes a file beside the one of that name and puts it in its place: whoever reads sees the old or the new one,
/// also after a crash.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Stop> {
    put(path, write).map_err(|error| failed(&path.display().to_string(), &error))
}

fn put(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link stays one; what is no file, such as a pipe, is written to.
    let place = match path.canonicalize() {
        Ok(place) => place,
        Err(_) => path.to_owned(),
    };
    let before = fs::metadata(&place).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return write(&mut fs::OpenOptions::new().write(true).open(&place)?);
    }
    let folder = match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut new = tempfile::Builder::new();
    #[cfg(unix)]
    if before.is_none() {
        use std::os::unix::fs::PermissionsExt;
        new.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut new = new.tempfile_in(folder)?;
    write(new.as_file_mut())?;
    if let Some(before) = before {
        new.as_file().set_permissions(before.permissions())?;
    }
    new.as_file().sync_all()?;
    new.persist(&place)?;
    Ok(())
}

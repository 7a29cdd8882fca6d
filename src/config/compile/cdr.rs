//! `[cdr]`: where records of charge go.

use crate::cdr::file;
use crate::cdr::options::CdrOptions;
use crate::config::compile::Names;
use crate::config::error::Findings;
use crate::config::schema::service;
use crate::message::id::EndpointId;
use rustix::fs::{Access, access};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The name under which the store keeps how far the records are written: those of endpoints have a blank in them.
pub(super) const NAME: &str = "cdr";

/// Where records go; `None` where none are written.
pub(super) fn cdr(written: Option<&service::Cdr>, names: &Names, findings: &mut Findings) -> Option<CdrOptions> {
    let written = written?;
    let Some(path) = &written.path else {
        if !findings.is_faulty("cdr.path") {
            findings.fault("cdr.path", "this key is required: the file that the lines go to");
        }
        return None;
    };
    if let Err(why) = may_write(path) {
        findings.fault("cdr.path", why);
    }
    Some(CdrOptions {
        mark: names.endpoint(NAME).unwrap_or(EndpointId(0)),
        path: path.clone(),
        mask: written.mask.unwrap_or(true),
    })
}

/// Whether the file can be written, as far as that is seen without making it.
fn may_write(path: &Path) -> Result<(), String> {
    let shown = path.display();
    match file::look_at(path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(format!("{shown} cannot be used: {error}")),
        Err(_) => {}
    }
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match fs::metadata(folder) {
        Err(error) => Err(format!("the folder {} cannot be used: {error}", folder.display())),
        Ok(it) if !it.is_dir() => Err(format!("{} is no folder", folder.display())),
        Ok(_) => access(folder, Access::WRITE_OK | Access::EXEC_OK)
            .map_err(|error| format!("the folder {} cannot be written: {error}", folder.display())),
    }
}

//! The file of prefixes: whose numbers are. One line each: `prefix,country,network`.

use crate::config::compile::prefix;
use crate::config::compile::price::is_country;
use crate::config::error::{Findings, Location};
use crate::config::schema::service::Numbers;
use crate::config::source::without_mark;
use crate::number::e164::E164;
use crate::route::network::{Networks, Owner};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

/// The longest file of prefixes: some two million lines, in memory a few hundred MiB at most.
const FILE_LEN_MAX: u64 = 64 << 20;
/// Characters of a network's name.
const NAME_MAX: usize = 64;
/// After so many lines that are wrong the rest is not looked at: the file is another than was meant.
const FAULTS_MAX: usize = 50;

/// What the file says; nothing, where none is named.
pub fn networks(written: &Numbers, findings: &mut Findings) -> Networks {
    let Some(path) = &written.prefixes_file else { return Networks::default() };
    match read(path) {
        Ok(text) => Lines { path, names: BTreeSet::new(), findings }.networks(&text),
        Err(error) => {
            findings.fault("numbers.prefixes_file", format!("{} cannot be read: {error}", path.display()));
            Networks::default()
        }
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    if File::open(path)?.take(FILE_LEN_MAX + 1).read_to_string(&mut text)? as u64 > FILE_LEN_MAX {
        return Err(io::Error::other(format!("it is longer than {FILE_LEN_MAX} octets")));
    }
    Ok(text)
}

/// The lines of a file, while they are read.
struct Lines<'a> {
    path: &'a Path,
    /// Every name once, however many prefixes bear it.
    names: BTreeSet<Arc<str>>,
    findings: &'a mut Findings,
}

impl Lines<'_> {
    fn networks(mut self, text: &str) -> Networks {
        let (mut owners, mut faults) = (BTreeMap::new(), 0);
        for (line, text) in (1..).zip(without_mark(text).lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') || (line == 1 && text.starts_with("prefix,")) {
                continue;
            }
            let read = self.line(text).and_then(|(digits, owner)| match owners.get(&digits) {
                Some((_, first)) => Err(format!("the prefix {digits} stands in line {first} already")),
                None => Ok(owners.insert(digits, (owner, line))),
            });
            if let Err(message) = read {
                self.findings.fault_at(Location::Line(self.path.to_owned(), line), message);
                faults += 1;
                if faults == FAULTS_MAX {
                    break;
                }
            }
        }
        let owners = owners.iter_mut().map(|(digits, it)| (&**digits, std::mem::take(&mut it.0)));
        Networks::new(owners).expect("prefixes that were read are digits, and stand there once")
    }

    fn line(&mut self, text: &str) -> Result<(Box<str>, Owner), String> {
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let [digits, country, network] = fields[..] else {
            return Err(format!("{text:?} is not a line such as \"31610,NL,KPN\""));
        };
        let digits = prefix(digits)
            .filter(|it| !it.is_empty())
            .ok_or_else(|| format!("{digits:?} is not a prefix such as \"31\" or \"+31\""))?;
        let known = E164::country_of(country);
        if !country.is_empty() && known.is_none() {
            return Err(format!("{country:?} is not a country of ISO 3166 that has numbers, such as \"NL\""));
        }
        if NAME_MAX < network.chars().count()
            || network.contains('"')
            || is_country(network)
            || prefix(network).is_some()
        {
            return Err(format!(
                "{network:?} is not the name of a network: at most {NAME_MAX} characters without quotes, and neither a country nor a prefix"
            ));
        }
        let owner = Owner { country: known, network: self.name(network) };
        Ok((digits, owner))
    }

    fn name(&mut self, text: &str) -> Option<Arc<str>> {
        if text.is_empty() {
            return None;
        }
        if !self.names.contains(text) {
            self.names.insert(text.into());
        }
        self.names.get(text).cloned()
    }
}

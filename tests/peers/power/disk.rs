//! A disk as power loss leaves it: what was synced, and of the rest whatever chance lets arrive.
//!
//! A write is on the disk once a sync of its file that began behind it has ended. Before that it may be there whole, in
//! some of its sectors, or not at all, whatever became of those before it. The name of a new file is there once its
//! folder was synced, and before that perhaps, but not without the names that are older.

use crate::peers::power::trace::{Call, What};
use nuncio::dice::SplitMix64;
use std::collections::BTreeMap;
use std::path::Path;

const SECTOR: u64 = 512;

/// The files of one folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    folder: String,
    files: BTreeMap<String, File>,
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    /// What no sync has reached, in the order in which it was written.
    pending: Vec<Pending>,
    /// When it was made, whether a sync of the folder has reached its name, and whether that is gone since.
    made: usize,
    named: bool,
    removed: bool,
}

#[derive(Clone, Debug)]
struct Pending {
    ended: usize,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Write(u64, Vec<u8>),
    Length(u64),
}

impl Disk {
    /// An empty folder.
    fn new(folder: &str) -> Self {
        Self { folder: folder.to_owned(), files: BTreeMap::new() }
    }

    /// What was done by a line of the log.
    pub(super) fn at(folder: &str, calls: &[Call], line: usize) -> Self {
        let mut disk = Self::new(folder);
        let is_done = |it: &&Call| it.began <= line && (!matches!(it.what, What::Sync(_)) || it.ended <= line);
        calls.iter().filter(is_done).for_each(|it| disk.take(it));
        disk
    }

    /// Takes up a call that began; its effect may be there from then on. Of a sync it is one that has ended.
    fn take(&mut self, call: &Call) {
        let pending = |change| Pending { ended: call.ended, change };
        match &call.what {
            What::Made(file) => {
                let is_new = self.name(file).is_some_and(|it| self.files.get(&it).is_none_or(|it| it.removed));
                if let Some(file) = self.file(file).filter(|_| is_new) {
                    (file.made, file.removed) = (call.began, false);
                }
            }
            What::Write(file, place, octets) => {
                if let Some(file) = self.file(file) {
                    file.pending.push(pending(Change::Write(*place, octets.clone())));
                }
            }
            What::Truncate(file, len) => {
                if let Some(file) = self.file(file) {
                    file.pending.push(pending(Change::Length(*len)));
                }
            }
            What::Sync(file) if *file == self.folder => {
                self.files.retain(|_, it| !it.removed);
                self.files.values_mut().for_each(|it| it.named = true);
            }
            What::Sync(file) => {
                if let Some(file) = self.file(file) {
                    file.sync(call.began);
                }
            }
            What::Removed(file) => {
                if let Some(file) = self.file(file) {
                    file.removed = true;
                }
            }
            What::Renamed(from, to) => assert!(self.name(from).or_else(|| self.name(to)).is_none(), "{from} to {to}"),
            What::Sent(..) | What::Came(..) => (),
        }
    }

    /// The name of a file of the folder that a machine has after its start.
    fn name(&self, file: &str) -> Option<String> {
        let name = file.strip_prefix(&self.folder)?.strip_prefix('/')?;
        let stays = name.starts_with("nuncio.db") && !name.ends_with("-shm");
        stays.then(|| name.to_owned())
    }

    fn file(&mut self, file: &str) -> Option<&mut File> {
        let name = self.name(file)?;
        Some(self.files.entry(name).or_default())
    }

    /// What is there after the power is lost now; how many changes were lost or torn.
    pub(super) fn lose(&self, into: &Path, dice: &mut SplitMix64) -> usize {
        let mut lost = 0;
        let mut unnamed: Vec<usize> = self.files.values().filter(|it| !it.named).map(|it| it.made).collect();
        unnamed.sort_unstable();
        unnamed.truncate(below(dice, unnamed.len() as u64 + 1) as usize);
        for (name, file) in &self.files {
            let there = file.named || unnamed.contains(&file.made);
            if !there || file.removed && below(dice, 2) == 0 {
                continue;
            }
            let mut octets = file.synced.clone();
            for it in &file.pending {
                lost += usize::from(!it.change.apply_by_chance(&mut octets, dice));
            }
            std::fs::write(into.join(name), octets).expect("the folder takes files");
        }
        lost
    }
}

impl File {
    /// A sync that began then has ended.
    fn sync(&mut self, began: usize) {
        let Self { synced, pending, .. } = self;
        pending.retain(|it| {
            let reached = it.ended < began;
            if reached {
                it.change.apply(synced);
            }
            !reached
        });
    }
}

impl Change {
    fn apply(&self, octets: &mut Vec<u8>) {
        match self {
            Self::Write(place, new) => write(octets, *place, new),
            Self::Length(len) => octets.resize(usize::try_from(*len).expect("a small file"), 0),
        }
    }

    /// Whole, in part or not at all; whether it was whole.
    fn apply_by_chance(&self, octets: &mut Vec<u8>, dice: &mut SplitMix64) -> bool {
        let chance = below(dice, 4);
        match self {
            _ if chance < 2 => {
                self.apply(octets);
                return true;
            }
            Self::Write(place, new) if chance == 2 => {
                // Each of its sectors for itself.
                let (mut at, end) = (*place, *place + new.len() as u64);
                while at < end {
                    let next = ((at / SECTOR + 1) * SECTOR).min(end);
                    if below(dice, 2) == 0 {
                        let part = (at - place) as usize..(next - place) as usize;
                        write(octets, at, &new[part]);
                    }
                    at = next;
                }
            }
            _ => (),
        }
        false
    }
}

pub(super) fn below(dice: &mut SplitMix64, end: u64) -> u64 {
    dice.roll() % end
}

fn write(octets: &mut Vec<u8>, place: u64, new: &[u8]) {
    let place = usize::try_from(place).expect("a small file");
    let end = place + new.len();
    if octets.len() < end {
        octets.resize(end, 0);
    }
    octets[place..end].copy_from_slice(new);
}

/// What was synced stays whatever chance says; the rest is there whole, in some of its sectors, or not at all.
pub(super) fn what_was_synced_stays_and_the_rest_is_left_to_chance() {
    let file = || "/s/nuncio.db-wal".to_owned();
    let call = |began, ended, what| Call { began, ended, what };
    let calls = [
        call(0, 0, What::Made(file())),
        call(1, 1, What::Write(file(), 0, vec![1; 1_024])),
        call(2, 4, What::Write(file(), 1_024, vec![2; 1_024])),
        // It began before the second write had ended.
        call(3, 5, What::Sync(file())),
        call(6, 6, What::Sync("/s".to_owned())),
        call(7, 9, What::Sync(file())),
    ];
    let image = |line, seed| {
        let folder = tempfile::tempdir().unwrap();
        Disk::at("/s", &calls, line).lose(folder.path(), &mut SplitMix64::new(seed));
        std::fs::read(folder.path().join("nuncio.db-wal")).ok()
    };
    let (mut absent, mut whole, mut torn, mut lost) = (0, 0, 0, 0);
    for seed in 0..200 {
        absent += usize::from(image(5, seed).is_none());
        let octets = image(8, seed).expect("its name is on the disk");
        assert_eq!(octets[..1_024], [1; 1_024]);
        match &octets[1_024..] {
            [] => lost += 1,
            rest if *rest == [2; 1_024] => whole += 1,
            _ => torn += 1,
        }
        assert_eq!(image(9, seed).map(|it| it.len()), Some(2_048));
    }
    assert!([absent, whole, torn, lost].iter().all(|it| 10 < *it), "{absent}, {whole}, {torn}, {lost}");
}

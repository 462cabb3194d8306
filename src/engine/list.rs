//! Listing keys in order, with prefix and delimiter: what objects and uploads have in common.
//!
//! A prefix is a key range and a delimiter a skip-scan: past each common prefix the scan seeks to its successor, so that
//! a listing costs what it shows, never what the bucket holds.

use std::ops::ControlFlow;

use crate::wire::object_key::prefix_successor;

/// What to list.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only keys that begin with it.
    pub prefix: String,
    /// Keys with it after the prefix are rolled up; empty is none.
    pub delimiter: String,
    /// Only what comes strictly after this key (or rolled-up prefix).
    pub after: Option<String>,
    /// Entries and prefixes on a page, together.
    pub limit: usize,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListEntry<T> {
    /// A key.
    Item(T),
    /// A common prefix, standing for all keys that begin with it.
    CommonPrefix(String),
}

/// A page of a listing.
#[derive(Debug, Clone)]
pub struct ListPage<T> {
    /// In key order.
    pub entries: Vec<ListEntry<T>>,
    /// Whether more follows.
    pub more: More,
}

/// Whether a page is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// There is more after this page.
    Follows,
    /// This page ends the listing.
    Ended,
}

/// Rows stepped over within a common prefix before seeking past it: stepping a row costs a thirtieth of a seek.
const STEPS_BEFORE_SEEK: usize = 30;
/// After a prefix that was worth a seek: the next one will most likely be, too.
const STEPS_AFTER_SEEK: usize = 3;

/// The state of a skip-scan. The caller feeds it rows in key order and seeks when told to.
pub(crate) struct SkipScan<'q, T> {
    query: &'q ListQuery,
    entries: Vec<ListEntry<T>>,
    more: More,
    steps: usize,
    steps_max: usize,
}

/// Where the caller goes on after a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Open the rows anew from this key on (inclusive).
    Seek(Vec<u8>),
    /// The page is complete.
    Done,
}

impl<'q, T> SkipScan<'q, T> {
    pub(crate) fn new(query: &'q ListQuery) -> SkipScan<'q, T> {
        SkipScan { query, entries: Vec::new(), more: More::Ended, steps: 0, steps_max: STEPS_BEFORE_SEEK }
    }

    /// The first key to look at. A marker equal to a rolled-up prefix, or inside it, skips all of that prefix.
    pub(crate) fn start(&self) -> Vec<u8> {
        let prefix = self.query.prefix.as_bytes();
        let Some(after) = self.query.after.as_deref().map(str::as_bytes) else { return prefix.to_vec() };
        if after < prefix {
            return prefix.to_vec();
        }
        match self.common_prefix(after) {
            Some(rolled) => prefix_successor(rolled).unwrap_or_else(|| after.to_vec()),
            None => successor_of_key(after),
        }
    }

    /// Takes the next row. `Continue` asks for the row after it.
    pub(crate) fn row<E>(&mut self, key: &[u8], item: impl FnOnce() -> Result<T, E>) -> Result<ControlFlow<Next>, E> {
        if !key.starts_with(self.query.prefix.as_bytes()) {
            return Ok(ControlFlow::Break(Next::Done));
        }
        let rolled = self.common_prefix(key);
        if let (Some(rolled), Some(ListEntry::CommonPrefix(last))) = (rolled, self.entries.last())
            && rolled == last.as_bytes()
        {
            self.steps += 1;
            return Ok(match prefix_successor(rolled) {
                Some(next) if self.steps >= self.steps_max => {
                    self.steps = 0;
                    self.steps_max = STEPS_AFTER_SEEK;
                    ControlFlow::Break(Next::Seek(next))
                }
                _ => ControlFlow::Continue(()),
            });
        }
        if self.entries.len() >= self.query.limit {
            self.more = if self.query.limit == 0 { More::Ended } else { More::Follows };
            return Ok(ControlFlow::Break(Next::Done));
        }
        if self.steps > 0 {
            // The last prefix ended before it was worth a seek.
            self.steps = 0;
            self.steps_max = STEPS_BEFORE_SEEK;
        }
        self.entries.push(match rolled {
            Some(rolled) => ListEntry::CommonPrefix(String::from_utf8_lossy(rolled).into_owned()),
            None => ListEntry::Item(item()?),
        });
        Ok(ControlFlow::Continue(()))
    }

    pub(crate) fn finish(self) -> ListPage<T> {
        ListPage { entries: self.entries, more: self.more }
    }

    /// Whether the key is shown only as part of a common prefix.
    pub(crate) fn rolls_up(&self, key: &str) -> bool {
        self.common_prefix(key.as_bytes()).is_some()
    }

    fn common_prefix<'k>(&self, key: &'k [u8]) -> Option<&'k [u8]> {
        let delimiter = self.query.delimiter.as_bytes();
        if delimiter.is_empty() {
            return None;
        }
        let rest = key.strip_prefix(self.query.prefix.as_bytes())?;
        let at = rest.windows(delimiter.len()).position(|window| window == delimiter)?;
        Some(&key[..self.query.prefix.len() + at + delimiter.len()])
    }
}

/// The least byte string greater than `key`.
pub(crate) fn successor_of_key(key: &[u8]) -> Vec<u8> {
    let mut next = key.to_vec();
    next.push(0);
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Lists a sorted set as the database does, seeks included.
    fn list(keys: &BTreeSet<String>, query: &ListQuery) -> ListPage<String> {
        let mut scan = SkipScan::new(query);
        let mut from = scan.start();
        'seek: loop {
            for key in keys.iter().filter(|key| key.as_bytes() >= from.as_slice()) {
                match scan.row::<()>(key.as_bytes(), || Ok(key.clone())).unwrap() {
                    ControlFlow::Continue(()) => {}
                    ControlFlow::Break(Next::Done) => break 'seek,
                    ControlFlow::Break(Next::Seek(key)) => {
                        from = key;
                        continue 'seek;
                    }
                }
            }
            break;
        }
        scan.finish()
    }

    fn keys() -> BTreeSet<String> {
        let mut keys: BTreeSet<String> = (0..100).map(|n| format!("dir/{n:03}")).collect();
        keys.extend(["a", "dir", "dir0", "é/x", "z/1", "z/2"].map(str::to_owned));
        keys
    }

    #[test]
    fn delimiter_rolls_up_and_seeks_past() {
        let query = ListQuery { delimiter: "/".into(), limit: 1000, ..ListQuery::default() };
        let page = list(&keys(), &query);
        let lines: Vec<String> = page
            .entries
            .into_iter()
            .map(|entry| match entry {
                ListEntry::Item(key) => key,
                ListEntry::CommonPrefix(prefix) => format!("[{prefix}]"),
            })
            .collect();
        assert_eq!(lines, ["a", "dir", "[dir/]", "dir0", "[z/]", "[é/]"]);
    }

    #[test]
    fn paging_by_one_is_the_same_as_one_page() {
        for delimiter in ["", "/"] {
            let whole = ListQuery { delimiter: delimiter.into(), limit: 1000, ..ListQuery::default() };
            let expected = list(&keys(), &whole).entries;
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let query = ListQuery { after: after.clone(), limit: 1, ..whole.clone() };
                let page = list(&keys(), &query);
                after = page.entries.last().map(|entry| match entry {
                    ListEntry::Item(key) | ListEntry::CommonPrefix(key) => key.clone(),
                });
                seen.extend(page.entries);
                if page.more == More::Ended {
                    break;
                }
            }
            assert_eq!(seen, expected);
        }
    }

    #[test]
    fn a_marker_inside_a_rolled_up_prefix_skips_it() {
        let query =
            ListQuery { delimiter: "/".into(), after: Some("dir/050".into()), limit: 1000, ..ListQuery::default() };
        assert_eq!(list(&keys(), &query).entries[0], ListEntry::Item("dir0".to_owned()));
    }

    #[test]
    fn a_page_of_nothing_has_nothing_after_it() {
        let page = list(&keys(), &ListQuery::default());
        assert!(page.entries.is_empty());
        assert_eq!(page.more, More::Ended);
    }
}

//! What can be set for a facade: `name.option=value`. Each facade says which options it has; what it makes of their values
//! is its own business.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::http::suggest;

/// An option that a facade has.
#[derive(Debug, Clone, Copy)]
pub struct FacadeOption {
    /// Its name.
    pub name: &'static str,
    /// The value when nothing is set.
    pub default: &'static str,
    /// What it does, in one line.
    pub help: &'static str,
}

/// What was set, for all facades: facade, option, value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options(Vec<(String, String, String)>);

/// A facade's options with their values.
#[derive(Debug)]
pub(crate) struct FacadeOptions {
    facade: &'static str,
    values: BTreeMap<&'static str, String>,
}

/// A setting that cannot be taken: one sentence that says which, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionError(String);

impl Options {
    /// Adds `facade.option=value`.
    pub fn add(&mut self, text: &str) -> Result<(), OptionError> {
        let malformed = || {
            OptionError(format!("{text:?} sets nothing; write FACADE.OPTION=VALUE, such as geolens.max_file_size=1GiB"))
        };
        let (name, value) = text.split_once('=').ok_or_else(malformed)?;
        let (facade, option) = name.trim().split_once('.').ok_or_else(malformed)?;
        self.0.push((facade.to_owned(), option.to_owned(), value.trim().to_owned()));
        Ok(())
    }

    /// The facades for which something was set.
    pub(super) fn facades(&self) -> impl Iterator<Item = &String> {
        self.0.iter().map(|(facade, _, _)| facade)
    }

    /// What was set for a facade that has these options.
    pub(super) fn of(&self, facade: &'static str, known: &[FacadeOption]) -> Result<FacadeOptions, OptionError> {
        let mut values: BTreeMap<_, _> = known.iter().map(|option| (option.name, option.default.to_owned())).collect();
        for (_, name, value) in self.0.iter().filter(|(of, _, _)| of == facade) {
            let Some(slot) = values.get_mut(name.as_str()) else {
                let hint = suggest::hint(name, known.iter().map(|option| option.name));
                return Err(OptionError(format!("the facade {facade} has no option {name:?}{hint}")));
            };
            value.clone_into(slot);
        }
        Ok(FacadeOptions { facade, values })
    }
}

impl FacadeOptions {
    /// The value of an option, parsed; `meaning` says what it should be, for the error.
    pub(crate) fn parse<T>(
        &self,
        name: &'static str,
        meaning: &str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, OptionError> {
        let value = self.values.get(name).map(String::as_str).unwrap_or_default();
        parse(value).ok_or_else(|| OptionError(format!("{}.{name} is {value:?}; it should be {meaning}", self.facade)))
    }

    /// The value of an option that is a whole number.
    pub(crate) fn number<T: FromStr>(&self, name: &'static str) -> Result<T, OptionError> {
        self.parse(name, "a whole number", |text| text.parse().ok())
    }

    /// The value of an option that is a size in bytes: `1048576`, `64KiB`, `5MiB`, `1GiB`.
    pub(crate) fn size_bytes(&self, name: &'static str) -> Result<u64, OptionError> {
        self.parse(name, "a size such as 1048576, 64KiB, 5MiB or 1GiB", |text| {
            let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
            let (number, unit) = text.split_at(digits);
            let factor: u64 = match unit.trim() {
                "" | "B" => 1,
                "KiB" => 1 << 10,
                "MiB" => 1 << 20,
                "GiB" => 1 << 30,
                _ => return None,
            };
            number.parse::<u64>().ok()?.checked_mul(factor)
        })
    }
}

impl OptionError {
    #[cfg(feature = "upstream")]
    pub(super) fn new(sentence: String) -> OptionError {
        OptionError(sentence)
    }

    #[cfg(not(feature = "upstream"))]
    pub(super) fn no_upstream() -> OptionError {
        OptionError("this build knows no upstream; build it with: cargo build --release --features upstream".to_owned())
    }

    pub(super) fn unknown_facade(name: &str) -> OptionError {
        let all: Vec<_> = super::names().collect();
        OptionError(format!("there is no facade {name:?}; there are {}", all.join(", ")))
    }
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OptionError {}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [FacadeOption; 2] = [
        FacadeOption { name: "limit", default: "1KiB", help: "" },
        FacadeOption { name: "count", default: "3", help: "" },
    ];

    fn options(texts: &[&str]) -> Result<FacadeOptions, OptionError> {
        let mut options = Options::default();
        for text in texts {
            options.add(text)?;
        }
        options.of("f", &KNOWN)
    }

    #[test]
    fn options_have_defaults_and_values() {
        let set = options(&["f.count = 7", "other.x=1"]).unwrap();
        assert_eq!((set.size_bytes("limit"), set.number("count")), (Ok(1024), Ok(7)));
        assert_eq!(options(&["f.limit=5MiB", "f.limit=6"]).unwrap().size_bytes("limit"), Ok(6));
    }

    #[test]
    fn refusals_say_what_to_write() {
        assert!(options(&["f.conut=7"]).unwrap_err().to_string().contains("did you mean `count`"));
        assert!(options(&["f"]).unwrap_err().to_string().contains("FACADE.OPTION=VALUE"));
        let error = options(&["f.limit=many"]).unwrap().size_bytes("limit").unwrap_err();
        assert_eq!(error.to_string(), "f.limit is \"many\"; it should be a size such as 1048576, 64KiB, 5MiB or 1GiB");
    }
}

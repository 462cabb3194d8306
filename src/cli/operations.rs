//! `staves operations`: what this binary does of S3, by operation. Asks no server: every Staves of a version is the same.

use std::process::ExitCode;

use super::args::OperationsArgs;
use crate::s3::{KnownOperation, operations};

/// What stands above the table of the page in `docs/`.
const PAGE: &str = "\
# Operations

Every operation of the AWS model for S3, and how far Staves goes with it. Made by `staves operations --markdown`: not to be
edited.

* **exact**: it does what AWS does, and answers as AWS answers. Where it differs on purpose stands in
  [FIDELITY.md](../FIDELITY.md).
* **stored**: a document is checked, kept and shown as by AWS; nothing acts on what it says.
* **refused**: by name, as AWS refuses it or with `501 NotImplemented`; never a silent 200.

`CreateSession` on a general-purpose bucket is answered as AWS does, as `ListObjects`; `ListDirectoryBuckets` has a host and
a service of its own on AWS, and what is signed for that service is refused. `GetBucketLifecycle`, `PutBucketLifecycle`,
`GetBucketNotification` and `PutBucketNotification` are old names of other operations.

| operation | request | |
| --- | --- | --- |
";

/// Prints them.
pub(super) fn run(args: &OperationsArgs) -> Result<ExitCode, String> {
    let all = operations();
    if args.json {
        println!("{}", serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?);
    } else if args.markdown {
        print!("{}", page(&all));
    } else {
        print!("{}", lines(&all, |o| format!("{:<8} {:<48} {} {}\n", o.level, o.name, o.method, o.request)));
    }
    Ok(ExitCode::SUCCESS)
}

fn page(all: &[KnownOperation]) -> String {
    let row = |o: &KnownOperation| format!("| {} | `{} {}` | {} |\n", o.name, o.method, o.request, o.level);
    format!("{PAGE}{}", lines(all, row))
}

fn lines(all: &[KnownOperation], line: impl Fn(&KnownOperation) -> String) -> String {
    all.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_what_the_table_says() {
        let kept = include_str!("../../docs/operations.md");
        assert!(kept == page(&operations()), "run: cargo run -- operations --markdown > docs/operations.md");
    }
}

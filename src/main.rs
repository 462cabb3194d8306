//! The `staves` binary: everything is in the library, `cli` decides what to do.

fn main() -> std::process::ExitCode {
    staves::cli::main()
}

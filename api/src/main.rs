//! The `grantlink` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    grantlink::cli::main()
}

//! Writes `schema/graphql/schema.graphql`: `cargo run -p api --example export_schema`.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/graphql/schema.graphql");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&path, api::graphql::sdl())
}

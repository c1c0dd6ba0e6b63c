//! Verifiers that have none of our code: docs/verify.py, and pymerkle.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use comptoir::exchange::Format;
use comptoir::open::read_only_log;
use testkit::{Engine, TempFolder};

use crate::missing;

use super::exchange::exported;
use super::sold;

/// The programs that an independent verifier needs.
pub struct Python(PathBuf);

impl Python {
    /// Finds Python and openssl. `None`, after one line, where they are missing; in CI that is a failure.
    pub fn find() -> Option<Self> {
        let runs = |program: &str, argument: &str| Command::new(program).arg(argument).output().is_ok();
        if runs("python3", "--version") && runs("openssl", "version") {
            return Some(Self(PathBuf::from("python3")));
        }
        missing("python3 or openssl not found: docs/verify.py is not run")
    }

    fn run(&self, arguments: &[&str], folder: &Path) -> Output {
        Command::new(&self.0).args(arguments).current_dir(folder).output().expect("Python runs")
    }
}

/// Runs docs/verify.py over the files `events`, `checkpoints` and `witness` of a folder.
pub fn verified_by_python(python: &Python, folder: &Path, key: &str) -> Output {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify.py");
    let program = program.canonicalize().expect("docs/verify.py is there");
    python.run(&[&program.display().to_string(), "events", key, "checkpoints", "witness"], folder)
}

/// Says the root over lines of `events`, by pymerkle: what a leaf holds is hashed by it, and so is the tree.
const PYMERKLE: &str = r#"
import base64, importlib.util, json, sys
sys.path.insert(0, "packages")
from pymerkle import InmemoryTree
spec = importlib.util.spec_from_file_location("verify", sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
tree = InmemoryTree(algorithm="sha256")
for line in open("events", encoding="utf-8"):
    tree.append_entry(verify.leaf(json.loads(line)))
print(base64.b64encode(tree.get_state()).decode())
"#;

#[tokio::test(flavor = "multi_thread")]
async fn pymerkle_finds_the_same_root() {
    let Some(python) = Python::find() else { return };
    let folder = TempFolder::new();
    let install = ["-m", "pip", "install", "--quiet", "--target", "packages", "pymerkle==7.0.0"];
    let installed = python.run(&install, folder.path());
    if !installed.status.success() {
        let _: Option<()> = missing("pymerkle cannot be installed: the root is not compared with its");
        return;
    }
    let sold = sold(Engine::Sqlite, 2).await.expect("SQLite is everywhere");
    let store = read_only_log(&sold.shop.config).await.expect("the log is there");
    std::fs::write(folder.path().join("events"), exported(&*store, Format::Jsonl).await).expect("is written");
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify.py");
    let program = program.canonicalize().expect("docs/verify.py is there").display().to_string();
    let said = python.run(&["-c", PYMERKLE, &program], folder.path());
    let root = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let last = store.seals().expect("is sealed").last_checkpoint().await.expect("is read").expect("is there");
    assert_eq!(root, proof::Hash::new(last.root).to_string(), "{said:?}");
}

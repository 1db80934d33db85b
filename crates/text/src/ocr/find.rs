//! Finds the OCR program once, at start, and gives the reason if it is not available.

use super::settings::{OcrChoice, OcrSettings};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

const PROGRAM: &str = "tesseract";
/// How long the program may take to list its languages.
const LIST_TIMEOUT: Duration = Duration::from_secs(10);

/// The OCR program with its settings; cheap to clone.
#[derive(Debug, Clone)]
pub struct Ocr {
    pub(super) program: Arc<Path>,
    /// The folder of its language data; `None` for the program's default.
    pub(super) data: Option<Arc<Path>>,
    pub(super) settings: Arc<OcrSettings>,
}

/// The OCR program, or why it is not available.
#[derive(Debug, Clone)]
pub struct OcrReader {
    found: Result<Ocr, String>,
    automatic: bool,
}

impl OcrReader {
    /// OCR is not available; `advice` is what to do about it.
    pub fn none(advice: impl Into<String>) -> Self {
        Self {
            found: Err(advice.into()),
            automatic: true,
        }
    }

    /// Looks for the program in the folders of `PATH`, and for the languages in its data
    /// (`TESSDATA_PREFIX`, else the program's default).
    pub async fn find(settings: OcrSettings) -> Self {
        let automatic = settings.automatic;
        let data = std::env::var_os("TESSDATA_PREFIX").map(PathBuf::from);
        let found = match in_path() {
            None => Err(format!(
                "to have it read, install tesseract (Debian and Ubuntu: apt-get install {}) and \
                 restart ragd",
                packages(&settings.languages)
            )),
            Some(program) => {
                let ocr = Ocr {
                    program: program.into(),
                    data: data.map(Into::into),
                    settings: Arc::new(settings),
                };
                match ocr.missing_language().await {
                    None => Ok(ocr),
                    Some(advice) => Err(advice),
                }
            }
        };
        Self { found, automatic }
    }

    /// The program, if it is available.
    ///
    /// # Errors
    /// What to do to make it available.
    pub fn ocr(&self) -> Result<&Ocr, &str> {
        self.found.as_ref().map_err(String::as_str)
    }

    /// The program, if it is available and `choice` allows it.
    pub(crate) fn chosen(&self, choice: OcrChoice) -> Result<&Ocr, &str> {
        match choice {
            OcrChoice::Forbidden => Err("ocr=false says not to read it"),
            OcrChoice::Automatic if !self.automatic => Err(
                "reading pictures is switched off: set INGEST_OCR=auto, or reprocess it with \
                 ocr=true",
            ),
            OcrChoice::Automatic | OcrChoice::Wanted => self.ocr(),
        }
    }

    /// Whether pages without text are read by default.
    pub fn is_automatic(&self) -> bool {
        self.automatic && self.found.is_ok()
    }
}

impl Default for OcrReader {
    fn default() -> Self {
        Self::none("OCR is not configured")
    }
}

impl Ocr {
    /// The largest picture that it reads, in pixels.
    pub(crate) fn most_pixels(&self) -> u64 {
        self.settings.pixels
    }

    /// The languages that it reads, joined by `+`.
    pub fn languages(&self) -> &str {
        &self.settings.languages
    }

    /// Advice about the first language that the program has no data for.
    async fn missing_language(&self) -> Option<String> {
        let mut command = tokio::process::Command::new(&*self.program);
        command
            .arg("--list-langs")
            .env_clear()
            .envs(self.data.as_ref().map(|data| ("TESSDATA_PREFIX", &**data)))
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = match tokio::time::timeout(LIST_TIMEOUT, command.output()).await {
            Ok(Ok(output)) => output,
            Ok(Err(error)) => return Some(format!("tesseract does not run: {error}")),
            Err(_) => return Some("tesseract does not list its languages".to_owned()),
        };
        // Version 4 writes the list to standard error, version 5 to standard output.
        let listed = [output.stdout, output.stderr].concat();
        let listed = String::from_utf8_lossy(&listed);
        let wanted = self.settings.languages.split('+');
        wanted
            .filter(|wanted| !listed.lines().any(|line| line.trim() == *wanted))
            .map(|missing| {
                format!(
                    "tesseract has no data for '{missing}' (INGEST_OCR_LANGUAGES): install it \
                     (Debian and Ubuntu: apt-get install {}) and restart ragd",
                    packages(missing)
                )
            })
            .next()
    }
}

/// The Debian packages for these languages; `eng` comes with the program.
fn packages(languages: &str) -> String {
    let mut names = vec!["tesseract-ocr".to_owned()];
    let others = languages.split('+').filter(|language| *language != "eng");
    names.extend(others.map(|language| format!("tesseract-ocr-{}", language.replace('_', "-"))));
    names.join(" ")
}

fn in_path() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(PROGRAM))
        .find(|program| is_executable(program))
}

fn is_executable(program: &Path) -> bool {
    std::fs::metadata(program)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

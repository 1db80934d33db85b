//! Fenced code of Markdown (CommonMark 4.5): which lines are in it.

/// Follows the fences from line to line.
#[derive(Default)]
pub(super) struct Fence {
    /// The marker that opened the fence, e.g. three backticks.
    open: Option<String>,
}

impl Fence {
    /// Whether a line opens a fence, closes it or is in it.
    pub(super) fn covers(&mut self, line: &str) -> bool {
        let bare = line.trim_start();
        if let Some(open) = &self.open {
            if bare.starts_with(open.as_str()) && bare.chars().all(|c| open.contains(c)) {
                self.open = None;
            }
            return true;
        }
        self.open = ['`', '~'].iter().find_map(|mark| {
            let length = bare.chars().take_while(|c| c == mark).count();
            (length >= 3).then(|| mark.to_string().repeat(length))
        });
        self.open.is_some()
    }
}

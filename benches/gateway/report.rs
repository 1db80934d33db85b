//! The figures for people: one table a part. As JSON they are printed as they are.

use super::{streams, whole};
use comfy_table::{CellAlignment, Table, presets};

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(header);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// A line a number of connections; times in microseconds.
pub fn whole(reports: &[whole::Report]) -> String {
    let mut table = table(&[
        "connections",
        "direct/s",
        "p50",
        "p99",
        "ragd/s",
        "p50",
        "p99",
        "added p50",
        "added p99",
        "CPU a call (user + system)",
        "busy",
        "waited",
        "RSS MB",
        "bench CPU a call, direct / through",
        "wrong",
    ]);
    for report in reports {
        let (direct, ragd) = (&report.direct, &report.ragd);
        table.add_row([
            report.connections.to_string(),
            format!("{:.0}", direct.calls_per_second),
            format!("{:.0}", direct.p50_us),
            format!("{:.0}", direct.p99_us),
            format!("{:.0}", ragd.calls_per_second),
            format!("{:.0}", ragd.p50_us),
            format!("{:.0}", ragd.p99_us),
            format!("{:.0}", report.added_p50_us),
            format!("{:.0}", report.added_p99_us),
            format!(
                "{:.1} ({:.1} + {:.1})",
                report.cpu_us, report.cpu_user_us, report.cpu_system_us
            ),
            format!("{:.0} %", report.busy * 100.0),
            format!("{:.0} %", report.waited * 100.0),
            format!("{:.1}", report.rss_mb),
            format!("{:.1} / {:.1}", direct.bench_cpu_us, ragd.bench_cpu_us),
            report.faults.count.to_string(),
        ]);
    }
    table.to_string()
}

/// A column a side; times in milliseconds unless the line says otherwise.
pub fn streams(report: &streams::Report) -> String {
    let name = format!(
        "{} streams of {} tokens",
        report.streams, report.tokens_a_stream
    );
    let mut table = table(&[&name, "direct", "through ragd"]);
    let mut line = |name: &str, figure: &dyn Fn(&streams::Side) -> String| {
        table.add_row([
            name.to_owned(),
            figure(&report.direct),
            figure(&report.ragd),
        ]);
    };
    line("tokens that came", &|side| side.tokens.to_string());
    line("lost", &|side| side.lost.to_string());
    line("out of order", &|side| side.out_of_order.to_string());
    line("ended with a reason and [DONE]", &|side| {
        side.ended.to_string()
    });
    line("with usage", &|side| side.with_usage.to_string());
    line("first token, p50 / p99", &|side| {
        ms(&[side.first_p50_us, side.first_p99_us])
    });
    line("gap, p50 / p99 / most", &|side| {
        ms(&[side.gap_p50_us, side.gap_p99_us, side.gap_max_us])
    });
    line("sent until read, p50 / p99 / most", &|side| {
        ms(&[side.delay_p50_us, side.delay_p99_us, side.delay_max_us])
    });
    line("bench busy / waited for its core", &|side| {
        let [busy, waited] = [side.bench_busy, side.bench_waited].map(|part| part * 100.0);
        format!("{busy:.0} % / {waited:.0} %")
    });
    line("faults", &|side| side.faults.count.to_string());
    let added_first = ms(&[report.added_first_p50_us, report.added_first_p99_us]);
    let added_delay = ms(&[report.added_delay_p50_us, report.added_delay_p99_us]);
    format!(
        "{table}\nragd adds {added_first} to the first token and {added_delay} to any (ms, p50 / p99); \
         {:.1} µs of CPU a token ({:.1} user, {:.1} system), busy {:.0} %, waited {:.0} %; \
         RSS {:.1} MB before, {:.1} MB at most",
        report.cpu_us,
        report.cpu_user_us,
        report.cpu_system_us,
        report.busy * 100.0,
        report.waited * 100.0,
        report.rss_before_mb,
        report.rss_max_mb,
    )
}

fn ms(times_us: &[f64]) -> String {
    let times = times_us.iter().map(|us| format!("{:.2}", us / 1e3));
    times.collect::<Vec<_>>().join(" / ")
}

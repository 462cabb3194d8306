//! The tables for people, and the same as JSON for programs.

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::machine::Machine;
use crate::runner::{Role, Row};
use crate::sample::{Figures, Rate};
use crate::units::short;
use crate::workload::NO_PAYLOAD;

const HEADINGS: [&str; 9] =
    ["workload", "payload", "rate", "p50 ms", "p99 ms", "cpu-s/1k ops", "cpu-s/GB", "RSS MB", "goal"];

/// A table for each endpoint, with references below the endpoint that they were measured with.
pub(crate) fn tables(machine: &Machine, rows: &[Row]) -> String {
    let mut text = format!("\n{}\n", machine.line());
    for (at, name) in endpoint_names(rows).into_iter().enumerate() {
        let shown = rows.iter().filter(|row| row.endpoint == name || (at == 0 && row.role == Role::Reference));
        let cells: Vec<Vec<String>> = shown.map(|row| cells(row, rows)).collect();
        text.extend(["\n", name, "\n", &aligned(&HEADINGS, &cells)]);
    }
    text
}

pub(crate) fn json(machine: &Machine, rows: &[Row]) -> Value {
    let row = |row: &Row| {
        let mut value = json!({
            "workload": row.workload,
            "payload": row.payload,
            "endpoint": row.endpoint,
            "is_reference": row.role == Role::Reference,
        });
        match &row.outcome {
            Ok(figures) => {
                value["figures"] = json!(figures);
                value["figures"]["cpu_seconds_per_1000_operations"] =
                    json!(figures.cpu_us_per_operation.map(|microseconds| microseconds / 1e3));
                value["goals"] = json!(row.verdicts);
                value["to_first"] = json!(ratios(row, rows));
            }
            Err(Failure::Failed(reason)) => value["failed"] = json!(reason),
            Err(Failure::Skipped(reason)) => value["skipped"] = json!(reason),
        }
        value
    };
    json!({ "machine": machine, "rows": rows.iter().map(row).collect::<Vec<_>>() })
}

fn endpoint_names(rows: &[Row]) -> Vec<&str> {
    let mut names = Vec::new();
    for row in rows.iter().filter(|row| row.role == Role::Endpoint) {
        if !names.contains(&row.endpoint.as_str()) {
            names.push(row.endpoint.as_str());
        }
    }
    names
}

fn cells(row: &Row, rows: &[Row]) -> Vec<String> {
    let name = match row.role {
        Role::Endpoint => row.workload.clone(),
        Role::Reference => format!("  ({})", row.endpoint),
    };
    let payload = if row.role == Role::Reference { NO_PAYLOAD } else { row.payload };
    let mut cells = vec![name, payload.to_owned()];
    match &row.outcome {
        Ok(figures) => {
            let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
            cells.push(rate(figures));
            cells.extend([number(figures.p50_ms), number(figures.p99_ms)]);
            let per_thousand = figures.cpu_us_per_operation.map(|microseconds| format!("{:.4}", microseconds / 1e3));
            cells.push(per_thousand.unwrap_or_else(|| "-".to_owned()));
            cells.push(number(figures.cpu_seconds_per_gigabyte.filter(|_| figures.rate == Rate::Bytes)));
            cells.push(number(figures.peak_megabytes));
            let verdicts: Vec<String> = row.verdicts.iter().map(crate::goal::Verdict::text).collect();
            cells.push(if row.role == Role::Endpoint && verdicts.is_empty() {
                comparison(row, rows)
            } else {
                verdicts.join("; ")
            });
        }
        Err(failure) => cells.push(failure.to_string()),
    }
    cells
}

fn rate(figures: &Figures) -> String {
    let (value, unit) = match figures.rate {
        Rate::Operations => (figures.operations_per_second, "op/s"),
        Rate::Bytes => (figures.megabytes_per_second, "MB/s"),
        Rate::Size => (figures.size_megabytes, "MB"),
    };
    value.map_or_else(|| "-".to_owned(), |value| format!("{} {unit}", short(value)))
}

/// An endpoint's figures as multiples of the first one's.
struct Ratios {
    speed: Option<f64>,
    p50: Option<f64>,
    cpu: Option<f64>,
    memory: Option<f64>,
}

fn ratios(row: &Row, rows: &[Row]) -> Option<Value> {
    let ratios = ratios_to_first(row, rows)?;
    Some(json!({ "speed": ratios.speed, "p50": ratios.p50, "cpu": ratios.cpu, "memory": ratios.memory }))
}

fn ratios_to_first(row: &Row, rows: &[Row]) -> Option<Ratios> {
    let is_first =
        |other: &&Row| other.role == Role::Endpoint && (&other.workload, other.payload) == (&row.workload, row.payload);
    let first = rows.iter().find(is_first).filter(|first| first.endpoint != row.endpoint)?;
    let (Ok(own), Ok(first)) = (&row.outcome, &first.outcome) else { return None };
    let ratio = |own: Option<f64>, first: Option<f64>| own.zip(first).map(|(own, first)| own / first);
    Some(Ratios {
        speed: ratio(own.speed(), first.speed()),
        p50: ratio(own.p50_ms, first.p50_ms),
        cpu: ratio(own.cpu_us_per_operation, first.cpu_us_per_operation),
        memory: ratio(own.peak_megabytes, first.peak_megabytes),
    })
}

fn comparison(row: &Row, rows: &[Row]) -> String {
    let Some(ratios) = ratios_to_first(row, rows) else { return String::new() };
    let named = [("speed", ratios.speed), ("p50", ratios.p50), ("CPU", ratios.cpu), ("RSS", ratios.memory)];
    let texts = named.into_iter().filter_map(|(name, ratio)| Some(format!("{name} ×{}", short(ratio?))));
    texts.collect::<Vec<_>>().join(", ")
}

/// Columns side by side; figures to the right.
fn aligned(headings: &[&str], rows: &[Vec<String>]) -> String {
    const TEXT_COLUMNS: [usize; 3] = [0, 1, 8];
    let mut widths: Vec<usize> = headings.iter().map(|heading| heading.chars().count()).collect();
    for row in rows {
        // The reason of a row without figures runs over the columns.
        let columns = if row.len() == headings.len() { row.len() } else { row.len() - 1 };
        for (width, cell) in widths.iter_mut().zip(&row[..columns]) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: &[String]| {
        let pad = |(at, (cell, width)): (usize, (&String, &usize))| {
            if cells.len() < headings.len() && at == 2 {
                cell.clone()
            } else if TEXT_COLUMNS.contains(&at) {
                format!("{cell:<width$}")
            } else {
                format!("{cell:>width$}")
            }
        };
        let cells: Vec<String> = cells.iter().zip(&widths).enumerate().map(pad).collect();
        format!("  {}\n", cells.join("  ").trim_end())
    };
    let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
    let lines: Vec<String> = rows.iter().map(|row| line(row)).collect();
    format!("{}{}", line(&headings), lines.concat())
}

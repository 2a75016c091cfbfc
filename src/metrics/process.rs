//! What the process costs, by the usual names.

use procfs::process::Process;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

/// Asks the operating system when the metrics are looked at.
#[derive(Debug)]
pub(super) struct ProcessCosts;

impl Collector for ProcessCosts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        // Elsewhere than on Linux there are no such numbers.
        let Ok(process) = Process::myself() else { return Ok(()) };
        if let Ok(stat) = process.stat() {
            let cpu = ConstCounter::new(seconds(stat.utime.saturating_add(stat.stime)));
            let help = "Time of CPU that the process has used, of the user and of the system";
            let name = "process_cpu";
            let kind = prometheus_client::metrics::MetricType::Counter;
            cpu.encode(encoder.encode_descriptor(name, help, Some(&Unit::Seconds), kind)?)?;
            for (name, help, bytes) in [
                (
                    "process_resident_memory",
                    "Memory of the process that is in RAM",
                    resident(&stat),
                ),
                ("process_virtual_memory", "Address space of the process", stat.vsize),
            ] {
                let bytes = ConstGauge::new(i64::try_from(bytes).unwrap_or(i64::MAX));
                let kind = prometheus_client::metrics::MetricType::Gauge;
                bytes.encode(encoder.encode_descriptor(name, help, Some(&Unit::Bytes), kind)?)?;
            }
            let kind = prometheus_client::metrics::MetricType::Gauge;
            let threads = ConstGauge::new(stat.num_threads);
            let help = "Threads of the process";
            threads.encode(encoder.encode_descriptor("process_threads", help, None, kind)?)?;
        }
        let gauge = prometheus_client::metrics::MetricType::Gauge;
        if let Ok(n) = process.fd_count() {
            let open = ConstGauge::new(i64::try_from(n).unwrap_or(i64::MAX));
            let help = "Files and connections that the process has open";
            open.encode(encoder.encode_descriptor("process_open_fds", help, None, gauge)?)?;
        }
        if let Ok(limits) = process.limits()
            && let procfs::process::LimitValue::Value(most) = limits.max_open_files.soft_limit
        {
            let most = ConstGauge::new(i64::try_from(most).unwrap_or(i64::MAX));
            let help = "Files and connections that the process may have open";
            most.encode(encoder.encode_descriptor("process_max_fds", help, None, gauge)?)?;
        }
        if let (Ok(stat), Ok(booted)) = (process.stat(), procfs::boot_time_secs()) {
            let since_boot = seconds(stat.starttime);
            let booted = u32::try_from(booted).map(f64::from).unwrap_or_default();
            let start = ConstGauge::new(booted + since_boot);
            let help = "When the process started, in seconds since 1970";
            let unit = Some(&Unit::Seconds);
            start.encode(encoder.encode_descriptor("process_start_time", help, unit, gauge)?)?;
        }
        Ok(())
    }
}

fn resident(stat: &procfs::process::Stat) -> u64 {
    stat.rss.saturating_mul(procfs::page_size())
}

fn seconds(ticks: u64) -> f64 {
    let ticks = u32::try_from(ticks).unwrap_or(u32::MAX);
    let a_second = u32::try_from(procfs::ticks_per_second()).unwrap_or(100);
    f64::from(ticks) / f64::from(a_second)
}

//! What a process that answers may use.

/// Bounds this process from inside, so that it ends even if nobody is left to end it.
#[cfg(target_os = "linux")]
pub(super) fn bound(memory: u64, seconds: u32) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let most = [
        // Memory that it writes to; what is merely reserved costs nothing.
        (Resource::Data, memory),
        // All threads together, past the time after which it is stopped from outside.
        (Resource::Cpu, (u64::from(seconds) + 1) * cores as u64),
        // Without a dump of that memory if it ends so.
        (Resource::Core, 0),
    ];
    for (resource, most) in most {
        let limits = getrlimit(resource);
        let least = |set: Option<u64>| Some(set.map_or(most, |set| set.min(most)));
        // One that the system does not set leaves the others.
        let _ = setrlimit(
            resource,
            Rlimit {
                current: least(limits.current),
                maximum: least(limits.maximum),
            },
        );
    }
}

/// Other systems have no such limits: the time alone bounds it, from outside.
#[cfg(not(target_os = "linux"))]
pub(super) fn bound(_memory: u64, _seconds: u32) {}

//! Every host call that this module makes, and the only file that names one.
//!
//! The SDK's own wrappers panic on any status they do not expect, and build a `String` and a `Vec` a header
//! (thirty allocations a request). These bind the same imports, give `None` or do nothing where the host
//! refuses, and hand out what the host wrote as it wrote it. Format and statuses: proxy-wasm ABI 0.2.1.
#![expect(unsafe_code, reason = "the host is reached by raw imports; each call says why it is sound")]

use std::ptr::null_mut;
use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::types::{BufferType, MapType};

use crate::pairs::{Pairs, PairsWriter};

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_header_map_pairs(map: MapType, data: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_value(
        map: MapType,
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_replace_header_map_value(
        map: MapType,
        key: *const u8,
        key_size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: MapType, key: *const u8, key_size: usize) -> u32;
    fn proxy_get_buffer_bytes(
        buffer: BufferType,
        start: usize,
        most: usize,
        data: *mut *mut u8,
        size: *mut usize,
    ) -> u32;
    fn proxy_set_buffer_bytes(buffer: BufferType, start: usize, length: usize, data: *const u8, size: usize) -> u32;
    fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        key_size: usize,
        data: *mut *mut u8,
        size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, key_size: usize, value: *const u8, value_size: usize, cas: u32) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_continue_stream(stream: u32) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, name_size: usize, metric: *mut u32) -> u32;
    fn proxy_increment_metric(metric: u32, by: i64) -> u32;
}

/// The status of a call that did what it should. Hosts know more statuses than the SDK's enumeration has.
const OK: u32 = 0;

/// Runs a call that returns data, and takes what it returned.
fn returned(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Option<Vec<u8>> {
    let mut data: *mut u8 = null_mut();
    let mut size: usize = 0;
    if call(&raw mut data, &raw mut size) != OK {
        return None;
    }
    if data.is_null() {
        return Some(Vec::new());
    }
    // SAFETY: the host allocated `size` bytes at `data` through this module's own allocator
    // (`proxy_on_memory_allocate`, a `Vec<u8>` of that capacity), filled them and gave them up.
    Some(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// All headers of a map, in one call: two single reads cost more.
pub fn headers(map: MapType) -> Pairs {
    // SAFETY: both pointers are to live locals, for the time of the call.
    Pairs::new(returned(|data, size| unsafe { proxy_get_header_map_pairs(map, data, size) }).unwrap_or_default())
}

/// Puts `headers` in place of all that a map holds.
pub fn replace_headers(map: MapType, headers: &PairsWriter) {
    let bytes = headers.bytes();
    // SAFETY: the slice lives through the call, which copies it.
    unsafe { proxy_set_header_map_pairs(map, bytes.as_ptr(), bytes.len()) };
}

/// One header.
pub fn header(map: MapType, name: &str) -> Option<Vec<u8>> {
    // SAFETY: as above; the name lives through the call.
    returned(|data, size| unsafe { proxy_get_header_map_value(map, name.as_ptr(), name.len(), data, size) })
}

/// Sets one header, in place of any of that name. On a request this also has the route chosen anew.
pub fn set_header(map: MapType, name: &str, value: &[u8]) {
    // SAFETY: both slices live through the call, which copies them.
    unsafe { proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

/// Removes every header of that name.
pub fn remove_header(map: MapType, name: &[u8]) {
    // SAFETY: the name lives through the call.
    unsafe { proxy_remove_header_map_value(map, name.as_ptr(), name.len()) };
}

/// The first `most` bytes of a buffer.
pub fn buffer(buffer: BufferType, most: usize) -> Vec<u8> {
    buffer_from(buffer, 0, most)
}

/// At most `most` bytes of a buffer, from `start` on.
pub fn buffer_from(buffer: BufferType, start: usize, most: usize) -> Vec<u8> {
    // SAFETY: both pointers are to live locals, for the time of the call.
    returned(|data, size| unsafe { proxy_get_buffer_bytes(buffer, start, most, data, size) }).unwrap_or_default()
}

/// Puts `bytes` in place of the first `length` bytes of a buffer; what follows stays and is not copied.
pub fn replace_start(buffer: BufferType, length: usize, bytes: &[u8]) {
    // SAFETY: the slice lives through the call, which copies it.
    unsafe { proxy_set_buffer_bytes(buffer, 0, length, bytes.as_ptr(), bytes.len()) };
}

/// Reads filter state that this module wrote. A name that is no attribute of Envoy's is looked for under `wasm.` at
/// once; by the path `filter_state`, `wasm.…` it would go through a map of attributes.
pub fn filter_state(name: &str) -> Option<Vec<u8>> {
    // SAFETY: the name lives through the call.
    returned(|data, size| unsafe { proxy_get_property(name.as_ptr(), name.len(), data, size) })
}

/// Reads filter state that a filter of Envoy's wrote. An empty one is none.
pub fn filter_state_of_envoy(name: &str) -> Option<Vec<u8>> {
    let path = ["filter_state", name].join("\0");
    // SAFETY: the path lives through the call.
    returned(|data, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), data, size) })
        .filter(|value| !value.is_empty())
}

/// Whether this attempt was given a connection. Without one, Envoy knows no address of its own there.
pub fn has_upstream_connection() -> bool {
    const PATH: &str = "upstream\0local_address";
    // SAFETY: the path lives through the call.
    returned(|data, size| unsafe { proxy_get_property(PATH.as_ptr(), PATH.len(), data, size) })
        .is_some_and(|address| !address.is_empty())
}

/// Writes filter state, which Envoy keeps under `wasm.` and `name`.
pub fn set_filter_state(name: &str, value: &[u8]) {
    // SAFETY: both slices live through the call, which copies them.
    unsafe { proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
}

/// A value that all workers share, with its version; 0 where there is none yet.
pub fn shared(key: &str) -> (Option<Vec<u8>>, u32) {
    let mut version = 0;
    // SAFETY: the key and the version live through the call.
    let value =
        returned(|data, size| unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut version) });
    (value, version)
}

/// Shares a value. With a version other than 0 only where it is still that one; says whether it was set.
pub fn share(key: &str, value: &[u8], version: u32) -> bool {
    // SAFETY: both slices live through the call, which copies them.
    let status = unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), version) };
    status == OK
}

/// Sends a local reply; nothing of the request goes further.
pub fn send_local_reply(status: u16, headers: &PairsWriter, body: &[u8], details: &str) {
    let headers = headers.bytes();
    // SAFETY: all slices live through the call, which copies them. -1: no gRPC status.
    unsafe {
        proxy_send_local_response(
            u32::from(status),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            -1,
        )
    };
}

/// The time in milliseconds since 1970.
pub fn now() -> u64 {
    let mut nanoseconds = 0;
    // SAFETY: the pointer is to a live local.
    unsafe { proxy_get_current_time_nanoseconds(&raw mut nanoseconds) };
    nanoseconds / 1_000_000
}

/// Has the root context's tick called every `period` milliseconds.
pub fn tick_every(period: u64) {
    // SAFETY: takes no pointer.
    unsafe { proxy_set_tick_period_milliseconds(u32::try_from(period).unwrap_or(u32::MAX)) };
}

/// Has the calls that follow act for another context than the one that the host called, until this call of the host's ends.
pub fn act_for(context: u32) {
    // SAFETY: takes no pointer.
    unsafe { proxy_set_effective_context(context) };
}

/// Lets a response go on whose headers or body are held.
pub fn resume_response() {
    const RESPONSE: u32 = 1;
    // SAFETY: takes no pointer.
    unsafe { proxy_continue_stream(RESPONSE) };
}

/// A gauge of that name: one for all VMs of this Envoy, under a number of this VM's. A name that is known gets another number.
pub fn define_gauge(name: &str) -> Option<u32> {
    const GAUGE: u32 = 1;
    let mut gauge = 0;
    // SAFETY: the name and the number live through the call.
    let status = unsafe { proxy_define_metric(GAUGE, name.as_ptr(), name.len(), &raw mut gauge) };
    (status == OK).then_some(gauge)
}

/// Adds to a gauge.
pub fn add_to_gauge(gauge: u32, by: i64) {
    // SAFETY: takes no pointer.
    unsafe { proxy_increment_metric(gauge, by) };
}

/// Calls a cluster by HTTP; the response comes to the root context. Says whether the call began.
#[expect(clippy::disallowed_methods, reason = "the SDK has to know of the call to dispatch its response")]
pub fn call(cluster: &str, headers: Vec<(&str, &str)>, timeout: Duration) -> bool {
    hostcalls::dispatch_http_call(cluster, headers, None, Vec::new(), timeout).is_ok()
}

//! The ABI, both ways: the module's imports, defined here, and its exports, declared here.
//!
//! Nothing in an import may panic: it is called through the module from an `extern "C"` function, which
//! cannot unwind. What is wrong is noted in the host, and found by the test that looks.
#![expect(unsafe_code, reason = "the ABI is made of C functions over raw pointers")]

use proxy_wasm::types::{Action, BufferType, LogLevel, MapType, Status};

use crate::headers::Headers;
use crate::host::{self, LocalReply};

/// The module's exports: the SDK's dispatcher. Their contract is only that the context they name exists.
#[expect(missing_docs, reason = "named and described by the proxy-wasm ABI 0.2.1")]
pub mod exports {
    use super::Action;

    unsafe extern "C" {
        pub safe fn proxy_on_context_create(context: u32, root: u32);
        pub safe fn proxy_on_configure(context: u32, size: usize) -> bool;
        pub safe fn proxy_on_vm_start(context: u32, size: usize) -> bool;
        pub safe fn proxy_on_tick(context: u32);
        pub safe fn proxy_on_request_headers(context: u32, count: usize, end_of_stream: bool) -> Action;
        pub safe fn proxy_on_request_body(context: u32, size: usize, end_of_stream: bool) -> Action;
        pub safe fn proxy_on_request_trailers(context: u32, count: usize) -> Action;
        pub safe fn proxy_on_response_headers(context: u32, count: usize, end_of_stream: bool) -> Action;
        pub safe fn proxy_on_response_body(context: u32, size: usize, end_of_stream: bool) -> Action;
        pub safe fn proxy_on_response_trailers(context: u32, count: usize) -> Action;
        pub safe fn proxy_on_http_call_response(context: u32, token: u32, headers: usize, size: usize, trailers: usize);
        pub safe fn proxy_on_done(context: u32) -> bool;
        pub safe fn proxy_on_log(context: u32);
        pub safe fn proxy_on_delete(context: u32);
        pub(super) safe fn proxy_on_memory_allocate(size: usize) -> *mut u8;
    }
}

/// What the module passes.
///
/// # Safety
/// `size` bytes have to be readable at `data`, or `size` be 0.
unsafe fn passed<'a>(data: *const u8, size: usize) -> &'a [u8] {
    if data.is_null() || size == 0 {
        return &[];
    }
    // SAFETY: by this function's own contract.
    unsafe { std::slice::from_raw_parts(data, size) }
}

/// Hands `bytes` to the module, in memory of its own. Nothing is allocated for no bytes.
///
/// # Safety
/// Both pointers have to be writable.
unsafe fn hand_over(bytes: &[u8], data: *mut *mut u8, size: *mut usize) -> Status {
    // SAFETY: the module's allocator gives room for as many bytes as were asked for; the rest by the contract.
    unsafe {
        let room = if bytes.is_empty() { std::ptr::null_mut() } else { exports::proxy_on_memory_allocate(bytes.len()) };
        if !bytes.is_empty() {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), room, bytes.len());
        }
        data.write(room);
        size.write(bytes.len());
    }
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_log(level: LogLevel, data: *const u8, size: usize) -> Status {
    // SAFETY: the SDK passes a slice.
    let message = String::from_utf8_lossy(unsafe { passed(data, size) }).into_owned();
    if level == LogLevel::Critical {
        // A panic, here or in a test: the SDK's hook has taken the place of the usual one.
        eprintln!("{message}\n{}", host::try_with(|host| host.label.clone()).unwrap_or_default());
    }
    host::try_with(|host| {
        host.count("log");
        host.log.push((level as u32, message));
    });
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_current_time_nanoseconds(time: *mut u64) -> Status {
    let now = host::with(|host| {
        host.count("get_current_time");
        host.now
    });
    // SAFETY: the module passes a live local.
    unsafe { time.write(now) };
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_tick_period_milliseconds(period: u32) -> Status {
    host::with(|host| {
        host.count("set_tick_period");
        let context = host.current();
        host.ticks.insert(context, period);
    });
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_header_map_pairs(map: MapType, data: *mut *mut u8, size: *mut usize) -> Status {
    let pairs = host::with(|host| {
        host.count("get_header_map_pairs");
        host.pairs(map)
    });
    // SAFETY: the module passes live locals.
    unsafe { hand_over(&pairs, data, size) }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_header_map_pairs(map: MapType, data: *const u8, size: usize) -> Status {
    // SAFETY: the module passes a slice.
    let headers = Headers::decode(unsafe { passed(data, size) });
    host::with(|host| {
        host.count("set_header_map_pairs");
        match headers {
            Some(headers) => host.change(map, |old| *old = headers),
            None => host.refuse("a header map that cannot be read"),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_header_map_value(
    map: MapType,
    key: *const u8,
    key_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    // SAFETY: the module passes a slice.
    let key = unsafe { passed(key, key_size) };
    let value = host::with(|host| {
        host.count("get_header_map_value");
        host.header(map, key)
    });
    match value {
        // SAFETY: the module passes live locals.
        Ok(value) => unsafe { hand_over(&value, data, size) },
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_replace_header_map_value(
    map: MapType,
    key: *const u8,
    key_size: usize,
    value: *const u8,
    value_size: usize,
) -> Status {
    // SAFETY: the module passes slices.
    let (key, value) = unsafe { (passed(key, key_size), passed(value, value_size)) };
    host::with(|host| {
        host.count("replace_header_map_value");
        host.change(map, |headers| headers.set(key, value))
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_add_header_map_value(
    map: MapType,
    key: *const u8,
    key_size: usize,
    value: *const u8,
    value_size: usize,
) -> Status {
    // SAFETY: the module passes slices.
    let (key, value) = unsafe { (passed(key, key_size), passed(value, value_size)) };
    host::with(|host| {
        host.count("add_header_map_value");
        host.change(map, |headers| headers.add(key, value))
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_remove_header_map_value(map: MapType, key: *const u8, key_size: usize) -> Status {
    // SAFETY: the module passes a slice.
    let key = unsafe { passed(key, key_size) };
    host::with(|host| {
        host.count("remove_header_map_value");
        host.change(map, |headers| headers.remove(key))
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_buffer_bytes(
    buffer: BufferType,
    start: usize,
    most: usize,
    data: *mut *mut u8,
    size: *mut usize,
) -> Status {
    let bytes = host::with(|host| {
        host.count("get_buffer_bytes");
        host.buffer(buffer, start, most)
    });
    match bytes {
        // SAFETY: the module passes live locals.
        Ok(bytes) => unsafe { hand_over(&bytes, data, size) },
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_buffer_bytes(
    buffer: BufferType,
    start: usize,
    length: usize,
    data: *const u8,
    size: usize,
) -> Status {
    // SAFETY: the module passes a slice.
    let bytes = unsafe { passed(data, size) };
    host::with(|host| {
        host.count("set_buffer_bytes");
        host.set_buffer(buffer, start, length, bytes)
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_property(path: *const u8, path_size: usize, data: *mut *mut u8, size: *mut usize) -> Status {
    // SAFETY: the module passes a slice.
    let path = unsafe { passed(path, path_size) };
    let value = host::with(|host| {
        host.count("get_property");
        host.property(path)
    });
    match value {
        // SAFETY: the module passes live locals.
        Ok(value) => unsafe { hand_over(&value, data, size) },
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_property(path: *const u8, path_size: usize, value: *const u8, value_size: usize) -> Status {
    // SAFETY: the module passes slices.
    let (path, value) = unsafe { (passed(path, path_size), passed(value, value_size)) };
    host::with(|host| {
        host.count("set_property");
        host.set_property(path, value)
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_get_shared_data(
    key: *const u8,
    key_size: usize,
    data: *mut *mut u8,
    size: *mut usize,
    version: *mut u32,
) -> Status {
    // SAFETY: the module passes a slice.
    let key = unsafe { passed(key, key_size) };
    let found = host::with(|host| {
        host.count("get_shared_data");
        host.shared.get(key)
    });
    let Some((value, stands)) = found else { return Status::NotFound };
    // SAFETY: the module passes live locals.
    unsafe {
        version.write(stands);
        hand_over(&value, data, size)
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_shared_data(
    key: *const u8,
    key_size: usize,
    value: *const u8,
    value_size: usize,
    version: u32,
) -> Status {
    // SAFETY: the module passes slices.
    let (key, value) = unsafe { (passed(key, key_size), passed(value, value_size)) };
    host::with(|host| {
        host.count("set_shared_data");
        if host.shared.set(key, value, version) { Status::Ok } else { Status::CasMismatch }
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_send_local_response(
    status: u32,
    details: *const u8,
    details_size: usize,
    body: *const u8,
    body_size: usize,
    headers: *const u8,
    headers_size: usize,
    _grpc_status: i32,
) -> Status {
    // SAFETY: the module passes slices.
    let (details, body, headers) =
        unsafe { (passed(details, details_size), passed(body, body_size), passed(headers, headers_size)) };
    let reply = Headers::decode(headers).map(|headers| LocalReply {
        status: status as u16,
        headers,
        body: body.to_vec(),
        details: String::from_utf8_lossy(details).into_owned(),
    });
    host::with(|host| {
        host.count("send_local_response");
        match reply {
            Some(reply) => host.send_local_reply(reply),
            None => host.refuse("an answer whose headers cannot be read"),
        }
    })
}

#[unsafe(no_mangle)]
extern "C" fn proxy_http_call(
    cluster: *const u8,
    cluster_size: usize,
    headers: *const u8,
    headers_size: usize,
    _body: *const u8,
    _body_size: usize,
    _trailers: *const u8,
    _trailers_size: usize,
    timeout: u32,
    token: *mut u32,
) -> Status {
    // SAFETY: the SDK passes slices.
    let (cluster, headers) = unsafe { (passed(cluster, cluster_size), passed(headers, headers_size)) };
    let issued = host::with(|host| {
        host.count("http_call");
        host.http_call(cluster, Headers::decode(headers).unwrap_or_default(), timeout)
    });
    match issued {
        Ok(issued) => {
            // SAFETY: the SDK passes a live local.
            unsafe { token.write(issued) };
            Status::Ok
        }
        Err(status) => status,
    }
}

#[unsafe(no_mangle)]
extern "C" fn proxy_set_effective_context(context: u32) -> Status {
    host::with(|host| {
        host.count("set_effective_context");
        host.enter(context);
    });
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_define_metric(_kind: u32, name: *const u8, name_size: usize, metric: *mut u32) -> Status {
    // SAFETY: the module passes a slice and a live local.
    unsafe {
        let name = String::from_utf8_lossy(passed(name, name_size)).into_owned();
        metric.write(host::with(|host| host.define_metric(name)));
    }
    Status::Ok
}

#[unsafe(no_mangle)]
extern "C" fn proxy_increment_metric(metric: u32, by: i64) -> Status {
    // When a worker's thread ends, the host may be gone before the module's memory is.
    host::try_with(|host| host.increment_metric(metric, by));
    Status::Ok
}

/// Imports that the SDK has and the module must not use: they are noted, and refused. They take no
/// arguments here; on the machines that this crate is for, a caller that passes some is none the wiser.
macro_rules! unused {
    ($($name:ident)*) => { $(
        #[unsafe(no_mangle)]
        extern "C" fn $name() -> Status {
            host::with(|host| {
                host.count(stringify!($name));
                host.refuse(stringify!($name));
            });
            Status::InternalFailure
        }
    )* };
}

unused! {
    proxy_get_log_level proxy_register_shared_queue proxy_resolve_shared_queue proxy_dequeue_shared_queue
    proxy_enqueue_shared_queue proxy_continue_stream proxy_close_stream proxy_grpc_call proxy_grpc_stream
    proxy_grpc_send proxy_grpc_cancel proxy_grpc_close proxy_get_status proxy_call_foreign_function proxy_done
    proxy_get_metric proxy_record_metric
}

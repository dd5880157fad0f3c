"""Reading a recording of the GPU probe: frames, buffers, records. recording.h is the format's description.

Tolerates damage: what cannot be read is counted and skipped, never guessed.
"""

import struct

FILE_MAGIC = b"GPUPROBE"
FRAME_MAGIC = 0x4D465250
FORMAT = 1

CALL, NOTE, CLOCK, REQUEST, COMPLETE, LIVE, CALLBACK, NAME, CBNAME, THREAD, STRIDES, LIBRARY, END = range(1, 14)
TYPE_NAMES = {
    CALL: "call", NOTE: "note", CLOCK: "clock", REQUEST: "request", COMPLETE: "complete", LIVE: "live",
    CALLBACK: "callback", NAME: "name", CBNAME: "cbname", THREAD: "thread", STRIDES: "strides",
    LIBRARY: "library", END: "end",
}
DOMAINS = {1: "driver", 2: "runtime", 3: "resource", 4: "synchronize", 5: "nvtx", 6: "state"}
# Of domains whose events cuptiGetCallbackName may not name.
EVENTS = {
    3: ("", "context created", "context destroy", "stream created", "stream destroy", "cuInit finished",
        "module loaded", "module unload", "module profiled", "graph created", "graph destroy", "graph cloned",
        "node create starting", "node created", "node destroy", "dependency created", "dependency destroy",
        "exec create starting", "exec created", "exec destroy", "node cloned", "stream attribute changed",
        "node updated", "node parameters set"),
    4: ("", "stream synchronized", "context synchronized"),
    6: ("", "fatal error", "error", "warning"),
}
NO_ID = 0xFFFFFFFFFFFFFFFF

_FILE = struct.Struct("<8s6I2Q2Q")
_FRAME = struct.Struct("<IHHIIQQ")
_LAYOUTS = {
    CALL: ("<QiI", ("duration_ns", "result", None)),
    CLOCK: ("<7QiI", ("mono_ns", "real_ns", "raw_ns", "boot_ns", "ticks", "cupti_ns", "mono_after_ns",
                      "cupti_result", None)),
    CALLBACK: ("<6Iq2Q6Q", ("domain", "cbid", "site", "correlation", "context_uid", "depth", "result", "context",
                            "symbol", "extra0", "extra1", "extra2", "extra3", "extra4", "extra5")),
    NAME: ("<Q", ("pointer",)),
    CBNAME: ("<II", ("domain", "cbid")),
    THREAD: ("<IIQ", ("tid", None, "pthread_self")),
    END: ("<4Q", ("frames", "lost", "records", "dropped")),
}
_BUFFER = ("<II7Q4I", ("id", "stream_id", "address", "context", "size", "valid", "tail_zero", "tail_fill",
                       "requested_ns", "domain", "cbid", "correlation", "depth"))
for _type in (REQUEST, COMPLETE, LIVE):
    _LAYOUTS[_type] = _BUFFER

# Fields of activity records, by prefix: (name, offset, struct code). Valid from CUDA 11.0 on, as the structures
# only grow at their end; a field beyond the learned stride is left out. s: pointer to a name.
_KERNEL = (("start", 16, "Q"), ("end", 24, "Q"), ("device", 40, "I"), ("context", 44, "I"), ("stream", 48, "I"),
           ("grid_x", 52, "i"), ("block_x", 64, "i"), ("correlation", 92, "I"), ("name", 104, "s"),
           ("queued", 120, "Q"), ("submitted", 128, "Q"), ("graph_node", 144, "Q"), ("graph", 156, "I"),
           ("channel", 168, "I"))
_API = (("cbid", 4, "I"), ("start", 8, "Q"), ("end", 16, "Q"), ("process", 24, "I"), ("thread", 28, "I"),
        ("correlation", 32, "I"), ("result", 36, "I"))
FIELDS = {
    1: (("copy_kind", 4, "B"), ("src_kind", 5, "B"), ("dst_kind", 6, "B"), ("flags", 7, "B"), ("bytes", 8, "Q"),
        ("start", 16, "Q"), ("end", 24, "Q"), ("device", 32, "I"), ("context", 36, "I"), ("stream", 40, "I"),
        ("correlation", 44, "I"), ("graph_node", 64, "Q"), ("graph", 72, "I")),
    2: (("value", 4, "I"), ("bytes", 8, "Q"), ("start", 16, "Q"), ("end", 24, "Q"), ("device", 32, "I"),
        ("context", 36, "I"), ("stream", 40, "I"), ("correlation", 44, "I"), ("graph_node", 64, "Q"),
        ("graph", 72, "I")),
    3: _KERNEL,
    4: _API,
    5: _API,
    9: (("context", 4, "I"), ("device", 8, "I"), ("api", 12, "H"), ("null_stream", 14, "H")),
    10: _KERNEL,
    17: (("overhead", 4, "I"), ("object", 8, "I"), ("start", 24, "Q"), ("end", 32, "Q"), ("correlation", 40, "I")),
    22: (("copy_kind", 4, "B"), ("bytes", 8, "Q"), ("start", 16, "Q"), ("end", 24, "Q"), ("device", 32, "I"),
         ("context", 36, "I"), ("stream", 40, "I"), ("correlation", 60, "I"), ("graph_node", 72, "Q"),
         ("graph", 80, "I")),
    36: (("correlation", 4, "I"), ("context", 8, "I"), ("stream", 12, "I"), ("event", 16, "I"),
         ("device_timestamp", 40, "Q")),
    37: (("context", 4, "I"), ("stream", 8, "I"), ("priority", 12, "I"), ("flag", 16, "I"),
         ("correlation", 20, "I")),
    38: (("type", 4, "I"), ("start", 8, "Q"), ("end", 16, "Q"), ("correlation", 24, "I"), ("context", 28, "I"),
         ("stream", 32, "I"), ("event", 36, "I")),
    39: (("external_kind", 4, "I"), ("external_id", 8, "Q"), ("correlation", 16, "I")),
    49: (("operation", 4, "I"), ("memory_kind", 8, "I"), ("correlation", 12, "I"), ("address", 16, "Q"),
         ("bytes", 24, "Q"), ("timestamp", 32, "Q"), ("device", 52, "I"), ("context", 56, "I"),
         ("stream", 60, "I")),
    50: (("operation", 4, "I"), ("pool_kind", 8, "I"), ("correlation", 12, "I"), ("device", 20, "I"),
         ("address", 32, "Q"), ("bytes", 40, "Q"), ("timestamp", 56, "Q")),
    51: (("correlation", 4, "I"), ("start", 8, "Q"), ("end", 16, "Q"), ("device", 24, "I"), ("graph", 28, "I"),
         ("context", 32, "I"), ("stream", 36, "I")),
}
KIND_NAMES = {
    1: "MEMCPY", 2: "MEMSET", 3: "KERNEL", 4: "DRIVER", 5: "RUNTIME", 8: "DEVICE", 9: "CONTEXT",
    10: "CONCURRENT_KERNEL", 17: "OVERHEAD", 22: "MEMCPY2", 28: "DEVICE_ATTRIBUTE", 36: "CUDA_EVENT", 37: "STREAM",
    38: "SYNCHRONIZATION", 39: "EXTERNAL_CORRELATION", 40: "NVLINK", 46: "PCIE", 48: "INTERNAL_LAUNCH_API",
    49: "MEMORY2", 50: "MEMORY_POOL", 51: "GRAPH_TRACE", 52: "JIT", 53: "DEVICE_GRAPH_TRACE",
}
GPU_WORK = (1, 2, 3, 10, 22, 51)


def kind_name(kind):
    return KIND_NAMES.get(kind, "kind %d" % kind)


class NotARecording(Exception):
    """The file's head is not that of a recording, or of another format version."""


class Frame:
    """One frame: type, tid, sequence, mono_ns; the payload's fields as attributes; what follows them as `body`."""

    def __init__(self, kind, tid, sequence, mono_ns, payload):
        self.type, self.tid, self.sequence, self.mono_ns = kind, tid, sequence, mono_ns
        layout, names = _LAYOUTS.get(kind, ("", ()))
        head = struct.calcsize(layout) if layout else 0
        if len(payload) < head:
            raise ValueError("payload of %d bytes is too short" % len(payload))
        for name, value in zip(names, struct.unpack_from(layout, payload) if layout else ()):
            if name:
                setattr(self, name, value)
        self.body = payload[head:]
        if kind in (COMPLETE, LIVE) and len(self.body) != self.valid:
            raise ValueError("buffer of %d bytes says %d" % (len(self.body), self.valid))

    @property
    def text(self):
        return self.body.decode("utf-8", "backslashreplace")


class Record:
    """One activity record: kind, raw bytes, and known fields by get()."""

    def __init__(self, kind, raw):
        self.kind, self.raw = kind, raw

    def get(self, name):
        for field, offset, code in FIELDS.get(self.kind, ()):
            if field == name:
                return self._read(offset, code)
        return None

    def _read(self, offset, code):
        layout = "<" + ("Q" if code == "s" else code)
        if offset + struct.calcsize(layout) > len(self.raw):
            return None
        return struct.unpack_from(layout, self.raw, offset)[0]

    def fields(self):
        """(name, value, is_pointer_to_name) of every known field that this record is long enough to hold."""
        for name, offset, code in FIELDS.get(self.kind, ()):
            value = self._read(offset, code)
            if value is not None:
                yield name, value, code == "s"


class Recording:
    """A whole recording in memory. `damage` lists in words what could not be read."""

    def __init__(self, data):
        if len(data) < _FILE.size or data[:8] != FILE_MAGIC:
            raise NotARecording("not a recording of the GPU probe")
        (_, version, size, self.pid, self.cupti_version, self.header_version, _, self.real_ns, self.mono_ns,
         _, _) = _FILE.unpack_from(data)
        if version != FORMAT or size < _FILE.size:
            raise NotARecording("recording of format %d; this reads format %d" % (version, FORMAT))
        self.frames = []
        self.damage = []
        self.strides = {}
        self.names = {}
        self.callback_names = {}
        self.threads = {}
        self.end = None
        self._read_frames(data, size)
        if not self.end:
            self.damage.append("no end frame: the recording was cut short")
        elif self.end.frames != len(self.frames) - 1:
            self.damage.append("the end frame counts %d frames before it, %d were read"
                               % (self.end.frames, len(self.frames) - 1))

    def _read_frames(self, data, at):
        magic = struct.pack("<I", FRAME_MAGIC)
        while at < len(data):
            problem = None
            if len(data) - at < _FRAME.size:
                problem = "%d bytes at the end are no frame" % (len(data) - at)
                self.damage.append(problem)
                return
            found, kind, _, size, tid, sequence, mono_ns = _FRAME.unpack_from(data, at)
            start, end = at + _FRAME.size, at + _FRAME.size + size
            if found != FRAME_MAGIC:
                problem = "no frame at byte %d" % at
            elif end > len(data):
                problem = "the frame at byte %d ends beyond the file" % at
            else:
                try:
                    self._take(Frame(kind, tid, sequence, mono_ns, data[start:end]))
                except (ValueError, struct.error) as error:
                    problem = "the frame at byte %d: %s" % (at, error)
            if not problem:
                at = end + (-size & 7)
                continue
            # Search for the next frame at a multiple of 8, as the writer pads to.
            self.damage.append(problem)
            at = data.find(magic, at + 1)
            while at >= 0 and at % 8:
                at = data.find(magic, at + 1)
            if at < 0:
                return

    def _take(self, frame):
        self.frames.append(frame)
        if frame.type == STRIDES:
            self.strides.update(struct.iter_unpack("<II", frame.body[:len(frame.body) & ~7]))
        elif frame.type == NAME:
            self.names[frame.pointer] = frame.text
        elif frame.type == CBNAME:
            self.callback_names[frame.domain, frame.cbid] = frame.text
        elif frame.type == THREAD:
            self.threads[frame.tid] = frame
        elif frame.type == END:
            self.end = frame

    def of_type(self, *types):
        return [frame for frame in self.frames if frame.type in types]

    def records(self, frame):
        """The records of a COMPLETE or LIVE frame, up to kind 0, a kind of unknown size or a partial record."""
        body = frame.body
        if frame.type == LIVE:  # written without the zeros behind its last byte that is none
            body += bytes(max(self.strides.values(), default=0))
        at = 0
        while at + 4 <= len(frame.body):
            kind = struct.unpack_from("<I", body, at)[0]
            stride = self.strides.get(kind)
            if not kind or not stride or at + stride > len(body):
                return
            yield Record(kind, body[at:at + stride])
            at += stride

    def leftover(self, frame):
        """Bytes of a COMPLETE or LIVE frame behind its last readable record."""
        return max(0, len(frame.body) - sum(len(record.raw) for record in self.records(frame)))

    def api_name(self, domain, cbid):
        name = self.callback_names.get((domain, cbid))
        if not name and cbid < len(EVENTS.get(domain, ())):
            name = EVENTS[domain][cbid]
        return name or "%s:%d" % (DOMAINS.get(domain, domain), cbid)


def read(path):
    with open(path, "rb") as file:
        return Recording(file.read())

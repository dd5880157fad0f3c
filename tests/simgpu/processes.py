#!/usr/bin/env python3
"""Processes that use the simulated GPU by its C functions alone: `processes.py WHAT`. Run by simgpu_process_test.sh."""
import ctypes as c
import os
import signal
import sys

NO_DEVICE, NOT_INITIALIZED, NOT_SUPPORTED = 100, 3, 801


class Dim3(c.Structure):
    _fields_ = [("x", c.c_uint), ("y", c.c_uint), ("z", c.c_uint)]


def expect(what, got, wanted):
    if got != wanted:
        sys.exit(f"processes.py: {what}: {got}, not {wanted}")


def driver():
    cuda = c.CDLL("libcuda.so.1")
    expect("cuInit", cuda.cuInit(0), 0)
    ctx = c.c_void_p()
    expect("primary context", cuda.cuDevicePrimaryCtxRetain(c.byref(ctx), 0), 0)
    expect("cuCtxSetCurrent", cuda.cuCtxSetCurrent(ctx), 0)
    return cuda


def kernel(cuda, name):
    module, func = c.c_void_p(), c.c_void_p()
    expect("cuModuleLoadData", cuda.cuModuleLoadData(c.byref(module), b"image"), 0)
    expect("cuModuleGetFunction", cuda.cuModuleGetFunction(c.byref(func), module, name), 0)
    return func


def launch(cuda, func, n):
    for _ in range(n):
        expect("cuLaunchKernel", cuda.cuLaunchKernel(func, 1, 1, 1, 32, 1, 1, 0, None, None, None), 0)


def init(times, wanted):
    """cuInit several times; the injection library writes down how often it was called."""
    cuda = c.CDLL("libcuda.so.1")
    for _ in range(int(times)):
        expect("cuInit", cuda.cuInit(0), int(wanted))


def fork():
    """A forked child cannot use CUDA."""
    cuda = driver()
    count = c.c_int()
    pid = os.fork()
    if not pid:
        os._exit(0 if cuda.cuDeviceGetCount(c.byref(count)) == NOT_INITIALIZED and cuda.cuInit(0) == NOT_INITIALIZED else 1)
    expect("the child's exit", os.waitpid(pid, 0)[1], 0)
    expect("cuDeviceGetCount", cuda.cuDeviceGetCount(c.byref(count)), 0)


def fork_first():
    """A child forked before cuInit can."""
    c.CDLL("libcuda.so.1")
    pid = os.fork()
    if not pid:
        cuda = driver()
        launch(cuda, kernel(cuda, b"child"), 3)
        expect("cuCtxSynchronize", cuda.cuCtxSynchronize(), 0)
        sys.exit(0)
    expect("the child's exit", os.waitpid(pid, 0)[1], 0)


def fork_cupti():
    """The real libcupti hangs in a forked child; the simulated one says so and aborts."""
    driver()
    cupti = c.CDLL("libcupti.so")
    stamp = c.c_uint64()
    expect("cuptiGetTimestamp", cupti.cuptiGetTimestamp(c.byref(stamp)), 0)
    pid = os.fork()
    if not pid:
        cupti.cuptiGetTimestamp(c.byref(stamp))
        os._exit(0)
    expect("the child's signal", os.waitpid(pid, 0)[1] & 0x7f, signal.SIGABRT)


def killed():
    cuda = driver()
    launch(cuda, kernel(cuda, b"before_the_end"), 500)
    os.kill(os.getpid(), signal.SIGKILL)


def mapped():
    """libcudart opens libcuda with the first call that needs it, not before."""
    rt = c.CDLL("libcudart.so.13")
    expect("libcuda mapped", "libcuda.so" in open("/proc/self/maps").read(), False)
    count = c.c_int()
    expect("cudaGetDeviceCount", rt.cudaGetDeviceCount(c.byref(count)), 0)
    expect("libcuda mapped", "libcuda.so" in open("/proc/self/maps").read(), True)


def runtime12():
    """What nvcc of CUDA 12 makes of a program, by hand: registration, <<<>>>, a copy back."""
    rt = c.CDLL("libcudart.so.12")
    host_function = c.CFUNCTYPE(None)(lambda: None)
    key = c.cast(host_function, c.c_void_p)
    rt.__cudaRegisterFatBinary.restype = c.c_void_p
    rt.__cudaRegisterFunction.argtypes = [c.c_void_p, c.c_void_p, c.c_char_p, c.c_char_p, c.c_int] + 5 * [c.c_void_p]
    rt.cudaLaunchKernel.argtypes = [c.c_void_p, Dim3, Dim3, c.c_void_p, c.c_size_t, c.c_void_p]
    handle = rt.__cudaRegisterFatBinary(b"fatbin")
    rt.__cudaRegisterFunction(handle, key, b"k12", b"_Z3k12v", -1, None, None, None, None, None)
    ptr, back = c.c_void_p(), c.create_string_buffer(16)
    expect("cudaMalloc", rt.cudaMalloc(c.byref(ptr), c.c_size_t(16)), 0)
    expect("cudaMemset", rt.cudaMemset(ptr, 0x41, c.c_size_t(16)), 0)
    expect("cudaLaunchKernel", rt.cudaLaunchKernel(key, Dim3(2, 1, 1), Dim3(64, 1, 1), None, 0, None), 0)
    expect("cudaMemcpy", rt.cudaMemcpy(back, ptr, c.c_size_t(16), 2), 0)
    expect("bytes", back.raw, b"A" * 16)
    version = c.c_int()
    expect("cudaRuntimeGetVersion", rt.cudaRuntimeGetVersion(c.byref(version)), 0)
    expect("version", version.value // 1000, 12)
    prop = c.create_string_buffer(2048)
    expect("cudaGetDeviceProperties_v2", rt.cudaGetDeviceProperties_v2(prop, 0), 0)
    expect("multiprocessors", c.c_int.from_buffer(prop, 388).value, 132)
    expect("launch without registration", rt.cudaLaunchKernel(c.addressof(prop), Dim3(1, 1, 1), Dim3(1, 1, 1), None, 0, None), 98)


def unsupported():
    """What is not simulated fails with CUDA's own error, and is named once."""
    rt = c.CDLL("libcudart.so.13")
    cuda = driver()
    handle = c.create_string_buffer(64)
    for _ in range(3):
        expect("cudaIpcGetMemHandle", rt.cudaIpcGetMemHandle(handle, None), NOT_SUPPORTED)
        expect("cudaGetLastError", rt.cudaGetLastError(), NOT_SUPPORTED)
        expect("cuMemCreate", cuda.cuMemCreate(None, c.c_size_t(0), None, c.c_ulonglong(0)), NOT_SUPPORTED)
        expect("cuGetExportTable", cuda.cuGetExportTable(None, None), NOT_SUPPORTED)


def proc_address():
    """cuGetProcAddress answers by the caller's CUDA version."""
    cuda = driver()
    fn = c.c_void_p()
    for name, version, exported in ((b"cuMemAlloc", 12000, "cuMemAlloc_v2"), (b"cuCtxCreate", 12000, "cuCtxCreate_v3"),
                                    (b"cuCtxCreate", 13000, "cuCtxCreate_v4"), (b"cuInit", 12000, "cuInit"),
                                    (b"cuStreamGetCaptureInfo", 12020, "cuStreamGetCaptureInfo_v2")):
        expect(name, cuda.cuGetProcAddress_v2(name, c.byref(fn), version, c.c_ulonglong(0), None), 0)
        expect(name, fn.value, c.cast(getattr(cuda, exported), c.c_void_p).value)
    expect("ptsz", cuda.cuGetProcAddress_v2(b"cuLaunchKernel", c.byref(fn), 12000, c.c_ulonglong(2), None), 0)
    expect("ptsz", fn.value, c.cast(cuda.cuLaunchKernel_ptsz, c.c_void_p).value)
    expect("unknown", cuda.cuGetProcAddress_v2(b"cuNoSuchThing", c.byref(fn), 12000, c.c_ulonglong(0), None), 500)


globals()[sys.argv[1]](*sys.argv[2:])

// Copies and memory: every direction, 1D to 3D, symbols, managed and registered memory, pools, peers. Checks
// the bytes, on a real GPU and on the simulated one; prints nothing when all is well. A second device is used
// if there is one.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>
#include <cuda_runtime.h>

#define CHECK(x)                                                                                             \
	do {                                                                                                 \
		cudaError_t e_ = (x);                                                                        \
		if (e_ != cudaSuccess) {                                                                     \
			fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #x, cudaGetErrorString(e_));  \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)
#define EXPECT(x)                                                                                            \
	do {                                                                                                 \
		if (!(x)) {                                                                                  \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #x);                      \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

__constant__ int table[16];
__device__ int counter;
__managed__ int shared_value = 9;

static void linear()
{
	const size_t n = 1 << 20;
	std::vector<char> in(n), out(n);
	char *a, *b, *pinned;
	cudaPointerAttributes at;
	cudaStream_t s;

	for (size_t i = 0; i < n; i++)
		in[i] = (char)(i * 7);
	CHECK(cudaStreamCreate(&s));
	CHECK(cudaMalloc(&a, n));
	CHECK(cudaMalloc(&b, n));
	CHECK(cudaMallocHost(&pinned, n));
	CHECK(cudaMemcpy(a, in.data(), n, cudaMemcpyHostToDevice));
	CHECK(cudaMemcpy(b, a, n, cudaMemcpyDeviceToDevice));
	CHECK(cudaMemcpyAsync(pinned, b, n, cudaMemcpyDeviceToHost, s));
	CHECK(cudaStreamSynchronize(s));
	CHECK(cudaMemcpy(out.data(), pinned, n, cudaMemcpyHostToHost));
	EXPECT(in == out);
	CHECK(cudaMemsetAsync(b, 0x5a, n / 2, s));
	CHECK(cudaMemcpyAsync(out.data(), b, n, cudaMemcpyDefault, s)); // pageable: done on return
	EXPECT(out[0] == 0x5a && out[n / 2 - 1] == 0x5a && out[n / 2] == in[n / 2]);
	CHECK(cudaPointerGetAttributes(&at, a + 100));
	EXPECT(at.type == cudaMemoryTypeDevice && at.device == 0);
	CHECK(cudaPointerGetAttributes(&at, pinned));
	EXPECT(at.type == cudaMemoryTypeHost);
	CHECK(cudaPointerGetAttributes(&at, in.data()));
	EXPECT(at.type == cudaMemoryTypeUnregistered);
	CHECK(cudaHostRegister(in.data(), n, cudaHostRegisterDefault));
	CHECK(cudaMemcpyAsync(a, in.data(), n, cudaMemcpyHostToDevice, s));
	CHECK(cudaStreamSynchronize(s));
	CHECK(cudaHostUnregister(in.data()));
	EXPECT(cudaMemcpy(a, in.data(), n + 1, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
	EXPECT(cudaMemcpy(a, in.data(), n, (cudaMemcpyKind)17) == cudaErrorInvalidMemcpyDirection);
	cudaGetLastError();
	CHECK(cudaFree(a));
	CHECK(cudaFree(b));
	CHECK(cudaFreeHost(pinned));
	CHECK(cudaStreamDestroy(s));
}

static void pitched()
{
	const size_t width = 100, height = 7, depth = 3;
	std::vector<char> in(width * height * depth), out(in.size());
	char *p;
	size_t pitch;

	for (size_t i = 0; i < in.size(); i++)
		in[i] = (char)i;
	CHECK(cudaMallocPitch(&p, &pitch, width, height));
	EXPECT(pitch >= width);
	CHECK(cudaMemcpy2D(p, pitch, in.data(), width, width, height, cudaMemcpyHostToDevice));
	CHECK(cudaMemcpy2D(out.data(), width, p, pitch, width, height, cudaMemcpyDeviceToHost));
	EXPECT(!memcmp(in.data(), out.data(), width * height));
	CHECK(cudaMemset2D(p, pitch, 1, 10, height));
	CHECK(cudaMemcpy2D(out.data(), width, p, pitch, width, height, cudaMemcpyDeviceToHost));
	EXPECT(out[9] == 1 && out[10] == in[10] && out[width * 6 + 9] == 1);
	CHECK(cudaFree(p));

	cudaPitchedPtr cube;
	cudaExtent extent = make_cudaExtent(width, height, depth);
	CHECK(cudaMalloc3D(&cube, extent));
	cudaMemcpy3DParms c = {};
	c.srcPtr = make_cudaPitchedPtr(in.data(), width, width, height);
	c.dstPtr = cube;
	c.extent = extent;
	c.kind = cudaMemcpyHostToDevice;
	CHECK(cudaMemcpy3D(&c));
	memset(out.data(), 0, out.size());
	c.srcPtr = cube;
	c.dstPtr = make_cudaPitchedPtr(out.data(), width, width, height);
	c.kind = cudaMemcpyDeviceToHost;
	CHECK(cudaMemcpy3D(&c));
	EXPECT(in == out);
	CHECK(cudaFree(cube.ptr));
}

static void symbols()
{
	int in[16], out[16] = {}, one = 41, back = 0;
	void *address;
	size_t size;

	for (int i = 0; i < 16; i++)
		in[i] = i * i;
	CHECK(cudaMemcpyToSymbol(table, in, sizeof(in)));
	CHECK(cudaMemcpyFromSymbol(out, table, sizeof(out)));
	EXPECT(!memcmp(in, out, sizeof(in)));
	CHECK(cudaMemcpyToSymbol(counter, &one, sizeof(one)));
	CHECK(cudaGetSymbolAddress(&address, counter));
	CHECK(cudaGetSymbolSize(&size, table));
	EXPECT(size == sizeof(table));
	CHECK(cudaMemcpy(&back, address, sizeof(back), cudaMemcpyDeviceToHost));
	EXPECT(back == 41);
}

static void managed()
{
	int *p;

	CHECK(cudaMallocManaged(&p, 4096));
	p[3] = 12;
	CHECK(cudaMemset(p, 0, 8));
	CHECK(cudaDeviceSynchronize());
	EXPECT(p[0] == 0 && p[3] == 12);
	shared_value = 3;
	CHECK(cudaFree(p));
}

static void pools()
{
	cudaMemPool_t pool;
	uint64_t threshold = UINT64_MAX, used, reserved;
	cudaStream_t s;
	void *p, *q;

	CHECK(cudaStreamCreate(&s));
	CHECK(cudaDeviceGetDefaultMemPool(&pool, 0));
	CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
	CHECK(cudaMallocAsync(&p, 1 << 20, s));
	CHECK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrUsedMemCurrent, &used));
	EXPECT(used >= 1 << 20);
	CHECK(cudaFreeAsync(p, s));
	CHECK(cudaMallocAsync(&q, 1 << 20, s));
	EXPECT(p == q); // handed out again
	CHECK(cudaFreeAsync(q, s));
	CHECK(cudaStreamSynchronize(s));
	CHECK(cudaMemPoolTrimTo(pool, 0));
	CHECK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReservedMemCurrent, &reserved));
	EXPECT(reserved == 0);
	size_t free, total, after;
	CHECK(cudaMemGetInfo(&free, &total));
	CHECK(cudaMalloc(&p, 64 << 20));
	CHECK(cudaMemGetInfo(&after, &total));
	EXPECT(after + (64 << 20) <= free);
	CHECK(cudaFree(p));
	EXPECT(cudaMalloc(&p, (size_t)1 << 46) == cudaErrorMemoryAllocation);
	cudaGetLastError();
	CHECK(cudaStreamDestroy(s));
}

static void peers()
{
	int count, can, in = 77, out = 0;
	int *a, *b;
	cudaStream_t s;

	CHECK(cudaGetDeviceCount(&count));
	if (count < 2)
		return;
	CHECK(cudaDeviceCanAccessPeer(&can, 0, 1));
	EXPECT(can == 1);
	CHECK(cudaDeviceEnablePeerAccess(1, 0));
	EXPECT(cudaDeviceEnablePeerAccess(1, 0) == cudaErrorPeerAccessAlreadyEnabled);
	cudaGetLastError();
	CHECK(cudaMalloc(&a, 4096));
	CHECK(cudaSetDevice(1));
	CHECK(cudaMalloc(&b, 4096));
	CHECK(cudaSetDevice(0));
	CHECK(cudaStreamCreate(&s));
	CHECK(cudaMemcpy(a, &in, sizeof(in), cudaMemcpyHostToDevice));
	CHECK(cudaMemcpyPeerAsync(b, 1, a, 0, 4096, s));
	CHECK(cudaStreamSynchronize(s));
	CHECK(cudaMemcpy(&out, b, sizeof(out), cudaMemcpyDeviceToHost));
	EXPECT(out == 77);
	CHECK(cudaFree(a));
	CHECK(cudaSetDevice(1));
	CHECK(cudaFree(b));
	CHECK(cudaSetDevice(0));
	CHECK(cudaStreamDestroy(s));
}

int main()
{
	linear();
	pitched();
	symbols();
	managed();
	pools();
	peers();
	CHECK(cudaDeviceSynchronize());
	return 0;
}

// The kernels of decode.cu: a small Llama-shaped transformer with sliding-window attention, in float. Written
// to be read, and so that a launch does what its name says; not written to be fast. One thread computes one
// output element and shares nothing with the others, so the same code also runs as plain C++.
#pragma once

#include <cstdint>
#include <cmath>

namespace model
{

constexpr int HIDDEN = 128, HEADS = 4, HEAD_DIM = HIDDEN / HEADS, FFN = 256, VOCAB = 512;
constexpr int CHUNK = 8;	      // tokens of each sequence that a prefill iteration takes
constexpr int WINDOW = 256;	      // positions that attention sees
constexpr int SLOTS = WINDOW + CHUNK; // that the cache holds, a ring: a chunk is written before it is read
constexpr int THREADS = 128;

// One layer's weights, in floats, behind one another: qkv, output, gate and up, down.
constexpr int W_QKV = 3 * HIDDEN * HIDDEN, W_OUT = HIDDEN * HIDDEN, W_UP = 2 * FFN * HIDDEN,
	      W_DOWN = HIDDEN * FFN;
constexpr int W_LAYER = W_QKV + W_OUT + W_UP + W_DOWN;
constexpr int W_EMBED = VOCAB * HIDDEN; // before the layers; also the output head

// The weight at an index, the same on every machine: uniform in +-0.15.
__host__ __device__ inline float weight(uint32_t index)
{
	uint32_t x = index * 2654435761u + 12345u;
	x ^= x >> 15;
	x *= 2246822519u;
	x ^= x >> 13;
	x *= 3266489917u;
	x ^= x >> 16;
	return ((float)(x >> 8) / 16777216.0f - 0.5f) * 0.3f;
}

__host__ __device__ inline float rope_angle(int position, int dim)
{
	return (float)position * powf(10000.0f, -2.0f * (float)dim / (float)HEAD_DIM);
}

} // namespace model

namespace engine
{

using namespace model;

template <typename T> __global__ void init_weights_kernel(T *w, int count)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < count)
		w[i] = weight(i);
}

template <typename T> __global__ void embedding_kernel(T *x, const T *table, const int *ids)
{
	int row = blockIdx.x;
	x[row * HIDDEN + threadIdx.x] = table[ids[row] * HIDDEN + threadIdx.x] * (T)8;
}

template <typename T> __global__ void rms_norm_kernel(T *out, const T *x)
{
	const T *row = x + blockIdx.x * HIDDEN;
	T sum = 0;
	for (int i = 0; i < HIDDEN; i++)
		sum += row[i] * row[i];
	out[blockIdx.x * HIDDEN + threadIdx.x] = row[threadIdx.x] / sqrtf(sum / HIDDEN + (T)1e-5);
}

// out[row, n] = sum over k of a[row * a_stride, k] w[n, k], added to what is there if RESIDUAL.
template <typename T, bool RESIDUAL>
__global__ void gemm_kernel(T *out, const T *a, const T *w, int n_total, int k_total, int a_stride)
{
	int n = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y;
	const T *a_row = a + (size_t)row * a_stride * k_total;
	T sum = 0;
	if (n >= n_total)
		return;
	for (int k = 0; k < k_total; k++)
		sum += a_row[k] * w[(size_t)n * k_total + k];
	out[(size_t)row * n_total + n] = RESIDUAL ? out[(size_t)row * n_total + n] + sum : sum;
}

// Rows are sequence-major: row r is token r % tokens of sequence r / tokens, at position first[sequence] +
// token.
template <typename T> __global__ void rotary_embedding_kernel(T *qkv, const int *first, int tokens)
{
	int row = blockIdx.x, head = threadIdx.x / (HEAD_DIM / 2), d = threadIdx.x % (HEAD_DIM / 2);
	float angle = rope_angle(first[row / tokens] + row % tokens, d);
	for (int part = 0; part < 2; part++) { // q and k
		T *v = qkv + (size_t)row * 3 * HIDDEN + part * HIDDEN + head * HEAD_DIM;
		T a = v[d], b = v[d + HEAD_DIM / 2];
		v[d] = a * cosf(angle) - b * sinf(angle);
		v[d + HEAD_DIM / 2] = b * cosf(angle) + a * sinf(angle);
	}
}

// The cache of a layer: [sequence][SLOTS][key, value][HIDDEN].
template <typename T>
__global__ void reshape_and_cache_kernel(T *cache, const T *qkv, const int *first, int tokens)
{
	int row = blockIdx.x, sequence = row / tokens, slot = (first[sequence] + row % tokens) % SLOTS;
	T *to = cache + ((size_t)sequence * SLOTS + slot) * 2 * HIDDEN;
	const T *from = qkv + (size_t)row * 3 * HIDDEN + HIDDEN;
	to[threadIdx.x] = from[threadIdx.x];
	to[HIDDEN + threadIdx.x] = from[HIDDEN + threadIdx.x];
}

template <typename T> __global__ void silu_and_mul_kernel(T *out, const T *gate_up)
{
	const T *row = gate_up + (size_t)blockIdx.x * 2 * FFN;
	for (int i = threadIdx.x; i < FFN; i += blockDim.x)
		out[(size_t)blockIdx.x * FFN + i] = row[i] / ((T)1 + expf(-row[i])) * row[FFN + i];
}

// best[row] = the greatest (logit, token); the caller has zeroed it. Floats are mapped onto ordered integers.
template <typename T> __global__ void argmax_kernel(unsigned long long *best, const T *logits)
{
	int token = blockIdx.x * blockDim.x + threadIdx.x;
	union {
		float f;
		uint32_t u;
	} bits;
	bits.f = logits[(size_t)blockIdx.y * VOCAB + token];
	uint32_t ordered = bits.u & 0x80000000u ? ~bits.u : bits.u | 0x80000000u;
	atomicMax(&best[blockIdx.y], (unsigned long long)ordered << 32 | (uint32_t)(VOCAB - 1 - token));
}

template <typename T>
__global__ void sampling_from_argmax_kernel(T *ids, const unsigned long long *best, int rows)
{
	int row = blockIdx.x * blockDim.x + threadIdx.x;
	if (row < rows)
		ids[row] = (T)(VOCAB - 1 - (int)(best[row] & 0xffffffffu));
}

} // namespace engine

namespace flash
{

using namespace model;

template <typename T, int DIM> struct kernel_traits {
	typedef T element;
	static constexpr int dim = DIM;
};

// One element of attention's output, softmax computed on the way. Keys after the row's own position, or
// WINDOW and more before it, are not seen.
template <typename T>
__device__ inline T attend(const T *cache, const T *query, int position, int head, int d)
{
	float max = -INFINITY, sum = 0, out = 0;
	int begin = position >= WINDOW ? position - WINDOW + 1 : 0;
	for (int p = begin; p <= position; p++) {
		const T *key = cache + (size_t)(p % SLOTS) * 2 * HIDDEN + head * HEAD_DIM;
		float score = 0;
		for (int i = 0; i < HEAD_DIM; i++)
			score += query[i] * key[i];
		score /= sqrtf((float)HEAD_DIM);
		float new_max = score > max ? score : max, keep = expf(max - new_max),
		      add = expf(score - new_max);
		sum = sum * keep + add;
		out = out * keep + add * key[HIDDEN + d];
		max = new_max;
	}
	return out / sum;
}

template <typename Traits>
__global__ void flash_fwd_kernel(typename Traits::element *out, const typename Traits::element *qkv,
				 const typename Traits::element *cache, const int *first, int tokens)
{
	int row = blockIdx.x, sequence = row / tokens, head = threadIdx.x / Traits::dim,
	    d = threadIdx.x % Traits::dim;
	out[(size_t)row * HIDDEN + threadIdx.x] = attend(cache + (size_t)sequence * SLOTS * 2 * HIDDEN,
							 qkv + (size_t)row * 3 * HIDDEN + head * Traits::dim,
							 first[sequence] + row % tokens, head, d);
}

// Decode: one token a sequence.
template <typename Traits>
__global__ void flash_fwd_splitkv_kernel(typename Traits::element *out, const typename Traits::element *qkv,
					 const typename Traits::element *cache, const int *first)
{
	int row = blockIdx.x, head = threadIdx.x / Traits::dim, d = threadIdx.x % Traits::dim;
	out[(size_t)row * HIDDEN + threadIdx.x] =
		attend(cache + (size_t)row * SLOTS * 2 * HIDDEN,
		       qkv + (size_t)row * 3 * HIDDEN + head * Traits::dim, first[row], head, d);
}

} // namespace flash

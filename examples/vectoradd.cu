// The smallest CUDA program worth recording: two copies in, one kernel, one copy out.
#include <cuda_runtime.h>
#include <cstdio>
#include <cstdlib>
#include <vector>

__global__ void vector_add(float *c, const float *a, const float *b, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i < n)
		c[i] = a[i] + b[i];
}

static void check(cudaError_t error)
{
	if (error != cudaSuccess) {
		fprintf(stderr, "vectoradd: %s\n", cudaGetErrorString(error));
		exit(1);
	}
}

int main()
{
	const int n = 1 << 20;
	const size_t bytes = n * sizeof(float);
	std::vector<float> a(n, 1), b(n, 2), c(n);
	float *da, *db, *dc;

	check(cudaMalloc(&da, bytes));
	check(cudaMalloc(&db, bytes));
	check(cudaMalloc(&dc, bytes));
	check(cudaMemcpy(da, a.data(), bytes, cudaMemcpyHostToDevice));
	check(cudaMemcpy(db, b.data(), bytes, cudaMemcpyHostToDevice));
	vector_add<<<n / 256, 256>>>(dc, da, db, n);
	check(cudaGetLastError());
	check(cudaMemcpy(c.data(), dc, bytes, cudaMemcpyDeviceToHost));
	check(cudaFree(da));
	check(cudaFree(db));
	check(cudaFree(dc));
	printf("vectoradd: c[0] = %g (a GPU computes 3, a simulated one computes nothing)\n", c[0]);
	return 0;
}

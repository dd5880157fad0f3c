/*
 * demangle_test.c: names are spelled as NVIDIA's tools spell them. The pairs are what cu++filt says of
 * symbols of the kinds that CUDA programs have: templates, lambdas in functions, literals, unnamed
 * namespaces, parameter packs, member pointers. What is no mangled name, or too deep, is refused.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "collector/demangle.h"

static const struct {
	const char *mangled, *full, *base;
} names[] = {
	{"_Z9vectorAddPKfS0_Pfi", "vectorAdd(const float *, const float *, float *, int)", "vectorAdd"},
	{"_Z7rmsnormIfLi128EEvPT_PKS0_i", "void rmsnorm<float, (int)128>(T1 *, const T1 *, int)", "rmsnorm"},
	{"_Z22ncclDevKernel_SendRecv24ncclDevKernelArgsStorageILm4096EE",
	 "ncclDevKernel_SendRecv(ncclDevKernelArgsStorage<(unsigned long)4096>)", "ncclDevKernel_SendRecv"},
	{"_ZN12_GLOBAL__N_17softmaxIfLi6ELb0EEEvPT_PKS1_i",
	 "void <unnamed>::softmax<float, (int)6, (bool)0>(T1 *, const T1 *, int)", "softmax"},
	{"_ZN43_GLOBAL__N__b6de9c8c_10_SoftMax_cu_9f978f6320softmax_warp_forwardIfffLi6ELb0ELb0EEEvPT0_PKT_"
	 "iiiPKbib",
	 "void <unnamed>::softmax_warp_forward<float, float, float, (int)6, (bool)0, (bool)0>(T2 *, const T1 "
	 "*, int, "
	 "int, int, const bool *, int, bool)",
	 "softmax_warp_forward"},
	{"_ZN2at6native18elementwise_kernelILi128ELi2EZNS0_22gpu_kernel_impl_nocastINS0_15CUDAFunctor_"
	 "addIfEEEEvRNS_"
	 "18TensorIteratorBaseERKT_EUliE_EEviT1_",
	 "void at::native::elementwise_kernel<(int)128, (int)2, void "
	 "at::native::gpu_kernel_impl_nocast<at::native::CUDAFunctor_add<float>>(at::TensorIteratorBase &, "
	 "const T1 "
	 "&)::[lambda(int) (instance 1)]>(int, T3)",
	 "elementwise_kernel"},
	{"_ZN2at6native29vectorized_elementwise_kernelILi4EZZZNS0_16tanh_kernel_cudaERNS_"
	 "18TensorIteratorBaseEENKUlvE0_"
	 "clEvENKUlvE0_clEvEUlfE_St5arrayIPcLm2EEEEviT0_T1_",
	 "void at::native::vectorized_elementwise_kernel<(int)4, "
	 "at::native::tanh_kernel_cuda(at::TensorIteratorBase "
	 "&)::[lambda() (instance 2)]::operator ()() const::[lambda() (instance 2)]::operator ()() "
	 "const::[lambda(float) (instance 1)], std::array<char *, (unsigned long)2>>(int, T2, T3)",
	 "vectorized_elementwise_kernel"},
	{"_ZN2at6native24vectorized_gather_kernelILi16ElEEvPcS2_PT0_illllb",
	 "void at::native::vectorized_gather_kernel<(int)16, long>(char *, char *, T2 *, int, long, long, "
	 "long, long, "
	 "bool)",
	 "vectorized_gather_kernel"},
	{"_Z5ipackIJLi1ELin2ELi3EEEvv", "void ipack<(int)1, (int)-2, (int)3>()", "ipack"},
	{"_Z4packIJifcEEvDpT_", "void pack<int, float, char>(T1...)", "pack"},
	{"_Z4packIJEEvDpT_", "void pack<>(T1...)", "pack"},
	{"_Z3fnpIvJEEvPFT_DpT0_E", "void fnp<void, >(T1 (*)(T2...))", "fnp"},
	{"_Z2avIL3Col1EEvv", "void av<(Col)1>()", "av"},
	{"_Z2avILDnEEvv", "void av<nullptr>()", "av"},
	{"_Z2avIXadL_Z5plainiEEEvv", "void av<&plain>()", "av"},
	{"_Z3arrIiLi4EEvRAT0__T_", "void arr<int, (int)4>(T1 (&)[T2])", "arr"},
	{"_Z3fp2PFPFvcEiERKN1N1SEPS4_Pi", "fp2(void (*(*)(int))(char), const N::S &, N::S *, int *)", "fp2"},
	{"_Z3pmfIN1N1SEEvMT_FiiE", "void pmf<N::S>(int ( :: T1::*)(int))", "pmf"},
	{"_Z2pmIN1N1SEiEvMT_T0_", "void pm<N::S, int>(T2  :: T1::*)", "pm"},
	{"_Z4sfinIiEvNSt9enable_ifIXgtstT_Li2EEiE4typeE",
	 "void sfin<int>(std::enable_if<sizeof(T1)>(int)2, int>::type)", "sfin"},
	{"_Z3retIiEDTplfp_Li1EET_", "decltype((param#1+(int)1)) ret<int>(T1)", "ret"},
	{"_Z1fSs", "f(std::basic_string<char, std::char_traits<char>, std::allocator<char>>)", "f"},
	{"_Z1fPrKPi", "f(int *const restrict *)", "f"},
	{"_Z1fPVKi", "f(const volatile int *)", "f"},
	{"_ZN1WIiEixEi", "W<int>::operator [](int)", "operator []"},
	{"_ZNK1N1SclEi", "N::S::operator ()(int) const", "operator ()"},
	{"_ZN1AlsIiEEvT_", "void A::operator <<<int>(T1)", "operator <<"},
	{"_ZN1A4copyERKS_", "A::copy(const A&)", "copy"},
	{"_Z3foov.part.0", "foo().part.0", "foo"},
	{"_ZN48_INTERNAL_fa15d16e_17_RangeFactories_cu_38772b083fooEv", "foo()", "foo"},
	{"_ZZ4mainE5local", "main::local", "local"},
	{"_Z6noargsv", "noargs()", "noargs"},
};

static void test_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *full, *base;

		assert_int_equal(demangle(names[i].mangled, &full, &base), 0);
		assert_string_equal(full, names[i].full);
		assert_string_equal(base, names[i].base);
		free(full);
		free(base);
	}
}

static void assert_refused(const char *name)
{
	char *full, *base;

	assert_int_equal(demangle(name, &full, &base), -EINVAL);
	assert_null(full);
	assert_null(base);
}

static void test_refused(void **state)
{
	static const char *const bad[] = {
		"",	    "_",	"_Z",	     "main",	 "gemm_bf16_128x256_tn",
		"_Z999foo", "_Z3fooS_", "_ZN3fooE?", "_Z3foovv", "_Z1fIXcl",
		"_Z-1f",    "_Z1fD",	"_Z0v",	     "_ZTV1A"};
	char *deep = malloc(70000);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_refused(bad[i]);
	/* Every cut of a good name. */
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (size_t n = 0; n < strlen(names[i].mangled); n++) {
			char *full, *base;

			memcpy(deep, names[i].mangled, n);
			deep[n] = 0;
			if (!demangle(deep, &full, &base)) {
				free(full);
				free(base);
			}
		}
	}
	memset(deep, 'P', 69999);
	memcpy(deep, "_Z1f", 4);
	deep[69999] = 0;
	assert_refused(deep);
	deep[60000] = 0;
	assert_refused(deep);
	free(deep);
}

/* Each substitution doubles what is printed: 2^30 times from 200 characters. */
static void test_explosion(void **state)
{
	char name[512] = "_Z1f1aIiiE";
	char *full, *base;

	(void)state;
	for (int i = 0; i < 30; i++) {
		char step[16], id = (char)(i < 10 ? '0' + i : 'A' + i - 10);

		snprintf(step, sizeof(step), "S_IS%c_S%c_E", id, id);
		strcat(name, step);
		if (i == 1) {
			assert_int_equal(demangle(name, &full, &base), 0);
			assert_string_equal(full,
					    "f(a<int, int>, a<a<int, int>, a<int, int>>, a<a<a<int, int>, "
					    "a<int, int>>, a<a<int, int>, a<int, int>>>)");
			free(full);
			free(base);
		}
	}
	assert_refused(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_explosion),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The sizes and offsets of list.h as the simulator has them; prints where NVIDIA's headers differ. */
#include <stdio.h>

#define SIM_CUDART 13
#include "tests/simgpu/abi/cudart_abi.h"
#include "tests/simgpu/abi/cupti_abi.h"
#include "tests/simgpu/sim.h"

extern const size_t nvidia[];
extern const int nvidia_driver_cbid[], nvidia_runtime_cbid[];

static const struct {
	size_t own;
	const char *what;
} own[] = {
#define S(type, theirs)			    {sizeof(type), "size of " #theirs},
#define F(type, theirs, field, their_field) {offsetof(type, field), "offset of " #their_field " in " #theirs},
#include "tests/simgpu/abi_check/list.h"
};

static const int driver_cbid[] = {
#define X(name, number) number,
#include "tests/simgpu/abi/cbid_driver.h"
};

static const int runtime_cbid[] = {
#include "tests/simgpu/abi/cbid_runtime.h"
};

int main(void)
{
	int bad = 0;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (own[i].own != nvidia[i]) {
			printf("%s: %zu here, %zu in NVIDIA's header\n", own[i].what, own[i].own, nvidia[i]);
			bad = 1;
		}
	for (size_t i = 0; i < sizeof(driver_cbid) / sizeof(int); i++)
		bad |= driver_cbid[i] != nvidia_driver_cbid[i];
	for (size_t i = 0; i < sizeof(runtime_cbid) / sizeof(int); i++)
		bad |= runtime_cbid[i] != nvidia_runtime_cbid[i];
	printf("%zu sizes and offsets, %zu callback numbers: %s\n", sizeof(own) / sizeof(*own),
	       sizeof(driver_cbid) / sizeof(int) + sizeof(runtime_cbid) / sizeof(int),
	       bad ? "different" : "the same");
	return bad;
}

/* Sizes of the records by kind, as the real libraries step through a buffer (cuptiActivityGetNextRecord of
   the libcupti of CUDA 11.8, 12.4 and 13.0, filled with kind words); 0: a kind that this version does not
   know. */
#include "tests/simgpu/cupti/cupti.h"

const uint16_t cupti_strides[KIND_MAX] = {
#if SIM_CUPTI == 1108
	[1] = 88,   [2] = 88,	[3] = 200,  [4] = 40,  [5] = 40,  [6] = 24,   [7] = 24,	 [8] = 176,
	[9] = 16,   [10] = 200, [11] = 32,  [12] = 56, [13] = 32, [14] = 24,  [15] = 56, [16] = 40,
	[17] = 40,  [18] = 144, [19] = 40,  [20] = 40, [21] = 32, [22] = 96,  [23] = 32, [24] = 48,
	[25] = 64,  [26] = 32,	[27] = 24,  [28] = 24, [29] = 56, [30] = 40,  [31] = 32, [32] = 24,
	[33] = 152, [34] = 152, [35] = 120, [36] = 24, [37] = 24, [38] = 40,  [39] = 24, [40] = 136,
	[41] = 32,  [42] = 32,	[43] = 32,  [44] = 32, [45] = 80, [46] = 168, [47] = 40, [48] = 40,
	[49] = 120, [50] = 72,	[51] = 48,  [52] = 64,
#elif SIM_CUPTI == 1204
	[1] = 88,   [2] = 88,	[3] = 208,  [4] = 40,  [5] = 40,  [6] = 24,   [7] = 24,	 [8] = 184,
	[9] = 24,   [10] = 208, [11] = 32,  [12] = 56, [13] = 32, [14] = 24,  [15] = 56, [16] = 40,
	[17] = 56,  [18] = 144, [19] = 40,  [20] = 40, [21] = 32, [22] = 96,  [23] = 32, [24] = 48,
	[25] = 64,  [26] = 32,	[27] = 24,  [28] = 24, [29] = 56, [30] = 40,  [31] = 32, [32] = 24,
	[33] = 152, [34] = 152, [35] = 120, [36] = 24, [37] = 24, [38] = 40,  [39] = 24, [40] = 136,
	[41] = 32,  [42] = 32,	[43] = 32,  [44] = 32, [45] = 80, [46] = 168, [47] = 40, [48] = 40,
	[49] = 120, [50] = 72,	[51] = 56,  [52] = 72,
#elif SIM_CUPTI == 1300
	[1] = 96,   [2] = 88,  [3] = 216, [4] = 40,   [5] = 40,	  [8] = 184,  [9] = 32,	  [10] = 216,
	[11] = 32,  [12] = 56, [13] = 40, [17] = 56,  [18] = 144, [19] = 40,  [20] = 40,  [22] = 96,
	[25] = 104, [26] = 32, [27] = 24, [28] = 24,  [33] = 152, [34] = 152, [35] = 120, [36] = 56,
	[37] = 24,  [38] = 56, [39] = 24, [40] = 136, [45] = 80,  [46] = 168, [47] = 40,  [48] = 40,
	[49] = 128, [50] = 80, [51] = 56, [52] = 72,  [53] = 56,  [54] = 64,  [55] = 32,
#else
#error "SIM_CUPTI: 1108, 1204 or 1300"
#endif
};

/* A kind that is not known ends the walk with this. */
#define UNKNOWN_KIND (SIM_CUPTI == 1108 ? CUPTI_UNKNOWN : CUPTI_INVALID_KIND)

API cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid, void **record);
API cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid, void **record)
{
	size_t at = 0;
	uint32_t kind;

	if (!buffer || !record)
		return CUPTI_INVALID_PARAMETER;
	if (*record) {
		at = (size_t)((uint8_t *)*record - buffer);
		kind = *(uint32_t *)*record;
		if (kind >= KIND_MAX || !cupti_strides[kind])
			return UNKNOWN_KIND;
		at += cupti_strides[kind];
	}
	if (at + sizeof(kind) > valid)
		return CUPTI_MAX_LIMIT_REACHED;
	kind = *(uint32_t *)(buffer + at);
	if (kind >= KIND_MAX || !cupti_strides[kind])
		return UNKNOWN_KIND;
	if (at + cupti_strides[kind] > valid)
		return CUPTI_MAX_LIMIT_REACHED;
	*record = buffer + at;
	return CUPTI_OK;
}

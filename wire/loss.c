/*
 * loss.c: the names of the causes for which a record can be missing.
 */
#include "wire/ringbuf.h"

static const struct {
	const char *key, *name;
	bool lost;
} causes[] = {
	[LOSS_NO_SLOT] = {"no_slot", "no free activity buffer", true},
	[LOSS_RING_FULL] = {"ring_full", "ring full (collector too slow or absent)", true},
	[LOSS_NO_PAGE] = {"no_page", "no free NVTX page", true},
	[LOSS_CUPTI] = {"cupti_dropped", "dropped by CUPTI", true},
	[LOSS_NO_TIME] = {"no_time", "without a start or end time", true},
	[LOSS_BAD_TIME] = {"bad_time", "end before start (kept, duration 0)", false},
	[LOSS_UNKNOWN_KIND] = {"unknown_kind", "of a kind not known here", true},
	[LOSS_BAD_RECORD] = {"bad_record", "in activity buffers that could not be read", true},
	[LOSS_NAME_FULL] = {"name_full", "kept without their name (name table full)", false},
	[LOSS_TEXT_CUT] = {"text_cut", "kept with their NVTX text cut", false},
	[LOSS_NO_MEMORY] = {"no_memory", "no memory to encode them", true},
	[LOSS_OVERWRITTEN] = {"overwritten", "overwritten by newer ones (flight recorder)", true},
	[LOSS_FILE] = {"file", "not written (trace file full or failing)", true},
	[LOSS_BAD_CHUNK] = {"bad_chunk", "in damaged chunks", true},
	[LOSS_UNFINISHED] = {"unfinished", "not finished when the process ended or was dumped", true},
	[LOSS_UNNAMED] = {"unnamed", "kept without their name (not published yet)", false},
};

#define CAUSES (sizeof(causes) / sizeof(causes[0]))

const char *loss_cause_name(uint32_t cause)
{
	return cause < CAUSES ? causes[cause].name : "cause not known to this version";
}

const char *loss_cause_key(uint32_t cause)
{
	return cause < CAUSES ? causes[cause].key : "unknown";
}

bool loss_cause_is_loss(uint32_t cause)
{
	return cause >= CAUSES || causes[cause].lost;
}

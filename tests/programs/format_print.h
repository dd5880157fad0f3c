/*
 * format_print.h: records as JSON lines, in the shape of tests/oracle/format_reader.py --json. For
 * format_rows.c, which knows where texts are: it has format_text() to resolve a reference.
 */
#ifndef TESTS_FORMAT_PRINT_H
#define TESTS_FORMAT_PRINT_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cuflight/event.h"
#include "wire/schema.h"

/* The text of a reference of the process at hand, or NULL when the file has no such text. */
static const char *format_text(uint64_t reference, size_t *length);

/* As format_reader.py names them. */
static const char *const field_names[] = {
	[FIELD_START] = "start",
	[FIELD_DURATION] = "duration",
	[FIELD_CORRELATION] = "correlation",
	[FIELD_THREAD] = "thread",
	[FIELD_NAME] = "name",
	[FIELD_DEVICE] = "device",
	[FIELD_CONTEXT] = "context",
	[FIELD_STREAM] = "stream",
	[FIELD_GRAPH_NODE] = "graph_node",
	[FIELD_GRAPH_EXEC] = "graph_exec",
	[FIELD_BYTES] = "bytes",
	[FIELD_VALUE] = "value",
	[FIELD_FLAGS] = "flags",
	[FIELD_CHANNEL] = "channel",
	[FIELD_CHANNEL_TYPE] = "channel_type",
	[FIELD_GRID_X] = "grid_x",
	[FIELD_GRID_Y] = "grid_y",
	[FIELD_GRID_Z] = "grid_z",
	[FIELD_BLOCK_X] = "block_x",
	[FIELD_BLOCK_Y] = "block_y",
	[FIELD_BLOCK_Z] = "block_z",
	[FIELD_REGISTERS] = "registers",
	[FIELD_STATIC_SHARED] = "shared_static",
	[FIELD_DYNAMIC_SHARED] = "shared_dynamic",
	[FIELD_LOCAL_PER_THREAD] = "local_per_thread",
	[FIELD_LOCAL_TOTAL] = "local_total",
	[FIELD_SHARED_EXECUTED] = "shared_executed",
	[FIELD_GRID_ID] = "grid_id",
	[FIELD_LAUNCH_TYPE] = "launch_type",
	[FIELD_CACHE_CONFIG] = "cache_config",
	[FIELD_CLUSTER_X] = "cluster_x",
	[FIELD_CLUSTER_Y] = "cluster_y",
	[FIELD_CLUSTER_Z] = "cluster_z",
	[FIELD_CLUSTER_POLICY] = "cluster_policy",
	[FIELD_MAX_CLUSTER_SIZE] = "cluster_size_max",
	[FIELD_MAX_ACTIVE_CLUSTERS] = "clusters_active_max",
	[FIELD_SHARED_LIMIT_CONFIG] = "shared_limit_config",
	[FIELD_PRIORITY] = "priority",
	[FIELD_COPY_KIND] = "copy_kind",
	[FIELD_SRC_KIND] = "source_kind",
	[FIELD_DST_KIND] = "destination_kind",
	[FIELD_SRC_DEVICE] = "source_device",
	[FIELD_SRC_CONTEXT] = "source_context",
	[FIELD_DST_DEVICE] = "destination_device",
	[FIELD_DST_CONTEXT] = "destination_context",
	[FIELD_COPY_COUNT] = "copy_count",
	[FIELD_MEMORY_KIND] = "memory_kind",
	[FIELD_API_DOMAIN] = "api",
	[FIELD_CBID] = "callback",
	[FIELD_RETURN] = "return_value",
	[FIELD_OVERHEAD_KIND] = "overhead_kind",
	[FIELD_OBJECT_KIND] = "object_kind",
	[FIELD_OBJECT] = "object",
	[FIELD_NVTX_TYPE] = "type",
	[FIELD_DOMAIN] = "domain",
	[FIELD_CATEGORY] = "category",
	[FIELD_COLOR] = "colour",
	[FIELD_PAYLOAD_TYPE] = "payload_type",
	[FIELD_PAYLOAD] = "payload",
	[FIELD_RANGE_ID] = "range_id",
	[FIELD_SOURCE] = "source",
	[FIELD_NUMBER] = "number",
	[FIELD_FIRST_CORRELATION] = "correlation_first",
	[FIELD_LAST_CORRELATION] = "correlation_last",
	[FIELD_TICKS] = "ticks",
	[FIELD_REALTIME] = "realtime",
	[FIELD_CUPTI_TIME] = "cupti_time",
	[FIELD_ERROR] = "error",
	[FIELD_CAUSE] = "cause",
	[FIELD_COUNT] = "count",
};

/* The length of the UTF-8 character at s and its code point, 0 if there is none. */
static size_t utf8_character(const uint8_t *s, size_t left, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;

	if (!n || n > left)
		return 0;
	*code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

/* A JSON string in ASCII; a byte that is no UTF-8 becomes the surrogate 0xdc00 + byte. */
static void print_text(const char *text, size_t length)
{
	static const char letters[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	const uint8_t *s = (const uint8_t *)text;

	putchar('"');
	for (size_t at = 0, n; at < length; at += n ? n : 1) {
		uint32_t code = 0;
		const char *letter;

		n = utf8_character(s + at, length - at, &code);
		letter = n && code && code < 0x80 ? strchr(letters, (int)code) : NULL;
		if (!n)
			printf("\\udc%02x", s[at]);
		else if (letter && (letter - letters) % 2 == 0)
			printf("\\%c", letter[1]);
		else if (code >= ' ' && code < 0x7f)
			putchar((int)code);
		else if (code < 0x10000)
			printf("\\u%04x", code);
		else
			printf("\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10), 0xdc00 + (code & 0x3ff));
	}
	putchar('"');
}

static void print_reference(uint64_t reference)
{
	size_t length;
	const char *text = reference ? format_text(reference, &length) : NULL;

	if (text)
		print_text(text, length);
	else if (reference)
		printf("%" PRIu64, reference);
	else
		printf("null");
}

static void print_value(uint16_t field, uint64_t value)
{
	printf(", \"%s\": ", field_names[field]);
	if (schema_is_text(field))
		print_reference(value);
	else if (field == FIELD_START || field == FIELD_REALTIME || field == FIELD_CUPTI_TIME)
		printf("%" PRId64, (int64_t)value);
	else if (field == FIELD_PRIORITY)
		printf("%" PRId32, (int32_t)value);
	else
		printf("%" PRIu64, value);
}

static void print_row(uint64_t process, const struct schema *s, const uint64_t *row)
{
	printf("{\"kind\": \"%s\", \"process\": %" PRIu64, s->name, process);
	for (int f = 0; f < s->n_fields; f++)
		print_value(s->fields[f].field, row[f]);
	puts("}");
}

static void print_named_text(const char *name, const char *text, uint32_t length)
{
	printf(", \"%s\": ", name);
	print_text(text, length);
}

static void print_device(const struct permanent_device *d)
{
	printf(", \"device\": %u, \"major\": %u, \"minor\": %u, \"multiprocessors\": %u, \"memory\": %" PRIu64
	       ", \"bandwidth\": %" PRIu64 ", \"core_clock\": %u, \"threads_per_multiprocessor\": %u, "
	       "\"l2_cache\": %" PRIu64 ", \"uuid\": \"",
	       d->device, d->compute_major, d->compute_minor, d->multiprocessors, d->memory, d->bandwidth,
	       d->core_clock, d->max_threads_per_multiprocessor, d->l2_cache);
	for (size_t i = 0; i < sizeof(d->uuid); i++)
		printf("%02x", d->uuid[i]);
	putchar('"');
	print_named_text("name", (const char *)(d + 1), d->name_length);
}

/* One permanent record; `reference` is its number if it is a string, 0 unknown. Prints nothing for a kind not
 * known. */
static void print_permanent(uint64_t process, const struct permanent_header *h, uint32_t reference)
{
	static const char *const names[] = {[PERMANENT_STRING] = "string", [PERMANENT_FACT] = "fact",
					    [PERMANENT_DEVICE] = "device", [PERMANENT_CONTEXT] = "context",
					    [PERMANENT_STREAM] = "stream", [PERMANENT_THREAD] = "thread",
					    [PERMANENT_LOSS] = "loss",	   [PERMANENT_CATEGORY] = "category"};
	const void *p = h;

	if (!h->kind || h->kind > PERMANENT_CATEGORY)
		return;
	printf("{\"kind\": \"%s\", \"process\": %" PRIu64 ", \"flags\": %u", names[h->kind], process,
	       h->flags);
	if (h->kind == PERMANENT_STRING) {
		const struct permanent_string *s = p;

		printf(", \"pointer\": %" PRIu64, s->pointer);
		print_named_text("text", (const char *)(s + 1), s->length);
		printf(", \"class\": %u, \"reference\": ", s->string_class);
		if (reference)
			printf("%u", reference);
		else
			printf("null");
	} else if (h->kind == PERMANENT_FACT) {
		const struct permanent_fact *f = p;

		print_named_text("key", (const char *)(f + 1), f->key_length);
		print_named_text("value", (const char *)(f + 1) + f->key_length, f->value_length);
	} else if (h->kind == PERMANENT_DEVICE) {
		print_device(p);
	} else if (h->kind == PERMANENT_CONTEXT) {
		const struct permanent_context *c = p;

		printf(", \"context\": %u, \"device\": %u, \"null_stream\": %u, \"api\": %u", c->context,
		       c->device, c->null_stream, c->api);
	} else if (h->kind == PERMANENT_STREAM) {
		const struct permanent_stream *s = p;

		printf(", \"context\": %u, \"stream\": %u, \"priority\": %d, \"flag\": %u", s->context,
		       s->stream, s->priority, s->flag);
	} else if (h->kind == PERMANENT_THREAD) {
		const struct permanent_thread *t = p;

		printf(", \"thread\": %u", t->thread);
		print_named_text("name", (const char *)(t + 1), t->name_length);
	} else if (h->kind == PERMANENT_LOSS) {
		const struct permanent_loss *l = p;

		printf(", \"cause\": %u, \"count\": %" PRIu64 ", \"first\": %" PRId64 ", \"last\": %" PRId64,
		       l->cause, l->count, l->first, l->last);
	} else {
		const struct permanent_category *c = p;

		printf(", \"domain\": ");
		print_reference(c->domain);
		printf(", \"category\": %u", c->category);
		print_named_text("name", (const char *)(c + 1), c->name_length);
	}
	puts("}");
}

#endif

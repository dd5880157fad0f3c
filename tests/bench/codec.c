/*
 * codec.c: what encoding costs and what it leaves, on two streams shaped like LLM decoding, beside the
 * streams' own entropy.
 *
 *   graph: 80 layers x 10 kernels + 15, replayed as one graph, back to back; mean 12 us, GEMMs jitter by 1%,
 * the rest by 55 ns, gaps by 60 ns. Kernel records only. eager: the same kernels launched one by one, each
 * with its API record.
 *
 * The records are synthetic: jitter is drawn from a normal distribution, for which the entropy is known
 * exactly (log2(sigma sqrt(2 pi e)) bits for each number); no codec can get below it. What real streams have
 * is for a GPU to say.
 *
 * Prints, for each stream, ns and bytes a record as median and range of several runs: encode (rows to
 * chunks), seal included; decode for a kernel summary (site and duration); decode of every column.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/chunk_read.h"
#include "wire/chunk_write.h"
#include "wire/cupti_record.h"

#define LAYERS	      80
#define PER_LAYER     10
#define EXTRA	      15
#define KERNELS	      (LAYERS * PER_LAYER + EXTRA)
#define MAX_RUNS      15
#define SLOTS	      8u
#define SLOT_SIZE     (512u << 10)
#define KERNEL_STRIDE 216
#define API_STRIDE    40

static uint32_t chunk_records = 16384;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t state = 88172645463325252u;

static double uniform(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(double sigma)
{
	return sigma * sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

struct stream {
	uint64_t (*kernels)[KERNEL_FIELDS];
	uint64_t (*apis)[API_FIELDS];
	uint32_t count;
	uint32_t api_count;
	double entropy; /* bytes a record */
};

static double entropy_bits(double sigma)
{
	return log2(sigma * sqrt(2 * 3.141592653589793 * 2.718281828459045));
}

/* One pass over the model's kernels after another until there are n. */
static struct stream make_stream(uint32_t n, int eager)
{
	struct stream s = {.count = n, .api_count = eager ? n : 0};
	static const double mean[PER_LAYER] = {3000, 22000, 4000,  3000, 18000,
					       9000, 3000,  30000, 5000, 23000};
	uint64_t start = 1000000000, api = 999000000, correlation = 100;
	double bits = 0;

	s.kernels = calloc(n, sizeof(*s.kernels));
	s.apis = eager ? calloc(n, sizeof(*s.apis)) : NULL;
	if (!s.kernels || (eager && !s.apis))
		exit(1);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = i % KERNELS,
			 kind = k < LAYERS * PER_LAYER ? k % PER_LAYER : PER_LAYER + k - LAYERS * PER_LAYER;
		double mu = kind < PER_LAYER ? mean[kind] : 4000, sigma = mu > 15000 ? mu * 0.01 : 55;
		uint64_t *row = s.kernels[i];

		if (!eager && !k)
			correlation++;
		if (eager)
			correlation += 1;
		row[KERNEL_NAME] = 1 + kind;
		row[KERNEL_CONTEXT] = 1;
		row[KERNEL_STREAM] = 7;
		row[KERNEL_GRAPH_NODE] = eager ? 0 : 1000 + k;
		row[KERNEL_GRAPH_EXEC] = eager ? 0 : 9;
		row[KERNEL_GRID_X] = 64 + 8 * kind;
		row[KERNEL_GRID_Y] = row[KERNEL_GRID_Z] = 1;
		row[KERNEL_BLOCK_X] = 128;
		row[KERNEL_BLOCK_Y] = row[KERNEL_BLOCK_Z] = 1;
		row[KERNEL_REGISTERS] = 32 + kind;
		row[KERNEL_DYNAMIC_SHARED] = 1024 * kind;
		row[KERNEL_LAUNCH_TYPE] = 0;
		row[KERNEL_CHANNEL] = 11;
		start += (uint64_t)(900 + normal(60));
		row[KERNEL_START] = start;
		row[KERNEL_DURATION] = (uint64_t)(mu + normal(sigma));
		start += row[KERNEL_DURATION];
		row[KERNEL_CORRELATION] = correlation;
		row[KERNEL_GRID_ID] = i;
		bits += entropy_bits(sigma) + entropy_bits(60);
		if (eager) {
			uint64_t *call = s.apis[i];

			api += (uint64_t)(8000 + normal(200));
			call[API_DOMAIN] = 2;
			call[API_CBID] = 211;
			call[API_NAME] = 99;
			call[API_THREAD] = 4242;
			call[API_START] = api;
			call[API_DURATION] = (uint64_t)(3500 + normal(150));
			api += call[API_DURATION];
			call[API_CORRELATION] = correlation;
			bits += entropy_bits(200) + entropy_bits(150);
		}
	}
	s.entropy = bits / 8 / (n + s.api_count);
	return s;
}

struct figures {
	double encode_ns, bytes, summary_ns, all_ns;
};

struct buffer {
	uint8_t *bytes;
	size_t used, size;
};

static void seal(struct chunk_writer *w, struct buffer *b, uint64_t *sequence)
{
	struct chunk_origin origin = {.process = 1, .sequence = (*sequence)++};
	size_t bound = chunk_writer_bound(w);
	ptrdiff_t size;

	if (bound > b->size - b->used) {
		b->size = b->size * 2 + bound;
		b->bytes = realloc(b->bytes, b->size);
		if (!b->bytes)
			exit(1);
	}
	size = chunk_writer_seal(w, &origin, b->bytes + b->used, b->size - b->used);
	if (size < 0) {
		fprintf(stderr, "codec: sealing failed: %s\n", strerror((int)-size));
		exit(1);
	}
	b->used += (size_t)size;
}

static double decode(struct buffer *b, int all)
{
	static const uint16_t summary[] = {FIELD_NAME, FIELD_DURATION};
	struct chunk_decoder *d = chunk_decoder_new();
	double begin = seconds();
	uint64_t sum = 0;

	for (size_t at = 0; at < b->used;) {
		struct chunk_header h;
		struct batch batch;
		uint16_t fields[SCHEMA_MAX_FIELDS];
		uint32_t n = 2;

		memcpy(&h, b->bytes + at, sizeof(h));
		memcpy(fields, summary, sizeof(summary));
		if (all) {
			const struct schema *s = schema_find(h.kind);

			for (n = 0; n < s->n_fields; n++)
				fields[n] = s->fields[n].field;
		}
		if (chunk_decode(d, b->bytes + at, h.size, fields, n, &batch))
			exit(1);
		for (uint32_t i = 0; i < batch.count; i++)
			sum += batch.columns[1].values[batch.columns[1].constant  ? 0
						       : batch.columns[1].by_site ? batch.site[i]
										  : i];
		at += h.size;
	}
	begin = seconds() - begin;
	chunk_decoder_free(d);
	if (sum == 42)
		putchar('\0');
	return begin;
}

static void put32(uint8_t *r, uint32_t at, uint64_t v)
{
	memcpy(r + at, &(uint32_t){(uint32_t)v}, 4);
}

static void put64(uint8_t *r, uint32_t at, uint64_t v)
{
	memcpy(r + at, &v, 8);
}

/* CUpti_ActivityKernel10, as cupti_activity.h of CUDA 13.0 lays it out. */
static void kernel_record(uint8_t *r, const uint64_t *row)
{
	memset(r, 0, KERNEL_STRIDE);
	put32(r, 0, ACTIVITY_KERNEL);
	memcpy(r + 6, &(uint16_t){(uint16_t)row[KERNEL_REGISTERS]}, 2);
	put64(r, 16, row[KERNEL_START]);
	put64(r, 24, row[KERNEL_START] + row[KERNEL_DURATION]);
	put32(r, 44, row[KERNEL_CONTEXT]);
	put32(r, 48, row[KERNEL_STREAM]);
	for (uint32_t i = 0; i < 6; i++)
		put32(r, 52 + 4 * i, row[KERNEL_GRID_X + i]);
	put32(r, 80, row[KERNEL_DYNAMIC_SHARED]);
	put32(r, 92, row[KERNEL_CORRELATION]);
	put64(r, 96, row[KERNEL_GRID_ID]);
	put64(r, 104, row[KERNEL_NAME]);
	put64(r, 144, row[KERNEL_GRAPH_NODE]);
	put32(r, 156, row[KERNEL_GRAPH_EXEC]);
	put32(r, 168, row[KERNEL_CHANNEL]);
}

static void api_record(uint8_t *r, const uint64_t *row)
{
	memset(r, 0, API_STRIDE);
	put32(r, 0, ACTIVITY_RUNTIME);
	put32(r, 4, row[API_CBID]);
	put64(r, 8, row[API_START]);
	put64(r, 16, row[API_START] + row[API_DURATION]);
	put32(r, 28, row[API_THREAD]);
	put32(r, 32, row[API_CORRELATION]);
}

/* Fill all slots with records from *at on, as CUPTI would. Records filled. */
static uint32_t fill(const struct stream *s, uint8_t *slots, uint32_t *at)
{
	uint32_t filled = 0;

	memset(slots, 0, SLOTS * SLOT_SIZE);
	for (uint32_t slot = 0; slot < SLOTS; slot++) {
		uint8_t *r = slots + slot * SLOT_SIZE, *end = r + SLOT_SIZE;

		for (; *at < s->count && end - r >= KERNEL_STRIDE + API_STRIDE; ++*at) {
			if (s->apis) {
				api_record(r, s->apis[*at]);
				r += API_STRIDE;
				filled++;
			}
			kernel_record(r, s->kernels[*at]);
			r += KERNEL_STRIDE;
			filled++;
		}
	}
	return filled;
}

static void encode(struct chunk_writer *w, const struct record_row *row, struct buffer *b, uint64_t *sequence)
{
	if (chunk_writer_full(w))
		seal(w, b, sequence);
	if (chunk_writer_add(w, row->row))
		exit(1);
}

static struct figures run(const struct stream *s)
{
	static const uint16_t strides[] = {
		[ACTIVITY_RUNTIME] = API_STRIDE, [ACTIVITY_KERNEL] = KERNEL_STRIDE};
	struct chunk_writer *kernels = chunk_writer_new(EVENT_KERNEL, chunk_records);
	struct chunk_writer *apis = chunk_writer_new(EVENT_API, chunk_records);
	double records = (double)s->count + s->api_count, begin, spent = 0;
	struct buffer b = {.size = 64u << 20};
	uint8_t *slots = malloc(SLOTS * SLOT_SIZE);
	struct figures f;
	uint64_t sequence = 0;
	uint32_t at = 0, done = 0;

	b.bytes = malloc(b.size);
	if (!kernels || !apis || !b.bytes || !slots)
		exit(1);
	memset(b.bytes, 0, b.size);
	while (fill(s, slots, &at)) {
		begin = seconds();
		for (uint32_t slot = 0; slot < SLOTS; slot++) {
			struct record_walk walk = {.bytes = slots + slot * SLOT_SIZE,
						   .size = SLOT_SIZE,
						   .strides = strides,
						   .stride_count = sizeof(strides) / sizeof(strides[0])};
			uint32_t kind, stride;
			struct record_row row;
			const uint8_t *record;

			while (record_next(&walk, &record, &kind, &stride) == 1) {
				if (record_to_row(record, kind, stride, &row) != RECORD_OK)
					exit(1);
				row.row[KERNEL_NAME] =
					row.event == EVENT_KERNEL ? row.name_pointer : row.row[KERNEL_NAME];
				encode(row.event == EVENT_KERNEL ? kernels : apis, &row, &b, &sequence);
				done++;
			}
		}
		spent += seconds() - begin;
	}
	begin = seconds();
	seal(kernels, &b, &sequence);
	seal(apis, &b, &sequence);
	spent += seconds() - begin;
	if (done != s->count + s->api_count)
		exit(1);
	f.encode_ns = spent * 1e9 / records;
	f.bytes = (double)b.used / records;
	f.summary_ns = decode(&b, 0) * 1e9 / records;
	f.all_ns = decode(&b, 1) * 1e9 / records;
	chunk_writer_free(kernels);
	chunk_writer_free(apis);
	free(b.bytes);
	free(slots);
	return f;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void print_figure(const char *name, double *values, int n, const char *unit)
{
	qsort(values, (size_t)n, sizeof(*values), compare);
	printf("  %-30s %7.2f %s   (%.2f to %.2f)\n", name, values[n / 2], unit, values[0], values[n - 1]);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 2000000;
	int runs = argc > 2 ? atoi(argv[2]) : 5;

	if (argc > 3)
		chunk_records = (uint32_t)atoi(argv[3]);
	if (runs < 1 || runs > MAX_RUNS || !n || !chunk_records || chunk_records > CHUNK_MAX_RECORDS) {
		fprintf(stderr, "usage: codec [RECORDS [RUNS (1 to %d) [RECORDS A CHUNK]]]\n", MAX_RUNS);
		return 2;
	}
	for (int eager = 0; eager < 2; eager++) {
		struct stream s = make_stream(n, eager);
		double encode[MAX_RUNS], bytes[MAX_RUNS], summary[MAX_RUNS], all[MAX_RUNS];

		for (int i = 0; i < runs; i++) {
			struct figures f = run(&s);

			encode[i] = f.encode_ns;
			bytes[i] = f.bytes;
			summary[i] = f.summary_ns;
			all[i] = f.all_ns;
		}
		printf("%s stream, %u kernels%s, chunks of %u\n", eager ? "eager" : "graph", n,
		       eager ? " and as many API calls" : "", chunk_records);
		print_figure("helper: decode, encode, seal", encode, runs, "ns a record");
		print_figure("size", bytes, runs, "B a record ");
		printf("  %-30s %7.2f B a record\n", "entropy of the jitter", s.entropy);
		print_figure("decode for a summary", summary, runs, "ns a record");
		print_figure("decode everything", all, runs, "ns a record");
		free(s.kernels);
		free(s.apis);
	}
	return 0;
}

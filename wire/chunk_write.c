/*
 * chunk_write.c: rows to sites, symbols and residuals as they come. Sealing them into bytes is chunk_seal.c.
 */
#include "wire/chunk_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "wire/chunk_writer.h"
#include "wire/predict.h"

#define FIRST_SITES 64u
#define EMPTY	    0u /* hash tables hold index + 1 */

static uint64_t hash_words(const uint64_t *words, uint32_t n)
{
	uint64_t h = 0x9e3779b97f4a7c15u;

	for (uint32_t i = 0; i < n; i++) {
		h = (h ^ words[i]) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return h;
}

/* Double the room for sites and rebuild the hash table. */
static int grow_sites(struct chunk_writer *w)
{
	uint32_t capacity = w->site_capacity ? w->site_capacity * 2 : FIRST_SITES;
	uint32_t n_static = w->schema->n_static, n_states = chunk_writer_states(w);
	uint64_t *values = realloc(w->site_values, (size_t)capacity * (n_static + 1) * sizeof(*values));
	uint32_t *table;
	uint64_t *states;

	if (values)
		w->site_values = values;
	states = realloc(w->site_states, (size_t)capacity * n_states * sizeof(*states));
	if (states)
		w->site_states = states;
	table = calloc((size_t)capacity * 2, sizeof(*table));
	if (!values || !states || !table) {
		free(table);
		return -ENOMEM;
	}
	free(w->site_table);
	w->site_table = table;
	w->site_table_size = capacity * 2;
	w->site_capacity = capacity;
	for (uint32_t s = 0; s < w->sites; s++) {
		uint32_t at = (uint32_t)hash_words(values + (size_t)s * (n_static + 1), n_static);

		while (table[at & (w->site_table_size - 1)] != EMPTY)
			at++;
		table[at & (w->site_table_size - 1)] = s + 1;
	}
	return 0;
}

struct chunk_writer *chunk_writer_new(uint16_t kind, uint32_t max_records)
{
	const struct schema *schema = schema_find(kind);
	struct chunk_writer *w;
	uint32_t n_dynamic;

	if (!schema || !max_records || max_records > CHUNK_MAX_RECORDS)
		return NULL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	n_dynamic = schema->n_fields - schema->n_static;
	w->schema = schema;
	w->max_records = max_records;
	w->symbols = malloc(max_records * sizeof(*w->symbols));
	w->residuals = malloc((size_t)max_records * n_dynamic * sizeof(*w->residuals));
	w->contexts = calloc(CHUNK_CONTEXTS, sizeof(*w->contexts));
	w->scratch = malloc(max_records * sizeof(*w->scratch));
	w->plane = malloc(max_records);
	if (!w->symbols || !w->residuals || !w->contexts || !w->scratch || !w->plane || grow_sites(w)) {
		chunk_writer_free(w);
		return NULL;
	}
	return w;
}

void chunk_writer_free(struct chunk_writer *w)
{
	if (!w)
		return;
	chunk_writer_free_packer(w);
	free(w->symbols);
	free(w->residuals);
	free(w->contexts);
	free(w->scratch);
	free(w->plane);
	free(w->site_values);
	free(w->site_states);
	free(w->site_table);
	free(w->lanes);
	free(w->texts);
	free(w->text_bytes);
	free(w->text_table);
	free(w);
}

/* Empty for the next chunk; the memory stays. */
void chunk_writer_reset(struct chunk_writer *w)
{
	w->count = 0;
	if (w->sites)
		memset(w->site_table, 0, w->site_table_size * sizeof(*w->site_table));
	memset(w->contexts, 0, CHUNK_CONTEXTS * sizeof(*w->contexts));
	w->sites = 0;
	w->lane_count = 0;
	w->before = w->previous = 0;
	memset(w->last, 0, sizeof(w->last));
	if (w->text_count)
		memset(w->text_table, 0, w->text_table_size * sizeof(*w->text_table));
	w->text_count = 0;
	w->text_used = 0;
}

/* The lane of a new site: the one with the same lane fields, or the next. A few streams or threads: a linear
 * search. */
static int find_lane(struct chunk_writer *w, const uint64_t *row, uint32_t *lane)
{
	uint64_t key = 0x9e3779b97f4a7c15u;

	for (uint32_t f = 0; f < w->schema->n_static; f++)
		if (w->schema->fields[f].lane)
			key = hash_words((uint64_t[]){key, row[f]}, 2);
	for (uint32_t i = 0; i < w->lane_count; i++) {
		if (w->lanes[i].key == key) {
			*lane = i;
			return 0;
		}
	}
	if (w->lane_count == w->lane_capacity) {
		uint32_t capacity = w->lane_capacity ? w->lane_capacity * 2 : 16;
		struct writer_lane *lanes = realloc(w->lanes, capacity * sizeof(*lanes));

		if (!lanes)
			return -ENOMEM;
		w->lanes = lanes;
		w->lane_capacity = capacity;
	}
	w->lanes[w->lane_count] = (struct writer_lane){.key = key, .first_record = w->count};
	*lane = w->lane_count++;
	return 0;
}

/* The row's site, made if it is new. */
static int find_site(struct chunk_writer *w, const uint64_t *row, uint32_t *site)
{
	uint32_t n_static = w->schema->n_static, stride = n_static + 1, at, lane;
	uint64_t *values;
	int err;

	if (w->sites == w->site_capacity) {
		err = grow_sites(w);
		if (err)
			return err;
	}
	for (at = (uint32_t)hash_words(row, n_static);; at++) {
		uint32_t entry = w->site_table[at & (w->site_table_size - 1)];

		if (entry == EMPTY)
			break;
		values = w->site_values + (size_t)(entry - 1) * stride;
		if (!memcmp(values, row, n_static * sizeof(*row))) {
			*site = entry - 1;
			return 0;
		}
	}
	err = find_lane(w, row, &lane);
	if (err)
		return err;
	values = w->site_values + (size_t)w->sites * stride;
	memcpy(values, row, n_static * sizeof(*row));
	values[n_static] = lane;
	memset(w->site_states + (size_t)w->sites * chunk_writer_states(w), 0,
	       chunk_writer_states(w) * sizeof(uint64_t));
	*site = w->sites++;
	w->site_table[at & (w->site_table_size - 1)] = w->sites;
	return 0;
}

/* What a site's mean leaves of x; the mean learns from x. */
static inline uint64_t less_mean(uint64_t x, uint64_t *mean, uint64_t *flags, uint64_t known)
{
	uint64_t predicted = 0;

	if (*flags & known) {
		predicted = mean_predict(*mean);
		*mean = mean_next(*mean, x);
	} else {
		*mean = mean_first(x);
		*flags |= known;
	}
	return zigzag(x - predicted);
}

/* What the row's dynamic fields (schema.h: start, then perhaps duration, then others) leave after prediction.
 */
static void predict(struct chunk_writer *w, const uint64_t *values, struct writer_lane *lane, uint64_t *state)
{
	const struct schema_field *fields = w->schema->fields + w->schema->n_static;
	uint32_t n = w->schema->n_fields - w->schema->n_static, stride = w->max_records, f = 1;
	uint64_t *out = w->residuals + w->count, start = values[0], end = start;

	/* A lane's first record counts from the chunk's first time, which only sealing knows: kept whole. */
	*out = lane->first_record == w->count ? start
					      : less_mean(start - lane->end, &state[1], &state[0], GAP_KNOWN);
	if (w->schema->has_duration) {
		out += stride;
		*out = less_mean(values[1], &state[2], &state[0], DURATION_KNOWN);
		end += values[1];
		f = 2;
	}
	lane->end = end;
	for (; f < n; f++) {
		uint64_t v = values[f], x = v;

		if (fields[f].encoding == ENC_STEP) {
			x -= w->last[f];
			w->last[f] = v;
		}
		out += stride;
		*out = zigzag(x - state[1 + f]); /* the site's last step, or (ENC_LAST) its last value */
		state[1 + f] = x;
	}
}

bool chunk_writer_full(const struct chunk_writer *w)
{
	return w->count == w->max_records || w->text_used > MAX_TEXT_BYTES;
}

int chunk_writer_add(struct chunk_writer *w, const uint64_t *row)
{
	uint32_t n_static = w->schema->n_static, stride = n_static + 1, site, *context;
	const uint64_t *dynamic = row + n_static, *values;
	uint64_t symbol = 0;
	int64_t start, end;
	int err;

	if (w->count == w->max_records)
		return -ENOSPC;
	/* Mostly the site is the one that came after these two before. */
	context = &w->contexts[context_slot(w->before, w->previous)];
	site = *context;
	values = w->site_values + (size_t)site * stride;
	if (site >= w->sites || memcmp(values, row, n_static * sizeof(*row))) {
		err = find_site(w, row, &site);
		if (err)
			return err;
		values = w->site_values + (size_t)site * stride;
		symbol = *context == site ? 0 : site + 1;
		*context = site;
	}
	w->symbols[w->count] = symbol;
	w->before = w->previous;
	w->previous = site;
	predict(w, dynamic, &w->lanes[values[n_static]],
		w->site_states + (size_t)site * chunk_writer_states(w));

	start = (int64_t)dynamic[0];
	end = w->schema->has_duration ? (int64_t)(dynamic[0] + dynamic[1]) : start;
	if (!w->count || start < w->first_time)
		w->first_time = start;
	if (!w->count || end > w->last_time)
		w->last_time = end;
	w->count++;
	return 0;
}

static int grow_texts(struct chunk_writer *w, size_t length)
{
	if (w->text_used + length > w->text_size) {
		size_t size = (w->text_size ? w->text_size * 2 : 4096) + length;
		char *bytes = realloc(w->text_bytes, size);

		if (!bytes)
			return -ENOMEM;
		w->text_bytes = bytes;
		w->text_size = size;
	}
	if (w->text_count * 2 >= w->text_table_size) {
		uint32_t size = w->text_table_size ? w->text_table_size * 2 : 128;
		struct writer_text *texts = realloc(w->texts, size / 2 * sizeof(*texts));
		uint32_t *table;

		if (texts)
			w->texts = texts;
		table = calloc(size, sizeof(*table));
		if (!texts || !table) {
			free(table);
			return -ENOMEM;
		}
		for (uint32_t i = 0; i < w->text_count; i++) {
			uint32_t at = texts[i].hash;

			while (table[at & (size - 1)] != EMPTY)
				at++;
			table[at & (size - 1)] = i + 1;
		}
		free(w->text_table);
		w->text_table = table;
		w->text_table_size = size;
	}
	return 0;
}

uint32_t chunk_writer_text(struct chunk_writer *w, const char *text, size_t length)
{
	uint32_t hash = 2166136261u, at;

	if (!length)
		return 0;
	if (length > 65535)
		length = 65535;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)text[i]) * 16777619u; /* FNV-1a */
	if (grow_texts(w, length))
		return 0;
	for (at = hash;; at++) {
		uint32_t entry = w->text_table[at & (w->text_table_size - 1)];
		const struct writer_text *t;

		if (entry == EMPTY)
			break;
		t = &w->texts[entry - 1];
		if (t->hash == hash && t->length == length &&
		    !memcmp(w->text_bytes + t->offset, text, length))
			return TEXT_LOCAL | (entry - 1);
	}
	memcpy(w->text_bytes + w->text_used, text, length);
	w->texts[w->text_count] =
		(struct writer_text){.hash = hash, .length = (uint32_t)length, .offset = w->text_used};
	w->text_used += length;
	w->text_table[at & (w->text_table_size - 1)] = ++w->text_count;
	return TEXT_LOCAL | (w->text_count - 1);
}

uint32_t chunk_writer_count(const struct chunk_writer *w)
{
	return w->count;
}

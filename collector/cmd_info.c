/*
 * cmd_info.c: `cuflight info`: what is in a recording, from its headers and permanent records; of the events
 * only the clock samples are decoded.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collector/clock.h"
#include "collector/command.h"
#include "collector/info.h"
#include "collector/message.h"
#include "collector/options.h"
#include "wire/ringbuf.h"
#include "wire/schema.h"

const char info_usage[] =
	"Usage: cuflight info [--format text|json] FILE\n"
	"\n"
	"What a recording holds: its processes and what is known of them, devices, records by kind and\n"
	"how many bytes each takes, the span of time, losses, the clocks' error, whether it is complete.\n"
	"It may still be growing.\n";

static struct info_kind *find_kind(struct info_process *p, uint16_t kind)
{
	for (size_t i = 0; i < p->kind_count; i++)
		if (p->kinds[i].kind == kind)
			return &p->kinds[i];
	if (p->kind_count == INFO_KINDS)
		return &p->kinds[INFO_KINDS - 1]; /* a hostile file; the sums stay right */
	p->kinds[p->kind_count].kind = kind;
	return &p->kinds[p->kind_count++];
}

/* The largest error of a clock chunk's samples, ns. */
static int read_clock(struct trace_reader *r, const struct trace_chunk *chunk, struct info_process *p)
{
	static const uint16_t fields[] = {FIELD_ERROR};
	struct batch b;
	int err = trace_reader_load(r, chunk);

	if (!err)
		err = chunk_decode(r->decoder, r->bytes, chunk->size, fields, 1, &b);
	for (uint32_t i = 0; !err && i < b.count; i++)
		if (batch_value(&b, 0, i) > p->clock_error)
			p->clock_error = batch_value(&b, 0, i);
	if (!err)
		p->clock_samples += b.count;
	return err == -ENOMEM ? err : 0; /* damage is for verify */
}

static int gather(struct info *info)
{
	const struct trace *t = info->trace;
	struct trace_reader r;
	int err = trace_reader_init(&r, t);

	for (size_t i = 0; i < t->chunk_count && !err; i++) {
		const struct trace_chunk *c = &t->chunks[i];
		struct info_process *p =
			c->process == TRACE_SESSION ? &info->session : &info->processes[c->process];
		struct info_kind *k = find_kind(p, c->kind);

		k->records += c->count;
		k->chunks++;
		k->bytes += c->size;
		p->clock_steps += (c->flags & CHUNK_CLOCK_STEP) != 0;
		if (c->kind == EVENT_CLOCK)
			err = read_clock(&r, c, p);
	}
	trace_reader_free(&r);
	return err;
}

/* ---------------------------------------------------------------------------------------- as text */

static void print_time(int64_t realtime)
{
	time_t seconds = (time_t)(realtime / NS_PER_S);
	struct tm tm;
	char text[64];

	if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		fputs(text, stdout);
}

/* A value on its line: arguments are joined by NUL, and it may be long. */
static void print_value(const char *value, size_t length)
{
	size_t shown = length < 200 ? length : 200;
	char text[200];

	for (size_t i = 0; i < shown; i++)
		text[i] = value[i] ? value[i] : ' ';
	print_escaped(stdout, text, shown);
	fputs(shown < length ? "...\n" : "\n", stdout);
}

static void print_facts(const struct trace_process *p)
{
	for (size_t i = 0; i < p->fact_count; i++) {
		/* Said elsewhere, for people. */
		if (!strcmp(p->facts[i].key, "started") || !strcmp(p->facts[i].key, "helper_ms"))
			continue;
		fputs("  ", stdout);
		print_escaped(stdout, p->facts[i].key, p->facts[i].key_length);
		printf("%*s ", p->facts[i].key_length < 16 ? 16 - (int)p->facts[i].key_length : 0, "");
		print_value(p->facts[i].value, p->facts[i].value_length);
	}
}

static void print_devices(const struct trace_process *p)
{
	for (size_t i = 0; i < p->device_count; i++) {
		const struct permanent_device *d = &p->devices[i].info;

		printf("  device %-9u ", d->device);
		print_escaped(stdout, p->devices[i].name, strlen(p->devices[i].name));
		printf(", compute capability %u.%u, %u multiprocessors, %.1f GiB\n", d->compute_major,
		       d->compute_minor, d->multiprocessors, (double)d->memory / (1 << 30));
	}
}

static void print_kinds(const struct info_process *p)
{
	printf("  %-14s %14s %10s %14s %10s\n", "kind", "records", "chunks", "bytes", "B/record");
	for (size_t i = 0; i < p->kind_count; i++) {
		const struct info_kind *k = &p->kinds[i];
		char name[16];

		printf("  %-14s %14" PRIu64 " %10" PRIu64 " %14" PRIu64, schema_kind_name(k->kind, name),
		       k->records, k->chunks, k->bytes);
		if (k->records)
			printf(" %10.2f", (double)k->bytes / (double)k->records);
		putchar('\n');
	}
}

static void print_losses(const struct trace_process *p)
{
	bool any = false;

	for (uint32_t cause = 0; cause < LOSS_CAUSES; cause++) {
		if (!p->losses[cause].count)
			continue;
		any = true;
		printf("  %s %" PRIu64 " records %s\n", loss_cause_is_loss(cause) ? "lost " : "note ",
		       p->losses[cause].count, loss_cause_name(cause));
	}
	if (!any)
		printf("  lost  nothing%s\n",
		       p->losses_final ? "" : ", as far as is known: the process has not ended");
}

/* What the library's thread took in the process; CUPTI's own part in the program's threads is not in it. */
static void print_cost(const struct trace_process *p)
{
	const char *text = trace_fact(p, "helper_ms", NULL);
	double ms = text ? strtod(text, NULL) : -1;

	if (!(ms >= 0))
		return;
	printf("  cost             %.1f ms of CPU time on cuflight's thread", ms);
	if (p->records)
		printf(", %.0f ns a record", ms * 1e6 / (double)p->records);
	putchar('\n');
}

static void print_span(const struct trace *t, int64_t first, int64_t last)
{
	if (first > last)
		printf("no events\n");
	else
		printf("%.6f s to %.6f s\n", (double)(first - t->origin) / 1e9,
		       (double)(last - t->origin) / 1e9);
}

static void print_text(const struct info *info)
{
	const struct trace *t = info->trace;

	print_escaped(stdout, t->path, strlen(t->path));
	printf(": %" PRIu64 " bytes, %s\n", t->size,
	       t->indexed ? "complete" : "not complete: being written, or its collector was killed");
	fputs("  started          ", stdout);
	print_time(t->header.created);
	fputs("\n  events           ", stdout);
	print_span(t, t->first_time, t->last_time);
	print_facts(&t->session);
	for (uint32_t i = 0; i < t->process_count; i++) {
		const struct trace_process *p = t->processes[i];
		const struct info_process *own = &info->processes[i];

		printf("\nprocess %u  ", p->pid);
		print_escaped(stdout, trace_process_name(p), strlen(trace_process_name(p)));
		printf("\n  events           ");
		print_span(t, p->first_time, p->last_time);
		print_facts(p);
		print_devices(p);
		print_cost(p);
		if (own->clock_samples)
			printf("  clocks           read together %" PRIu64 " times, error up to %" PRIu64
			       " ns\n",
			       own->clock_samples, own->clock_error);
		if (own->clock_steps)
			printf("  clock step       times may be off in %" PRIu64 " chunks\n",
			       own->clock_steps);
		print_kinds(own);
		print_losses(p);
	}
}

int command_info(int argc, char **argv)
{
	static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {0}};
	struct info info = {0};
	bool json = false;
	char why[512];
	int c, err;

	while ((c = next_option(argc, argv, "f:", options)) != -1) {
		if (c == '?')
			return EXIT_USAGE;
		json = !strcmp(optarg, "json");
		if (!json && strcmp(optarg, "text"))
			return fail_usage("info", "--format %s: text and json are known", optarg);
	}
	if (optind + 1 != argc)
		return fail_usage("info", optind == argc ? "which file?" : "one file at a time");
	if (trace_open(&info.trace, argv[optind], why, sizeof(why)))
		return fail("%s", why);
	trace_tell_damage(info.trace);
	info.processes = calloc(info.trace->process_count + 1, sizeof(*info.processes));
	err = info.processes ? gather(&info) : -ENOMEM;
	if (!err && json)
		err = info_print_json(&info);
	else if (!err)
		print_text(&info);
	free(info.processes);
	trace_close(info.trace);
	return err ? fail("%s: %s", argv[optind], strerror(-err)) : EXIT_SUCCESS;
}

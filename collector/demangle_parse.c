/*
 * demangle_parse.c: what all parts of the parser of mangled names (Itanium C++ ABI) need, templates, and
 * whole names. Only what functions use is understood; the rest ends with -EINVAL.
 */
#include "collector/demangle_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_NODES 128
#define MAX_NODES   65536u
#define MAX_DEPTH   512

struct node_block {
	struct node_block *next;
	uint32_t used;
	struct node nodes[BLOCK_NODES];
};

struct node *parse_fail(struct parse *p)
{
	if (!p->error)
		p->error = -EINVAL;
	return NULL;
}

struct node *parse_node(struct parse *p, enum node_kind kind, const char *text, size_t length)
{
	struct node_block *block = p->blocks;
	struct node *n;

	if (p->error)
		return NULL;
	if (p->node_count++ == MAX_NODES)
		return parse_fail(p);
	if (!block || block->used == BLOCK_NODES) {
		block = malloc(sizeof(*block));
		if (!block) {
			p->error = -ENOMEM;
			return NULL;
		}
		block->next = p->blocks;
		block->used = 0;
		p->blocks = block;
	}
	n = &block->nodes[block->used++];
	*n = (struct node){.kind = kind, .text = text, .length = (uint32_t)length};
	return n;
}

/* A node with subtrees, all of which must be there. */
struct node *parse_join(struct parse *p, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = parse_node(p, kind, NULL, 0);

	if (n) {
		n->a = a;
		n->b = b;
	}
	return n;
}

struct node *parse_word(struct parse *p, const char *text)
{
	return parse_node(p, NODE_NAME, text, strlen(text));
}

void parse_free(struct parse *p)
{
	while (p->blocks) {
		struct node_block *next = p->blocks->next;

		free(p->blocks);
		p->blocks = next;
	}
	free(p->known);
	p->known = NULL;
}

/* Remember a substitution candidate. Returns it. */
struct node *parse_know(struct parse *p, struct node *n, bool prefix)
{
	if (!n)
		return NULL;
	if (p->known_count == p->known_capacity) {
		uint32_t capacity = p->known_capacity ? p->known_capacity * 2 : 32;
		struct known *grown = realloc(p->known, capacity * sizeof(*grown));

		if (!grown) {
			p->error = -ENOMEM;
			return NULL;
		}
		p->known = grown;
		p->known_capacity = capacity;
	}
	p->known[p->known_count++] = (struct known){.node = n, .prefix = prefix};
	return n;
}

struct node *parse_append(struct parse *p, struct node **head, struct node *tail, struct node *element)
{
	struct node *n = parse_join(p, NODE_LIST, element, NULL);

	if (!n)
		return NULL;
	if (tail)
		tail->b = n;
	else
		*head = n;
	return n;
}

/* A decimal number, or -1. */
long parse_number(struct parse *p)
{
	long n = 0;

	if (parse_peek(p) < '0' || parse_peek(p) > '9')
		return -1;
	while (parse_peek(p) >= '0' && parse_peek(p) <= '9') {
		n = n * 10 + (*p->at++ - '0');
		if (n > 100000000) {
			parse_fail(p);
			return -1;
		}
	}
	return n;
}

/* "_" is 0, "0_" is 1, "1_" is 2 ... (base 10 or 36), or -1. */
long parse_sequence(struct parse *p, int base)
{
	long n = 0;

	if (parse_take(p, "_"))
		return 0;
	for (;;) {
		char c = parse_peek(p);
		int digit = c >= '0' && c <= '9'		 ? c - '0'
			    : base == 36 && c >= 'A' && c <= 'Z' ? c - 'A' + 10
								 : -1;

		if (digit < 0)
			return -1;
		p->at++;
		n = n * base + digit;
		if (n > 100000000)
			return -1;
		if (parse_take(p, "_"))
			return n + 1;
	}
}

/* T_, T0_ ... */
struct node *parse_parameter(struct parse *p)
{
	struct node *n;
	long index;

	if (!parse_take(p, "T"))
		return parse_fail(p);
	index = parse_sequence(p, 10);
	n = index < 0 ? parse_fail(p) : parse_node(p, NODE_PARAMETER, NULL, 0);
	if (n)
		n->number = index + 1;
	return n;
}

/*
 * S_, S0_ ..., and the abbreviations of std's names; not St, which is a scope. *prefix: it was met as a
 * scope.
 */
struct node *parse_substitution(struct parse *p, bool *prefix)
{
	static const struct {
		char letter;
		const char *name;
	} standard[] = {
		{'a', "allocator"},
		{'b', "basic_string"},
		{'s', "basic_string<char, std::char_traits<char>, std::allocator<char>>"},
		{'i', "basic_istream<char, std::char_traits<char>>"},
		{'o', "basic_ostream<char, std::char_traits<char>>"},
		{'d', "basic_iostream<char, std::char_traits<char>>"},
	};
	long index;

	*prefix = true;
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		if (parse_peek2(p) == standard[i].letter) {
			p->at += 2;
			return parse_join(p, NODE_SCOPED, parse_word(p, "std"),
					  parse_word(p, standard[i].name));
		}
	}
	p->at++;
	index = parse_sequence(p, 36);
	if (index < 0 || (unsigned long)index >= p->known_count)
		return parse_fail(p);
	*prefix = p->known[index].prefix;
	return p->known[index].node;
}
bool parse_enter(struct parse *p)
{
	if (++p->depth > MAX_DEPTH)
		parse_fail(p);
	return !p->error;
}

unsigned int parse_cv(struct parse *p)
{
	unsigned int found = 0;

	for (;; p->at++) {
		char c = parse_peek(p);

		if (c == 'r')
			found |= QUALIFIER_RESTRICT;
		else if (c == 'V')
			found |= QUALIFIER_VOLATILE;
		else if (c == 'K')
			found |= QUALIFIER_CONST;
		else
			return found;
	}
}

/* ------------------------------------------------------------------------------------------ templates */

static struct node *template_arg(struct parse *p)
{
	struct node *n;

	switch (parse_peek(p)) {
	case 'L':
		return parse_literal(p);
	case 'X':
		p->at++;
		n = parse_expression(p);
		return n && parse_take(p, "E") ? n : parse_fail(p);
	case 'J':
		n = parse_template_args(p);
		return n ? parse_join(p, NODE_PACK, n, NULL) : NULL;
	default:
		return parse_type(p);
	}
}

/* I ... E, or J ... E: a list of at least one element, which is NULL if there is none. */
struct node *parse_template_args(struct parse *p)
{
	struct node *head = NULL, *tail = NULL;

	if (!parse_enter(p) || (!parse_take(p, "I") && !parse_take(p, "J")))
		parse_fail(p);
	while (!p->error && !parse_take(p, "E"))
		tail = parse_append(p, &head, tail, template_arg(p));
	p->depth--;
	if (p->error)
		return NULL;
	return head ? head : parse_join(p, NODE_LIST, NULL, NULL);
}

struct node *parse_with_args(struct parse *p, struct node *name)
{
	struct node *args = parse_template_args(p);

	return args ? parse_join(p, NODE_TEMPLATE, name, args) : NULL;
}

/* ---------------------------------------------------------------------------------------------- whole */

/* Templates say what they return, except constructors, destructors and conversions. */
static bool says_return_type(const struct node *n)
{
	while (n && n->kind == NODE_LOCAL)
		n = n->b;
	if (!n || n->kind != NODE_TEMPLATE)
		return false;
	for (n = n->a; n && (n->kind == NODE_SCOPED || n->kind == NODE_LOCAL);)
		n = n->b;
	return n && n->kind != NODE_CONSTRUCTOR && n->kind != NODE_DESTRUCTOR && n->kind != NODE_CONVERSION;
}

struct node *parse_encoding(struct parse *p)
{
	struct node *name, *result = NULL, *list, *type;
	unsigned int qualifiers;

	if (!parse_enter(p))
		goto out;
	name = parse_name(p);
	qualifiers = p->qualifiers;
	if (!name || p->at == p->end || strchr("E.", parse_peek(p))) {
		p->depth--;
		return name;
	}
	if (says_return_type(name))
		result = parse_type(p);
	list = p->error ? NULL : parse_parameters(p);
	type = parse_join(p, NODE_FUNCTION, result, list);
	if (type) {
		type->number = qualifiers;
		p->depth--;
		return parse_join(p, NODE_ENCODING, name, type);
	}
out:
	p->depth--;
	return NULL;
}

struct node *parse_mangled(struct parse *p, const char *text, size_t length)
{
	struct node *n;

	*p = (struct parse){.at = text, .end = text + length};
	if (!parse_take(p, "_Z"))
		return parse_fail(p);
	n = parse_encoding(p);
	/* ".part.0" and the like is the compiler's, no part of the name. */
	if (!n || p->error || (p->at < p->end && *p->at != '.'))
		return parse_fail(p);
	return n;
}

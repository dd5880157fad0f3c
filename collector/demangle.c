/*
 * demangle.c: spells the tree of a mangled name as NVIDIA's tools do.
 *
 * A type is printed in two halves around the place where a declared name would stand: type_left() prints
 * "void (*", type_right() ")(int)".
 */
#include "collector/demangle.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/demangle_tree.h"

#define MAX_MANGLED 65536u
/* A name's substitutions may make its spelling exponentially long. */
#define MAX_OUTPUT 262144u
#define MAX_DEPTH  2048

struct printer {
	char *text;
	size_t used, capacity;
	int depth;
	int error;
};

static void print(struct printer *p, const struct node *n);
static void type_left(struct printer *p, const struct node *n);
static void type_right(struct printer *p, const struct node *n);

static void put_bytes(struct printer *p, const char *s, size_t n)
{
	if (p->error)
		return;
	if (n >= p->capacity - p->used) {
		size_t capacity = (p->used + n + 1) * 2;
		char *text = capacity > MAX_OUTPUT ? NULL : realloc(p->text, capacity);

		if (!text) {
			p->error = capacity > MAX_OUTPUT ? -EINVAL : -ENOMEM;
			return;
		}
		p->text = text;
		p->capacity = capacity;
	}
	if (n)
		memcpy(p->text + p->used, s, n);
	p->used += n;
	p->text[p->used] = 0;
}

static void put(struct printer *p, const char *s)
{
	put_bytes(p, s, strlen(s));
}

static void put_text(struct printer *p, const struct node *n)
{
	put_bytes(p, n->text, n->length);
}

static void put_numbered(struct printer *p, const char *before, long number, const char *after)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%ld", number);
	put(p, before);
	put(p, digits);
	put(p, after);
}

/* What begins a declarator stands apart from the type before it, but not from another declarator. */
static void put_apart(struct printer *p)
{
	if (p->used && !strchr("*&( ", p->text[p->used - 1]))
		put(p, " ");
}

/* Every recursion passes here. False: nothing there, too deep, or something failed before. */
static bool enter(struct printer *p, const struct node *n)
{
	if (!n || p->depth >= MAX_DEPTH)
		p->error = p->error ? p->error : -EINVAL;
	p->depth++;
	return !p->error;
}

static void print_list(struct printer *p, const struct node *list)
{
	for (const struct node *n = list; n && !p->error; n = n->b) {
		if (n != list)
			put(p, ", ");
		if (n->a)
			print(p, n->a);
	}
}

/* A list in parentheses, and what qualifies a member function. */
static void print_parameters(struct printer *p, const struct node *function)
{
	put(p, "(");
	print_list(p, function->b);
	put(p, ")");
	if (function->number & QUALIFIER_CONST)
		put(p, " const");
	if (function->number & QUALIFIER_VOLATILE)
		put(p, " volatile");
	if (function->number & QUALIFIER_REFERENCE)
		put(p, " &");
	if (function->number & QUALIFIER_RVALUE)
		put(p, " &&");
	if (function->number & QUALIFIER_NOEXCEPT)
		put(p, " noexcept");
}

/* ---------------------------------------------------------------------------------------------- types */

static bool is_compound(const struct node *n)
{
	return n && (n->kind == NODE_FUNCTION || n->kind == NODE_ARRAY);
}

/* NVIDIA's spelling has no space between such a class and what points to it. */
static bool is_prefix(const struct node *n)
{
	while (n && n->kind == NODE_QUALIFIED)
		n = n->a;
	return n && n->kind == NODE_PREFIX;
}

static void put_cv(struct printer *p, long qualifiers)
{
	static const char *const names[] = {"const", "volatile", "restrict"};
	bool first = true;

	for (int i = 0; i < 3; i++) {
		if (!(qualifiers >> i & 1))
			continue;
		if (!first)
			put(p, " ");
		first = false;
		put(p, names[i]);
	}
}

/* The qualifiers of a pointer follow its star; those of anything else come first. */
static void qualified_left(struct printer *p, const struct node *n)
{
	const struct node *of = n->a;

	if (of->kind == NODE_POINTER || of->kind == NODE_MEMBER) {
		type_left(p, of);
		put_cv(p, n->number);
		if (n->number & QUALIFIER_SUBSTITUTED) /* NVIDIA's spelling again */
			put(p, " ");
	} else {
		put_cv(p, n->number);
		put(p, " ");
		type_left(p, of);
	}
}

static void type_left(struct printer *p, const struct node *n)
{
	if (!enter(p, n))
		goto out;
	switch (n->kind) {
	case NODE_POINTER:
		type_left(p, n->a);
		if (!is_prefix(n->a))
			put_apart(p);
		if (is_compound(n->a))
			put(p, "(");
		put_text(p, n);
		break;
	case NODE_MEMBER:
		type_left(p, n->b);
		put_apart(p);
		put(p, is_compound(n->b) ? "( :: " : " :: ");
		print(p, n->a);
		put(p, "::*");
		break;
	case NODE_QUALIFIED:
		qualified_left(p, n);
		break;
	case NODE_FUNCTION:
		if (n->a)
			type_left(p, n->a);
		break;
	case NODE_ARRAY:
		type_left(p, n->a);
		break;
	default:
		print(p, n);
	}
out:
	p->depth--;
}

static void type_right(struct printer *p, const struct node *n)
{
	if (!enter(p, n))
		goto out;
	switch (n->kind) {
	case NODE_POINTER:
		if (is_compound(n->a))
			put(p, ")");
		type_right(p, n->a);
		break;
	case NODE_MEMBER:
		if (is_compound(n->b))
			put(p, ")");
		type_right(p, n->b);
		break;
	case NODE_QUALIFIED:
		type_right(p, n->a);
		break;
	case NODE_FUNCTION:
		print_parameters(p, n);
		if (n->a)
			type_right(p, n->a);
		break;
	case NODE_ARRAY:
		put(p, "[");
		if (n->b)
			print(p, n->b);
		put(p, "]");
		type_right(p, n->a);
		break;
	default:
		break;
	}
out:
	p->depth--;
}

static void print_type(struct printer *p, const struct node *n)
{
	type_left(p, n);
	if (is_compound(n) && !is_prefix(n->a))
		put_apart(p);
	type_right(p, n);
}

/* ---------------------------------------------------------------------------------------------- names */

static bool begins(const struct node *n, const char *prefix)
{
	return n->length >= strlen(prefix) && !memcmp(n->text, prefix, strlen(prefix));
}

static void print_part(struct printer *p, const struct node *n)
{
	if (begins(n, "_GLOBAL__N_"))
		put(p, "<unnamed>");
	else
		put_text(p, n);
}

static void print_scoped(struct printer *p, const struct node *n)
{
	/* The namespace that stands for internal linkage is not shown. */
	if (n->a && n->a->kind == NODE_NAMESPACE && begins(n->a, "_INTERNAL_")) {
		print(p, n->b);
		return;
	}
	print(p, n->a);
	put(p, "::");
	print(p, n->b);
}

static void print_local(struct printer *p, const struct node *n)
{
	print(p, n->a);
	put(p, "::");
	print(p, n->b);
	if (n->number)
		put_numbered(p, " (instance ", n->number + 1, ")");
}

static void print_structor(struct printer *p, const struct node *n)
{
	if (n->kind == NODE_DESTRUCTOR)
		put(p, "~");
	print(p, n->a);
}

static void print_tagged(struct printer *p, const struct node *n)
{
	if (n->a && n->a->kind == NODE_OPERATOR && !n->length) { /* a literal operator */
		put(p, "operator \"\"");
		put_text(p, n->a);
		return;
	}
	print(p, n->a);
	put(p, "[abi:");
	put_text(p, n);
	put(p, "]");
}

static void print_encoding(struct printer *p, const struct node *n)
{
	const struct node *type = n->b;

	if (type->a) {
		type_left(p, type->a);
		put(p, " ");
	}
	print(p, n->a);
	print_parameters(p, type);
	if (type->a)
		type_right(p, type->a);
}

/* ------------------------------------------------------------------------------------------ expressions */

static void print_literal(struct printer *p, const struct node *n)
{
	put(p, "(");
	print(p, n->a);
	put(p, ")");
	if (n->text[0] == 'n') { /* minus */
		put(p, "-");
		put_bytes(p, n->text + 1, n->length - 1);
	} else {
		put_text(p, n);
	}
}

static void print_operation(struct printer *p, const struct node *n)
{
	switch (n->kind) {
	case NODE_UNARY:
		put_text(p, n);
		print(p, n->a);
		break;
	case NODE_BINARY:
		print(p, n->a);
		put_text(p, n);
		print(p, n->b);
		break;
	case NODE_TERNARY:
		print(p, n->a);
		put(p, "?");
		print(p, n->b);
		put(p, ":");
		print(p, n->c);
		break;
	case NODE_CALL:
		print(p, n->a);
		put(p, "(");
		print_list(p, n->b);
		put(p, ")");
		break;
	case NODE_WRAPPED:
		put_text(p, n);
		put(p, "(");
		print(p, n->a);
		put(p, ")");
		break;
	default: /* NODE_CAST */
		put(p, "(");
		print(p, n->a);
		put(p, ")");
		print(p, n->b);
	}
}

static void print(struct printer *p, const struct node *n)
{
	if (!enter(p, n))
		goto out;
	switch (n->kind) {
	case NODE_NAME:
		put_text(p, n);
		break;
	case NODE_NAMESPACE:
		print_part(p, n);
		break;
	case NODE_SCOPED:
		print_scoped(p, n);
		break;
	case NODE_LOCAL:
		print_local(p, n);
		break;
	case NODE_TEMPLATE:
		print(p, n->a);
		put(p, "<");
		print_list(p, n->b);
		put(p, ">");
		break;
	case NODE_ENCODING:
		print_encoding(p, n);
		break;
	case NODE_CONSTRUCTOR:
	case NODE_DESTRUCTOR:
		print_structor(p, n);
		break;
	case NODE_OPERATOR:
		put(p, "operator ");
		put_text(p, n);
		break;
	case NODE_CONVERSION:
		put(p, "operator ");
		print(p, n->a);
		break;
	case NODE_TAGGED:
		print_tagged(p, n);
		break;
	case NODE_LAMBDA:
		put(p, "[lambda(");
		print_list(p, n->a);
		put_numbered(p, ") (instance ", n->number, ")]");
		break;
	case NODE_UNNAMED_TYPE:
		put_numbered(p, "[unnamed type (instance ", n->number, ")]");
		break;
	case NODE_LIST:
		print_list(p, n);
		break;
	case NODE_PACK:
		print_list(p, n->a);
		break;
	case NODE_PARAMETER:
		put_numbered(p, "T", n->number, "");
		break;
	case NODE_ARGUMENT:
		if (n->number)
			put_numbered(p, "param#", n->number, "");
		else
			put(p, "this");
		break;
	case NODE_PREFIX:
		print(p, n->a);
		break;
	case NODE_VENDOR:
		put_text(p, n);
		print(p, n->a);
		break;
	case NODE_EXPANSION:
		print(p, n->a);
		put(p, "...");
		break;
	case NODE_DECLTYPE:
		put(p, "decltype((");
		print(p, n->a);
		put(p, "))");
		break;
	case NODE_LITERAL:
		print_literal(p, n);
		break;
	case NODE_UNARY:
	case NODE_BINARY:
	case NODE_TERNARY:
	case NODE_CALL:
	case NODE_WRAPPED:
	case NODE_CAST:
		print_operation(p, n);
		break;
	default: /* the kinds of type_left() */
		print_type(p, n);
	}
out:
	p->depth--;
}

/* ---------------------------------------------------------------------------------------------- whole */

/* The function's own name: the last part of the scope, without template arguments. */
static const struct node *base_of(const struct node *n)
{
	while (n) {
		switch (n->kind) {
		case NODE_SCOPED:
		case NODE_LOCAL:
			n = n->b;
			break;
		case NODE_ENCODING:
		case NODE_TEMPLATE:
			n = n->a;
			break;
		default:
			return n;
		}
	}
	return NULL;
}

int demangle(const char *mangled, char **full, char **base)
{
	struct printer whole = {.text = NULL}, own = {.text = NULL};
	size_t length = strlen(mangled);
	const struct node *tree;
	struct parse parse;
	int err;

	*full = *base = NULL;
	if (length > MAX_MANGLED)
		return -EINVAL;
	tree = parse_mangled(&parse, mangled, length);
	err = parse.error;
	if (tree) {
		print(&whole, tree);
		put_bytes(&whole, parse.at, (size_t)(parse.end - parse.at));
		print(&own, base_of(tree));
		err = whole.error ? whole.error : own.error;
	}
	parse_free(&parse);
	if (err) {
		free(whole.text);
		free(own.text);
		return err;
	}
	*full = whole.text;
	*base = own.text;
	return 0;
}

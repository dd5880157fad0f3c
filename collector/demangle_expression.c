/*
 * demangle_expression.c: expressions within mangled names: template arguments, decltype, enable_if.
 */
#include "collector/demangle_tree.h"

#include <stdbool.h>
#include <string.h>

static struct node *expression(struct parse *p);

struct node *parse_expression(struct parse *p)
{
	struct node *n;

	n = parse_enter(p) ? expression(p) : NULL;
	p->depth--;
	return p->error ? NULL : n;
}

/* L <type> <number> E, L _Z <encoding> E */
struct node *parse_literal(struct parse *p)
{
	struct node *type, *n;
	const char *start;

	p->at++;
	if (parse_take(p, "_Z")) {
		n = parse_encoding(p);
		/* A function as a value: its name says enough. */
		if (n && n->kind == NODE_ENCODING)
			n = n->a;
		return n && parse_take(p, "E") ? n : parse_fail(p);
	}
	if (parse_take(p, "Dn")) {
		parse_take(p, "0");
		return parse_take(p, "E") ? parse_word(p, "nullptr") : parse_fail(p);
	}
	type = parse_type(p);
	start = p->at;
	while (p->at < p->end && *p->at != 'E')
		p->at++;
	n = type && p->at > start ? parse_node(p, NODE_LITERAL, start, (size_t)(p->at - start)) : NULL;
	if (!n || !parse_take(p, "E"))
		return parse_fail(p);
	n->a = type;
	return n;
}

/* A node with a sign and up to two operands, both of which must have been parsed. */
static struct node *operation(struct parse *p, enum node_kind kind, const char *sign, struct node *a,
			      struct node *b)
{
	struct node *n = parse_node(p, kind, sign, strlen(sign));

	if (n) {
		n->a = a;
		n->b = b;
	}
	return n;
}

/* fp_, fp0_, fL0p_ ... */
static struct node *function_parameter(struct parse *p)
{
	struct node *n = parse_node(p, NODE_ARGUMENT, NULL, 0);
	long index = 0;

	if (parse_take(p, "fpT"))
		return n;
	if (parse_take(p, "fL")) {
		while (parse_peek(p) >= '0' && parse_peek(p) <= '9')
			p->at++;
		if (!parse_take(p, "p"))
			return parse_fail(p);
	} else if (!parse_take(p, "fp")) {
		return parse_fail(p);
	}
	while (parse_peek(p) && strchr("rVK", parse_peek(p)))
		p->at++;
	if (!parse_take(p, "_")) {
		while (parse_peek(p) >= '0' && parse_peek(p) <= '9' && index < 100000)
			index = index * 10 + (*p->at++ - '0');
		index++;
		if (!parse_take(p, "_"))
			return parse_fail(p);
	}
	if (n)
		n->number = index + 1;
	return n;
}

static struct node *maybe_args(struct parse *p, struct node *n)
{
	struct node *args;

	if (!n || parse_peek(p) != 'I')
		return n;
	args = parse_template_args(p);
	return args ? operation(p, NODE_TEMPLATE, "", n, args) : NULL;
}

/* sr <type> <name>: T::value. srN <type> <parts> E <name>, sr <parts> E <name>: not looked up yet. */
static struct node *scoped(struct parse *p)
{
	bool parts = true;
	struct node *scope = NULL, *name, *n;

	if (parse_take(p, "N"))
		scope = parse_type(p);
	else if (parse_peek(p) < '0' || parse_peek(p) > '9')
		parts = false;
	while (parts && !p->error && !parse_take(p, "E")) {
		n = maybe_args(p, parse_unqualified(p, scope));
		scope = scope && n ? operation(p, NODE_SCOPED, "", scope, n) : n;
	}
	if (!parts)
		scope = parse_type(p);
	name = scope ? parse_unqualified(p, scope) : NULL;
	n = name ? operation(p, NODE_SCOPED, "", scope, name) : parse_fail(p);
	return maybe_args(p, n);
}

static struct node *expressions(struct parse *p)
{
	struct node *head = NULL, *tail = NULL;

	while (!p->error && !parse_take(p, "E"))
		tail = parse_append(p, &head, tail, parse_expression(p));
	return head;
}

static struct node *call(struct parse *p)
{
	struct node *function = parse_expression(p);
	struct node *list = function ? expressions(p) : NULL;

	return p->error ? NULL : operation(p, NODE_CALL, "", function, list);
}

static struct node *cast(struct parse *p)
{
	struct node *type = parse_type(p), *of;

	of = type ? parse_expression(p) : NULL;
	return of ? operation(p, NODE_CAST, "", type, of) : NULL;
}

static struct node *wrapped(struct parse *p, const char *sign, struct node *of)
{
	return of ? operation(p, NODE_WRAPPED, sign, of, NULL) : NULL;
}

static struct node *ternary(struct parse *p)
{
	struct node *condition = parse_expression(p), *yes, *no, *n;

	yes = condition ? parse_expression(p) : NULL;
	no = yes ? parse_expression(p) : NULL;
	n = no ? operation(p, NODE_TERNARY, "", condition, yes) : NULL;
	if (n)
		n->c = no;
	return n;
}

/* Operators by their number of operands; those with forms of their own are in expression(). */
static struct node *operators(struct parse *p)
{
	static const struct {
		char code[3];
		const char *sign;
	} unary[] = {{"ps", "+"}, {"ng", "-"}, {"ad", "&"}, {"de", "*"}, {"co", "~"}, {"nt", "!"}},
	  binary[] = {{"pl", "+"},  {"mi", "-"},  {"ml", "*"},	{"dv", "/"},  {"rm", "%"},
		      {"an", "&"},  {"or", "|"},  {"eo", "^"},	{"ls", "<<"}, {"rs", ">>"},
		      {"eq", "=="}, {"ne", "!="}, {"lt", "<"},	{"gt", ">"},  {"le", "<="},
		      {"ge", ">="}, {"aa", "&&"}, {"oo", "||"}, {"cm", ","},  {"aS", "="},
		      {"pL", "+="}, {"mI", "-="}, {"mL", "*="}, {"dV", "/="}, {"ss", "<=>"}};

	for (size_t i = 0; i < sizeof(unary) / sizeof(unary[0]); i++) {
		if (parse_take(p, unary[i].code)) {
			struct node *of = parse_expression(p);

			return of ? operation(p, NODE_UNARY, unary[i].sign, of, NULL) : NULL;
		}
	}
	for (size_t i = 0; i < sizeof(binary) / sizeof(binary[0]); i++) {
		if (parse_take(p, binary[i].code)) {
			struct node *a = parse_expression(p), *b = a ? parse_expression(p) : NULL;

			return b ? operation(p, NODE_BINARY, binary[i].sign, a, b) : NULL;
		}
	}
	return parse_fail(p);
}

static struct node *expression(struct parse *p)
{
	char c = parse_peek(p);
	struct node *a, *b;

	if (c == 'L')
		return parse_literal(p);
	if (c == 'T')
		return parse_parameter(p);
	if (c == 'f' && (parse_peek2(p) == 'p' || parse_peek2(p) == 'L'))
		return function_parameter(p);
	if (parse_take(p, "sr"))
		return scoped(p);
	if (parse_take(p, "st"))
		return wrapped(p, "sizeof", parse_type(p));
	if (parse_take(p, "sz"))
		return wrapped(p, "sizeof", parse_expression(p));
	if (parse_take(p, "sZ"))
		return wrapped(p, "sizeof...",
			       parse_peek(p) == 'T' ? parse_parameter(p) : function_parameter(p));
	if (parse_take(p, "at"))
		return wrapped(p, "alignof", parse_type(p));
	if (parse_take(p, "az"))
		return wrapped(p, "alignof", parse_expression(p));
	if (parse_take(p, "nx"))
		return wrapped(p, "noexcept", parse_expression(p));
	if (parse_take(p, "sp")) {
		a = parse_expression(p);
		return a ? operation(p, NODE_EXPANSION, "", a, NULL) : NULL;
	}
	if (parse_take(p, "cl"))
		return call(p);
	if (parse_take(p, "cv"))
		return cast(p);
	if (parse_take(p, "qu"))
		return ternary(p);
	if (parse_take(p, "dt") || parse_take(p, "pt")) {
		const char *sign = p->at[-2] == 'd' ? "." : "->";

		a = parse_expression(p);
		b = a ? parse_unqualified(p, NULL) : NULL;
		return b ? operation(p, NODE_BINARY, sign, a, b) : parse_fail(p);
	}
	if (c >= '0' && c <= '9')
		return maybe_args(p, parse_unqualified(p, NULL));
	return operators(p);
}

/*
 * demangle_name.c: names within mangled names: identifiers, operators, scopes, lambdas, local names.
 */
#include "collector/demangle_tree.h"

#include <string.h>

struct node *parse_source_name(struct parse *p, enum node_kind kind)
{
	long length = parse_number(p);
	struct node *n;

	if (length <= 0 || length > p->end - p->at)
		return parse_fail(p);
	n = parse_node(p, kind, p->at, (size_t)length);
	p->at += length;
	return n;
}

static const struct operator_name {
	const char code[3];
	const char *sign;
} operators[] = {
	{"nw", "new "}, {"na", "new[] "}, {"dl", "delete "}, {"da", "delete[] "}, {"aw", "co_await "},
	{"ps", "+"},	{"ng", "-"},	  {"ad", "&"},	     {"de", "*"},	  {"co", "~"},
	{"pl", "+"},	{"mi", "-"},	  {"ml", "*"},	     {"dv", "/"},	  {"rm", "%"},
	{"an", "&"},	{"or", "|"},	  {"eo", "^"},	     {"aS", "="},	  {"pL", "+="},
	{"mI", "-="},	{"mL", "*="},	  {"dV", "/="},	     {"rM", "%="},	  {"aN", "&="},
	{"oR", "|="},	{"eO", "^="},	  {"ls", "<<"},	     {"rs", ">>"},	  {"lS", "<<="},
	{"rS", ">>="},	{"eq", "=="},	  {"ne", "!="},	     {"lt", "<"},	  {"gt", ">"},
	{"le", "<="},	{"ge", ">="},	  {"ss", "<=>"},     {"nt", "!"},	  {"aa", "&&"},
	{"oo", "||"},	{"pp", "++"},	  {"mm", "--"},	     {"cm", ","},	  {"pm", "->*"},
	{"pt", "->"},	{"cl", "()"},	  {"ix", "[]"},	     {"qu", "?"},
};

static struct node *operator_name(struct parse *p)
{
	struct node *n;

	if (parse_take(p, "cv")) {
		n = parse_type(p);
		return n ? parse_join(p, NODE_CONVERSION, n, NULL) : NULL;
	}
	if (parse_take(p, "li")) {
		n = parse_source_name(p, NODE_OPERATOR);
		return n ? parse_join(p, NODE_TAGGED, n, NULL) : NULL;
	}
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (parse_take(p, operators[i].code))
			return parse_node(p, NODE_OPERATOR, operators[i].sign, strlen(operators[i].sign));
	return parse_fail(p);
}

/* Ul <parameters> E <instance>, Ut <instance> */
static struct node *closure(struct parse *p)
{
	struct node *head = NULL, *tail = NULL, *n;
	long instance;

	if (parse_take(p, "Ut")) {
		n = parse_node(p, NODE_UNNAMED_TYPE, NULL, 0);
	} else if (parse_take(p, "Ul")) {
		if (!parse_take(p, "v")) {
			while (parse_peek(p) != 'E' && !p->error)
				tail = parse_append(p, &head, tail, parse_type(p));
		}
		if (!parse_take(p, "E"))
			return parse_fail(p);
		n = parse_join(p, NODE_LAMBDA, head, NULL);
	} else {
		return parse_fail(p);
	}
	instance = parse_sequence(p, 10);
	if (instance < 0)
		return parse_fail(p);
	if (n)
		n->number = instance + 1;
	return n;
}

/* The class's own name, for its constructors. */
static struct node *class_name(struct node *scope)
{
	while (scope) {
		switch (scope->kind) {
		case NODE_TEMPLATE:
		case NODE_TAGGED:
			scope = scope->a;
			break;
		case NODE_SCOPED:
		case NODE_LOCAL:
			scope = scope->b;
			break;
		default:
			return scope;
		}
	}
	return NULL;
}

static struct node *structor(struct parse *p, struct node *scope)
{
	enum node_kind kind = parse_peek(p) == 'C' ? NODE_CONSTRUCTOR : NODE_DESTRUCTOR;
	char variant = parse_peek2(p);
	struct node *n;

	if (!scope || variant < '0' || variant > '5')
		return parse_fail(p);
	p->at += 2;
	n = parse_join(p, kind, class_name(scope), NULL);
	if (n)
		n->number = variant - '0';
	return n;
}

/* One part of a name. `scope`: what it is in, for constructors. */
struct node *parse_unqualified(struct parse *p, struct node *scope)
{
	char c = parse_peek(p);
	struct node *n;

	if (c == 'L') { /* of internal linkage */
		p->at++;
		c = parse_peek(p);
	}
	if (c >= '0' && c <= '9')
		n = parse_source_name(p, NODE_NAMESPACE);
	else if (c == 'U')
		n = closure(p);
	else if (c == 'C' || (c == 'D' && parse_peek2(p) >= '0' && parse_peek2(p) <= '5'))
		n = structor(p, scope);
	else
		n = operator_name(p);
	while (n && parse_take(p, "B")) {
		struct node *tag = parse_source_name(p, NODE_TAGGED);

		if (!tag)
			return NULL;
		tag->a = n;
		n = tag;
	}
	return n;
}

/* N ... E: every prefix but the whole is a substitution candidate. */
static struct node *nested_name(struct parse *p)
{
	unsigned int qualifiers;
	struct node *n = NULL;

	p->at++;
	qualifiers = parse_cv(p);
	if (parse_take(p, "R"))
		qualifiers |= QUALIFIER_REFERENCE;
	else if (parse_take(p, "O"))
		qualifiers |= QUALIFIER_RVALUE;
	while (!p->error && !parse_take(p, "E")) {
		char c = parse_peek(p);
		bool candidate = true, ignored;
		struct node *part;

		if (c == 'I') {
			n = n ? parse_with_args(p, n) : parse_fail(p);
		} else if (c == 'M') { /* n is the member that a closure initialises */
			p->at++;
			continue;
		} else {
			if (c == 'S' && parse_peek2(p) == 't') {
				p->at += 2;
				part = parse_word(p, "std");
				candidate = false;
			} else if (c == 'S') {
				part = parse_substitution(p, &ignored);
				candidate = false;
			} else if (c == 'T') {
				part = parse_parameter(p);
			} else if (c == 'D' && (parse_peek2(p) == 't' || parse_peek2(p) == 'T')) {
				part = parse_type(p);
				candidate = false;
			} else {
				part = parse_unqualified(p, n);
			}
			n = n && part ? parse_join(p, NODE_SCOPED, n, part) : part;
		}
		if (candidate && parse_peek(p) != 'E')
			n = parse_know(p, n, true);
	}
	p->qualifiers = qualifiers;
	return n ? n : parse_fail(p);
}

/* _ <digit>, __ <number> _: which of several local names, from 0; -1: damaged. */
static long discriminator(struct parse *p)
{
	long n;

	if (parse_peek(p) != '_')
		return 0;
	p->at++;
	if (parse_take(p, "_")) {
		n = parse_number(p);
		return n < 0 || !parse_take(p, "_") ? -1 : n + 1;
	}
	n = parse_peek(p) - '0';
	if (n < 0 || n > 9)
		return -1;
	p->at++;
	return n + 1;
}

/* Z <encoding> E <entity> */
static struct node *local_name(struct parse *p)
{
	struct node *function, *entity, *n;
	long instance;

	p->at++;
	function = parse_encoding(p);
	if (!function || !parse_take(p, "E"))
		return parse_fail(p);
	if (parse_take(p, "s")) {
		entity = parse_word(p, "string literal");
	} else {
		if (parse_take(p, "d")) { /* within a default argument: its number does not matter here */
			parse_number(p);
			if (!parse_take(p, "_"))
				return parse_fail(p);
		}
		p->qualifiers = 0;
		entity = parse_name(p);
	}
	instance = discriminator(p);
	if (!entity || instance < 0)
		return parse_fail(p);
	n = parse_join(p, NODE_LOCAL, function, entity);
	if (n)
		n->number = instance;
	return n;
}

static struct node *any_name(struct parse *p)
{
	struct node *n;
	bool ignored;

	p->qualifiers = 0;
	switch (parse_peek(p)) {
	case 'N':
		return nested_name(p);
	case 'Z':
		return local_name(p);
	case 'S':
		if (parse_peek2(p) == 't') {
			p->at += 2;
			n = parse_word(p, "std");
			n = parse_join(p, NODE_SCOPED, n, parse_unqualified(p, NULL));
			break;
		}
		n = parse_substitution(p, &ignored);
		return n && parse_peek(p) == 'I' ? parse_with_args(p, n) : n;
	default:
		n = parse_unqualified(p, NULL);
	}
	if (n && !p->error && parse_peek(p) == 'I') {
		n = parse_know(p, n, true);
		n = n ? parse_with_args(p, n) : NULL;
	}
	return n;
}

struct node *parse_name(struct parse *p)
{
	struct node *n = parse_enter(p) ? any_name(p) : NULL;

	p->depth--;
	return p->error ? NULL : n;
}

/*
 * demangle_type.c: types within mangled names.
 */
#include "collector/demangle_tree.h"

#include <string.h>

static struct node *builtin(struct parse *p)
{
	static const char *const names[26] = {
		"signed char",
		"bool",
		"char",
		"double",
		"long double",
		"float",
		"__float128",
		"unsigned char",
		"int",
		"unsigned int",
		NULL,
		"long",
		"unsigned long",
		"__int128",
		"unsigned __int128",
		NULL,
		NULL,
		NULL,
		"short",
		"unsigned short",
		NULL,
		"void",
		"wchar_t",
		"long long",
		"unsigned long long",
		"...",
	};
	char c = parse_peek(p);

	if (c < 'a' || c > 'z' || !names[c - 'a'])
		return parse_fail(p);
	p->at++;
	return parse_word(p, names[c - 'a']);
}

/* Parameters up to the end of a function type or name. (v) is an empty list. */
struct node *parse_parameters(struct parse *p)
{
	struct node *head = NULL, *tail = NULL;

	if (parse_take(p, "v"))
		return NULL;
	while (!p->error && p->at < p->end && !strchr("E.", parse_peek(p))) {
		if (parse_peek(p) == 'R' && parse_peek2(p) == 'E')
			break;
		if (parse_peek(p) == 'O' && parse_peek2(p) == 'E')
			break;
		tail = parse_append(p, &head, tail, parse_type(p));
	}
	return head ? head : parse_fail(p);
}

/* F [Y] <return> <parameters> [R|O] E */
static struct node *function_type(struct parse *p)
{
	struct node *result, *list, *n;
	unsigned int qualifiers = 0;

	p->at++;
	parse_take(p, "Y");
	result = parse_type(p);
	list = result ? parse_parameters(p) : NULL;
	if (parse_take(p, "R"))
		qualifiers = QUALIFIER_REFERENCE;
	else if (parse_take(p, "O"))
		qualifiers = QUALIFIER_RVALUE;
	if (p->error || !parse_take(p, "E"))
		return parse_fail(p);
	n = parse_join(p, NODE_FUNCTION, result, list);
	if (n)
		n->number = qualifiers;
	return n;
}

/* A <dimension> _ <element> */
static struct node *array_type(struct parse *p)
{
	struct node *dimension = NULL, *element;
	const char *start;

	p->at++;
	start = p->at;
	if (parse_number(p) >= 0)
		dimension = parse_node(p, NODE_NAME, start, (size_t)(p->at - start));
	else if (parse_peek(p) != '_')
		dimension = parse_expression(p);
	if (p->error || !parse_take(p, "_"))
		return parse_fail(p);
	element = parse_type(p);
	return element ? parse_join(p, NODE_ARRAY, element, dimension) : NULL;
}

static struct node *wrap(struct parse *p, enum node_kind kind, const char *text, struct node *of)
{
	struct node *n = of ? parse_node(p, kind, text, strlen(text)) : NULL;

	if (n)
		n->a = of;
	return n;
}

/* D...: what did not fit into one letter. */
static struct node *d_type(struct parse *p, bool *candidate)
{
	static const struct {
		char letter;
		const char *name;
	} builtins[] = {{'n', "std::nullptr_t"}, {'i', "char32_t"},	  {'s', "char16_t"}, {'u', "char8_t"},
			{'a', "auto"},		 {'c', "decltype(auto)"}, {'h', "__fp16"}};
	char c = parse_peek2(p);
	struct node *n;

	if (!c)
		return parse_fail(p);
	for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++) {
		if (c == builtins[i].letter) {
			p->at += 2;
			*candidate = false;
			return parse_word(p, builtins[i].name);
		}
	}
	p->at += 2;
	switch (c) {
	case 'p':
		n = parse_type(p);
		return n ? parse_join(p, NODE_EXPANSION, n, NULL) : NULL;
	case 't':
	case 'T':
		n = parse_expression(p);
		return n && parse_take(p, "E") ? parse_join(p, NODE_DECLTYPE, n, NULL) : parse_fail(p);
	case 'o':
		if (parse_peek(p) != 'F')
			return parse_fail(p);
		n = function_type(p);
		if (n)
			n->number |= QUALIFIER_NOEXCEPT;
		return n;
	case 'F': { /* DF16_ and the like, DF16b */
		const char *start = p->at;
		bool bfloat;

		*candidate = false;
		if (parse_number(p) < 0)
			return parse_fail(p);
		bfloat = parse_take(p, "b");
		if (bfloat)
			return parse_word(p, "__bf16");
		n = parse_node(p, NODE_NAME, start, (size_t)(p->at - start));
		parse_take(p, "x");
		return parse_take(p, "_") ? wrap(p, NODE_VENDOR, "_Float", n) : parse_fail(p);
	}
	default:
		return parse_fail(p);
	}
}

/* A cv-qualified type is one candidate, with all its qualifiers; those of a function belong to it. */
static struct node *qualified_type(struct parse *p)
{
	unsigned int qualifiers = parse_cv(p);
	bool substituted = parse_peek(p) == 'S';
	struct node *of, *n;

	if (parse_peek(p) == 'F') {
		n = function_type(p);
		if (n)
			n->number |= qualifiers;
		return n;
	}
	of = parse_type(p);
	n = of ? parse_join(p, NODE_QUALIFIED, of, NULL) : NULL;
	if (n)
		n->number = qualifiers | (substituted ? QUALIFIER_SUBSTITUTED : 0);
	return n;
}

static struct node *parameter_type(struct parse *p)
{
	struct node *n = parse_parameter(p);

	/* A template template parameter and what is made with it are two candidates. */
	if (n && parse_peek(p) == 'I') {
		n = parse_know(p, n, false);
		n = n ? parse_with_args(p, n) : NULL;
	}
	return n;
}

/* S..., but not St: a substitution, or a template made of one. */
static struct node *substituted_type(struct parse *p, bool *candidate)
{
	bool prefix;
	struct node *n = parse_substitution(p, &prefix);

	*candidate = false;
	if (n && parse_peek(p) == 'I') {
		prefix = true;
		n = parse_know(p, parse_with_args(p, n), prefix);
	}
	return n && prefix ? parse_join(p, NODE_PREFIX, n, NULL) : n;
}

static struct node *any_type(struct parse *p, bool *candidate)
{
	struct node *n, *m;

	switch (parse_peek(p)) {
	case 'r':
	case 'V':
	case 'K':
		return qualified_type(p);
	case 'P':
		p->at++;
		return wrap(p, NODE_POINTER, "*", parse_type(p));
	case 'R':
		p->at++;
		return wrap(p, NODE_POINTER, "&", parse_type(p));
	case 'O':
		p->at++;
		return wrap(p, NODE_POINTER, "&&", parse_type(p));
	case 'F':
		return function_type(p);
	case 'A':
		return array_type(p);
	case 'M':
		p->at++;
		n = parse_type(p);
		m = n ? parse_type(p) : NULL;
		return m ? parse_join(p, NODE_MEMBER, n, m) : NULL;
	case 'D':
		return d_type(p, candidate);
	case 'T':
		return parameter_type(p);
	case 'S':
		return parse_peek2(p) == 't' ? parse_name(p) : substituted_type(p, candidate);
	case 'u':
		p->at++;
		return parse_source_name(p, NODE_NAME);
	case 'U':
		p->at++;
		m = parse_source_name(p, NODE_VENDOR);
		if (m && parse_peek(p) == 'I')
			parse_template_args(p);
		n = m ? parse_type(p) : NULL;
		if (m)
			m->a = n;
		return n ? m : NULL;
	case 'N':
	case 'Z':
	case '0' ... '9':
		return parse_name(p);
	default:
		*candidate = false;
		return builtin(p);
	}
}

struct node *parse_type(struct parse *p)
{
	bool candidate = true;
	struct node *n = parse_enter(p) ? any_type(p, &candidate) : NULL;

	p->depth--;
	if (!n)
		return parse_fail(p);
	return candidate ? parse_know(p, n, false) : n;
}

/*
 * demangle_tree.h: what the parser of mangled names makes and the printer spells. For these two only.
 */
#ifndef COLLECTOR_DEMANGLE_TREE_H
#define COLLECTOR_DEMANGLE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum node_kind {
	NODE_NAME,	   /* text: an identifier, a builtin type, a parameter's name */
	NODE_NAMESPACE,	   /* text: may be an unnamed or internal namespace */
	NODE_SCOPED,	   /* a::b */
	NODE_LOCAL,	   /* a (an encoding)::b; number: which of several of that name */
	NODE_TEMPLATE,	   /* a<list b> */
	NODE_ENCODING,	   /* a: name, b: NODE_FUNCTION */
	NODE_CONSTRUCTOR,  /* a: the class; number: 2 for the base object's */
	NODE_DESTRUCTOR,   /* the same */
	NODE_OPERATOR,	   /* text: its sign, as in "operator +" */
	NODE_CONVERSION,   /* a: type */
	NODE_TAGGED,	   /* a[abi:text] */
	NODE_LAMBDA,	   /* list a: parameters; number: instance */
	NODE_UNNAMED_TYPE, /* number: instance */
	NODE_LIST,	   /* a: the element (NULL: an empty list), b: the next NODE_LIST */
	NODE_PACK,	   /* list a: template arguments within template arguments */
	NODE_PARAMETER,	   /* number: template parameter, from 1 */
	NODE_ARGUMENT,	   /* number: function parameter, from 1; 0: this */
	NODE_POINTER,	   /* text: *, & or &&; a: type */
	NODE_QUALIFIED,	   /* number: enum node_qualifier; a: type */
	NODE_VENDOR,	   /* text: a vendor's qualifier; a: type */
	NODE_FUNCTION,	   /* a: return type or NULL; list b; number: enum node_qualifier */
	NODE_ARRAY,	   /* a: element; b: dimension or NULL */
	NODE_MEMBER,	   /* pointer to member: a: class, b: type */
	NODE_EXPANSION,	   /* a... */
	NODE_DECLTYPE,	   /* a: expression */
	NODE_LITERAL,	   /* a: type; text: the number */
	NODE_PREFIX,	   /* a, a scope that was met before, now as a type */
	NODE_UNARY,	   /* text: operator; a */
	NODE_BINARY,	   /* text: operator; a, b */
	NODE_TERNARY,	   /* a ? b : list c */
	NODE_CALL,	   /* a (list b) */
	NODE_WRAPPED,	   /* text ( a ): sizeof and the like */
	NODE_CAST,	   /* (a) b */
};

enum node_qualifier {
	QUALIFIER_CONST = 1,
	QUALIFIER_VOLATILE = 2,
	QUALIFIER_RESTRICT = 4,
	QUALIFIER_REFERENCE = 8, /* of member functions, as the next */
	QUALIFIER_RVALUE = 16,
	QUALIFIER_NOEXCEPT = 32,
	QUALIFIER_SUBSTITUTED = 64, /* what is qualified was met before */
};

struct node {
	enum node_kind kind;
	uint32_t length; /* of text */
	long number;
	const char *text; /* into the mangled name or constant; not terminated */
	struct node *a, *b, *c;
};

struct node_block;

struct known {
	struct node *node;
	bool prefix; /* met as a scope, not as a type */
};

struct parse {
	const char *at, *end;
	struct node_block *blocks; /* all nodes, freed together */
	uint32_t node_count;
	struct known *known; /* substitution candidates */
	uint32_t known_count, known_capacity;
	unsigned int qualifiers; /* of the member function parsed last */
	int depth;
	int error; /* -EINVAL, -ENOMEM */
};

/* Parse "_Z..." up to the end: the tree, or NULL with p->error. parse_free() in either case. */
struct node *parse_mangled(struct parse *p, const char *text, size_t length);
void parse_free(struct parse *p);

/*
 * Used by the files of the parser. Each takes what it names from p->at; what cannot be taken sets p->error
 * and gives NULL (or -1, or false). NULL subtrees may be passed on: nothing is made once there is an error.
 */
struct node *parse_fail(struct parse *p);
bool parse_enter(struct parse *p); /* before a recursion, with p->depth-- after it */
struct node *parse_node(struct parse *p, enum node_kind kind, const char *text, size_t length);
struct node *parse_join(struct parse *p, enum node_kind kind, struct node *a, struct node *b);
struct node *parse_word(struct parse *p, const char *text); /* a constant */
/* Append an element to a list built with `tail` (NULL at first). Returns the new tail. */
struct node *parse_append(struct parse *p, struct node **head, struct node *tail, struct node *element);
struct node *parse_know(struct parse *p, struct node *n,
			bool prefix); /* a substitution candidate; returns it */
struct node *parse_substitution(struct parse *p, bool *prefix);
long parse_number(struct parse *p);
long parse_sequence(struct parse *p, int base);
unsigned int parse_cv(struct parse *p);
struct node *parse_source_name(struct parse *p, enum node_kind kind);
struct node *parse_unqualified(struct parse *p, struct node *scope);
struct node *parse_name(struct parse *p);
struct node *parse_parameter(struct parse *p);
struct node *parse_parameters(struct parse *p);
struct node *parse_type(struct parse *p);
struct node *parse_template_args(struct parse *p);
struct node *parse_with_args(struct parse *p, struct node *name); /* name<args> */
struct node *parse_encoding(struct parse *p);
struct node *parse_literal(struct parse *p);
struct node *parse_expression(struct parse *p); /* what is between X and E */

static inline char parse_peek(const struct parse *p)
{
	return p->at < p->end ? *p->at : 0;
}

static inline char parse_peek2(const struct parse *p)
{
	return p->end - p->at > 1 ? p->at[1] : 0;
}

/* Take a word if it is next. */
static inline int parse_take(struct parse *p, const char *word)
{
	const char *at = p->at;

	for (; *word; word++, at++)
		if (at == p->end || *at != *word)
			return 0;
	p->at = at;
	return 1;
}

#endif

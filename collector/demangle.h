/*
 * demangle.h: C++ symbol names as NVIDIA's tools spell them (cu++filt, nsys): template parameters stay T1,
 * T2 ..., literals carry their type, unnamed namespaces are <unnamed>. That is another spelling than
 * c++filt's, and local names keep the return types that libiberty's parser drops; hence a parser of our own.
 */
#ifndef COLLECTOR_DEMANGLE_H
#define COLLECTOR_DEMANGLE_H

/*
 * The full spelling of a mangled name, and in *base the function's own name without scope, template arguments
 * and parameters (what nsys calls the short name). Both are allocated. 0; -EINVAL: not a mangled function
 * name, or one that is not understood or too long; -ENOMEM. Any thread.
 */
int demangle(const char *mangled, char **full, char **base);

#endif

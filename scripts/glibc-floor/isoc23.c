/*
 * What the headers of glibc 2.38 and later make of strtol and sscanf, in terms of the old functions. The new
 * ones take binary numbers ("0b1") too, which nothing here reads. Linked from an archive, only where used.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define HIDDEN __attribute__((visibility("hidden")))

/* The old function, whatever the headers rename it to. */
#define OLD(type, name, ...) extern type old_##name(__VA_ARGS__) __asm__(#name)

#define INTEGER(type, name)                                                                                  \
	OLD(type, name, const char *s, char **end, int base);                                                \
	HIDDEN type __isoc23_##name(const char *s, char **end, int base);                                    \
	type __isoc23_##name(const char *s, char **end, int base)                                            \
	{                                                                                                    \
		return old_##name(s, end, base);                                                             \
	}

INTEGER(long, strtol)
INTEGER(unsigned long, strtoul)
INTEGER(long long, strtoll)
INTEGER(unsigned long long, strtoull)
INTEGER(intmax_t, strtoimax)
INTEGER(uintmax_t, strtoumax)

OLD(int, vsscanf, const char *s, const char *format, va_list args);
OLD(int, vfscanf, FILE *f, const char *format, va_list args);

HIDDEN int __isoc23_vsscanf(const char *s, const char *format, va_list args);
HIDDEN int __isoc23_sscanf(const char *s, const char *format, ...);
HIDDEN int __isoc23_fscanf(FILE *f, const char *format, ...);

int __isoc23_vsscanf(const char *s, const char *format, va_list args)
{
	return old_vsscanf(s, format, args);
}

int __isoc23_sscanf(const char *s, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = old_vsscanf(s, format, args);
	va_end(args);
	return n;
}

int __isoc23_fscanf(FILE *f, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = old_vfscanf(f, format, args);
	va_end(args);
	return n;
}

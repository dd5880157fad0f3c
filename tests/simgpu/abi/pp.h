/* Turns a list of "type, name" pairs into parameters, struct fields or arguments, so that the signature of an
   API function is written once (driver_api.h, runtime_api.h). Types must be single preprocessor arguments. */
#ifndef SIMGPU_PP_H
#define SIMGPU_PP_H

#define PP_CAT_(a, b) a##b
#define PP_CAT(a, b)  PP_CAT_(a, b)

#define PP_COUNT_(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, _20, \
		  _21, _22, n, ...)                                                                          \
	n
#define PP_COUNT(...)                                                                                        \
	PP_COUNT_(__VA_ARGS__, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2,   \
		  1, 0)

/* "int a, char b" */
#define PP_PARAMS(...)		PP_CAT(PP_PARAMS_, PP_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define PP_PARAMS_2(t, a)	t a
#define PP_PARAMS_4(t, a, ...)	t a, PP_PARAMS_2(__VA_ARGS__)
#define PP_PARAMS_6(t, a, ...)	t a, PP_PARAMS_4(__VA_ARGS__)
#define PP_PARAMS_8(t, a, ...)	t a, PP_PARAMS_6(__VA_ARGS__)
#define PP_PARAMS_10(t, a, ...) t a, PP_PARAMS_8(__VA_ARGS__)
#define PP_PARAMS_12(t, a, ...) t a, PP_PARAMS_10(__VA_ARGS__)
#define PP_PARAMS_14(t, a, ...) t a, PP_PARAMS_12(__VA_ARGS__)
#define PP_PARAMS_16(t, a, ...) t a, PP_PARAMS_14(__VA_ARGS__)
#define PP_PARAMS_18(t, a, ...) t a, PP_PARAMS_16(__VA_ARGS__)
#define PP_PARAMS_20(t, a, ...) t a, PP_PARAMS_18(__VA_ARGS__)
#define PP_PARAMS_22(t, a, ...) t a, PP_PARAMS_20(__VA_ARGS__)

/* "int a; char b;" */
#define PP_FIELDS(...)	  PP_CAT(PP_FIELDS_, PP_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define PP_FIELDS_2(t, a) t a;
#define PP_FIELDS_4(t, a, ...)                                                                               \
	t a;                                                                                                 \
	PP_FIELDS_2(__VA_ARGS__)
#define PP_FIELDS_6(t, a, ...)                                                                               \
	t a;                                                                                                 \
	PP_FIELDS_4(__VA_ARGS__)
#define PP_FIELDS_8(t, a, ...)                                                                               \
	t a;                                                                                                 \
	PP_FIELDS_6(__VA_ARGS__)
#define PP_FIELDS_10(t, a, ...)                                                                              \
	t a;                                                                                                 \
	PP_FIELDS_8(__VA_ARGS__)
#define PP_FIELDS_12(t, a, ...)                                                                              \
	t a;                                                                                                 \
	PP_FIELDS_10(__VA_ARGS__)
#define PP_FIELDS_14(t, a, ...)                                                                              \
	t a;                                                                                                 \
	PP_FIELDS_12(__VA_ARGS__)
#define PP_FIELDS_16(t, a, ...)                                                                              \
	t a;                                                                                                 \
	PP_FIELDS_14(__VA_ARGS__)
#define PP_FIELDS_18(t, a, ...)                                                                              \
	t a;                                                                                                 \
	PP_FIELDS_16(__VA_ARGS__)
#define PP_FIELDS_20(t, a, ...)                                                                              \
	t a;                                                                                                 \
	PP_FIELDS_18(__VA_ARGS__)
#define PP_FIELDS_22(t, a, ...)                                                                              \
	t a;                                                                                                 \
	PP_FIELDS_20(__VA_ARGS__)

/* "a, b" */
#define PP_NAMES(...)	       PP_CAT(PP_NAMES_, PP_COUNT(__VA_ARGS__))(__VA_ARGS__)
#define PP_NAMES_2(t, a)       a
#define PP_NAMES_4(t, a, ...)  a, PP_NAMES_2(__VA_ARGS__)
#define PP_NAMES_6(t, a, ...)  a, PP_NAMES_4(__VA_ARGS__)
#define PP_NAMES_8(t, a, ...)  a, PP_NAMES_6(__VA_ARGS__)
#define PP_NAMES_10(t, a, ...) a, PP_NAMES_8(__VA_ARGS__)
#define PP_NAMES_12(t, a, ...) a, PP_NAMES_10(__VA_ARGS__)
#define PP_NAMES_14(t, a, ...) a, PP_NAMES_12(__VA_ARGS__)
#define PP_NAMES_16(t, a, ...) a, PP_NAMES_14(__VA_ARGS__)
#define PP_NAMES_18(t, a, ...) a, PP_NAMES_16(__VA_ARGS__)
#define PP_NAMES_20(t, a, ...) a, PP_NAMES_18(__VA_ARGS__)
#define PP_NAMES_22(t, a, ...) a, PP_NAMES_20(__VA_ARGS__)

#endif

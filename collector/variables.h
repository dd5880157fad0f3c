/*
 * variables.h: the CUFLIGHT_ variables for people: what there are, and which of those that are set are none.
 */
#ifndef COLLECTOR_VARIABLES_H
#define COLLECTOR_VARIABLES_H

#include <stdio.h>

/* `cuflight help variables` */
void variables_print(FILE *out);
/* Say which variables beginning with CUFLIGHT_ are not known: a typing error would go unnoticed. */
void variables_note_unknown(void);
/* What a variable is for; NULL: not known here. */
const char *variable_meaning(const char *name);

#endif

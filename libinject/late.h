/*
 * late.h: iterations found in the records themselves: launches of one executable graph (`graph`), or the
 * small copy to the host that ends a step (`d2h`). Their edges are known some time after they happened.
 * Helper thread only.
 */
#ifndef INJECT_LATE_H
#define INJECT_LATE_H

#include <stdbool.h>
#include <stdint.h>

/* For the ring just made. */
void late_start(void);
/* A decoded row of any kind. */
void late_row(uint16_t kind, const uint64_t *row);
/* Tell iterations.h what is settled by now, and capture.h what may come. until: as gate_known(). last: no
   more rows will come. */
void late_publish(int64_t now, int64_t until, bool last);
/* Another rule was found to hold: nothing is looked for any more. */
void late_stop(void);

#endif

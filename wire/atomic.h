/*
 * atomic.h: the four ways in which two threads or processes share a number here. Each use names its partner.
 */
#ifndef WIRE_ATOMIC_H
#define WIRE_ATOMIC_H

/* Everything written before a store_release is seen by whoever load_acquires the value. */
#define load_acquire(p)	    __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
/* A number of its own: counters, flags whose data needs no order. */
#define load_relaxed(p)	    __atomic_load_n((p), __ATOMIC_RELAXED)
#define store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

#endif

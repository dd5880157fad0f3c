/*
 * atomic.h: the ways in which two threads or processes share a number here. Each use names its partner.
 */
#ifndef WIRE_ATOMIC_H
#define WIRE_ATOMIC_H

/* Everything written before a store_release is seen by whoever load_acquires the value. */
#define load_acquire(p)	    __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
/* A number of its own: counters, flags whose data needs no order. */
#define load_relaxed(p)	    __atomic_load_n((p), __ATOMIC_RELAXED)
#define store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

/*
 * FLIGHT policy is a sequence lock: floor moves, then bytes change; a reader copies, then looks at floor.
 * Neither side's plain accesses may cross the fence. (The thread sanitizer knows no fences; its tests stay in
 * DRAIN policy, which needs none.)
 */
#ifdef __SANITIZE_THREAD__
#define fence_full() ((void)0)
#else
#define fence_full() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

#endif

/* Host functions: one thread runs them, each when the timeline has come to it. Work behind one is resolved
   when it has returned. The thread is started with the first one and ends with the process. */
#include <signal.h>

#include "tests/simgpu/sim.h"

static struct sim_op *queue;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static bool started;

static struct sim_op *take_earliest(void)
{
	struct sim_op **best = &queue, *op;

	for (struct sim_op **p = &queue; *p; p = &(*p)->next_ready)
		if ((*p)->start < (*best)->start)
			best = p;
	op = *best;
	*best = op->next_ready;
	return op;
}

static void *run(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "simgpu-host");
	sim_lock();
	for (;;) {
		struct sim_op *op;
		int64_t end;

		while (!queue)
			pthread_cond_wait(&more, &sim_mutex);
		op = take_earliest();
		sim_unlock();
		sim_wait_until(op->start);
		if (op->work.u.host.fn)
			op->work.u.host.fn(op->work.u.host.data);
		else
			op->work.u.host.callback(op->work.u.host.stream, SIM_OK, op->work.u.host.data);
		end = sim_now();
		sim_lock();
		sim_op_finish(op, end);
		sim_unlock_and_free();
		sim_lock();
	}
	return NULL;
}

void sim_host_queue(struct sim_op *op)
{
	op->deferred = true;
	op->next_ready = queue;
	queue = op;
	if (!started) {
		sigset_t all, old;
		pthread_t thread;

		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		started = pthread_create(&thread, NULL, run, NULL) == 0;
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		if (started)
			pthread_detach(thread);
	}
	pthread_cond_signal(&more);
}

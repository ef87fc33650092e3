/* SPDX-License-Identifier: MIT */
#include "io/workers.h"

#include "base/allocate.h"
#include "stub/dispatch.h"

becket_status
workers_init(struct workers *workers, const struct becket_memory *memory,
    struct loop *loop, uint32_t most, uint32_t limit)
{
	*workers = (struct workers){
		.memory = memory,
		.loop = loop,
		.limit = limit,
		.most = most,
	};
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->changed, NULL);
	list_init(&workers->calls);
	if (most == 0)
		return BECKET_S_OK;
	workers->threads = memory_new(memory, most * sizeof(pthread_t));
	return workers->threads == NULL ? BECKET_S_OUT_OF_MEMORY : BECKET_S_OK;
}

void
workers_fini(struct workers *workers)
{
	if (workers->memory == NULL)
		return;
	memory_free(workers->memory, workers->threads,
	    workers->most * sizeof(pthread_t));
	if (workers->count > 0)
		return; /* the parent's: a forked child has no threads */
	pthread_cond_destroy(&workers->changed);
	pthread_mutex_destroy(&workers->lock);
}

/* Nobody waits for what has been cancelled in the queue. */
static void
serve(struct becket_call *call)
{
	if (becket_call_is_cancelled(call))
		dispatch_refuse(call, BECKET_S_CALL_CANCELLED);
	else if (!dispatch_run(call))
		return;
	call->host->post(call->host, call);
}

/* With the lock held, as the next ones. */
static struct becket_call *
take_call(struct workers *workers)
{
	struct becket_call *call =
	    container_of(workers->calls.next, struct becket_call, node);

	list_remove(&call->node);
	workers->waiting--;
	return call;
}

static void
work_once(struct workers *workers)
{
	struct becket_call *call = take_call(workers);

	workers->running++;
	pthread_mutex_unlock(&workers->lock);
	serve(call);
	pthread_mutex_lock(&workers->lock);
	workers->running--;
	if (workers->is_awaited && workers->running + workers->waiting == 0)
		loop_wake(workers->loop);
}

static void *
work(void *argument)
{
	struct workers *workers = argument;

	pthread_mutex_lock(&workers->lock);
	while (!workers->is_ending) {
		if (workers->waiting > 0) {
			work_once(workers);
			continue;
		}
		workers->idle++;
		pthread_cond_wait(&workers->changed, &workers->lock);
		workers->idle--;
	}
	pthread_mutex_unlock(&workers->lock);
	return NULL;
}

/* false: nobody is there to do it. */
static bool
find_hands(struct workers *workers)
{
	if (workers->idle < workers->waiting &&
	    workers->count < workers->most &&
	    thread_start(&workers->threads[workers->count], work, workers))
		workers->count++;
	pthread_cond_signal(&workers->changed);
	return workers->count > 0;
}

bool
workers_give(struct workers *workers, struct becket_call *call)
{
	bool is_taken = false;

	pthread_mutex_lock(&workers->lock);
	if (workers->waiting < workers->limit) {
		list_append(&workers->calls, &call->node);
		workers->waiting++;
		is_taken = find_hands(workers);
		if (!is_taken)
			(void)!take_call(workers); /* it is the only one */
	}
	pthread_mutex_unlock(&workers->lock);
	return is_taken;
}

bool
workers_are_idle(struct workers *workers)
{
	bool are_idle;

	pthread_mutex_lock(&workers->lock);
	are_idle = workers->running + workers->waiting == 0;
	workers->is_awaited = !are_idle;
	pthread_mutex_unlock(&workers->lock);
	return are_idle;
}

/* To be freed without the lock: that makes others run. */
static struct becket_call *
next_to_free(struct workers *workers)
{
	struct becket_call *call = NULL;

	pthread_mutex_lock(&workers->lock);
	if (workers->waiting > 0)
		call = take_call(workers);
	pthread_mutex_unlock(&workers->lock);
	return call;
}

void
workers_end(struct workers *workers)
{
	struct becket_call *call;

	if (workers->memory == NULL)
		return;
	while ((call = next_to_free(workers)) != NULL)
		becket_call_free(call);
	pthread_mutex_lock(&workers->lock);
	workers->is_ending = true;
	pthread_cond_broadcast(&workers->changed);
	pthread_mutex_unlock(&workers->lock);
	for (uint32_t i = 0; i < workers->count; i++)
		pthread_join(workers->threads[i], NULL);
	workers->count = 0;
	workers->is_ending = false;
}

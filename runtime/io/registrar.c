/* SPDX-License-Identifier: MIT */
#include "io/registrar.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/allocate.h"
#include "engine/dce.h"
#include "io/address.h"
#include "io/clock.h"
#include "io/epm_interface.h"
#include "io/mapper_address.h"
#include "io/transfer.h"
#include "wire/epm.h"

enum {
	/* A mapper that is restarted is back soon; one that is not there, or
	 * does not want us, is not to be pestered.
	 */
	RETRY_FIRST_MS = 100,
	RETRY_LAST_MS = 5000,
};

static void ready(struct watch *watch, uint32_t events);
static void fire(struct timer *timer, uint64_t now);

static struct registration *
registration_of(struct list *node)
{
	return container_of(node, struct registration, node);
}

/* ---------------------------------------------------------- connection -- */

static int
connect_local(const struct becket_runtime *runtime, const char *endpoint)
{
	struct sockaddr_un address;
	int fd;

	if (address_local(runtime, endpoint, &address) != BECKET_S_OK)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
is_there_work(const struct registrar *registrar)
{
	const struct list *all = &registrar->registrations;

	for (struct list *node = all->next; node != all; node = node->next)
		if (registration_of(node)->state == REGISTRATION_WANTED ||
		    registration_of(node)->state == REGISTRATION_UNWANTED)
			return true;
	return false;
}

/* Without a connection nothing of ours is in the map. */
static void
forget_entries(struct registrar *registrar)
{
	list_for_each (node, &registrar->registrations) {
		struct registration *registration = registration_of(node);

		if (registration->state == REGISTRATION_UNWANTED)
			registration_free(registrar, registration);
		else if (registration->state == REGISTRATION_ENTERED)
			registration->state = REGISTRATION_WANTED;
	}
}

static void
disconnect(struct registrar *registrar)
{
	if (registrar->session == NULL)
		return;
	loop_unwatch(registrar->loop, &registrar->watch);
	close(registrar->watch.fd);
	registrar->watch.fd = -1;
	registrar->session->ops->free(registrar->session);
	registrar->session = NULL;
	invoke_fini(&registrar->invoke);
	registrar->current = NULL;
	registrar->is_lost = registrar->is_full = false;
	forget_entries(registrar);
}

static void
retry_later(struct registrar *registrar)
{
	uint32_t wait = registrar->retry_ms;

	registrar->retry_at = clock_now() + clock_from_ms(wait);
	registrar->retry_ms =
	    2 * wait > RETRY_LAST_MS ? (uint32_t)RETRY_LAST_MS : 2 * wait;
}

static bool
connect_to_mapper(struct registrar *registrar)
{
	const struct dce_client_config config = {
		.memory = &registrar->runtime->memory,
		.limits = &registrar->runtime->limits,
		.now = clock_now(),
	};
	char endpoint[MAPPER_ENDPOINT_SIZE];

	if (registrar->session != NULL)
		return true;
	registrar->retry_at = 0;
	mapper_local_endpoint(registrar->runtime, endpoint);
	registrar->watch.fd = connect_local(registrar->runtime, endpoint);
	if (registrar->watch.fd >= 0) {
		if (dce_client_session_new(&config, &registrar->session) ==
		    BECKET_S_OK)
			return true;
		registrar->session = NULL;
		close(registrar->watch.fd);
		registrar->watch.fd = -1;
	}
	forget_entries(registrar);
	retry_later(registrar);
	return false;
}

/* --------------------------------------------------------------- calls -- */

static void
begin(struct registrar *registrar, struct registration *registration)
{
	bool is_delete = registration->state == REGISTRATION_UNWANTED;
	const struct becket_bytes request = {
		registration->stub.data,
		is_delete ? registration->delete_size : registration->stub.size,
	};

	registrar->invoke = (struct invoke){
		.interface = &epm_client_interface,
		.opnum = is_delete ? EPM_DELETE : EPM_INSERT,
		.memory = &registrar->runtime->memory,
		.limits = &registrar->runtime->limits,
		.deadline = UINT64_MAX,
	};
	if (invoke_begin(&registrar->invoke, registrar->session, &request,
	        clock_now()) == BECKET_S_OK)
		registrar->current = registration;
	else
		registrar->is_lost = true;
}

static becket_status
verdict(const struct invoke *invoke)
{
	struct cursor c = cursor_get(invoke->response.data,
	    invoke->response.size, invoke->big_endian);
	uint32_t status = 0;

	if (invoke->end.status != BECKET_S_OK)
		return invoke->end.status;
	epm_status_out(&c, &status);
	return c.status != BECKET_S_OK ? BECKET_X_BAD_STUB_DATA
	                               : epm_status_local(status);
}

/* A lost connection is no refusal. */
static void
conclude(struct registrar *registrar)
{
	struct registration *registration = registrar->current;
	becket_status status = verdict(&registrar->invoke);

	registrar->current = NULL;
	invoke_fini(&registrar->invoke);
	if (registrar->is_lost)
		return;
	registrar->retry_ms = RETRY_FIRST_MS;
	/* It may have been unregistered while it was being inserted. */
	if (registrar->invoke.opnum == EPM_DELETE) {
		registration_free(registrar, registration);
	} else if (status != BECKET_S_OK) {
		registration->status = status;
		if (registration->state == REGISTRATION_UNWANTED)
			registration_free(registrar, registration);
		else
			registration->state = REGISTRATION_REFUSED;
	} else if (registration->state == REGISTRATION_WANTED) {
		registration->state = REGISTRATION_ENTERED;
	}
}

static void
take_events(struct registrar *registrar)
{
	struct session_event event;

	while (registrar->session->ops->next(registrar->session, &event)) {
		if (event.kind == SESSION_CLOSED)
			registrar->is_lost = true;
		invoke_event(&registrar->invoke, &event);
	}
	if (registrar->current != NULL && registrar->invoke.is_over)
		conclude(registrar);
}

static void
begin_next(struct registrar *registrar)
{
	struct list *all = &registrar->registrations;

	if (registrar->current != NULL || registrar->is_lost)
		return;
	for (struct list *node = all->next; node != all; node = node->next) {
		struct registration *registration = registration_of(node);

		if (registration->state != REGISTRATION_WANTED &&
		    registration->state != REGISTRATION_UNWANTED)
			continue;
		begin(registrar, registration);
		return;
	}
}

/* One step of bytes each way. false: nothing moves now. */
static bool
move_bytes(struct registrar *registrar)
{
	struct session *session = registrar->session;
	enum transfer sent =
	    transfer_send(session, registrar->watch.fd, MSG_DONTWAIT);
	enum transfer received =
	    transfer_receive(session, registrar->watch.fd, MSG_DONTWAIT);

	registrar->is_full = sent == TRANSFER_AGAIN;
	if (sent == TRANSFER_LOST || received == TRANSFER_LOST)
		registrar->is_lost = true;
	if (received == TRANSFER_EOF) {
		session->ops->eof(session);
		registrar->is_lost = true;
	}
	return sent == TRANSFER_MOVED || received == TRANSFER_MOVED;
}

/* All that can be done without waiting. */
static void
pump(struct registrar *registrar)
{
	bool is_moving = registrar->session != NULL;

	while (is_moving && !registrar->is_lost) {
		take_events(registrar);
		begin_next(registrar);
		is_moving = !registrar->is_lost && move_bytes(registrar);
	}
	if (!registrar->is_lost)
		return;
	if (registrar->session != NULL)
		take_events(registrar);
	disconnect(registrar);
	if (is_there_work(registrar))
		retry_later(registrar);
}

static void
wait_a_little(struct registrar *registrar, uint64_t deadline)
{
	short events = registrar->is_full ? POLLIN | POLLOUT : POLLIN;
	struct pollfd pollfd = { registrar->watch.fd, events, 0 };

	poll(&pollfd, 1, clock_poll_timeout(clock_now(), deadline));
}

becket_status
registrar_settle(struct registrar *registrar, uint64_t deadline)
{
	while (is_there_work(registrar)) {
		if (!connect_to_mapper(registrar))
			return BECKET_S_SERVER_UNAVAILABLE;
		pump(registrar);
		if (registrar->session == NULL)
			return is_there_work(registrar)
			           ? BECKET_S_SERVER_UNAVAILABLE
			           : BECKET_S_OK;
		if (!is_there_work(registrar))
			break;
		if (clock_now() >= deadline)
			return BECKET_S_CALL_CANCELLED;
		wait_a_little(registrar, deadline);
	}
	return BECKET_S_OK;
}

/* ------------------------------------------------------------- the loop -- */

/* With the lock held, in the loop's thread. */
static void
arm(struct registrar *registrar)
{
	uint32_t events = EPOLLIN | (registrar->is_full ? EPOLLOUT : 0);

	loop_set_timer(registrar->loop, &registrar->timer, registrar->retry_at);
	if (registrar->session == NULL)
		return;
	if (loop_watch(registrar->loop, &registrar->watch, events) ==
	    BECKET_S_OK)
		return;
	disconnect(registrar);
	retry_later(registrar);
	loop_set_timer(registrar->loop, &registrar->timer, registrar->retry_at);
}

static void
drop_all(struct registrar *registrar)
{
	disconnect(registrar);
	registrar->retry_at = 0;
	list_for_each (node, &registrar->registrations)
		registration_free(registrar, registration_of(node));
}

/* With the lock held. Who had it when the server stopped does it late, but
 * before something is registered for the next time that it listens.
 */
static void
obey_stop(struct registrar *registrar)
{
	if (atomic_exchange(&registrar->wants_stop, false))
		drop_all(registrar);
}

/* What is refused on the way back into the map is nobody's any more. */
static void
turn(struct registrar *registrar)
{
	uint64_t retry_at = registrar->retry_at;

	obey_stop(registrar);
	if (is_there_work(registrar) &&
	    (retry_at == 0 || clock_now() >= retry_at))
		(void)connect_to_mapper(registrar);
	pump(registrar);
	list_for_each (node, &registrar->registrations) {
		struct registration *registration = registration_of(node);

		if (registration->state != REGISTRATION_REFUSED)
			continue;
		runtime_log(registrar->runtime, BECKET_LOG_WARNING,
		    "the endpoint map does not take %s: %s",
		    registration->binding,
		    becket_status_text(registration->status));
		registration_free(registrar, registration);
	}
	arm(registrar);
}

void
registrar_look(struct registrar *registrar)
{
	if (!atomic_exchange(&registrar->wants_look, false))
		return;
	if (pthread_mutex_trylock(&registrar->lock) != 0) {
		/* Who has it wakes us when it is free. */
		return;
	}
	turn(registrar);
	pthread_mutex_unlock(&registrar->lock);
}

static void
look_now(struct registrar *registrar)
{
	atomic_store(&registrar->wants_look, true);
	registrar_look(registrar);
}

static void
ready(struct watch *watch, uint32_t events)
{
	(void)events;
	look_now(container_of(watch, struct registrar, watch));
}

static void
fire(struct timer *timer, uint64_t now)
{
	(void)now;
	look_now(container_of(timer, struct registrar, timer));
}

void
registrar_lock(struct registrar *registrar)
{
	pthread_mutex_lock(&registrar->lock);
	obey_stop(registrar);
}

void
registrar_unlock(struct registrar *registrar)
{
	obey_stop(registrar);
	pthread_mutex_unlock(&registrar->lock);
	atomic_store(&registrar->wants_look, true);
	loop_wake(registrar->loop);
}

void
registrar_stop(struct registrar *registrar)
{
	atomic_store(&registrar->wants_stop, true);
	look_now(registrar);
}

/* ----------------------------------------------------------- new, free -- */

struct registration *
registration_new(struct registrar *registrar, const char *binding,
    size_t stub_size)
{
	const struct becket_memory *memory = &registrar->runtime->memory;
	struct registration *registration =
	    memory_new(memory, sizeof *registration);

	if (registration == NULL)
		return NULL;
	list_init(&registration->node);
	registration->stub = buffer_empty(memory);
	registration->binding = runtime_copy_text(registrar->runtime, binding);
	if (registration->binding != NULL &&
	    buffer_reserve(&registration->stub, stub_size))
		return registration;
	registration_free(registrar, registration);
	return NULL;
}

void
registration_free(struct registrar *registrar,
    struct registration *registration)
{
	list_remove(&registration->node);
	buffer_fini(&registration->stub);
	runtime_free_text(registrar->runtime, registration->binding);
	memory_free(&registrar->runtime->memory, registration,
	    sizeof *registration);
}

becket_status
registrar_init(struct registrar *registrar, struct becket_runtime *runtime,
    struct loop *loop)
{
	*registrar = (struct registrar){
		.runtime = runtime,
		.loop = loop,
		.watch = { .fd = -1, .ready = ready },
		.retry_ms = RETRY_FIRST_MS,
	};
	list_init(&registrar->registrations);
	timer_init(&registrar->timer, fire);
	return pthread_mutex_init(&registrar->lock, NULL) == 0
	           ? BECKET_S_OK
	           : BECKET_S_OUT_OF_RESOURCES;
}

void
registrar_fini(struct registrar *registrar)
{
	if (registrar->runtime == NULL)
		return;
	list_remove(&registrar->timer.node);
	drop_all(registrar);
	pthread_mutex_destroy(&registrar->lock);
}

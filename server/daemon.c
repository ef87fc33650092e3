/* SPDX-License-Identifier: MIT */
#include "daemon.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "becket_grpc.h"
#include "descriptors.h"
#include "flags.h"
#include "limit.h"
#include "listens.h"
#include "log.h"
#include "mapper.h"
#include "modules.h"
#include "notify.h"
#include "serving.h"
#include "text.h"

struct daemon {
	struct config *config;
	struct becket_runtime *runtime;
	struct becket_server *server;
	struct listens listens;
	struct serving serving;
	struct modules modules;
	struct mapper *mapper; /* NULL: another's host */
	atomic_bool allow_stop;
	atomic_bool told_to_stop; /* by a call */
	int signals;              /* signalfd */
	bool draining;            /* told so */
	bool asked;               /* by a signal; a second one is impatient */
	bool reloads;             /* the service manager has been told so */
	bool refused;             /* what was read */
	bool again;               /* another SIGHUP came meanwhile */
};

/* ---------------------------------------------------------------- reload -- */

/* What was given to the runtime when it began. */
static void
keep_what_cannot_change(struct config *config, struct config *new)
{
	bool same_dir =
	    config->ncalrpc_dir == NULL || new->ncalrpc_dir == NULL
	        ? config->ncalrpc_dir == new->ncalrpc_dir
	        : strcmp(config->ncalrpc_dir, new->ncalrpc_dir) == 0;
	if (!same_dir || config->mapper != new->mapper ||
	    config->loops != new->loops || config->workers != new->workers ||
	    config->without != new->without ||
	    !limits_equal(&config->limits, &new->limits))
		log_line(BECKET_LOG_WARNING,
		    "[limits], NcalrpcDir, Loops, Workers, Health, Reflection, "
		    "Hold, and whether there is a [mapper] change with a "
		    "restart only");
	new->loops = config->loops;
	new->workers = config->workers;
	new->without = config->without;
	new->mapper = config->mapper;
	new->limits = config->limits;
	free(new->ncalrpc_dir);
	new->ncalrpc_dir =
	    config->ncalrpc_dir == NULL ? NULL : text_copy(config->ncalrpc_dir);
}

/* With several loops there is none that would flush what waits. */
static void
set_log(struct config *config)
{
	config->log.at_once = config->loops > 1;
	log_set(&config->log);
}

/* From now on new is what holds. */
static void
take(struct daemon *daemon, struct config *new)
{
	modules_commit(&daemon->modules);
	config_fini(daemon->config);
	*daemon->config = *new;
	set_log(new);
	atomic_store(&daemon->allow_stop, new->allow_stop);
}

static bool
enters(const struct config *config)
{
	return config->enter || (config->mapper && !config->enter_not);
}

/* Our interfaces, as they are now, go into the endpoint map of the host; what
 * was there of ours and is no more goes out of it.
 */
static void
enter_map(struct daemon *daemon)
{
	const struct config *config = daemon->config;
	becket_status status = BECKET_S_OK;
	if (enters(config) && !daemon->draining)
		status = becket_ep_register_later(daemon->server, NULL, NULL,
		    NULL, NULL);
	if (status != BECKET_S_OK)
		log_line(BECKET_LOG_ERROR,
		    "nothing can be entered into the endpoint map: %s",
		    becket_status_text(status));
}

/* So that they are there when we say that we are ready: as we begin, and
 * another is the mapper, which is not to be waited for if it is not there.
 */
static void
enter_map_first(struct daemon *daemon)
{
	becket_status status;
	if (daemon->mapper != NULL || !enters(daemon->config)) {
		enter_map(daemon);
		return;
	}
	status = becket_ep_register(daemon->server, NULL, NULL, NULL, NULL);
	if (status != BECKET_S_OK && status != BECKET_S_UNKNOWN_IF)
		log_line(BECKET_LOG_WARNING, "%s",
		    becket_error_last()->sentence);
}

/* Everything that can be wrong with it is looked for before anything that runs
 * is touched.
 */
static bool
try(struct daemon *daemon, struct config *new)
{
	flags_read(new, new->argc, new->argv, &(bool){ false });
	keep_what_cannot_change(daemon->config, new);
	mapper_places(daemon->runtime, new);
	listens_check(&daemon->listens, new);
	if (!modules_prepare(&daemon->modules, new))
		return false;
	config_unused_overrides(new);
	return new->mistakes == 0 && modules_add(&daemon->modules, new) &&
	       listens_change(&daemon->listens, daemon->config, new);
}

static void
reload(struct daemon *daemon)
{
	struct config new;
	daemon->again = daemon->reloads;
	if (daemon->reloads)
		return;
	daemon->reloads = true;
	notify_reloading();
	log_line(BECKET_LOG_INFO, "reading the configuration again");
	config_init(&new);
	new.is_reload = true;
	new.argc = daemon->config->argc;
	new.argv = daemon->config->argv;
	if (try(daemon, &new)) {
		take(daemon, &new);
		return;
	}
	modules_revert(&daemon->modules);
	daemon->refused = true;
	config_fini(&new);
}

/* Once every module that goes has gone. */
static void
end_reload(struct daemon *daemon)
{
	bool is_whole = daemon->config->mistakes == 0;
	const char *result =
	    daemon->refused ? "the new configuration is refused"
	    : is_whole      ? "the new configuration holds"
	                    : "not all of the new configuration holds";
	char *state = text_format("READY=1\nSTATUS=serving; %s\n", result);
	log_line(is_whole && !daemon->refused ? BECKET_LOG_INFO
	                                      : BECKET_LOG_ERROR,
	    "%s", result);
	notify(state);
	free(state);
	enter_map(daemon);
	daemon->reloads = false;
	daemon->refused = false;
	daemon->config->mistakes = 0;
	if (daemon->again)
		reload(daemon);
}

static void
go_on_reloading(struct daemon *daemon)
{
	modules_reap(&daemon->modules, daemon->config);
	while (daemon->reloads && !modules_leave(&daemon->modules))
		end_reload(daemon);
}

/* --------------------------------------------------------------- signals -- */

/* Signals come through a descriptor; threads of modules inherit that they are
 * blocked. Who reads our stdout or stderr may go away: that is no reason to
 * end.
 */
static bool
signals_open(struct daemon *daemon)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
		daemon->signals =
		    signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signals >= 0)
		return true;
	log_line(BECKET_LOG_ERROR, "signals cannot be received: %s",
	    strerror(errno));
	return false;
}

static void
drain(struct daemon *daemon, const char *why)
{
	if (daemon->draining)
		return;
	daemon->draining = true;
	log_line(BECKET_LOG_INFO, "%s: finishing what runs", why);
	notify("STOPPING=1\nSTATUS=finishing the calls that run\n");
}

static void
take_signal(struct daemon *daemon, int number)
{
	const char *name = strsignal(number);
	if (number == SIGHUP) {
		if (!daemon->draining)
			reload(daemon);
		return;
	}
	if (daemon->asked) {
		log_line(BECKET_LOG_WARNING, "%s again: what runs is cut off",
		    name);
		becket_server_stop_now(daemon->server);
		return;
	}
	daemon->asked = true;
	drain(daemon, name);
	if (becket_server_stop(daemon->server) != BECKET_S_OK)
		becket_server_stop_now(daemon->server);
}

static void
take_signals(struct daemon *daemon)
{
	struct signalfd_siginfo info;
	while (read(daemon->signals, &info, sizeof info) == sizeof info)
		take_signal(daemon, (int)info.ssi_signo);
}

/* ----------------------------------------------------------------- start -- */

/* Who may stop us from afar: with AllowStop, root and ourselves, as the kernel
 * knows them. Any of the server's threads.
 */
static bool
allow(void *user, struct becket_call *call,
    enum becket_mgmt_operation operation)
{
	struct daemon *daemon = user;
	const struct becket_peer *peer = becket_call_peer(call);
	if (operation != BECKET_MGMT_STOP_SERVER_LISTENING)
		return true;
	bool yes = atomic_load(&daemon->allow_stop) && peer->has_credentials &&
	           (peer->uid == 0 || peer->uid == geteuid());
	log_line(BECKET_LOG_WARNING, "%s asks us to stop: %s", peer->text,
	    yes ? "granted" : "refused");
	if (yes) {
		atomic_store(&daemon->told_to_stop, true);
		modules_wake(&daemon->modules);
	}
	return yes;
}

static becket_status
make_server(struct daemon *daemon)
{
	struct config *config = daemon->config;
	const struct becket_runtime_options options = {
		.size = sizeof options,
		.limits = &config->limits,
		.log = log_becket,
		.ncalrpc_dir = config->ncalrpc_dir,
	};
	const struct becket_server_options server_options = {
		.size = sizeof server_options,
		.workers = config->workers,
		.loops = config->loops,
		.without = config->without,
	};
	becket_status status = becket_runtime_new(&options, &daemon->runtime);

	if (status == BECKET_S_OK)
		status = becket_grpc_enable(daemon->runtime);
	if (status == BECKET_S_OK)
		status = becket_server_new(daemon->runtime, &server_options,
		    &daemon->server);
	if (status != BECKET_S_OK)
		return status;
	atomic_store(&daemon->allow_stop, config->allow_stop);
	becket_server_set_authorization_fn(daemon->server, allow, daemon);
	daemon->listens.runtime = daemon->runtime;
	daemon->listens.server = daemon->server;
	mapper_places(daemon->runtime, config);
	return config->mapper ? mapper_new(daemon->server, &config->limits,
	                            &daemon->mapper)
	                      : BECKET_S_OK;
}

/* All but to listen; false: failed for another reason than a mistake. */
static bool
prepare(struct daemon *daemon)
{
	struct config *config = daemon->config;
	becket_status status = make_server(daemon);
	if (status != BECKET_S_OK) {
		log_line(BECKET_LOG_ERROR, "becketd cannot start: %s",
		    becket_status_text(status));
		return false;
	}
	if (!modules_init(&daemon->modules, daemon->server) ||
	    !listens_adopt(&daemon->listens))
		return false;
	listens_check(&daemon->listens, config);
	if (modules_prepare(&daemon->modules, config))
		config_unused_overrides(config);
	return modules_add(&daemon->modules, config) || config->mistakes > 0;
}

static bool
start(struct daemon *daemon)
{
	return listens_open(&daemon->listens, daemon->config) &&
	       serving_start(&daemon->serving, daemon->server,
	           daemon->config->loops);
}

/* Say where, on stdout, for people and scripts: ports may be the system's
 * choice.
 */
static bool
announce(struct daemon *daemon)
{
	struct becket_binding_vector *vector = NULL;
	becket_status status =
	    becket_server_inq_bindings(daemon->server, &vector);
	for (size_t i = 0; status == BECKET_S_OK && i < vector->count; i++) {
		char *text = NULL;
		status = becket_binding_to_string_binding(vector->bindings[i],
		    &text);
		if (status == BECKET_S_OK)
			printf("listening %s\n", text);
		becket_string_free(daemon->runtime, &text);
	}
	becket_binding_vector_free(&vector);
	if (status != BECKET_S_OK) {
		log_line(BECKET_LOG_ERROR, "the bindings are not known: %s",
		    becket_status_text(status));
		return false;
	}
	puts("ready");
	fflush(stdout);
	return true;
}

/* ----------------------------------------------------------------- serve -- */

/* One turn of the loop; false: the server has stopped. */
static bool
turn(struct daemon *daemon)
{
	struct pollfd fds[] = {
		serving_poll(&daemon->serving),
		{ daemon->signals, POLLIN, 0 },
		{ daemon->modules.eventfd, POLLIN, 0 },
	};
	nfds_t count = daemon->draining ? 2 : 3; /* then nothing is reloaded */
	log_flush();
	if (poll(fds, count, serving_timeout(&daemon->serving)) < 0 &&
	    errno != EINTR)
		log_line(BECKET_LOG_ERROR, "poll: %s", strerror(errno));
	if (fds[1].revents != 0)
		take_signals(daemon);
	if (!daemon->draining && (daemon->reloads || fds[2].revents != 0))
		go_on_reloading(daemon);
	bool goes_on = serving_go_on(&daemon->serving, &fds[0]);
	if (atomic_load(&daemon->told_to_stop))
		drain(daemon, "stop");
	return goes_on;
}

/* Returns the exit status. */
static int
serve(struct daemon *daemon)
{
	struct becket_stats stats;
	unsigned cut;
	notify("READY=1\nSTATUS=serving\n");
	while (turn(daemon))
		;
	becket_server_inq_stats(daemon->server, &stats);
	log_line(BECKET_LOG_INFO,
	    "served %" PRIu64 " calls, %" PRIu64 " packets in, %" PRIu64 " out",
	    stats.calls_in, stats.packets_in, stats.packets_out);
	cut = becket_server_inq_cut_calls(daemon->server);
	if (cut == 0)
		return DAEMON_OK;
	log_line(BECKET_LOG_ERROR, "%u calls were cut off", cut);
	return DAEMON_FAILED;
}

static int
run(struct daemon *daemon, bool check)
{
	if (!prepare(daemon))
		return DAEMON_FAILED;
	if (daemon->config->mistakes > 0)
		return DAEMON_MISTAKES;
	if (check) {
		puts("the configuration is good");
		return DAEMON_OK;
	}
	descriptors_raise(daemon->config->limits.connections);
	if (!start(daemon))
		return DAEMON_FAILED;
	enter_map_first(daemon);
	return announce(daemon) ? serve(daemon) : DAEMON_FAILED;
}

int
daemon_run(struct config *config, bool check)
{
	struct daemon daemon = { .config = config, .signals = -1 };
	int status = DAEMON_FAILED;
	set_log(config);
	if (descriptors_standard() && signals_open(&daemon))
		status = run(&daemon, check);
	serving_fini(&daemon.serving);
	modules_stop(&daemon.modules);
	becket_server_free(daemon.server);
	mapper_free(daemon.mapper);
	modules_fini(&daemon.modules);
	listens_fini(&daemon.listens);
	becket_runtime_free(daemon.runtime);
	if (daemon.signals >= 0)
		close(daemon.signals);
	log_flush();
	return status;
}

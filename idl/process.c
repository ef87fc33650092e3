/* SPDX-License-Identifier: MIT */
#include "idl/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Our ends of the pipes to and from the child; -1: closed. */
struct ends {
	int in, out;
};

static void
close_end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int
spawn(const struct process *process, const int in[2], const int out[2],
    pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	if (process->has_input)
		error = posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(&actions, out[1],
		    process->output_fd);
	if (error == 0)
		error = posix_spawnp(ret_pid, process->arguments[0], &actions,
		    NULL, (char *const *)process->arguments, environ);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* A child that reads no further is its own affair: its status will tell. */
static void
feed(struct ends *ends, struct becket_bytes *input)
{
	ssize_t put = write(ends->in, input->data, input->size);

	if (put >= 0) {
		input->data += put;
		input->size -= (size_t)put;
	} else if (errno != EINTR && errno != EAGAIN) {
		input->size = 0;
	}
	if (input->size == 0)
		close_end(&ends->in);
}

static void
drain(struct ends *ends, struct buffer *output)
{
	char block[65536];
	ssize_t got = read(ends->out, block, sizeof block);

	if (got > 0)
		text_put_bytes(output, block, (size_t)got);
	else if (got == 0 || errno != EINTR)
		close_end(&ends->out);
}

/* Both ways at once, for neither pipe holds much. */
static void
talk(struct ends *ends, struct becket_bytes input, struct buffer *output)
{
	if (input.size == 0)
		close_end(&ends->in);
	while (ends->out >= 0) {
		struct pollfd polls[] = {
			{ .fd = ends->out, .events = POLLIN },
			{ .fd = ends->in, .events = POLLOUT },
		};

		if (poll(polls, 2, -1) < 0 && errno != EINTR)
			break;
		if (polls[1].revents != 0)
			feed(ends, &input);
		if (polls[0].revents != 0)
			drain(ends, output);
	}
	close_end(&ends->in);
	close_end(&ends->out);
}

static int
wait_for(pid_t pid, int *ret_status)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return errno;
	}
	*ret_status =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

static int
run(const struct process *process, int in[2], int out[2],
    struct buffer *ret_output, int *ret_status)
{
	pid_t pid;
	struct ends ends;
	int error = spawn(process, in, out, &pid);

	close_end(&in[0]);
	close_end(&out[1]);
	ends = (struct ends){ in[1], out[0] };
	in[1] = out[0] = -1;
	if (error == 0)
		fcntl(ends.in, F_SETFL, O_NONBLOCK);
	if (error != 0) {
		close_end(&ends.in);
		close_end(&ends.out);
		return error;
	}
	talk(&ends, process->input, ret_output);
	return wait_for(pid, ret_status);
}

int
process_run(const struct process *process, struct buffer *ret_output,
    int *ret_status)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	int error;

	signal(SIGPIPE, SIG_IGN);
	if (pipe2(in, O_CLOEXEC) != 0)
		return errno;
	error = pipe2(out, O_CLOEXEC) == 0
	            ? run(process, in, out, ret_output, ret_status)
	            : errno;
	close_end(&in[0]);
	close_end(&in[1]);
	return error;
}

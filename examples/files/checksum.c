/* SPDX-License-Identifier: MIT */
#include "serve.h"

#include <errno.h>
#include <pthread.h>
#include <sha2.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Calls come in on the server's thread, which defers them and puts a job into
 * the queue; one thread of ours takes the jobs in order and answers.
 */
struct job {
	struct job *next;
	struct becket_token token;
	char *path;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first, **end;
	bool stopping;
	pthread_t thread;
} queue = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.wake = PTHREAD_COND_INITIALIZER,
};

static bool
is_stopping(void)
{
	pthread_mutex_lock(&queue.lock);
	bool stopping = queue.stopping;
	pthread_mutex_unlock(&queue.lock);
	return stopping;
}

static void
job_free(struct job *job)
{
	free(job->path);
	free(job);
}

/* ------------------------------------------------------------ the thread -- */

/* Sum up a file; 0, or a negative errno value. Stops early for a client that
 * waits no more.
 */
static int
sum_up(int fd, struct becket_token token, SHA2_CTX *sha, uint64_t *ret_size)
{
	static uint8_t block[256 * 1024]; /* there is one thread */
	uint64_t size = 0;
	ssize_t n;
	while ((n = read(fd, block, sizeof block)) > 0) {
		SHA256Update(sha, block, (size_t)n);
		size += (uint64_t)n;
		if (becket_token_is_cancelled(token) || is_stopping())
			return -ECANCELED;
	}
	if (n < 0)
		return -errno;
	*ret_size = size;
	return 0;
}

static void
run(struct job *job)
{
	Files__ChecksumResponse response = FILES__CHECKSUM_RESPONSE__INIT;
	uint8_t digest[SHA256_DIGEST_LENGTH];
	struct stat stat;
	SHA2_CTX sha;
	becket_status status;
	int fd = root_open_regular(&served, job->path, &stat);
	int failure = fd;
	if (fd >= 0) {
		SHA256Init(&sha);
		failure = sum_up(fd, job->token, &sha, &response.size);
		close(fd);
	}
	if (failure < 0) {
		status = becket_token_fail(job->token, failure_status(failure),
		    "%s: %s", job->path, failure_text(failure));
	} else {
		SHA256Final(digest, &sha);
		response.sha256.len = sizeof digest;
		response.sha256.data = digest;
		status =
		    files_checksum_answer(job->token, BECKET_S_OK, &response);
	}
	(void)status; /* the client may have gone */
}

/* Wait for a job; NULL: stop. */
static struct job *
take(void)
{
	pthread_mutex_lock(&queue.lock);
	while (queue.first == NULL && !queue.stopping)
		pthread_cond_wait(&queue.wake, &queue.lock);
	struct job *job = queue.first;
	if (job != NULL) {
		queue.first = job->next;
		if (queue.first == NULL)
			queue.end = &queue.first;
	}
	pthread_mutex_unlock(&queue.lock);
	return job;
}

static void *
work(void *unused)
{
	struct job *job;
	while ((job = take()) != NULL) {
		run(job);
		job_free(job);
	}
	return unused;
}

bool
checksum_start(void)
{
	queue.first = NULL;
	queue.end = &queue.first;
	queue.stopping = false;
	return pthread_create(&queue.thread, NULL, work, NULL) == 0;
}

void
checksum_stop(void)
{
	pthread_mutex_lock(&queue.lock);
	queue.stopping = true;
	pthread_cond_signal(&queue.wake);
	pthread_mutex_unlock(&queue.lock);
	pthread_join(queue.thread, NULL);
}

/* ----------------------------------------------------------- the routine -- */

becket_status
checksum(struct becket_call *call, const Files__ChecksumRequest *request,
    Files__ChecksumResponse *response)
{
	struct job *job = calloc(1, sizeof *job);
	(void)response; /* the thread has its own */
	if (job != NULL)
		job->path = path_of(request->path);
	if (job == NULL || job->path == NULL) {
		free(job);
		return becket_call_fail(call, BECKET_S_INVALID_ARG,
		    "this is no path");
	}
	becket_status status = becket_call_defer(call, &job->token);
	if (status != BECKET_S_ASYNC_CALL_PENDING) {
		job_free(job);
		return status;
	}
	pthread_mutex_lock(&queue.lock);
	*queue.end = job;
	queue.end = &job->next;
	pthread_cond_signal(&queue.wake);
	pthread_mutex_unlock(&queue.lock);
	return status;
}

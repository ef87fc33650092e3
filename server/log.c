/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 2048, BUFFER_SIZE = 16384 };

static struct {
	pthread_mutex_t lock;
	pthread_once_t looked; /* what stderr is */
	bool is_journal;
	atomic_int level;
	atomic_bool access, at_once;
	size_t used;
	char buffer[BUFFER_SIZE];
} sink = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.looked = PTHREAD_ONCE_INIT,
	.level = BECKET_LOG_INFO,
};

/* Is stderr what the journal reads? It says so as "device:inode". */
static void
look_at_stderr(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char text[64];
	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return;
	snprintf(text, sizeof text, "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	sink.is_journal = strcmp(text, stream) == 0;
}

void
log_set(const struct log_options *options)
{
	atomic_store(&sink.level, (int)options->level);
	atomic_store(&sink.access, options->access);
	atomic_store(&sink.at_once, options->at_once);
}

static const char *
level_name(enum becket_log_level level)
{
	switch (level) {
	case BECKET_LOG_ERROR:
		return "error";
	case BECKET_LOG_WARNING:
		return "warning";
	case BECKET_LOG_INFO:
		return "info";
	case BECKET_LOG_DEBUG:
		return "debug";
	}
	return "?";
}

/* What a line begins with; its length. The journal has its own time. */
static size_t
put_head(char *line, size_t size, enum becket_log_level level, bool is_plain)
{
	struct timespec now;
	struct tm tm;
	char text[32];
	pthread_once(&sink.looked, look_at_stderr);
	if (sink.is_journal)
		return (size_t)snprintf(line, size, "<%d>", (int)level);
	if (is_plain)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	return (size_t)snprintf(line, size, "%s.%03ldZ %s ", text,
	    now.tv_nsec / 1000000, level_name(level));
}

static void
write_all(const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDERR_FILENO, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a log that cannot be written is no reason
			           to stop serving */
		data += n;
		size -= (size_t)n;
	}
}

static void
flush_locked(void)
{
	write_all(sink.buffer, sink.used);
	sink.used = 0;
}

void
log_flush(void)
{
	pthread_mutex_lock(&sink.lock);
	flush_locked();
	pthread_mutex_unlock(&sink.lock);
}

static void
put_line(const char *line, size_t size, bool now)
{
	pthread_mutex_lock(&sink.lock);
	if (size > sizeof sink.buffer - sink.used)
		flush_locked();
	memcpy(sink.buffer + sink.used, line, size);
	sink.used += size;
	if (now)
		flush_locked();
	pthread_mutex_unlock(&sink.lock);
}

static void
clean(char *line, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c < 0x20 || c == 0x7f)
			line[i] = '?';
	}
}

enum manner { LATER, NOW, PLAIN };

static void put_formatted(enum becket_log_level level, enum manner manner,
    const char *format, va_list arguments) BECKET_PRINTF(3, 0);

static void
put_formatted(enum becket_log_level level, enum manner manner,
    const char *format, va_list arguments)
{
	char line[LINE_SIZE];
	size_t head = put_head(line, sizeof line, level, manner == PLAIN);
	size_t room = sizeof line - 1 - head; /* one for the newline */
	int n = vsnprintf(line + head, room, format, arguments);
	size_t size = n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
	clean(line + head, size);
	line[head + size] = '\n';
	put_line(line, head + size + 1, manner != LATER);
}

void
log_line(enum becket_log_level level, const char *format, ...)
{
	va_list arguments;
	if ((int)level > atomic_load(&sink.level))
		return;
	va_start(arguments, format);
	put_formatted(level, NOW, format, arguments);
	va_end(arguments);
}

void
log_plain(enum becket_log_level level, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put_formatted(level, PLAIN, format, arguments);
	va_end(arguments);
}

static void put_access(const char *format, ...) BECKET_PRINTF(1, 2);

static void
put_access(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	put_formatted(BECKET_LOG_INFO, atomic_load(&sink.at_once) ? NOW : LATER,
	    format, arguments);
	va_end(arguments);
}

static void
log_access(const struct becket_access *access)
{
	const char *name = becket_status_name(access->status);
	const char *quote = strchr(access->peer, ' ') != NULL ? "\"" : "";
	char number[16];
	snprintf(number, sizeof number, "%#" PRIx32, access->status);
	put_access("call operation=%s.%s peer=%s%s%s status=%s in=%" PRIu64
	           " out=%" PRIu64 " time_us=%" PRIu64,
	    access->interface, access->operation, quote, access->peer, quote,
	    name != NULL ? name : number, access->request_bytes,
	    access->response_bytes, access->duration_ns / 1000);
}

void
log_becket(void *user, const struct becket_log *log)
{
	(void)user;
	if (log->access == NULL)
		log_line(log->level, "%s", log->text);
	else if (atomic_load(&sink.access))
		log_access(log->access);
}

/* SPDX-License-Identifier: MIT */
#include "descriptors.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/resource.h>
#include <unistd.h>

#include "log.h"

bool
descriptors_standard(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

void
descriptors_raise(uint32_t connections)
{
	enum { OTHERS = 256 };
	struct rlimit limit;
	rlim_t wanted = (rlim_t)connections + OTHERS;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= wanted)
		return;
	log_line(BECKET_LOG_INFO,
	    "%" PRIu32 " connections are allowed, but only %ju descriptors",
	    connections, (uintmax_t)limit.rlim_cur);
}

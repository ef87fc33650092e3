/* SPDX-License-Identifier: MIT */
#ifndef BECKETD_NOTIFY_H
#define BECKETD_NOTIFY_H

/*
 * Tell the service manager how we are, by the protocol of sd_notify(3): a
 * datagram "READY=1\nSTATUS=..." to the Unix socket that $NOTIFY_SOCKET names,
 * a path, or with '@' first an abstract name. Without the variable nothing
 * happens; a manager that is not there is logged.
 */
void notify(const char *state);

/* We read our configuration again; READY=1 says when that is over. */
void notify_reloading(void);

#endif

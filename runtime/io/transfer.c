/* SPDX-License-Identifier: MIT */
#include "io/transfer.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "io/clock.h"

enum { VECS = 64 };

/* Interrupted: who waits may have a deadline, so it is for him to wait again.
 * Short of kernel memory is no reason to give a connection up.
 */
static enum transfer
judge_errno(void)
{
	switch (errno) {
	case EAGAIN:
#if EWOULDBLOCK != EAGAIN
	case EWOULDBLOCK:
#endif
	case EINTR:
	case ENOBUFS:
	case ENOMEM:
		return TRANSFER_AGAIN;
	default:
		return TRANSFER_LOST;
	}
}

static void
copy_vecs(const struct session_vec *vecs, size_t count, struct iovec *ret_iov)
{
	for (size_t i = 0; i < count; i++)
		ret_iov[i] = (struct iovec){ vecs[i].data, vecs[i].size };
}

enum transfer
transfer_receive(struct session *session, int fd, int flags)
{
	struct session_vec vecs[VECS];
	struct iovec iov[VECS];
	struct msghdr message = { .msg_iov = iov };
	size_t count = session->ops->recv_vec(session, vecs, VECS);
	ssize_t size;

	if (count == 0)
		return TRANSFER_NOTHING;
	copy_vecs(vecs, count, iov);
	message.msg_iovlen = count;
	size = recvmsg(fd, &message, flags);
	if (size < 0)
		return judge_errno();
	if (size == 0)
		return TRANSFER_EOF;
	session->ops->received(session, (size_t)size, clock_now());
	return TRANSFER_MOVED;
}

enum transfer
transfer_send(struct session *session, int fd, int flags)
{
	struct session_vec vecs[VECS];
	struct iovec iov[VECS];
	struct msghdr message = { .msg_iov = iov };
	size_t count = session->ops->send_vec(session, vecs, VECS);
	ssize_t size;

	if (count == 0)
		return TRANSFER_NOTHING;
	copy_vecs(vecs, count, iov);
	message.msg_iovlen = count;
	size = sendmsg(fd, &message, flags | MSG_NOSIGNAL);
	if (size < 0)
		return judge_errno();
	session->ops->sent(session, (size_t)size);
	return TRANSFER_MOVED;
}

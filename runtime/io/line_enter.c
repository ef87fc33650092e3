/* SPDX-License-Identifier: MIT */
#include "io/line_private.h"

#include "io/hub.h"

/* From ENTERING to another line. */

struct line *
line_new_to_enter(struct hub *hub, struct client_association *association)
{
	struct line *line = line_new(hub, association, false, true);

	if (line != NULL)
		line->state = LINE_ENTERING;
	return line;
}

/* Those that wait for the same session go on in their order, before who comes
 * later looks for it.
 */
static void
mark_followers(const struct line *line)
{
	list_for_each (node, &line->hub->lines) {
		struct line *other = container_of(node, struct line, node);

		if (other != line && other->state == LINE_ENTERING &&
		    other->association == line->association)
			hub_mark(line->hub, other);
	}
}

void
line_run_entering(struct line *line)
{
	struct becket_async_call *call = line_only_call(line);
	bool has_opened = line->opening != NULL;
	char why[CONNECT_WHY_SIZE];
	struct client_hold_wish wish;
	becket_status status;

	if (call == NULL)
		return;
	wish = (struct client_hold_wish){
		.association = line->association,
		.number = call->contexts.used == NULL
		              ? 0
		              : call->contexts.used->group,
		.deadline = call->connect_by,
		.metadata = call->invoke.request_metadata,
	};
	line_unwatch(line);
	status = client_hold_try(&wish, &line->opening, &call->group,
	    &call->metadata, why);
	if (status == BECKET_S_ASYNC_CALL_PENDING)
		return;
	if (has_opened)
		mark_followers(line);
	if (status == BECKET_S_OK) {
		call->invoke.request_metadata = buffer_bytes(&call->metadata);
		line_move_elsewhere(line, call, false);
	} else {
		async_call_fail(call, status, why);
	}
}

void
line_watch_entering(struct line *line)
{
	if (line->opening != NULL)
		line_poll(line, client_hold_fd(line->opening),
		    client_hold_events(line->opening));
}

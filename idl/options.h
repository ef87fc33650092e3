/* SPDX-License-Identifier: MIT */
#ifndef IDL_OPTIONS_H
#define IDL_OPTIONS_H

#include "idl/model.h"

/*
 * Custom options reach a program that was built without them as unknown
 * fields of the standard options. This takes ours (becket/options.proto, field
 * 50747) and protobuf-c's (field 1019) out of there.
 */
void options_of_file(struct model *model, struct file *file);

/* Fill in what the options of a service and of an rpc say, with problems for
 * what they cannot mean.
 */
void options_of_service(struct model *model, struct service *service);
void options_of_operation(struct model *model, struct operation *operation);

/* What the options of a field say: its type as a context handle, or NULL, with
 * a problem if it cannot be one. *ret_path: of the option.
 */
const char *options_context(struct model *model, const struct type *message,
    size_t field, struct path *ret_path);

/* protobuf-c's options that change what its structs look like. */
bool options_string_is_bytes(struct model *model, const FieldProto *field);
const char *options_base_member(struct arena *arena,
    const MessageProto *message);

#endif

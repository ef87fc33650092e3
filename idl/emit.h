/* SPDX-License-Identifier: MIT */
#ifndef IDL_EMIT_H
#define IDL_EMIT_H

#include "idl/model.h"
#include "idl/template.h"

/*
 * The four files that come of calc.proto:
 *
 *   calc.becket.h         for people: stubs, EPV, register, answers
 *   calc.becket.c         the tables of the interface
 *   calc.becket-client.c  the stubs
 *   calc.becket-server.c  the ways into the EPV
 *
 * They need a model without problems.
 */
char *emit_header(const struct model *model, const struct file *file);
char *emit_tables(const struct model *model, const struct file *file);
char *emit_client(const struct model *model, const struct file *file);
char *emit_server(const struct model *model, const struct file *file);

/* And besides, where they are asked for:
 *
 *   calc.becket.lua       for Wireshark: what its calls say
 *   calc.becket.idl       for MIDL and the like: PROTOCOL.md section 3.1
 */
char *emit_wireshark(const struct model *model, const struct file *file);
char *emit_idl(const struct model *model, const struct file *file);

/* What all of them share. Sets $file$ and $stem$. The other one is for what
 * has comments that begin so and end with their line.
 */
struct out emit_begin(const struct model *model, const struct file *file);
struct out emit_begin_in(const struct model *model, const struct file *file,
    const char *comment);

/* Set what templates call the parts of a service: $service$, $interface$ ... */
void emit_service(struct out *out, const struct service *service);

/* And of an rpc: $rpc$, $opnum$, $stub$, $Request$ ... Its functions take
 * $stub_parameters$, $manager_parameters$ and $answer_parameters$.
 */
void emit_operation(struct out *out, const struct operation *operation);

/* The table that becket_interface.file_set names: becket_file_set. */
void emit_file_set(struct out *out, const struct model *model,
    const struct file *file);

/* The way into an EPV, up to its first variable: epv. */
void emit_routine_begin(struct out *out);

/* What there is of an rpc with streams instead of the rest: of those functions
 * that it has, the declarations and the definitions. Set what the EPV's member
 * takes, and the like.
 */
void emit_stream_parameters(struct out *out, const struct operation *operation);
void emit_stream_stubs(struct out *out, const struct operation *operation);
void emit_stream_client(struct out *out, const struct operation *operation);
void emit_stream_ends(struct out *out, const struct operation *operation);
void emit_stream_routine(struct out *out, const struct operation *operation);
void emit_stream_server(struct out *out, const struct operation *operation);

/* Set $type$, $handle$, $index$ and so on for the context handle with this
 * index.
 */
void emit_context(struct out *out, const struct operation *operation,
    size_t index);
/* Set what parameters they are, each with a comma before: $handles$ of those
 * who wait for the call and of manager routines, $handles_in$ and
 * $handles_back$ of those who do not wait, $handles_out$ of who answers.
 */
void emit_context_parameters(struct out *out,
    const struct operation *operation);
/* Lines of functions: fill the array of those that go in, $star$ before one
 * that comes out, too; and take out of it what comes out.
 */
void emit_contexts_in(struct out *out, const struct operation *operation,
    const char *star);
void emit_contexts_out(struct out *out, const struct operation *operation);
/* Of a way into an EPV: its variables, and the call of the member, with what
 * other arguments there are.
 */
void emit_context_variables(struct out *out, const struct operation *operation);
void emit_context_call(struct out *out, const struct operation *operation,
    const char *others);
/* The whole function that answers, where one comes out. */
void emit_contexts_answer(struct out *out, const struct operation *operation);

/* What generated code calls a variable of its own: name, with a "_" where a
 * parameter has that name.
 */
const char *emit_apart(struct out *out, const struct operation *operation,
    const char *name);

#endif

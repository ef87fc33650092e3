/* SPDX-License-Identifier: MIT */
#ifndef IDL_NAMES_H
#define IDL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "idl/text.h"

/*
 * Every C identifier that generated code uses or defines is made here.
 *
 * Those of messages are protobuf-c's and made by its rules: "_" before a
 * capital that follows no capital, "__" for each dot, so that
 * calc.DivideRequest is Calc__DivideRequest, calc__divide_request and
 * CALC__DIVIDE_REQUEST. Ours follow the same rule with "_" for a dot: the rpc
 * Divide of calc.Calculator is calc_calculator_divide.
 */
char *names_lower(struct arena *arena, const char *full_name);
char *names_upper(struct arena *arena, const char *full_name);
char *names_type(struct arena *arena, const char *full_name);

/* The member of protobuf-c's struct: "Class" is class_, and so is whatever else
 * C and C++ keep for themselves. What of it protobuf-c does not know has to be
 * told to it under another name: "nullptr" as "nullptr_".
 */
char *names_member(struct arena *arena, const char *field);
char *names_told(struct arena *arena, const char *field);
/* The case of a oneof: "what" is what_case, of the type Calc__X__WhatCase. */
char *names_case(struct arena *arena, const char *oneof);
char *names_case_type(struct arena *arena, const char *message,
    const char *oneof);

/* "calc.Calculator" is calc_calculator, "HealthCheck" is health_check. */
char *names_snake(struct arena *arena, const char *name);

/* "dir/calc.proto" with end "_BECKET_H" is DIR_CALC_BECKET_H. */
char *names_guard(struct arena *arena, const char *path, const char *end);

/* A word that C11 or C++17 keeps for itself; NULL: it does not. Else what it
 * is: "a keyword of C".
 */
const char *names_reserved(const char *name);

/* [a-z][a-z0-9_]* */
bool names_is_prefix(const char *text);
/* [A-Za-z_][A-Za-z0-9_]*, and the same with dots between or in front. NULL is
 * neither.
 */
bool names_is_word(const char *text);
bool names_is_dotted(const char *text);

/* What the service calc.Calculator is in C. */
struct service_names {
	const char *prefix;     /* calc_calculator */
	const char *interface;  /* calc_calculator_v1_interface */
	const char *operations; /* static tables: calc_calculator_operations */
	const char *endpoints;
	const char *routines;
	const char *by_opnum;
	const char *context_types;
	const char *rundowns;
	const char *epv; /* struct calc_calculator_epv */
	const char *register_;
	const char *register_ex;
	const char *unregister;
};

struct service_names names_service(struct arena *arena, const char *prefix,
    uint16_t major);

/* What its rpc Divide is. */
struct operation_names {
	const char *member;  /* divide, of the EPV; delete_ for Delete */
	const char *stub;    /* calc_calculator_divide */
	const char *answer;  /* calc_calculator_divide_answer */
	const char *start;   /* calc_calculator_divide_start */
	const char *finish;  /* calc_calculator_divide_finish */
	const char *open;    /* with streams: calc_calculator_divide_open */
	const char *send;    /* calc_calculator_divide_send */
	const char *receive; /* calc_calculator_divide_receive */
	const char *push;    /* calc_calculator_divide_push */
	const char *pull;    /* calc_calculator_divide_pull */
	const char *routine; /* static: calc_calculator_divide_routine */
	/* static table: calc_calculator_divide_contexts */
	const char *contexts;
};

/* Where that would be a name of the service's own, as with an rpc Register, it
 * ends in "_".
 */
struct operation_names names_operation(struct arena *arena, const char *prefix,
    const char *operation);

/* Of a type of context handles: files_handle_context_destroy, the way into its
 * rundown routine, files_run_down_files_handle, and the member of the EPV,
 * files_handle_rundown.
 */
char *names_context_destroy(struct arena *arena, const char *type);
char *names_run_down(struct arena *arena, const char *prefix, const char *type);
char *names_rundown(struct arena *arena, const char *type);

/* What the message calc.AddResponse is. */
struct message_names {
	const char *type;       /* Calc__AddResponse */
	const char *init;       /* CALC__ADD_RESPONSE__INIT */
	const char *descriptor; /* calc__add_response__descriptor */
	const char *free;       /* calc_add_response_free */
	const char *free_guard; /* CALC__ADD_RESPONSE__BECKET_FREE */
};

/* full_name with protobuf-c's own package option applied. */
struct message_names names_message(struct arena *arena, const char *full_name);

#endif

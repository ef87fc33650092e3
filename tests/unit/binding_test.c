/* SPDX-License-Identifier: MIT */
#include "becket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "becket_stub.h"
#include "engine/door.h"
#include "io/binding.h"
#include "test_memory.h"

#define UUID  "906b0ce0-c70b-1067-b317-00dd010662da"
#define UPPER "906B0CE0-C70B-1067-B317-00DD010662DA"

struct fixture {
	struct test_memory memory;
	struct becket_runtime *runtime;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct becket_runtime_options options = { .size = sizeof options };

	assert_non_null(f);
	f->memory = test_memory(TEST_MEMORY_NEVER);
	options.memory = *test_memory_of(&f->memory);
	options.ncalrpc_dir = "/tmp";
	assert_int_equal(becket_runtime_new(&options, &f->runtime), 0);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	becket_runtime_free(f->runtime);
	test_memory_end(&f->memory);
	free(f);
	return 0;
}

/* ----------------------------------------------------- through handles -- */

struct vector {
	const char *string;
	const char *canonical; /* NULL: refused with status */
	becket_status status;
};

/* clang-format off */
static const struct vector vectors[] = {
	{ "ncacn_ip_tcp:127.0.0.1[4114]", "ncacn_ip_tcp:127.0.0.1[4114]", 0 },
	{ "ncacn_ip_tcp:127.0.0.1", "ncacn_ip_tcp:127.0.0.1", 0 },
	{ "ncacn_ip_tcp:", "ncacn_ip_tcp:", 0 },
	{ "ncacn_ip_tcp:[4114]", "ncacn_ip_tcp:[4114]", 0 },
	{ "ncalrpc:", "ncalrpc:", 0 },
	{ "ncalrpc:[x]", "ncalrpc:[x]", 0 },
	{ "ncacn_ip_tcp", NULL, BECKET_S_INVALID_STRING_BINDING },
	{ "", NULL, BECKET_S_INVALID_STRING_BINDING },
	{ ":", NULL, BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[", NULL, BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[1]x", NULL, BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[]", "ncacn_ip_tcp:h", 0 },
	{ "ncacn_ip_tcp:h[4114,connect_timeout=5]",
	    "ncacn_ip_tcp:h[4114,connect_timeout=5]", 0 },
	{ "ncacn_ip_tcp:h[connect_timeout=5,4114]",
	    "ncacn_ip_tcp:h[4114,connect_timeout=5]", 0 },
	{ "ncacn_ip_tcp:h[connect_timeout=5]",
	    "ncacn_ip_tcp:h[connect_timeout=5]", 0 },
	{ "ncacn_ip_tcp:h[4114,connect_timeout=0]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_ip_tcp:h[4114,connect_timeout=]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_ip_tcp:h[4114,connect_timeout=5x]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_ip_tcp:h[4114,connect_timeout=99999999999]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_ip_tcp:h[4114,authority=x]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncalrpc:[x,user_agent=x]", NULL, BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_ip_tcp:h[4114,a=b,c=d]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_ip_tcp:h[endpoint=4114]", "ncacn_ip_tcp:h[4114]", 0 },
	{ "ncacn_ip_tcp:h[4114,endpoint=4115]", NULL,
	    BECKET_S_INVALID_STRING_BINDING },
	{ "ncacn_ip_tcp:h[ENDPOINT=1]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_ip_tcp:::1[4114]", "ncacn_ip_tcp:\\:\\:1[4114]", 0 },
	{ "ncacn_ip_tcp:\\:\\:1[4114]", "ncacn_ip_tcp:\\:\\:1[4114]", 0 },
	{ "ncacn_ip_tcp:fe80::1%eth0[1]",
	    "ncacn_ip_tcp:fe80\\:\\:1%eth0[1]", 0 },
	{ UUID "@ncacn_ip_tcp:h[1]", UUID "@ncacn_ip_tcp:h[1]", 0 },
	{ "{" UUID "}@ncacn_ip_tcp:h[1]", NULL,
	    BECKET_S_INVALID_STRING_UUID },
	{ UPPER "@ncalrpc:[n]", UUID "@ncalrpc:[n]", 0 },
	{ "00000000-0000-0000-0000-000000000000@ncalrpc:[n]",
	    "ncalrpc:[n]", 0 },
	{ "ncalrpc:[a\\]b]", "ncalrpc:[a\\]b]", 0 },
	{ "ncalrpc:[a\\,b\\=c]", "ncalrpc:[a\\,b\\=c]", 0 },
	{ "ncalrpc:[a,Security=impersonation dynamic true]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
	{ "ncacn_np:\\\\\\\\srv[\\\\pipe\\\\p]", NULL,
	    BECKET_S_PROTSEQ_NOT_SUPPORTED },
	{ "ncadg_ip_udp:h[1]", NULL, BECKET_S_PROTSEQ_NOT_SUPPORTED },
	{ "grpc_ip_tcp:h[1]", NULL, BECKET_S_PROTSEQ_NOT_SUPPORTED },
	{ "nosuch:h[1]", NULL, BECKET_S_INVALID_RPC_PROTSEQ },
	{ "NCACN_IP_TCP:h[1]", NULL, BECKET_S_INVALID_RPC_PROTSEQ },
	{ "ncacn_ip_tcp:h[70000]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncacn_ip_tcp:h[abc]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncacn_ip_tcp:h[0]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncacn_ip_tcp:h[-1]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncacn_ip_tcp:h[+1]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncacn_ip_tcp:h[65536]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncacn_ip_tcp:h[65535]", "ncacn_ip_tcp:h[65535]", 0 },
	{ "ncacn_ip_tcp:a/b[1]", NULL, BECKET_S_INVALID_NET_ADDR },
	{ "ncalrpc:host[x]", NULL, BECKET_S_INVALID_NET_ADDR },
	{ "ncalrpc:[a/b]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncalrpc:[..]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncalrpc:[.hidden]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncalrpc:[a\\\\b]", NULL, BECKET_S_INVALID_ENDPOINT_FORMAT },
	{ "ncacn_ip_tcp:h[20,sign,Security=Foobar]", NULL,
	    BECKET_S_INVALID_NETWORK_OPTIONS },
};
/* clang-format on */

enum { VECTORS = sizeof vectors / sizeof vectors[0] };

static void
string_bindings_become_handles_and_back(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < VECTORS; i++) {
		const struct vector *v = &vectors[i];
		struct becket_binding *binding = NULL;
		char *text = NULL;

		if (becket_binding_from_string_binding(f->runtime, v->string,
		        &binding) != v->status)
			fail_msg("%s gave %u", v->string,
			    becket_error_last()->status);
		if (v->canonical == NULL) {
			assert_null(binding);
			assert_int_equal(becket_error_last()->status,
			    v->status);
			continue;
		}
		assert_int_equal(becket_binding_to_string_binding(binding,
		                     &text),
		    0);
		assert_string_equal(text, v->canonical);
		becket_string_free(f->runtime, &text);
		assert_null(text);
		becket_binding_free(&binding);
		assert_null(binding);
	}
}

static void
refused(struct becket_runtime *runtime, const char *string,
    becket_status status, const char *words)
{
	struct becket_binding *binding = NULL;

	assert_int_equal(becket_binding_from_string_binding(runtime, string,
	                     &binding),
	    status);
	assert_null(binding);
	if (strstr(becket_error_last()->sentence, words) == NULL)
		fail_msg("\"%s\" lacks \"%s\"", becket_error_last()->sentence,
		    words);
}

static void
a_port_behind_a_colon_is_told_its_place(void **state)
{
	static const char *const strings[] = {
		"ncacn_ip_tcp:127.0.0.1:4747",
		"ncacn_ip_tcp:localhost:4747",
		"ncalrpc:name",
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
		refused(f->runtime, strings[i], BECKET_S_INVALID_NET_ADDR,
		    "brackets");
}

static void
what_is_missing_is_told(void **state)
{
	struct fixture *f = *state;

	refused(f->runtime, "localhost:4747", BECKET_S_INVALID_RPC_PROTSEQ,
	    "as in ncacn_ip_tcp:host[4747]");
	refused(f->runtime, "grpc_ip_tcp:localhost[50051]",
	    BECKET_S_PROTSEQ_NOT_SUPPORTED, "becket_grpc_enable()");
}

static void
options_about_security_are_refused_loudly(void **state)
{
	static const char *const names[] = { "Security", "security", "sign",
		"SEAL", "krb5", "ntlm", "spnego", "auth", "auth_level",
		"authn_service", "principal", "tls", "schannel" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char string[128], words[64];

		snprintf(string, sizeof string, "ncacn_ip_tcp:h[1,%s=x]",
		    names[i]);
		snprintf(words, sizeof words, "\"%s\"", names[i]);
		refused(f->runtime, string, BECKET_S_INVALID_NETWORK_OPTIONS,
		    words);
		refused(f->runtime, string, BECKET_S_INVALID_NETWORK_OPTIONS,
		    "security does not exist yet");
	}
	refused(f->runtime, "ncacn_ip_tcp:h[1,seal]",
	    BECKET_S_INVALID_NETWORK_OPTIONS, "security");
	refused(f->runtime, "ncacn_ip_tcp:h[1,colour=red]",
	    BECKET_S_INVALID_NETWORK_OPTIONS,
	    "option \"colour\" of the string binding does not exist");
}

static void
long_string_bindings_are_too_long(void **state)
{
	struct fixture *f = *state;
	char string[6000] = "ncacn_ip_tcp:";
	size_t head = strlen(string);

	memset(string + head, 'h', 1100);
	refused(f->runtime, string, BECKET_S_STRING_TOO_LONG, "too long");
	memset(string + head, 'h', 5000);
	refused(f->runtime, string, BECKET_S_STRING_TOO_LONG, "too long");
	strcpy(string, "ncalrpc:[");
	memset(string + 9, 'e', 108);
	strcpy(string + 9 + 108, "]");
	refused(f->runtime, string, BECKET_S_STRING_TOO_LONG, "too long");
}

static void
from_string_binding_fails_cleanly_without_memory(void **state)
{
	(void)state;
	for (size_t n = 0; n < TEST_MEMORY_NEVER; n++) {
		struct test_memory memory = test_memory(n);
		struct becket_runtime_options options = {
			.size = sizeof options,
			.memory = *test_memory_of(&memory),
		};
		struct becket_runtime *runtime = NULL;
		struct becket_binding *binding = NULL, *copy = NULL;
		char *text = NULL;
		becket_status status = becket_runtime_new(&options, &runtime);

		if (status == 0)
			status = becket_binding_from_string_binding(runtime,
			    UUID "@ncacn_ip_tcp:h[1,connect_timeout=9]",
			    &binding);
		if (status == 0)
			status = becket_binding_copy(binding, &copy);
		if (status == 0)
			status = becket_binding_reset(copy);
		if (status == 0)
			status = becket_binding_to_string_binding(copy, &text);
		assert_true(status == 0 || status == BECKET_S_OUT_OF_MEMORY);
		becket_string_free(runtime, &text);
		becket_binding_free(&copy);
		becket_binding_free(&binding);
		becket_runtime_free(runtime);
		test_memory_end(&memory);
		assert_int_equal(status == 0, !memory.failed);
		if (status == 0)
			return;
	}
}

/* ------------------------------------------------- compose and parse ---- */

static void
composed(struct fixture *f, const char *object, const char *protseq,
    const char *netaddr, const char *endpoint, const char *options,
    const char *expected)
{
	char *text = NULL;

	assert_int_equal(becket_string_binding_compose(f->runtime, object,
	                     protseq, netaddr, endpoint, options, &text),
	    0);
	assert_string_equal(text, expected);
	becket_string_free(f->runtime, &text);
}

static void
compose_escapes_what_would_end_a_part(void **state)
{
	struct fixture *f = *state;

	composed(f, NULL, "ncacn_ip_tcp", "h", "1", NULL, "ncacn_ip_tcp:h[1]");
	composed(f, "", "ncacn_ip_tcp", "", "", "", "ncacn_ip_tcp:");
	composed(f, UPPER, "ncalrpc", NULL, "n", NULL, UPPER "@ncalrpc:[n]");
	composed(f, NULL, "ncacn_ip_tcp", "::1", "1", "a=b,c=d",
	    "ncacn_ip_tcp:\\:\\:1[1,a=b,c=d]");
	composed(f, NULL, "ncalrpc", NULL, "a]b,c=d@e", NULL,
	    "ncalrpc:[a\\]b\\,c\\=d\\@e]");
	composed(f, NULL, "ncalrpc", NULL, NULL, "a=b", "ncalrpc:[a=b]");
	composed(f, NULL, "ncacn_np", "\\\\srv", "\\pipe\\p", NULL,
	    "ncacn_np:\\\\\\\\srv[\\\\pipe\\\\p]");
}

static void
compose_refuses_what_would_not_parse(void **state)
{
	struct fixture *f = *state;
	char *text = NULL;

	assert_int_equal(becket_string_binding_compose(f->runtime, "{}", "x",
	                     NULL, NULL, NULL, &text),
	    BECKET_S_INVALID_STRING_UUID);
	assert_int_equal(becket_string_binding_compose(f->runtime, NULL, NULL,
	                     "h", NULL, NULL, &text),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_string_binding_compose(f->runtime, NULL, "x",
	                     "h", "1", "a=b]", &text),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_string_binding_compose(f->runtime, NULL, "x",
	                     "h", NULL, "endpoint=7", &text),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_string_binding_compose(f->runtime, NULL, "x",
	                     "h", NULL, "7", &text),
	    BECKET_S_INVALID_ARG);
	assert_null(text);
}

static void
parse_gives_the_parts_asked_for(void **state)
{
	struct fixture *f = *state;
	char *object, *protseq, *netaddr, *endpoint, *options;
	char *only = NULL;

	assert_int_equal(becket_string_binding_parse(f->runtime,
	                     UPPER "@nosuch:\\:\\:1[a=b,e\\]p,c=d\\,e]",
	                     &object, &protseq, &netaddr, &endpoint, &options),
	    0);
	assert_string_equal(object, UPPER);
	assert_string_equal(protseq, "nosuch");
	assert_string_equal(netaddr, "::1");
	assert_string_equal(endpoint, "e]p");
	assert_string_equal(options, "a=b,c=d\\,e");
	becket_string_free(f->runtime, &object);
	becket_string_free(f->runtime, &protseq);
	becket_string_free(f->runtime, &netaddr);
	becket_string_free(f->runtime, &endpoint);
	becket_string_free(f->runtime, &options);
	assert_int_equal(becket_string_binding_parse(f->runtime,
	                     "ncalrpc:", NULL, &only, NULL, NULL, NULL),
	    0);
	assert_string_equal(only, "ncalrpc");
	becket_string_free(f->runtime, &only);
	assert_int_equal(becket_string_binding_parse(f->runtime,
	                     "ncalrpc:", NULL, NULL, NULL, &only, NULL),
	    0);
	assert_string_equal(only, "");
	becket_string_free(f->runtime, &only);
}

static void
parse_writes_nothing_on_failure(void **state)
{
	struct fixture *f = *state;
	char *object = NULL, *protseq = NULL;

	assert_int_equal(becket_string_binding_parse(f->runtime,
	                     "{" UUID "}@x:y", &object, &protseq, NULL, NULL,
	                     NULL),
	    BECKET_S_INVALID_STRING_UUID);
	assert_null(object);
	assert_null(protseq);
}

/* -------------------------------------------------- what a handle has --- */

static struct becket_binding *
handle(struct fixture *f, const char *string)
{
	struct becket_binding *binding;

	assert_int_equal(becket_binding_from_string_binding(f->runtime, string,
	                     &binding),
	    0);
	return binding;
}

static void
a_copy_has_its_own_object_and_timeout(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *a = handle(f, UUID "@ncalrpc:[x]");
	struct becket_binding *b;
	struct becket_uuid object;
	uint64_t timeout;

	assert_int_equal(becket_binding_set_option(a,
	                     BECKET_OPTION_CALL_TIMEOUT, 77),
	    0);
	assert_int_equal(becket_binding_copy(a, &b), 0);
	assert_int_equal(becket_binding_set_object(a, NULL), 0);
	assert_int_equal(becket_binding_set_option(a,
	                     BECKET_OPTION_CALL_TIMEOUT, 0),
	    0);
	becket_binding_inq_object(a, &object);
	assert_true(becket_uuid_is_nil(&object));
	becket_binding_inq_object(b, &object);
	assert_false(becket_uuid_is_nil(&object));
	assert_int_equal(becket_binding_inq_option(b,
	                     BECKET_OPTION_CALL_TIMEOUT, &timeout),
	    0);
	assert_int_equal(timeout, 77);
	becket_binding_free(&a);
	becket_binding_free(&b);
}

/* Nothing goes through it here. */
static const struct becket_door door = { .abi = DOOR_ABI };

static void
sockets_of_grpc_may_be_anywhere(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *binding;

	assert_int_equal(becket_binding_from_string_binding(f->runtime,
	                     "grpc_unix:[/run/x]", &binding),
	    BECKET_S_PROTSEQ_NOT_SUPPORTED);
	assert_int_equal(becket_runtime_use_door(f->runtime, &door), 0);
	binding = handle(f, "grpc_unix:[/run/x.sock]");
	becket_binding_free(&binding);
	binding = handle(f, "grpc_unix:[x]");
	becket_binding_free(&binding);
	assert_int_equal(becket_binding_from_string_binding(f->runtime,
	                     "grpc_unix:[/run/]", &binding),
	    BECKET_S_INVALID_ENDPOINT_FORMAT);
	assert_int_equal(becket_binding_from_string_binding(f->runtime,
	                     "grpc_unix:[run/x]", &binding),
	    BECKET_S_INVALID_ENDPOINT_FORMAT);
	assert_int_equal(becket_binding_from_string_binding(f->runtime,
	                     "ncalrpc:[/run/x]", &binding),
	    BECKET_S_INVALID_ENDPOINT_FORMAT);
}

static void
compression_is_asked_for_and_copied(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *a = handle(f, "ncalrpc:[x]");
	struct becket_binding *b;
	uint64_t value;

	assert_int_equal(becket_binding_inq_option(a, BECKET_OPTION_COMPRESS,
	                     &value),
	    0);
	assert_int_equal(value, 0);
	assert_int_equal(becket_binding_set_option(a, BECKET_OPTION_COMPRESS,
	                     5),
	    0);
	assert_int_equal(becket_binding_copy(a, &b), 0);
	assert_int_equal(becket_binding_inq_option(b, BECKET_OPTION_COMPRESS,
	                     &value),
	    0);
	assert_int_equal(value, 1);
	becket_binding_free(&a);
	becket_binding_free(&b);
}

static struct client_association *
association_of(struct becket_binding *binding)
{
	struct client_association *association;

	assert_int_equal(binding_association(binding, "x", &association), 0);
	client_association_unref(association);
	return association;
}

static void
handles_share_an_association_until_one_is_reset(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *a = handle(f, "ncalrpc:[x]");
	struct becket_binding *b = handle(f, "ncalrpc:[x]");
	struct becket_binding *c;

	assert_ptr_equal(association_of(a), association_of(b));
	assert_int_equal(becket_binding_copy(a, &c), 0);
	assert_int_equal(becket_binding_reset(a), 0);
	assert_ptr_equal(association_of(b), association_of(c));
	assert_ptr_not_equal(association_of(a), association_of(b));
	becket_binding_free(&a);
	becket_binding_free(&b);
	becket_binding_free(&c);
}

static void
a_unique_handle_shares_no_association(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *a = handle(f, "ncalrpc:[x]");
	struct becket_binding *b = handle(f, "ncalrpc:[x]");
	struct becket_binding *c;
	uint64_t value;

	assert_ptr_equal(association_of(a), association_of(b));
	assert_int_equal(becket_binding_set_option(a,
	                     BECKET_OPTION_UNIQUE_BINDING, 1),
	    0);
	assert_ptr_not_equal(association_of(a), association_of(b));
	assert_int_equal(becket_binding_copy(a, &c), 0);
	assert_int_equal(becket_binding_inq_option(c,
	                     BECKET_OPTION_UNIQUE_BINDING, &value),
	    0);
	assert_int_equal(value, 1);
	assert_ptr_not_equal(association_of(a), association_of(c));
	assert_int_equal(becket_binding_set_option(a,
	                     BECKET_OPTION_UNIQUE_BINDING, 0),
	    0);
	assert_ptr_equal(association_of(a), association_of(b));
	becket_binding_free(&a);
	becket_binding_free(&b);
	becket_binding_free(&c);
}

static void
only_what_was_used_can_be_told_not_to_linger(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *a = handle(f, "ncalrpc:[x]");
	uint64_t value;

	assert_int_equal(becket_binding_set_option(a, BECKET_OPTION_DONT_LINGER,
	                     1),
	    BECKET_S_WRONG_KIND_OF_BINDING);
	association_of(a);
	assert_int_equal(becket_binding_set_option(a, BECKET_OPTION_DONT_LINGER,
	                     1),
	    0);
	assert_int_equal(becket_binding_inq_option(a, BECKET_OPTION_DONT_LINGER,
	                     &value),
	    0);
	assert_int_equal(value, 1);
	becket_binding_free(&a);
}

static void
options_that_do_not_exist_are_refused(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *a = handle(f, "ncalrpc:[x]");
	uint64_t value;

	assert_int_equal(becket_binding_set_option(a, (enum becket_option)1, 1),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_binding_inq_option(a, (enum becket_option)1,
	                     &value),
	    BECKET_S_INVALID_ARG);
	assert_int_equal(becket_binding_set_option(a,
	                     BECKET_OPTION_CALL_TIMEOUT,
	                     (uint64_t)UINT32_MAX + 1),
	    BECKET_S_INVALID_TIMEOUT);
	becket_binding_free(&a);
}

static void
null_handles_are_not_valid(void **state)
{
	char *text;
	struct becket_binding *none = NULL;

	(void)state;
	assert_int_equal(becket_binding_to_string_binding(NULL, &text),
	    BECKET_S_INVALID_BINDING);
	assert_int_equal(becket_binding_copy(NULL, &none),
	    BECKET_S_INVALID_BINDING);
	assert_int_equal(becket_binding_reset(NULL), BECKET_S_INVALID_BINDING);
	assert_int_equal(becket_binding_set_object(NULL, NULL),
	    BECKET_S_INVALID_BINDING);
	becket_binding_free(NULL);
	becket_binding_free(&none);
}

static uint32_t
timeout_of_next_call(struct becket_binding *binding)
{
	struct binding_view view = binding_view(binding);

	return view.timeout;
}

static void
the_next_timeout_is_for_one_call_of_one_handle(void **state)
{
	struct fixture *f = *state;
	struct becket_binding *a = handle(f, "ncalrpc:[x]");
	struct becket_binding *b = handle(f, "ncalrpc:[x]");

	becket_binding_set_next_timeout(a, 5);
	becket_binding_set_next_timeout(b, 6);
	becket_binding_set_next_timeout(a, 7);
	assert_int_equal(timeout_of_next_call(a), 7);
	assert_int_equal(timeout_of_next_call(a), 0);
	assert_int_equal(timeout_of_next_call(b), 6);
	assert_int_equal(timeout_of_next_call(b), 0);
	becket_binding_free(&a);
	becket_binding_free(&b);
}

static void
the_next_timeout_is_not_inherited_by_a_later_handle(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20; i++) {
		struct becket_binding *a = handle(f, "ncalrpc:[x]");

		assert_int_equal(timeout_of_next_call(a), 0);
		becket_binding_set_next_timeout(a, 5);
		becket_binding_free(&a);
	}
}

/* ------------------------------------------------------------ protseqs -- */

static void
protseqs_are_known_supported_or_neither(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(becket_network_is_protseq_valid(f->runtime,
	                     "ncacn_ip_tcp"),
	    0);
	assert_int_equal(becket_network_is_protseq_valid(f->runtime, "ncalrpc"),
	    0);
	assert_int_equal(becket_network_is_protseq_valid(f->runtime,
	                     "ncacn_np"),
	    BECKET_S_PROTSEQ_NOT_SUPPORTED);
	assert_int_equal(becket_network_is_protseq_valid(f->runtime, "foo"),
	    BECKET_S_INVALID_RPC_PROTSEQ);
	assert_string_equal(becket_network_inq_protseq(f->runtime, 0),
	    "ncacn_ip_tcp");
	assert_string_equal(becket_network_inq_protseq(f->runtime, 1),
	    "ncalrpc");
	assert_null(becket_network_inq_protseq(f->runtime, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(string_bindings_become_handles_and_back),
		cmocka_unit_test(a_port_behind_a_colon_is_told_its_place),
		cmocka_unit_test(what_is_missing_is_told),
		cmocka_unit_test(options_about_security_are_refused_loudly),
		cmocka_unit_test(long_string_bindings_are_too_long),
		cmocka_unit_test(
		    from_string_binding_fails_cleanly_without_memory),
		cmocka_unit_test(compose_escapes_what_would_end_a_part),
		cmocka_unit_test(compose_refuses_what_would_not_parse),
		cmocka_unit_test(parse_gives_the_parts_asked_for),
		cmocka_unit_test(parse_writes_nothing_on_failure),
		cmocka_unit_test(a_copy_has_its_own_object_and_timeout),
		cmocka_unit_test(compression_is_asked_for_and_copied),
		cmocka_unit_test(
		    handles_share_an_association_until_one_is_reset),
		cmocka_unit_test(a_unique_handle_shares_no_association),
		cmocka_unit_test(only_what_was_used_can_be_told_not_to_linger),
		cmocka_unit_test(options_that_do_not_exist_are_refused),
		cmocka_unit_test(null_handles_are_not_valid),
		cmocka_unit_test(
		    the_next_timeout_is_for_one_call_of_one_handle),
		cmocka_unit_test(
		    the_next_timeout_is_not_inherited_by_a_later_handle),
		cmocka_unit_test(protseqs_are_known_supported_or_neither),
		/* The last, for from here on the runtime has a door. */
		cmocka_unit_test(sockets_of_grpc_may_be_anywhere),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

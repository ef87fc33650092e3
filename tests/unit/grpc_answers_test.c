/* SPDX-License-Identifier: MIT */
#include "services/answers.h"

#include "becket_stub.h"
#include "tests/unit/test_memory.h"
#include "tests/unit/unit.h"

typedef Grpc__Reflection__V1__ServerReflectionRequest Request;
typedef Grpc__Reflection__V1__ServerReflectionResponse Response;
typedef Grpc__Reflection__V1__ServerReflectionRequest__MessageRequestCase Kind;

#define ASKED(what) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##what
#define ANSWER(what) \
	GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##what

/* FileDescriptorSet { file { name "a" package "p" message_type { name "M" }
 * dependency "b" } file { name "b" extension { name "e" extendee ".p.M"
 * number 7 } } }
 */
static const char set[] = "0a0e | 0a0161 120170 1a0162 2203 0a014d"
                          "0a10 | 0a0162 3a0b 0a0165 12042e702e4d 1807";

struct world {
	struct test_memory memory;
	struct catalogue catalogue;
	struct arena arena;
};

static void
begin(struct world *world)
{
	static const char *const names[] = { "z.Z", "a.B", "m.M" };
	uint8_t bytes[128];
	struct becket_interface interface = {
		.file_set = { bytes, from_hex(set, bytes) },
	};

	world->memory = test_memory(TEST_MEMORY_NEVER);
	world->catalogue = catalogue_empty(test_memory_of(&world->memory));
	world->arena = arena_empty(test_memory_of(&world->memory), 65536);
	for (size_t i = 0; i < 3; i++) {
		interface.name = names[i];
		assert_int_equal(catalogue_add(&world->catalogue, &interface),
		    BECKET_S_OK);
		interface.file_set.size = 0;
	}
	assert_int_equal(world->catalogue.descriptors.count, 2);
}

static void
end(struct world *world)
{
	arena_fini(&world->arena);
	catalogue_fini(&world->catalogue);
	test_memory_end(&world->memory);
}

static Response *
ask(struct world *world, Request *request)
{
	Response *response = NULL;

	assert_int_equal(reflection_answer(&world->catalogue, request,
	                     &world->arena, &response),
	    BECKET_S_OK);
	assert_string_equal(response->valid_host, request->host);
	assert_ptr_equal(response->original_request, request);
	return response;
}

static Request
request_for(Kind what, const char *text)
{
	Request request = GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__INIT;

	request.host = (char *)(uintptr_t) "here";
	request.message_request_case = what;
	request.file_by_filename = (char *)(uintptr_t)text;
	return request;
}

static void
assert_refused(const Response *response, int32_t code)
{
	assert_int_equal(response->message_response_case,
	    ANSWER(ERROR_RESPONSE));
	assert_int_equal(response->error_response->error_code, code);
	assert_true(*response->error_response->error_message != '\0');
}

static void
assert_files(const Response *response, size_t count)
{
	assert_int_equal(response->message_response_case,
	    ANSWER(FILE_DESCRIPTOR_RESPONSE));
	assert_int_equal(response->file_descriptor_response
	                     ->n_file_descriptor_proto,
	    count);
}

static void
a_file_is_given_with_what_it_imports(void **state)
{
	Request by_name = request_for(ASKED(FILE_BY_FILENAME), "a");
	Request by_symbol = request_for(ASKED(FILE_CONTAINING_SYMBOL), "p.M");
	Request none = request_for(ASKED(FILE_BY_FILENAME), "c");
	struct world world;
	const Response *response;

	(void)state;
	begin(&world);
	response = ask(&world, &by_name);
	assert_files(response, 2);
	assert_int_equal(response->file_descriptor_response
	                     ->file_descriptor_proto[0]
	                     .len,
	    14);
	assert_files(ask(&world, &by_symbol), 2);
	assert_refused(ask(&world, &none), 5);
	end(&world);
}

static void
an_extension_is_found_in_another_file_than_its_type(void **state)
{
	Grpc__Reflection__V1__ExtensionRequest extension =
	    GRPC__REFLECTION__V1__EXTENSION_REQUEST__INIT;
	Request request = request_for(ASKED(FILE_CONTAINING_EXTENSION), NULL);
	Request numbers =
	    request_for(ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE), "p.M");
	Request none = request_for(ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE), "p.N");
	struct world world;
	const Response *response;

	(void)state;
	begin(&world);
	extension.containing_type = (char *)(uintptr_t) "p.M";
	extension.extension_number = 7;
	request.file_containing_extension = &extension;
	assert_files(ask(&world, &request), 1);
	extension.extension_number = 8;
	assert_refused(ask(&world, &request), 5);
	response = ask(&world, &numbers);
	assert_int_equal(response->message_response_case,
	    ANSWER(ALL_EXTENSION_NUMBERS_RESPONSE));
	assert_int_equal(response->all_extension_numbers_response
	                     ->n_extension_number,
	    1);
	assert_int_equal(response->all_extension_numbers_response
	                     ->extension_number[0],
	    7);
	assert_refused(ask(&world, &none), 5);
	end(&world);
}

static void
names_are_listed_in_order(void **state)
{
	Request request = request_for(ASKED(LIST_SERVICES), "*");
	struct world world;
	const Response *response;

	(void)state;
	begin(&world);
	response = ask(&world, &request);
	assert_int_equal(response->message_response_case,
	    ANSWER(LIST_SERVICES_RESPONSE));
	assert_int_equal(response->list_services_response->n_service, 3);
	assert_string_equal(response->list_services_response->service[0]->name,
	    "a.B");
	assert_string_equal(response->list_services_response->service[1]->name,
	    "m.M");
	assert_string_equal(response->list_services_response->service[2]->name,
	    "z.Z");
	end(&world);
}

static void
a_request_for_nothing_is_an_invalid_argument(void **state)
{
	Request nothing = request_for(0, NULL);
	Request unknown = request_for((Kind)99, NULL);
	struct world world;

	(void)state;
	begin(&world);
	assert_refused(ask(&world, &nothing), 3);
	assert_refused(ask(&world, &unknown), 3);
	end(&world);
}

static void
without_memory_there_is_no_answer(void **state)
{
	static const Kind kinds[] = {
		ASKED(FILE_BY_FILENAME),
		ASKED(FILE_CONTAINING_SYMBOL),
		ASKED(ALL_EXTENSION_NUMBERS_OF_TYPE),
		ASKED(LIST_SERVICES),
		0,
	};

	(void)state;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		Request request = request_for(kinds[i], "p.M");
		Response *response = NULL;
		struct world world;

		begin(&world);
		world.arena.cap = 0;
		assert_int_equal(reflection_answer(&world.catalogue, &request,
		                     &world.arena, &response),
		    BECKET_S_OUT_OF_MEMORY);
		assert_null(response);
		end(&world);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_given_with_what_it_imports),
		cmocka_unit_test(
		    an_extension_is_found_in_another_file_than_its_type),
		cmocka_unit_test(names_are_listed_in_order),
		cmocka_unit_test(a_request_for_nothing_is_an_invalid_argument),
		cmocka_unit_test(without_memory_there_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

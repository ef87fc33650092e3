/* SPDX-License-Identifier: MIT */
/*
 * Client and server of five interfaces in one program, two of them major
 * versions of one, calling each other over TCP.
 */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "outputs/calc.becket.h"
#include "three.becket.h"
#include "two.becket.h"

struct world {
	struct becket_runtime *runtime;
	struct becket_server *server;
	struct becket_binding_vector *bindings;
	struct becket_binding *binding;
};

static struct becket_token late;

static becket_status
divide(struct becket_call *call, int64_t dividend, int64_t divisor,
    int64_t *ret_quotient, int64_t *ret_remainder)
{
	if (divisor == 0)
		return becket_call_fail(call, BECKET_S_ZERO_DIVIDE,
		    "%d is not divisible by zero", (int)dividend);
	*ret_quotient = dividend / divisor;
	*ret_remainder = dividend % divisor;
	return BECKET_S_OK;
}

static becket_status
sum(struct becket_call *call, const Calc__SumRequest *request,
    Calc__SumResponse *response)
{
	(void)call;
	for (size_t i = 0; i < request->n_terms; i++)
		response->sum += request->terms[i];
	return BECKET_S_OK;
}

static becket_status
echo(struct becket_call *call, const char *text, Two__Mood mood, bool twice,
    int32_t number, const char **ret_text, Two__Mood *ret_mood,
    bool *ret_was_twice, int32_t *ret_number, const char **ret_again)
{
	*ret_text = becket_call_strdup(call, text);
	*ret_mood = mood;
	*ret_was_twice = twice;
	*ret_number = number;
	if (twice)
		*ret_again = "again";
	return BECKET_S_OK;
}

static becket_status
same(struct becket_call *call, const Two__Maybe *request, Two__Maybe *response)
{
	(void)call;
	response->_value_case = request->_value_case;
	response->value = request->value;
	return BECKET_S_OK;
}

static becket_status
defer(struct becket_call *call, const char *text, Two__Mood mood, bool twice,
    int32_t number, const char **ret_text, Two__Mood *ret_mood,
    bool *ret_was_twice, int32_t *ret_number, const char **ret_again)
{
	becket_status status = becket_call_defer(call, &late);

	(void)mood;
	(void)ret_text;
	(void)ret_mood;
	(void)ret_was_twice;
	(void)ret_number;
	(void)ret_again;
	if (status != BECKET_S_ASYNC_CALL_PENDING)
		return status;
	status = two_other_late_answer(late, BECKET_S_OK, text, TWO__MOOD__LOUD,
	    twice, number + 1, "");
	return status == BECKET_S_OK ? BECKET_S_ASYNC_CALL_PENDING : status;
}

static becket_status
nothing(struct becket_call *call, const Google__Protobuf__Empty *request,
    Google__Protobuf__Empty *response)
{
	(void)call;
	(void)request;
	(void)response;
	return BECKET_S_OK;
}

static atomic_int told;
static sem_t is_told;

static becket_status
tell(struct becket_call *call, const Two__Maybe *request,
    Google__Protobuf__Empty *response)
{
	(void)call;
	(void)response;
	atomic_store(&told, request->value);
	sem_post(&is_told);
	return BECKET_S_OK;
}

static becket_status
shared_of_two(struct becket_call *call, const Two__Maybe *request,
    Three__Shared *response)
{
	(void)call;
	response->from = request->value + 2;
	return BECKET_S_OK;
}

static becket_status
first(struct becket_call *call, const Three__Shared *request,
    Three__Shared *response)
{
	(void)call;
	response->from = request->from + 1;
	return BECKET_S_OK;
}

static becket_status
second(struct becket_call *call, const Three__Shared *request,
    Three__Shared *response)
{
	(void)call;
	response->from = request->from + 2;
	return BECKET_S_OK;
}

static void
register_all(struct becket_server *server)
{
	static const struct calc_calculator_epv calculator = {
		.divide = divide,
		.sum = sum,
	};
	static const struct two_echo_epv two_echo = {
		.echo = echo,
		.same = same,
		.shared = shared_of_two,
	};
	static const struct two_other_epv other = {
		.nothing = nothing,
		.shared = shared_of_two,
		.late = defer,
		.tell = tell,
	};
	static const struct three_echo_epv one = { .shared = first };
	static const struct three_echo2_epv two = { .shared = second };

	assert_int_equal(calc_calculator_register(server, NULL, &calculator, 0),
	    BECKET_S_OK);
	assert_int_equal(two_echo_register(server, NULL, &two_echo, 0),
	    BECKET_S_OK);
	assert_int_equal(two_other_register_ex(server, NULL, &other, NULL),
	    BECKET_S_OK);
	assert_int_equal(three_echo_register(server, NULL, &one, 0),
	    BECKET_S_OK);
	assert_int_equal(three_echo2_register(server, NULL, &two, 0),
	    BECKET_S_OK);
}

static int
begin(void **state)
{
	static struct world world;

	assert_int_equal(becket_runtime_new(NULL, &world.runtime), BECKET_S_OK);
	assert_int_equal(becket_server_new(world.runtime, NULL, &world.server),
	    BECKET_S_OK);
	register_all(world.server);
	assert_int_equal(becket_server_use_protseq(world.server, "ncacn_ip_tcp",
	                     "127.0.0.1"),
	    BECKET_S_OK);
	assert_int_equal(becket_server_listen(world.server,
	                     BECKET_LISTEN_DONT_WAIT),
	    BECKET_S_OK);
	assert_int_equal(becket_server_inq_bindings(world.server,
	                     &world.bindings),
	    BECKET_S_OK);
	world.binding = world.bindings->bindings[0];
	*state = &world;
	return 0;
}

static int
end(void **state)
{
	struct world *world = *state;

	becket_binding_vector_free(&world->bindings);
	assert_int_equal(becket_server_stop(world->server), BECKET_S_OK);
	assert_int_equal(becket_server_wait(world->server), BECKET_S_OK);
	becket_server_free(world->server);
	becket_runtime_free(world->runtime);
	return 0;
}

static void
parameters_cross_and_come_back(void **state)
{
	const struct world *world = *state;
	int64_t quotient = 0, remainder = 0;

	assert_int_equal(calc_calculator_divide(world->binding, 7, 2, &quotient,
	                     &remainder),
	    BECKET_S_OK);
	assert_int_equal(quotient, 3);
	assert_int_equal(remainder, 1);
}

static void
results_are_left_alone_when_a_routine_fails(void **state)
{
	const struct world *world = *state;
	int64_t quotient = 42, remainder = 43;

	assert_int_equal(calc_calculator_divide(world->binding, 7, 0, &quotient,
	                     &remainder),
	    BECKET_S_ZERO_DIVIDE);
	assert_int_equal(quotient, 42);
	assert_int_equal(remainder, 43);
	assert_string_equal(becket_error_last()->detail,
	    "7 is not divisible by zero");
}

static void
messages_cross_and_come_back(void **state)
{
	const struct world *world = *state;
	int64_t terms[] = { 1, 2, 39 };
	Calc__SumRequest request = CALC__SUM_REQUEST__INIT;
	Calc__SumResponse *response;

	request.n_terms = 3;
	request.terms = terms;
	assert_int_equal(calc_calculator_sum(world->binding, &request,
	                     &response),
	    BECKET_S_OK);
	assert_int_equal(response->sum, 42);
	calc_sum_response_free(response);
	calc_sum_response_free(NULL);
}

static void
a_routine_left_null_is_not_implemented(void **state)
{
	const struct world *world = *state;
	Calc__AddRequest request = CALC__ADD_REQUEST__INIT;
	Calc__AddResponse *response = NULL;

	assert_int_equal(calc_calculator_add(world->binding, &request,
	                     &response),
	    BECKET_S_NOT_IMPLEMENTED);
	assert_null(response);
}

static void
strings_bools_and_enums_are_parameters(void **state)
{
	const struct world *world = *state;
	char *text = NULL, *again = NULL;
	Two__Mood mood = TWO__MOOD__CALM;
	bool twice = false;
	int32_t number = 0;

	assert_int_equal(two_echo_echo(world->binding, "Größe", TWO__MOOD__LOUD,
	                     true, -5, &text, &mood, &twice, &number, &again),
	    BECKET_S_OK);
	assert_string_equal(text, "Größe");
	assert_string_equal(again, "again");
	assert_int_equal(mood, TWO__MOOD__LOUD);
	assert_true(twice);
	assert_int_equal(number, -5);
	becket_string_free(world->runtime, &text);
	becket_string_free(world->runtime, &again);
}

static void
null_strings_are_empty(void **state)
{
	const struct world *world = *state;
	char *text = NULL, *again = NULL;
	Two__Mood mood = TWO__MOOD__LOUD;
	bool twice = true;
	int32_t number = 1;

	assert_int_equal(two_echo_echo(world->binding, NULL, TWO__MOOD__CALM,
	                     false, 0, &text, &mood, &twice, &number, &again),
	    BECKET_S_OK);
	assert_string_equal(text, "");
	assert_string_equal(again, "");
	assert_int_equal(mood, TWO__MOOD__CALM);
	assert_false(twice);
	assert_int_equal(number, 0);
	becket_string_free(world->runtime, &text);
	becket_string_free(world->runtime, &again);
}

static void
a_deferred_call_is_answered_with_values(void **state)
{
	const struct world *world = *state;
	char *text = NULL, *again = NULL;
	Two__Mood mood = TWO__MOOD__CALM;
	bool twice = false;
	int32_t number = 0;

	assert_int_equal(two_other_late(world->binding, "late", TWO__MOOD__CALM,
	                     true, 4, &text, &mood, &twice, &number, &again),
	    BECKET_S_OK);
	assert_string_equal(text, "late");
	assert_int_equal(mood, TWO__MOOD__LOUD);
	assert_true(twice);
	assert_int_equal(number, 5);
	becket_string_free(world->runtime, &text);
	becket_string_free(world->runtime, &again);
}

static void
an_optional_field_is_absent_or_zero(void **state)
{
	const struct world *world = *state;
	Two__Maybe request = TWO__MAYBE__INIT, *response;

	assert_int_equal(two_echo_same(world->binding, &request, &response),
	    BECKET_S_OK);
	assert_int_equal(response->_value_case, TWO__MAYBE___VALUE__NOT_SET);
	two_maybe_free(response);
	request._value_case = TWO__MAYBE___VALUE_VALUE;
	request.value = 0;
	assert_int_equal(two_echo_same(world->binding, &request, &response),
	    BECKET_S_OK);
	assert_int_equal(response->_value_case, TWO__MAYBE___VALUE_VALUE);
	assert_int_equal(response->value, 0);
	two_maybe_free(response);
}

static void
an_imported_message_is_a_reply_of_two_interfaces(void **state)
{
	const struct world *world = *state;
	Two__Maybe request = TWO__MAYBE__INIT;
	Three__Shared *response;

	request._value_case = TWO__MAYBE___VALUE_VALUE;
	request.value = 40;
	assert_int_equal(two_echo_shared(world->binding, &request, &response),
	    BECKET_S_OK);
	assert_int_equal(response->from, 42);
	three_shared_free(response);
	assert_int_equal(two_other_shared(world->binding, &request, &response),
	    BECKET_S_OK);
	assert_int_equal(response->from, 42);
	three_shared_free(response);
}

static void
an_empty_message_is_a_message(void **state)
{
	const struct world *world = *state;
	Google__Protobuf__Empty request = GOOGLE__PROTOBUF__EMPTY__INIT;
	Google__Protobuf__Empty *response;

	assert_int_equal(two_other_nothing(world->binding, &request, &response),
	    BECKET_S_OK);
	google_protobuf_empty_free(response);
}

static void
who_is_told_answers_nothing(void **state)
{
	const struct world *world = *state;
	Two__Maybe request = TWO__MAYBE__INIT;
	Google__Protobuf__Empty *response;

	assert_int_equal(two_other_v1_interface.operations[3].flags,
	    BECKET_OPERATION_MAYBE);
	assert_int_equal(sem_init(&is_told, 0, 0), 0);
	request._value_case = TWO__MAYBE___VALUE_VALUE;
	request.value = 7;
	assert_int_equal(two_other_tell(world->binding, &request, &response),
	    BECKET_S_OK);
	google_protobuf_empty_free(response);
	assert_int_equal(sem_wait(&is_told), 0);
	assert_int_equal(atomic_load(&told), 7);
	sem_destroy(&is_told);
}

static void
major_versions_live_side_by_side(void **state)
{
	const struct world *world = *state;
	Three__Shared request = THREE__SHARED__INIT, *response;

	assert_int_equal(three_echo_shared(world->binding, &request, &response),
	    BECKET_S_OK);
	assert_int_equal(response->from, 1);
	three_shared_free(response);
	assert_int_equal(three_echo2_shared(world->binding, &request,
	                     &response),
	    BECKET_S_OK);
	assert_int_equal(response->from, 2);
	three_shared_free(response);
	assert_true(becket_uuid_equal(&three_echo_v1_interface.uuid,
	    &three_echo2_v2_interface.uuid));
	assert_int_equal(three_echo_v1_interface.minor, 4);
}

static void
holes_are_in_the_table_and_have_no_name(void **state)
{
	(void)state;
	assert_int_equal(two_echo_v1_interface.operation_count, 5);
	assert_string_equal(two_echo_v1_interface.operations[4].name, "Echo");
	assert_null(two_echo_v1_interface.operations[3].name);
	assert_null(two_echo_v1_interface.operations[0].name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_cross_and_come_back),
		cmocka_unit_test(results_are_left_alone_when_a_routine_fails),
		cmocka_unit_test(messages_cross_and_come_back),
		cmocka_unit_test(a_routine_left_null_is_not_implemented),
		cmocka_unit_test(strings_bools_and_enums_are_parameters),
		cmocka_unit_test(null_strings_are_empty),
		cmocka_unit_test(a_deferred_call_is_answered_with_values),
		cmocka_unit_test(an_optional_field_is_absent_or_zero),
		cmocka_unit_test(
		    an_imported_message_is_a_reply_of_two_interfaces),
		cmocka_unit_test(an_empty_message_is_a_message),
		cmocka_unit_test(who_is_told_answers_nothing),
		cmocka_unit_test(major_versions_live_side_by_side),
		cmocka_unit_test(holes_are_in_the_table_and_have_no_name),
	};

	return cmocka_run_group_tests(tests, begin, end);
}

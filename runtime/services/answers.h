/* SPDX-License-Identifier: MIT */
#ifndef SERVICES_ANSWERS_H
#define SERVICES_ANSWERS_H

#include "base/arena.h"
#include "grpc/reflection/v1/reflection.pb-c.h"
#include "services/catalogue.h"

/*
 * What reflection answers to a request; the response is in arena, with views
 * into the request and the catalogue. What there is not is an answer too, with
 * an error in it. S_OUT_OF_MEMORY.
 */
BECKET_MUST_USE becket_status
reflection_answer(const struct catalogue *catalogue,
    Grpc__Reflection__V1__ServerReflectionRequest *request, struct arena *arena,
    Grpc__Reflection__V1__ServerReflectionResponse **ret_response);

#endif

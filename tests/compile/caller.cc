// SPDX-License-Identifier: MIT
//
// A caller and a manager in C++.
#include <cstdio>

#include "outputs/calc.becket.h"
#include "two.becket.h"

namespace {

becket_status divide(becket_call *, int64_t dividend, int64_t divisor,
                     int64_t *ret_quotient, int64_t *ret_remainder) {
  *ret_quotient = dividend / divisor;
  *ret_remainder = dividend % divisor;
  return BECKET_S_OK;
}

bool ask(becket_binding *binding) {
  int64_t quotient = 0, remainder = 0;
  Two__Maybe request = TWO__MAYBE__INIT;
  Two__Maybe *response = nullptr;

  if (calc_calculator_divide(binding, 7, 2, &quotient, &remainder) !=
      BECKET_S_OK)
    return false;
  if (two_echo_same(binding, &request, &response) != BECKET_S_NOT_IMPLEMENTED)
    return false;
  two_maybe_free(response);
  return quotient == 3 && remainder == 1;
}

}  // namespace

int main() {
  becket_runtime *runtime;
  becket_server *server;
  becket_binding_vector *bindings;
  calc_calculator_epv calculator{};
  two_echo_epv echo{};

  calculator.divide = divide;
  if (becket_runtime_new(nullptr, &runtime) != BECKET_S_OK ||
      becket_server_new(runtime, nullptr, &server) != BECKET_S_OK ||
      calc_calculator_register(server, nullptr, &calculator, 0) !=
          BECKET_S_OK ||
      two_echo_register(server, nullptr, &echo, 0) != BECKET_S_OK ||
      becket_server_use_protseq(server, "ncacn_ip_tcp", "127.0.0.1") !=
          BECKET_S_OK ||
      becket_server_listen(server, BECKET_LISTEN_DONT_WAIT) != BECKET_S_OK ||
      becket_server_inq_bindings(server, &bindings) != BECKET_S_OK)
    return 1;
  bool done = ask(bindings->bindings[0]);
  becket_binding_vector_free(&bindings);
  if (becket_server_stop(server) != BECKET_S_OK ||
      becket_server_wait(server) != BECKET_S_OK)
    return 1;
  becket_server_free(server);
  becket_runtime_free(runtime);
  std::puts(done ? "ok a caller and a manager in C++"
                 : "not ok a caller and a manager in C++");
  return done ? 0 : 1;
}

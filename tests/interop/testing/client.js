// SPDX-License-Identifier: MIT
// The interop cases of gRPC by grpc-js, against a grpc.testing.TestService.
// client.js ADDRESS PEER [CASE...]: "ok grpc-js -> PEER CASE", a line each.
"use strict";
const assert = require("assert");
const s = require("./service.js");
const { grpc } = s;
const { status } = grpc;

const [address, peer, ...wanted] = process.argv.slice(2);
const SPECIAL =
  "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";

function connect(options) {
  return new s.testing.TestService(address,
    grpc.credentials.createInsecure(), options);
}
const client = connect({});
const packing = connect(s.GZIP);
const other = new s.testing.UnimplementedService(address,
  grpc.credentials.createInsecure());

const soon = () => ({ deadline: Date.now() + 20000 });
const ask = (sizes, size, more) => ({
  response_parameters: sizes.map((n) => ({ size: n })),
  ...(size === undefined ? {} : { payload: s.zeros(size) }),
  ...more,
});

function unary(name, request, metadata, from) {
  return new Promise((resolve, reject) => {
    const seen = {};
    const call = (from || client)[name](request, metadata
      || new grpc.Metadata(), soon(), (error, response) => {
      if (error) reject(error);
      else resolve({ response, seen });
    });
    call.on("metadata", (m) => (seen.initial = m));
    call.on("status", (st) => (seen.trailing = st.metadata));
  });
}

// All that a stream says, and how it ends.
function drain(call) {
  return new Promise((resolve, reject) => {
    const seen = { messages: [] };
    call.on("metadata", (m) => (seen.initial = m));
    call.on("data", (m) => seen.messages.push(m.payload.body.length));
    call.on("error", reject);
    call.on("status", (st) => {
      seen.trailing = st.metadata;
      if (st.code === status.OK) setImmediate(() => resolve(seen));
    });
  });
}

async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it was not refused");
}

// With flags for each message, which write() of older versions of Node does not
// let through.
function upload(from, messages) {
  return new Promise((resolve, reject) => {
    const call = from.StreamingInputCall(new grpc.Metadata(), soon(),
      (error, response) => (error ? reject(error) : resolve(response)));
    const next = (at) => {
      if (at === messages.length) call.end();
      else call._write(...messages[at], () => next(at + 1));
    };
    next(0);
  });
}

const expecting = (value) => ({
  expect_compressed: { value },
  response_size: 314159,
  payload: s.zeros(271828),
});

function checkEcho(seen) {
  assert.deepStrictEqual(seen.initial.get(s.ECHO_INITIAL),
    ["test_initial_metadata_value"]);
  assert.deepStrictEqual(seen.trailing.get(s.ECHO_TRAILING),
    [Buffer.from([0xab, 0xab, 0xab])]);
}

const cases = {
  async empty_unary() {
    await unary("EmptyCall", {});
  },
  async large_unary() {
    const { response } = await unary("UnaryCall",
      { response_size: 314159, payload: s.zeros(271828) });
    assert.strictEqual(response.payload.body.length, 314159);
  },
  async client_compressed_unary() {
    const error = await refusal(unary("UnaryCall", expecting(true)));
    assert.strictEqual(error.code, status.INVALID_ARGUMENT);
    await unary("UnaryCall", expecting(true), undefined, packing);
    await unary("UnaryCall", expecting(false));
  },
  async server_compressed_unary() {
    for (const value of [true, false]) {
      const { response } = await unary("UnaryCall",
        { response_compressed: { value }, response_size: 314159,
          payload: s.zeros(271828) });
      assert.strictEqual(response.payload.body.length, 314159);
    }
  },
  async client_streaming() {
    const response = await upload(client, [27182, 8, 1828, 45904].map(
      (size) => [{ payload: s.zeros(size) }, 0]));
    assert.strictEqual(response.aggregated_payload_size, 74922);
  },
  async client_compressed_streaming() {
    const packed = { payload: s.zeros(27182),
      expect_compressed: { value: true } };
    const plain = { payload: s.zeros(45904),
      expect_compressed: { value: false } };
    const error = await refusal(upload(client, [[packed, 0], [plain, 0]]));
    assert.strictEqual(error.code, status.INVALID_ARGUMENT);
    const response = await upload(packing,
      [[packed, 0], [plain, s.NO_COMPRESS]]);
    assert.strictEqual(response.aggregated_payload_size, 73086);
  },
  async server_streaming() {
    const sizes = [31415, 9, 2653, 58979];
    const seen = await drain(client.StreamingOutputCall(ask(sizes), soon()));
    assert.deepStrictEqual(seen.messages, sizes);
  },
  async server_compressed_streaming() {
    const seen = await drain(client.StreamingOutputCall({
      response_parameters: [{ size: 31415, compressed: { value: true } },
        { size: 92653, compressed: { value: false } }] }, soon()));
    assert.deepStrictEqual(seen.messages, [31415, 92653]);
  },
  async ping_pong() {
    const turns = [[31415, 27182], [9, 8], [2653, 1828], [58979, 45904]];
    const call = client.FullDuplexCall(new grpc.Metadata(), soon());
    const got = [];
    const next = () => {
      if (got.length === turns.length) call.end();
      else call.write(ask([turns[got.length][0]], turns[got.length][1]));
    };
    call.on("data", (m) => {
      got.push(m.payload.body.length);
      next();
    });
    next();
    await drain(call);
    assert.deepStrictEqual(got, turns.map((turn) => turn[0]));
  },
  async half_duplex() {
    const call = client.HalfDuplexCall(new grpc.Metadata(), soon());
    const seen = drain(call);
    for (const size of [1, 20, 300]) call.write(ask([size, size], 0));
    call.end();
    assert.deepStrictEqual((await seen).messages,
      [1, 1, 20, 20, 300, 300]);
  },
  async empty_stream() {
    const call = client.FullDuplexCall(new grpc.Metadata(), soon());
    const seen = drain(call);
    call.end();
    assert.deepStrictEqual((await seen).messages, []);
  },
  async custom_metadata() {
    const metadata = new grpc.Metadata();
    metadata.set(s.ECHO_INITIAL, "test_initial_metadata_value");
    metadata.set(s.ECHO_TRAILING, Buffer.from([0xab, 0xab, 0xab]));
    const { seen } = await unary("UnaryCall",
      { response_size: 314159, payload: s.zeros(271828) }, metadata);
    checkEcho(seen);
    const call = client.FullDuplexCall(metadata, soon());
    const all = drain(call);
    call.write(ask([314159], 271828));
    call.end();
    checkEcho(await all);
  },
  async status_code_and_message() {
    const response_status = { code: 2, message: "test status message" };
    const call = client.FullDuplexCall(new grpc.Metadata(), soon());
    const failed = refusal(drain(call));
    call.write(ask([], undefined, { response_status }));
    call.end();
    for (const error of [await failed,
      await refusal(unary("UnaryCall", { response_status }))]) {
      assert.strictEqual(error.code, status.UNKNOWN);
      assert.strictEqual(error.details, "test status message");
    }
  },
  async special_status_message() {
    const error = await refusal(unary("UnaryCall",
      { response_status: { code: 2, message: SPECIAL } }));
    assert.strictEqual(error.code, status.UNKNOWN);
    assert.strictEqual(error.details, SPECIAL);
  },
  async unimplemented_method() {
    const error = await refusal(unary("UnimplementedCall", {}));
    assert.strictEqual(error.code, status.UNIMPLEMENTED);
  },
  async unimplemented_service() {
    const error = await refusal(unary("UnimplementedCall", {}, undefined,
      other));
    assert.strictEqual(error.code, status.UNIMPLEMENTED);
  },
  async cancel_after_begin() {
    const error = await refusal(new Promise((resolve, reject) => {
      client.StreamingInputCall(new grpc.Metadata(), soon(),
        (e, response) => (e ? reject(e) : resolve(response))).cancel();
    }));
    assert.strictEqual(error.code, status.CANCELLED);
  },
  async cancel_after_first_response() {
    const call = client.FullDuplexCall(new grpc.Metadata(), soon());
    call.on("data", () => call.cancel());
    const all = drain(call);
    call.write(ask([31415], 27182));
    assert.strictEqual((await refusal(all)).code, status.CANCELLED);
  },
  async timeout_on_sleeping_server() {
    const call = client.FullDuplexCall(new grpc.Metadata(),
      { deadline: Date.now() + 1 });
    const all = drain(call);
    call.write({ payload: s.zeros(27182),
      response_parameters: [{ size: 31415, interval_us: 100000 }] });
    assert.strictEqual((await refusal(all)).code, status.DEADLINE_EXCEEDED);
  },
};

async function main() {
  for (const [name, test] of Object.entries(cases)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      await test();
      console.log(`ok grpc-js -> ${peer} ${name}`);
    } catch (error) {
      console.error(error);
      console.log(`not ok grpc-js -> ${peer} ${name}`);
      process.exitCode = 1;
    }
  }
  for (const c of [client, packing, other]) c.close();
}
main();
